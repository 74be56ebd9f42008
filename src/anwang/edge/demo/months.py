"""Ten months of work, day by day on a simulated calendar, through the same services that people use.

Every hazard walks its own road: most in time, some late, some sent back, some still open today. What is due rings at
its own moment, because the jobs of each simulated day are done on that day.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from django.db import transaction

from anwang.edge.demo import pictures, texts
from anwang.edge.demo.county.specs import CountySpec, SiteSpec
from anwang.edge.demo.people import Cast
from anwang.edge.demo.registers import Placed
from anwang.edge.demo.texts import HazardText
from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.files import services as files
from anwang.ground.jobs import services as jobs
from anwang.kernel import clock
from anwang.kernel.ids import new_ulid
from anwang.registers.standards import selectors as standards
from anwang.work.hazards import services as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import Source
from anwang.work.inspections import services as inspections

# How hazards are found in a county, in parts of a hundred.
SOURCES: tuple[tuple[Source, int], ...] = (
    (Source.GRID, 34),
    (Source.GOVERNMENT, 24),
    (Source.SELF_CHECK, 16),
    (Source.EXPERT, 8),
    (Source.JOINT, 7),
    (Source.HOUSEHOLD, 6),
    (Source.UNANNOUNCED, 4),
    (Source.TIP, 1),
)
CAMPAIGNS = {
    "highrise": "高层建筑六查",
    "elderly": "养老机构联合检查",
    "gas": "燃气安全排查",
    "coal": "八条硬措施",
    "forest": "森林防火",
}
KEEP_MESSAGES = 40
"""Days back from today for which people still have their messages; older ones nobody would scroll to."""
VISITS = {
    Source.GOVERNMENT: "government",
    Source.EXPERT: "expert",
    Source.JOINT: "joint",
    Source.UNANNOUNCED: "unannounced",
    Source.GRID: "patrol",
    Source.HOUSEHOLD: "household",
    Source.SELF_CHECK: "self_check",
}
WITH_RECORD = 0.3
"""Share of hazards whose visit has a full record; the others came in by telephone, list or passing by."""
CLEAN_VISITS = 0.12
"""Visits without a finding, as a share of the hazards: every check leaves a trace."""
MESSAGES = ("hazards.announce", "hazards.remind")
MAJORS = 9
"""Major hazards in ten months: a handful."""


Act = Callable[[datetime], object]
"""What happens at a moment; whether it could be done does not matter to the calendar."""


@dataclass(slots=True)
class Calendar:
    """The simulated months. ``total`` hazards, spread over the working days from ``begins`` to ``now``."""

    spec: CountySpec
    placed: Placed
    cast: Cast
    begins: date
    now: datetime
    total: int
    rng: Random
    step: Callable[[int], None]
    _events: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def run(self) -> None:
        self._plan()
        day = self.begins
        while day <= clock.local_date(self.now):
            with transaction.atomic(), standards.held():
                self._day(day)
            day = clock.add_days(day, 1)

    # --- the calendar itself ----------------------------------------------------------------------------------

    def _plan(self) -> None:
        """When each hazard is found: working days mostly, more of them in the months of campaigns."""
        days = [clock.add_days(self.begins, n) for n in range((clock.local_date(self.now) - self.begins).days + 1)]
        weights = [
            (1.0 if clock.is_working_day(day)[0] else 0.08) * (1.5 if day.month in (6, 11) else 1.0) for day in days
        ]
        found = sorted(self.rng.choices(days, weights, k=self.total))
        majors = set(self.rng.sample(range(self.total), MAJORS)) | {self.total - 3}
        for n, day in enumerate(found):
            moment = clock.start_of_day(day) + timedelta(hours=8, minutes=self.rng.randint(20, 590))
            road = self._major if n in majors else self._general
            self._at(moment, road)
            if self.rng.random() < CLEAN_VISITS:
                self._at(moment + timedelta(minutes=7), self._clean)

    def _at(self, moment: datetime, act: Act) -> None:
        if moment < self.now:
            heapq.heappush(self._events, (moment, next(self._order), act))

    def _day(self, day: date) -> None:
        """What people do on this day, in its order, and in between what the house does by itself."""
        end = min(clock.end_of_day(day), self.now)
        old = day < clock.add_days(clock.local_date(self.now), -KEEP_MESSAGES)
        for hour in (9, 13, 18, 24):
            until = min(clock.start_of_day(day) + timedelta(hours=hour), end)
            with audit.gathered():
                self._until(until)
            if old:
                jobs.drop(MESSAGES, now=until)
            jobs.run_due(now=until, limit=5000)

    def _until(self, moment: datetime) -> None:
        while self._events and self._events[0][0] <= moment:
            at, _, act = heapq.heappop(self._events)
            act(at)

    def _later(self, moment: datetime, days: float, act: Act) -> None:
        """``days`` later, in working hours."""
        due = moment + timedelta(days=days)
        local = clock.start_of_day(clock.local_date(due)) + timedelta(hours=9, minutes=self.rng.randint(0, 480))
        self._at(max(local, moment + timedelta(minutes=20)), act)

    # --- roads ------------------------------------------------------------------------------------------------

    def _general(self, at: datetime) -> None:
        site, text = self._where("general")
        source = self._source(site)
        finder = self._finder(site, source)
        on_spot = text.days == 0 and source is not Source.SELF_CHECK
        hazard = self._report(at, site, text, source, finder, photo=on_spot or self.rng.random() < 0.15)
        self.step(1)
        if on_spot:
            owner = next((p.name for p in self.spec.people if p.key == (site.manager or site.owner)), site.name[:10])
            after = at + timedelta(minutes=self.rng.randint(5, 40))
            shot = self._photo(hazard, finder, after, fixed=True)
            hazards.fix_on_spot(
                hazard_id=hazard.pk,
                by=finder,
                now=after,
                fixed_by_name=owner,
                note=texts.phrase(self.rng, "on_the_spot"),
                photos=[shot],
            )
            return
        office = self.cast.inspector(site.domain) if source is not Source.GRID else self.cast.towns[site.town]
        if self.rng.random() < 0.012:
            reason = texts.phrase(self.rng, "cancel_reasons")
            self._later(at, 1, lambda now: self._do(hazards.cancel, hazard, office, now, note=reason))
            return
        self._later(at, self.rng.choice((0.05, 0.1, 1)), lambda now: self._order_it(hazard, site, text, office, now))

    def _clean(self, at: datetime) -> None:
        """Looked at, and nothing was wrong."""
        site = self.rng.choices(self.spec.sites, self._weights(), k=1)[0]
        source = self._source(site)
        if source in VISITS:
            self._visit(at, site, source, self._finder(site, source))

    def _order_it(self, hazard: Hazard, site: SiteSpec, text: HazardText, office: User, at: datetime) -> None:
        note = texts.phrase(self.rng, "grade_notes", "general")
        if not self._do(hazards.grade, hazard, office, at, note=note, standard_urn=text.basis, basis=text.basis_words):
            return
        days = max(text.days, 2) + self.rng.randint(0, 2)
        due = clock.add_days(clock.local_date(at), days)
        after = at + timedelta(minutes=10)
        if not self._do(hazards.assign, hazard, office, after, due_on=due, measures=text.measure):
            return
        unit = self.cast.units.get(site.organisation) or self._member(site)
        fate = self.rng.random()
        if fate < 0.03 and days >= 5:
            self._later(after, days * 0.6, lambda now: self._ask_more(hazard, unit, office, due, now))
        # In time, mostly; about one in twelve late; a few not at all yet.
        if fate < 0.90:
            wait = self.rng.uniform(0.3, 0.95) * days
        elif fate < 0.985:
            wait = days + self.rng.choice((1.2, 2.2, 4.2, 6.2, 9.2))
        else:
            wait = days + self.rng.uniform(16, 60)
        self._later(after, wait, lambda now: self._submit(hazard, site, unit, office, now))

    def _submit(self, hazard: Hazard, site: SiteSpec, unit: User, office: User, at: datetime) -> None:
        person = next((p for p in self.spec.people if p.key == site.manager), None)
        name = person.name if person else unit.name
        shot = self._photo(hazard, unit, at, fixed=True)
        self._do(
            hazards.plan,
            hazard,
            unit,
            at,
            person=name,
            phone=person.phone if person else "",
            measures=texts.phrase(self.rng, "rectification_notes", person=name),
        )
        words = texts.phrase(self.rng, "rectification_notes", person=name)
        if not self._do(hazards.submit, hazard, unit, at + timedelta(minutes=15), note=words, photos=[shot]):
            return
        checker = office if office.pk != unit.pk else self.cast.second
        wait = self.rng.choice((0.1, 1, 1, 2, 3, 4, 11)) if self.rng.random() < 0.97 else 40
        if self.rng.random() < 0.045:
            reason = texts.phrase(self.rng, "return_reasons")

            def back(now: datetime) -> None:
                if self._do(hazards.send_back, hazard, checker, now, note=reason):
                    self._later(now, 2, lambda then: self._submit(hazard, site, unit, office, then))

            self._later(at, wait, back)
            return
        note = texts.phrase(self.rng, "verify_notes")
        self._later(at, wait, lambda now: self._do(hazards.accept, hazard, checker, now, note=note))

    def _ask_more(self, hazard: Hazard, unit: User, office: User, due: date, at: datetime) -> None:
        words = self.rng.choice(list(texts.phrases("extension_reasons")))
        if not self._do(
            hazards.ask_extension,
            hazard,
            unit,
            at,
            new_due_on=clock.add_days(due, words["days"]),
            reason=words["reason"],
            interim=words["interim"],
        ):
            return
        grant = self.rng.random() < 0.75
        note = texts.phrase(self.rng, "extension_answers", "grant" if grant else "refuse")

        def decide(now: datetime) -> None:
            asked = hazard.extensions.filter(state="asked").first()
            if asked is not None:
                hazards.decide_extension(extension_id=asked.pk, grant=grant, by=office, now=now, note=note)

        self._later(at, 0.2, decide)

    def _major(self, at: datetime) -> None:
        site, text = self._where("major")
        day = clock.local_date(at)
        urn = next((urn for urn in text.criteria if standards.is_major(urn, day)), "")
        if not urn:
            self._general(at)
            return
        inspector = self.cast.inspector(site.domain)
        hazard = self._report(at, site, text, Source.GOVERNMENT, inspector, photo=True)
        self.step(1)
        note = texts.phrase(self.rng, "grade_notes", "major")
        self._do(hazards.propose_major, hazard, inspector, at + timedelta(minutes=30), standard_urn=urn, note=note)
        self._later(at, 1, lambda now: self._confirm(hazard, site, text, inspector, now))

    def _confirm(self, hazard: Hazard, site: SiteSpec, text: HazardText, inspector: User, at: datetime) -> None:
        note = texts.phrase(self.rng, "grade_notes", "confirm")
        if not self._do(hazards.confirm_major, hazard, self.cast.office, at, note=note):
            return
        due = clock.add_days(clock.local_date(at), max(text.days, 30))
        after = at + timedelta(minutes=30)
        self._do(hazards.assign, hazard, inspector, after, due_on=due, measures=text.measure)
        unit = self.cast.units.get(site.organisation) or self._member(site)
        person = next((p for p in self.spec.people if p.key == (site.owner or site.manager)), None)
        funds = self.rng.choice(list(texts.phrases("fixings", "funds")))
        self._do(
            hazards.plan,
            hazard,
            unit,
            after + timedelta(hours=2),
            person=person.name if person else unit.name,
            phone=person.phone if person else "15400000000",
            measures=texts.phrase(self.rng, "fixings", "measures"),
            funds=f"{funds['amount'] / 10000:g} 万元，{funds['source']}",
            emergency_plan=texts.phrase(self.rng, "fixings", "plan"),
        )
        self._do(hazards.start, hazard, unit, after + timedelta(hours=3))
        wait = self.rng.uniform(0.5, 1.15) * max(text.days, 30)

        def done(now: datetime) -> None:
            shot = self._photo(hazard, unit, now, fixed=True)
            words = texts.phrase(self.rng, "rectification_notes", person=person.name if person else "负责人")
            if self._do(hazards.submit, hazard, unit, now, note=words, photos=[shot]):
                self._later(now, 3, lambda then: self._do(hazards.verify, hazard, inspector, then, note="现场复查合格"))
                self._later(
                    now, 5, lambda then: self._do(hazards.close, hazard, self.cast.office, then, note="两人验收合格")
                )

        self._later(after, wait, done)

    # --- small things -----------------------------------------------------------------------------------------

    def _do(self, verb: Callable[..., object], hazard: Hazard, by: User, now: datetime, **more: object) -> bool:
        """Do it if it can still be done on that day (others may have acted, a deadline may have passed)."""
        try:
            with transaction.atomic(), audit.gathered():
                verb(hazard_id=hazard.pk, by=by, now=now, **more)
        except Refused:
            return False
        return True

    def _where(self, grade: str) -> tuple[SiteSpec, HazardText]:
        """A site and what may be wrong there; the dangerous and the busy ones more often."""
        for _ in range(200):
            site = self.rng.choices(self.spec.sites, self._weights(), k=1)[0]
            fitting = texts.possible(site, grade)  # type: ignore[arg-type]
            if fitting:
                return site, self.rng.choice(fitting)
        raise ValueError(f"no {grade} hazard fits any site")

    def _weights(self) -> list[float]:
        high = {"coal": 7.0, "mine": 5.0, "hazchem": 3.0, "highrise": 3.0, "elderly": 3.0, "gas": 2.0}
        return [
            high.get(site.domain, 1.0) * (1.6 if site.supervision_class in ("A", "B") else 1.0)
            for site in self.spec.sites
        ]

    def _source(self, site: SiteSpec) -> Source:
        source = self.rng.choices([one for one, _ in SOURCES], [part for _, part in SOURCES], k=1)[0]
        if source is Source.SELF_CHECK and site.organisation not in self.cast.units:
            return Source.GRID
        return source

    def _finder(self, site: SiteSpec, source: Source) -> User:
        if source in (Source.GRID, Source.HOUSEHOLD, Source.TIP):
            return self._member(site)
        if source is Source.SELF_CHECK:
            return self.cast.units[site.organisation]
        if source is Source.EXPERT:
            return self.cast.expert
        return self.cast.inspector(site.domain)

    def _member(self, site: SiteSpec) -> User:
        return self.cast.members.get(site.grid) or self.cast.towns[site.town]

    def _report(
        self, at: datetime, site: SiteSpec, text: HazardText, source: Source, finder: User, *, photo: bool
    ) -> Hazard:
        words = texts.written(text, self.rng, site.kind)
        if source in VISITS and self.rng.random() < WITH_RECORD:
            found = self._visit(at, site, source, finder, words, text)
            if found is not None:
                return found
        shots = [self._shoot(words, finder, at, site, fixed=False)] if photo else []
        return hazards.report(
            site_id=self.placed.sites[site.key].pk,
            description=words,
            source=source,
            found_at=at,
            by=finder,
            now=at,
            campaign=CAMPAIGNS.get(site.domain, "") if self.rng.random() < 0.5 else "",
            basis=text.basis_words,
            photos=shots,
        )

    def _visit(
        self,
        at: datetime,
        site: SiteSpec,
        source: Source,
        finder: User,
        words: str = "",
        text: HazardText | None = None,
    ) -> Hazard | None:
        """A visit with its record: who was there, what was found (if anything), signed at the end."""
        manager = next((p.name for p in self.spec.people if p.key == (site.manager or site.owner)), "负责人")
        official = source in (Source.GOVERNMENT, Source.JOINT, Source.UNANNOUNCED)
        opinions = "grid" if source in (Source.GRID, Source.HOUSEHOLD) else "government"
        try:
            with transaction.atomic(), audit.gathered():
                visit = inspections.begin(
                    inspection_id=new_ulid(at),
                    site_id=self.placed.sites[site.key].pk,
                    visit_kind=VISITS[source],
                    by=finder,
                    now=at,
                )
                if official:
                    second = self.cast.second if finder.pk != self.cast.second.pk else self.cast.inspector("fire")
                    inspections.join(inspection_id=visit.pk, user_id=second.pk, by=finder, now=at)
                hazard_id = ""
                if text is not None:
                    shots = [self._shoot(words, finder, at, site, fixed=False)]
                    found = inspections.add_finding(
                        inspection_id=visit.pk,
                        description=words,
                        photos=shots,
                        basis=text.basis_words,
                        by=finder,
                        now=at,
                    )
                    hazard_id = found.hazard_id
                done = at + timedelta(minutes=self.rng.randint(25, 110))
                inspections.finish(
                    inspection_id=visit.pk,
                    by=finder,
                    now=min(done, self.now),
                    certificate_shown=official or None,
                    host_name=manager,
                    sign_refused="现场已签纸质记录",
                    opinion=texts.phrase(self.rng, "unit_opinions")
                    if text
                    else texts.phrase(self.rng, "inspection_opinions", opinions),
                )
        except Refused:
            return None
        return Hazard.objects.get(pk=hazard_id) if hazard_id else None

    def _photo(self, hazard: Hazard, by: User, at: datetime, *, fixed: bool) -> str:
        site = next(one for one in self.spec.sites if self.placed.sites[one.key].pk == hazard.site_id)
        return self._shoot(hazard.description, by, at, site, fixed=fixed)

    def _shoot(self, words: str, by: User, at: datetime, site: SiteSpec, *, fixed: bool) -> str:
        near = (site.lon + self.rng.uniform(-4e-4, 4e-4), site.lat + self.rng.uniform(-4e-4, 4e-4))
        shot = files.upload(
            data=pictures.photo(self.rng, words, fixed=fixed),
            name="photo.jpg",
            by=by,
            now=at,
            lon=near[0],
            lat=near[1],
            taken_at=at - timedelta(minutes=1) if fixed else at,
            device="演示手机",
        )
        return str(shot.pk)
