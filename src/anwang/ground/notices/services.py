"""Telling people: rows in the caller's transaction, sent on from there by a job."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import apprise
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import can, require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.rights import HOUSE
from anwang.ground.jobs import services as jobs
from anwang.ground.notices import addresses, labels, selectors
from anwang.ground.notices.models import Channel, Delivery, Notice, Preference

PERSONAL = (Channel.Means.MAIL, Channel.Means.SMS, Channel.Means.APP)
KEEP_READ = timedelta(days=365)
KEEP_DELIVERIES = timedelta(days=180)


class NotDeliveredError(Exception):
    """The gateway did not take it; the job tries again later."""


# --- telling ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def tell(
    users: Iterable[User],
    key: str,
    *,
    params: Mapping[str, Any],
    now: datetime,
    on: Any = None,
    url: str = "",
    means: Sequence[str] | None = None,
    exercise: bool = False,
) -> list[Notice]:
    """Put a notice into each person's inbox, and ask for it to be sent over the channels there are.

    ``params["url"]`` or ``url`` is where a click leads. ``means`` narrows the ways out (``("sms",)``; ``()`` is the
    inbox alone); by default every channel that carries this key is used. Holders of signed links and other systems
    have no inbox and are left out. Call it inside the transaction of what it tells of.
    """
    people = {user.pk: user for user in users if user.kind == User.Kind.PERSON and user.is_active}
    rows = [
        Notice(
            user=user,
            key=key,
            params=dict(params),
            on_kind=getattr(on, "kind", "") or "",
            on_id=str(on.pk) if on is not None else "",
            url=url or str(params.get("url", "")),
            exercise=exercise,
            created_at=now,
        )
        for user in people.values()
    ]
    Notice.objects.bulk_create(rows)
    _ask_to_send(rows, key, on, means, now)
    return rows


def _ask_to_send(rows: Sequence[Notice], key: str, on: Any, means: Sequence[str] | None, now: datetime) -> None:
    if not rows:
        return
    wanted = set(Channel.Means.values if means is None else means)
    channels = [channel for channel in selectors.active_channels() if channel.means in wanted and channel.carries(key)]
    has_mail = bool(settings.ANWANG_MAIL_URL) and Channel.Means.MAIL in wanted
    if not channels and not has_mail:
        return
    unwanted = set() if labels.is_urgent(key) else selectors.unwanted(row.user_id for row in rows)
    for channel in channels:
        if channel.means == Channel.Means.GROUP and selectors.lies_in(channel, on):
            jobs.later("notices.deliver", now=now, notice_id=rows[0].pk, means=channel.means, channel_id=channel.pk)
    for row in rows:
        for way in PERSONAL:
            if way not in wanted or (row.user_id, way) in unwanted:
                continue
            nearest = selectors.nearest(channels, way, row.user)
            if nearest is None and not (way == Channel.Means.MAIL and has_mail):
                continue
            if _address(row.user, way):
                jobs.later(
                    "notices.deliver",
                    now=now,
                    notice_id=row.pk,
                    means=str(way),
                    channel_id=nearest.pk if nearest else "",
                )


def _address(user: User, means: str) -> str:
    return user.email if means == Channel.Means.MAIL else user.phone


# --- sending ----------------------------------------------------------------------------------------------------------


def deliver(*, notice_id: str, means: str, channel_id: str, now: datetime) -> None:
    """One attempt, one row. Called by the job, outside a transaction: the row stands before the gateway is asked.

    Raises NotDeliveredError where the gateway did not take it. A notice or channel that is gone is passed over.
    """
    notice = Notice.objects.select_related("user").filter(pk=notice_id).first()
    channel = Channel.objects.filter(pk=channel_id).first() if channel_id else None
    if notice is None or (channel_id and (channel is None or not channel.active)):
        return
    earlier = Delivery.objects.filter(notice=notice, channel=channel, means=means)
    if earlier.filter(state=Delivery.State.SENT).exists():
        return
    to = None if means == Channel.Means.GROUP else notice.user
    delivery = Delivery.objects.create(
        notice=notice, channel=channel, means=means, address=_masked(to, means), attempt=earlier.count() + 1, at=now
    )
    language = notice.user.language or "zh-hans"
    with translation.override(language):
        title, body = _letter(notice)
    _send(delivery, channel, to, title, body, now)


def _letter(notice: Notice) -> tuple[str, str]:
    """Title and body in the reader's language; a drill says so first."""
    mark = _("[EXERCISE] ") if notice.exercise else ""
    text = f"{mark}{notice.text}"
    link = f"{settings.PUBLIC_URL}{notice.url}" if notice.url.startswith("/") else notice.url
    return text[:100], f"{text}\n\n{link}".strip()


