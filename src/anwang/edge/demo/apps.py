from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "anwang.edge.demo"
    label = "demo"

    def ready(self) -> None:
        from anwang.edge.demo import labels
        from anwang.ground.jobs import labels as jobs

        jobs.register(labels.JOBS)
