"""Files and scans taken in: rows, readings, restarts, news."""

import json
from datetime import timedelta

import numpy as np
import pytest

from anwang.ground.base.errors import Refused
from anwang.work.telemetry import memory, ports, replay, selectors, sensors, services, store
from anwang.work.telemetry.dialects.grammar import stamp_of
from anwang.work.telemetry.models import (
    Definition,
    Episode,
    Feed,
    Mine,
    ReceivedFile,
    RefusedCount,
    RefusedRecord,
    Relation,
    Reported,
    SensorPoint,
    Substation,
)
from anwang.work.telemetry.services import UploadedFile, receive
from anwang.work.telemetry.tests.test_replay import MINE, START, cddy, cdss, code, definition, feed, reading

pytestmark = pytest.mark.django_db

NOW = memory.moment(START) + timedelta(minutes=30)
T = [START + n * 10_000 for n in range(100)]
LIMITS = "1.0;0.9;;;1.5;1.0;;"


def send(*files, now=NOW, by=None):
    return receive([UploadedFile(*file) for file in files], now=now, by=by)


def kept(point: int) -> list[float]:
    return store.reader().around(point, START - 10**9, START + 10**9).value.tolist()


def shown() -> list[tuple]:
    """Episodes as replay prints them."""
    return [
        (
            row.point.code if row.point else None,
            row.what,
            memory.millis(row.start),
            None if row.end is None else memory.millis(row.end),
            row.n,
            row.max,
            row.min,
            row.avg,
        )
        for row in Episode.objects.select_related("point").order_by("start", "point__code", "what")
    ]


def test_an_episode_opens_grows_and_closes(gas) -> None:
    heard = []
    listener = ports.on_episodes(lambda news, now: heard.extend((each.what, each.episode.what) for each in news))
    try:
        (taken,) = send(cddy(definition(1, LIMITS)))
        assert (taken.state, taken.records, taken.mine) == ("taken", 1, MINE)
        send(cdss(T[1], [reading(code(1), 1.1, 1, T[1])]))
        (row,) = Episode.objects.all()
        assert (row.what, row.end, row.n, row.max, row.limit, row.clear) == ("001", None, 1, 1.1, 1.0, 0.9)
        assert (row.county_code, row.domain, row.definition) == ("140930", "coal", row.point.definition)
        send(cdss(T[2], [reading(code(1), 1.2, 1, T[2])]))
        send(cdss(T[3], [reading(code(1), 1.0, 1, T[3])]))
        send(cdss(T[4], [reading(code(1), 0.5, 0, T[4])]))
        row.refresh_from_db()
        assert (memory.millis(row.end), row.n, row.max, row.min) == (T[4], 3, 1.2, 1.0)
        assert row.avg == pytest.approx(1.1)
        assert heard == [("opened", "001"), ("raised", "001"), ("closed", "001")]
    finally:
        ports._episodes.remove(listener)
    assert kept(row.point_id) == [1.1, 1.2, 1.0, 0.5]
    state = Feed.objects.get()
    assert (state.readings, state.files, state.refused, memory.millis(state.newest_at)) == (4, 5, 0, T[4])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("restart", ["never", "always"])
def test_it_gives_what_a_replay_gives(gas, seed, restart) -> None:
    files, *_ = feed(seed)
    expected = replay.play(files, watch=sensors.watch)
    for n, file in enumerate(sorted(files, key=lambda each: each[0][-18:])):
        (receipt,) = send(file)
        assert receipt.state == "taken"
        if restart == "always" and n % 3 == 0:
            memory.forget()
    found = [
        (row["point"], row["kind"], row["start"], row["end"], row.get("n", 0), row.get("avg"))
        for row in expected.episodes
    ]
    ours = [
        (point, what, stamp_of(start), end and stamp_of(end), n, None if avg is None else round(avg, 4))
        for point, what, start, end, n, _, _, avg in shown()
    ]
    assert ours == found
    state = Feed.objects.get()
    assert (state.readings, state.refused) == (expected.readings, len(expected.rejected))


