from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "anwang.overview.desk"
    label = "desk"

    def ready(self) -> None:
        from anwang.ground.base import nav

        nav.register(nav.Item("desk", _("Desk"), "desk:desk", "layout-dashboard", order=0, phone=True, group="day"))
