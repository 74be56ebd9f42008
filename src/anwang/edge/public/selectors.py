"""Finding the link that an address means."""

from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet

from anwang.edge.public.models import Link
from anwang.ground.base.errors import Refused
from anwang.ground.files.models import StoredFile
from anwang.kernel import ids
from anwang.work.hazards.models import Hazard

_SALT = "anwang.public.link"
SHOWN = ("before", "after")


def token(link: Link) -> str:
    """What stands in the address: the id and its signature by this installation's secret."""
    return Signer(salt=_SALT, sep=".").sign(link.pk)


def address(link: Link) -> str:
    return f"{settings.PUBLIC_URL}/p/h/{token(link)}/"


def link_of(said: str, *, now: datetime) -> Link:
    """The link behind an address. Refused("public.link_over") for a wrong, expired or withdrawn one, all alike."""
    try:
        key = Signer(salt=_SALT, sep=".").unsign(said)
    except BadSignature as error:
        raise Refused("public.link_over") from error
    link = Link.objects.select_related("holder", "hazard__site").filter(pk=key).first() if ids.is_ulid(key) else None
    if link is None or link.revoked_at is not None or link.expires_at <= now or not link.holder.is_active:
        raise Refused("public.link_over")
    return link


def links_of(hazard: Hazard) -> QuerySet[Link]:
    return Link.objects.filter(hazard=hazard).select_related("made_by", "holder").order_by("-made_at")


def picture_of(link: Link, file_id: str) -> StoredFile | None:
    """A picture of this hazard, of the slots a shop owner sees."""
    found: StoredFile | None = StoredFile.objects.filter(
        pk=file_id, thing_kind=Hazard.kind, thing_id=link.hazard_id, slot__in=SHOWN
    ).first()
    return found
