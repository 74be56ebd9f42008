"""Writes: organisations, posts, who is in them, who answers for what. Dates are never overwritten."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.regions import services as regions
from anwang.ground.regions.models import Region
from anwang.kernel import clock, codes, mask
from anwang.registers.organisations import library, rules, selectors
from anwang.registers.organisations.labels import USCC_WHY
from anwang.registers.organisations.models import (
    Employment,
    Holding,
    Organisation,
    OrganisationKind,
    Post,
    PostKey,
    PostLevel,
    Responsibility,
    ResponsibilityKind,
)

CHANGEABLE = frozenset(
    {
        "kind_key",
        "name",
        "short_name",
        "uscc",
        "parent",
        "domains",
        "contact",
        "phone",
        "address",
        "may_check",
        "may_order",
        "may_penalise",
        "may_seal",
        "delegation",
        "region",
    }
)
POST_CHANGEABLE = frozenset({"title", "key", "duty", "duty_basis", "quota", "level", "employments", "order"})

_on_merge: list[Callable[..., None]] = []


def on_merge(repoint: Callable[..., None]) -> Callable[..., None]:
    """Register ``repoint(*, lost, kept, by, now)``: a higher room moves its rows in the same transaction."""
    if repoint not in _on_merge:
        _on_merge.append(repoint)
    return repoint


@transaction.atomic
def load_library(*, now: datetime) -> int:
    """Write the levels of the chains that are new or newer than what is stored; an office's own rows stay.

    Returns how many rows were written. Safe to call at every start.
    """
    stored = dict(ResponsibilityKind.objects.values_list("key", "version"))
    written = 0
    for row in library.responsibility_kinds():
        if stored.get(row["key"], 0) < row["version"]:
            ResponsibilityKind.objects.update_or_create(
                key=row["key"], defaults={name: value for name, value in row.items() if name != "key"}
            )
            written += 1
    if written:
        audit.record("organisations.library_loaded", by=None, at=now, data={"rows": written})
    return written


# --- organisations ----------------------------------------------------------------------------------------------------


@transaction.atomic
def make(
    *,
    kind_key: str,
    name: str,
    region: Region,
    by: User,
    now: datetime,
    id: str = "",  # noqa: A002 - the row's own name
    demo: bool = False,
    **fields: Any,
) -> Organisation:
    """Enter an organisation. Its powers are those of its kind unless ``may_*`` say otherwise.

    ``id``: a ULID made by the form or the phone; sending it twice makes one row.
    Raises Refused("organisations.uscc_taken"), ("…uscc_wrong"), ("…delegation_missing") and those of the fields.
    """
    row = Organisation(
        id=id or new_id(), kind_key=kind_key, name=name, region=region, demo=demo, made_at=now, made_by=by
    )
    row.place_in(region)
    require(by, Permission.ORGANISATION_EDIT, on=row)
    same: Organisation | None = Organisation.objects.visible_to(by).filter(pk=id).first() if id else None
    if same is not None:
        return same
    if kind_key not in OrganisationKind.values:
        raise Refused("organisations.kind_unknown", field="kind_key", kind=kind_key)
    for power in library.powers()[kind_key].default:
        setattr(row, f"may_{power}", True)
    _set(row, fields)
    _check(row)
    _save(row)
    audit.record("organisations.made", on=row, by=by, at=now, data={"kind": row.kind_key, "name": row.name})
    return row


@transaction.atomic
def change(*, organisation_id: str, changes: Mapping[str, Any], by: User, now: datetime) -> Organisation:
    """Change what is written about an organisation; the audit keeps before and after of every field."""
    row = _locked(organisation_id, by)
    require(by, Permission.ORGANISATION_EDIT, on=row)
    before = _words(row)
    if (region := changes.get("region")) is not None:
        row.place_in(region)
        require(by, Permission.ORGANISATION_EDIT, on=row)
    _set(row, changes)
    _check(row)
    _save(row)
    if differs := rules.changed(before, _words(row)):
        audit.record("organisations.changed", on=row, by=by, at=now, data=_masked(differs))
    return row


@transaction.atomic
def close(*, organisation_id: str, on: date, reason: str, by: User, now: datetime) -> Organisation:
    """It does not exist any more. People still in its posts must be relieved first."""
    row = _locked(organisation_id, by)
    require(by, Permission.ORGANISATION_EDIT, on=row)
    _open(row)
    if not reason.strip():
        raise Refused("organisations.reason_missing", field="reason")
    if staffed := Holding.objects.at(on).filter(post__organisation=row).count():
        raise Refused("organisations.still_staffed", count=staffed, name=row.name)
    row.active, row.closed_on = False, on
    row.save(update_fields=["active", "closed_on"])
    audit.record("organisations.closed", on=row, by=by, at=now, data={"on": on.isoformat(), "reason": reason.strip()})
    return row


@transaction.atomic
def reopen(*, organisation_id: str, reason: str, by: User, now: datetime) -> Organisation:
    row = _locked(organisation_id, by)
    require(by, Permission.ORGANISATION_EDIT, on=row)
    if row.active:
        raise Refused("organisations.not_closed", name=row.name)
    closed_on = row.closed_on
    row.active, row.closed_on = True, None
    row.save(update_fields=["active", "closed_on"])
    data = {"closed_on": closed_on.isoformat() if closed_on else "", "reason": reason.strip()}
    audit.record("organisations.reopened", on=row, by=by, at=now, data=data)
    return row


@transaction.atomic
def merge(*, lost_id: str, kept_id: str, reason: str, by: User, now: datetime) -> Organisation:
    """Two rows are one organisation: posts, children and what higher rooms tied to ``lost`` move to ``kept``.

    ``lost`` is closed today and stays readable. A post of the same title is joined into the kept one's.
    """
    if lost_id == kept_id:
        raise Refused("organisations.merge_same")
    lost, kept = (_locked(key, by) for key in (lost_id, kept_id))
    for row in (lost, kept):
        require(by, Permission.ORGANISATION_EDIT, on=row)
        _open(row)
    if not reason.strip():
        raise Refused("organisations.reason_missing", field="reason")
    today = clock.local_date(now)
    titles = {post.title: post for post in kept.posts.filter(retired_on=None)}
    for post in lost.posts.filter(retired_on=None):
        same = titles.get(post.title)
        if same is None:
            post.organisation = kept
            post.save(update_fields=["organisation"])
            continue
        already = set(same.holdings.filter(until=None).exclude(user=None).values_list("user_id", flat=True))
        for holding in post.holdings.filter(until=None, user_id__in=already):
            holding.until, holding.reason = max(today, holding.since), reason.strip()[:200]
            holding.save(update_fields=["until", "reason"])
        post.holdings.filter(until=None).update(post=same)
        Responsibility.objects.filter(post=post, until=None).update(post=same)
        post.retired_on = today
        post.save(update_fields=["retired_on"])
    Organisation.objects.filter(parent=lost).exclude(pk=kept.pk).update(parent=kept)
    if kept.parent_id == lost.pk:
        kept.parent = lost.parent
        kept.save(update_fields=["parent"])
    for repoint in _on_merge:
        repoint(lost=lost, kept=kept, by=by, now=now)
    uscc, lost.uscc = lost.uscc, ""
    lost.active, lost.closed_on = False, today
    lost.save(update_fields=["active", "closed_on", "uscc"])
    if uscc and not kept.uscc:
        kept.uscc = uscc
        kept.save(update_fields=["uscc"])
    data = {"into": kept.pk, "into_name": kept.name, "reason": reason.strip(), "uscc": uscc}
    audit.record("organisations.merged", on=lost, by=by, at=now, data=data)
    return kept


def _locked(organisation_id: str, by: User) -> Organisation:
    row: Organisation = Organisation.objects.visible_to(by).select_for_update().get(pk=organisation_id)
    return row


def _open(row: Organisation) -> None:
    if not row.active:
        raise Refused("organisations.closed", name=row.name)


def _set(row: Organisation, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name not in CHANGEABLE:
            raise TypeError(f"organisations have no field {name} to be set")
        if name != "region":
            setattr(row, name, value.strip() if isinstance(value, str) else value)


def _check(row: Organisation) -> None:
    """What must hold before a row is written; mends what can be mended (blanks, the code's form)."""
    row.name = " ".join(row.name.split())
    if not row.name:
        raise Refused("organisations.name_missing", field="name")
    row.name_key = rules.name_key(row.name)
    if row.kind_key not in OrganisationKind.values:
        raise Refused("organisations.kind_unknown", field="kind_key", kind=row.kind_key)
    row.domains = (
        sorted(set(row.domains), key=Domain.values.index)
        if set(row.domains) <= set(Domain.values)
        else (_no_domain(row.domains))
    )
    if row.uscc:
        row.uscc = checked_uscc(row.uscc)
        other = Organisation.objects.filter(uscc=row.uscc).exclude(pk=row.pk).first()
        if other is not None:
            raise Refused("organisations.uscc_taken", field="uscc", name=other.name)
    asked = [power for power in library.POWERS if getattr(row, f"may_{power}")]
    if reason := rules.powers_refused(asked, library.powers()[row.kind_key].statute, row.delegation):
        raise Refused(reason, field="delegation")
    above: Organisation | None = row.parent
    while above is not None:
        if above.pk == row.pk:
            raise Refused("organisations.parent_circle", field="parent")
        above = above.parent


def _no_domain(domains: Iterable[str]) -> list[str]:
    raise Refused("organisations.domain_unknown", field="domains", domain="、".join(set(domains) - set(Domain.values)))


def _save(row: Organisation) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # somebody entered the same code in between
        raise Refused("organisations.uscc_taken", field="uscc", name=row.uscc) from error


def _words(row: Organisation) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in CHANGEABLE - {"parent", "region", "domains"}}
    return plain | {"parent": row.parent_id or "", "region": row.region_id, "domains": "、".join(row.domains)}


