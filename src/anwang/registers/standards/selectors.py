"""What the standards say. Questions of other rooms carry the day of the event; it picks the version.

The rows are few and read all the time, so each process remembers them and asks only whether they are still the same.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from anwang.ground.base.errors import Refused
from anwang.registers.standards import rules
from anwang.registers.standards.models import Library, LibraryVersion, Source, Standard, sentences
from anwang.registers.standards.rules import Confidence, Grade, Severity, Status, Type

_lock = threading.Lock()
_remembered: tuple[str, dict[str, list[Standard]]] = ("", {})
_held: ContextVar[dict[str, list[Standard]] | None] = ContextVar("held", default=None)


@contextmanager
def held() -> Iterator[None]:
    """Until the end the standards stay as they are now, without a look whether somebody changed them meanwhile.

    For what asks thousands of times in one transaction.
    """
    token = _held.set(_rows())
    try:
        yield
    finally:
        _held.reset(token)


def _all(type_: str) -> list[Standard]:
    """Every version of every row of one type that is not withdrawn and not a draft."""
    return _rows().get(type_, [])


def _rows() -> dict[str, list[Standard]]:
    """The same of every type. Read once per process and library state; asking whether it changed is one query."""
    global _remembered  # noqa: PLW0603 - one memory per process
    if (as_they_were := _held.get()) is not None:
        return as_they_were
    token = Library.now()
    known, rows = _remembered
    if not token or known != token:
        rows = {}
        live = Standard.objects.filter(withdrawn_at=None).exclude(status=Status.DRAFT)
        for row in live.order_by("position", "urn", "version"):
            rows.setdefault(row.type, []).append(row)
        with _lock:
            _remembered = (token, rows)
    return rows


def in_force(type_: str, on: date) -> list[Standard]:
    """The version of every row of this type that holds on the day."""
    return rules.all_in_force(_all(type_), on)


def find_in_force(urn: str, on: date) -> Standard | None:
    """The version of this row that holds on the day, or None."""
    if not urn:
        return None
    live = _rows()
    return next(
        (
            found
            for type_ in Type
            if (found := rules.holds([row for row in live.get(type_, []) if row.urn == urn], on)) is not None
        ),
        None,
    )


def row_in_force(urn: str, on: date) -> Standard:
    """The version that judges an event of this day.

    Raises Refused("standards.unknown") or ("standards.not_in_force").
    """
    found = find_in_force(urn, on)
    if found is None:
        known = Standard.objects.filter(urn=urn).exists()
        key = "standards.not_in_force" if known else "standards.unknown"
        raise Refused(key, field="standard_urn", urn=urn, on=on.isoformat())
    return found


def row(urn: str, version: int | str) -> Standard:
    """One version by its name, in force or not: what a judgement kept. Raises Standard.DoesNotExist."""
    return Standard.objects.get(urn=urn, version=int(version))


def is_major(urn: str, on: date) -> bool:
    """Does a match of this row make a hazard major? False for "" and for rows that only count towards it."""
    found = find_in_force(urn, on)
    return found is not None and found.type == Type.CRITERION and found.severity == Severity.MAJOR


# --- proposing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """A row that a finding may be a case of, and why the machine thinks so. A person decides."""

    row_id: str
    row_urn: str
    version: int
    title: str
    place: str
    """Instrument and article, as it is cited."""
    grade: str
    """major, or general where the row only counts with others."""
    severity: str
    why: str
    confidence: str
    complete: bool
    """False where the official text has not been entered and the row stands in for it."""


def criteria(domain: str, on: date) -> list[Standard]:
    """The major-hazard criteria in force for a domain ("" all): for asking many texts without reading again."""
    return [row for row in in_force(Type.CRITERION, on) if not domain or rules.applies(row.domains, domain)]


def propose(
    domain: str,
    text: str,
    on: date,
    item_code: str | None = None,
    *,
    criterion: str = "",
    rows: Sequence[Standard] | None = None,
    most: int = 5,
) -> list[Proposal]:
    """Criteria that a hazard of this domain, so described and found on this day, may be a case of; likeliest first.

    ``criterion`` is the urn the failed checklist item points to (``item_code`` names the item in the reason). ``rows``
    from :func:`criteria` saves reading when many texts are asked about. Nothing found: an empty list, a general hazard.
    """
    asked = in_force(Type.CRITERION, on) if rows is None else rows
    instruments = {each.urn: each for each in in_force(Type.INSTRUMENT, on)}
    found = []
    for hit in rules.propose(asked, domain=domain, text=text, named=criterion, most=most):
        standard: Standard = hit.row
        instrument = instruments.get(standard.instrument)
        found.append(
            Proposal(
                row_id=standard.pk,
                row_urn=standard.urn,
                version=standard.version,
                title=standard.title(),
                place=" ".join(
                    filter(None, [instrument.number or instrument.title() if instrument else "", standard.place()])
                ),
                grade=Grade.MAJOR if standard.severity == Severity.MAJOR else Grade.GENERAL,
                severity=standard.severity,
                why=_why(hit, item_code or ""),
                confidence=str(hit.confidence),
                complete=standard.complete,
            )
        )
    return found


def _why(hit: rules.Hit, item_code: str) -> str:
    parts = []
    if hit.by_item:
        parts.append(
            _("The checklist item %(item)s points to it.") % {"item": item_code}
            if item_code
            else _("The checklist item points to it.")
        )
    if hit.words:
        parts.append(_("The text says: %(words)s.") % {"words": "、".join(hit.words)})
    if hit.row.severity == Severity.ELEMENT:
        parts.append(_("It counts with others towards a major hazard."))
    if not hit.row.complete:
        parts.append(_("The official text has not been entered; check it before deciding."))
    return sentences(parts)


@dataclass(frozen=True, slots=True)
class Gap:
    """An instrument in force whose text is not (all) here: judge by the paper, or enter it."""

    urn: str
    title: str
    number: str
    note: str
    expected: int | None
    entered: int


def gaps(domain: str, on: date) -> list[Gap]:
    """Instruments in force for a domain ("" all) whose criteria are incomplete here."""
    entered: dict[str, int] = {}
    for standard in in_force(Type.CRITERION, on):
        entered[standard.instrument] = entered.get(standard.instrument, 0) + standard.complete
    return [
        Gap(each.urn, each.title(), each.number, each.note(), each.expected, entered.get(each.urn, 0))
        for each in in_force(Type.INSTRUMENT, on)
        if not each.complete and (not domain or rules.applies(each.domains, domain))
    ]


# --- deadlines, limits, ladder, scales ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """How long a hazard may take. ``days`` and ``longest_days`` are natural days, hours rounded up."""

    row_id: str
    urn: str
    version: int
    title: str
    amount: int
    unit: str
    days: int
    longest_days: int
    level: str
    stop_use: bool
    confidence: str


def deadline_rule(domain: str, grade: str, on: date, *, level: str = "") -> DeadlineRule:
    """The default term for a hazard of this domain and grade (``level``: the trade's own class, gas A B C).

    Raises Refused("standards.not_in_force") where no deadline row holds on that day.
    """
    found = rules.pick_deadline(in_force(Type.DEADLINE, on), domain=domain, grade=grade, level=level)
    if found is None:
        raise Refused("standards.not_in_force", urn=f"aw:deadline:{grade}", on=on.isoformat())
    return DeadlineRule(
        row_id=found.pk,
        urn=found.urn,
        version=found.version,
        title=found.title(),
        amount=found.data["amount"],
        unit=found.data["unit"],
        days=rules.term_days(found.data),
        longest_days=rules.longest_days(found.data),
        level=found.data.get("level", ""),
        stop_use=bool(found.data.get("stop_use")),
        confidence=found.confidence,
    )


@dataclass(frozen=True, slots=True)
class LadderStep:
    """A rung: ``days`` from the due day (below 0: before), whom to tell (``to``), what to do (``action``)."""

    row_id: str
    urn: str
    version: int
    key: str
    days: int
    to: str
    action: str
    title: str


def ladder(on: date) -> list[LadderStep]:
    """The reminders and rungs in force, earliest first."""
    steps = [
        LadderStep(
            row_id=each.pk,
            urn=each.urn,
            version=each.version,
            key=each.urn.rsplit(":", 1)[-1][:24],
            days=each.data["days"],
            to=each.data["to"],
            action=each.data["action"],
            title=each.title(),
        )
        for each in in_force(Type.LADDER, on)
    ]
    return sorted(steps, key=lambda step: (step.days, step.key))


def limit(urn: str, on: date) -> int:
    """The value of a limit row on a day. Raises Refused("standards.unknown"/"…not_in_force")."""
    return int(row_in_force(urn, on).data["value"])


def frequency(colour: str, on: date) -> Standard | None:
    """How often a place of this risk colour is inspected: ``data`` has county_days and enterprise_days."""
    return next((each for each in in_force(Type.FREQUENCY, on) if each.data.get("colour") == colour), None)


# --- for screens --------------------------------------------------------------------------------------------------


def heads(user: Any) -> QuerySet[Standard]:
    """The newest version of each row that stands, an office's own before the library's: what a list shows."""
    newest = (
        Standard.objects.filter(urn=OuterRef("urn"), withdrawn_at=None)
        .order_by("-edition", "-version")  # "local" after "library"
        .values("pk")[:1]
    )
    return Standard.objects.visible_to(user).filter(pk=Subquery(newest))


def find(
    user: Any,
    *,
    text: str = "",
    types: Sequence[str] = (),
    domains: Sequence[str] = (),
    instruments: Sequence[str] = (),
    on: date | None = None,
    local: bool = False,
    gaps_only: bool = False,
) -> QuerySet[Standard]:
    """Rows by words (all of them must occur), type, domain, instrument; ``on``: only what holds on that day."""
    found = heads(user)
    for word in text.split():
        found = found.filter(search__contains=rules.fold(word))
    if types:
        found = found.filter(type__in=types)
    if instruments:
        found = found.filter(Q(instrument__in=instruments) | Q(urn__in=instruments))
    if domains:
        found = found.filter(pk__in=_of_domains(domains))
    if on is not None:
        found = found.filter(
            Q(effective_from=None) | Q(effective_from__lte=on), Q(effective_to=None) | Q(effective_to__gte=on)
        ).exclude(status=Status.DRAFT)
    if local:
        found = found.filter(edition=rules.Edition.LOCAL)
    if gaps_only:
        found = found.filter(Q(complete=False) | Q(confidence=Confidence.MISSING))
    return found


def _of_domains(domains: Iterable[str]) -> list[str]:
    """JSON arrays are not searched alike by both databases, and there are only a few hundred rows."""
    asked = list(domains)
    rows = Standard.objects.filter(withdrawn_at=None).values_list("pk", "domains")
    return [pk for pk, own in rows if any(rules.applies(own, domain) for domain in asked)]


def by_id(user: Any, row_id: str) -> Standard:
    """Raises Standard.DoesNotExist for a row that is not there or not to be seen."""
    return Standard.objects.visible_to(user).get(pk=row_id)


def versions(user: Any, urn: str) -> list[Standard]:
    """Every version of a row, newest first, the withdrawn ones too."""
    return list(
        Standard.objects.visible_to(user).filter(urn=urn).select_related("made_by", "withdrawn_by").order_by("-version")
    )


def newest(urn: str) -> Standard | None:
    """The version a list shows: an office's own before the library's, the newer before the older."""
    standing = Standard.objects.filter(urn=urn, withdrawn_at=None)
    return standing.order_by("-edition", "-version").first()


def at_place(instrument: str, article: str, item: str) -> Standard | None:
    """The criterion that stands at this article and item of an instrument, in the version a list shows."""
    standing = Standard.objects.filter(
        type=Type.CRITERION, instrument=instrument, article=article, item=item, withdrawn_at=None
    )
    return standing.order_by("-edition", "-version").first()


def of_instrument(user: Any, urn: str) -> list[Standard]:
    """The rows that stand on an instrument, in the library's order."""
    return list(heads(user).filter(instrument=urn).order_by("position", "urn"))


def instruments(user: Any) -> list[Standard]:
    return list(heads(user).filter(type=Type.INSTRUMENT).order_by("position", "urn"))


def instrument_words(user: Any) -> dict[str, str]:
    """How each instrument is cited: by its number, or its title where it has none."""
    return {each.urn: each.number or each.title() for each in instruments(user)}


def libraries() -> list[LibraryVersion]:
    """The newest loaded version of each library."""
    found: dict[str, LibraryVersion] = {}
    for each in LibraryVersion.objects.order_by("key", "version"):
        found[each.key] = each
    return list(found.values())


def source(key: str) -> Source | None:
    return Source.objects.filter(pk=key).first()


def sources() -> list[Source]:
    return list(Source.objects.order_by("pk"))
