"""The first screen, and the one search for everything."""

from django.urls import path

from anwang.overview.desk import web

PREFIX = ""
app_name = "desk"

urlpatterns = [
    path("", web.desk, name="desk"),
    path("search", web.search, name="search"),
]
