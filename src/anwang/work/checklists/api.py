"""Checklists through the API: what is published, what it asks, what answers come to; drafting for those who keep them.

Filled ones are read and written through the room they were filled for (a visit), which knows who may see them.
"""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.work.checklists import rules, selectors, services
from anwang.work.checklists.models import ChecklistVersion
from anwang.work.checklists.rules import Definition

router = Router(tags=["checklists"])

Word = Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
Code = Annotated[str, Field(max_length=20, pattern=r"^[\w.\-]*$")]
Key = Annotated[str, Field(max_length=26, pattern=r"^[0-9A-Z]*$")]


class OptionIO(Schema):
    value: Word
    zh: Word
    en: Word = ""


class ItemIO(Schema):
    """One question; the fields are those of the domain page of checklists."""

    code: Code = ""
    text_zh: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]
    text_en: Annotated[str, Field(max_length=400, pattern=r"^[^\x00]*$")] = ""
    answer: Word = rules.Kind.CHECK
    options: Annotated[list[OptionIO], Field(max_length=50)] = []
    when: dict[Code, list[Word]] = {}
    max: Annotated[int, Field(ge=0, le=1000)] | None = None
    low: float | None = None
    high: float | None = None
    unit: Annotated[str, Field(max_length=20, pattern=r"^[^\x00]*$")] = ""
    bounds_fail: bool = True
    required: bool = True
    photo: bool = False
    spot: bool = False
    veto_at: Annotated[int, Field(ge=0, le=1000)] | None = None
    fail_zh: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""
    grade: Word = rules.Grade.GENERAL
    level: Annotated[str, Field(max_length=8, pattern=r"^[^\x00]*$")] = ""
    criterion: Word = ""
    basis: Annotated[list[Word], Field(max_length=20)] = []


class SectionOut(Schema):
    code: str
    title_zh: str
    title_en: str
    department: str
    items: list[ItemIO]


class VersionOut(Schema):
    id: str
    checklist_id: str
    key: str
    number: int
    state: str
    local: bool
    title_zh: str
    title_en: str
    domain: str
    also_domains: list[str]
    site_kinds: list[str]
    note_zh: str
    note_en: str
    complete: bool
    scoring: dict[str, Any] | None
    published_at: datetime | None
    reason: str

    @staticmethod
    def resolve_key(row: ChecklistVersion) -> str:
        return row.checklist.key


class VersionsOut(Schema):
    items: list[VersionOut]
    next: str


class WholeOut(Schema):
    version: VersionOut
    sections: list[SectionOut]


class Asked(Schema):
    text: Word = ""
    domain: Word = ""
    after: Annotated[str, Field(max_length=2000)] = ""
    size: Annotated[int, Field(ge=1, le=500)] = keyset.SIZE


class EvaluateIn(Schema):
    """``answers``: item code → answer, or {value, note, description, photos}."""

    answers: dict[Code, Any]
    finished: bool = False


class ProblemOut(Schema):
    code: str
    key: str


class FindingOut(Schema):
    code: str
    section: str
    department: str
    description: str
    note: str
    grade: str
    level: str
    criterion: str
    basis: list[str]
    photo_required: bool
    photos: list[str]
    on_spot: bool
    lost: int
    urgent: bool


class EvaluateOut(Schema):
    open: list[str]
    problems: list[ProblemOut]
    findings: list[FindingOut]
    result: dict[str, Any]


class MakeIn(Schema):
    key: Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9\-]*$")]
    title_zh: Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]
    title_en: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    domain: Word
    site_kinds: Annotated[list[Word], Field(max_length=60)] = []
    id: Key = ""


class SectionIn(Schema):
    code: Code
    title_zh: Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]
    title_en: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    department: Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")] = ""
    instead_of: Code = ""


class ItemIn(Schema):
    section: Code
    item: ItemIO
    instead_of: Code = ""


class ReasonIn(Schema):
    reason: Text = ""


def _user(request: HttpRequest) -> Any:
    return request.user


def _whole(row: ChecklistVersion) -> dict[str, Any]:
    said = selectors.definition(row)
    return {"version": row, "sections": [_section(each) for each in said.sections]}


def _section(section: rules.Section) -> dict[str, Any]:
    return {
        "code": section.code,
        "title_zh": section.title_zh,
        "title_en": section.title_en,
        "department": section.department,
        "items": [_item(item) for item in section.items],
    }


def _item(item: rules.Item) -> dict[str, Any]:
    said = {name: getattr(item, name) for name in rules.Item.__slots__}
    said["options"] = [{"value": each.value, "zh": each.zh, "en": each.en} for each in item.options]
    said["when"] = {code: list(wanted) for code, wanted in item.when.items()}
    return said | {"basis": list(item.basis)}


@router.get("", response=VersionsOut, summary="One version of each checklist: the published one first")
def search(request: HttpRequest, asked: Query[Asked]) -> Any:
    rows = selectors.find(request.user, text=asked.text, domains=[asked.domain] if asked.domain else ())
    return keyset.page(rows, order=("domain", "title_zh", "id"), after=asked.after, size=asked.size)


