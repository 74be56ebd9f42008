"""Who may sign in with a password: people, not links or other systems."""

import math
from datetime import timedelta
from typing import Any

from axes.helpers import get_cool_off
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from anwang.ground.accounts.models import User
from anwang.ground.base.errors import Refused


class PeopleBackend(ModelBackend):
    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user)) and user.kind == User.Kind.PERSON


def locked_out(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """What axes answers after too many failures. The same for names that exist and names that do not."""
    wait: timedelta = get_cool_off() or timedelta()
    minutes = math.ceil(wait.total_seconds() / 60)
    if request.path.startswith("/api/"):
        locked = Refused("accounts.locked_out", n=minutes)
        return JsonResponse(locked.as_json(), status=locked.status)
    return render(request, "accounts/locked.html", {"minutes": minutes}, status=429)
