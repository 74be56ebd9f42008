"""Reads: which checklist fits a place, what a version asks, what was answered."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery

from anwang.ground.base.domains import Domain
from anwang.registers.standards import selectors as standards
from anwang.work.checklists import models, rules
from anwang.work.checklists.models import Checklist, ChecklistVersion, Filled, Item, Section
from anwang.work.checklists.rules import Definition, State

_lock = threading.Lock()
_known: OrderedDict[str, Definition] = OrderedDict()
_KEEP = 200


def chinese() -> bool:
    """Does the reader of this request read Chinese?"""
    return models.chinese()


def definition(version: ChecklistVersion) -> Definition:
    """What a version asks. Versions that are no drafts never change and are remembered by this process."""
    if version.state != State.DRAFT and (found := _known.get(version.pk)) is not None:
        return found
    items: dict[str, list[rules.Item]] = {}
    for item in Item.objects.filter(version=version).order_by("position"):
        items.setdefault(item.section_id, []).append(item.as_rule())
    said = Definition(
        key=version.checklist.key,
        version=version.number,
        title_zh=version.title_zh,
        title_en=version.title_en,
        domain=version.domain,
        also_domains=tuple(version.also_domains),
        site_kinds=tuple(version.site_kinds),
        note_zh=version.note_zh,
        note_en=version.note_en,
        source=version.source,
        confidence=version.confidence,
        complete=version.complete,
        scoring=rules.read_scoring(version.scoring) if version.scoring else None,
        sections=tuple(
            rules.Section(each.code, each.title_zh, each.title_en, each.department, tuple(items.get(each.pk, ())))
            for each in Section.objects.filter(version=version).order_by("position")
        ),
    )
    if version.state != State.DRAFT:
        with _lock:
            _known[version.pk] = said
            while len(_known) > _KEEP:
                _known.popitem(last=False)
    return said


def problem(said: Definition) -> tuple[str, str]:
    """The first thing that speaks against publishing: a key and where, both "" if nothing does."""
    try:
        rules.check(said)
    except rules.DefinitionError as error:
        return error.key, error.where.removeprefix(said.key).strip()
    return "", ""


# --- which one ----------------------------------------------------------------------------------------------------


def published(key: str) -> ChecklistVersion:
    """The published version of a checklist. Raises ChecklistVersion.DoesNotExist."""
    return ChecklistVersion.objects.published().select_related("checklist").get(checklist__key=key)


def fitting(*, site_kind: str = "", domains: Iterable[str] = ()) -> list[ChecklistVersion]:
    """Published checklists for a place: those made for its kind first, then those of its domains that fit any kind.

    Without a kind: all of these domains; without both: all.
    """
    asked = set(domains)
    found: list[tuple[int, ChecklistVersion]] = []
    for version in ChecklistVersion.objects.published().select_related("checklist").order_by("domain", "title_zh"):
        own = {version.domain, *version.also_domains}
        if site_kind and site_kind in version.site_kinds:
            rank = 0 if version.domain in asked or not asked else 1
        elif (not site_kind or not version.site_kinds) and (not asked or own & asked):
            rank = 2
        else:
            continue
        found.append((rank, version))
    return [version for _rank, version in sorted(found, key=lambda pair: (pair[0], pair[1].title_zh))]


# --- filled ones (whoever asks has decided by its own rows that the person may see them) ------------------------------


def filled_for(origin_kind: str, origin_id: str) -> list[Filled]:
    """What was filled for a visit or another thing, oldest first."""
    rows = Filled.objects.filter(origin_kind=origin_kind, origin_id=origin_id)
    return list(rows.select_related("version__checklist").order_by("opened_at"))


def answers(filled: Filled) -> dict[str, rules.Answer]:
    return rules.read_answers(filled.answers)


def findings(filled: Filled, *, sections: Iterable[str] = ()) -> list[rules.Finding]:
    """A proposal for every failed item of a filled checklist."""
    return rules.findings(definition(filled.version), answers(filled), sections=sections)


def result(filled: Filled, *, sections: Iterable[str] = ()) -> rules.Result:
    return rules.result(definition(filled.version), answers(filled), sections=sections)


@dataclass(frozen=True, slots=True)
class Asked:
    """An item as a screen shows it: the question, whether it is open now, and what was answered."""

    item: rules.Item
    open: bool
    answer: rules.Answer
    failed: bool
    problem: str

    @property
    def when_json(self) -> dict[str, list[str]]:
        """The conditions for a screen that opens and closes items by itself."""
        return {code: list(wanted) for code, wanted in self.item.when.items()}


@dataclass(frozen=True, slots=True)
class AskedSection:
    section: rules.Section
    items: list[Asked]
    done: int
    open: int


def asked(
    said: Definition,
    given: rules.Answers,
    *,
    problems: Iterable[rules.Problem] = (),
    sections: Iterable[str] = (),
) -> list[AskedSection]:
    """The whole form, section by section, closed items included (a screen may open them without asking again)."""
    open_ = {item.code for item in rules.visible_items(said, given)}
    wrong = {each.code: each.key for each in problems}
    only = set(sections)
    found = []
    for section in said.sections:
        if only and section.code not in only:
            continue
        items = []
        for item in section.items:
            answer = given.get(item.code, rules.Answer())
            items.append(
                Asked(item, item.code in open_, answer, rules.is_failed(item, answer), wrong.get(item.code, ""))
            )
        shown = [each for each in items if each.open]
        found.append(AskedSection(section, items, sum(rules.answered(each.answer) for each in shown), len(shown)))
    return found


# --- for screens --------------------------------------------------------------------------------------------------


def heads(user: Any) -> QuerySet[ChecklistVersion]:
    """One version of each checklist for a list: the published one, else the newest the person may see."""
    newest = (
        ChecklistVersion.objects.visible_to(user)
        .filter(checklist=OuterRef("checklist"))
        .exclude(state=State.DISCARDED)
        .order_by(_published_first(), "-number")
        .values("pk")[:1]
    )
    return (
        ChecklistVersion.objects.visible_to(user)
        .filter(pk=Subquery(newest))
        .select_related("checklist")
        .annotate(item_count=Count("items", distinct=True))
    )


def _published_first() -> Any:
    from django.db.models import Case, IntegerField, Value, When

    return Case(When(state=State.PUBLISHED, then=Value(0)), default=Value(1), output_field=IntegerField())


def find(
    user: Any, *, text: str = "", domains: Iterable[str] = (), retired: bool = False, gaps: bool = False
) -> QuerySet[ChecklistVersion]:
    found = heads(user)
    for word in text.split():
        found = found.filter(
            Q(title_zh__icontains=word) | Q(title_en__icontains=word) | Q(checklist__key__icontains=word)
        )
    if chosen := [each for each in domains if each in Domain.values]:
        found = found.filter(domain__in=chosen)
    if gaps:
        found = found.filter(complete=False)
    return found.filter(checklist__retired_at__isnull=not retired)


def version(user: Any, version_id: str) -> ChecklistVersion:
    """Raises ChecklistVersion.DoesNotExist for a version that is not there or not to be seen."""
    return (
        ChecklistVersion.objects.visible_to(user)
        .select_related("checklist", "made_by", "published_by")
        .get(pk=version_id)
    )


def versions(user: Any, checklist: Checklist) -> list[ChecklistVersion]:
    """Every version the person may see, newest first, with how often it was filled."""
    rows = ChecklistVersion.objects.visible_to(user).filter(checklist=checklist)
    return list(
        rows.select_related("made_by", "published_by").annotate(filled_count=Count("filled")).order_by("-number")
    )


def basis_words(urns: Iterable[str]) -> dict[str, str]:
    """What basis and criterion urns are called; a urn nobody knows stays as it is."""
    wanted = set(filter(None, urns))
    return {urn: (found.title() if (found := standards.newest(urn)) else urn) for urn in wanted}


def used(version_: ChecklistVersion) -> int:
    return Filled.objects.filter(version=version_).count()


def with_sections(rows: QuerySet[ChecklistVersion]) -> QuerySet[ChecklistVersion]:
    return rows.prefetch_related(Prefetch("sections", queryset=Section.objects.order_by("position")))


def differences(before: Definition, after: Definition) -> Mapping[str, list[str]]:
    """Codes of items that were added, removed or changed between two versions."""
    old = {item.code: item for item in before.items()}
    new = {item.code: item for item in after.items()}
    return {
        "added": [code for code in new if code not in old],
        "removed": [code for code in old if code not in new],
        "changed": [code for code, item in new.items() if code in old and old[code] != item],
    }
