"""Addresses of organisations, posts and chains."""

from django.urls import path

from anwang.registers.organisations import web

PREFIX = "organisations/"
app_name = "organisations"

urlpatterns = [
    path("", web.answers, name="answers"),
    path("gaps/", web.gaps, name="gaps"),
    path("list/", web.ledger, name="ledger"),
    path("list/export/", web.export, name="export"),
    path("tree/", web.tree, name="tree"),
    path("new/", web.new, name="new"),
    path("options/", web.organisation_options, name="options"),
    path("answers/new/", web.assign, name="assign"),
    path("answers/<str:pk>/end/", web.end, name="end"),
    path("answers/<str:pk>/hand-over/", web.hand_over, name="hand-over"),
    path("posts/<str:pk>/change/", web.post_change, name="post-change"),
    path("posts/<str:pk>/retire/", web.post_retire, name="post-retire"),
    path("posts/<str:pk>/appoint/", web.appoint, name="appoint"),
    path("holdings/<str:pk>/relieve/", web.relieve, name="relieve"),
    path("holdings/<str:pk>/phone/", web.holding_phone, name="holding-phone"),
    path("<str:pk>/", web.organisation, name="organisation"),
    path("<str:pk>/change/", web.change, name="change"),
    path("<str:pk>/close/", web.close, name="close"),
    path("<str:pk>/reopen/", web.reopen, name="reopen"),
    path("<str:pk>/merge/", web.merge, name="merge"),
    path("<str:pk>/phone/", web.phone, name="phone"),
    path("<str:pk>/posts/new/", web.post_new, name="post-new"),
]