def _masked(differs: Mapping[str, list[Any]]) -> dict[str, Any]:
    """A before-and-after as the audit keeps it: that a number or a name changed, not what it is."""
    masks = {"phone": mask.mask_phone, "contact": mask.mask_name}
    return {name: [masks[name](str(v)) for v in pair] if name in masks else pair for name, pair in differs.items()}


def checked_uscc(text: str) -> str:
    """The code in its normal form. Raises Refused("organisations.uscc_wrong") with the reason in words."""
    try:
        return codes.check_uscc(text)
    except codes.CodeWrong as error:
        raise Refused(
            "organisations.uscc_wrong", field="uscc", uscc=text.strip(), why=USCC_WHY.get(error.key, error.key)
        ) from error


# --- posts ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_post(*, organisation_id: str, title: str, quota: int, by: User, now: datetime, **fields: Any) -> Post:
    """A new post. ``key`` says what work it is (grid_member, safety_officer, …), ``duty`` its responsibility list."""
    organisation = _locked(organisation_id, by)
    require(by, Permission.ORGANISATION_EDIT, on=organisation)
    _open(organisation)
    post = Post(organisation=organisation, title=title, quota=quota, made_at=now)
    _set_post(post, fields)
    _save_post(post)
    audit.record(
        "organisations.post_made",
        on=organisation,
        by=by,
        at=now,
        data={"post": post.pk, "title": post.title, "quota": post.quota, "key": post.key},
    )
    return post


