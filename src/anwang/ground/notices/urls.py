from django.urls import path

from anwang.ground.notices import web

PREFIX = "notices/"
app_name = "notices"

urlpatterns = [
    path("", web.inbox, name="inbox"),
    path("read/", web.read_all, name="read_all"),
    path("ways/", web.ways, name="ways"),
    path("channels/", web.channels, name="channels"),
    path("channels/add/", web.add_channel, name="add_channel"),
    path("channels/<str:channel_id>/", web.channel, name="channel"),
    path("channels/<str:channel_id>/try/", web.try_channel, name="try_channel"),
    path("outbox/", web.outbox, name="outbox"),
    path("<str:notice_id>/", web.open_notice, name="open"),
]
