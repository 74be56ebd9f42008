"""Messages: one's inbox, by which ways one wants them, and the administrator's channels and outbox."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Column, Filter, Ledger
from anwang.ground.notices import forms, labels, selectors, services
from anwang.ground.notices.models import Channel

TONES = {"sending": "doing", "sent": "done", "failed": "late"}


def _by(request: HttpRequest) -> User:
    """Who is signed in; ``login_required`` has let nobody else through."""
    return cast("User", request.user)


@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    by = _by(request)
    unread = selectors.unread(by)
    asked = Ledger(
        request,
        key="notices",
        title=_("Messages"),
        row_template="notices/row.html",
        columns=[Column("what", _("Message"), always=True), Column("at", _("When"), always=True)],
        filters=[Filter("unread", _("Unread only"), kind="flag")],
        new=Act(_("Mark all as read"), reverse("notices:read_all"), method="post", icon="checks") if unread else None,
        empty=_("What concerns you is told here: orders, deadlines, answers."),
    )
    rows = selectors.inbox(by)
    if asked.flag("unread"):
        rows = rows.filter(read_at__isnull=True)
    page = keyset.page(rows, order=("-created_at", "-id"), after=asked.after)
    return render(request, "notices/inbox.html", {"ledger": asked.fill(page), "unread": unread})


@login_required
def open_notice(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Read it, and go where it leads."""
    notice = services.mark_read(notice_id=notice_id, by=_by(request), now=timezone.now())
    if notice.url and url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None):
        return redirect(notice.url)
    return redirect("notices:inbox")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    services.mark_all_read(by=_by(request), now=timezone.now())
    return redirect("notices:inbox")


@login_required
def ways(request: HttpRequest) -> HttpResponse:
    by = _by(request)
    available = selectors.ways()
    turned_off = {means for _user, means in selectors.unwanted([by.pk])}
    form = forms.WaysForm(
        request.POST if request.method == "POST" else None,
        ways=available,
        initial={means: means not in turned_off for means in available},
    )
    if request.method == "POST" and form.is_valid():
        for means in available:
            services.prefer(means=means, wanted=form.cleaned_data[means], by=by)
        messages.success(request, _("Kept. Urgent messages come by every way all the same."))
        return redirect("notices:inbox")
    return render(
        request,
        "notices/ways.html",
        {
            "form": form,
            "available": available,
            "page_title": _("How messages reach me"),
            "submit_label": _("Keep this"),
            "cancel_url": reverse("notices:inbox"),
        },
    )


# --- the system administrator's ---------------------------------------------------------------------------------------


@login_required
def channels(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.SYSTEM_MANAGE)
    asked = Ledger(
        request,
        key="channels",
        title=_("Channels for notices"),
        row_template="notices/channel_row.html",
        columns=[
            Column("name", _("Name"), always=True),
            Column("means", _("Kind")),
            Column("address", _("Address")),
            Column("region", _("Region")),
            Column("keys", _("Carries")),
            Column("active", _("State")),
        ],
        new=Act(_("Add a channel"), reverse("notices:add_channel"), icon="plus", primary=True),
        empty=_("No way out of the house yet: messages stay in the inbox."),
    )
    page = keyset.page(selectors.channels(_by(request)), order=("name", "id"), after=asked.after)
    return render(request, "notices/channels.html", {"ledger": asked.fill(page), "means_words": labels.MEANS})


@login_required
def add_channel(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.SYSTEM_MANAGE)
    return _channel_form(request, forms.ChannelForm(request.POST or None), None)


@login_required
def channel(request: HttpRequest, channel_id: str) -> HttpResponse:
    require(request.user, Permission.SYSTEM_MANAGE)
    found = selectors.channels(_by(request)).get(pk=channel_id)
    return _channel_form(request, forms.ChannelForm.of(found, request.POST or None), found)


def _channel_form(request: HttpRequest, form: forms.ChannelForm, found: Channel | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_channel(
                by=_by(request), now=timezone.now(), channel_id=found.pk if found else "", **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("Kept. Send a trial message to see whether it works."))
            return redirect("notices:channel", saved.pk)
    return render(
        request,
        "notices/channel.html",
        {
            "form": form,
            "page_title": found.name if found else _("Add a channel"),
            "submit_label": _("Keep the channel"),
            "cancel_url": reverse("notices:channels"),
            "trial": Act(
                _("Send a trial message"), reverse("notices:try_channel", args=[found.pk]), method="post", icon="send"
            )
            if found
            else None,
        },
    )


@login_required
@require_POST
def try_channel(request: HttpRequest, channel_id: str) -> HttpResponse:
    services.try_channel(channel_id=channel_id, by=_by(request), now=timezone.now())
    messages.success(request, _("The trial message is on its way. The outbox shows what becomes of it."))
    return redirect("notices:outbox")


@login_required
def outbox(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.SYSTEM_MANAGE)
    asked = Ledger(
        request,
        key="outbox",
        title=_("Outbox"),
        row_template="notices/delivery_row.html",
        columns=[
            Column("at", _("When"), always=True),
            Column("channel", _("Channel")),
            Column("address", _("To")),
            Column("key", _("Notice"), extra=True),
            Column("attempt", _("Attempt"), number=True),
            Column("state", _("State")),
            Column("error", _("What the gateway said")),
        ],
        filters=[Filter("state", _("State"), kind="one", choices=list(labels.STATES.items()))],
        empty=_("Nothing has been sent out of the house yet."),
    )
    page = keyset.page(
        selectors.outbox(_by(request), state=asked.one("state")), order=("-at", "-id"), after=asked.after
    )
    context = {"ledger": asked.fill(page), "tones": TONES, "state_words": labels.STATES, "means_words": labels.MEANS}
    return render(request, "notices/outbox.html", context)
