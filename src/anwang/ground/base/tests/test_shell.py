import re

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import ResolverMatch, resolve, reverse
from django.utils import translation

from anwang.ground.base import nav, web
from anwang.ground.base.context import places, shell


@pytest.fixture
def menu(monkeypatch):
    """A menu of our own, whatever the rooms have registered."""
    monkeypatch.setattr(nav, "_items", {})
    return nav


def item(key, **more):
    return nav.Item(key, key.title(), "base:gallery", "home", **({"order": 1} | more))


def test_only_what_the_person_may(menu):
    menu.register(item("open"))
    menu.register(item("closed", permission="x.read"))
    assert [each.key for each in menu.items_for(lambda _: False)] == ["open"]
    assert {each.key for each in menu.items_for(lambda permission: permission == "x.read")} == {"open", "closed"}


def test_order_is_by_group_then_by_number(menu):
    for key, group, order in [("c", "records", 1), ("b", "day", 2), ("a", "day", 1)]:
        menu.register(item(key, group=group, order=order))
    assert [each.key for each in menu.items_for(lambda _: True)] == ["a", "b", "c"]
    with pytest.raises(ValueError, match="unknown menu group"):
        menu.register(item("x", group="elsewhere"))


def test_the_present_place_is_marked_and_a_wrong_entry_takes_no_page_down(menu):
    menu.register(item("base", phone=True))
    menu.register(nav.Item("gone", "Gone", "gone:nowhere", "home", order=2))
    request = RequestFactory().get("/gallery/")
    request.resolver_match = resolve("/gallery/")
    context = shell(request)
    [group] = context["nav_groups"]
    assert [(place.item.key, place.current) for place in group.places] == [("base", True)]
    assert len(context["nav_phone"]) == 1


@pytest.mark.parametrize(("view", "marked"), [("a:b:list", "a:b"), ("a:c", "a"), ("a:b", "a:b"), ("z:y", None)])
def test_the_nearest_place_is_marked(menu, view, marked):
    menu.register(item("a"))
    menu.register(item("a:b"))
    request = RequestFactory().get("/")
    *spaces, name = view.split(":")
    request.resolver_match = ResolverMatch(web.gallery, (), {}, name, [], spaces)
    assert [place.item.key for place in places(request) if place.current] == ([marked] if marked else [])


def gallery():
    """The page without the middleware of higher rooms, which would ask who is there."""
    return web.gallery(RequestFactory().get("/gallery/")).content.decode()


def test_the_gallery_draws_every_part_without_anything_inline():
    html = gallery()
    assert not re.search(r"<[^>]+\sstyle=", html)
    assert not re.search(r"<[^>]+\son[a-z]+=", html)
    assert not re.search(r"<script(?![^>]*(\ssrc=|application/json))", html)
    for part in [
        "aw-cards",
        "aw-table",
        "aw-steps",
        "aw-evidence",
        "aw-people",
        "aw-timeline",
        "aw-acts",
        "aw-form",
        "aw-chart",
        "aw-map",
        "aw-paper",
    ]:
        assert part in html


def test_errors_say_what_to_do():
    answer = web.error_404(RequestFactory().get("/no/such/page/"))
    assert answer.status_code == 404
    assert "aw-todo" in answer.content.decode()


def test_the_page_for_our_own_fault_needs_no_database():
    # No `db` mark: pytest-django fails the test if the page touches it.
    answer = web.error_500(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "aw-todo" in answer.content.decode()


def test_the_language_is_kept(db):
    answer = Client().post(reverse("base:language"), {"language": "en", "next": reverse("base:gallery")})
    assert answer["Location"] == reverse("base:gallery")
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"
    with translation.override("en"):
        assert "Parts of a page" in gallery()
    with translation.override("zh-hans"):
        assert "页面部件" in gallery()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "status"), [(r'{"a": "b\u0000"}', 422), (r'{"a": "\\\u0000"}', 422), (r'{"a": "\\u0000"}', 401)]
)
def test_a_nul_in_json_is_refused_and_a_written_escape_is_none(client, sent, status):
    assert client.post("/api/hazards/", sent, content_type="application/json").status_code == status
