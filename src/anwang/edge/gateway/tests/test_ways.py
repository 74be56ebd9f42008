"""Ways in for data: who comes by them, until when nothing is missing, and who is told when one is held up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anwang.edge.gateway import running, selectors, services
from anwang.edge.gateway.models import Way
from anwang.edge.gateway.rules import Hindrance, Part
from anwang.edge.gateway.services import WaySaid
from anwang.edge.gateway.tests.test_services import scan
from anwang.ground.base.errors import Refused
from anwang.ground.notices.models import Notice
from anwang.work.telemetry import services as telemetry
from anwang.work.telemetry.models import Episode, Mine
from anwang.work.telemetry.services import Receipt
from anwang.work.telemetry.tests.test_replay import MINE, cddy, definition

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
GATEWAY = (Part.GATEWAY, "one@broker:1883")
SHARD = (Part.PARTITION, "3")


def later(seconds: float):
    return NOW + timedelta(seconds=seconds)


def heard(*keys, now=NOW):
    return services.came_by({key: {MINE} for key in keys}, now=now)


def complete(key, until, *, now=None, hindrance=Hindrance.NONE) -> None:
    services.say_ways([WaySaid(*key, until, hindrance)], now=now or until)


@pytest.fixture
def sends(gas) -> Mine:
    services.take([scan(1, 0.1)], now=NOW)
    return Mine.objects.get()


def silent() -> list:
    return list(Episode.objects.filter(what="mine_silent").values_list("start", flat=True))


def test_a_mine_is_met_before_it_comes_by_a_way(gas) -> None:
    assert heard(GATEWAY) == {GATEWAY: {MINE}}
    assert not Way.objects.exists()
    # Of a way that nobody comes by there is nothing to keep.
    complete(GATEWAY, NOW)
    assert not Way.objects.exists()
    services.take([scan(1, 0.1)], now=NOW)
    assert heard(GATEWAY) == {}
    assert heard(GATEWAY, SHARD) == {}
    assert [each.mines for each in selectors.ways(now=NOW)] == [1, 1]


def test_silence_is_judged_up_to_where_nothing_is_missing(sends) -> None:
    heard(GATEWAY)
    assert telemetry.tick(now=later(600)) == 0
    complete(GATEWAY, later(180))
    assert telemetry.tick(now=later(600)) == 0
    complete(GATEWAY, later(180.5))
    assert telemetry.tick(now=later(600)) == 1
    assert silent() == [NOW]


def test_a_partition_has_to_have_looked_after_the_gateway(sends) -> None:
    heard(GATEWAY, SHARD)
    complete(GATEWAY, later(181))
    # Nobody could say anything of the partition yet.
    assert telemetry.tick(now=later(600)) == 0
    for seconds in (170, 181):
        complete(SHARD, later(seconds))
        assert telemetry.tick(now=later(600)) == 0
    complete(SHARD, later(182))
    assert telemetry.tick(now=later(600)) == 1
    assert silent() == [NOW]


def test_a_gateway_that_is_back_has_filled_a_bus_that_was_empty(sends) -> None:
    heard(GATEWAY, SHARD)
    complete(GATEWAY, later(10))
    complete(GATEWAY, None, now=later(290), hindrance=Hindrance.BUS)
    complete(SHARD, later(299))
    complete(GATEWAY, later(300))
    # The same look once more, said again: no earlier look is forgotten for it.
    complete(GATEWAY, later(300))
    assert telemetry.tick(now=later(300)) == 0
    services.take([scan(2, 0.1)], now=later(301))
    complete(SHARD, later(302))
    assert telemetry.tick(now=later(302)) == 0


def test_what_comes_by_no_way_is_judged_by_the_clock(sends) -> None:
    assert telemetry.tick(now=later(181)) == 1


def test_one_way_held_up_speaks_for_its_own_mines_alone(sends) -> None:
    other = "140930000002"
    services.take([scan(1, 0.1, mine=other)], now=NOW)
    assert services.came_by({SHARD: {other}}, now=NOW) == {}
    heard(GATEWAY)
    complete(GATEWAY, later(400))
    assert telemetry.tick(now=later(400)) == 1
    assert Episode.objects.get().mine == sends


def test_a_process_that_can_say_nothing_newer_leaves_what_was_said(sends) -> None:
    heard(SHARD)
    complete(SHARD, later(10))
    complete(SHARD, None, now=later(60), hindrance=Hindrance.BUS)
    way = Way.objects.get()
    assert (way.until, way.seen_at, way.hindrance) == (later(10), later(60), "bus")


def test_files_that_cannot_go_on_hold_their_folder_up(gas, monkeypatch) -> None:
    name, body = cddy(definition(1, "1.0;0.9;;;1.5;1.0;;"))
    folder = telemetry.landing.folder()
    folder.mkdir()
    (folder / name).write_bytes(body)
    clock = iter([NOW, later(5), later(10)])
    monkeypatch.setattr(running.timezone, "now", lambda: next(clock))
    bus = []

    def take(files):
        if not bus:
            raise TimeoutError
        return [Receipt(file.name, mine=MINE) for file in files]

    sweep = running.Sweep(take)
    with pytest.raises(TimeoutError):
        sweep()
    assert (sweep.until, sweep.failed, sweep.heard()) == (None, True, set())
    bus.append("is back")
    sweep()
    assert (sweep.until, sweep.failed, sweep.heard()) == (later(5), False, {MINE})
    assert (folder / "done" / name).exists()
    sweep()
    assert (sweep.until, sweep.heard()) == (later(10), set())


def test_people_are_told_once_and_once_more_when_it_flows(sends, places, make_user) -> None:
    keeper, office = make_user("system_admin", places.county), make_user("county_office", places.county)
    make_user("county_office", places.far_county)
    heard(SHARD)
    complete(SHARD, NOW)
    assert services.watch_ways(now=later(120)) == 0
    assert services.watch_ways(now=later(200)) == 1
    assert services.watch_ways(now=later(260)) == 0
    assert {row.user for row in Notice.objects.filter(key="gateway.held")} == {keeper, office}
    row = Notice.objects.filter(key="gateway.held").first()
    assert (row.params["n"], row.params["way"], row.url) == (1, "第 3 分区的计算分片", "/gas/health/")
    # Back, and still working off what has waited.
    complete(SHARD, None, now=later(300), hindrance=Hindrance.BEHIND)
    assert services.watch_ways(now=later(300)) == 0
    complete(SHARD, later(310))
    assert services.watch_ways(now=later(310)) == 1
    assert Notice.objects.filter(key="gateway.flows").count() == 2
    complete(SHARD, later(320))
    assert services.watch_ways(now=later(600)) == 1


def test_a_way_that_was_held_up_for_a_week_is_given_up(sends) -> None:
    heard(SHARD)
    complete(SHARD, NOW)
    services.watch_ways(now=NOW + timedelta(days=7))
    assert Way.objects.exists()
    assert telemetry.tick(now=NOW + timedelta(days=7)) == 0
    services.watch_ways(now=NOW + timedelta(days=7, seconds=1))
    assert not Way.objects.exists()
    assert telemetry.tick(now=NOW + timedelta(days=7, seconds=1)) == 1


def test_a_way_that_is_no_longer_used_is_given_up_by_hand(sends) -> None:
    heard(SHARD)
    assert telemetry.tick(now=later(500)) == 0
    services.forget_way(number=Way.objects.get().pk, now=later(500))
    assert telemetry.tick(now=later(500)) == 1
    with pytest.raises(Refused) as refused:
        services.forget_way(number=1, now=later(500))
    assert refused.value.key == "gateway.no_way"


def test_the_fault_is_shown_where_the_feeds_are(client, sends, places, make_user, signed_in) -> None:
    long_ago = timezone.now() - timedelta(minutes=10)
    heard(SHARD, GATEWAY, now=long_ago)
    complete(GATEWAY, timezone.now())
    complete(SHARD, long_ago)
    signed_in(client, make_user("county_office", places.county))
    for page in ("/gas/", "/gas/health/", f"/gas/{MINE}/"):
        shown = client.get(page).content.decode()
        assert "第 3 分区的计算分片: 不在：没有进程在运行" in shown, page
        assert "网关 one@broker" not in shown
    signed_in(client, make_user("county_office", places.far_county))
    assert "计算分片" not in client.get("/gas/health/").content.decode()


def test_check_and_metrics_say_which(sends) -> None:
    from anwang.config import metrics, setup

    now = timezone.now()
    heard(SHARD, GATEWAY, now=now - timedelta(minutes=10))
    complete(GATEWAY, now)
    complete(SHARD, now - timedelta(minutes=10))
    items = [item for item in setup.check(now=now) if item["what"] == "数据接入通道"]
    assert [(item["ok"], item["says"].split(",")[0]) for item in items] == [
        (True, "网关 one@broker:1883"),
        (False, "第 3 分区的计算分片"),
    ]
    metrics.ways(selectors.ways(now=now), now=now)
    said = metrics.text({}).decode()
    assert 'anwang_way_behind_seconds{name="3",part="partition"} 600.0' in said
    assert 'anwang_way_held{name="one@broker:1883",part="gateway"} 0.0' in said
