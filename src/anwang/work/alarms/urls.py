"""Addresses of alarms."""

from django.urls import path

from anwang.work.alarms.web import acts, board, levels, steps, thing

PREFIX = "alarms/"
app_name = "alarms"

urlpatterns = [
    path("", board.board, name="board"),
    path("rows/", board.rows, name="rows"),
    path("all/", board.ledger, name="ledger"),
    path("levels/", levels.listing, name="levels"),
    path("levels/set/", levels.edit, name="level_set"),
    path("steps/", steps.listing, name="steps"),
    path("steps/limit/", steps.limit, name="limit_set"),
    path("steps/road/", steps.road, name="road_set"),
    path("<str:alarm_id>/", thing.page, name="alarm"),
    path("<str:alarm_id>/live/", thing.live, name="live"),
    path("<str:alarm_id>/<slug:action>/", acts.act, name="act"),
]
