"""Addresses of the checklists."""

from django.urls import path

from anwang.work.checklists import web

PREFIX = "checklists/"
app_name = "checklists"

urlpatterns = [
    path("", web.listing, name="list"),
    path("new/", web.new, name="new"),
    path("<str:version_id>/", web.version, name="version"),
    path("<str:version_id>/try/", web.try_out, name="try"),
    path("<str:version_id>/items.xlsx", web.export, name="export"),
    path("<str:version_id>/draft/", web.draft, name="draft"),
    path("<str:version_id>/head/", web.head, name="head"),
    path("<str:version_id>/import/", web.import_items, name="import"),
    path("<str:version_id>/sections/", web.section, name="section_new"),
    path("<str:version_id>/sections/<str:code>/", web.section, name="section"),
    path("<str:version_id>/sections/<str:code>/remove/", web.section_remove, name="section_remove"),
    path("<str:version_id>/items/", web.item, name="item_new"),
    path("<str:version_id>/items/<str:code>/", web.item, name="item"),
    path("<str:version_id>/items/<str:code>/remove/", web.item_remove, name="item_remove"),
    path("<str:version_id>/items/<str:code>/move/", web.item_move, name="item_move"),
    path("<str:version_id>/publish/", web.publish, name="publish"),
    path("<str:version_id>/discard/", web.discard, name="discard"),
    path("<str:version_id>/retire/", web.retire, name="retire"),
    path("<str:version_id>/reinstate/", web.reinstate, name="reinstate"),
]
