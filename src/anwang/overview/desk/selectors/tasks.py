"""What needs a person now, from every room, late first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anwang.ground.accounts import scope
from anwang.ground.accounts import selectors as accounts
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.audit import selectors as trail
from anwang.ground.audit.services import sealing
from anwang.ground.base.rights import HOUSE
from anwang.ground.jobs import services as jobs
from anwang.ground.notices import selectors as notices
from anwang.ground.notices.models import Delivery
from anwang.kernel import clock
from anwang.overview.desk import labels, rules
from anwang.overview.figures import selectors as figures
from anwang.registers.organisations import selectors as organisations
from anwang.registers.standards import selectors as standards
from anwang.work.alarms import labels as alarm_labels
from anwang.work.alarms import selectors as alarms
from anwang.work.alarms.models import Alarm
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.labels import GRADE
from anwang.work.hazards.rules import Action, Grade, State
from anwang.work.inspections import labels as visit_labels
from anwang.work.inspections import selectors as visits
from anwang.work.inspections.models import Inspection, PlannedVisit
from anwang.work.inspections.rules import State as VisitState

Text = str | Promise

CARDS = 12
"""As many cards a desk shows at once: what fits into a morning."""
MOST = 200
"""As many as are shown to somebody who asks for all."""
SOON = 7
"""Days ahead that a desk looks."""
GRANTS_SOON = timedelta(days=14)
OWN = ("visit", "planned", "alarm")
"""Tasks besides hazards that are this person's own to be late with; a region that is late is others' lateness."""
SEAL_OLD = timedelta(hours=30)
"""A seal older than this says that last night's did not come."""
PROOF_OLD = timedelta(days=7)
MOST_REGIONS = 5
ACTING = (Permission.HAZARD_GRADE, Permission.HAZARD_VERIFY, Permission.HAZARD_RECTIFY, Permission.HAZARD_ASSIGN)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that needs this person: what, where, since when, what happens otherwise, the one act."""

    key: str
    """Which chip it belongs to, a key of ``labels.WAITS``."""
    title: Text
    url: str
    kind: Text
    where: Text = ""
    since: datetime | None = None
    due: date | None = None
    late: bool = False
    otherwise: Text = ""
    do: Text = ""
    do_url: str = ""
    number: str = ""
    at_once: bool = False
    """Minutes count: before everything else, whatever is late."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week ahead: how many tasks end on it, and the first of them."""

    day: date
    n: int
    first: Sequence[Task] = ()


