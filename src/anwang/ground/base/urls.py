"""Addresses of the ground floor's own pages."""

from django.urls import path
from django.views.i18n import set_language

from anwang.ground.base import web

PREFIX = ""
app_name = "base"

urlpatterns = [
    path("gallery/", web.gallery, name="gallery"),
    path("live/topics", web.live_topics, name="live_topics"),
    path("language/", set_language, name="language"),
]
