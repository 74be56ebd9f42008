from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "anwang.ground.jobs"
    label = "jobs"

    def ready(self) -> None:
        from anwang.ground.base import nav
        from anwang.ground.jobs import labels

        labels.register_refusals()
        nav.register(
            nav.Item(
                "jobs",
                _("Machinery"),
                "jobs:list",
                "settings",
                order=90,
                permission="system.manage",
                group="records",
                whole=True,
            )
        )
