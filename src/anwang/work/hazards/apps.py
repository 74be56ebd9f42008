from django.apps import AppConfig


class HazardsConfig(AppConfig):
    name = "anwang.work.hazards"
    label = "hazards"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, nav
        from anwang.ground.files import papers
        from anwang.ground.notices import labels as notices
        from anwang.registers.sites import services as sites
        from anwang.work.hazards import labels
        from anwang.work.hazards.papers import KINDS
        from anwang.work.hazards.services import registers

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS)
        notices.register(labels.NOTICES)
        papers.register(*KINDS)
        sites.on_merge(registers.move_to_site)
        nav.register(
            nav.Item(
                "hazards",
                _("Hazards"),
                "hazards:ledger",
                "alert-triangle",
                order=30,
                permission="hazard.read",
                phone=True,
            )
        )
