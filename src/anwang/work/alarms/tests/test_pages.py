"""The screens: the board, one alarm, its acts, the level rules."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from anwang.work.alarms.models import Alarm, LevelRule

from .conftest import FACE

pytestmark = pytest.mark.django_db


@pytest.fixture
def fresh(watched):
    """An alarm of this moment: pages go by the real clock."""
    watched.now = timezone.now() - timedelta(seconds=20)
    watched.scan(values={FACE: 1.2})
    return watched.alarm()


def test_the_board_shows_it_to_who_may_see_it_and_offers_what_they_may_do(client, signed_in, watched, fresh):
    for name, seen, button in (
        ("duty", True, True),
        ("office", True, True),
        ("city", True, False),
        ("stranger", False, False),
    ):
        page = signed_in(client, watched.people[name]).get(reverse("alarms:board"))
        text = page.content.decode()
        assert page.status_code == 200
        assert (f"alarm-{fresh.pk}" in text) is seen, name
        assert ("data-acknowledge" in text) is button, name
    text = signed_in(client, watched.duty).get(reverse("alarms:rows")).content.decode()
    assert 'data-reds="1"' in text
    assert "1.2 %CH4" in text
    assert "红色" in text


def test_acknowledging_on_the_board_leads_back_to_it(client, signed_in, watched, fresh):
    url = reverse("alarms:act", args=[fresh.pk, "acknowledge"])
    answer = signed_in(client, watched.duty).post(url, {"next": "board"})
    assert answer.url == reverse("alarms:board")
    fresh.refresh_from_db()
    assert fresh.state == "acknowledged"
    # The stale button of a second window is refused and says why.
    assert client.post(url, {"next": "board"}).status_code == 409


def test_the_page_has_the_acts_of_the_table_and_their_forms(client, signed_in, watched, fresh):
    signed_in(client, watched.duty)
    page = reverse("alarms:alarm", args=[fresh.pk])
    text = client.get(page).content.decode()
    assert reverse("alarms:act", args=[fresh.pk, "acknowledge"]) in text
    assert reverse("alarms:act", args=[fresh.pk, "review"]) not in text
    assert client.get(reverse("alarms:live", args=[fresh.pk])).status_code == 200
    client.post(reverse("alarms:act", args=[fresh.pk, "acknowledge"]))
    cut = reverse("alarms:act", args=[fresh.pk, "confirm_cut"])
    assert client.get(cut).status_code == 200
    assert client.post(cut, {"why": "seen_on_site", "note": ""}).status_code == 422
    assert client.post(cut, {"why": "seen_on_site", "note": "现场验电"}).status_code == 302
    assert client.get(reverse("alarms:act", args=[fresh.pk, "review"])).status_code == 409
    assert client.get(reverse("alarms:act", args=[fresh.pk, "nothing"])).status_code == 404
    assert Alarm.objects.get(pk=fresh.pk).state == "cut_confirmed"


def test_the_list_and_the_rules(client, signed_in, watched, fresh):
    signed_in(client, watched.office)
    assert fresh.number in client.get(reverse("alarms:ledger") + "?level=red&state=raised").content.decode()
    assert fresh.number not in client.get(reverse("alarms:ledger") + "?level=blue").content.decode()
    assert "矿安〔2025〕100号" in client.get(reverse("alarms:levels")).content.decode()
    assert client.get(reverse("alarms:level_set")).status_code == 403
    signed_in(client, watched.admin)
    form = reverse("alarms:level_set") + "?key=methane-1.5"
    assert "methane-1.5" in client.get(form).content.decode()
    said = {"key": "annex-1", "family": "over", "level": "red", "quantities": "methane", "at_least": "2"}
    assert client.post(form, said).status_code == 422
    assert client.post(form, {**said, "instrument": "矿安〔2025〕100号", "confidence": "high"}).status_code == 302
    assert LevelRule.objects.get().at_least == 2
