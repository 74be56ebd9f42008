"""What a monthly report says. The numbers and sentences of a paper are Chinese, whoever draws it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.domains import Domain
from anwang.ground.files.models import Paper
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.overview.figures import labels, rules
from anwang.overview.figures.rules import EYES_OF, Eyes, Flow, Span
from anwang.overview.figures.selectors import happened, stock, whose
from anwang.overview.figures.selectors.happened import Visits
from anwang.overview.figures.selectors.stock import Place, Question
from anwang.work.hazards.labels import STATE
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import Grade, State

KIND = "figures.monthly"
LEVELS = ("province", "city", "county", "town")
SIX = 6
MOST_MAJOR = 12
MOST_DOMAINS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """One line of a report: what happened in the month, and what stood at its end."""

    found: int = 0
    major: int = 0
    flow: Flow = field(default_factory=Flow)
    left: int = 0
    late: int = 0
    visits: Visits = field(default_factory=Visits)


@dataclass(frozen=True, slots=True)
class Report:
    """A month of a region: the whole, the month before, and the parts."""

    region: Region
    month: str
    computed_at: datetime
    whole: Month
    before: Month
    places: list[tuple[Place, Month]]
    domains: list[tuple[str, Month]]
    eyes: dict[Eyes, int]
    six: list[tuple[str, int, int]]
    """(month, found, of these closed by now) of the last six months."""
    majors: list[Hazard]
    majors_left: int


def report(user: Any, region: Region, month: str, *, now: datetime) -> Report:
    """Everything a report on ``month`` needs, as the ledger stands now. Raises ValueError for what is no month."""
    if not rules.is_month(month):
        raise ValueError(month)
    today = clock.local_date(now)
    question = Question(user, Span(month, month), inside=[region])
    level, below = stock.below(user, region)
    found = stock.found_by_month(question)
    whole = happened.flows(user, question.asked, today=today, last=month)
    seen = happened.visits(user, inside=[region], last=month, first=rules.before(month))
    major = Question(user, question.span, inside=[region], grades=(Grade.MAJOR.value,))
    major_found = stock.found_by_month(major)
    major_flows = happened.flows(user, major.asked, today=today, last=month)
    earlier = rules.before(month)

    def at(which: str) -> Month:
        return Month(
            found=found.get(which, 0),
            major=major_found.get(which, 0),
            flow=whole.get(("", which), Flow()),
            left=_left(found, {m: f for (_c, m), f in whole.items()}, which),
            late=_late({m: f for (_c, m), f in whole.items()}, which),
            visits=_sum(each for (_c, _k, m), each in seen.items() if m == which),
        )

    six = rules.months_between(rules.before(month, SIX - 1), month)
    stands = stock.stands(Question(user, Span(six[0], month), inside=[region]), ("month",))
    sources = stock.stands(question, ("source",))
    eyes: dict[Eyes, int] = {}
    for (source,), one in sources.items():
        each = EYES_OF.get(source, Eyes.OTHER)
        eyes[each] = eyes.get(each, 0) + one.found
    rows = Hazard.objects.visible_to(user).filter(
        grade=Grade.MAJOR, found_month=month, **{f"{region.level}_code": region.code}
    )
    return Report(
        region=region,
        month=month,
        computed_at=happened.computed_at() or now,
        whole=at(month),
        before=at(earlier),
        places=_places(user, question, level, below, month, today=today),
        domains=_domains(user, question, month, today=today),
        eyes=eyes,
        six=[(each, *_two(stands.get((each,)))) for each in six],
        majors=list(rows.exclude(state=State.CANCELLED).select_related("site").order_by("found_on", "id")[:MOST_MAJOR]),
        majors_left=_left(major_found, {m: f for (_c, m), f in major_flows.items()}, month),
    )


def _two(stand: Any) -> tuple[int, int]:
    return (stand.found, stand.closed) if stand else (0, 0)


def _sum(visits: Any) -> Visits:
    whole = Visits()
    for each in visits:
        whole += each
    return whole


def _left(found: dict[str, int], flows: dict[str, Flow], month: str) -> int:
    """What stands at the month's end: all that was found until then less all that was closed until then."""
    came = sum(n for m, n in found.items() if m <= month)
    return came - sum(flow.closed for m, flow in flows.items() if m <= month)


