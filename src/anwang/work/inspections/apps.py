from django.apps import AppConfig


class InspectionsConfig(AppConfig):
    name = "anwang.work.inspections"
    label = "inspections"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, nav
        from anwang.ground.files import papers as office
        from anwang.ground.jobs import labels as jobs
        from anwang.ground.notices import labels as notices
        from anwang.registers.sites import services as sites
        from anwang.work.inspections import labels, papers
        from anwang.work.inspections.services import registers

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.THINGS)
        jobs.register(labels.JOBS)
        notices.register(labels.NOTICES)
        office.register(*papers.KINDS)
        sites.on_merge(registers.move_to_site)
        nav.register(
            nav.Item(
                "inspections",
                _("Inspections"),
                "inspections:list",
                "clipboard-check",
                order=20,
                permission="inspection.read",
                phone=True,
            )
        )