def test_many_files_in_one_transaction_give_the_same(gas) -> None:
    files, *_ = feed(3)
    expected = replay.play(files, watch=sensors.watch)
    send(*sorted(files, key=lambda each: each[0][-18:]))
    assert len(shown()) == len(expected.episodes)
    assert Episode.objects.filter(end__isnull=True).count() == sum(row["end"] is None for row in expected.episodes)


def test_the_same_content_is_taken_once(gas) -> None:
    file = cdss(T[1], [reading(code(1), 0.4, 0, T[1])])
    first, again = send(file)[0], send(("140930000001_CDSS_20261120093000.TXT", file[1]))[0]
    assert (first.state, again.state) == ("taken", "duplicate")
    (twice,) = [each.state for each in send(cddy(definition(1, LIMITS)), cddy(definition(1, LIMITS)))][1:]
    assert twice == "duplicate"
    assert kept(SensorPoint.objects.get(code=code(1)).pk) == [0.4]


def test_what_is_refused_is_kept_and_counted(gas) -> None:
    rows = [reading(code(1), 0.4, 0, T[1]), "kaputt", reading(code(1), "x", 0, T[1])]
    rows.append(reading(code(1), 9.0, 0, memory.millis(NOW) + 301_000))
    (receipt,) = send(cdss(T[1], rows))
    assert (receipt.records, receipt.readings, receipt.rejected) == (4, 1, 3)
    assert [(row.line, row.reason) for row in RefusedRecord.objects.order_by("id")] == [
        (3, "fields"),
        (4, "value"),
        (None, "ahead"),
    ]
    assert dict(RefusedCount.objects.values_list("reason", "n")) == {"fields": 1, "value": 1, "ahead": 1}
    send(cdss(T[2], ["kaputt", *rows[:1]]))
    assert RefusedCount.objects.get(reason="fields").n == 2
    mine = Mine.objects.get()
    assert selectors.refused_counts(mine, since=NOW)[0] == ("fields", 2)
    assert len(selectors.refused(mine)) == 4
    assert kept(SensorPoint.objects.get().pk) == [0.4, 0.4]


def test_files_that_are_not_taken(gas) -> None:
    whole = cdss(T[1], [reading(code(1), 0.4, 0, T[1])])
    states = [
        (each.state, each.reason)
        for each in send(
            ("readme.txt", b"x"),
            (whole[0], whole[1][:-2]),
            (whole[0].replace(MINE, "140930000009"), whole[1]),
            cdss(T[1], [reading("999999000001" + code(1)[12:], 0.4, 0, T[1])], mine="999999000001"),
        )
    ]
    assert states == [
        ("refused", "name"),
        ("incomplete", "incomplete"),
        ("refused", "mine"),
        ("refused", "mine_unknown"),
    ]
    assert sorted(ReceivedFile.objects.values_list("refused", flat=True)) == ["mine", "mine_unknown", "name"]
    assert not Mine.objects.exists()
    (receipt,) = send(whole)
    assert receipt.state == "taken"


def test_definitions_are_versions(gas) -> None:
    send(cddy(definition(1, LIMITS), definition(2, LIMITS)))
    send(cddy(definition(1, "2.0;;;;;;;"), definition(2, LIMITS), at=stamp_of(T[5])))
    send(cddy(definition(1, "2.0;;;;;;;"), definition(2, LIMITS), at=stamp_of(T[6])))
    assert [row.point.code for row in Definition.objects.order_by("id")] == [code(1), code(2), code(1)]
    point = SensorPoint.objects.get(code=code(1))
    assert (point.high_alarm, point.high_cut, point.definition.fields["high_alarm"]) == (2.0, None, 2.0)
    send(cdss(T[7], [reading(code(1), 1.2, 0, T[7]), reading(code(2), 1.2, 0, T[7])]))
    assert list(Episode.objects.values_list("point__code", "limit")) == [(code(2), 1.0)]


