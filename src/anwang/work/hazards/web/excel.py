"""Excel in the browser: an old ledger sent in, looked at, mapped, tried and taken; the present one taken away."""

import tempfile
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import sheets
from anwang.ground.base.errors import Refused
from anwang.ground.files import services as files
from anwang.ground.files import store
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.work.hazards import labels, reading, selectors
from anwang.work.hazards.models import LedgerImport
from anwang.work.hazards.services import ledger
from anwang.work.hazards.web.listing import asked_for, filters_of

SHOWN_ROWS = 20
SHOWN_REASONS = 200


class SendForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Excel file"),
        help_text=gettext_lazy("xlsx, xls, ods or csv, as it is: title rows and subtotals do not matter."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.xlsm,.xlsb,.ods,.csv"}),
    )
    region = forms.ChoiceField(label=gettext_lazy("For which county or town"))
    create_sites = forms.BooleanField(
        label=gettext_lazy("Make the sites that are not on file yet"),
        required=False,
        help_text=gettext_lazy("Otherwise their rows come back with the reason."),
    )

    def __init__(self, *args: Any, regions: list[tuple[str, str]], **named: Any) -> None:
        super().__init__(*args, **named)
        field = self.fields["region"]
        if isinstance(field, forms.ChoiceField):
            field.choices = regions


def _regions(user: Any) -> list[tuple[str, str]]:
    """The counties and towns whose ledger this person may fill."""
    found: dict[str, str] = {}
    for reach in scope.reaches(user):
        if Permission.LEDGER_IMPORT in reach.permissions and reach.level in ("city", "county", "town"):
            here = Region.objects.get(code=reach.code)
            rows = Region.objects.current().within(here).filter(level__in=("county", "town")).order_by("code")
            found |= {row.code: row.name for row in rows[:300]}
    return list(found.items())


@login_required
@require_http_methods(["GET", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    """Choose the file. What was sent before stands below."""
    user: Any = request.user
    scope.require(user, Permission.LEDGER_IMPORT)
    form = SendForm(request.POST or None, request.FILES or None, regions=_regions(user))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            file = files.upload(
                data=files.read_limited(said["file"]),
                name=said["file"].name,
                by=user,
                now=timezone.now(),
                kind="document",
            )
            made = ledger.send(
                file_id=file.pk,
                region_code=said["region"],
                create_sites=said["create_sites"],
                by=user,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("hazards:import_preview", import_id=made.pk)
    context = {
        "page_title": _("Import a ledger"),
        "form": form,
        "submit_label": _("Send and look at it"),
        "cancel_url": reverse("hazards:ledger"),
        "earlier": LedgerImport.objects.visible_to(user).select_related("made_by", "region").order_by("-made_at")[:20],
    }
    return render(request, "hazards/import.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, import_id: str) -> HttpResponse:
    """What each column means, how the first rows are read, and what became of all of them."""
    row: LedgerImport = (
        LedgerImport.objects.visible_to(request.user).select_related("region", "made_by").get(pk=import_id)
    )
    error = ""
    with sheets.read(store.path(row.sha256), name=row.name) as book:
        sheet, header = ledger.open_table(book)
        columns = _posted(request, header) if request.method == "POST" else _columns(row, header)
        if request.method == "POST" and "look" not in request.POST:
            try:
                ledger.begin(
                    import_id=row.pk,
                    columns=columns,
                    create_sites="create_sites" in request.POST,
                    dry_run="try" in request.POST,
                    by=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
                return redirect("hazards:import_preview", import_id=row.pk)
            except Refused as refused:
                error = str(refused)
        context = _context(row, sheet, header, columns) | {"error": error}
    return render(request, "hazards/import_preview.html", context, status=422 if error else 200)


def _columns(row: LedgerImport, header: sheets.Header) -> dict[int, str]:
    given = {int(column): name for column, name in row.columns.items()} if row.columns else None
    return ledger.mapping_for(header, row.region.county_code, given)


def _posted(request: HttpRequest, header: sheets.Header) -> dict[int, str]:
    known = {str(field) for field in reading.Field}
    said = {column: request.POST.get(f"column-{column}", "") for column in header.titles}
    return {column: name for column, name in said.items() if name in known}


def _context(row: LedgerImport, sheet: sheets.Sheet, header: sheets.Header, columns: dict[int, str]) -> dict[str, Any]:
    today = clock.local_date(timezone.now())
    trial = ledger.Result()
    read = []
    for number, found in ledger.rows_of(sheet, header, columns, today=today, result=trial):
        problems = ledger.words_of(found) if isinstance(found, list) else []
        read.append({"number": number, "entry": None if isinstance(found, list) else found, "problems": problems})
        if len(read) == SHOWN_ROWS:
            break
    samples = _samples(sheet, header)
    fields = [(str(field), labels.LEDGER_FIELDS[field]) for field in reading.Field]
    result = row.result or {}
    rejected = result.get("rejected", [])
    return {
        "page_title": row.name,
        "row": row,
        "mapped": [
            {"column": column, "title": title, "sample": samples.get(column, ""), "field": columns.get(column, "")}
            for column, title in sorted(header.titles.items())
        ],
        "fields": fields,
        "required": [labels.LEDGER_FIELDS[field] for field in reading.REQUIRED],
        "read": read,
        "result": result,
        "rejected": rejected[:SHOWN_REASONS],
        "rejected_rows": len({one["row"] for one in rejected}),
        "more_rejected": max(len(rejected) - SHOWN_REASONS, 0),
        "progress": ledger.progress_of(row.pk),
    }


def _samples(sheet: sheets.Sheet, header: sheets.Header) -> dict[int, str]:
    found: dict[int, str] = {}
    for line in sheet.head(header.row + 15):
        if line.number > header.row:
            for column in header.titles:
                if column not in found and (words := sheets.text(line.get(column))):
                    found[column] = words[:30]
    return found


@login_required
@require_GET
def progress(request: HttpRequest, import_id: str) -> HttpResponse:
    """The busy line, asked for every second until it is done; then the page loads itself anew."""
    row: LedgerImport = LedgerImport.objects.visible_to(request.user).get(pk=import_id)
    if row.state != LedgerImport.State.RUNNING:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "hazards/import_progress.html", {"row": row, "progress": ledger.progress_of(row.pk)})


@login_required
@require_GET
def rejected(request: HttpRequest, import_id: str) -> HttpResponseBase:
    row: LedgerImport = LedgerImport.objects.visible_to(request.user).get(pk=import_id)
    if not (row.result or {}).get("rejected"):
        raise Http404
    out = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    ledger.rejected_rows(row, to=out)
    out.seek(0)
    return FileResponse(
        out, as_attachment=True, filename=sheets.file_name(f"{row.name.rsplit('.', 1)[0]}-{_('not taken')}")
    )


@login_required
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Exactly the rows that the same address shows, as Excel."""
    user: Any = request.user
    scope.require(user, Permission.LEDGER_EXPORT)
    now = timezone.now()
    filters = filters_of(asked_for(request), today=clock.local_date(now))
    allowed = selectors.ledger(user, filters).reachable(user, Permission.LEDGER_EXPORT)
    out = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    title = _("Hazard ledger")
    rows = ledger.export_ledger(allowed, to=out, title=title, note=f"{timezone.localdate(now)} · {user.name}")
    ledger.exported(by=user, rows=rows, query=request.GET.urlencode(), now=now)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=sheets.file_name(f"{title}-{timezone.localdate(now)}"))
