"""Addresses of alarms."""

from django.urls import path

from anwang.work.alarms.web import acts, board, levels, thing

PREFIX = "alarms/"
app_name = "alarms"

urlpatterns = [
    path("", board.board, name="board"),
    path("rows/", board.rows, name="rows"),
    path("all/", board.ledger, name="ledger"),
    path("levels/", levels.listing, name="levels"),
    path("levels/set/", levels.edit, name="level_set"),
    path("<str:alarm_id>/", thing.page, name="alarm"),
    path("<str:alarm_id>/live/", thing.live, name="live"),
    path("<str:alarm_id>/<slug:action>/", acts.act, name="act"),
]