def looks(user: User) -> bool:
    """Reads figures and acts on nothing: a leader, a higher office."""
    return scope.may(user, Permission.FIGURES_READ) and not any(scope.may(user, each) for each in ACTING)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything that waits: the cards, how many of each kind there are, and the week ahead."""

    tasks: list[Task]
    counts: dict[str, int]
    late: int = 0
    week: list[Day] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def waiting(user: User, *, now: datetime, key: str = "", day: date | None = None, limit: int = CARDS) -> Waiting:
    """What needs ``user`` now. ``key`` keeps one kind, ``day`` what ends on that day; counts are of everything."""
    today = clock.local_date(now)
    sums = _hazard_sums(user)
    counts = {action: sum(by.values()) for action, by in sums.items() if sum(by.values())}
    extensions = list(hazards.extensions_to_decide(user)[:MOST])
    if extensions:
        counts["decide_extension"] = len(extensions)
    others = [
        *_alarms(user),
        *_visits(user, today),
        *_planned(user, today),
        *_regions(user, today),
        *_gaps(user, now),
        *_house(user, now),
    ]
    for task in others:
        counts[task.key] = counts.get(task.key, 0) + 1
    tasks = [*others] if not key else [task for task in others if task.key == key]
    if not key or key in {action.value for action in hazards.NEXT.values()}:
        tasks += _hazards(user, today, key=key, day=day, limit=limit)
    if key in ("", "decide_extension"):
        tasks += [_extension(each, today) for each in extensions]
    if day is not None:
        tasks = [task for task in tasks if task.due == day]
    tasks.sort(key=lambda task: (not task.at_once, rules.rank(task.due, late=task.late, today=today)))
    late = sum(n for by in sums.values() for due, n in by.items() if due < today)
    late += sum(task.late for task in others if task.key in OWN) + sum(each.old_due_on < today for each in extensions)
    week = _week(today, sums, tasks) if not key and day is None else []
    return Waiting(tasks[:limit], counts, late, week)


# --- alarms -----------------------------------------------------------------------------------------------------------


def _alarms(user: User) -> Iterator[Task]:
    """A card each, the gravest first; what has to be done on the spot stands above everything else on the desk."""
    if not any(scope.may(user, each) for each in (Permission.ALARM_HANDLE, Permission.ALARM_REVIEW)):
        return
    for alarm in alarms.waiting(user)[:MOST]:
        yield _alarm(alarm)


def _alarm(alarm: Alarm) -> Task:
    level = dict(alarm_labels.LEVELS)[alarm.level]
    step = alarm_labels.STEP.get(alarm.step, alarm_labels.ACTION["close"])
    due = alarm.due_at or alarm.state_since
    at = f"{due.astimezone(clock.ZONE):%m-%d %H:%M}"
    if alarm.late and alarm.due_at is not None:
        otherwise = _("It was due at %(at)s; how late it is stays on record.") % {"at": at}
    elif alarm.due_at is not None:
        otherwise = _("If nothing is done, it is late after %(at)s and goes on to the next level.") % {"at": at}
    else:
        otherwise = _("An over-limit without a cause and a review stays open.")
    return Task(
        key="alarm",
        title=f"{alarm_labels.FAMILY[alarm.family]} · {alarm.location or alarm.mine.name}",
        url=reverse("alarms:alarm", args=[alarm.pk]),
        kind=_("%(level)s alarm · %(state)s") % {"level": level, "state": alarm.get_state_display()},
        where=alarm.mine.name,
        since=alarm.raised_at,
        due=clock.local_date(due),
        late=alarm.late,
        otherwise=otherwise,
        do=step,
        do_url=reverse("alarms:alarm", args=[alarm.pk]),
        number=alarm.number,
        at_once=alarm.cleared_at is None,
    )


# --- hazards --------------------------------------------------------------------------------------------------------


def _hazard_sums(user: User) -> dict[str, dict[date, int]]:
    """Act → day it is due → how many hazards wait for this user with it. One query."""
    rows = hazards.waiting_rows(user).order_by().values_list("state", "next_due_on").annotate(n=Count("id"))
    found: dict[str, dict[date, int]] = {}
    for state, due, n in rows:
        by_day = found.setdefault(hazards.NEXT[State(state)].value, {})
        by_day[due] = by_day.get(due, 0) + n
    return found


def _hazards(user: User, today: date, *, key: str, day: date | None, limit: int) -> list[Task]:
    actions = (Action(key),) if key else tuple(Action)
    rows = hazards.waiting_rows(user, actions=actions).select_related("site")
    if day is not None:
        rows = rows.filter(next_due_on=day)
    # A late one has its day behind it, so that the order by day is the order late first as well.
    found = rows.order_by("next_due_on", "id")[:limit]
    ladder = _ladder(today)
    return [_hazard(hazard, hazards.NEXT[State(hazard.state)].value, today, ladder) for hazard in found]


def _hazard(hazard: Any, action: str, today: date, ladder: Sequence[rules.Step]) -> Task:
    kind = labels.WAITS[action]
    if hazard.grade == Grade.MAJOR:
        kind = f"{GRADE[Grade.MAJOR]} · {kind}"
    return Task(
        key=action,
        title=hazard.description,
        url=reverse("hazards:hazard", args=[hazard.pk]),
        kind=kind,
        where=" · ".join(filter(None, [hazard.site.name, hazard.site.region_path])),
        since=hazard.state_since,
        due=hazard.next_due_on,
        late=hazard.late,
        otherwise=_otherwise(hazard.next_due_on, today, ladder),
        do=labels.DO[action],
        do_url=reverse("hazards:act", args=[hazard.pk, action]),
        number=hazard.number,
    )


def _ladder(today: date) -> list[rules.Step]:
    return [rules.Step(step.days, step.title) for step in standards.ladder(today)]


def _otherwise(due: date, today: date, ladder: Sequence[rules.Step]) -> str:
    """What happens if nobody does anything, said with its day."""
    step = rules.next_step(due, today, ladder)
    if step is None:
        return _("Every step of the ladder has been taken; each further day is counted.")
    words = {"day": f"{step[0]:%m-%d}", "step": step[1].words, "due": f"{due:%m-%d}"}
    if due >= today:
        return _("If nothing is done, it is late after %(due)s; %(day)s %(step)s") % words
    return _("If nothing is done: %(day)s %(step)s") % words


def _extension(extension: Any, today: date) -> Task:
    hazard = extension.hazard
    return Task(
        key="decide_extension",
        title=_("More time until %(day)s: %(reason)s")
        % {"day": extension.new_due_on.isoformat(), "reason": extension.reason},
        url=reverse("hazards:hazard", args=[hazard.pk]),
        kind=labels.WAITS["decide_extension"],
        where=" · ".join(filter(None, [hazard.site.name, hazard.description])),
        since=extension.asked_at,
        due=extension.old_due_on,
        late=extension.old_due_on < today,
        otherwise=_("If nobody decides, the present deadline %(day)s holds.")
        % {"day": extension.old_due_on.isoformat()},
        do=labels.DO["decide_extension"],
        do_url=reverse("hazards:act", args=[hazard.pk, "decide_extension"]),
        number=hazard.number,
    )


# --- visits ---------------------------------------------------------------------------------------------------------


def _may_visit(user: User) -> bool:
    return scope.may(user, Permission.INSPECTION_CONDUCT) or scope.may(user, Permission.INSPECTION_SELF)


def _visits(user: User, today: date) -> Iterator[Task]:
    """Visits this person is on: under way, or arranged for the next days."""
    if not _may_visit(user):
        return
    for visit in visits.waiting_for(user, today=today, days=SOON)[:MOST]:
        yield _visit(visit, today)


def _visit(visit: Inspection, today: date) -> Task:
    ongoing = visit.state == VisitState.ONGOING
    late = not ongoing and visit.due_on is not None and visit.due_on < today
    return Task(
        key="visit",
        title=visit.site.name,
        url=reverse("inspections:thing", args=[visit.pk]),
        kind=f"{visit_labels.KIND[visit.visit_kind]} · {visit_labels.STATE[visit.state]}",
        where=" · ".join(filter(None, [visit.site.region_path, visit.site.address])),
        since=visit.began_at or visit.made_at,
        due=None if ongoing else visit.due_on,
        late=late,
        otherwise=_("Without a finished record the visit counts for nothing.")
        if ongoing
        else _("A visit that is not made stays on the list, and the place counts as not inspected."),
        do=_("Go on with the visit") if ongoing else _("Begin the visit"),
        do_url=reverse("inspections:go" if ongoing else "inspections:thing", args=[visit.pk]),
        number=visit.number,
    )


def _planned(user: User, today: date) -> Iterator[Task]:
    """One card for all that plans still ask for in the coming days."""
    if not _may_visit(user):
        return
    rows = PlannedVisit.objects.visible_to(user).open().filter(visit__isnull=True)
    rows = rows.filter(due_on__lte=today + timedelta(days=SOON))
    found = rows.aggregate(n=Count("pk"), late=Count("pk", filter=Q(due_on__lt=today)), first=Min("due_on"))
    if not found["n"]:
        return
    words = {"n": found["n"], "late": found["late"]}
    title = ngettext("%(n)d planned visit is to be made", "%(n)d planned visits are to be made", found["n"]) % words
    yield Task(
        key="planned",
        title=title,
        url=reverse("inspections:due"),
        kind=labels.WAITS["planned"],
        where=_("%(late)d past their day") % words if found["late"] else _("within the next %(n)d days") % {"n": SOON},
        due=found["first"],
        late=bool(found["late"]),
        otherwise=_("What a plan asked for and nobody did counts against the plan."),
        do=_("Choose where to begin"),
        do_url=reverse("inspections:due"),
    )


# --- what is late below, for those who press and for those who only look ----------------------------------------------


def _regions(user: User, today: date) -> Iterator[Task]:
    """Readers who do not act see each region with lateness, and the major hazards that are open; an office one card."""
    only_looks = looks(user)
    if not (only_looks or (scope.may(user, Permission.FIGURES_READ) and scope.may(user, Permission.HAZARD_TRANSFER))):
        return
    tops = figures.tops(user, Permission.HAZARD_READ)
    if len(tops) != 1 or tops[0].level not in ("province", "city", "county"):
        return
    top = tops[0]
    late = [row for row in hazards.overdue_by_town(user, top, today=today) if row.n]
    ledger = reverse("hazards:ledger")
    ladder = _ladder(today)
    if not only_looks:
        # Who presses others (a county office) sees how many there are; the rest of their desk is their own work.
        if late:
            n, longest = sum(row.n for row in late), max(late, key=lambda row: row.longest)
            yield Task(
                key="region",
                title=ngettext("%(n)d hazard is late in %(region)s", "%(n)d hazards are late in %(region)s", n)
                % {"n": n, "region": top.name},
                url=reverse("hazards:overdue"),
                kind=labels.WAITS["region"],
                where=_("the longest %(days)d days, in %(region)s")
                % {"days": longest.longest, "region": longest.region.name},
                late=True,
                due=today - timedelta(days=longest.longest),
                otherwise=_otherwise(today - timedelta(days=longest.longest), today, ladder),
                do=_("See who has to be pressed"),
                do_url=reverse("hazards:overdue"),
            )
        return
    for row in late[:MOST_REGIONS]:
        oldest = today - timedelta(days=row.longest)
        yield Task(
            key="region",
            title=ngettext("%(n)d hazard is late in %(region)s", "%(n)d hazards are late in %(region)s", row.n)
            % {"n": row.n, "region": row.region.name},
            url=f"{ledger}?region={row.region.code}&late=1",
            kind=labels.WAITS["region"],
            where=_("%(unit)d wait for the unit, %(office)d for an office; %(major)d are major")
            % {"unit": row.with_unit, "office": row.with_office, "major": row.major},
            due=oldest,
            late=True,
            otherwise=_otherwise(oldest, today, ladder),
            do=_("Look at them"),
            do_url=f"{ledger}?region={row.region.code}&late=1",
        )
    filters = hazards.Filters(grades=[Grade.MAJOR.value], states=["open"])
    for hazard in hazards.ledger(user, filters).select_related("site").order_by("next_due_on", "id")[:MOST_REGIONS]:
        yield Task(
            key="major",
            title=hazard.description,
            url=reverse("hazards:hazard", args=[hazard.pk]),
            kind=f"{GRADE[Grade.MAJOR]} · {hazard.get_state_display()}",
            where=" · ".join(filter(None, [hazard.site.name, hazard.site.region_path])),
            since=hazard.state_since,
            due=hazard.next_due_on,
            late=hazard.late,
            otherwise=_otherwise(hazard.next_due_on, today, ladder),
            do=_("Look at it"),
            do_url=reverse("hazards:hazard", args=[hazard.pk]),
            number=hazard.number,
        )


def _gaps(user: User, now: datetime) -> Iterator[Task]:
    """Where nobody answers: for the office that keeps the chains."""
    if not scope.may(user, Permission.ORGANISATION_EDIT):
        return
    tops = figures.tops(user, Permission.ORGANISATION_EDIT)
    if len(tops) != 1:
        return
    found = organisations.gaps(tops[0], now, user=user)
    numbers = {"grids": found.grids.count(), "towns": found.towns.count(), "sites": found.sites}
    words = {
        "grids": ngettext("%(n)d grid has no member", "%(n)d grids have no member", numbers["grids"]),
        "towns": ngettext("%(n)d town has no safety officer", "%(n)d towns have no safety officer", numbers["towns"]),
        "sites": ngettext(
            "%(n)d place has no supervising department", "%(n)d places have no supervising department", numbers["sites"]
        ),
    }
    url = reverse("organisations:gaps")
    for key, n in numbers.items():
        if n:
            yield Task(
                key="gap",
                title=words[key] % {"n": n},
                url=url,
                kind=labels.WAITS["gap"],
                where=tops[0].name,
                otherwise=_("Reminders and calls for such a place reach nobody there."),
                do=_("Put somebody down"),
                do_url=url,
            )


# --- the house itself, for its administrators -------------------------------------------------------------------------


def _house(user: User, now: datetime) -> Iterator[Task]:
    if scope.may(user, Permission.SYSTEM_MANAGE):
        if scope.can(user, Permission.SYSTEM_MANAGE, on=HOUSE):
            yield from _machinery(now)
        yield from _undelivered(user)
    if scope.may(user, Permission.SECURITY_MANAGE):
        yield from _doors(user, now)
    if scope.may(user, Permission.AUDIT_READ):
        yield from _record(user, now)


def _own(title: str, url: str, **more: Any) -> Task:
    return Task(key="house", title=title, url=url, kind=labels.WAITS["house"], do_url=url, **more)


def _machinery(now: datetime) -> Iterator[Task]:
    state = jobs.figures(now=now)
    url = reverse("jobs:list")
    if not state["workers"]:
        yield _own(
            _("No worker is running"),
            url,
            late=True,
            otherwise=_("Deadlines, reminders and messages wait until one runs again; nothing is lost."),
            do=_("Look at the jobs"),
        )
    if state["failed"]:
        yield _own(
            ngettext("%(n)d job has failed", "%(n)d jobs have failed", state["failed"]) % {"n": state["failed"]},
            url,
            late=True,
            otherwise=_("What it was to do stays undone until somebody looks."),
            do=_("Look at them"),
        )
    if state["late"]:
        yield _own(
            ngettext("%(n)d job is behind its time", "%(n)d jobs are behind their time", state["late"])
            % {"n": state["late"]},
            url,
            otherwise=_("Reminders may come late."),
            do=_("Look at them"),
        )


def _undelivered(user: User) -> Iterator[Task]:
    if lost := notices.outbox(user, state=Delivery.State.FAILED).count():
        outbox = reverse("notices:outbox")
        yield _own(
            ngettext("%(n)d message could not be delivered", "%(n)d messages could not be delivered", lost)
            % {"n": lost},
            outbox,
            otherwise=_("The person sees it in the inbox only."),
            do=_("Look at the channel"),
        )


def _doors(user: User, now: datetime) -> Iterator[Task]:
    security = reverse("accounts:security")
    for attempt in accounts.locked_out(user, now=now)[:MOST_REGIONS]:
        yield _own(
            _("%(name)s is locked out") % {"name": attempt.username},
            security,
            since=attempt.attempt_time,
            late=True,
            otherwise=_(
                "The lock lifts by itself after some minutes; five wrong passwords may also be somebody else's."
            ),
            do=_("Look at it"),
        )
    grants = reverse("accounts:grants:list")
    ending = accounts.grants(user, now=now, state="now").filter(ends_at__lte=now + GRANTS_SOON).count()
    if ending:
        yield _own(
            ngettext("%(n)d grant ends within two weeks", "%(n)d grants end within two weeks", ending) % {"n": ending},
            grants,
            otherwise=_("From then on the person can do nothing there any more."),
            do=_("Look at the grants"),
        )
    if orphaned := accounts.grants(user, now=now, retired=True).count():
        yield _own(
            ngettext(
                "%(n)d grant is for a region that is no more", "%(n)d grants are for a region that is no more", orphaned
            )
            % {"n": orphaned},
            f"{grants}?retired=1",
            otherwise=_("It opens nothing; the person misses what replaced the region."),
            do=_("Look at the grants"),
        )
    without = accounts.people(user, now=now, without_role=True, state="open", kind=User.Kind.PERSON).count()
    if without:
        yield _own(
            ngettext("%(n)d account has no role yet", "%(n)d accounts have no role yet", without) % {"n": without},
            grants,
            otherwise=_("The person signs in and sees nothing."),
            do=_("Give them a role"),
        )


def _record(user: User, now: datetime) -> Iterator[Task]:
    url = reverse("audit:proofs")
    whole = scope.can(user, Permission.AUDIT_READ, on=HOUSE)
    sealed = sealing.last_sealed_at()
    if sealed is None or now - sealed > SEAL_OLD:
        yield _own(
            _("The trail has not been sealed lately") if sealed else _("The trail has never been sealed"),
            url,
            since=sealed,
            late=True,
            where=_("%(n)d rows are not sealed yet") % {"n": sealing.unsealed_rows()} if whole else "",
            otherwise=_("Until it is sealed, whoever owns the database could rewrite its end unseen."),
            do=_("Look at the seals"),
        )
    proof = trail.proofs().exclude(done_at=None).first()
    if proof is not None and proof.state == proof.State.BROKEN:
        yield _own(
            _("The last proof found the trail broken"),
            reverse("audit:proof", args=[proof.pk]),
            since=proof.done_at,
            late=True,
            otherwise=_("Somebody changed the record; find out who, before it is changed again."),
            do=_("See what is broken"),
        )
    elif proof is None or (proof.done_at is not None and now - proof.done_at > PROOF_OLD):
        yield _own(
            _("The trail has not been proved for a week") if proof else _("The trail has never been proved"),
            url,
            since=proof.done_at if proof else None,
            otherwise=_("A change by hand would stay unnoticed."),
            do=_("Prove it now"),
        )


# --- the week ahead -------------------------------------------------------------------------------------------------


def _week(today: date, sums: dict[str, dict[date, int]], tasks: Sequence[Task]) -> list[Day]:
    """How much ends on each of the next seven days; hazards are counted whole, of the rest what the cards hold."""
    days = []
    for day in rules.week(today):
        others = sum(task.due == day and task.key not in sums for task in tasks)
        n = sum(by.get(day, 0) for by in sums.values()) + others
        days.append(Day(day, n, [task for task in tasks if task.due == day][:3]))
    return days