@transaction.atomic
def change_post(*, post_id: str, changes: Mapping[str, Any], by: User, now: datetime) -> Post:
    post = _locked_post(post_id, by)
    before = {name: getattr(post, name) for name in POST_CHANGEABLE}
    _set_post(post, changes)
    _save_post(post)
    if differs := rules.changed(before, {name: getattr(post, name) for name in POST_CHANGEABLE}):
        data = {"post": post.pk, "title": post.title} | differs
        audit.record("organisations.post_changed", on=post.organisation, by=by, at=now, data=data)
    return post


@transaction.atomic
def retire_post(*, post_id: str, on: date, by: User, now: datetime) -> Post:
    """The post is abolished; whoever is in it is relieved first."""
    post = _locked_post(post_id, by)
    if staffed := post.holdings.all().at(on).count():
        raise Refused("organisations.still_staffed", count=staffed, name=post.title)
    post.retired_on = on
    post.save(update_fields=["retired_on"])
    data = {"post": post.pk, "title": post.title, "on": on.isoformat()}
    audit.record("organisations.post_retired", on=post.organisation, by=by, at=now, data=data)
    return post


def _locked_post(post_id: str, by: User) -> Post:
    post = Post.objects.visible_to(by).select_related("organisation").select_for_update(of=("self",)).get(pk=post_id)
    require(by, Permission.ORGANISATION_EDIT, on=post.organisation)
    if post.retired_on is not None:
        raise Refused("organisations.post_retired", title=post.title)
    return post


