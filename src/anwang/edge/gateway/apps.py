from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "anwang.edge.gateway"
    label = "gateway"

    def ready(self) -> None:
        from anwang.edge.gateway import labels, selectors
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors
        from anwang.ground.jobs import labels as jobs
        from anwang.ground.notices import labels as notices
        from anwang.work.telemetry import ports

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.THINGS)
        jobs.register(labels.JOBS)
        notices.register(labels.NOTICES, urgent=labels.URGENT)
        ports.provide_ways(selectors.Ways())
