"""Addresses of the figures."""

from django.urls import path

from anwang.overview.figures import web

PREFIX = "figures/"
app_name = "figures"

urlpatterns = [
    path("", web.index, name="index"),
    path("monthly/", web.monthly, name="monthly"),
    path("monthly/issue/", web.issue, name="issue"),
    path("monthly/table/", web.table, name="table"),
    path("export/<slug:key>/", web.export, name="export"),
    path("<slug:tab>/", web.tab, name="tab"),
]
