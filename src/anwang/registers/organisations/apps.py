from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganisationsConfig(AppConfig):
    name = "anwang.registers.organisations"
    label = "organisations"

    def ready(self) -> None:
        from anwang.ground.accounts import lookups
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, nav
        from anwang.registers.organisations import selectors
        from anwang.registers.organisations.labels import EVENTS, SENTENCES

        lookups.provide_organisations(names=selectors.names, search=selectors.to_grant_on)
        errors.register(SENTENCES)
        audit.register(
            EVENTS,
            kinds={
                "organisation": _("Organisation"),
                "post": _("Post"),
                "holding": _("Person in a post"),
                "responsibility": _("Responsibility"),
                "responsibility_kind": _("Kind of responsibility"),
            },
        )
        nav.register(
            nav.Item(
                "organisations",
                _("Who is responsible"),
                "organisations:answers",
                "sitemap",
                order=40,
                permission="organisation.read",
                group="govern",
            )
        )
