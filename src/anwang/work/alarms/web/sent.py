"""What tells a form that is sent twice from two forms."""

from django.http import HttpRequest

from anwang.kernel import ids


def act_id(request: HttpRequest) -> str:
    """The id the form was made with; "" where it has none, and of a page that is only looked at."""
    key = request.POST.get("idempotency_key", "")
    return key if ids.is_ulid(key) else ""
