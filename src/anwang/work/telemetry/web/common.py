"""What the screens share: a state in words, the marks of a point, files to take away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import sheets
from anwang.work.telemetry import labels, selectors
from anwang.work.telemetry.models import Episode, Mine

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

FEED_STATES = {
    "sending": gettext_lazy("Sending"),
    "silent": gettext_lazy("Upload interrupted"),
    "quiet": gettext_lazy("Nothing on record for minutes"),
    "never": gettext_lazy("Nothing received yet"),
}
FEED_TONES = {"sending": "done", "silent": "late", "quiet": "waiting", "never": "waiting"}
TONES = {"calibration": "stopped", "disconnected": "late", "004": "late", "008": "late"}


def reader(request: HttpRequest) -> User:
    """Who asks; refused without the right to read the gas watch."""
    user = scope.who(request)
    scope.require(user, Permission.GAS_READ)
    return user


@dataclass(frozen=True, slots=True)
class Mark:
    """A kind of episode as it is shown: red only where a limit is crossed or the power is wrong, and never without words."""

    kind: str
    label: str
    n: int = 0
    url: str = ""

    @property
    def level(self) -> str:
        return "red" if self.kind in selectors.CROSSED else ""

    @property
    def tone(self) -> str:
        return TONES.get(self.kind, "doing")

    @property
    def words(self) -> str:
        return f"{self.label} {self.n}" if self.n else self.label


def mark(kind: str, n: int = 0, url: str = "") -> Mark:
    return Mark(kind, str(labels.KIND[kind]), n, url)


@dataclass(frozen=True, slots=True)
class FeedWords:
    """The state of a mine's feed."""

    key: str
    label: str
    tone: str
    since: datetime | None


def feed_words(mine: Mine, now: datetime) -> FeedWords:
    key = selectors.feed_state(mine.feed, now)
    since = (mine.feed.silent_since or mine.feed.received_at) if key in {"silent", "quiet"} else None
    return FeedWords(key, str(FEED_STATES[key]), FEED_TONES[key], since)


def lasting(seconds: float) -> str:
    """A length of time as people say it: 40 s · 12 min · 3 h 5 min · 2 days."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return _("%(n)s s") % {"n": whole}
    minutes = round(whole / 60)
    if minutes < 60:
        return _("%(n)s min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)s h %(m)s min") % {"h": hours, "m": rest} if rest else _("%(h)s h") % {"h": hours}
    days = round(hours / 24)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def lasted(episode: Episode, now: datetime) -> str:
    """How long an episode lasted, or has lasted until now."""
    return lasting(((episode.end or now) - episode.start).total_seconds())


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def peak(episode: Episode) -> float | None:
    """The value an episode is spoken of by: the lowest of the low kinds, else the highest."""
    return episode.min if episode.what.endswith("L") else episode.max


def excel(
    rows: Iterable[Any], columns: Sequence[sheets.Column], *, title: str, note: str, name: str = ""
) -> HttpResponse:
    into = BytesIO()
    sheets.write(rows, columns, to=into, title=title, note=note)
    response = HttpResponse(into.getvalue(), content_type=XLSX)
    file_name = sheets.file_name(name or title)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file_name)
    response["Cache-Control"] = "no-store"
    return response


def where(name: str, *args: Any) -> str:
    """The address of a page another room may or may not have; empty where it has not."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def sections(current: str) -> list[dict[str, Any]]:
    """The pages of the gas watch beside each other."""
    pages = [
        ("mines", _("Mines"), "telemetry:mines"),
        ("episodes", _("Episodes"), "telemetry:episodes"),
        ("health", _("Feed health"), "telemetry:health"),
        ("months", _("Gas over limit by month"), "telemetry:months"),
    ]
    return [{"key": key, "label": label, "url": reverse(url), "current": key == current} for key, label, url in pages]


def dressed(rows: Iterable[Any], now: datetime) -> None:
    """Episodes with the words their rows show."""
    for row in rows:
        row.mark = mark(row.what)
        row.lasted = lasted(row, now)
        row.peak_words = number(peak(row))
        row.limit_words = number(row.limit)
        row.avg_words = number(row.avg)
