"""Landing folder, command line, API: who may send what, and what comes back."""

import json
import os
import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anwang.ground.accounts.models import ApiToken
from anwang.ground.accounts.tokens import digest
from anwang.ground.base.errors import Refused
from anwang.work.telemetry import commands, memory, ports, selectors, services, tasks
from anwang.work.telemetry.models import Episode, Finding, Mine, ReceivedFile, SensorPoint
from anwang.work.telemetry.services import landing
from anwang.work.telemetry.tests.test_receiving import LIMITS, NOW, T, send
from anwang.work.telemetry.tests.test_replay import MINE, START, cddy, cdss, code, definition, reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def token(make_user, places, now):
    user = make_user("county_office", places.county)
    ApiToken.objects.create(
        user=user,
        name="矿端",
        digest=digest("secret"),
        permissions=["gas.feed", "gas.read"],
        hint="sec",
        created_at=now,
        expires_at=now + timedelta(days=4000),
    )
    return {"HTTP_AUTHORIZATION": "Bearer secret"}


def test_a_file_by_token(gas, client, token) -> None:
    name, content = cdss(T[1], [reading(code(1), 0.4, 0, T[1]), "kaputt"])
    answer = client.post("/api/telemetry/files", {"file": SimpleUploadedFile(name, content)}, **token)
    assert answer.status_code == 200, answer.content
    assert answer.json() | {"name": ""} == {
        "name": "",
        "state": "taken",
        "reason": "",
        "mine": MINE,
        "type": "CDSS",
        "records": 2,
        "readings": 1,
        "late": 0,
        "rejected": 1,
    }
    again = client.post("/api/telemetry/files", {"file": SimpleUploadedFile(name, content)}, **token)
    assert again.json()["state"] == "duplicate"
    half = client.post("/api/telemetry/files", {"file": SimpleUploadedFile(name, content[:-2])}, **token)
    assert (half.status_code, half.json()["key"]) == (422, "telemetry.file_incomplete")
    bad = client.post("/api/telemetry/files", {"file": SimpleUploadedFile("x.txt", b"x")}, **token)
    assert (bad.status_code, bad.json()["key"]) == (422, "telemetry.file_refused")
    (mine,) = client.get("/api/telemetry/mines", **token).json()
    assert (mine["code"], mine["readings"], mine["refused"]) == (MINE, 1, 1)
    (value,) = client.get(f"/api/telemetry/mines/{MINE}/values", **token).json()
    assert (value["value"], value["words"], value["open"]) == (0.4, "0.4", [])
    (row,) = client.get(f"/api/telemetry/mines/{MINE}/refused", **token).json()
    assert (row["line"], row["reason"], row["text"]) == (3, "fields", "kaputt")


def test_a_scan_by_token(gas, client, token) -> None:
    send(cddy(definition(1, LIMITS)))
    body = {"mine": MINE, "point": [code(1)], "at": [T[1]], "value": [1.2], "status": [1], "key": "1"}
    answer = client.post("/api/telemetry/scan", json.dumps(body), content_type="application/json", **token)
    assert (answer.status_code, answer.json()["readings"]) == (200, 1)
    (row,) = client.get("/api/telemetry/episodes?only_open=true", **token).json()["items"]
    assert (row["kind"], row["max"], row["limit"], row["point"]) == ("001", 1.2, 1.0, code(1))
    uneven = client.post(
        "/api/telemetry/scan", json.dumps(body | {"at": [], "key": "2"}), content_type="application/json", **token
    )
    assert (uneven.status_code, uneven.json()["key"]) == (422, "telemetry.scan_uneven")
    unknown = client.post(
        "/api/telemetry/scan", json.dumps(body | {"mine": "999999000001"}), content_type="application/json", **token
    )
    assert (unknown.status_code, unknown.json()["key"]) == (422, "telemetry.mine_unknown")


