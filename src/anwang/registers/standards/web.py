"""The standards on screen: find a row, read its versions, revise what an office may, enter what is missing."""

from io import BytesIO
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import format_lazy
from django.utils.translation import gettext as _

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import can, require
from anwang.ground.base import keyset, sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.base.parts import Act, Column, Entry, Fact, Filter, Ledger, Number
from anwang.kernel import clock
from anwang.registers.standards import forms, rules, selectors, services
from anwang.registers.standards.labels import (
    CONFIDENCES,
    EDITIONS,
    FIELDS,
    LIMIT_UNITS,
    RUNG_ACTIONS,
    RUNG_TO,
    SEVERITIES,
    STATUSES,
    TYPES,
)
from anwang.registers.standards.models import Standard
from anwang.registers.standards.rules import Edition, Severity, Type

DOMAINS = dict(Domain.choices)


def _by(request: HttpRequest) -> User:
    """Who is signed in; ``login_required`` has let nobody else through."""
    return cast("User", request.user)


def _sent_id(request: HttpRequest) -> str:
    """The id the form was made with, so that sending it twice makes one row."""
    key = request.POST.get("idempotency_key", "")
    return key if len(key) == 26 and key.isalnum() else new_id()


def _ledger(request: HttpRequest) -> Ledger:
    may_edit = can(request.user, Permission.STANDARD_EDIT)
    return Ledger(
        request,
        key="standards",
        title=_("Standards"),
        row_template="standards/row.html",
        columns=[
            Column("title", _("Gist"), always=True),
            Column("place", _("Article")),
            Column("type", _("Kind")),
            Column("domains", _("Domains")),
            Column("from", _("In force from")),
            Column("to", _("In force until")),
            Column("confidence", _("Confidence")),
            Column("urn", _("Urn"), extra=True),
        ],
        filters=[
            Filter("type", _("Kind"), choices=list(TYPES.items())),
            Filter("domain", _("Domain"), choices=Domain.choices),
            Filter("today", _("In force today"), kind="flag"),
            Filter("gaps", _("Text missing"), kind="flag"),
            Filter("local", _("Our own edition"), kind="flag", quick=False),
        ],
        search_label=_("Words, document number or article"),
        exports={"Excel": reverse("standards:export")},
        new=Act(_("Add a row"), reverse("standards:add"), icon="plus", primary=True) if may_edit else None,
        empty=_("The libraries have not been loaded yet."),
    )


def _found(request: HttpRequest, asked: Ledger) -> Any:
    return selectors.find(
        request.user,
        text=asked.text,
        types=asked.chosen("type"),
        domains=asked.chosen("domain"),
        on=clock.local_date(timezone.now()) if asked.flag("today") else None,
        local=asked.flag("local"),
        gaps_only=asked.flag("gaps"),
    )


@login_required
def listing(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.STANDARD_READ)
    asked = _ledger(request)
    rows = _found(request, asked)
    page = keyset.page(rows, order=("type", "urn", "id"), after=asked.after)
    return render(
        request,
        "standards/list.html",
        {"ledger": asked.fill(page, count=rows.count()), "instruments": selectors.instrument_words(request.user)},
    )


@login_required
def export(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.STANDARD_READ)
    rows = list(_found(request, _ledger(request)).order_by("type", "position", "urn"))
    return _sheet(rows, _("Standards"))


