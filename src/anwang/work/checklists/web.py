"""Checklists on screen: find one, read what it asks, draft and publish the next version, try it out."""

from io import BytesIO
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import can, require
from anwang.ground.base import keyset, sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused, sentence
from anwang.ground.base.models import new_id
from anwang.ground.base.parts import Act, Column, Entry, Fact, Filter, Ledger, Number
from anwang.ground.base.rights import HOUSE
from anwang.kernel import clock
from anwang.registers.sites import selectors as sites
from anwang.registers.standards import selectors as standards
from anwang.work.checklists import forms, rules, selectors, services
from anwang.work.checklists.labels import DEPARTMENTS, GRADES, KINDS, STATES, TONES, VERDICTS
from anwang.work.checklists.models import ChecklistVersion
from anwang.work.checklists.rules import Definition, State

DOMAINS = dict(Domain.choices)


def _by(request: HttpRequest) -> User:
    """Who is signed in; ``login_required`` has let nobody else through."""
    return cast("User", request.user)


def _sent_id(request: HttpRequest) -> str:
    key = request.POST.get("idempotency_key", "")
    return key if len(key) == 26 and key.isalnum() else new_id()


def _onto(form: Any, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


# --- finding one --------------------------------------------------------------------------------------------------


@login_required
def listing(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.CHECKLIST_READ)
    may_edit = can(request.user, Permission.CHECKLIST_EDIT)
    asked = Ledger(
        request,
        key="checklists",
        title=_("Checklists"),
        row_template="checklists/row.html",
        columns=[
            Column("title", _("Title"), always=True),
            Column("domain", _("Domain")),
            Column("kinds", _("Kinds of sites")),
            Column("items", _("Items"), number=True),
            Column("version", _("Version"), number=True),
            Column("state", _("State")),
            Column("published", _("Published on")),
            Column("key", _("Short name"), extra=True),
        ],
        filters=[
            Filter("domain", _("Domain"), choices=Domain.choices),
            Filter("gaps", _("Text missing"), kind="flag"),
            Filter("retired", _("Retired"), kind="flag", quick=False),
        ],
        search_label=_("Title or short name"),
        new=Act(_("Make a checklist"), reverse("checklists:new"), icon="plus", primary=True) if may_edit else None,
        empty=_("The shipped checklists have not been loaded yet."),
    )
    rows = selectors.find(
        request.user,
        text=asked.text,
        domains=asked.chosen("domain"),
        retired=asked.flag("retired"),
        gaps=asked.flag("gaps"),
    )
    page = keyset.page(rows, order=("domain", "title_zh", "id"), after=asked.after)
    return render(
        request,
        "base/ledger.html",
        {
            "ledger": asked.fill(page, count=rows.count()),
            "kind_words": sites.kind_words(),
            "states": STATES,
            "tones": TONES,
        },
    )


# --- one version --------------------------------------------------------------------------------------------------


@login_required
def version(request: HttpRequest, version_id: str) -> HttpResponse:
    row = selectors.version(request.user, version_id)
    said = selectors.definition(row)
    editing = row.state == State.DRAFT and can(request.user, Permission.CHECKLIST_EDIT)
    versions = selectors.versions(request.user, row.checklist)
    words = selectors.basis_words(urn for item in said.items() for urn in (item.criterion, *item.basis))
    key, where = selectors.problem(said) if editing else ("", "")
    return render(
        request,
        "checklists/version.html",
        {
            "page_title": row.title(),
            "version": row,
            "said": said,
            "words": words,
            "editing": editing,
            "chinese": selectors.chinese(),
            "kinds": KINDS,
            "grades": GRADES,
            "departments": DEPARTMENTS,
            "state_word": STATES[row.state],
            "tone": TONES[row.state],
            "problem": sentence(key).what % {"where": where, "urn": "", "codes": ""} if key else "",
            "facts": _facts(row, said),
            "numbers": [
                Number(_("Sections"), len(said.sections)),
                Number(_("Items"), len(said.items())),
                Number(_("Propose a major hazard"), sum(item.grade == rules.Grade.MAJOR for item in said.items())),
                *_filled(request, row, versions),
            ],
            "entries": _entries(versions),
            "acts": _acts(request, row, versions),
        },
    )


def _filled(request: HttpRequest, row: ChecklistVersion, versions: list[ChecklistVersion]) -> list[Number]:
    """How often it was filled in the whole house: for who keeps the library of the whole house, because it counts every county."""
    if not can(request.user, Permission.CHECKLIST_EDIT, on=HOUSE):
        return []
    return [Number(_("Filled"), next((each.filled_count for each in versions if each.pk == row.pk), 0))]  # type: ignore[attr-defined]


def _facts(row: ChecklistVersion, said: Definition) -> list[Fact]:
    kinds = sites.kind_words()
    source = standards.source(row.source)
    facts = [
        Fact(_("Short name"), row.checklist.key),
        Fact(_("Version"), row.number),
        Fact(_("Domain"), "、".join(str(DOMAINS.get(each, each)) for each in (row.domain, *row.also_domains))),
        Fact(
            _("Kinds of sites"),
            "、".join(str(kinds.get(each, each)) for each in row.site_kinds) or _("Any site of its domains"),
            wide=True,
        ),
    ]
    if source is not None:
        facts.append(Fact(_("Source"), str(source), url=source.address))
    if said.scoring is not None:
        bands = "、".join(f"{band.zh} ≥ {band.min}" for band in said.scoring.bands)
        facts.append(
            Fact(_("Scoring"), _("%(total)s points: %(bands)s") % {"total": said.scoring.total, "bands": bands})
        )
    return facts


def _entries(versions: list[ChecklistVersion]) -> list[Entry]:
    entries = []
    for each in versions:
        url = reverse("checklists:version", args=[each.pk])
        at, who = each.published_at or each.made_at, each.published_by or each.made_by
        what = _("Version %(n)s: %(state)s") % {"n": each.number, "state": STATES[each.state]}
        note = each.reason or ("" if each.local else _("Shipped library"))
        tone: Any = TONES[each.state]
        entries.append(Entry(at, what, who=who.name if who else "", note=note, tone=tone, url=url))
    return entries


def _acts(request: HttpRequest, row: ChecklistVersion, versions: list[ChecklistVersion]) -> list[Act]:
    acts = [
        Act(_("Try it out"), reverse("checklists:try", args=[row.pk]), icon="clipboard-check"),
        Act(_("Download as Excel"), reverse("checklists:export", args=[row.pk]), icon="file-spreadsheet"),
    ]
    if not can(request.user, Permission.CHECKLIST_EDIT):
        return acts
    draft = next((each for each in versions if each.state == State.DRAFT), None)
    if row.state in {State.DRAFT, State.OFFERED}:
        publish = reverse("checklists:publish", args=[row.pk])
        acts.insert(0, Act(_("Publish this version"), publish, icon="send", primary=True))
    if row.state == State.DRAFT:
        acts += [
            Act(_("Change title and use"), reverse("checklists:head", args=[row.pk]), icon="edit"),
            Act(_("Add a section"), reverse("checklists:section_new", args=[row.pk]), icon="plus"),
            Act(_("Take the items from Excel"), reverse("checklists:import", args=[row.pk]), icon="file-import"),
            Act(
                _("Discard the draft"),
                reverse("checklists:discard", args=[row.pk]),
                method="post",
                icon="trash",
                danger=True,
                confirm=_("Discard the draft of version %(n)s of “%(title)s”?")
                % {"n": row.number, "title": row.title()},
            ),
        ]
    elif draft is not None:
        there = reverse("checklists:version", args=[draft.pk])
        acts.insert(
            0, Act(_("Go on with the draft of version %(n)s") % {"n": draft.number}, there, icon="edit", primary=True)
        )
    elif row.checklist.retired_at is None:
        start = reverse("checklists:draft", args=[row.pk])
        acts.insert(
            0, Act(_("Draft the next version"), start, method="post", icon="edit", primary=row.state == State.PUBLISHED)
        )
    if row.checklist.retired_at is None and row.state == State.PUBLISHED:
        acts.append(
            Act(_("Retire the checklist"), reverse("checklists:retire", args=[row.pk]), icon="archive", danger=True)
        )
    if row.checklist.retired_at is not None:
        back = reverse("checklists:reinstate", args=[row.pk])
        acts.append(Act(_("Take the checklist up again"), back, method="post", icon="rotate"))
    return acts


@login_required
def export(request: HttpRequest, version_id: str) -> HttpResponse:
    row = selectors.version(request.user, version_id)
    into = BytesIO()
    services.export_version(row, to=into)
    answer = HttpResponse(
        into.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    answer["Content-Disposition"] = content_disposition_header(True, sheets.file_name(row.title_zh))
    return answer


# --- trying it out ------------------------------------------------------------------------------------------------


@login_required
def try_out(request: HttpRequest, version_id: str) -> HttpResponse:
    """The checklist as it is asked, with what the answers would come to. Nothing is kept."""
    row = selectors.version(request.user, version_id)
    said = selectors.definition(row)
    given = _posted(said, request) if request.method == "POST" else {}
    asked = bool(request.POST.get("show"))
    problems = rules.problems(said, given, finished=asked, photos=False)
    found = rules.findings(said, given)
    today = clock.local_date(timezone.now())
    context = {
        "page_title": _("Try out “%(title)s”") % {"title": row.title()},
        "version": row,
        "parts": selectors.asked(said, given, problems=problems),
        "verdicts": VERDICTS,
        "departments": DEPARTMENTS,
        "chinese": selectors.chinese(),
        "reasons": {
            "checklists.not_answered": _("Not answered yet"),
            "checklists.answer_wrong": _("This answer does not fit"),
        },
        "show": asked,
        "result": rules.result(said, given),
        "band": _band(said, rules.result(said, given).band),
        "findings": [
            (
                finding,
                GRADES[finding.grade],
                standards.propose(
                    row.domain, finding.description, today, finding.code, criterion=finding.criterion, most=2
                ),
            )
            for finding in found
        ]
        if asked
        else [],
    }
    template = "checklists/try_form.html" if request.headers.get("HX-Request") else "checklists/try.html"
    return render(request, template, context)


def _band(said: Definition, key: str) -> str:
    found = next((band for band in (said.scoring.bands if said.scoring else ()) if band.key == key), None)
    return (found.zh if selectors.chinese() or not found.en else found.en) if found else ""


def _posted(said: Definition, request: HttpRequest) -> dict[str, rules.Answer]:
    found: dict[str, rules.Answer] = {}
    for item in said.items():
        text = request.POST.get(f"item-{item.code}", "").strip()
        if text:
            found[item.code] = rules.Answer(_value(item, text))
    return found


def _value(item: rules.Item, text: str) -> Any:
    if item.answer in {rules.Kind.SCORE, rules.Kind.NUMBER} and text != rules.Verdict.NA:
        try:
            number = float(text)
        except ValueError:
            return text
        return int(number) if number.is_integer() else number
    return text


# --- drafting -----------------------------------------------------------------------------------------------------


def _form_page(
    request: HttpRequest, form: Any, title: str, submit: str, row: ChecklistVersion | None, **more: Any
) -> HttpResponse:
    back = reverse("checklists:version", args=[row.pk]) if row else reverse("checklists:list")
    template = more.pop("template", "base/form.html")
    return render(
        request, template, {"form": form, "page_title": title, "submit_label": submit, "cancel_url": back, **more}
    )


@login_required
def new(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.CHECKLIST_EDIT)
    form = forms.NewForm(request.POST or None)
    if form.is_valid():
        try:
            made = services.make(by=_by(request), now=timezone.now(), id=_sent_id(request), **form.cleaned_data)
        except Refused as refused:
            _onto(form, refused)
        else:
            messages.success(request, _("The draft is ready: add sections and items, then publish it."))
            return redirect("checklists:version", made.pk)
    return _form_page(request, form, _("Make a checklist"), _("Make the draft"), None, draft="checklists.new")


def _draft(request: HttpRequest, version_id: str) -> ChecklistVersion:
    require(request.user, Permission.CHECKLIST_EDIT)
    row = selectors.version(request.user, version_id)
    if row.state != State.DRAFT:
        raise Refused("checklists.not_draft")
    return row


@login_required
@require_POST
def draft(request: HttpRequest, version_id: str) -> HttpResponse:
    row = selectors.version(request.user, version_id)
    made = services.start_draft(checklist_id=row.checklist_id, by=_by(request), now=timezone.now())
    return redirect("checklists:version", made.pk)


@login_required
def head(request: HttpRequest, version_id: str) -> HttpResponse:
    row = _draft(request, version_id)
    form = forms.HeadForm(request.POST or None, version=row)
    if form.is_valid():
        try:
            services.set_head(version_id=row.pk, changes=form.changes(), by=_by(request), now=timezone.now())
        except Refused as refused:
            _onto(form, refused)
        else:
            return redirect("checklists:version", row.pk)
    return _form_page(request, form, _("Title and use"), _("Change the draft"), row, draft="checklists.head")


@login_required
def section(request: HttpRequest, version_id: str, code: str = "") -> HttpResponse:
    row = _draft(request, version_id)
    said = selectors.definition(row)
    present = next((each for each in said.sections if each.code == code), None)
    if code and present is None:
        raise Refused("checklists.section_unknown", where=code)
    form = forms.SectionForm(request.POST or None, section=present)
    if form.is_valid():
        try:
            services.put_section(
                version_id=row.pk, section=form.section(), instead_of=code, by=_by(request), now=timezone.now()
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            return redirect("checklists:version", row.pk)
    title = _("Section %(code)s") % {"code": code} if code else _("Add a section")
    return _form_page(request, form, title, _("Change the draft"), row)


@login_required
@require_POST
def section_remove(request: HttpRequest, version_id: str, code: str) -> HttpResponse:
    services.remove_section(version_id=version_id, code=code, by=_by(request), now=timezone.now())
    return redirect("checklists:version", version_id)


@login_required
def item(request: HttpRequest, version_id: str, code: str = "") -> HttpResponse:
    """Add an item to ``?section=``, or change one."""
    row = _draft(request, version_id)
    said = selectors.definition(row)
    present = said.item(code) if code else None
    home = said.section_of(code) if code else None
    section_code = home.code if home else request.GET.get("section", "")
    if code and present is None:
        raise Refused("checklists.item_unknown", where=code)
    form = forms.ItemForm(request.POST or None, item=present)
    if form.is_valid():
        try:
            services.put_item(
                version_id=row.pk,
                section=section_code,
                item=form.item(),
                instead_of=code,
                by=_by(request),
                now=timezone.now(),
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            there = reverse("checklists:version", args=[row.pk])
            return redirect(f"{there}#section-{section_code}")
    title = (
        _("Item %(code)s") % {"code": code} if code else _("Add an item to section %(code)s") % {"code": section_code}
    )
    return _form_page(request, form, title, _("Change the draft"), row, draft="checklists.item")


@login_required
@require_POST
def item_remove(request: HttpRequest, version_id: str, code: str) -> HttpResponse:
    services.remove_item(version_id=version_id, code=code, by=_by(request), now=timezone.now())
    return redirect("checklists:version", version_id)


@login_required
@require_POST
def item_move(request: HttpRequest, version_id: str, code: str) -> HttpResponse:
    up = request.POST.get("up") == "1"
    services.move_item(version_id=version_id, code=code, up=up, by=_by(request), now=timezone.now())
    return redirect(reverse("checklists:version", args=[version_id]) + f"#item-{code}")


@login_required
def import_items(request: HttpRequest, version_id: str) -> HttpResponse:
    row = _draft(request, version_id)
    form = forms.SheetForm(request.POST or None, request.FILES or None)
    done = None
    if form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            done = services.import_version(
                checklist_id=row.checklist_id, file=sent.read(), name=sent.name, by=_by(request), now=timezone.now()
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            messages.success(request, _("%(n)s items taken over.") % {"n": done.items})
            if not done.rejected:
                return redirect("checklists:version", done.version.pk)
    return _form_page(
        request,
        form,
        _("Items from Excel"),
        _("Read the file"),
        row,
        template="checklists/import.html",
        done=done,
        template_url=reverse("checklists:export", args=[row.pk]),
    )


# --- publishing ---------------------------------------------------------------------------------------------------


@login_required
def publish(request: HttpRequest, version_id: str) -> HttpResponse:
    require(request.user, Permission.CHECKLIST_EDIT)
    row = selectors.version(request.user, version_id)
    present = next(
        (each for each in selectors.versions(request.user, row.checklist) if each.state == State.PUBLISHED), None
    )
    form = forms.PublishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.publish(
                version_id=version_id, reason=form.cleaned_data["reason"], by=_by(request), now=timezone.now()
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            messages.success(request, _("Published. From now on this version is filled."))
            return redirect("checklists:version", version_id)
    changes = selectors.differences(selectors.definition(present), selectors.definition(row)) if present else None
    return _form_page(
        request,
        form,
        _("Publish version %(n)s of “%(title)s”") % {"n": row.number, "title": row.title()},
        _("Publish the version"),
        row,
        template="checklists/publish.html",
        changes=changes,
        submit_note=_("What was filled by earlier versions stays with them."),
    )


@login_required
@require_POST
def discard(request: HttpRequest, version_id: str) -> HttpResponse:
    services.discard(version_id=version_id, by=_by(request), now=timezone.now())
    messages.success(request, _("The draft is discarded."))
    return redirect("checklists:list")


@login_required
def retire(request: HttpRequest, version_id: str) -> HttpResponse:
    require(request.user, Permission.CHECKLIST_EDIT)
    row = selectors.version(request.user, version_id)
    form = forms.ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            services.retire(
                checklist_id=row.checklist_id, reason=form.cleaned_data["reason"], by=_by(request), now=timezone.now()
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            messages.success(request, _("The checklist is retired; what was filled stays readable."))
            return redirect("checklists:version", version_id)
    title = _("Retire “%(title)s”") % {"title": row.title()}
    return _form_page(request, form, title, _("Retire the checklist"), row)


@login_required
@require_POST
def reinstate(request: HttpRequest, version_id: str) -> HttpResponse:
    row = selectors.version(request.user, version_id)
    services.reinstate(checklist_id=row.checklist_id, by=_by(request), now=timezone.now())
    return redirect("checklists:version", version_id)
