from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitesConfig(AppConfig):
    name = "anwang.registers.sites"
    label = "sites"

    def ready(self) -> None:
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, nav
        from anwang.registers.organisations import selectors as organisations
        from anwang.registers.sites import above
        from anwang.registers.sites.labels import EVENTS, SENTENCES

        errors.register(SENTENCES)
        audit.register(
            EVENTS,
            kinds={
                "site": _("Supervised place"),
                "site_kind": _("Kind of place"),
                "supervision_class": _("Supervision class"),
                "small_place_limit": _("Limit for small places"),
                "site_move": _("Move of a place"),
            },
        )
        organisations.provide_sites(above.SITES)
        nav.register(
            nav.Item(
                "sites",
                _("Supervised places"),
                "sites:ledger",
                "building",
                order=30,
                permission="site.read",
                group="day",
            )
        )
