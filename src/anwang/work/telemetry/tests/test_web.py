"""The screens: what they show, to whom, at what price, and what they do."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from anwang.kernel import clock
from anwang.registers.sites import services as sites
from anwang.work.telemetry import selectors, services, store
from anwang.work.telemetry.memory import millis
from anwang.work.telemetry.models import Episode, Finding, Mine, Reported, SensorPoint

pytestmark = pytest.mark.usefixtures("gas")

OWN, OTHER = "140930990001", "140931990001"


@pytest.fixture
def moment() -> datetime:
    """By the real clock, by which the pages judge."""
    return datetime.now(clock.ZONE).replace(microsecond=0)


def stamp(at: datetime) -> str:
    return at.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M:%S")


def code(mine: str, kind: str, n: int) -> str:
    return f"{mine}01{kind}0001{n:04d}"


class Sends:
    """A mine that defines three methane points, a cutter and its feed, and sends what it is told to."""

    def __init__(self, mine: str, name: str) -> None:
        self.mine, self.name = mine, name
        self.face, self.corner, self.main = (code(mine, "MN0001", n) for n in (1, 2, 3))

    def file(self, kind: str, at: datetime, rows: list[str], head: str = "") -> None:
        first = head or f"{self.mine};{self.name};{stamp(at)}"
        name = f"{self.mine}_{kind}_{at.astimezone(clock.ZONE):%Y%m%d%H%M%S}.txt"
        receipt = services.receive_file(
            ("~".join([first, *rows]) + "~||").encode(), name, now=at + timedelta(seconds=1)
        )
        assert receipt.state == "taken", receipt

    def defines(self, at: datetime, *, alarm: str = "1.0") -> None:
        places = {self.face: "3101回采工作面T1", self.corner: "3101回采工作面回风隅角T0", self.main: "总回风巷瓦斯"}
        rows = [
            f"{point};01;{self.mine}01DT400100010001;0001;MN;%CH4;4;0;{alarm};;;;1.5;1.0;;;;;{where};;;;;{stamp(at)}"
            for point, where in places.items()
        ]
        self.file("CDDY", at, rows, f"{self.mine};{self.name};KJ90X;监控系统;厂家;2027-12-31;{stamp(at)}")

    def scans(self, at: datetime, values: dict[str, tuple[float, int]], *, more: tuple[str, ...] = ()) -> None:
        rows = [f"{point};环境瓦斯;;{value};%CH4;{status};{stamp(at)}" for point, (value, status) in values.items()]
        self.file("CDSS", at, [*rows, *more])


@pytest.fixture
def own(places: Any, moment: datetime) -> Sends:
    """Our county's mine: over its limit for ten minutes, two hours ago; a corner that is over now; one calibrating."""
    mine = Sends(OWN, "本县煤矿")
    begin = moment - timedelta(hours=2)
    mine.defines(begin - timedelta(minutes=5))
    for minute, value in enumerate((0.4, 1.2, 1.3, 1.1, 0.5)):
        mine.scans(begin + timedelta(minutes=5 * minute), {mine.face: (value, int(value >= 1)), mine.corner: (0.3, 0), mine.main: (0.2, 0)})  # fmt: skip
    now = moment - timedelta(seconds=20)
    mine.scans(now, {mine.face: (0.5, 0), mine.corner: (1.6, 3), mine.main: (2.0, 4)}, more=("坏记录",))
    return mine


@pytest.fixture
def other(places: Any, moment: datetime) -> Sends:
    mine = Sends(OTHER, "外县煤矿")
    mine.defines(moment - timedelta(minutes=10))
    mine.scans(moment - timedelta(minutes=1), {mine.face: (1.4, 1), mine.corner: (0.2, 0), mine.main: (0.2, 0)})
    return mine


@pytest.fixture
def office(client: Any, make_user: Any, signed_in: Any, places: Any) -> Any:
    user = make_user("county_office", places.county)
    signed_in(client, user)
    return user


def text(client: Any, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(f"telemetry:{name}", args=args), query)
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


def test_the_list_says_of_every_mine_how_it_does(client, office, own, other):
    shown = text(client, "mines")
    assert "本县煤矿" in shown
    assert "正在上传" in shown
    assert "超限" in shown
    assert "外县煤矿" not in shown


def test_a_province_sees_its_mines_county_by_county(client, make_user, signed_in, places, own, other):
    signed_in(client, make_user("city_office", places.city))
    shown = text(client, "mines")
    assert "by-county" in shown
    assert "本县煤矿" in shown
    assert "外县煤矿" in shown
    one = text(client, "mines", county="140930")
    assert "本县煤矿" in one
    assert "外县煤矿" not in one
    assert [line.mines for line in selectors.counties(make_user("city_office", places.city), now=clock_now())] == [1, 1]