@router.get("/fitting", response=list[VersionOut], summary="Published checklists that fit a place")
def fitting(request: HttpRequest, site_kind: Word = "", domain: Word = "") -> list[ChecklistVersion]:
    require(request.user, Permission.CHECKLIST_READ)
    return selectors.fitting(site_kind=site_kind, domains=[domain] if domain else ())


@router.post("", response=WholeOut, summary="Make a checklist, as an empty draft")
def make(request: HttpRequest, asked: MakeIn) -> Any:
    return _whole(services.make(by=_user(request), now=timezone.now(), **asked.dict()))


@router.get("/{version_id}", response=WholeOut, summary="One version with everything it asks")
def one(request: HttpRequest, version_id: Key) -> Any:
    return _whole(selectors.version(request.user, version_id))


@router.post("/{version_id}/evaluate", response=EvaluateOut, summary="What answers come to; nothing is kept")
def evaluate(request: HttpRequest, version_id: Key, asked: EvaluateIn) -> dict[str, Any]:
    said: Definition = selectors.definition(selectors.version(request.user, version_id))
    given = rules.read_answers(asked.answers)
    return {
        "open": [item.code for item in rules.visible_items(said, given)],
        "problems": rules.problems(said, given, finished=asked.finished),
        "findings": rules.findings(said, given),
        "result": rules.result(said, given).as_json(),
    }


@router.post("/{version_id}/draft", response=WholeOut, summary="Start or take up the draft of the next version")
def draft(request: HttpRequest, version_id: Key) -> Any:
    row = selectors.version(request.user, version_id)
    return _whole(services.start_draft(checklist_id=row.checklist_id, by=_user(request), now=timezone.now()))


@router.post("/{version_id}/sections", response=WholeOut, summary="Put a section into a draft")
def put_section(request: HttpRequest, version_id: Key, asked: SectionIn) -> Any:
    section = rules.Section(asked.code, asked.title_zh, asked.title_en, asked.department)
    return _whole(
        services.put_section(
            version_id=version_id, section=section, instead_of=asked.instead_of, by=_user(request), now=timezone.now()
        )
    )


@router.post("/{version_id}/sections/{code}/remove", response=WholeOut, summary="Remove an empty section of a draft")
def remove_section(request: HttpRequest, version_id: Key, code: Code) -> Any:
    return _whole(services.remove_section(version_id=version_id, code=code, by=_user(request), now=timezone.now()))


@router.post("/{version_id}/items", response=WholeOut, summary="Put an item into a draft")
def put_item(request: HttpRequest, version_id: Key, asked: ItemIn) -> Any:
    said = asked.item.dict()
    try:
        item = rules.Item(
            **said
            | {
                "options": tuple(rules.Option(**each) for each in said["options"]),
                "when": rules.conditions(said["when"]),
                "basis": tuple(said["basis"]),
            }
        )
    except (TypeError, ValueError) as error:
        raise Refused("checklists.item_wrong", where=asked.item.code) from error
    return _whole(
        services.put_item(
            version_id=version_id,
            section=asked.section,
            item=item,
            instead_of=asked.instead_of,
            by=_user(request),
            now=timezone.now(),
        )
    )


@router.post("/{version_id}/items/{code}/remove", response=WholeOut, summary="Remove an item of a draft")
def remove_item(request: HttpRequest, version_id: Key, code: Code) -> Any:
    return _whole(services.remove_item(version_id=version_id, code=code, by=_user(request), now=timezone.now()))


@router.post("/{version_id}/publish", response=WholeOut, summary="Publish a draft, or adopt an offered version")
def publish(request: HttpRequest, version_id: Key, asked: ReasonIn) -> Any:
    return _whole(services.publish(version_id=version_id, reason=asked.reason, by=_user(request), now=timezone.now()))


@router.post("/{version_id}/discard", response=WholeOut, summary="Give a draft up")
def discard(request: HttpRequest, version_id: Key) -> Any:
    return _whole(services.discard(version_id=version_id, by=_user(request), now=timezone.now()))


@router.post("/{version_id}/retire", response=WholeOut, summary="Offer a checklist no more")
def retire(request: HttpRequest, version_id: Key, asked: ReasonIn) -> Any:
    row = selectors.version(request.user, version_id)
    services.retire(checklist_id=row.checklist_id, reason=asked.reason, by=_user(request), now=timezone.now())
    return _whole(selectors.version(request.user, version_id))


@router.post("/{version_id}/reinstate", response=WholeOut, summary="Offer a checklist again")
def reinstate(request: HttpRequest, version_id: Key) -> Any:
    row = selectors.version(request.user, version_id)
    services.reinstate(checklist_id=row.checklist_id, by=_user(request), now=timezone.now())
    return _whole(selectors.version(request.user, version_id))