def _sheet(rows: list[Standard], title: str) -> HttpResponse:
    into = BytesIO()
    services.export_criteria(rows, to=into, title=title)
    answer = HttpResponse(
        into.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    answer["Content-Disposition"] = content_disposition_header(True, sheets.file_name(title))
    return answer


@login_required
def libraries(request: HttpRequest) -> HttpResponse:
    """What was loaded, how sure it is, and what is still missing."""
    require(request.user, Permission.STANDARD_READ)
    today = clock.local_date(timezone.now())
    gaps = selectors.gaps("", today)
    loaded = selectors.libraries()
    return render(
        request,
        "standards/libraries.html",
        {
            "page_title": _("Libraries and gaps"),
            "libraries": loaded,
            "gaps": gaps,
            "heads": {each.urn: each.pk for each in selectors.instruments(request.user)},
            "types": TYPES,
            "numbers": [
                Number(_("Libraries"), len(loaded)),
                Number(_("Rows"), sum(each.row_count for each in loaded), reverse("standards:list")),
                Number(_("Instruments with text missing"), len(gaps), reverse("standards:list") + "?gaps=1"),
            ],
        },
    )


@login_required
def row(request: HttpRequest, row_id: str) -> HttpResponse:
    standard = selectors.by_id(request.user, row_id)
    today = clock.local_date(timezone.now())
    holding = selectors.find_in_force(standard.urn, today)
    versions = selectors.versions(request.user, standard.urn)
    instrument = selectors.newest(standard.instrument) if standard.instrument else None
    inside = selectors.of_instrument(request.user, standard.urn) if standard.type == Type.INSTRUMENT else []
    return render(
        request,
        "standards/row_page.html",
        {
            "page_title": standard.title(),
            "standard": standard,
            "type_word": TYPES[standard.type],
            "status_word": STATUSES[standard.status],
            "confidence_word": CONFIDENCES[standard.confidence],
            "edition_word": EDITIONS[standard.edition],
            "severity_word": SEVERITIES[standard.severity],
            "element": standard.severity == Severity.ELEMENT,
            "holds_today": holding is not None and holding.pk == standard.pk,
            "holding": holding,
            "newest": selectors.newest(standard.urn),
            "instrument": instrument,
            "inside": inside,
            "facts": _facts(standard, instrument),
            "entries": _entries(versions),
            "acts": _acts(request, standard),
        },
    )


def _facts(standard: Standard, instrument: Standard | None) -> list[Fact]:
    source = selectors.source(standard.source)
    facts = [Fact(_("Urn"), standard.urn), Fact(_("Version"), standard.version)]
    if instrument is not None:
        link = reverse("standards:row", args=[instrument.pk])
        facts.append(Fact(FIELDS["instrument"], instrument.number or instrument.title(), url=link))
    if standard.number:
        facts.append(Fact(FIELDS["number"], standard.number))
    if place := standard.place():
        facts.append(Fact(FIELDS["article"], place))
    facts += [
        Fact(FIELDS["domains"], _domain_words(standard), wide=True),
        Fact(FIELDS["effective_from"], standard.effective_from or "—"),
        Fact(FIELDS["effective_to"], standard.effective_to or "—"),
        Fact(FIELDS["source"], str(source) if source else "—", url=source.address if source else ""),
        Fact(FIELDS["confidence"], CONFIDENCES[standard.confidence]),
    ]
    if standard.expected:
        facts.append(Fact(FIELDS["expected"], standard.expected))
    if standard.match:
        facts.append(Fact(FIELDS["match"], "； ".join(standard.match), wide=True))
    if words := _data_words(standard):
        facts.append(Fact(FIELDS["data"], words, wide=True))
    return facts


def _domain_words(standard: Standard) -> str:
    if standard.everywhere:
        return _("All domains")
    return "、".join(str(DOMAINS.get(each, each)) for each in standard.domains)


def _data_words(standard: Standard) -> str:
    data = standard.data
    match standard.type:
        case Type.DEADLINE:
            return _("%(amount)s %(unit)s, at most %(longest)s natural days") % {
                "amount": data["amount"],
                "unit": LIMIT_UNITS[data["unit"]],
                "longest": rules.longest_days(data),
            }
        case Type.LIMIT:
            return f"{data['value']} {LIMIT_UNITS[data['unit']]}"
        case Type.LADDER:
            return f"{data['days']:+d} · {RUNG_ACTIONS[data['action']]} · {RUNG_TO[data['to']]}"
        case Type.FREQUENCY:
            return _("County every %(county)s days, enterprise every %(own)s days") % {
                "county": data.get("county_days"),
                "own": data.get("enterprise_days"),
            }
        case _:
            return ""


def _entries(versions: list[Standard]) -> list[Entry]:
    entries = []
    for each in versions:
        url = reverse("standards:row", args=[each.pk])
        if each.withdrawn_at is not None:
            who = each.withdrawn_by.name if each.withdrawn_by else ""
            what = _("Version %(n)s withdrawn") % {"n": each.version}
            entries.append(Entry(each.withdrawn_at, what, who=who, note=each.withdraw_reason, tone="stopped", url=url))
        what = (
            _("Version %(n)s, shipped with the library") % {"n": each.version}
            if each.edition == Edition.LIBRARY
            else _("Version %(n)s, our own edition") % {"n": each.version}
        )
        note = each.reason or (each.effective_from.isoformat() if each.effective_from else "")
        entries.append(Entry(each.made_at, what, who=each.made_by.name if each.made_by else "", note=note, url=url))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _acts(request: HttpRequest, standard: Standard) -> list[Act]:
    if not can(request.user, Permission.STANDARD_EDIT):
        return []
    acts = []
    newest = selectors.newest(standard.urn)
    if standard.edition == Edition.LIBRARY and not standard.editable:
        refused = Refused("standards.not_editable")
        acts.append(Act(_("Write the next version"), why=refused.what, todo=refused.todo))
    elif newest is not None and newest.pk == standard.pk:
        acts.append(
            Act(_("Write the next version"), reverse("standards:revise", args=[standard.pk]), icon="edit", primary=True)
        )
    if standard.edition == Edition.LOCAL and standard.withdrawn_at is None:
        acts.append(
            Act(_("Withdraw this version"), reverse("standards:withdraw", args=[standard.pk]), icon="ban", danger=True)
        )
    if standard.type == Type.INSTRUMENT:
        add = reverse("standards:add") + f"?instrument={standard.pk}"
        acts += [
            Act(_("Add an item of this text"), add, icon="plus"),
            Act(
                _("Enter the items from Excel"),
                reverse("standards:import", args=[standard.pk]),
                icon="file-import",
                note=_("Download the template first; rows already here are in it."),
            ),
            Act(
                _("Download the items as Excel"),
                reverse("standards:items", args=[standard.pk]),
                icon="file-spreadsheet",
            ),
        ]
    return acts


@login_required
def add(request: HttpRequest) -> HttpResponse:
    require(request.user, Permission.STANDARD_EDIT)
    asked = request.GET.get("instrument", "")
    instrument = selectors.by_id(request.user, asked) if asked else None
    type_ = forms.start_type(request.GET.get("type", "" if instrument else Type.INSTRUMENT))
    start: dict[str, Any] = {}
    if instrument is not None:
        start = {
            "domains": list(instrument.domains),
            "effective_from": instrument.effective_from,
            "effective_to": instrument.effective_to,
            "source": instrument.source,
        }
    form = forms.RowForm(request.POST or None, type_=type_, initial=start)
    if form.is_valid():
        try:
            made = services.add(
                content=form.content(instrument=instrument.urn if instrument else ""),
                by=_by(request),
                now=timezone.now(),
                id=_sent_id(request),
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            messages.success(request, _("Added as %(urn)s.") % {"urn": made.urn})
            return redirect("standards:row", made.pk)
    return render(
        request,
        "base/form.html",
        {
            "form": form,
            "page_title": format_lazy("{}：{}", TYPES[type_], instrument.title())
            if instrument
            else _("Add an instrument"),
            "submit_label": _("Add the row"),
            "cancel_url": reverse("standards:row", args=[instrument.pk]) if instrument else reverse("standards:list"),
            "draft": "standards.add",
        },
    )


@login_required
def revise(request: HttpRequest, row_id: str) -> HttpResponse:
    require(request.user, Permission.STANDARD_EDIT)
    standard = selectors.by_id(request.user, row_id)
    if standard.edition == Edition.LIBRARY and not standard.editable:
        raise Refused("standards.not_editable")
    form = forms.RowForm(request.POST or None, type_=standard.type, before=standard.content(), revising=True)
    if form.is_valid():
        try:
            made = services.revise(
                urn=standard.urn,
                changes=form.changes(),
                reason=form.cleaned_data["reason"],
                by=_by(request),
                now=timezone.now(),
                id=_sent_id(request),
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            messages.success(request, _("Version %(n)s is written.") % {"n": made.version})
            return redirect("standards:row", made.pk)
    return render(
        request,
        "base/form.html",
        {
            "form": form,
            "page_title": _("Next version of “%(title)s”") % {"title": standard.title()},
            "submit_label": _("Write the version"),
            "submit_note": _("What was judged by earlier versions stays judged by them."),
            "cancel_url": reverse("standards:row", args=[standard.pk]),
            "draft": "standards.revise",
        },
    )


@login_required
def withdraw(request: HttpRequest, row_id: str) -> HttpResponse:
    require(request.user, Permission.STANDARD_EDIT)
    standard = selectors.by_id(request.user, row_id)
    form = forms.ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            services.withdraw(row_id=row_id, reason=form.cleaned_data["reason"], by=_by(request), now=timezone.now())
        except Refused as refused:
            _onto(form, refused)
        else:
            messages.success(request, _("The version is withdrawn; the one before it holds again."))
            return redirect("standards:row", row_id)
    return render(
        request,
        "base/form.html",
        {
            "form": form,
            "page_title": _("Withdraw version %(n)s of “%(title)s”")
            % {"n": standard.version, "title": standard.title()},
            "submit_label": _("Withdraw the version"),
            "submit_note": _("Judgements made by it keep it; new ones do not use it."),
            "cancel_url": reverse("standards:row", args=[row_id]),
        },
    )


@login_required
def import_items(request: HttpRequest, row_id: str) -> HttpResponse:
    require(request.user, Permission.STANDARD_EDIT)
    instrument = selectors.by_id(request.user, row_id)
    form = forms.SheetForm(request.POST or None, request.FILES or None)
    done = None
    if form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            done = services.import_criteria(
                instrument=instrument.urn,
                file=sent.read(),
                name=sent.name,
                by=_by(request),
                now=timezone.now(),
                reason=form.cleaned_data["reason"],
                dry_run=form.cleaned_data["dry_run"],
            )
        except Refused as refused:
            _onto(form, refused)
        else:
            if not form.cleaned_data["dry_run"] and not done.rejected:
                said = _("%(created)s added, %(updated)s revised.") % {"created": done.created, "updated": done.updated}
                messages.success(request, said)
                return redirect("standards:row", row_id)
    return render(
        request,
        "standards/import.html",
        {
            "form": form,
            "done": done,
            "written": done is not None and not form.cleaned_data.get("dry_run"),
            "page_title": _("Enter the items of “%(title)s”") % {"title": instrument.title()},
            "submit_label": _("Read the file"),
            "cancel_url": reverse("standards:row", args=[row_id]),
            "template_url": reverse("standards:items", args=[row_id]),
        },
    )


@login_required
def items(request: HttpRequest, row_id: str) -> HttpResponse:
    """The items of an instrument as a sheet; the template for entering them."""
    instrument = selectors.by_id(request.user, row_id)
    return _sheet(selectors.of_instrument(request.user, instrument.urn), instrument.title())


def _onto(form: Any, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))
