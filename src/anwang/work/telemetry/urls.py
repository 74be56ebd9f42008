"""Addresses of the gas watch."""

from django.urls import path

from anwang.work.telemetry.web import episodes, mine, months, point, region, underground

PREFIX = "gas/"
app_name = "telemetry"

urlpatterns = [
    path("", region.mines, name="mines"),
    path("health/", region.health, name="health"),
    path("months/", months.months, name="months"),
    path("months/export/", months.export, name="months_export"),
    path("episodes/", episodes.episodes, name="episodes"),
    path("episodes/export/", episodes.export, name="episodes_export"),
    path("episodes/<str:episode_id>/", episodes.episode, name="episode"),
    path("episodes/<str:episode_id>/data/", episodes.data, name="episode_data"),
    path("findings/<str:finding_id>/", mine.decide, name="finding"),
    path("points/<int:point_id>/", point.point, name="point"),
    path("points/<int:point_id>/data/", point.data, name="point_data"),
    path("points/<int:point_id>/export/", point.export, name="point_export"),
    path("<str:code>/", mine.live, name="mine"),
    path("<str:code>/live/", mine.live_part, name="live"),
    path("<str:code>/underground/", mine.people, name="underground"),
    path("<str:code>/underground/now/", mine.people_part, name="underground_part"),
    path("<str:code>/underground/list/", underground.masked_list, name="people_list"),
    path("<str:code>/underground/named/", underground.named_list, name="people_named"),
    path("<str:code>/underground/<int:person_id>/name/", underground.name, name="person_name"),
    path("<str:code>/episodes/", mine.episode_list, name="mine_episodes"),
    path("<str:code>/episodes/export/", episodes.export, name="mine_episodes_export"),
    path("<str:code>/settings/", mine.settings, name="settings"),
    path("<str:code>/settings/places/", mine.confirm_places, name="confirm_places"),
    path("<str:code>/reports/", mine.reports, name="reports"),
    path("<str:code>/quality/", mine.quality, name="quality"),
    path("<str:code>/bind/", mine.bind, name="bind"),
]
