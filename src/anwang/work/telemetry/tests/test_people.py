"""Who is underground: what is kept of the positioning system's files, what is pointed out, who sees it and how."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from anwang.ground.audit.models import AuditRow
from anwang.ground.base import sheets
from anwang.kernel import clock
from anwang.work.telemetry import rules, selectors, services, tasks, underground
from anwang.work.telemetry.memory import millis
from anwang.work.telemetry.models import (
    BaseStation,
    Headcount,
    Mine,
    MineArea,
    Muster,
    Position,
    ReceivedFile,
    RefusedCount,
    RefusedRecord,
    SensorPoint,
    Statistic,
    Worker,
)

pytestmark = pytest.mark.usefixtures("gas")

OWN, OTHER = "140930990001", "140931990001"


@pytest.fixture
def moment() -> datetime:
    """By the real clock, by which the pages judge."""
    return datetime.now(clock.ZONE).replace(microsecond=0)


def stamp(at: datetime | None) -> str:
    return at.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def send(
    kind: str, at: datetime, *rows: str, mine: str = OWN, name: str = "本县煤矿", now: datetime | None = None
) -> Any:
    head = f"{mine};{name};;;;;;{stamp(at)}" if kind == "RYXX" else f"{mine};{name};{stamp(at)}"
    content = ("~".join([head, *rows]) + "~||").encode()
    stamped = f"{at.astimezone(clock.ZONE):%Y%m%d%H%M%S}"
    return services.receive_file(content, f"{mine}_{kind}_{stamped}.txt", now=now or at + timedelta(seconds=2))


def card(n: int, mine: str = OWN) -> str:
    return f"{mine}{n:05d}"


def person(
    n: int,
    *,
    mine: str = OWN,
    name: str = "",
    flag: str = "1",
    since: datetime | None = None,
    area: int = 1,
    work: str = "正常",
    leader: int = 0,
    special: int = 0,
    to: str = "",
) -> str:
    where = f"{mine}{area:04d}"
    return (
        f"{to or card(n, mine)};{name or f'赵{n}柱'};{flag};{stamp(since)};;{where};{stamp(since)};{where}000001;"
        f"{stamp(since)};三八制;-12.5;{work};{leader};{special};{where}000001&{stamp(since)}"
    )


def areas(*allowed: int, mine: str = OWN) -> list[str]:
    return [f"重点区域;{mine}{n:04d};{most};310{n}综采工作面" for n, most in enumerate(allowed, start=1)]


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_snapshot_takes_the_place_of_the_one_before(moment):
    first, then = moment - timedelta(minutes=5), moment - timedelta(minutes=4)
    down = moment - timedelta(hours=3)
    send("RYSS", first, person(1, since=down, leader=1), person(2, since=down, special=1), person(3, flag="2"))
    mine = Mine.objects.get(code=OWN)
    assert (mine.muster.at, mine.muster.n, mine.muster.leaders, mine.muster.special) == (first, 2, 1, 1)
    assert set(Position.objects.values_list("card", "in_out")) == {(card(1), "1"), (card(2), "1"), (card(3), "2")}
    kept = Position.objects.get(card=card(2)).pk
    send("RYSS", then, person(2, since=down, area=2), person(4, since=then))
    assert sorted(Position.objects.values_list("card", "area")) == [(card(2), f"{OWN}0002"), (card(4), f"{OWN}0001")]
    assert Position.objects.get(card=card(2)).pk == kept
    muster = Muster.objects.get()
    assert (muster.at, muster.n, muster.leaders) == (then, 2, 0)
    assert list(Headcount.objects.order_by("at").values_list("at", "n", "leaders")) == [(first, 2, 1), (then, 2, 0)]


def test_an_older_snapshot_is_counted_and_changes_nothing(moment):
    newer, older = moment - timedelta(minutes=4), moment - timedelta(minutes=5)
    send("RYSS", newer, person(1))
    send("RYSS", older, person(1), person(2), now=moment)
    assert Muster.objects.get().at == newer
    assert [each.card for each in Position.objects.all()] == [card(1)]
    assert list(Headcount.objects.order_by("at").values_list("n", flat=True)) == [2, 1]


def test_the_same_again_is_the_same(moment):
    rows = [person(1), person(2)]
    assert send("RYSS", moment, *rows).state == "taken"
    assert send("RYSS", moment, *rows).state == "duplicate"
    ReceivedFile.objects.all().delete()
    assert send("RYSS", moment, *rows).state == "taken"
    assert (Position.objects.count(), Headcount.objects.count(), Muster.objects.get().n) == (2, 1, 2)


def test_nobody_underground_is_a_snapshot_too(moment):
    send("RYSS", moment - timedelta(minutes=1), person(1))
    send("RYSS", moment)
    assert (Muster.objects.get().n, Position.objects.count()) == (0, 0)


def test_records_in_are_rows_and_rejected(moment):
    bad = [
        person(2, to=card(2, OTHER)),
        person(3, flag="7"),
        person(4, to="kaputt"),
        person(5).rpartition(";")[0],
        person(6, leader=3),
        person(7, since=moment).replace(stamp(moment), "gestern", 1),
    ]
    receipt = send("RYSS", moment, person(1), *bad)
    assert (receipt.records, receipt.rejected) == (7, 6)
    assert Position.objects.count() + receipt.rejected == receipt.records
    assert Muster.objects.get().unread == 6
    assert dict(RefusedCount.objects.values_list("reason", "n")) == {
        "other_mine": 1, "flag": 2, "code": 1, "fields": 1, "time": 1,
    }  # fmt: skip
    assert not any("柱" in text for text in RefusedRecord.objects.values_list("text", flat=True)), "no name is kept"


def test_a_snapshot_of_which_nothing_can_be_read_does_not_empty_the_mine(moment):
    send("RYSS", moment - timedelta(minutes=1), person(1))
    receipt = send("RYSS", moment, person(1, flag="x"), person(2, flag="x"))
    assert (receipt.records, receipt.rejected) == (2, 2)
    assert (Muster.objects.get().n, Position.objects.count()) == (1, 1)


def test_a_file_ahead_of_the_clock_keeps_nothing_out(moment):
    receipt = send("RYSS", moment + timedelta(hours=1), person(1), now=moment)
    assert (receipt.records, receipt.rejected) == (1, 1)
    assert RefusedRecord.objects.get().reason == "ahead"
    assert not Muster.objects.exists()
    send("RYSS", moment, person(1), person(2))
    assert Muster.objects.get().n == 2


def test_a_name_with_a_nul_is_kept_without_it(moment):
    assert send("RYSS", moment, person(1, name="赵\0柱")).rejected == 0
    assert Position.objects.get().name == "赵柱"


def test_of_a_card_that_stands_twice_the_last_counts(moment):
    send("RYSS", moment, person(1, area=1), person(1, area=2))
    assert [each.area for each in Position.objects.all()] == [f"{OWN}0002"]
    assert Muster.objects.get().n == 1


def test_two_mines_keep_their_people_apart(moment):
    send("RYSS", moment, person(1), person(2))
    send("RYSS", moment, person(1, mine=OTHER), mine=OTHER, name="外县煤矿")
    send("RYSS", moment + timedelta(seconds=30), mine=OTHER, name="外县煤矿")
    assert Position.objects.filter(mine__code=OWN).count() == 2
    assert {each.mine.code: each.n for each in Muster.objects.select_related("mine")} == {OWN: 2, OTHER: 0}


def test_areas_cards_and_stations_keep_the_newer_word(moment):
    old, new = moment - timedelta(hours=1), moment
    station = f"{OWN}0001000001"
    send("RYQY", new, *areas(20, 0))
    send("RYQY", old, *areas(5), now=moment)
    assert list(MineArea.objects.order_by("code").values_list("allowed", "area_type")) == [
        (20, "重点区域"),
        (0, "重点区域"),
    ]
    assert send("RYQY", new, f"1;{OWN}0009;viele;x", f"1;{OWN}0010;-3;x", f"1;{OWN}0011;;x").rejected == 2
    send("RYXX", new, f"{card(1)};赵大柱;采煤工;班长;综采一队;;;1;0")
    send("RYXX", old, f"{card(1)};赵小柱;电工;;;;;0;0", f"{card(2)};钱二;电工;;机电队;;;0;1", now=moment)
    assert list(Worker.objects.order_by("card").values_list("name", "job", "leader", "special")) == [
        ("赵大柱", "采煤工", True, False),
        ("钱二", "电工", False, True),
    ]
    send("JZSS", new, f"{station};2;1;{stamp(new)}")
    send("JZSS", old, f"{station};0;0;{stamp(old)}", now=moment)
    send("RYJZ", new, f"{station};井底车场基站;1;2;3;")
    (row,) = BaseStation.objects.all()
    assert (row.name, row.run_state, row.power_state, row.at) == ("井底车场基站", "2", "1", new)


def test_statistics_are_kept_once_and_the_later_word_counts(moment):
    point = f"{OWN}01MN000100000001"
    begin, end = moment - timedelta(minutes=10), moment - timedelta(minutes=5)

    def row(highest: float, at: datetime, to: datetime | None = end) -> str:
        return f"{point};环境瓦斯;工作面;%CH4;{stamp(begin)};{stamp(to)};{highest};{stamp(begin)};0.1;{stamp(begin)};0.2;{stamp(at)}"

    send("TJSJ", moment, row(0.5, moment), row(0.4, moment - timedelta(minutes=1)), row(0.9, moment, None))
    assert send("TJSJ", moment + timedelta(seconds=1), row(0.3, moment - timedelta(minutes=2)), "x").rejected == 1
    assert list(Statistic.objects.order_by("max").values_list("max", "end")) == [(0.5, end), (0.9, None)]
    send("TJSJ", moment + timedelta(seconds=2), row(0.6, moment + timedelta(seconds=2)))
    kept = Statistic.objects.get(end=end)
    assert (kept.max, kept.avg, millis(kept.max_at), kept.point.code) == (0.6, 0.2, millis(begin), point)
    assert SensorPoint.objects.count() == 1


def test_what_is_old_is_dropped(moment):
    send("RYXX", moment, f"{card(1)};赵大柱;采煤工;;综采一队;;;0;0", f"{card(2)};钱二;电工;;机电队;;;0;1")
    send("RYSS", moment, person(1))
    at = stamp(moment)
    send("TJSJ", moment, f"{OWN}01MN000100000001;环境瓦斯;工作面;%CH4;{at};{at};1;;0;;0.5;{at}")
    tasks.prune(now=moment + timedelta(days=399))
    assert (Headcount.objects.count(), Worker.objects.count()) == (1, 2)
    tasks.prune(now=moment + timedelta(days=401))
    assert (Headcount.objects.count(), Statistic.objects.count()) == (0, 1)
    assert [each.card for each in Worker.objects.all()] == [card(1)], "a card that is in the newest snapshot stays"
    tasks.prune(now=moment + timedelta(days=732))
    assert not Statistic.objects.exists()


# --- what is pointed out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "allowed", "over"), [(5, 4, True), (4, 4, False), (5, 0, False), (5, None, False), (0, 4, False)]
)
def test_an_area_is_over_its_number(inside, allowed, over):
    assert rules.over_number(inside, allowed) is over


def test_overtime_is_longer_than_the_limit_at_the_snapshot(moment):
    limit = timedelta(hours=12)
    assert rules.overtime(moment - limit - timedelta(seconds=1), moment, limit)
    assert not rules.overtime(moment - limit, moment, limit)
    assert not rules.overtime(None, moment, limit)
    assert underground.overtime_after() == limit
    assert underground.library()["confidence"] == "low"


@pytest.mark.parametrize(("n", "leaders", "none"), [(3, 0, True), (3, 1, False), (0, 0, False)])
def test_people_without_a_leader(n, leaders, none):
    assert rules.leaderless(n, leaders) is none


# --- the screens ------------------------------------------------------------------------------------------------------


@pytest.fixture
def own(moment: datetime) -> Mine:
    """Three in an area for two, one of them since thirteen hours, one calling for help; no leader; one at the mouth."""
    at = moment - timedelta(seconds=30)
    send("RYQY", at, *areas(2, 10))
    send("RYXX", at, f"{card(1)};欧阳建国;采煤工;班长;综采一队;;;0;0")
    send("JZSS", at, f"{OWN}0001000001;1;2;{stamp(at)}", f"{OWN}0002000001;0;1;{stamp(at)}")
    send(
        "RYSS",
        at,
        person(1, name="欧阳建国", since=at - timedelta(hours=13)),
        person(2, name="司马卫东", since=at - timedelta(hours=2), special=1),
        person(3, name="上官志强", since=at - timedelta(hours=1), work="求救"),
        person(4, name="诸葛解放", flag="0", leader=1),
    )
    return Mine.objects.get(code=OWN)


@pytest.fixture
def office(client: Any, make_user: Any, signed_in: Any, places: Any) -> Any:
    user = make_user("county_office", places.county)
    signed_in(client, user)
    return user


def text(client: Any, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(f"telemetry:{name}", args=args), query)
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


def test_the_tab_says_how_many_where_and_what_is_wrong(client, office, own, moment):
    found = underground.now_of(own)
    assert (found.muster.n, found.over, found.overtime, found.distress, found.leaderless) == (3, 1, 1, 1, True)
    assert [(each.inside, each.allowed, each.over) for each in found.areas] == [(3, 2, True), (0, 10, False)]
    assert [(each.name, each.distress, each.overtime) for each in found.people] == [
        ("上*", True, False),
        ("欧*", False, True),
        ("司*", False, False),
    ]
    page = text(client, "underground", OWN)
    for words in (
        "超员",
        "超时",
        "无领导带班",
        "求救",
        "通讯中断",
        "电源故障",
        "综采一队",
        "3101综采工作面",
        "数据正常",
    ):
        assert words in page, words
    for name in ("欧阳建国", "司马卫东", "上官志强", "诸葛解放", card(1)):
        assert name not in page, name
    assert f"gas:{OWN}" in page
    assert text(client, "underground_part", OWN).count("<html") == 0
    assert reverse("telemetry:underground", args=[OWN]) in text(client, "mine", OWN)


def test_an_old_snapshot_is_said_to_be_old(client, office, moment):
    send("RYSS", moment - timedelta(hours=2), person(1, leader=1))
    page = text(client, "underground", OWN)
    assert "数据过旧" in page
    assert "无领导带班" not in page
    assert "已过旧" in text(client, "mines")


def test_a_mine_without_positions_says_what_would_be_here(client, office, moment):
    send("RYQY", moment, *areas(2))
    assert "人员定位系统上传" in text(client, "underground", OWN)
    assert underground.now_of(Mine.objects.get(code=OWN)) is None


def test_the_curve_of_a_day_by_the_hour(client, office, moment):
    for minutes, n in ((170, 2), (110, 5), (109, 3), (50, 4)):
        send("RYSS", moment - timedelta(minutes=minutes), *(person(each, leader=1) for each in range(n)))
    rows = underground.hours(Mine.objects.get(code=OWN), now=moment)
    assert max(each.most for each in rows) == 5
    assert min(each.fewest for each in rows) == 2
    assert sum(each.most for each in rows) >= 11
    assert 'data-chart="chart-underground"' in text(client, "underground", OWN)


def test_the_list_of_mines_counts_people_and_counties_their_sums(client, make_user, signed_in, places, own, moment):
    send("RYSS", moment, *(person(n, mine=OTHER) for n in range(7)), mine=OTHER, name="外县煤矿")
    signed_in(client, make_user("county_office", places.county))
    page = text(client, "mines")
    assert f'<a href="{reverse("telemetry:underground", args=[OWN])}">3</a>' in page
    assert "井下人数" in page
    assert reverse("telemetry:underground", args=[OTHER]) not in page
    user = make_user("city_office", places.city)
    assert underground.by_county(user) == {"140930": (3, 1), "140931": (7, 1)}
    signed_in(client, user)
    page = text(client, "mines")
    assert '<strong class="aw-num">10</strong>' in page
    assert "2 座煤矿上报" in page


# --- to whom a name is shown ------------------------------------------------------------------------------------------


NAMES = ("欧阳建国", "司马卫东", "上官志强", "诸葛解放")


def rows_of(answer: Any) -> list[list[Any]]:
    """The cells of a sheet that was sent."""
    assert answer.status_code == 200, answer.content[:500]
    assert answer["Cache-Control"] == "no-store"
    with sheets.read(answer.content, name="x.xlsx") as book:
        return [[sheets.text(cell) for cell in row.cells] for row in book.first.rows()]


def trail(event: str) -> list[Any]:
    return [row.data for row in AuditRow.objects.filter(event=event).order_by("seq")]


def test_a_name_is_shown_once_for_a_reason_and_on_record(client, office, own):
    row = Position.objects.get(name="欧阳建国")
    worker = Worker.objects.get(card=row.card)
    url = reverse("telemetry:person_name", args=[OWN, row.pk])
    assert url in text(client, "underground", OWN)
    asked = client.get(url)
    assert asked.status_code == 200
    for answer in (
        asked,
        client.post(url, {}),
        client.post(url, {"reason": "kaputt"}),
        client.post(url, {"reason": "other", "note": "  "}),
    ):
        assert "欧*" in answer.content.decode()
        assert "欧阳建国" not in answer.content.decode()
    assert answer.status_code == 422
    assert trail("telemetry.name_shown") == []
    answer = client.post(url, {"reason": "other", "note": "家属来电"})
    assert answer.status_code == 200
    assert "欧阳建国" in answer.content.decode()
    assert "综采一队" in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert trail("telemetry.name_shown") == [
        {"position": row.pk, "worker": worker.pk, "reason": "other", "note": "家属来电"}
    ]
    kept = AuditRow.objects.get(event="telemetry.name_shown")
    assert kept.by_id == str(office.pk)
    assert not any(each in f"{kept.__dict__}" for each in (*NAMES, row.card)), "the trail names nobody"
    for page in (text(client, "underground", OWN), text(client, "underground_part", OWN)):
        assert "欧阳建国" not in page


def test_who_has_come_up_is_not_shown(client, office, own, moment):
    at_the_mouth = Position.objects.get(name="诸葛解放")
    assert client.get(reverse("telemetry:person_name", args=[OWN, at_the_mouth.pk])).status_code == 404
    url = reverse("telemetry:person_name", args=[OWN, Position.objects.get(name="司马卫东").pk])
    send("RYSS", moment, person(1))
    answer = client.post(url, {"reason": "rescue"})
    assert answer.status_code == 404
    assert "已不在井下" in answer.content.decode()
    assert trail("telemetry.name_shown") == []


def test_the_list_to_take_away_is_masked(client, office, own, moment):
    url = reverse("telemetry:people_list", args=[OWN])
    assert url in text(client, "underground", OWN)
    rows = rows_of(client.get(url))
    told = "".join(rows[1])
    for words in ("共 3 人", "3101综采工作面 3", "数据时间"):
        assert words in told, words
    at = rows[2].index("姓名")
    assert [row[at] for row in rows[3:]] == ["上*", "欧*", "司*"]
    assert not any(name in str(rows) for name in NAMES)
    assert not any(card(n) in str(rows) for n in range(1, 5))
    assert rows[3][rows[2].index("状态")] == "求救"
    assert rows[4][rows[2].index("下井时长（小时）")] == "13"
    (data,) = trail("telemetry.people_taken")
    assert (data["people"], data["names"]) == (3, False)
    assert "reason" not in data


def test_with_whole_names_only_for_a_reason(client, office, own):
    url = reverse("telemetry:people_named", args=[OWN])
    assert url in text(client, "underground", OWN)
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "other"}).status_code == 422
    assert trail("telemetry.people_taken") == []
    rows = rows_of(client.post(url, {"reason": "rescue"}))
    at = rows[2].index("姓名")
    assert [row[at] for row in rows[3:]] == ["上官志强", "欧阳建国", "司马卫东"]
    (data,) = trail("telemetry.people_taken")
    assert (data["people"], data["names"], data["reason"]) == (3, True, "rescue")
    assert not any(name in str(data) for name in NAMES)


def test_people_missing_from_a_snapshot_are_said_in_the_list(client, office, moment):
    send("RYSS", moment, person(1), person(2, flag="x"))
    rows = rows_of(client.get(reverse("telemetry:people_list", args=[OWN])))
    assert "有 1 条记录无法读取，可能漏人" in "".join(rows[1])


@pytest.mark.parametrize(
    ("role", "list_", "names"), [("city_office", True, False), ("leader", False, False), ("inspector", True, True)]
)
def test_what_each_may(client, make_user, signed_in, places, own, role, list_, names):
    signed_in(client, make_user(role, places.city if role == "city_office" else places.county))
    page = text(client, "underground", OWN)
    one = reverse("telemetry:person_name", args=[OWN, Position.objects.get(name="欧阳建国").pk])
    several, whole = (reverse(f"telemetry:{name}", args=[OWN]) for name in ("people_list", "people_named"))
    assert (several in page, whole in page, one in page) == (list_, names, names)
    assert (client.get(several).status_code == 200) is list_
    for url in (one, whole):
        assert (client.get(url).status_code == 200) is names
        assert (client.post(url, {"reason": "rescue"}).status_code == 200) is names
    if not names:
        assert trail("telemetry.name_shown") == []
        assert not any(data["names"] for data in trail("telemetry.people_taken"))


def test_a_mine_that_sent_no_snapshot_has_no_list(client, office, moment):
    send("RYQY", moment, *areas(2))
    for name in ("people_list", "people_named"):
        answer = client.get(reverse(f"telemetry:{name}", args=[OWN]))
        assert answer.status_code == 404
        assert "还没有上传井下人员快照" in answer.content.decode()
    api = client.get(f"/api/telemetry/mines/{OWN}/underground")
    assert (api.status_code, api.json()["key"]) == (404, "telemetry.no_snapshot")
    empty = client.get(f"/api/telemetry/mines/{OWN}/underground/people").json()
    assert empty == {"at": None, "items": [], "next": ""}


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_api_counts_people_by_area_and_masks_them(client, office, own):
    found = client.get(f"/api/telemetry/mines/{OWN}/underground").json()
    assert {key: found[key] for key in ("people", "leaders", "special", "leaderless", "overtime", "distress", "old")} == {
        "people": 3, "leaders": 0, "special": 1, "leaderless": True, "overtime": 1, "distress": 1, "old": False,
    }  # fmt: skip
    assert [(each["name"], each["people"], each["allowed"], each["over"]) for each in found["areas"]] == [
        ("3101综采工作面", 3, 2, True),
        ("3102综采工作面", 0, 10, False),
    ]
    answer = client.get(f"/api/telemetry/mines/{OWN}/underground/people")
    people = answer.json()["items"]
    assert [(each["name"], each["minutes"]) for each in people] == [("欧*", 780), ("司*", 120), ("上*", 60)]
    assert people[0]["area"] == "3101综采工作面"
    assert people[0]["team"] == "综采一队"
    assert not any(each in answer.content.decode() for each in (*NAMES, *(card(n) for n in range(1, 5))))


def test_the_api_pages_people(client, office, moment, django_assert_max_num_queries):
    send("RYSS", moment, *(person(n) for n in range(120)))
    path, seen, after = f"/api/telemetry/mines/{OWN}/underground/people", [], ""
    for _page in range(3):
        with django_assert_max_num_queries(16):
            answer = client.get(path, {"after": after}).json()
        seen += answer["items"]
        after = answer["next"]
    assert (len(seen), after) == (120, "")


def test_another_countys_people_are_not_there(client, office, own, moment):
    send("RYSS", moment, person(1, mine=OTHER), mine=OTHER, name="外县煤矿")
    theirs = Position.objects.get(mine__code=OTHER).pk
    for name, more in (
        ("underground", ()), ("underground_part", ()), ("people_list", ()), ("people_named", ()), ("person_name", (theirs,)),
    ):  # fmt: skip
        for code in (OTHER, "140931990009"):
            url = reverse(f"telemetry:{name}", args=[code, *more])
            assert client.get(url).status_code == 404, name
            assert client.post(url, {"reason": "rescue"}).status_code in {404, 405}, name
    # Another mine's person under one's own mine's address.
    assert client.post(reverse("telemetry:person_name", args=[OWN, theirs]), {"reason": "rescue"}).status_code == 404
    for path in ("underground", "underground/people"):
        assert client.get(f"/api/telemetry/mines/{OTHER}/{path}").status_code == 404
    assert not AuditRow.objects.filter(event__in=["telemetry.name_shown", "telemetry.people_taken"]).exists()
    assert underground.by_county(office) == {"140930": (3, 1)}
    assert [each.code for each in selectors.mines(office)] == [OWN]
    client.logout()
    assert client.get(reverse("telemetry:underground", args=[OWN])).status_code == 302


def test_who_may_not_read_the_gas_watch_sees_nobody(client, make_user, signed_in, own):
    signed_in(client, make_user(None, None))
    assert client.get(reverse("telemetry:underground", args=[OWN])).status_code in {403, 404}


def test_the_tab_costs_the_same_however_many_people(client, office, own, moment, django_assert_max_num_queries):
    send("RYQY", moment, *areas(*range(1, 40)))
    send("RYSS", moment, *(person(n, area=n % 40) for n in range(300)))
    text(client, "underground", OWN)
    with django_assert_max_num_queries(26):
        text(client, "underground", OWN)
    with django_assert_max_num_queries(16):
        text(client, "underground_part", OWN)


def test_a_snapshot_of_a_large_mine_is_written_in_few_statements(moment, django_assert_max_num_queries):
    send("RYSS", moment - timedelta(minutes=1), *(person(n) for n in range(800)))
    with django_assert_max_num_queries(32):
        send("RYSS", moment, *(person(n, area=n % 7) for n in range(900)))
    assert Position.objects.count() == 900
