"""Every address of the house, whoever built it, is closed to a stranger unless it is meant for strangers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from anwang.config.api import api

pytestmark = pytest.mark.django_db

OPEN = {
    "healthz",
    "metrics",
    "favicon.ico",
    "language/",
    "accounts/login/",
    "accounts/logout/",
    "accounts/inactive/",
    "accounts/2fa/authenticate/",  # sends back to the sign-in page unless the password was right a moment ago
}
SAMPLES = {"int": "1", "slug": "x", "str": "x", "path": "x", "uuid": "00000000-0000-0000-0000-000000000000"}


def routes(resolver: Any, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern):
            yield route


def filled(route: str) -> str:
    """An address of this shape."""
    out = ""
    for part in route.split("<"):
        if ">" in part:
            name, rest = part.split(">", 1)
            converter = name.split(":")[0] if ":" in name else "str"
            out += SAMPLES.get(converter, "x") + rest
        else:
            out += part
    return out.replace("^", "").replace("$", "").replace("\\Z", "")


PAGES = sorted({route for route in routes(get_resolver()) if not route.startswith("api/")})


def test_the_list_is_not_empty() -> None:
    assert len(PAGES) > 50


@pytest.mark.parametrize("route", PAGES)
def test_pages_send_strangers_to_the_sign_in_page(client: Client, route: str) -> None:
    path = f"/{filled(route)}"
    answer = client.get(path)
    if route in OPEN or route.startswith("p/"):
        assert "/accounts/login/?next=" not in answer.get("Location", "")
        return
    assert answer.status_code == 302, path
    assert answer["Location"].startswith("/accounts/login/?next="), path
    assert client.post(path).status_code == 302
    part = client.get(path, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/regions/?q=1"})
    assert part["HX-Redirect"] == "/accounts/login/?next=/regions/%3Fq%3D1"
    assert client.get(path, headers={"Accept": "application/json"}).status_code == 401


def operations() -> Iterator[tuple[str, str, bool]]:
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                open_to_all = operation.auth_param is None and not operation.auth_callbacks
                for method in operation.methods:
                    yield method, f"/api{prefix}{path}", open_to_all


OPERATIONS = sorted(set(operations()))


@pytest.mark.parametrize(("method", "path", "open_to_all"), OPERATIONS)
def test_the_api_says_401(client: Client, method: str, path: str, open_to_all: bool) -> None:
    address = path
    while "{" in address:
        head, _, rest = address.partition("{")
        address = head + "x" + rest.partition("}")[2]
    answer = client.generic(method, address, b"{}", content_type="application/json")
    if open_to_all:
        return
    assert answer.status_code == 401, (method, address, answer.content[:200])
    assert answer.json()["key"] == "base.sign_in"
    with_wrong_key = client.generic(method, address, b"{}", headers={"Authorization": "Bearer aw_wrong"})
    assert with_wrong_key.status_code == 401


def test_the_api_pages(client: Client, make_user: Any, signed_in: Any) -> None:
    assert client.get("/api/openapi.json").status_code == 401
    assert client.get("/api/docs")["Location"].startswith("/accounts/login/")
    signed_in(client, make_user())
    assert client.get("/api/openapi.json").status_code == 200
    assert client.get("/api/docs").status_code == 200


@pytest.mark.parametrize(
    ("headers", "back"),
    [
        ({"Referer": "http://testserver/regions/?q=1"}, "/regions/%3Fq%3D1"),
        ({"Referer": "https://elsewhere.example/x"}, "/"),
        ({}, "/"),
    ],
)
def test_a_form_sent_too_late_comes_back_to_its_page(client: Client, headers: dict[str, str], back: str) -> None:
    answer = client.post("/accounts/me/change", headers=headers)
    assert answer["Location"] == f"/accounts/login/?next={back}"


def test_nobody_signed_in_has_a_token_users_rights(client: Client, make_user: Any, places: Any) -> None:
    """A session's forms need the CSRF secret, a key does not; a stranger without either is unknown, not forged."""
    strict = Client(enforce_csrf_checks=True)
    user = make_user("inspector", places.county)
    strict.force_login(user, backend="anwang.ground.accounts.backends.PeopleBackend")
    body = {"page": "p", "name": "n"}
    assert strict.post("/api/accounts/me/views", body, content_type="application/json").status_code == 403
    assert (
        Client(enforce_csrf_checks=True)
        .post("/api/accounts/me/views", body, content_type="application/json")
        .status_code
        == 401
    )
    page = strict.get("/accounts/me/change").content.decode()
    secret = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    answer = strict.post(
        "/api/accounts/me/views", body, content_type="application/json", headers={"X-CSRFToken": secret}
    )
    assert answer.status_code == 201
