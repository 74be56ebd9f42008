"""The mines of a region, and what happened in them."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from anwang.ground.base import keyset
from anwang.ground.base.parts import Column, Filter, Ledger, Number
from anwang.work.telemetry import selectors, underground
from anwang.work.telemetry.web import common
from anwang.work.telemetry.web.episodes import KIND_CHOICES
from anwang.work.telemetry.web.underground import counted

ORDERS = {"": ("county_code", "name", "id"), "name": ("name", "id"), "-name": ("-name", "id")}


def _asked(request: HttpRequest, lines: list[selectors.CountyLine]) -> Ledger:
    filters = [
        Filter("feed", _("Feed"), choices=list(common.FEED_STATES.items())),
        Filter("kind", _("What is wrong now"), choices=KIND_CHOICES),
        Filter("simulated", _("Simulated mines"), kind="one", choices=[("0", _("Real ones only")), ("1", _("Only simulated ones"))], quick=False),
    ]  # fmt: skip
    if len(lines) > 1:
        filters.insert(0, Filter("county", _("County"), kind="one", choices=[(each.code, each.name) for each in lines]))
    return Ledger(
        request,
        key="gas.mines",
        title=_("Gas watch"),
        row_template="telemetry/mine_row.html",
        columns=[
            Column("mine", _("Coal mine"), sort="name", always=True),
            Column("county", _("County"), extra=len(lines) < 2),
            Column("feed", _("Feed"), always=True),
            Column("now", _("What is wrong now"), always=True),
            Column("underground", _("People underground"), number=True),
            Column("newest", _("Newest data")),
            Column("points", _("Points"), number=True),
            Column("gas_class", _("Gas class"), extra=True),
            Column("interval", _("Seconds between scans"), number=True, extra=True),
        ],
        filters=filters,
        search_label=_("Name or code of the mine"),
        empty=_("A mine appears here with the first data it sends."),
    )


@login_required
@require_GET
def mines(request: HttpRequest) -> HttpResponse:
    """Region → mines: how each feed does, and what is open. Over several counties their sums stand above."""
    user, now = common.reader(request), timezone.now()
    lines = selectors.counties(user, now=now)
    asked = _asked(request, lines)
    simulated = asked.one("simulated")
    rows = selectors.listed(
        user,
        now=now,
        county=asked.one("county") if len(lines) > 1 else "",
        states=asked.chosen("feed"),
        kinds=asked.chosen("kind"),
        simulated=None if not simulated else simulated == "1",
        text=asked.text[:60],
    )
    page = keyset.page(rows, order=ORDERS.get(asked.sort, ORDERS[""]), after=asked.after)
    tallies = selectors.tallies(page.items)
    musters = underground.musters(page.items)
    below = underground.by_county(user)
    names = {each.code: each.name for each in lines}
    for row in page:
        tally = tallies[row.pk]
        row.feed_words = common.feed_words(row, now)
        row.n_points = tally.points
        row.people = counted(musters.get(row.pk), now)
        row.interval_words = round(row.feed.interval_ms / 1000)
        row.marks = [common.mark(kind, n, f"{reverse('telemetry:mine_episodes', args=[row.code])}?open=1&kind={kind}")
                     for kind, n in tally.kinds]  # fmt: skip
        row.now_class = "aw-wide gas-cell-now" if row.marks else "aw-wide gas-cell-now gas-none"
        row.county_name = names.get(row.county_code, row.county_code)
        row.late = row.feed.newest_at is not None and now - row.feed.newest_at > selectors.stale_after(row)
    whole = not page.next and not asked.after
    context = {
        "ledger": asked.fill(page, count=len(page) if whole else rows.count()),
        "tabs": common.sections("mines"),
        "held": selectors.held_up(user, now=now),
        "numbers": [*_numbers(lines), *_people(below)],
        "below": bool(below),
        "lines": [_line(each) | {"people": below.get(each.code)} for each in lines]
        if len(lines) > 1 and not asked.one("county")
        else [],
        "now": now,
    }
    return render(request, "telemetry/mines.html", context)


def _sum(lines: list[selectors.CountyLine], *kinds: str) -> int:
    return sum(each.open.get(kind, 0) for each in lines for kind in kinds)


def _numbers(lines: list[selectors.CountyLine]) -> list[Number]:
    """The strip above the list; every figure is a door to its rows."""
    here, episodes = reverse("telemetry:mines"), f"{reverse('telemetry:episodes')}?open=1"
    over, cut, power = _sum(lines, "001", "001L"), _sum(lines, "002", "002L"), _sum(lines, "003")
    silent = sum(each.silent for each in lines)
    return [
        Number(_("Mines"), sum(each.mines for each in lines), here),
        Number(_("Upload interrupted"), silent, f"{here}?feed=silent", tone="late" if silent else ""),
        Number(_("Over limit now"), over, f"{episodes}&kind=001&kind=001L", tone="level-red" if over else ""),
        Number(_("Power cut now"), cut, f"{episodes}&kind=002&kind=002L", tone="level-red" if cut else ""),
        Number(_("Feed anomalies now"), power, f"{episodes}&kind=003", tone="level-red" if power else ""),
    ]


def _people(below: dict[str, tuple[int, int]]) -> list[Number]:
    """How many are underground in the mines that say so; nothing where none does."""
    if not below:
        return []
    mines = sum(mines for _n, mines in below.values())
    words = ngettext("%(n)s mine says so", "%(n)s mines say so", mines) % {"n": mines}
    return [Number(_("People underground"), sum(n for n, _mines in below.values()), note=words)]


def _line(each: selectors.CountyLine) -> dict[str, Any]:
    here, episodes = reverse("telemetry:mines"), reverse("telemetry:episodes")

    def door(*kinds: str) -> tuple[int, str]:
        query = "".join(f"&kind={kind}" for kind in kinds)
        return _sum([each], *kinds), f"{episodes}?open=1&county={each.code}{query}"

    return {
        "name": each.name,
        "url": f"{here}?county={each.code}",
        "mines": each.mines,
        "silent": (each.silent, f"{here}?county={each.code}&feed=silent"),
        "over": door("001", "001L"),
        "cut": door("002", "002L"),
        "power": door("003"),
        "sensors": door(*(kind.value for kind in selectors.QUIET)),
    }


@login_required
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """Who is silent and since when, how often in thirty days, what was refused today, how late data comes."""
    user, now = common.reader(request), timezone.now()
    rows = selectors.health(user, now=now)
    names = {each.code: each.name for each in selectors.counties(user, now=now)}
    context = {
        "page_title": _("Feed health"),
        "tabs": common.sections("health"),
        "held": selectors.held_up(user, now=now),
        "rows": [_health_row(each, names, now) for each in rows],
        "days": selectors.GAPS_OVER.days,
        "several": len(names) > 1,
        "now": now,
        "numbers": [
            Number(
                _("Upload interrupted"), sum(selectors.feed_state(each.mine.feed, now) == "silent" for each in rows)
            ),
            Number(_("Points silent now"), sum(each.silent_points for each in rows)),
            Number(_("Records refused today"), sum(each.refused_today for each in rows)),
            Number(_("Points without definition"), sum(each.undefined for each in rows)),
        ],
    }
    return render(request, "telemetry/health.html", context)


def _health_row(each: selectors.Health, names: dict[str, str], now: Any) -> dict[str, Any]:
    return {
        "health": each,
        "mine": each.mine,
        "county": names.get(each.mine.county_code, ""),
        "feed": common.feed_words(each.mine, now),
        "gap": common.lasting(each.gap_minutes * 60) if each.gaps else "",
        "lag": "" if each.lag_seconds is None else common.lasting(each.lag_seconds),
        "interval": round(each.mine.feed.interval_ms / 1000),
    }
