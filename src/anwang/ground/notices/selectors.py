"""Reading notices: one's own inbox; channels and the outbox for the system administrator."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import within
from anwang.ground.notices.models import Channel, Delivery, Notice, Preference
from anwang.ground.regions.models import LEVELS, Region


def inbox(user: User) -> "QuerySet[Notice]":
    """One's own notices; nobody reads another's."""
    return Notice.objects.filter(user=user)


def unread(user: User) -> int:
    return Notice.objects.filter(user=user, read_at__isnull=True).count()


def active_channels() -> list[Channel]:
    return list(Channel.objects.filter(active=True).select_related("region").order_by("id"))


def lies_in(channel: Channel, place: Any) -> bool:
    """Does the thing lie in the channel's region? A channel without one carries everything."""
    return channel.region is None or (place is not None and channel.region.holds(place))


def nearest(channels: Iterable[Channel], means: str, user: User) -> Channel | None:
    """The channel of this means for a person: of the smallest region that their home lies in, else the house's own."""
    found: tuple[int, Channel] | None = None
    for channel in channels:
        if channel.means != means:
            continue
        if channel.region is None:
            depth = -1
        elif user.home is not None and channel.region.holds(user.home):
            depth = LEVELS.index(channel.region.level)
        else:
            continue
        if found is None or depth > found[0]:
            found = (depth, channel)
    return found[1] if found else None


def unwanted(user_ids: Iterable[str]) -> set[tuple[str, str]]:
    """(user, means) that were turned off."""
    rows = Preference.objects.filter(user__in=list(user_ids), wanted=False)
    return set(rows.values_list("user_id", "means"))


def ways() -> list[str]:
    """The means by which single persons can be reached here; what is not set up is not offered."""
    there = set(Channel.objects.filter(active=True).exclude(means=Channel.Means.GROUP).values_list("means", flat=True))
    if settings.ANWANG_MAIL_URL:
        there.add(Channel.Means.MAIL)
    return [means for means in Channel.Means.values if means in there]


def channels(user: User) -> "QuerySet[Channel]":
    """The channels ``user`` keeps: of the regions placed under them; the house's own are for who keeps the house."""
    kept = within(user, Permission.SYSTEM_MANAGE, Region, prefix="region__")
    return Channel.objects.filter(kept).select_related("region").order_by("name", "id")


def outbox(user: User, *, state: str = "", channel_id: str = "") -> "QuerySet[Delivery]":
    """What was sent over the channels ``user`` keeps, or to people of their regions."""
    over = within(user, Permission.SYSTEM_MANAGE, Region, prefix="channel__region__")
    to = within(user, Permission.SYSTEM_MANAGE, Region, prefix="notice__user__home__")
    rows = Delivery.objects.filter(Q(over) | Q(to)).select_related("channel", "notice")
    if state:
        rows = rows.filter(state=state)
    return rows.filter(channel=channel_id) if channel_id else rows
