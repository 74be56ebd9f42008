from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "anwang.edge.gateway"
    label = "gateway"

    def ready(self) -> None:
        from anwang.edge.gateway import labels
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.THINGS)