def _send(delivery: Delivery, channel: Channel | None, to: User | None, title: str, body: str, now: datetime) -> None:
    try:
        # A robot's message needs no subject; a letter does.
        error = _over_apprise(_url(channel, to), title if delivery.means == Channel.Means.MAIL else "", body)
    except addresses.NoAddressError as missing:
        error = str(missing)
    delivery.state = Delivery.State.FAILED if error else Delivery.State.SENT
    delivery.error = error[:500]
    delivery.sent_at = None if error else now
    delivery.save(update_fields=["state", "error", "sent_at"])
    if error:
        raise NotDeliveredError(error)


def _url(channel: Channel | None, to: User | None) -> str:
    if channel is not None:
        return addresses.filled(addresses.of(channel), to)
    if not settings.ANWANG_MAIL_URL or to is None:
        raise addresses.NoAddressError("ANWANG_MAIL_URL is not set")
    joint = "&" if "?" in settings.ANWANG_MAIL_URL else "?"
    return f"{settings.ANWANG_MAIL_URL}{joint}to={quote(to.email, safe='')}"


def _over_apprise(url: str, title: str, body: str) -> str:
    """Send; "" if the gateway took it, else what it said, without secrets."""
    out = apprise.Apprise()
    if not out.add(url):
        return "the URL is none that messages can be sent to"
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
        if out.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
            return ""
        return addresses.without_secrets(said.getvalue().strip(), url) or "the gateway did not answer"


def _masked(to: User | None, means: str) -> str:
    if to is None:
        return ""
    return addresses.masked_mail(to.email) if means == Channel.Means.MAIL else addresses.masked_phone(to.phone)


# --- the reader's own -------------------------------------------------------------------------------------------------


def mark_read(*, notice_id: str, by: User, now: datetime) -> Notice:
    """Raises Notice.DoesNotExist for somebody else's."""
    notice = Notice.objects.get(pk=notice_id, user=by)
    if notice.read_at is None:
        Notice.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=now)
        notice.read_at = now
    return notice


def mark_all_read(*, by: User, now: datetime) -> int:
    return Notice.objects.filter(user=by, read_at__isnull=True, created_at__lte=now).update(read_at=now)


def prefer(*, means: str, wanted: bool, by: User) -> None:
    """Turn a way out on or off for oneself. Urgent notices come all the same. Raises Refused("notices.always_on")."""
    if means not in PERSONAL:
        raise Refused("notices.always_on", field="means")
    Preference.objects.update_or_create(user=by, means=means, defaults={"wanted": wanted})


# --- channels ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_channel(
    *,
    by: User,
    now: datetime,
    name: str,
    means: str,
    url: str = "",
    env: str = "",
    keys: Sequence[str] = (),
    region: Any = None,
    active: bool = True,
    channel_id: str = "",
) -> Channel:
    """Make a channel, or change one (``url`` empty keeps the one there is).

    A channel belongs to who keeps its region, one without a region to who keeps the house.
    Raises Refused: notices.address_missing, notices.address_unknown, notices.no_placeholder, notices.region_not_yours;
    Channel.DoesNotExist for somebody else's.
    """
    require(by, Permission.SYSTEM_MANAGE)
    if not can(by, Permission.SYSTEM_MANAGE, on=region or HOUSE):
        raise Refused("notices.region_not_yours", field="region")
    channel = Channel()
    if channel_id:
        selectors.channels(by).get(pk=channel_id)
        channel = Channel.objects.select_for_update().get(pk=channel_id)
    if url:
        _check_url(url, means)
    elif not env and not channel.secret:
        raise Refused("notices.address_missing", field="url")
    channel.name, channel.means, channel.region, channel.active = name, means, region, active
    channel.keys, channel.env = list(keys), env
    channel.secret = addresses.encrypted(url) if url else ("" if env else channel.secret)
    channel.save()
    audit.record(
        "notices.channel_saved", on=channel, by=by, at=now, data={"means": means, "active": active, "keys": list(keys)}
    )
    return channel


def _check_url(url: str, means: str) -> None:
    if means in PERSONAL and "{phone}" not in url and "{email}" not in url:
        raise Refused("notices.no_placeholder", field="url")
    probe = url.replace("{phone}", "13800000000").replace("{email}", "a%40example.com")
    if apprise.Apprise.instantiate(probe, suppress_exceptions=True) is None:
        raise Refused("notices.address_unknown", field="url")


@transaction.atomic
def try_channel(*, channel_id: str, by: User, now: datetime) -> Notice:
    """Send a trial message over the channel to oneself (or to its group); the outbox shows what became of it."""
    require(by, Permission.SYSTEM_MANAGE)
    channel = selectors.channels(by).get(pk=channel_id)
    notice = Notice.objects.create(user=by, key="notices.trial", params={"name": by.name}, created_at=now)
    jobs.later("notices.deliver", now=now, notice_id=notice.pk, means=channel.means, channel_id=channel.pk)
    return notice


def prune(*, now: datetime) -> int:
    """Drop notices read a year ago and attempts of half a year ago; what was not read stays."""
    Delivery.objects.filter(at__lt=now - KEEP_DELIVERIES).delete()
    gone, _by_table = Notice.objects.filter(read_at__lt=now - KEEP_READ).delete()
    return gone
