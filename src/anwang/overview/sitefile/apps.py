from django.apps import AppConfig


class SitefileConfig(AppConfig):
    name = "anwang.overview.sitefile"
    label = "sitefile"