def test_a_relation_makes_a_feed_anomaly(gas) -> None:
    cutter, partner = f"{MINE}01KG100900000001", f"{MINE}01KG101100000002"
    send(
        cddy(
            definition(0, ";;;;;;;", point=cutter, relations=f"K-{partner}-馈电"),
            definition(0, ";;;;;;;", point=partner),
        )
    )
    assert Relation.objects.count() == 1
    for n in (1, 2, 3):
        send(cdss(T[n], [reading(cutter, 0, 0, T[n]), reading(partner, 1, 0, T[n])]))
        memory.forget()
    assert [(row[0], row[1], row[2]) for row in shown()] == [(cutter, "003", T[1])]


def test_two_processes_take_turns(gas) -> None:
    send(cddy(definition(1, LIMITS)))
    ours = memory.memory()
    send(cdss(T[1], [reading(code(1), 1.1, 0, T[1])]))
    memory.forget()
    theirs = memory.memory()
    assert theirs is not ours
    send(cdss(T[2], [reading(code(1), 0.1, 0, T[2])]))
    memory._memory = ours
    send(cdss(T[3], [reading(code(1), 1.3, 0, T[3])]))
    assert [(row[1], row[2], row[3]) for row in shown() if row[1] == "001"] == [
        ("001", T[1], T[2]),
        ("001", T[3], None),
    ]


def test_nothing_stays_of_what_failed(gas) -> None:
    send(cddy(definition(1, LIMITS)))

    class Full:
        def append(self, *_):
            raise OSError("no space")

    file = UploadedFile(*cdss(T[1], [reading(code(1), 1.1, 0, T[1]), reading(code(7), 1, 0, T[1])]))
    with pytest.raises(OSError, match="no space"):
        receive([file], now=NOW, history=Full())
    assert not Episode.objects.exists()
    assert not SensorPoint.objects.filter(code=code(7)).exists()
    (receipt,) = receive([file], now=NOW)
    assert (receipt.state, receipt.late) == ("taken", 0)
    assert Episode.objects.count() == 1


def test_a_scan(gas) -> None:
    send(cddy(definition(1, LIMITS)))
    scan = services.Scan(
        MINE, [code(1), code(2), "x", code(1)], [T[1], T[1], T[1], T[1]], [1.2, 0.1, 1, np.nan], [0, 0, 0, 0]
    )
    receipt = services.receive_scan(scan, now=NOW)
    assert (receipt.records, receipt.readings, receipt.rejected) == (4, 2, 2)
    assert sorted(RefusedRecord.objects.values_list("reason", flat=True)) == ["point", "value"]
    assert [row[:2] for row in shown()] == [(code(1), "001")]
    keyed = services.Scan(MINE, [code(1)], [T[2]], [0.1], [0], key="m-1")
    assert [services.receive_scan(keyed, now=NOW).state for _ in range(2)] == ["taken", "duplicate"]
    for bad, key in [
        (services.Scan(MINE, [], [], [], []), "telemetry.scan_empty"),
        (services.Scan(MINE, [code(1)], [1, 2], [1], [0]), "telemetry.scan_uneven"),
    ]:
        with pytest.raises(Refused) as refused:
            services.receive_scan(bad, now=NOW)
        assert refused.value.key == key


def test_a_mine_falls_silent_and_comes_back(gas) -> None:
    send(cdss(T[1], [reading(code(1), 0.4, 0, T[1])]))
    assert services.tick(now=NOW + timedelta(seconds=180)) == 0
    assert services.tick(now=NOW + timedelta(seconds=181)) == 1
    assert services.tick(now=NOW + timedelta(seconds=400)) == 0
    (row,) = Episode.objects.all()
    assert (row.what, row.point, row.start) == ("mine_silent", None, NOW)
    memory.forget()
    later = NOW + timedelta(seconds=500)
    send(cdss(T[9], [reading(code(1), 0.4, 0, T[9])]), now=later)
    row.refresh_from_db()
    assert row.end == later
    assert Feed.objects.get().silent_since is None


