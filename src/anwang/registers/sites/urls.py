"""Addresses of places."""

from django.urls import path

from anwang.registers.sites import web

PREFIX = "sites/"
app_name = "sites"

urlpatterns = [
    path("", web.ledger, name="ledger"),
    path("export/", web.export, name="export"),
    path("counts/", web.counts, name="counts"),
    path("map/", web.on_map, name="map"),
    path("near/", web.near, name="near"),
    path("new/", web.new, name="new"),
    path("office/", web.office, name="office"),
    path("office/<slug:code>/class/<slug:key>/", web.frequency, name="frequency"),
    path("office/<slug:code>/limit/<slug:kind_key>/<slug:field>/", web.limit, name="limit"),
    path("<str:pk>/", web.site, name="site"),
    path("<str:pk>/card/", web.card, name="card"),
    path("<str:pk>/qr.svg", web.qr, name="qr"),
    path("<str:pk>/change/", web.change, name="change"),
    path("<str:pk>/position/", web.position, name="position"),
    path("<str:pk>/move/", web.move, name="move"),
    path("<str:pk>/merge/", web.merge, name="merge"),
    path("<str:pk>/phone/<slug:whose>/", web.phone, name="phone"),
    path("<str:pk>/<slug:action>/", web.act, name="act"),
]
