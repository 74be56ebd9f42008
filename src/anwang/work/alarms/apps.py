from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    name = "anwang.work.alarms"
    label = "alarms"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, live, nav
        from anwang.ground.jobs import labels as jobs
        from anwang.ground.notices import labels as notices
        from anwang.work.alarms import labels, selectors
        from anwang.work.alarms.services import hazards, listening
        from anwang.work.telemetry import ports

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.THINGS)
        jobs.register(labels.JOBS)
        notices.register(labels.NOTICES, urgent=labels.URGENT)
        ports.on_episodes(listening.heard)
        ports.on_finding_taken_up(hazards.of_finding)
        live.source("alarms", changes=selectors.live_changes, topics=selectors.live_topics)
        nav.register(
            nav.Item(
                "alarms",
                _("Alarms"),
                "alarms:board",
                "bell",
                order=10,
                permission="alarm.read",
                group="watch",
            )
        )
        # Who keeps the rules reads no alarms: the board's item is not in that menu.
        nav.register(
            nav.Item(
                "alarms:steps",
                _("Alarm rules"),
                "alarms:steps",
                "adjustments-horizontal",
                order=62,
                permission="alarm.rules",
                group="govern",
            )
        )
