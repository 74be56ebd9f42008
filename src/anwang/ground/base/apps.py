from django.apps import AppConfig


class BaseConfig(AppConfig):
    name = "anwang.ground.base"
    label = "base"

    def ready(self) -> None:
        from anwang.ground.base import errors, labels

        errors.register(labels.REFUSALS)
