from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "anwang.ground.audit"
    label = "audit"

    def ready(self) -> None:
        from anwang.ground.audit import labels, services
        from anwang.ground.base import nav
        from anwang.ground.jobs import labels as job_labels
        from anwang.ground.jobs import services as jobs

        labels.register_own()
        job_labels.register({"audit.seal": _("Seal the record"), "audit.prove": _("Check the record")})
        jobs.tell(services.record)
        nav.register(
            nav.Item(
                "audit",
                _("Audit trail"),
                "audit:trail",
                "shield-check",
                order=80,
                permission="audit.read",
                group="records",
            )
        )