def test_substations_are_kept(gas) -> None:
    head = f"{MINE};示范煤矿;{stamp_of(T[1])}"
    station = f"{MINE}01DT400100000001"
    send((f"{MINE}_FZDY_20261120080010.txt", f"{head}~{station};变电所;;;;{stamp_of(T[1])}~||".encode()))
    send((f"{MINE}_FZSS_20261120080010.txt", f"{head}~{station};1;0;{stamp_of(T[1])}~||".encode()))
    row = Substation.objects.get()
    assert (row.location, row.run_state, row.power_state) == ("变电所", "1", "0")


def abnormal(kind: str, start: int, end: int | None, at: int, cause: str = "") -> tuple[str, bytes]:
    row = f"{code(1)};环境瓦斯;工作面;%CH4;{kind};{stamp_of(start)};{'' if end is None else stamp_of(end)};1.2;;;;;{cause};;;张某;{stamp_of(at)}"
    stamp = stamp_of(at).replace("-", "").replace(":", "").replace(" ", "")
    return f"{MINE}_YCBJ_{stamp}.txt", f"{MINE};示范煤矿;{stamp_of(at)}~{row}~||".encode()


def test_what_the_mine_reports_is_held_against_what_we_saw(gas, make_user, places) -> None:
    office = make_user("county_office", places.county)
    send(cddy(definition(1, LIMITS)))
    send(cdss(T[1], [reading(code(1), 1.1, 1, T[1])]), cdss(T[3], [reading(code(1), 0.1, 0, T[3])]))
    send(cdss(T[50], [reading(code(1), 1.1, 1, T[50])]), cdss(T[51], [reading(code(1), 0.1, 0, T[51])]))
    send(abnormal("001", T[1] + 5000, None, T[2]))
    send(abnormal("001", T[1] + 5000, T[3], T[4], "割煤快"), abnormal("001", T[90], T[91], T[92]))
    assert Reported.objects.count() == 2
    (found,) = selectors.matched(office)
    assert (memory.millis(found.episode.start), found.cause, memory.millis(found.end)) == (T[1], "割煤快", T[3])
    assert [memory.millis(row.start) for row in selectors.reported_not_seen(office)] == [T[90]]
    assert list(selectors.seen_not_reported(office, now=NOW)) == []
    (missing,) = selectors.seen_not_reported(office, now=NOW + timedelta(minutes=31))
    assert (memory.millis(missing.start), missing.what) == (T[50], "001")


def test_last_values_and_health(gas, make_user, places) -> None:
    office, other = make_user("county_office", places.county), make_user("county_office", places.far_county)
    send(cddy(definition(1, LIMITS)))
    send(cdss(T[1], [reading(code(1), 1.1, 1, T[1]), reading(code(2), 0.2, 0, T[1]), "kaputt"]))
    mine = selectors.mine(office, MINE)
    assert [(each.point.code, each.value, each.open) for each in selectors.last_values(mine)] == [
        (code(1), 1.1, ("001",)),
        (code(2), 0.2, ()),
    ]
    (row,) = selectors.health(office, now=NOW)
    assert (row.points, row.undefined, row.silent_points, row.refused_today) == (2, 1, 0, 1)
    assert list(selectors.mines(other)) == [] == list(selectors.episodes(other))
    with pytest.raises(Mine.DoesNotExist):
        selectors.mine(other, MINE)


def test_the_worked_example_as_it_would_arrive(gas, example) -> None:
    expected = json.loads((example.parent / "gas-feed-expected.json").read_text(encoding="utf-8"))
    landing = services.landing.folder()
    landing.mkdir(parents=True)
    for path in example.iterdir():
        (landing / path.name).write_bytes(path.read_bytes())
    swept = services.sweep(now=NOW + timedelta(hours=1))
    assert swept.waiting == 1
    assert sum(each.readings for each in swept.receipts) == expected["readings"]
    assert sum(each.rejected for each in swept.receipts) == expected["rejected"]
    wanted = {row["kind"] for row in expected["episodes"]}
    ours = [(p, k, stamp_of(s), e and stamp_of(e), n) for p, k, s, e, n, *_ in shown() if k in wanted]
    assert ours == [(r["point"], r["kind"], r["start"], r["end"], r.get("n", 0)) for r in expected["episodes"]]
    assert services.sweep(now=NOW + timedelta(hours=1)).receipts == []