def _late(flows: dict[str, Flow], month: str) -> int:
    return sum(flow.went_late - flow.came_right for m, flow in flows.items() if m <= month)


def _parts(
    found: dict[tuple[str, str], int],
    flows: dict[tuple[str, str], Flow],
    major: dict[tuple[str, str], int],
    month: str,
) -> dict[str, Month]:
    keys = {key for key, _m in found} | {key for key, _m in flows}
    parts = {}
    for key in keys:
        own = {m: n for (k, m), n in found.items() if k == key}
        flow = {m: f for (k, m), f in flows.items() if k == key}
        parts[key] = Month(
            found=own.get(month, 0),
            major=major.get((key, month), 0),
            flow=flow.get(month, Flow()),
            left=_left(own, flow, month),
            late=_late(flow, month),
        )
    return parts


def _major(question: Question) -> Question:
    return Question(question.user, question.span, inside=question.inside, grades=(Grade.MAJOR.value,))


def _places(
    user: Any, question: Question, level: str, below: list[Place], month: str, *, today: date
) -> list[tuple[Place, Month]]:
    if not level:
        return []
    found = stock.found_by(question, "code", level=level)
    flow = happened.flows(user, question.asked, today=today, by="code", level=level, last=month)
    parts = _parts(found, flow, stock.found_by(_major(question), "code", level=level), month)
    seen = happened.visits(user, inside=question.inside, level=level, first=month, last=month)
    rows = []
    known = {place.code for place in below}
    # Villages are many and most are quiet; towns and counties stand there with their noughts.
    shown = below if level != "village" else [place for place in below if place.code in parts]
    aside = Place("", _("Not placed below")) if any(code not in known for code in parts) else None
    for place in [*shown, *([aside] if aside else [])]:
        codes = [place.code] if place.code else [code for code in parts if code not in known]
        one = Month()
        for code in codes:
            one = _add(one, parts.get(code, Month()))
        visits = _sum(each for (code, _k, _m), each in seen.items() if code in codes)
        rows.append((place, Month(one.found, one.major, one.flow, one.left, one.late, visits)))
    return rows


def _add(one: Month, other: Month) -> Month:
    return Month(
        one.found + other.found,
        one.major + other.major,
        one.flow + other.flow,
        one.left + other.left,
        one.late + other.late,
        one.visits + other.visits,
    )


def _domains(user: Any, question: Question, month: str, *, today: date) -> list[tuple[str, Month]]:
    found = stock.found_by(question, "domain")
    flow = happened.flows(user, question.asked, today=today, by="domain", last=month)
    parts = _parts(found, flow, stock.found_by(_major(question), "domain"), month)
    live = [(domain, one) for domain, one in parts.items() if one.found or one.flow.closed or one.left]
    order = list(Domain.values)
    return sorted(live, key=lambda pair: (-pair[1].found, order.index(pair[0]) if pair[0] in order else len(order)))


# --- in words -------------------------------------------------------------------------------------------------------


def paper_data(found: Report, *, next_steps: str = "") -> dict[str, Any]:
    """The report as its paper takes it (docs/rooms/papers.md, “figures.monthly”), in Chinese."""
    with translation.override("zh-hans"):
        return _data(found, next_steps)


