from django.urls import path

from anwang.edge.public import web

app_name = "public"
PREFIX = ""

urlpatterns = [
    path("p/h/<str:said>/", web.hazard, name="hazard"),
    path("p/h/<str:said>/<slug:action>", web.act, name="act"),
    path("p/h/<str:said>/photo/<str:file_id>/<int:size>", web.photo, name="photo"),
    path("links/hazard/<str:hazard_id>/", web.make_link, name="make_link"),
    path("links/<str:link_id>/qr.svg", web.qr, name="qr"),
    path("links/<str:link_id>/revoke", web.revoke, name="revoke"),
    path("links/<str:link_id>/notice", web.notice, name="notice"),
]
