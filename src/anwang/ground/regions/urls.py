from django.urls import path

from anwang.ground.regions import web

PREFIX = "regions/"
app_name = "regions"

urlpatterns = [
    path("", web.tree, name="tree"),
    path("pick", web.pick, name="pick"),
    path("<slug:code>/", web.region, name="region"),
    path("<slug:code>/outlines.json", web.outlines, name="outlines"),
    path("<slug:code>/make", web.make, name="make"),
    path("<slug:code>/merge", web.merge, name="merge"),
    path("<slug:code>/redraw", web.redraw, name="redraw"),
    path("<slug:code>/rename", web.rename, name="rename"),
    path("<slug:code>/split", web.split, name="split"),
]
