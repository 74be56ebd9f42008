"""What every table stands on: a sortable id that a phone can make."""

from typing import Any, ClassVar

from django.db import models

from anwang.kernel import ids


class UlidField(models.CharField):  # type: ignore[type-arg]
    """A ULID as 26 characters: sorts by time, made anywhere, the same in URL, file and audit row."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 26)
        kwargs.setdefault("default", new_id)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)


def new_id() -> str:
    return ids.new_ulid()


class BaseModel(models.Model):
    """Abstract: ULID key. ``kind`` is the word other rooms and the audit use for rows of this table."""

    kind: ClassVar[str] = ""

    id = UlidField(primary_key=True)

    class Meta:
        abstract = True


class Sequence(models.Model):
    """A gap-free counter per name (``hazard:140930:2026``), taken under the row's lock."""

    name = models.CharField(primary_key=True, max_length=80)
    value = models.PositiveBigIntegerField(default=0)

    @classmethod
    def take(cls, name: str, count: int = 1) -> int:
        """The first of ``count`` new numbers. Call inside the transaction that uses them."""
        cls.objects.get_or_create(name=name)
        row = cls.objects.select_for_update().get(name=name)
        first = row.value + 1
        row.value += count
        row.save(update_fields=["value"])
        return first