def clock_now() -> datetime:
    return datetime.now(clock.ZONE)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({"feed": "sending"}, True), ({"feed": "silent"}, False), ({"kind": "001"}, True), ({"kind": "003"}, False),
        ({"simulated": "1"}, False), ({"simulated": "0"}, True), ({"q": "本县"}, True), ({"q": "没有"}, False),
    ],
)  # fmt: skip
def test_the_list_is_filtered(client, office, own, query, there):
    assert (f">{OWN}</span>" in text(client, "mines", **query)) is there


def test_a_mine_of_which_nothing_is_on_record_is_not_called_silent_before_it_is_judged(office, own, moment):
    mine, later = Mine.objects.get(code=OWN), moment + timedelta(minutes=4)

    def listed(state):
        return mine in selectors.listed(office, now=later, states=[state])

    assert selectors.feed_state(mine.feed, moment) == "sending"
    assert selectors.feed_state(mine.feed, later) == "quiet"
    assert [listed(state) for state in ("never", "silent", "quiet", "sending")] == [False, False, True, False]
    services.tick(now=later)
    mine.feed.refresh_from_db()
    assert selectors.feed_state(mine.feed, later) == "silent"
    assert [listed(state) for state in ("never", "silent", "quiet", "sending")] == [False, True, False, False]


def test_a_mine_shows_its_points_by_place_with_words_for_what_is_wrong(client, office, own):
    shown = text(client, "mine", OWN)
    assert shown.index("采掘工作面") < shown.index("采区和总回风")
    assert shown.count("3101回采工作面") >= 3
    assert "1.6" in shown
    assert "标校" in shown
    assert 'class="aw-level aw-level-red">超限' in shown
    assert 'class="aw-level aw-level-red">断电' in shown
    assert f"gas:{OWN}" in shown
    assert text(client, "live", OWN).count("<html") == 0


def test_only_what_is_abnormal(client, office, own):
    shown = text(client, "live", OWN, abnormal="1")
    rows = shown[shown.index("<tbody") :]
    assert "回风隅角" in rows
    assert "3101回采工作面T1" not in rows


def test_every_red_word_is_a_word(client, office, own):
    """A colour never stands alone."""
    import re

    for page in (text(client, "mines"), text(client, "mine", OWN), text(client, "mine_episodes", OWN)):
        assert all(found.strip() for found in re.findall(r'class="aw-level[^"]*">([^<]*)<', page))


def test_the_episodes_of_a_mine_and_their_filters(client, office, own):
    def listed(name: str, *args: Any, **query: Any) -> int:
        return text(client, name, *args, **query).split("<tbody", 1)[1].count("data-panel>")

    kinds = sorted(Episode.objects.values_list("what", flat=True))
    assert kinds == ["001", "001", "002", "calibration"]
    assert listed("mine_episodes", OWN) == 4
    assert listed("mine_episodes", OWN, open="1") == 3
    assert listed("mine_episodes", OWN, kind="calibration") == 1
    assert listed("episodes", methane="1", kind="001") == 2


def test_an_episode_shows_the_limit_it_was_judged_by_and_its_readings(client, office, own):
    row = Episode.objects.get(what="001", end__isnull=False)
    shown = text(client, "episode", row.pk)
    assert "1.3 %CH4" in shown
    assert "15 分钟" in shown
    drawn = json.loads(text(client, "episode_data", row.pk))
    assert [value for value in drawn["series"]["value"] if value is not None] == [0.4, 1.2, 1.3, 1.1, 0.5]
    assert {limit["key"]: limit["value"] for limit in drawn["limits"]} == {"high_alarm": 1.0, "high_cut": 1.5}, (
        "the restore value is the alarm value: one line"
    )


def test_a_point_draws_its_day_with_the_limits_of_the_day(client, office, own, moment):
    point = SensorPoint.objects.get(code=own.corner)
    page = text(client, "point", point.pk)
    assert "data-gas-chart" in page
    drawn = json.loads(text(client, "point_data", point.pk))
    assert drawn["series"]["kind"] == "raw"
    assert drawn["series"]["value"][-1] == 1.6
    crossed = [span["label"] for span in drawn["spans"] if span["how"] == "crossed"]
    assert sorted(crossed) == ["断电报警", "超限报警"]
    shaded = [(shade["how"], shade["label"]) for shade in drawn["shades"]]
    assert shaded == [("crossed", "超限报警 · 断电报警")], "alarm and cut at once are one shade"
    calibrating = SensorPoint.objects.get(code=own.main)
    drawn = json.loads(text(client, "point_data", calibrating.pk))
    assert [span["how"] for span in drawn["spans"]] == ["hatched"]
    assert drawn["series"]["value"][-1] is None, "a sensor under calibration says nothing about the air"