def _set_post(post: Post, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name not in POST_CHANGEABLE:
            raise TypeError(f"posts have no field {name} to be set")
        setattr(post, name, value.strip() if isinstance(value, str) else value)
    post.title = " ".join(post.title.split())
    if not post.title:
        raise Refused("organisations.title_missing", field="title")
    if post.key not in PostKey.values:
        post.key = PostKey.OTHER
    if post.level not in PostLevel.values:
        post.level = PostLevel.WORKER
    if unknown := set(post.employments) - set(Employment.values):
        raise Refused("organisations.employment_unknown", field="employments", employment="、".join(unknown))


def _save_post(post: Post) -> None:
    try:
        with transaction.atomic():
            post.save()
    except IntegrityError as error:
        raise Refused("organisations.post_taken", field="title", title=post.title) from error


# --- people in posts --------------------------------------------------------------------------------------------------


@transaction.atomic
def appoint(
    *,
    post_id: str,
    since: date,
    by: User,
    now: datetime,
    user: User | None = None,
    person_name: str = "",
    person_phone: str = "",
    employment: str = Employment.STAFF,
) -> Holding:
    """Somebody takes up a post, with an account or by name. More people than the quota may be appointed; it shows.

    Raises Refused("organisations.already_holds") where the same person is in it on that day.
    """
    post = _locked_post(post_id, by)
    _open(post.organisation)
    name = " ".join(person_name.split())
    if user is None and not name:
        raise Refused("organisations.person_missing", field="person_name")
    if employment not in Employment.values:
        raise Refused("organisations.employment_unknown", field="employment", employment=employment)
    phone = person_phone.strip()
    if user is not None and name in {"", user.name}:
        name, phone = "", ("" if phone == user.phone else phone)
    in_it = post.holdings.all().at(since)
    same = in_it.filter(user=user) if user is not None else in_it.filter(person_name=name, person_phone=phone)
    if same.exists():
        raise Refused("organisations.already_holds", name=user.name if user is not None else name)
    holding = Holding.objects.create(
        post=post,
        user=user,
        person_name=name,
        person_phone=phone,
        employment=employment,
        since=since,
        appointed_by=by,
    )
    audit.record(
        "organisations.appointed",
        on=post.organisation,
        by=by,
        at=now,
        data={
            "post": post.pk,
            "title": post.title,
            "holding": holding.pk,
            "user": user.pk if user is not None else "",
            "since": since.isoformat(),
            "employment": employment,
        },
    )
    return holding


@transaction.atomic
def relieve(*, holding_id: str, until: date, reason: str, by: User, now: datetime) -> Holding:
    """Somebody leaves a post: ``until`` is the first day they no longer hold it.

    What they answered for through this post stays written, without a person, and shows as a gap until handed over.
    """
    holding = _locked_holding(holding_id, by)
    if refused := rules.end_refused(holding.since, holding.until, until):
        raise Refused(refused, field="until", since=holding.since, until=holding.until or until)
    holding.until, holding.reason = until, reason.strip()[:200]
    holding.save(update_fields=["until", "reason"])
    post = holding.post
    data = {
        "post": post.pk,
        "title": post.title,
        "holding": holding.pk,
        "until": until.isoformat(),
        "reason": holding.reason,
    }
    audit.record("organisations.relieved", on=post.organisation, by=by, at=now, data=data)
    return holding


@transaction.atomic
def give_account(*, holding_id: str, user: User, by: User, now: datetime) -> Holding:
    """The person in this post, until now known by name, has an account."""
    holding = _locked_holding(holding_id, by)
    if holding.user_id == user.pk:
        return holding
    if holding.user is not None:
        raise Refused("organisations.already_holds", name=holding.user.name)
    if holding.post.holdings.filter(user=user, until=None).exists():
        raise Refused("organisations.already_holds", name=user.name)
    holding.user = user
    holding.save(update_fields=["user"])
    data = {"holding": holding.pk, "user": user.pk, "title": holding.post.title}
    audit.record("organisations.account_given", on=holding.post.organisation, by=by, at=now, data=data)
    return holding


def _locked_holding(holding_id: str, by: User) -> Holding:
    found = Holding.objects.visible_to(by).select_related("post__organisation", "user")
    holding = found.select_for_update(of=("self",)).get(pk=holding_id)
    require(by, Permission.ORGANISATION_EDIT, on=holding.post.organisation)
    return holding


# --- chains -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def assign(
    *,
    level: str,
    since: date,
    by: User,
    now: datetime,
    region: Region | None = None,
    site: Any = None,
    building: str = "",
    post_id: str = "",
    holding_id: str = "",
    user: User | None = None,
    person_name: str = "",
    person_phone: str = "",
    role: str = "",
    domains: Iterable[str] = (),
    note: str = "",
) -> Responsibility:
    """Somebody answers for ``region``, for ``site`` (any row of the sites room), or for one ``building`` of either.

    Exactly one of ``post_id``, ``holding_id``, ``user``, ``person_name``. The same holder at the same level for the
    same place is refused; several people at one level are not (党政同责 names two).
    """
    row = _new(level, since, region, site, building, role, domains, note, by)
    require(by, Permission.ORGANISATION_EDIT, on=row)
    _set_holder(row, by, post_id, holding_id, user, person_name, person_phone)
    if _answers_already(row):
        raise Refused("organisations.answered_already", name=_holder_words(row))
    row.save()
    audit.record("organisations.responsibility_assigned", on=row, by=by, at=now, data=_responsibility_words(row))
    return row


