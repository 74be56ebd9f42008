from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    name = "anwang.ground.notices"
    label = "notices"

    def ready(self) -> None:
        from anwang.ground.audit import labels as audit_labels
        from anwang.ground.base import nav
        from anwang.ground.jobs import labels as job_labels
        from anwang.ground.notices import labels

        labels.register_own()
        audit_labels.register(
            {"notices.channel_saved": _("Channel for notices saved")}, kinds={"channel": _("Channel for notices")}
        )
        job_labels.register({"notices.deliver": _("Send a notice"), "notices.prune": _("Clear away old notices")})
        nav.provide_inbox_count(_unread)
        nav.register(nav.Item("notices", _("Messages"), "notices:inbox", "inbox", order=5, group="me", phone=True))
        nav.register(
            nav.Item(
                "notices:channels",
                _("Channels for notices"),
                "notices:channels",
                "send",
                order=89,
                permission="system.manage",
                group="records",
            )
        )


def _unread(request: HttpRequest) -> int:
    from anwang.ground.notices import selectors

    user = getattr(request, "user", None)
    return selectors.unread(user) if user is not None and user.is_authenticated else 0
