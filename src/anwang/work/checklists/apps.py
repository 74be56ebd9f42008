from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChecklistsConfig(AppConfig):
    name = "anwang.work.checklists"
    label = "checklists"

    def ready(self) -> None:
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, nav
        from anwang.work.checklists.labels import EVENTS, REFUSALS

        errors.register(REFUSALS)
        audit.register(
            EVENTS,
            kinds={
                "checklist": _("Checklist"),
                "checklist_version": _("Version of a checklist"),
                "filled_checklist": _("Filled checklist"),
                "checklist_item": _("Item of a checklist"),
                "checklist_section": _("Section of a checklist"),
            },
        )
        nav.register(
            nav.Item(
                "checklists",
                _("Checklists"),
                "checklists:list",
                "checklist",
                order=61,
                permission="checklist.read",
                group="govern",
            )
        )