@transaction.atomic
def end(*, responsibility_id: str, until: date, by: User, now: datetime, note: str = "") -> Responsibility:
    """Nobody takes it over from here: the row ends on ``until`` (the first day it no longer holds)."""
    row = _locked_responsibility(responsibility_id, by)
    _end(row, until)
    data = {"level": row.level_id, "until": until.isoformat(), "note": note.strip()}
    audit.record("organisations.responsibility_ended", on=row, by=by, at=now, data=data)
    return row


@transaction.atomic
def hand_over(
    *,
    responsibility_id: str,
    since: date,
    by: User,
    now: datetime,
    post_id: str = "",
    holding_id: str = "",
    user: User | None = None,
    person_name: str = "",
    person_phone: str = "",
    note: str = "",
) -> Responsibility:
    """The same place at the same level, somebody else from ``since`` on: the old row ends, a new one opens."""
    old = _locked_responsibility(responsibility_id, by)
    _end(old, since)
    new = Responsibility(
        level=old.level,
        role=old.role,
        site_id=old.site_id,
        building=old.building,
        domains=old.domains,
        since=since,
        note=note.strip(),
        made_by=by,
    )
    new.place_in(old.region)
    _set_holder(new, by, post_id, holding_id, user, person_name, person_phone)
    new.save()
    data = _responsibility_words(new) | {"before": old.pk}
    audit.record("organisations.responsibility_handed_over", on=new, by=by, at=now, data=data)
    return new


def _new(
    level: str,
    since: date,
    region: Region | None,
    site: Any,
    building: str,
    role: str,
    domains: Iterable[str],
    note: str,
    by: User,
) -> Responsibility:
    kind = ResponsibilityKind.objects.filter(pk=level, active=True).first()
    if kind is None:
        raise Refused("organisations.level_unknown", field="level", level=level)
    place = region if site is None else site.region
    if place is None:
        raise Refused("organisations.site_unknown", field="region")
    building = " ".join(building.split())
    if refused := rules.cover_refused(kind.covers, level=place.level, site=site is not None, building=bool(building)):
        raise Refused(refused, field="level", level=kind.word)
    wanted = list(domains)
    if set(wanted) - set(Domain.values):
        _no_domain(wanted)
    row = Responsibility(
        level=kind,
        role=role.strip(),
        site_id=str(site.pk) if site is not None else "",
        building=building,
        domains=wanted,
        since=since,
        note=note.strip(),
        made_by=by,
    )
    row.place_in(place)
    return row