def test_a_definition_changes_the_lines_from_its_moment_on(client, office, own, moment):
    at = moment - timedelta(minutes=30)
    own.defines(at, alarm="0.8")
    point = SensorPoint.objects.get(code=own.face)
    drawn = json.loads(text(client, "point_data", point.pk))
    alarm = [(limit["value"], limit["from"], limit["to"]) for limit in drawn["limits"] if limit["key"] == "high_alarm"]
    if clock.local_date(at) == clock.local_date(moment):
        assert [(value, value == 0.8) for value, _from, _to in alarm] == [(1.0, False), (0.8, True)]
        assert alarm[0][2] == alarm[1][1] == millis(at)
    assert text(client, "point", point.pk).count("报警 0.8") >= 1


def test_a_month_is_drawn_by_the_five_minutes(client, office, own, moment):
    point = SensorPoint.objects.get(code=own.face)
    month = f"{clock.local_date(moment - timedelta(seconds=20)):%Y-%m}"
    drawn = json.loads(text(client, "point_data", point.pk, month=month))
    assert drawn["series"]["kind"] == "band"
    assert drawn["series"]["step"] == 300_000
    assert 0.5 in drawn["series"]["mean"]
    assert reverse("telemetry:point", args=[point.pk]) + "?day=" in text(client, "point", point.pk, month=month)


def test_a_day_that_is_none_is_today(client, office, own):
    point = SensorPoint.objects.get(code=own.face)
    for day in ("x", "2026-13-40", "9999-01-01", ""):
        assert client.get(reverse("telemetry:point", args=[point.pk]), {"day": day}).status_code == 200
        assert client.get(reverse("telemetry:point", args=[point.pk]), {"month": day}).status_code == 200


def test_excel_holds_the_table(client, office, own):
    point = SensorPoint.objects.get(code=own.face)
    for url in (
        reverse("telemetry:point_export", args=[point.pk]),
        reverse("telemetry:point_export", args=[point.pk]) + "?raw=1",
        reverse("telemetry:episodes_export"),
        reverse("telemetry:mine_episodes_export", args=[OWN]),
        reverse("telemetry:months_export"),
    ):
        answer = client.get(url)
        assert answer.status_code == 200, url
        assert answer.content[:2] == b"PK"


# --- acts -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(places: Any, office: Any, moment: datetime) -> Any:
    sites.load_library(now=moment)
    return sites.create(
        name="河曲县云岫煤业", kind_key="coal_mine", region=places.town, domain="coal", by=office, now=moment
    )


def test_a_mine_is_bound_to_its_place(client, office, own, site):
    page = text(client, "bind", OWN)
    assert "河曲县云岫煤业" in page
    answer = client.post(reverse("telemetry:bind", args=[OWN]), {"site_id": site.pk, "gas_class": "high"})
    assert answer.status_code == 302
    mine = Mine.objects.get(code=OWN)
    assert (mine.site_id, mine.gas_class, mine.bound_by_id) == (site.pk, "high", office.pk)


def test_ticked_places_are_confirmed_and_a_loose_setting_is_decided(client, office, own, moment):
    own.defines(moment - timedelta(seconds=10), alarm="1.2")
    page = text(client, "settings", OWN)
    assert "待确认" in page
    points = {point.code: point.pk for point in SensorPoint.objects.all()}
    asked = {
        "point": [points[own.face], points[own.corner]],
        f"place-{points[own.face]}": "face",
        f"place-{points[own.corner]}": "",
    }
    assert client.post(reverse("telemetry:confirm_places", args=[OWN]), asked).status_code == 302
    assert SensorPoint.objects.get(code=own.face).place == "face"
    assert SensorPoint.objects.get(code=own.corner).place == "", "ticked without a place: nothing is taken back"
    found = Finding.objects.get(state="open")
    assert (found.field, found.actual, found.standard) == ("high_alarm", 1.2, 1.0)
    url = reverse("telemetry:finding", args=[found.pk])
    assert client.post(url, {"decision": "dismissed", "note": ""}).status_code == 422
    assert client.post(url, {"decision": "dismissed", "note": "矿方另有更严的规定"}).status_code == 302
    found.refresh_from_db()
    assert found.state == "dismissed"
    assert "矿方另有更严的规定" in text(client, "settings", OWN)
    back = {"point": [points[own.face]], "back": "1"}
    assert client.post(reverse("telemetry:confirm_places", args=[OWN]), back).status_code == 302
    assert SensorPoint.objects.get(code=own.face).place == ""


