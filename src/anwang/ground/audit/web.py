"""The auditor's screens: the trail, one row of it, proving the record, taking it along."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anwang.ground.audit import labels, selectors, services
from anwang.ground.audit.models import AuditRow, Proof
from anwang.ground.base import keyset, rights
from anwang.ground.base.parts import Act, Column, Entry, Fact, Filter, Ledger

COUNT_UP_TO = 10_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES = {"waiting": "waiting", "running": "doing", "sound": "done", "broken": "stopped", "failed": "late"}


def _ledger(request: HttpRequest) -> Ledger:
    may_export = rights.can(request.user, "audit.export")
    return Ledger(
        request,
        key="audit",
        title=_("Audit trail"),
        row_template="audit/row.html",
        columns=[
            Column("at", _("Time"), always=True),
            Column("event", _("Event"), always=True),
            Column("by", _("By")),
            Column("thing", _("Thing")),
            Column("place", _("Place"), extra=True),
            Column("seq", _("Number"), number=True, extra=True),
        ],
        filters=[
            Filter("on", _("Day"), kind="dates"),
            Filter("kind", _("Thing"), choices=sorted(labels.kinds().items(), key=lambda pair: str(pair[1]))),
            Filter(
                "event", _("Event"), choices=sorted(labels.known().items(), key=lambda pair: str(pair[1])), quick=False
            ),
        ],
        search_label=_("Person, thing or id"),
        exports={
            "Excel": reverse("audit:export", args=["xlsx"]),
            _("JSON lines"): reverse("audit:export", args=["jsonl"]),
        }
        if may_export
        else None,
        empty=_("What people in your region do is kept here, row by row."),
    )


def _question(asked: Ledger) -> selectors.Question:
    first, last = asked.dates("on")
    return selectors.Question(
        text=asked.text, events=asked.chosen("event"), kinds=asked.chosen("kind"), first=first, last=last
    )


@login_required
def trail(request: HttpRequest) -> HttpResponse:
    rights.require(request.user, "audit.read")
    asked = _ledger(request)
    rows = selectors.asked(request.user, _question(asked))
    page = keyset.page(rows, order=("-at", "-id"), after=asked.after)
    counted = rows.order_by()[: COUNT_UP_TO + 1].count()
    asked.fill(page, count=min(counted, COUNT_UP_TO), more=counted > COUNT_UP_TO)
    return render(request, "audit/trail.html", {"ledger": asked, "last_proof": selectors.proofs().first()})


@login_required
def export(request: HttpRequest, form: str) -> StreamingHttpResponse | FileResponse:
    """Exactly the rows that the same address shows, in one piece however many they are."""
    if form not in {"jsonl", "xlsx"}:
        raise Http404
    rows = selectors.asked(request.user, _question(_ledger(request)))
    now = timezone.now()
    name = f"{_('Audit trail')}-{timezone.localtime(now):%Y%m%d-%H%M}.{form}"
    if form == "xlsx":
        kind, pieces = XLSX, _sheet(rows, by=request.user, now=now)
    else:
        kind = "application/x-ndjson"
        pieces = services.export(rows=rows, form="jsonl", by=request.user, now=now)  # type: ignore[arg-type]
    answer = StreamingHttpResponse(pieces, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return answer


def _sheet(rows: Any, *, by: Any, now: Any) -> Iterator[bytes]:
    """Refused before the first piece is sent, not in the middle of a file."""
    folder = tempfile.TemporaryDirectory(prefix="anwang-")
    try:
        pieces = services.export(rows=rows, form="xlsx", by=by, now=now, to=Path(folder.name) / "trail.xlsx")
    except Exception:
        folder.cleanup()
        raise

    def sent() -> Iterator[bytes]:
        with folder:
            yield from pieces

    return sent()


@login_required
def row(request: HttpRequest, row_id: str) -> HttpResponse:
    found = selectors.visible_to(request.user).get(pk=row_id)
    before, after = selectors.neighbours(found)
    seal = selectors.sealed_by(found)
    context = {
        "page_title": labels.of(found.event),
        "row": found,
        "facts": _facts(found),
        "changes": _changes(found.data),
        "details": _details(found.data),
        "before": before,
        "after": after,
        "seal": seal,
        "entries": [
            Entry(
                each.at,
                labels.of(each.event),
                each.by_name or _("the system"),
                url=reverse("audit:row", args=[each.pk]),
            )
            for each in selectors.same_thing(request.user, found)[:20]
        ],
        "acts": _proving_acts(),
    }
    return render(request, "audit/row_page.html", context)


def _facts(found: AuditRow) -> list[Fact]:
    everything = f"{reverse('audit:trail')}?q="
    facts = [
        Fact(_("Time"), timezone.localtime(found.at).strftime("%Y-%m-%d %H:%M:%S")),
        Fact(_("By"), found.by_name or _("the system"), url=f"{everything}{found.by_id}" if found.by_id else ""),
        Fact(_("Event"), found.event),
    ]
    if found.on_id:
        facts.append(Fact(labels.of_kind(found.on_kind) or _("Thing"), found.on_name, url=f"{everything}{found.on_id}"))
    facts.append(Fact(_("Place"), found.county_code or found.city_code or found.province_code or _("whole house")))
    facts.append(Fact(_("Chain and number"), f"{found.chain} · {found.seq}"))
    return facts


def _changes(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(what, before, after) where the payload tells of both: ``before``/``after`` objects, or ``from``/``to``."""
    old, new = data.get("before"), data.get("after")
    if isinstance(old, dict) and isinstance(new, dict):
        return [(key, _said(old.get(key)), _said(new.get(key))) for key in sorted({*old, *new})]
    if "from" in data and "to" in data:
        return [(_("State"), _said(data["from"]), _said(data["to"]))]
    return []


