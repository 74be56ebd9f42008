"""One page per place with everything known about it. Under its own address: the register keeps the basic facts."""

from django.urls import path

from anwang.overview.sitefile import web

PREFIX = "sitefile/"
app_name = "sitefile"

urlpatterns = [
    path("<str:pk>/", web.site, name="site"),
]
