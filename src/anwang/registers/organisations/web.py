"""Screens: who answers for this place, organisations and their posts, and where nobody answers."""

import functools
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import can, require
from anwang.ground.base import keyset, sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Column, Entry, Fact, Filter, Ledger, Number, Person
from anwang.ground.regions import selectors as regions
from anwang.ground.regions.labels import LEVELS as LEVEL_WORDS
from anwang.ground.regions.models import Region
from anwang.kernel import clock, ids
from anwang.registers.organisations import forms, selectors, services
from anwang.registers.organisations.labels import POWERS
from anwang.registers.organisations.models import (
    Holding,
    Organisation,
    OrganisationKind,
    Post,
    Responsibility,
)

P = ParamSpec("P")
KINDS = dict(OrganisationKind.choices)
SHOWN_GAPS = 30
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def page(
    permission: Permission,
) -> Callable[[Callable[Concatenate[HttpRequest, P], HttpResponse]], Callable[..., Any]]:
    """For somebody signed in who has this permission somewhere; rows are asked for one by one."""

    def wrap(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            require(request.user, permission)
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return wrap


read = page(Permission.ORGANISATION_READ)
edit = page(Permission.ORGANISATION_EDIT)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _today() -> date:
    return clock.local_date(timezone.now())


def _sent_id(request: HttpRequest) -> str:
    """The id the form was made with, so that sending it twice makes one row."""
    key = request.POST.get("idempotency_key", "")
    return key if ids.is_ulid(key) else ""


def _back(request: HttpRequest, fallback: str) -> str:
    """Where the form came from, if that is one of our pages."""
    there = request.POST.get("next") or request.GET.get("next") or request.headers.get("referer", "")
    safe = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
    return there if safe else fallback


def _form(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    return render(
        request,
        context.pop("template", "base/form.html"),
        {"form": form, **context},
        status=422 if form.errors else 200,
    )


# --- who answers ------------------------------------------------------------------------------------------------------


@read
def answers(request: HttpRequest) -> HttpResponse:
    """Search a place, see the chain above and below it on a day."""
    user = _user(request)
    on = forms.day_of(request.GET, _today())
    text = request.GET.get("q", "").strip()
    place = _place(request)
    context: dict[str, Any] = {"page_title": _("Who answers for this place"), "q": text, "on": on}
    if place is None:
        found = selectors.find_regions(user, text)
        above = selectors.sites_above()
        sites = above.find(user, text) if above is not None and text else ()
        context |= {
            "regions": [(region, words) for region, words in zip(found, regions.paths(found), strict=True)],
            "sites": sites,
            "level_words": LEVEL_WORDS,
        }
        tops = list(regions.tops(user)[:1]) if not text else []
        if not tops or text:
            return render(request, "organisations/answers.html", context)
        place = tops[0]
    context |= _chain(user, place, on)
    return render(request, "organisations/answers.html", context)


def _place(request: HttpRequest) -> Any:
    """The region or site that the address names; 404 where the user does not see it."""
    if code := request.GET.get("region", ""):
        return get_object_or_404(selectors.regions_for(request.user), pk=code)
    if site_id := request.GET.get("site", ""):
        above = selectors.sites_above()
        site = above.get(request.user, site_id) if above is not None else None
        if site is None:
            raise Http404
        return site
    return None


def _chain(user: User, place: Any, on: date) -> dict[str, Any]:
    is_site = place.kind == "site"
    query = f"site={place.pk}" if is_site else f"region={place.pk}"
    up = selectors.responsible_for(place, on)
    known = {answer.kind for answer in up if not answer.vacant}
    word = "site" if is_site else place.level
    mendable = can(user, Permission.ORGANISATION_EDIT, on=place)
    missing = [level for level in selectors.levels() if word in level.covers and level.key not in known]
    return {
        "place": place,
        "place_words": regions.path_words(place) + (f" · {place.name}" if is_site else ""),
        "place_query": query,
        "up": up,
        "missing": missing,
        "below": selectors.below(place, on),
        "mendable": mendable,
        "trail": [
            Entry(
                at=_noon(row.since),
                what=f"{row.level.word} {row.role}".strip(),
                who=_holder(row),
                note=" ".join(
                    filter(None, [row.building, _("until %(day)s") % {"day": row.until} if row.until else "", row.note])
                ),
                tone="stopped" if row.until and row.until <= on else "done",
            )
            for row in selectors.history(place)[:40]
        ],
        "acts": [
            Act(_("Name somebody"), f"{reverse('organisations:assign')}?{query}", primary=True, icon="user-plus"),
        ]
        if mendable
        else [],
        "level_words": LEVEL_WORDS,
    }


def _noon(day: date) -> Any:
    return clock.start_of_day(day)


def _holder(row: Responsibility) -> str:
    if row.holding is not None:
        return f"{row.holding.name} · {row.holding.post.title}"
    if row.post is not None:
        return f"{row.post.organisation} · {row.post.title}"
    return row.person_name or (row.user.name if row.user else "")


@edit
def assign(request: HttpRequest) -> HttpResponse:
    """Name somebody who answers for a region or a site."""
    place = _place(request)
    if place is None:
        return redirect("organisations:answers")
    user = _user(request)
    require(user, Permission.ORGANISATION_EDIT, on=place)
    is_site = place.kind == "site"
    word = "site" if is_site else place.level
    offered = [
        (level.key, level.word)
        for level in selectors.levels()
        if word in level.covers or ("building" in level.covers and (is_site or place.level in {"village", "grid"}))
    ]
    form = forms.AssignForm(
        request.POST or None,
        levels=offered,
        holders=_holders(user, place),
        initial={"since": _today(), "level": request.GET.get("level", "")},
    )
    there = f"{reverse('organisations:answers')}?{'site' if is_site else 'region'}={place.pk}"
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.assign(
                level=data["level"],
                region=None if is_site else place,
                site=place if is_site else None,
                building=data["building"],
                role=data["role"],
                domains=data["domains"],
                since=data["since"],
                note=data["note"],
                by=user,
                now=timezone.now(),
                **form.holder_of(),
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Noted who answers."))
            return redirect(_back(request, there))
    return _form(
        request,
        form,
        page_title=_("Who answers for %(place)s") % {"place": regions.path_words(place) if not is_site else place.name},
        submit_label=_("Name them"),
        cancel_url=there,
        submit_note=_("From this day on; what was before stays written."),
    )


def _holders(user: User, place: Any) -> list[tuple[str, Any]]:
    """People in posts near a place, those of its village and town first; then posts as such."""
    near = Holding.objects.visible_to(user).at(_today()).select_related("post__organisation", "user")
    column = next((f"{level}_code" for level in ("town", "county", "city") if getattr(place, f"{level}_code")), "")
    if column:
        near = near.filter(**{f"post__organisation__{column}": getattr(place, column)})
    rows = near.exclude(post__organisation__kind_key__in=["enterprise", "expert_group"]).order_by(
        "post__organisation__name", "post__order", "since"
    )[:400]
    people = [(f"holding:{row.pk}", f"{row.name} · {row.post.title} · {row.post.organisation}") for row in rows]
    posts = {row.post_id: (f"post:{row.post_id}", f"{row.post.organisation} · {row.post.title}") for row in rows}
    return [(_("People in posts"), people), (_("A post, whoever is in it"), list(posts.values()))]


@edit
def end(request: HttpRequest, pk: str) -> HttpResponse:
    row = get_object_or_404(Responsibility.objects.visible_to(request.user).select_related("level", "region"), pk=pk)
    require(request.user, Permission.ORGANISATION_EDIT, on=row)
    form = forms.EndForm(request.POST or None, initial={"until": _today()})
    there = _responsibility_url(row)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.end(
                responsibility_id=pk, until=data["until"], note=data["reason"], by=_user(request), now=timezone.now()
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Ended. Nobody answers at this level until somebody is named."))
            return redirect(there)
    return _form(
        request,
        form,
        page_title=_("End: %(level)s, %(who)s") % {"level": row.level.word, "who": _holder(row)},
        submit_label=_("End it"),
        cancel_url=there,
    )


@edit
def hand_over(request: HttpRequest, pk: str) -> HttpResponse:
    row = get_object_or_404(Responsibility.objects.visible_to(request.user).select_related("level", "region"), pk=pk)
    require(request.user, Permission.ORGANISATION_EDIT, on=row)
    user = _user(request)
    form = forms.HolderForm(request.POST or None, holders=_holders(user, row), initial={"since": _today()})
    there = _responsibility_url(row)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.hand_over(
                responsibility_id=pk,
                since=data["since"],
                note=data["note"],
                by=user,
                now=timezone.now(),
                **form.holder_of(),
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Handed over."))
            return redirect(there)
    return _form(
        request,
        form,
        page_title=_("Hand over: %(level)s, %(who)s") % {"level": row.level.word, "who": _holder(row)},
        submit_label=_("Hand over"),
        cancel_url=there,
    )


def _responsibility_url(row: Responsibility) -> str:
    query = f"site={row.site_id}" if row.site_id else f"region={row.region_id}"
    return f"{reverse('organisations:answers')}?{query}"


def _complain(form: Any, refused: Refused) -> None:
    field = {"region": "region", "kept_id": "kept"}.get(refused.field, refused.field)
    form.add_error(field if field in form.fields else None, str(refused))


@read
def gaps(request: HttpRequest) -> HttpResponse:
    """Where nobody answers, with the act that mends it."""
    user = _user(request)
    code = request.GET.get("region", "")
    seen = selectors.regions_for(user)
    region = get_object_or_404(seen, pk=code) if code else regions.tops(user).first()
    if region is None:
        return render(request, "organisations/gaps.html", {"page_title": _("Where nobody answers"), "region": None})
    found = selectors.gaps(region, _today(), user=user)
    counts = found.counts()
    words = {
        "grids": _("Grids without a member"),
        "towns": _("Towns without a safety officer"),
        "posts": _("Posts not filled"),
        "silent": _("Whose person has left"),
        "sites": _("Places without a department"),
    }
    mendable = can(user, Permission.ORGANISATION_EDIT, on=region)
    return render(
        request,
        "organisations/gaps.html",
        {
            "page_title": _("Where nobody answers"),
            "region": region,
            "region_words": regions.path_words(region),
            "numbers": [Number(words[key], counts[key], f"#{key}") for key in words],
            "words": words,
            "counts": counts,
            "grids": found.grids[:SHOWN_GAPS],
            "towns": found.towns[:SHOWN_GAPS],
            "posts": found.posts[:SHOWN_GAPS],
            "silent": [(row, _holder(row), _responsibility_url(row)) for row in found.silent[:SHOWN_GAPS]],
            "sites": found.first_sites,
            "children": [child for child in regions.children(region) if child.level != "grid"],
            "mendable": mendable,
            "shown": SHOWN_GAPS,
        },
    )


# --- organisations ----------------------------------------------------------------------------------------------------


def _ledger(request: HttpRequest) -> Ledger:
    may_edit = can(request.user, Permission.ORGANISATION_EDIT)
    return Ledger(
        request,
        key="organisations",
        title=_("Organisations"),
        row_template="organisations/row.html",
        columns=[
            Column("name", _("Name"), sort="name", always=True),
            Column("kind", _("Kind")),
            Column("region", _("Region")),
            Column("staffing", _("People / quota"), number=True),
            Column("vacant", _("Missing"), number=True),
            Column("uscc", _("Credit code"), extra=True),
            Column("domains", _("Domains"), extra=True),
        ],
        filters=[
            Filter("kind", _("Kind"), choices=OrganisationKind.choices),
            Filter("domain", _("Domain"), choices=Domain.choices, quick=False),
            Filter("closed", _("Closed ones"), kind="flag", quick=False),
        ],
        default_sort="name",
        search_label=_("Name or credit code"),
        exports={"Excel": reverse("organisations:export")},
        new=Act(_("Enter an organisation"), reverse("organisations:new"), icon="plus", primary=True)
        if may_edit
        else None,
        empty=_("Organisations of your region appear here."),
    )


def _asked(request: HttpRequest, asked: Ledger) -> Any:
    code = request.GET.get("region", "")
    region = get_object_or_404(selectors.regions_for(request.user), pk=code) if code else None
    return selectors.organisations(
        request.user,
        region=region,
        kinds=asked.chosen("kind"),
        domains=asked.chosen("domain"),
        closed=asked.flag("closed"),
        text=asked.text,
    )


@read
def ledger(request: HttpRequest) -> HttpResponse:
    asked = _ledger(request)
    rows = _asked(request, asked)
    order = ("-name", "-id") if asked.sort == "-name" else ("name", "id")
    found = keyset.page(rows.select_related("region"), order=order, after=asked.after)
    staffed = selectors.staffing_of([row.pk for row in found], _today())
    for row in found:
        row.staffing = staffed.get(row.pk)
        row.domain_list = selectors.domain_words(row.domains)
    return render(request, "organisations/list.html", {"ledger": asked.fill(found, count=rows.count())})


@read
def export(request: HttpRequest) -> HttpResponse:
    """Posts and who holds them, of exactly the organisations shown."""
    rows = _asked(request, _ledger(request)).order_by("kind_key", "name", "id")
    posts = (
        selectors.posts_with_held(_today())
        .filter(organisation__in=rows)
        .select_related("organisation__region")
        .order_by("organisation__kind_key", "organisation__name", "order", "title")
    )
    held: dict[str, list[str]] = {}
    for holding in Holding.objects.at(_today()).filter(post__organisation__in=rows).select_related("user"):
        held.setdefault(holding.post_id, []).append(holding.name)
    into = BytesIO()
    title = _("Organisations and posts")
    sheets.write(
        posts.iterator(),
        [
            sheets.Column(_("Kind"), lambda post: str(KINDS[post.organisation.kind_key])),
            sheets.Column(_("Organisation"), lambda post: post.organisation.name, width=36),
            sheets.Column(_("Region"), lambda post: post.organisation.region.name),
            sheets.Column(_("Post"), lambda post: post.title),
            sheets.Column(_("Quota"), lambda post: post.quota, kind="number"),
            sheets.Column(_("In post"), lambda post: post.held, kind="number"),
            sheets.Column(_("Missing"), lambda post: max(0, post.quota - post.held), kind="number"),
            sheets.Column(_("Names"), lambda post: "、".join(held.get(post.pk, [])), width=48),
        ],
        to=into,
        title=title,
    )
    answer = HttpResponse(into.getvalue(), content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, sheets.file_name(title)) or "attachment"
    return answer


@read
def tree(request: HttpRequest) -> HttpResponse:
    """Bodies under one another, with quota, people and vacancies; sums per kind."""
    user = _user(request)
    code = request.GET.get("region", "")
    region = get_object_or_404(selectors.regions_for(user), pk=code) if code else None
    by_kind = selectors.staffing_by_kind(user, region, _today())
    return render(
        request,
        "organisations/tree.html",
        {
            "page_title": _("Organisations and posts"),
            "region": region,
            "kinds": [
                (kind, KINDS[kind], count, staffing, f"{reverse('organisations:ledger')}?kind={kind}")
                for kind, (count, staffing) in by_kind.items()
            ],
            "roots": selectors.tree(user, region, _today()),
        },
    )


def _row(request: HttpRequest, pk: str) -> Organisation:
    seen = Organisation.objects.visible_to(request.user).select_related("region", "parent")
    row: Organisation = get_object_or_404(seen, pk=pk)
    return row


@read
def organisation(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk)
    user = _user(request)
    today = _today()
    posts = selectors.posts_of(row, today)
    may_edit = can(user, Permission.ORGANISATION_EDIT, on=row)
    unmask = can(user, Permission.PERSON_UNMASK, on=row)
    phone_url = reverse("organisations:phone", args=[pk]) if unmask else ""
    acts = []
    if may_edit and row.active:
        acts = [
            Act(_("Make a post"), reverse("organisations:post-new", args=[pk]), primary=True, icon="plus"),
            Act(_("Change what is written"), reverse("organisations:change", args=[pk]), icon="edit"),
            Act(_("Merge with another"), reverse("organisations:merge", args=[pk]), icon="affiliate"),
            Act(_("Note that it is closed"), reverse("organisations:close", args=[pk]), icon="archive", danger=True),
        ]
    elif may_edit:
        acts = [Act(_("Reopen"), reverse("organisations:reopen", args=[pk]), icon="refresh")]
    powers = "、".join(str(word) for power, word in POWERS.items() if getattr(row, f"may_{power}"))
    facts = [
        Fact(_("Kind"), KINDS[row.kind_key]),
        Fact(_("Region"), regions.path_words(row), f"{reverse('organisations:answers')}?region={row.region_id}"),
        Fact(_("Stands under"), row.parent.name, reverse("organisations:organisation", args=[row.parent_id]))
        if row.parent
        else None,
        Fact(_("Unified social credit code"), row.uscc) if row.uscc else None,
        Fact(_("Industry domains it supervises"), selectors.domain_words(row.domains), wide=True)
        if row.domains
        else None,
        Fact(_("What it may do"), powers or _("Nothing over others"), wide=True),
        Fact(_("Paper that delegates or transfers powers"), row.delegation, wide=True) if row.delegation else None,
        Fact(_("Address"), row.address, wide=True) if row.address else None,
        Fact(_("Closed on"), row.closed_on) if row.closed_on else None,
    ]
    people = [Person(row.contact or row.name, _("Contact"), row.phone, unmask_url=phone_url)] if row.phone else []
    for post in posts:
        people.extend(
            Person(
                holding.name,
                post.post.title,
                holding.phone,
                unmask_url=reverse("organisations:holding-phone", args=[holding.pk])
                if unmask and holding.phone
                else "",
            )
            for holding in post.holdings
        )
    children = Organisation.objects.visible_to(user).current().filter(parent=row).order_by("kind_key", "name")
    trail = [
        Entry(
            at=_noon(holding.since),
            what=_("%(name)s took up %(post)s") % {"name": holding.name, "post": holding.post.title},
            who=holding.get_employment_display(),
            note=(_("until %(day)s") % {"day": holding.until} + f" {holding.reason}").strip() if holding.until else "",
            tone="stopped" if holding.until else "done",
        )
        for holding in selectors.trail(row)[:30]
    ]
    return render(
        request,
        "organisations/organisation.html",
        {
            "page_title": row.name,
            "row": row,
            "kind": KINDS[row.kind_key],
            "facts": [fact for fact in facts if fact is not None],
            "posts": posts,
            "staffing": selectors.staffing_of([pk], today).get(pk),
            "people": people[:60],
            "children": children[:60],
            "trail": trail,
            "acts": acts,
            "may_edit": may_edit and row.active,
        },
    )


@edit
def new(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    form = forms.OrganisationForm(request.POST or None, user=user, initial={"powers": ["check"]})
    if request.method == "POST" and form.is_valid():
        try:
            row = services.make(by=user, now=timezone.now(), id=_sent_id(request), **form.values())
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Entered: %(name)s") % {"name": row.name})
            return redirect("organisations:organisation", row.pk)
    return _form(
        request,
        form,
        page_title=_("Enter an organisation"),
        submit_label=_("Enter it"),
        cancel_url=reverse("organisations:ledger"),
        draft="organisations.new",
    )


@edit
def change(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk)
    user = _user(request)
    require(user, Permission.ORGANISATION_EDIT, on=row)
    form = forms.OrganisationForm(request.POST or None, user=user, initial=forms.OrganisationForm.initial_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            services.change(organisation_id=pk, changes=form.values(), by=user, now=timezone.now())
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Changed."))
            return redirect("organisations:organisation", pk)
    return _form(
        request,
        form,
        page_title=_("Change: %(name)s") % {"name": row.name},
        submit_label=_("Save the changes"),
        cancel_url=reverse("organisations:organisation", args=[pk]),
    )


@edit
def close(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk)
    require(request.user, Permission.ORGANISATION_EDIT, on=row)
    form = forms.CloseForm(request.POST or None, initial={"on": _today()})
    if request.method == "POST" and form.is_valid():
        try:
            services.close(organisation_id=pk, by=_user(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Noted as closed."))
            return redirect("organisations:organisation", pk)
    return _form(
        request,
        form,
        page_title=_("Close: %(name)s") % {"name": row.name},
        submit_label=_("Note that it is closed"),
        cancel_url=reverse("organisations:organisation", args=[pk]),
    )


@edit
def reopen(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk)
    require(request.user, Permission.ORGANISATION_EDIT, on=row)
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.reopen(organisation_id=pk, by=_user(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Reopened."))
            return redirect("organisations:organisation", pk)
    return _form(
        request,
        form,
        page_title=_("Reopen: %(name)s") % {"name": row.name},
        submit_label=_("Reopen"),
        cancel_url=reverse("organisations:organisation", args=[pk]),
    )


@edit
def merge(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk)
    user = _user(request)
    require(user, Permission.ORGANISATION_EDIT, on=row)
    form = forms.MergeForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        kept = form.cleaned_data["kept"]
        try:
            services.merge(lost_id=pk, kept_id=kept.pk, reason=form.cleaned_data["reason"], by=user, now=timezone.now())
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Merged into %(name)s.") % {"name": kept.name})
            return redirect("organisations:organisation", kept.pk)
    return _form(
        request,
        form,
        page_title=_("Merge: %(name)s") % {"name": row.name},
        submit_label=_("Merge the two"),
        cancel_url=reverse("organisations:organisation", args=[pk]),
        danger_confirm=_(
            "Posts, people and places of “%(name)s” move to the other organisation, and it is closed. This cannot be undone."
        )
        % {"name": row.name},
    )


@require_POST
@read
def phone(request: HttpRequest, pk: str) -> HttpResponse:
    number = services.show_phone(organisation_id=pk, by=_user(request), now=timezone.now())
    messages.info(request, _("Telephone: %(number)s. That it was shown is recorded.") % {"number": number})
    return redirect(_back(request, reverse("organisations:organisation", args=[pk])))


@require_POST
@read
def holding_phone(request: HttpRequest, pk: str) -> HttpResponse:
    number = services.show_phone(holding_id=pk, by=_user(request), now=timezone.now())
    messages.info(request, _("Telephone: %(number)s. That it was shown is recorded.") % {"number": number})
    return redirect(_back(request, reverse("organisations:answers")))


# --- posts ------------------------------------------------------------------------------------------------------------


@edit
def post_new(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk)
    require(request.user, Permission.ORGANISATION_EDIT, on=row)
    form = forms.PostForm(request.POST or None, initial={"quota": 1, "key": "other", "level": "worker"})
    if request.method == "POST" and form.is_valid():
        try:
            services.make_post(organisation_id=pk, by=_user(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("The post is made."))
            return redirect("organisations:organisation", pk)
    return _form(
        request,
        form,
        page_title=_("A post in %(name)s") % {"name": row.name},
        submit_label=_("Make the post"),
        cancel_url=reverse("organisations:organisation", args=[pk]),
    )


def _post(request: HttpRequest, pk: str) -> Post:
    post = get_object_or_404(Post.objects.visible_to(request.user).select_related("organisation"), pk=pk)
    require(request.user, Permission.ORGANISATION_EDIT, on=post.organisation)
    return post


@edit
def post_change(request: HttpRequest, pk: str) -> HttpResponse:
    post = _post(request, pk)
    there = reverse("organisations:organisation", args=[post.organisation_id])
    initial = {name: getattr(post, name) for name in forms.PostForm.base_fields}
    form = forms.PostForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_post(post_id=pk, changes=form.cleaned_data, by=_user(request), now=timezone.now())
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Changed."))
            return redirect(there)
    return _form(
        request,
        form,
        page_title=_("Change the post: %(title)s") % {"title": post.title},
        submit_label=_("Save the changes"),
        cancel_url=there,
    )


@require_POST
@edit
def post_retire(request: HttpRequest, pk: str) -> HttpResponse:
    post = _post(request, pk)
    services.retire_post(post_id=pk, on=_today(), by=_user(request), now=timezone.now())
    messages.success(request, _("The post “%(title)s” is abolished.") % {"title": post.title})
    return redirect("organisations:organisation", post.organisation_id)


@edit
def appoint(request: HttpRequest, pk: str) -> HttpResponse:
    post = _post(request, pk)
    there = reverse("organisations:organisation", args=[post.organisation_id])
    form = forms.AppointForm(request.POST or None, initial={"since": _today()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        username = data.pop("username").strip()
        # Only people of one's own region can be named: others are as unknown as a mistyped name.
        account = User.objects.filter(username__iexact=username, is_active=True).first() if username else None
        if username and (account is None or account.name != data["person_name"].strip()):
            form.add_error("username", _("There is no such account of this person."))
        else:
            try:
                services.appoint(post_id=pk, user=account, by=_user(request), now=timezone.now(), **data)
            except Refused as refused:
                _complain(form, refused)
            else:
                messages.success(request, _("Appointed."))
                return redirect(_back(request, there) if request.POST.get("next") else there)
    return _form(
        request,
        form,
        page_title=_("Appoint: %(post)s, %(organisation)s")
        % {"post": post.title, "organisation": post.organisation.name},
        submit_label=_("Appoint"),
        cancel_url=there,
    )


@edit
def relieve(request: HttpRequest, pk: str) -> HttpResponse:
    holding = get_object_or_404(
        Holding.objects.visible_to(request.user).select_related("post__organisation", "user"), pk=pk
    )
    require(request.user, Permission.ORGANISATION_EDIT, on=holding.post.organisation)
    there = reverse("organisations:organisation", args=[holding.post.organisation_id])
    form = forms.EndForm(request.POST or None, initial={"until": _today()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.relieve(
                holding_id=pk, until=data["until"], reason=data["reason"], by=_user(request), now=timezone.now()
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Relieved. What they answered for shows as a gap until handed over."))
            return redirect(there)
    return _form(
        request,
        form,
        page_title=_("Relieve %(name)s of %(post)s") % {"name": holding.name, "post": holding.post.title},
        submit_label=_("Relieve of the post"),
        cancel_url=there,
    )


# --- suggestions ------------------------------------------------------------------------------------------------------


def _typed(request: HttpRequest) -> str:
    """Whatever the one line that asks is called."""
    return next((words for value in request.GET.values() if (words := str(value).strip())), "")[:80]


@login_required
def organisation_options(request: HttpRequest) -> HttpResponse:
    text = _typed(request)
    rows = selectors.organisations(request.user, text=text).order_by("name")[:20] if text else []
    options = ((forms.organisation_words(row),) for row in rows)
    return HttpResponse(format_html_join("", '<option value="{}"></option>', options))


def region_of(request: HttpRequest) -> Region | None:
    """The region an address names (``?region=``), seen by the user; None where it names none."""
    code = request.GET.get("region", "")
    return get_object_or_404(selectors.regions_for(request.user), pk=code) if code else None