def _set_holder(
    row: Responsibility,
    by: User,
    post_id: str,
    holding_id: str,
    user: User | None,
    person_name: str,
    person_phone: str,
) -> None:
    name = " ".join(person_name.split())
    if sum(map(bool, (post_id, holding_id, user, name))) != 1:
        raise Refused("organisations.holder_missing", field="person_name")
    if post_id:
        row.post = Post.objects.visible_to(by).current().get(pk=post_id)
    elif holding_id:
        row.holding = Holding.objects.visible_to(by).select_related("post", "user").get(pk=holding_id)
        if row.holding.until is not None and row.holding.until <= row.since:
            raise Refused("organisations.already_ended", field="holding_id", until=row.holding.until)
    elif user is not None:
        row.user = user
    else:
        row.person_name, row.person_phone = name, person_phone.strip()


def _locked_responsibility(responsibility_id: str, by: User) -> Responsibility:
    found = Responsibility.objects.visible_to(by).select_related("level", "region")
    row: Responsibility = found.select_for_update(of=("self",)).get(pk=responsibility_id)
    require(by, Permission.ORGANISATION_EDIT, on=row)
    return row


def _end(row: Responsibility, until: date) -> None:
    if refused := rules.end_refused(row.since, row.until, until):
        raise Refused(refused, field="until", since=row.since, until=row.until or until)
    row.until = until
    row.save(update_fields=["until"])


def _answers_already(row: Responsibility) -> bool:
    """Does the same holder answer for the same place at the same level on the day this row begins?"""
    return (
        Responsibility.objects.at(row.since)
        .filter(
            level_id=row.level_id,
            region_id=row.region_id,
            site_id=row.site_id,
            building=row.building,
            post_id=row.post_id,
            holding_id=row.holding_id,
            user_id=row.user_id,
            person_name=row.person_name,
            person_phone=row.person_phone,
            role=row.role,
        )
        .exists()
    )


def _holder_words(row: Responsibility) -> str:
    return str(row.post or row.holding or row.user or row.person_name)


def _responsibility_words(row: Responsibility) -> dict[str, Any]:
    return {
        "level": row.level_id,
        "role": row.role,
        "region": row.region_id,
        "site": row.site_id,
        "building": row.building,
        "post": row.post_id or "",
        "holding": row.holding_id or "",
        "user": row.user_id or "",
        "since": row.since.isoformat(),
        "domains": "、".join(row.domains),
    }


@regions.on_successors
def follow_grid(*, old: Region, news: list[Region], by: Any, now: datetime) -> None:
    """A grid was merged or split: whoever answered for it answers for what it became, from this day on."""
    today = clock.local_date(now)
    for row in Responsibility.objects.filter(region=old, site_id="", until=None).select_related("level"):
        row.until = max(today, row.since)
        row.save(update_fields=["until"])
        for region in news:
            new = Responsibility(
                level=row.level,
                role=row.role,
                post_id=row.post_id,
                holding_id=row.holding_id,
                user_id=row.user_id,
                person_name=row.person_name,
                person_phone=row.person_phone,
                building=row.building,
                domains=row.domains,
                since=row.until,
                note=row.note,
                made_by=by,
            )
            new.place_in(region)
            if _answers_already(new):
                continue
            new.save()
            data = _responsibility_words(new) | {"before": row.pk, "grid": old.pk}
            audit.record("organisations.responsibility_handed_over", on=new, by=by, at=now, data=data)


# --- personal data ----------------------------------------------------------------------------------------------------


@transaction.atomic
def show_phone(*, by: User, now: datetime, organisation_id: str = "", holding_id: str = "") -> str:
    """The number in full, of an organisation or of somebody in a post; that it was shown is recorded."""
    if holding_id:
        holding = Holding.objects.visible_to(by).select_related("post__organisation", "user").get(pk=holding_id)
        organisation, phone = holding.post.organisation, holding.phone
    else:
        organisation = Organisation.objects.visible_to(by).get(pk=organisation_id)
        phone = organisation.phone
    require(by, Permission.PERSON_UNMASK, on=organisation)
    if not phone:
        raise Refused("organisations.no_phone")
    data = {"holding": holding_id} if holding_id else {}
    audit.record("organisations.phone_shown", on=organisation, by=by, at=now, data=data)
    return phone


def site_in_sight(user: User, site_id: str) -> Any:
    """A site of the room above, if ``user`` sees it. Raises Refused("organisations.site_unknown")."""
    above = selectors.sites_above()
    site = above.get(user, site_id) if above is not None else None
    if site is None:
        raise Refused("organisations.site_unknown", field="site_id")
    return site
