"""Signed links: the door of somebody without an account to one hazard."""

from typing import ClassVar

from django.db import models

from anwang.ground.accounts.models import User
from anwang.ground.base.models import BaseModel
from anwang.work.hazards.models import Hazard


class Link(BaseModel):
    """One link. The address carries a signature of ``id``; nothing secret is stored.

    ``holder`` is the account of the kind ``link`` that acts when the link is used; its grant ends with the link.
    """

    kind: ClassVar[str] = "public_link"

    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="+")
    holder = models.OneToOneField(User, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["hazard", "made_at"], name="public_link_hazard")]

    def __str__(self) -> str:
        return f"{self.hazard_id} → {self.holder.name}"