def _data(found: Report, next_steps: str) -> dict[str, Any]:
    whole, before = found.whole, found.before
    words = {"region": found.region.name, "year": int(found.month[:4]), "month": int(found.month[5:])}
    sections: list[dict[str, Any]] = [
        {"title": _("The whole picture"), "text": _whole(found), "chart": _chart(found)},
        {"title": _("Region by region"), "table": _place_table(found)},
        {"title": _("Domain by domain"), "table": _domain_table(found)},
        {"title": _("Major hazards"), "text": _majors(found)},
        {"title": _("What is late"), "text": _lateness(found)},
    ]
    if not found.places:
        sections = [each for each in sections if each["title"] != _("Region by region")]
    if steps := [line.strip() for line in next_steps.splitlines() if line.strip()]:
        sections.append({"title": _("What comes next"), "text": steps})
    return {
        "title": _("%(region)s, %(month)d/%(year)d\nMonthly report on finding and rectifying hazards") % words,
        "month": found.month,
        "region": found.region.code,
        "lead": _(
            "In month %(month)d, %(visits)d visits were made in %(region)s and %(found)d hazards found (%(major)d of "
            "them major); %(closed)d were struck off. %(left)d were open at the month's end, %(late)d of them late. "
            "The figures are as follows."
        )
        % {
            "region": found.region.name,
            "month": words["month"],
            "visits": whole.visits.visits,
            "found": whole.found,
            "major": whole.major,
            "closed": whole.flow.closed,
            "left": whole.left,
            "late": whole.late,
        },
        "figures": [
            _figure(pgettext("figure", "Visits"), whole.visits.visits, before.visits.visits, _("visits")),
            _figure(pgettext("figure", "Found"), whole.found, before.found, _("hazards")),
            _figure(_("Of these major"), whole.major, before.major, _("hazards")),
            _figure(_("Struck off"), whole.flow.closed, before.flow.closed, _("hazards")),
            _figure(_("Open at the end"), whole.left, before.left, _("hazards")),
            _figure(_("Late at the end"), whole.late, before.late, _("hazards")),
            _figure(_("Deadlines kept"), whole.flow.in_time_share, before.flow.in_time_share, "%"),
            _figure(_("Days until struck off"), whole.flow.mean_days, before.flow.mean_days, _("days")),
        ],
        "sections": sections,
        "definitions": [
            _("Found counts by the day of finding, struck off by the day of closing, entries cancelled as mistakes not at all"),
            _("Deadlines kept: of the rectification deadlines that passed in the month, those before whose end the unit had handed in"),
            _("Days until struck off: natural days from found to closed, on average over what was closed in the month"),
            _("Late at the end: steps that were past their day at the end of the month, whoever had to act"),
        ],
        "as_of": clock.local_date(found.computed_at).isoformat(),
        "copies": [],
    }  # fmt: skip


def _figure(label: str, value: float | None, before: float | None, unit: str) -> dict[str, Any]:
    if value is None:
        return {"label": label, "value": "—", "unit": "", "change": ""}
    shown = f"{value:.1f}" if isinstance(value, float) else value
    change = ""
    if before is not None:
        more = round(value - before, 1)
        words = f"{more:+.1f}" if isinstance(value, float) else f"{int(more):+d}"
        change = _("%(change)s on last month") % {"change": words.replace("-", "−")} if more else _("as last month")
    return {"label": label, "value": shown, "unit": unit, "change": change}


def _whole(found: Report) -> list[str]:
    if not found.whole.found:
        return [_("No hazard was found in the month.")]
    shares = "、".join(
        _("%(eyes)s %(share)s%%") % {"eyes": labels.EYES[each], "share": rules.share(n, found.whole.found)}
        for each, n in sorted(found.eyes.items(), key=lambda pair: -pair[1])
        if n
    )
    names = dict(Domain.choices)
    first = "、".join(str(names.get(domain, domain)) for domain, one in found.domains[:3] if one.found)
    said = [_("By how they were found: %(shares)s. Most lie in: %(domains)s.") % {"shares": shares, "domains": first}]
    if found.whole.visits.visits:
        said.append(
            _("The visits recorded %(n)d hazards, %(mean)s a visit.")
            % {
                "n": found.whole.visits.findings,
                "mean": rules.mean(found.whole.visits.findings, found.whole.visits.visits),
            }
        )
    return said


def _chart(found: Report) -> dict[str, Any]:
    return {
        "title": _("Hazards found in the last six months (dark: struck off by now)"),
        "rows": [
            {"label": _("Month %(n)d") % {"n": int(month[5:])}, "value": n, "part": closed}
            for month, n, closed in found.six
        ],
        "note": _("In brackets: struck off by the day of the data"),
    }


def _cells(one: Month) -> list[Any]:
    share = one.flow.in_time_share
    return [one.found, one.major, one.flow.closed, one.left, one.late, "—" if share is None else f"{share:.1f}%"]


