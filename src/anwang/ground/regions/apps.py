from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegionsConfig(AppConfig):
    name = "anwang.ground.regions"
    label = "regions"
    verbose_name = _("Regions and grids")

    def ready(self) -> None:
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, nav
        from anwang.ground.regions import labels

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.KINDS)
        nav.register(
            nav.Item("regions", _("Regions and grids"), "regions:tree", "sitemap", 60, "region.read", group="records")
        )
