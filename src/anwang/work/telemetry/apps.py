from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "anwang.work.telemetry"
    label = "telemetry"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, live, nav
        from anwang.ground.jobs import labels as jobs
        from anwang.registers.sites import services as sites
        from anwang.work.telemetry import labels, selectors
        from anwang.work.telemetry.services import mines

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.THINGS)
        jobs.register(labels.JOBS)
        sites.on_merge(mines.move_to_site)
        live.source("gas", changes=selectors.live_changes, topics=selectors.live_topics)
        nav.register(
            nav.Item(
                "telemetry",
                _("Gas watch"),
                "telemetry:mines",
                "activity",
                order=50,
                permission="gas.read",
                group="watch",
            )
        )