def test_who_only_reads_cannot_settle_anything(client, make_user, signed_in, places, own):
    signed_in(client, make_user("leader", places.county))
    assert reverse("telemetry:bind", args=[OWN]) not in text(client, "mine", OWN)
    assert client.get(reverse("telemetry:bind", args=[OWN])).status_code == 403
    point = SensorPoint.objects.get(code=own.face)
    asked = {"point": [point.pk], f"place-{point.pk}": "face"}
    assert client.post(reverse("telemetry:confirm_places", args=[OWN]), asked).status_code == 403
    assert SensorPoint.objects.get(code=own.face).place == ""


def test_three_lists_of_what_the_mine_reports(client, office, own, moment):
    begin = moment - timedelta(hours=2)
    told = f"{own.face};环境瓦斯;x;%CH4;001;{stamp(begin + timedelta(minutes=5))};;;;;;;;;;;{stamp(begin + timedelta(minutes=6))}"
    unseen = f"{own.main};环境瓦斯;x;%CH4;001;{stamp(begin)};;;;;;;;;;;{stamp(begin)}"
    own.file("YCBJ", moment - timedelta(seconds=5), [told, unseen])
    assert Reported.objects.count() == 2
    assert selectors.matched(office).count() == 1
    assert text(client, "reports", OWN, list="matched").count("data-panel>") == 1
    assert "总回风巷" in text(client, "reports", OWN, list="reported")
    assert Mine.objects.get(code=OWN).name in text(client, "reports", OWN, list="x")


def test_quality_says_what_was_refused(client, office, own):
    page = text(client, "quality", OWN)
    assert "坏记录" in page
    assert "字段" in page


def test_health_says_who_is_silent_and_how_often(client, office, own, moment):
    services.tick(now=moment + timedelta(minutes=5))
    row = selectors.health(office, now=moment + timedelta(minutes=15))[0]
    assert (row.gaps, row.gap_minutes) == (1, 15)
    assert row.refused_today == 1
    assert "本县煤矿" in text(client, "health")


# --- to whom --------------------------------------------------------------------------------------------------------------


def test_another_countys_rows_are_not_there(client, office, own, other):
    point = SensorPoint.objects.get(code=other.face)
    row = Episode.objects.get(mine__code=OTHER)
    missing = 10**8
    for name, theirs, none in (
        ("mine", OTHER, "140931990009"), ("live", OTHER, "140931990009"), ("mine_episodes", OTHER, "140931990009"),
        ("settings", OTHER, "140931990009"), ("reports", OTHER, "140931990009"), ("quality", OTHER, "140931990009"),
        ("bind", OTHER, "140931990009"), ("mine_episodes_export", OTHER, "140931990009"),
        ("point", point.pk, missing), ("point_data", point.pk, missing), ("point_export", point.pk, missing),
        ("episode", row.pk, "0" * 26), ("episode_data", row.pk, "0" * 26),
    ):  # fmt: skip
        assert client.get(reverse(f"telemetry:{name}", args=[theirs])).status_code == 404, name
        assert client.get(reverse(f"telemetry:{name}", args=[none])).status_code == 404, name
    for name in ("mines", "episodes", "health", "months"):
        assert "外县煤矿" not in text(client, name, county="140931"), name
    assert set(selectors.live_topics(office, "")) == {OWN}
    assert selectors.live_topics(office, OTHER) == []
    assert set(selectors.live_changes()) == {OWN, OTHER}


def test_what_is_live_changes_with_what_comes(own, moment):
    before = selectors.live_changes()[OWN]
    own.scans(moment, {own.face: (0.4, 0)})
    assert selectors.live_changes()[OWN] != before


# --- at what price --------------------------------------------------------------------------------------------------------


def test_pages_cost_the_same_however_many_mines(
    client, make_user, signed_in, places, own, other, moment, django_assert_max_num_queries
):
    signed_in(client, make_user("city_office", places.city))
    for n in range(2, 12):
        more = Sends(f"1409309900{n:02d}", f"{n}号煤矿")
        more.defines(moment - timedelta(minutes=10))
        more.scans(moment - timedelta(minutes=1), {more.face: (1.4, 1), more.main: (0.2, 4)})
    for name, most in (("mines", 24), ("episodes", 24), ("health", 24), ("months", 24)):
        text(client, name)
        with django_assert_max_num_queries(most):
            text(client, name)
    with django_assert_max_num_queries(26):
        text(client, "mine", OWN)


def test_the_history_is_asked_through_the_reader(own):
    """Nothing of a reading stands in the database."""
    point = SensorPoint.objects.get(code=own.face)
    assert store.reader().last([point.pk]).value[0] == 0.5
