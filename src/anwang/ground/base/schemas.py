"""Types for the bodies and parameters of the API: text that every database takes, and moments that say where they are."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from django.http import Http404
from ninja import Field
from pydantic import AfterValidator, AwareDatetime, StringConstraints

from anwang.kernel import ids


def _whole(text: str) -> str:
    if "\0" in text:  # PostgreSQL keeps no NUL in text
        raise ValueError("NUL is not text")
    return text


def _placed(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset, such as +08:00")
    return moment


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_whole)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(_whole)]
Secret = Annotated[str, StringConstraints(max_length=200), AfterValidator(_whole)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,40}$")]
"""A key in an address: ULID, region code, role key."""
Moment = Annotated[datetime, AfterValidator(_placed)]


def _known(text: str) -> str:
    if not ids.is_ulid(text):
        raise Http404
    return text


def one_of(words: Iterable[str]) -> Any:
    """What makes ``Annotated[str, *one_of(…)]`` a choice, named in the description of the API."""
    known: list[Any] = list(words)

    def check(text: str) -> str:
        if text not in known:
            raise ValueError(f"one of {', '.join(known)}")
        return text

    return [AfterValidator(check), Field(json_schema_extra={"enum": known})]


def _since_2000(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 9999:
        raise ValueError("a moment since the year 2000")
    return moment


ULID = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
NO_NULL = r"^[^\x00]*$"
Known = Annotated[str, AfterValidator(_known)]
"""The row of an address: what is no ULID is no row, and answers as one that is not there."""
Ulid = Annotated[str, StringConstraints(pattern=ULID)]
UlidOrNone = Annotated[str, StringConstraints(pattern=rf"^$|{ULID}")]
Happened = Annotated[AwareDatetime, AfterValidator(_since_2000)]
"""A moment in the life of this house."""
