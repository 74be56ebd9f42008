from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FiguresConfig(AppConfig):
    name = "anwang.overview.figures"
    label = "figures"

    def ready(self) -> None:
        from anwang.ground.base import errors, nav
        from anwang.ground.files import papers
        from anwang.overview.figures import labels
        from anwang.overview.figures.papers import KINDS

        errors.register(labels.REFUSALS)
        papers.register(*KINDS)
        nav.register(
            nav.Item(
                "figures",
                _("Figures and reports"),
                "figures:index",
                "chart-bar",
                order=70,
                permission="figures.read",
                group="records",
            )
        )
