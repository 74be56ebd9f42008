"""The words of this room: refusals, events, doubts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Sentence, Text
from anwang.ground.files.rules import Doubt, FileKind

REFUSALS: dict[str, Sentence] = {
    "files.empty": Sentence(_("The file is empty."), _("Choose the file again."), 422),
    "files.too_large": Sentence(
        _("The file is larger than %(limit)s MB."),
        _("Send a smaller picture, a shorter video, or the document in parts."),
        413,
    ),
    "files.too_many_pixels": Sentence(
        _("The picture has %(pixels)s million pixels; at most %(limit)s million can be taken."),
        _("Take it again with a lower resolution, or send a part of it."),
        413,
    ),
    "files.not_allowed": Sentence(
        _("Files of this kind are not taken."),
        _("Send pictures as JPEG, PNG or WebP, documents as PDF, Word (.docx) or Excel (.xlsx), videos as MP4."),
        415,
    ),
    "files.not_a_picture": Sentence(
        _("This is no picture."), _("Send JPEG, PNG or WebP; add documents where documents are asked for."), 415
    ),
    "files.heic": Sentence(
        _("Pictures in Apple's HEIC form cannot be opened here."),
        _("On the iPhone choose Settings, Camera, Formats, Most Compatible and take it again, or send it as JPEG."),
        415,
    ),
    "files.old_office": Sentence(
        _("Documents in the old Word and Excel forms (.doc, .xls) are not taken as evidence."),
        _("Open it in Word or WPS, save it as .docx, .xlsx or PDF and send that."),
        415,
    ),
    "files.broken_image": Sentence(
        _("The picture is damaged or cut off."),
        _("Take it or choose it again; if it stays so, send a screenshot."),
        422,
    ),
    "files.broken_document": Sentence(
        _("The document is damaged or cut off."), _("Open it on your computer, save it again and send that."), 422
    ),
    "files.active_document": Sentence(
        _("The document contains programs, attachments or forms that act by themselves; it was not taken."),
        _("Print it to PDF, or save it without macros, and send that."),
        422,
    ),
    "files.bomb": Sentence(
        _("Unpacked, this file would be far larger than a document; it was not taken."),
        _("Save the document anew and send that."),
        422,
    ),
    "files.signature_blank": Sentence(_("Nobody has signed yet."), _("Sign in the field, then go on."), 422),
    "files.no_space": Sentence(
        _("There is no room left on the server's disk, so the file was not kept."),
        _("Keep the picture on your device and tell your administrator; nothing else was lost."),
        507,
    ),
    "files.gone": Sentence(
        _("One of the files is no longer there."),
        _("Files sent but not used are dropped after a day: choose them again."),
        422,
    ),
    "files.id_bad": Sentence(
        _("This id for a file is not free or not well formed."), _("Make a new id and send the file again."), 422
    ),
    "files.limit_unknown": Sentence(_("There is no limit named %(name)s."), _("Choose one of those listed."), 422),
    "files.limit_bad": Sentence(
        _("This value makes no sense for %(name)s."), _("Give a number, or a list of names, as it is now."), 422
    ),
    "files.paper_unknown": Sentence(_("There is no paper of this kind."), _("Choose one of those listed."), 422),
    "files.paper_incomplete": Sentence(
        _("The paper cannot be issued yet; missing: %(missing)s."), _("Fill in what is missing, then issue it."), 422
    ),
    "files.paper_officers": Sentence(
        _("This paper needs %(needed)s officers with an enforcement certificate; %(found)s are named."),
        _("Add the other officer, or have the certificate number entered in the account."),
        422,
    ),
    "files.paper_void": Sentence(
        _("This paper has been declared void already."), _("Issue a new one if one is needed.")
    ),
    "files.paper_reason": Sentence(_("Say why the paper is void."), _("One sentence is enough."), 422),
    "files.paper_failed": Sentence(
        _("The paper could not be drawn; no number was used."),
        _("Tell your administrator which paper it was and when."),
        500,
    ),
}

EVENTS: dict[str, Text] = {
    "files.attached": _("Evidence added"),
    "files.limit_set": _("Limit for evidence changed"),
    "papers.issued": _("Paper issued"),
    "papers.voided": _("Paper declared void"),
}

THINGS: dict[str, Text] = {
    "file": _("File"),
    "paper": _("Paper"),
    "evidence_limit": _("Limit for evidence"),
}

JOBS: dict[str, Text] = {"files.sweep": _("Clear away uploads nobody used")}

KINDS: dict[str, Text] = {
    FileKind.PHOTO: _("Photo"),
    FileKind.DOCUMENT: _("Document"),
    FileKind.SIGNATURE: _("Signature"),
    FileKind.PAPER: _("Paper"),
}


def doubt(key: Doubt, params: Mapping[str, Any]) -> str:
    """A doubt as a sentence."""
    match key:
        case Doubt.REUSED:
            said = {"day": _day(params["when"])}
            if params.get("here"):
                return gettext("The same picture (%(day)s) stands elsewhere in this record") % said
            return gettext("The same or nearly the same picture was used elsewhere (%(day)s)") % said
        case Doubt.FAR:
            return gettext("Taken about %(distance)s from the site") % {"distance": distance(params["metres"])}
        case Doubt.OLD:
            return gettext("Taken %(day)s, before it was ordered") % {"day": _day(params["taken_at"])}
        case Doubt.AHEAD:
            return gettext("Taken %(day)s by its own clock, after it was sent") % {"day": _day(params["taken_at"])}
        case Doubt.NO_POSITION:
            return gettext("No position recorded")
        case Doubt.NO_TIME:
            return gettext("No time recorded")
        case Doubt.EDITED:
            return gettext("Saved by an editing program (%(software)s)") % {"software": params["software"]}


def distance(metres: float) -> str:
    if metres < 1000:
        return gettext("%(n)s m") % {"n": round(metres)}
    return gettext("%(n)s km") % {"n": f"{metres / 1000:.1f}"}


def place(lon: float | None, lat: float | None) -> str:
    return "" if lon is None or lat is None else f"{lon:.5f}, {lat:.5f}"


def _day(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")
