"""Addresses of the standards."""

from django.urls import path

from anwang.registers.standards import web

PREFIX = "standards/"
app_name = "standards"

urlpatterns = [
    path("", web.listing, name="list"),
    path("export.xlsx", web.export, name="export"),
    path("libraries/", web.libraries, name="libraries"),
    path("add/", web.add, name="add"),
    path("<str:row_id>/", web.row, name="row"),
    path("<str:row_id>/revise/", web.revise, name="revise"),
    path("<str:row_id>/withdraw/", web.withdraw, name="withdraw"),
    path("<str:row_id>/import/", web.import_items, name="import"),
    path("<str:row_id>/items.xlsx", web.items, name="items"),
]
