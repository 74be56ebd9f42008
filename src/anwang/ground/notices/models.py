"""The inbox, the channels out of the house, and each attempt to send over them."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q

from anwang.ground.accounts.models import User
from anwang.ground.base.models import BaseModel
from anwang.ground.notices import labels
from anwang.ground.regions.models import Region


class Notice(BaseModel):
    """One message to one person. Kept as key and params, so that it is read in the reader's language."""

    kind: ClassVar[str] = "notice"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    key = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    on_kind = models.CharField(max_length=40, blank=True)
    on_id = models.CharField(max_length=40, blank=True)
    url = models.CharField(max_length=200, blank=True)
    exercise = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at", "-id"], name="notices_inbox"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notices_unread"),
            models.Index(fields=["on_kind", "on_id"], name="notices_thing"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return labels.text(self.key, self.params)


class Channel(BaseModel):
    """A way out of the house: an office's gateway as an apprise URL.

    To single persons (mail, sms, app) the URL holds ``{phone}`` or ``{email}``; a group robot's is complete.
    ``keys`` are the notices it carries: whole keys or rooms (``hazards.``); empty means all.
    """

    class Means(models.TextChoices):
        MAIL = "mail"
        SMS = "sms"
        APP = "app"
        GROUP = "group"

    kind: ClassVar[str] = "channel"
    personal: ClassVar[Mapping[str, str]] = {"secret": "scrubbed", "env": "kept", "name": "kept"}

    name = models.CharField(max_length=60)
    means = models.CharField(max_length=8, choices=Means.choices)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    secret = models.TextField(blank=True)
    """The URL, encrypted with a key made from the installation's secret."""
    env = models.CharField(max_length=60, blank=True)
    """Name of an environment variable that holds the URL instead."""
    keys = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(means__in=["mail", "sms", "app", "group"]), name="notices_means_known"),
            models.CheckConstraint(condition=~Q(secret="") | ~Q(env=""), name="notices_channel_has_address"),
        ]

    def __str__(self) -> str:
        return self.name

    def carries(self, key: str) -> bool:
        return not self.keys or any(key == each or (each.endswith(".") and key.startswith(each)) for each in self.keys)


class Delivery(BaseModel):
    """One attempt to send one notice over one channel. Written before the gateway is asked, so that none is hidden."""

    class State(models.TextChoices):
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"

    kind: ClassVar[str] = "delivery"
    personal: ClassVar[Mapping[str, str]] = {"address": "masked", "error": "kept"}

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, null=True, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    """Null for the installation's own mail (ANWANG_MAIL_URL)."""
    means = models.CharField(max_length=8)
    address = models.CharField(max_length=80, blank=True)
    """Masked: 138****5678, l***@example.cn."""
    attempt = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State.choices, default=State.SENDING)
    error = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["sending", "sent", "failed"]), name="notices_delivery_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="notices_outbox"),
            models.Index(fields=["state", "-at"], name="notices_outbox_state"),
        ]


class Preference(models.Model):
    """A person does not want notices over some means. No row means: wanted."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_preferences")
    means = models.CharField(max_length=8)
    wanted = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "means"], name="notices_one_preference_per_means"),
        ]
