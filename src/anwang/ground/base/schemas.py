"""Types for the bodies and parameters of the API: text that every database takes, and moments that say where they are."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


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
