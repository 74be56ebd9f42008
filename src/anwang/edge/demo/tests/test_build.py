"""The whole demonstration, with few hazards: made by the services, nothing failed, nothing left half done."""

from datetime import timedelta

import pytest
from django.db.models import Count
from django.utils import timezone

from anwang.edge.demo import neighbour, services, watch
from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.jobs.models import Job
from anwang.ground.notices.models import Notice
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.registers.sites.models import Site
from anwang.registers.standards import services as standards
from anwang.work.alarms.models import Alarm
from anwang.work.checklists import services as checklists
from anwang.work.hazards import rules
from anwang.work.hazards.models import Hazard
from anwang.work.inspections.models import Inspection
from anwang.work.telemetry import memory, store
from anwang.work.telemetry.models import Episode, Finding, Mine, RefusedRecord, SensorPoint

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def history(settings, tmp_path):
    """The readings of the mines in a folder of their own."""
    settings.HOME = tmp_path
    memory.forget()
    store.close()
    yield
    memory.forget()
    store.close()


def test_a_county_is_built_by_the_services(roles, history, monkeypatch):
    from anwang.config import tasks
    from anwang.ground.regions import services as regions

    tasks.load()
    now = timezone.now()
    regions.load("140000", by=None, now=now)
    for library in (
        organisations.load_library,
        sites.load_library,
        standards.load_libraries,
        checklists.load_libraries,
    ):
        library(now=now)
    monkeypatch.setattr(services, "SMALL", 30)
    monkeypatch.setattr(watch, "DAYS", 7)
    said = []
    assert not services.exists()
    services.build(now=now, progress=lambda done, total: said.append((done, total)), small=True)
    assert services.exists()
    assert said[-1][0] == said[-1][1]
    assert Hazard.objects.filter(county_code="140930").count() == 30
    brought = Hazard.objects.filter(county_code=neighbour.CODE)
    assert 0.98 * neighbour.ROWS <= brought.count() <= neighbour.ROWS
    assert {"closed", "rectifying"} <= set(brought.values_list("state", flat=True))
    assert Site.objects.filter(domain="coal", county_code="140930").count() == 11
    assert Site.objects.filter(domain="hazchem", county_code="140930").count() == 49
    assert not Job.objects.filter(state="failed").exists()
    assert not Job.objects.filter(state="pending", due_at__lt=now).exists()
    assert Inspection.objects.filter(state="done").exists()
    for hazard in Hazard.objects.filter(county_code="140930").prefetch_related("moves"):
        actions = [move.action for move in hazard.moves.all() if move.action != "report"]
        assert rules.MACHINE.replay(rules.Action(action) for action in actions) == hazard.state
    assert audit.verify().ok
    _mines_send(now)
    _alarms_are_dealt_with(now)
    text = services.accounts_text()
    for role in (
        "网格员",
        "企业安全员",
        "煤矿监控值班员",
        "县安委会办公室",
        "市安委会办公室",
        "审计管理员",
        "系统管理员",
        "安全管理员",
    ):
        assert role in text
    assert all(user.demo for user in User.objects.filter(is_active=True))


def _alarms_are_dealt_with(now):
    """Before the demonstration began; what is left is for the visitor: a handful, each at another step."""
    still = Alarm.objects.exclude(state="closed")
    assert {"review", "measures", "cause", "acknowledge"} <= set(still.values_list("step", flat=True))
    assert 4 <= still.count() <= 6
    assert not still.filter(raised_at__lt=now - timedelta(days=2)).exists()
    assert Alarm.objects.filter(state="closed").count() > 10
    worst = Notice.objects.filter(read_at__isnull=True).values_list("user").annotate(n=Count("pk")).order_by("-n")
    assert worst[0][1] < 60


def _mines_send(now):
    """Eleven mines at their sites, simulated, with a history and what happened in it; and they go on."""
    mines = list(Mine.objects.select_related("feed", "site"))
    assert len(mines) == 11
    assert all(
        mine.simulated and mine.site.kind_key == "coal_mine" and mine.name.endswith("（模拟）") for mine in mines
    )
    assert len({mine.site_id for mine in mines}) == 11
    assert all(now - mine.feed.newest_at < timedelta(minutes=3) for mine in mines)
    assert Episode.objects.filter(what="001").exists()
    assert Episode.objects.filter(mine=mines[0]).exclude(county_code="140930").count() == 0
    assert not RefusedRecord.objects.exists()
    assert set(Finding.objects.filter(state="open").values_list("field", flat=True)) == {"high_alarm", "high_cut", "high_restore"}  # fmt: skip
    assert SensorPoint.objects.exclude(place="").count() > 80
    before = {mine.pk: mine.feed.readings for mine in mines}
    assert watch.is_here()
    # They send until the months were made, however long that took.
    later = max(now, *(mine.feed.newest_at for mine in mines)) + timedelta(minutes=1)
    assert watch.go_on(now=later) >= 11
    for mine in Mine.objects.select_related("feed"):
        assert mine.feed.readings > before[mine.pk]
        assert later - mine.feed.newest_at < timedelta(seconds=31)
    Mine.objects.update(simulated=False)
    assert not watch.is_here(), "a house of real mines is left alone"