def _details(data: dict[str, Any]) -> list[tuple[str, str]]:
    shown = {"before", "after"} if isinstance(data.get("before"), dict) else {"from", "to"} if _changes(data) else set()
    return [(key, _said(value)) for key, value in sorted(data.items()) if key not in shown]


def _said(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- proving ----------------------------------------------------------------------------------------------------------


def _proving_acts() -> list[Act]:
    return [
        Act(
            _("Check the record"),
            reverse("audit:proofs"),
            method="post",
            primary=True,
            icon="shield-check",
            note=_("Reads every row of every chain and says whether anything was changed, removed or added."),
        )
    ]


@login_required
@require_http_methods(["GET", "POST"])
def proofs(request: HttpRequest) -> HttpResponse:
    rights.require(request.user, "audit.read")
    if request.method == "POST":
        asked = services.ask_proof(by=request.user, now=timezone.now())  # type: ignore[arg-type]
        messages.success(request, _("The check has begun. This page shows how far it is."))
        return redirect("audit:proof", asked.pk)
    page = keyset.page(selectors.proofs(), order=("-asked_at", "-id"), after=request.GET.get("after", ""))
    entries = [
        Entry(
            each.asked_at,
            labels.STATES[each.state],
            each.asked_by_name or _("the system"),
            note=_("%(n)s rows read") % {"n": each.read},
            tone=TONES[each.state],  # type: ignore[arg-type]
            url=reverse("audit:proof", args=[each.pk]),
        )
        for each in page
    ]
    return render(
        request,
        "audit/proofs.html",
        {"page_title": _("Checks of the record"), "entries": entries, "acts": _proving_acts(), "next": page.next},
    )


@login_required
def proof(request: HttpRequest, proof_id: str) -> HttpResponse:
    rights.require(request.user, "audit.read")
    found = Proof.objects.get(pk=proof_id)
    context = {
        "page_title": _("Check of the record"),
        "proof": found,
        "tone": TONES[found.state],
        "state_word": labels.STATES[found.state],
        "under_way": found.state in {Proof.State.WAITING, Proof.State.RUNNING},
        "findings": [{**each, "words": labels.REASONS[each["reason"]]} for each in found.findings],
        "acts": _proving_acts(),
    }
    part = request.GET.get("part") == "1"
    return render(request, "audit/proof_part.html" if part else "audit/proof.html", context)