def test_nobody_sends_for_a_mine_that_is_not_theirs(gas, client, make_user, places, signed_in) -> None:
    name, content = cdss(T[1], [reading(code(1), 0.4, 0, T[1])])
    other = signed_in(client, make_user("county_office", places.far_county))
    answer = other.post("/api/telemetry/files", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 403
    assert not Mine.objects.exists()
    assert client.get(f"/api/telemetry/mines/{MINE}/values").status_code == 404
    reader = signed_in(client, make_user("grid_member", places.grid))
    assert reader.post("/api/telemetry/files", {"file": SimpleUploadedFile(name, content)}).status_code == 403
    client.logout()
    assert client.post("/api/telemetry/files", {"file": SimpleUploadedFile(name, content)}).status_code == 401


def test_the_landing_folder(gas) -> None:
    root = landing.folder()
    root.mkdir(parents=True)
    whole, half = cdss(T[2], [reading(code(1), 0.4, 0, T[2])]), cdss(T[3], [reading(code(1), 0.4, 0, T[3])])
    for name, content in (whole, cddy(definition(1, LIMITS)), ("note.txt", b"hello")):
        (root / name).write_bytes(content)
    (root / half[0]).write_bytes(half[1][:-3])
    os.utime(root / half[0], (NOW.timestamp(), NOW.timestamp()))
    (root / "uploading.part").write_bytes(b"x")
    swept = services.sweep(now=NOW)
    assert sorted((each.state, each.type) for each in swept.receipts) == [
        ("refused", ""),
        ("taken", "CDDY"),
        ("taken", "CDSS"),
    ]
    assert swept.waiting == 1
    assert sorted(path.name for path in (root / "done").iterdir()) == sorted([whole[0], cddy()[0]])
    assert [path.name for path in (root / "refused").iterdir()] == ["note.txt"]
    (root / half[0]).write_bytes(half[1])
    assert [each.state for each in services.sweep(now=NOW).receipts] == ["taken"]
    (root / half[0]).write_bytes(half[1][:-4])
    os.utime(root / half[0], (NOW.timestamp(), NOW.timestamp()))
    assert services.sweep(now=NOW + timedelta(seconds=601)).receipts[0].reason == "incomplete"
    assert ReceivedFile.objects.get(refused="incomplete").name == half[0]
    assert (root / "uploading.part").exists()
    # What was taken stays a week from when it was moved, whatever its mine's clock said; what was refused a season.
    assert landing.prune(now=timezone.now() + timedelta(days=6)) == 0
    assert landing.prune(now=timezone.now() + timedelta(days=8)) == 3
    assert len(list((root / "refused").iterdir())) == 2
    assert (root / "uploading.part").exists()


def test_ingest_and_watch(gas, tmp_path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in (cddy(definition(1, LIMITS)), cdss(T[1], [reading(code(1), 1.2, 0, T[1]), "x"])):
        (folder / name).write_bytes(content)
    found = commands.ingest(folder, now=NOW)
    assert (found["files"], found["taken"], found["readings"], found["rejected"]) == (2, 2, 1, 1)
    assert commands.ingest(folder, now=NOW)["duplicate"] == 2
    assert Episode.objects.count() == 1
    with pytest.raises(Refused):
        commands.ingest(folder / "nowhere", now=NOW)
    name, content = cdss(T[2], [reading(code(1), 0.2, 0, T[2])])
    (folder / name).write_bytes(content)
    (swept,) = commands.watch(folder, stop=threading.Event(), once=True)
    assert {each.state for each in swept.receipts} == {"duplicate", "taken"}


def test_old_names_are_dropped(gas) -> None:
    send(cddy(definition(1, LIMITS)), cdss(T[1], [reading(code(1), 0.2, 0, T[1])]), cdss(T[2], ["x"]))
    tasks.prune(now=NOW + timedelta(days=8))
    assert sorted(ReceivedFile.objects.values_list("type", "rejected")) == [("CDDY", 0), ("CDSS", 1)]
    tasks.tick(now=NOW + timedelta(days=8))
    tasks.reconcile(now=NOW + timedelta(days=8))
    assert Episode.objects.get().what == "mine_silent"


# --- people ---------------------------------------------------------------------------------------------------------


def test_a_place_is_confirmed_and_loose_settings_are_decided(gas, make_user, places, monkeypatch) -> None:
    monkeypatch.setattr(ports, "_findings", [])  # whoever makes the hazard asks for a mine that is bound
    office = make_user("county_office", places.county)
    send(cddy(definition(1, "1.2;;;;1.5;1.0;;").replace("工作面1", "3101综采工作面T1")))
    mine = Mine.objects.get()
    (proposal,) = selectors.unconfirmed(mine)
    assert proposal.row is not None
    assert (proposal.row.key, Finding.objects.count()) == ("face", 0)
    with pytest.raises(Refused, match=r"标准|standard"):
        services.confirm_place(point_id=proposal.point.pk, place="nowhere", by=office, now=NOW)
    services.confirm_place(point_id=proposal.point.pk, place="face", by=office, now=NOW)
    (finding,) = selectors.findings(office)
    assert (finding.field, finding.actual, finding.standard, finding.instrument) == (
        "high_alarm",
        1.2,
        1.0,
        "cn:aq:1029:2019",
    )
    # The same settings again are the same finding; put right, it goes by itself.
    services.confirm_place(point_id=proposal.point.pk, place="face", by=office, now=NOW)
    assert Finding.objects.count() == 1
    send(cddy(definition(1, LIMITS).replace("工作面1", "3101综采工作面T1"), at="2026-11-20 09:00:00"))
    assert Finding.objects.get().state == "withdrawn"
    send(cddy(definition(1, "1.3;;;;1.5;1.0;;"), at="2026-11-20 10:00:00"))
    (finding,) = selectors.findings(office)
    heard = []
    listener = ports.on_finding_taken_up(lambda row, now: heard.append(row.pk))
    try:
        with pytest.raises(Refused) as refused:
            services.decide(finding_id=finding.pk, hazard=False, by=office, now=NOW)
        assert refused.value.key == "telemetry.reason_missing"
        services.decide(finding_id=finding.pk, hazard=True, by=office, now=NOW)
        assert heard == [finding.pk]
        with pytest.raises(Refused):
            services.decide(finding_id=finding.pk, hazard=True, by=office, now=NOW)
    finally:
        ports._findings.remove(listener)
    stranger = make_user("county_office", places.far_county)
    with pytest.raises(SensorPoint.DoesNotExist):
        services.confirm_place(point_id=proposal.point.pk, place="face", by=stranger, now=NOW)
    grid = make_user("grid_member", places.county)
    with pytest.raises(Refused):
        services.confirm_place(point_id=proposal.point.pk, place="face", by=grid, now=NOW)


def test_a_mine_is_bound_to_its_place(gas, make_user, places, now) -> None:
    from anwang.registers.sites.models import Site

    def site(name):
        row = Site(
            number=name,
            name=name,
            name_key=name,
            kind_key="coal_mine",
            domain="coal",
            region=places.town,
            made_at=now,
            changed_at=now,
        )
        row.save()
        return row

    office = make_user("county_office", places.county)
    send(cdss(T[1], [reading(code(1), 0.4, 0, T[1])]))
    second = "140930000002"
    send(cdss(T[1], [reading(second + code(1)[12:], 0.4, 0, T[1])], mine=second))
    first, other = Mine.objects.order_by("code")
    place = site("河曲某矿")
    bound = services.bind(mine_id=first.pk, site_id=place.pk, by=office, now=NOW, gas_class="high")
    assert (bound.town_code, bound.gas_class, bound.bound_by) == (places.town.code, "high", office)
    with pytest.raises(Refused) as refused:
        services.bind(mine_id=other.pk, site_id=place.pk, by=office, now=NOW)
    assert refused.value.key == "telemetry.site_taken"
    kept = site("河曲某矿二")
    services.mines.move_to_site(lost=place, kept=kept, by=office, now=NOW)
    first.refresh_from_db()
    assert first.site_id == kept.pk


def test_points_keep_their_numbers(gas) -> None:
    send(cdss(T[1], [reading(code(1), 0.4, 0, T[1])]))
    number = SensorPoint.objects.get().pk
    memory.forget()
    send(cddy(definition(1, LIMITS)), cdss(START + 90_000, [reading(code(1), 0.4, 0, START + 90_000)]))
    assert SensorPoint.objects.get().pk == number