def _place_table(found: Report) -> dict[str, Any]:
    rows: list[list[Any]] = [[place.name, one.visits.visits, *_cells(one)] for place, one in found.places]
    rows.append([_("In all"), found.whole.visits.visits, *_cells(found.whole)])
    return {
        "columns": [
            _("Region"),
            pgettext("figure", "Visits"),
            pgettext("figure", "Found"),
            _("Of these major"),
            _("Struck off"),
            _("Open at the end"),
            _("Late at the end"),
            _("Deadlines kept"),
        ],
        "rows": rows,
        "note": _("By the place of the hazard; open and late as of the month's end."),
    }


def _domain_table(found: Report) -> dict[str, Any]:
    names = dict(Domain.choices)
    shown, rest = found.domains[:MOST_DOMAINS], found.domains[MOST_DOMAINS:]
    rows = [[str(names.get(domain, domain)), *_cells(one)] for domain, one in shown]
    if rest:
        other = Month()
        for _name, one in rest:
            other = _add(other, one)
        rows.append([_("All others (%(n)d)") % {"n": len(rest)}, *_cells(other)])
    return {
        "columns": [
            _("Domain"),
            pgettext("figure", "Found"),
            _("Of these major"),
            _("Struck off"),
            _("Open at the end"),
            _("Late at the end"),
            _("Deadlines kept"),
        ],
        "rows": rows,
        "note": _("Domains in which nothing was found, struck off or left open are not listed."),
    }


def _majors(found: Report) -> list[str]:
    said = []
    for n, hazard in enumerate(found.majors, start=1):
        due = hazard.due_on.isoformat() if hazard.due_on else _("not set yet")
        said.append(
            _("%(n)d. %(site)s: %(what)s (deadline %(due)s, now: %(state)s)")
            % {
                "n": n,
                "site": hazard.site.name,
                "what": hazard.description,
                "due": due,
                "state": STATE[State(hazard.state)],
            }
        )
    if not said:
        said.append(_("No new major hazard was found in the month."))
    elif found.whole.major > len(found.majors):
        said.append(_("%(n)d more are in the ledger.") % {"n": found.whole.major - len(found.majors)})
    said.append(_("At the month's end %(n)d major hazards were not struck off.") % {"n": found.majors_left})
    return said


def _lateness(found: Report) -> list[str]:
    if not found.whole.late:
        return [_("At the month's end no hazard was late.")]
    worst = sorted((pair for pair in found.places if pair[1].late > 0), key=lambda pair: -pair[1].late)[:5]
    said = _("At the month's end %(n)d hazards were late.") % {"n": found.whole.late}
    if worst:
        where = "、".join(_("%(place)s %(n)d") % {"place": place.name, "n": one.late} for place, one in worst)
        said += _("Most of them in: %(where)s.") % {"where": where}
    said += _("In the month %(began)d became late and %(ended)d were late no more.") % {
        "began": found.whole.flow.went_late,
        "ended": found.whole.flow.came_right,
    }
    return [said]


# --- what was issued ------------------------------------------------------------------------------------------------


def issued(user: Any, *, region: Region | None = None) -> QuerySet[Paper]:
    """The reports that were issued and that ``user`` may read, newest first."""
    rows: QuerySet[Paper] = Paper.objects.visible_to(user).filter(kind_key=KIND)
    if region is not None:
        rows = rows.filter(**{f"{region.level}_code": region.code})
    return rows.order_by("-issued_at", "-id")


def same(region: Region, data: dict[str, Any]) -> Paper | None:
    """The valid report on this region that says exactly this already."""
    rows: QuerySet[Paper] = Paper.objects.filter(
        kind_key=KIND, thing_kind=region.kind, thing_id=region.code, void_at__isnull=True
    )
    for paper in rows.order_by("-issued_at")[:60]:
        if paper.data.get("data") == data:
            return paper
    return None


def may_issue(user: Any, region: Region) -> bool:
    return region.level in LEVELS and whose.covers(user, Permission.FIGURES_EXPORT, region)
