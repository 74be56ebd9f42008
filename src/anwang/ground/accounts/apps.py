from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "anwang.ground.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from anwang.ground.accounts import labels, menu, scope, trail
        from anwang.ground.audit import labels as audit
        from anwang.ground.base import errors, rights

        errors.register(labels.REFUSALS)
        audit.register(labels.EVENTS, kinds=labels.KINDS)
        rights.provide(can=scope.can_word, within=scope.within_word)
        menu.register()
        trail.connect()
