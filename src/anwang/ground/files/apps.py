from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "anwang.ground.files"
    label = "files"

    def ready(self) -> None:
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors
        from anwang.ground.files import labels
        from anwang.ground.jobs import labels as jobs

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.THINGS)
        jobs.register(labels.JOBS)
