from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StandardsConfig(AppConfig):
    name = "anwang.registers.standards"
    label = "standards"

    def ready(self) -> None:
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, nav
        from anwang.registers.standards.labels import EVENTS, REFUSALS

        errors.register(REFUSALS)
        audit.register(EVENTS, kinds={"standard": _("Standard"), "standard_library": _("Library of standards")})
        nav.register(
            nav.Item(
                "standards",
                _("Standards"),
                "standards:list",
                "book",
                order=60,
                permission="standard.read",
                group="govern",
            )
        )
