from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "anwang.edge.public"
    label = "public"

    def ready(self) -> None:
        from anwang.edge.public import labels
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS)
