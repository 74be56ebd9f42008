import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import gettext_lazy

from anwang.ground.accounts.permissions import Permission
from anwang.ground.audit.models import AuditRow
from anwang.ground.base import errors
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence, new_id
from anwang.ground.files import papers, selectors, services, store
from anwang.ground.files.models import Paper, StoredFile
from anwang.ground.files.papers import Agency, PaperKind
from anwang.ground.files.tests.makers import Thing, photo, signature

EXAMPLE = PaperKind(
    key="files.example",
    zh="示例文书",
    title="An example",
    word="示例",
    template=Path(__file__).with_name("example.typ"),
    permission=Permission.PAPER_ISSUE,
    required={"unit.name": "the unit", "problems": "what is wrong"},
    officers=2,
)
OFFICERS = [{"name": "王建国", "certificate": "14090012345"}, {"name": "李晓梅", "certificate": "14090012378"}]
DATA = {"unit": {"name": "河曲县鑫源超市"}, "problems": [{"fact": "安全出口上锁"}], "officers": OFFICERS}
ROOMS = ("anwang.work.inspections.papers", "anwang.work.hazards.papers", "anwang.overview.figures.papers")


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setattr(papers, "_kinds", dict(papers._kinds))
    papers.register(EXAMPLE)


@pytest.fixture
def inspector(make_user, places):
    return make_user("inspector", places.county)


@pytest.fixture
def hazard(places):
    return Thing(new_id(), places.village)


@pytest.fixture
def agency(places):
    return Agency.of(places.county, name="河曲县应急管理局", word="应急")


@pytest.fixture
def issue(inspector, hazard, agency, now):
    def make(data=None, **more):
        given = {"kind": "files.example", "on": hazard, "agency": agency, "by": inspector, "now": now}
        return papers.issue(data=DATA if data is None else data, **{**given, **more})

    return make


def refused(call, *args, **named) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **named)
    assert caught.value.key in errors.known()
    assert str(caught.value)
    return caught.value


def envelope(**more):
    paper = {
        "kind": "files.example",
        "title": "示例文书",
        "number": "（河）应急示例〔2026〕1号",
        "code": "K7QM-3XPD-9AVT",
        "verify_url": "http://127.0.0.1:8000/p/verify/K7QM-3XPD-9AVT/",
        "issued_on": "2026-11-20",
        "issued_at": "2026-11-20T03:05:00+00:00",
        "agency": {
            "name": "河曲县应急管理局",
            "word": "应急",
            "region": "140930",
            "short": "河",
            "phone": "",
            "address": "",
        },
        "exercise": False,
        "draft": False,
        **more,
    }
    return {"paper": paper, "data": papers.plain(DATA)}


def sha(pdf: bytes) -> str:
    return hashlib.sha256(pdf).hexdigest()


# --- the same facts, the same bytes -----------------------------------------------------------------------------------


def test_the_same_data_makes_the_same_bytes_in_every_process(tmp_path):
    """Twice here, and once in a new process with another time zone and other hash seeds."""
    here = {sha(papers.render(envelope()).pdf) for _ in range(2)}
    script = """
import hashlib, json, sys
import django
django.setup()
from anwang.ground.files import papers
from anwang.ground.files.tests.test_papers import EXAMPLE
papers.register(EXAMPLE)
print(hashlib.sha256(papers.render(json.load(sys.stdin)).pdf).hexdigest())
"""
    source = str(Path(papers.__file__).parents[3])
    for seed, zone in (("1", "UTC"), ("2", "America/New_York")):
        env = {
            **os.environ,
            "PYTHONPATH": source,
            "DJANGO_SETTINGS_MODULE": "anwang.config.settings",
            "ANWANG_HOME": str(tmp_path),
            "PYTHONHASHSEED": seed,
            "TZ": zone,
        }
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=json.dumps(envelope()),
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        here.add(done.stdout.split()[-1])
    assert len(here) == 1


def test_other_facts_make_other_bytes():
    one = papers.render(envelope())
    assert sha(one.pdf) != sha(papers.render(envelope(number="（河）应急示例〔2026〕2号")).pdf)
    assert one.pdf.startswith(b"%PDF-1.7")
    assert b"2026-11-20T03:05:00" in one.pdf, "the moment of issue, not of drawing"


def test_the_order_of_fields_does_not_matter():
    whole = envelope()
    turned = {key: dict(reversed(list(value.items()))) for key, value in reversed(list(whole.items()))}
    assert sha(papers.render(whole).pdf) == sha(papers.render(turned).pdf)


@pytest.mark.parametrize("room", ROOMS)
def test_every_paper_of_the_house_draws_from_its_sample(room):
    sys.path.insert(0, str(Path(papers.__file__).parents[4]))
    fill, wrap = (getattr(import_module("tools.papers"), name) for name in ("fill", "envelope"))
    for kind in import_module(room).KINDS:
        papers.register(kind)
        data = json.loads(kind.template.with_suffix(".sample.json").read_text())
        assert not papers.rules.missing(data, tuple(kind.required)), "the sample fills what is required"
        drawn = papers.render(wrap(kind, fill(data)))
        assert 1 <= drawn.pages == len(drawn.pictures) <= 3
        for page in drawn.pictures:
            assert page.startswith(b"\x89PNG")
        marked = papers.render(wrap(kind, fill(data), draft=True, exercise=True, verify_url="", code=""))
        assert sha(marked.pdf) != sha(drawn.pdf)


@pytest.mark.parametrize("room", ROOMS)
def test_papers_bear_what_people_type(room):
    """Long words, blanks, code of the typesetter, signs no font has: text is text."""
    from tools.papers import envelope as wrap
    from tools.papers import fill

    strange = (
        '#panic("x") $1/0$ *b* _i_ `raw` <label> @ref \\ // 注释 ' + "很长" * 60 + "x" * 90 + " 🙂\U000e0041 \t\n尾"
    )

    def spoil(value):
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each) for each in value[:3]]
        if isinstance(value, str) and value not in {"photo", "signature", "link"} and len(value) > 3:
            return value if value[:2] == "20" else strange
        return value

    for kind in import_module(room).KINDS:
        papers.register(kind)
        data = papers.plain(spoil(json.loads(kind.template.with_suffix(".sample.json").read_text())))
        assert papers.render(wrap(kind, fill(data)), pictures=False).pages >= 1


@pytest.mark.parametrize("room", ROOMS)
def test_papers_bear_what_is_missing(room):
    """A draft is looked at before everything is known."""
    from tools.papers import envelope as wrap
    from tools.papers import fill

    for kind in import_module(room).KINDS:
        papers.register(kind)
        whole = json.loads(kind.template.with_suffix(".sample.json").read_text())
        needed = {path.partition(".")[0] for path in kind.required} | {
            "officers",
            "items",
            "problems",
            "rows",
            "columns",
        }
        bare = {key: value for key, value in whole.items() if key in needed}
        for each in (bare.get("problems") or []) + (bare.get("items") or []):
            for key in set(each) - {"fact", "result"}:
                del each[key]
        assert papers.render(wrap(kind, fill(bare)), pictures=False).pages >= 1


# --- facts as JSON ----------------------------------------------------------------------------------------------------


def test_facts_become_plain():
    moment = datetime(2026, 11, 20, 2, 30, tzinfo=ZoneInfo("UTC"))
    got = papers.plain(
        {
            "day": date(2026, 11, 20),
            "at": moment,
            "money": Decimal("2.50"),
            "word": gettext_lazy("Paper"),
            "state": Permission.PAPER_ISSUE,
            "rows": (x for x in (1, None, True, 1.5)),
            "bad": "a\x00b\x07c\nd",
            1: {},
        }
    )
    assert got == {
        "day": "2026-11-20",
        "at": "2026-11-20 10:30",
        "money": "2.50",
        "word": got["word"],
        "state": "paper.issue",
        "rows": [1, None, True, 1.5],
        "bad": "abc\nd",
        "1": {},
    }
    assert json.loads(papers.canonical(got)) == got


# --- issuing ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_paper_is_issued_numbered_and_kept(issue, inspector, hazard, places, now):
    paper = issue()
    paper.refresh_from_db()
    assert paper.number == "（河）应急示例〔2026〕1号"
    assert (paper.title, paper.unit, paper.agency_name) == ("示例文书", "河曲县鑫源超市", "河曲县应急管理局")
    assert (paper.county_code, paper.domain) == ("140930", "fire")
    assert paper.issued_by == inspector
    pdf = store.read(paper.sha256)
    assert sha(pdf) == paper.sha256 == paper.file.sha256
    assert paper.file.kind_key == "paper"
    assert (paper.file.thing_kind, paper.file.thing_id, paper.file.county_code) == ("paper", paper.pk, "140930")
    assert paper.pages == paper.pictures == 1
    assert store.read(paper.sha256, "p1").startswith(b"\x89PNG")
    assert papers.redraw(paper) == pdf, "from what the database kept, byte for byte"
    assert hashlib.sha256(papers.canonical(paper.data)).hexdigest() == paper.data_sha256
    assert paper.template_version == papers.version(EXAMPLE)
    row = AuditRow.objects.get(event="papers.issued")
    assert (row.on_id, row.data["number"], row.data["sha256"]) == (paper.pk, paper.number, paper.sha256)
    assert list(selectors.papers_for(hazard)) == [paper]


@pytest.mark.django_db
def test_numbers_count_by_agency_kind_and_year_without_gaps(issue, places, agency, now):
    assert [issue().n for _ in range(3)] == [1, 2, 3]
    with pytest.raises(Refused):
        issue({"unit": {"name": "x"}})
    assert issue().n == 4, "a paper that was refused uses no number"
    twin = Agency.of(places.other_county, name="保德县应急管理局", word="应急", short="河")
    there = issue(agency=twin)
    assert (there.number, there.agency_region) == ("（河）应急示例〔2026〕1号", "140931"), (
        "each county counts for itself"
    )
    assert issue(agency=replace(agency, word="消防")).number == "（河）消防示例〔2026〕1号"
    assert issue(now=now + timedelta(days=60)).number == "（河）应急示例〔2027〕1号"
    late = now.replace(month=12, day=31, hour=23)
    assert issue(now=late).year == 2026, "the year of the place, not of UTC"


@pytest.mark.django_db
def test_what_is_missing_is_named(issue):
    refusal = refused(issue, {"unit": {}, "officers": OFFICERS})
    assert refusal.key == "files.paper_incomplete"
    assert refusal.params["missing"] == "the unit、what is wrong"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "officers",
    [
        [],
        OFFICERS[:1],
        [OFFICERS[0], {"name": "无证", "certificate": ""}],
        [OFFICERS[0], {**OFFICERS[0], "name": "同一张证"}],
        [OFFICERS[0], {"name": "", "certificate": "14090012378"}],
    ],
)
def test_two_certified_officers_or_no_paper(officers, issue):
    assert refused(issue, {**DATA, "officers": officers}).key == "files.paper_officers"
    assert not Paper.objects.exists()
    assert not Sequence.objects.filter(name__startswith="paper:").exists()


@pytest.mark.django_db
def test_who_may_issue(issue, make_user, places):
    for role, region in (
        ("grid_member", places.village),
        ("city_office", places.city),
        ("inspector", places.far_county),
    ):
        assert refused(issue, by=make_user(role, region)).key == "accounts.not_permitted"
    assert issue(by=make_user("town_officer", places.town)).n == 1


@pytest.mark.django_db
def test_an_unknown_kind(issue):
    assert refused(issue, kind="files.nothing").key == "files.paper_unknown"


@pytest.mark.django_db
def test_pictures_on_a_paper_must_be_visible_to_its_issuer(issue, inspector, make_user, places, hazard, now):
    mine = services.upload(data=photo(), name="a.jpg", by=inspector, now=now)
    signed = services.upload(data=signature(), name="s.png", by=inspector, now=now, kind="signature")
    shown = {**DATA, "photo": papers.picture(mine), "signature": papers.picture(signed)}
    with_pictures = issue(shown)
    assert papers.redraw(with_pictures) == store.read(with_pictures.sha256)
    stranger = make_user("inspector", places.far_county)
    theirs = services.upload(data=photo(9), name="a.jpg", by=stranger, now=now)
    assert refused(issue, {**DATA, "photo": papers.picture(theirs)}).key == "files.gone"
    forged = {**papers.picture(mine), "path": papers.picture(theirs)["path"]}
    assert refused(issue, {**DATA, "photo": forged}).key == "files.gone"
    outside = {"file": mine.pk, "path": "../../../etc/passwd"}
    assert refused(issue, {**DATA, "photo": outside}).key == "files.gone"


@pytest.mark.django_db
def test_a_template_that_does_not_take_the_data_uses_no_number(issue):
    refusal = refused(issue, {**DATA, "problems": 7})
    assert refusal.key == "files.paper_failed"
    assert not Sequence.objects.filter(name__startswith="paper:").exists()
    assert issue().n == 1


@pytest.mark.django_db
def test_a_full_disk_uses_no_number(issue, monkeypatch):
    import errno

    def full(*_args, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store.tempfile, "mkstemp", full)
        assert refused(issue).key == "files.no_space"
    assert not Paper.objects.exists()
    assert issue().n == 1


@pytest.mark.django_db
def test_a_paper_names_other_things_too(issue, hazard, places):
    others = [Thing(new_id(), places.village) for _ in range(2)]
    paper = issue(about=[*others, hazard])
    for thing in (hazard, *others):
        assert list(selectors.papers_for(thing)) == [paper]
    assert list(selectors.papers_for(hazard, kind="hazards.order")) == []


@pytest.mark.django_db
def test_a_paper_of_a_drill_says_so(issue, places):
    assert issue(on=Thing(new_id(), places.village, exercise=True)).exercise


@pytest.mark.django_db
def test_a_draft_shows_gaps_and_keeps_nothing(inspector, hazard, agency, now):
    drawn = papers.draft(
        kind="files.example",
        on=hazard,
        data={"unit": {"name": "x"}, "problems": []},
        agency=agency,
        by=inspector,
        now=now,
    )
    assert drawn.pages == 1
    assert not Paper.objects.exists()
    assert not StoredFile.objects.exists()
    assert not Sequence.objects.filter(name__startswith="paper:").exists()


# --- void -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_paper_is_voided_once_with_a_reason(issue, inspector, make_user, places, now):
    paper = issue()
    assert refused(papers.void, paper_id=paper.pk, reason=" \x00", by=inspector, now=now).key == "files.paper_reason"
    leader = make_user("leader", places.county)
    assert refused(papers.void, paper_id=paper.pk, reason="x", by=leader, now=now).key == "accounts.not_permitted"
    with pytest.raises(Paper.DoesNotExist):
        papers.void(paper_id=paper.pk, reason="x", by=make_user("inspector", places.far_county), now=now)
    voided = papers.void(paper_id=paper.pk, reason="期限写错", by=inspector, now=now)
    assert (voided.void_reason, voided.void_by) == ("期限写错", inspector)
    assert refused(papers.void, paper_id=paper.pk, reason="again", by=inspector, now=now).key == "files.paper_void"
    assert AuditRow.objects.filter(event="papers.voided").count() == 1
    assert issue().n == 2, "a void number is not given again"


# --- screens ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_preview_shows_its_pages(issue, client, signed_in, inspector):
    paper = issue()
    signed_in(client, inspector)
    page = client.get(f"/papers/{paper.pk}/").content.decode()
    assert paper.number in page
    assert f"/papers/{paper.pk}/pages/1" in page
    assert "style=" not in page.partition("<main")[2].partition("</main>")[0]
    picture = client.get(f"/papers/{paper.pk}/pages/1")
    assert picture["Content-Type"] == "image/png"
    for gone in (0, 2):
        assert client.get(f"/papers/{paper.pk}/pages/{gone}").status_code == 404
    pdf = client.get(f"/papers/{paper.pk}/pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf["Content-Disposition"].startswith("inline")
    assert sha(b"".join(pdf.streaming_content)) == paper.sha256


@pytest.mark.django_db
def test_papers_out_of_sight_are_not_there(issue, client, signed_in, make_user, places):
    paper = issue()
    signed_in(client, make_user("county_office", places.other_county))
    for url in ("", "pdf", "pages/1", "void"):
        assert client.get(f"/papers/{paper.pk}/{url}").status_code == 404
        assert client.get(f"/papers/{new_id()}/{url}").status_code == 404
    for url in ("", "/pdf"):
        assert client.get(f"/api/files/papers/{paper.pk}{url}").status_code == 404
    assert client.post(f"/api/files/papers/{paper.pk}/void", {"reason": "x"}, "application/json").status_code == 404


@pytest.mark.django_db
def test_voiding_in_the_browser(issue, client, signed_in, inspector, make_user, places):
    paper = issue()
    signed_in(client, inspector)
    assert client.post(f"/papers/{paper.pk}/void", {"reason": ""}).status_code == 200
    assert client.post(f"/papers/{paper.pk}/void", {"reason": "期限写错"}).status_code == 302
    page = client.get(f"/papers/{paper.pk}/").content.decode()
    assert "期限写错" in page
    again = client.post(f"/papers/{paper.pk}/void", {"reason": "再次"})
    assert again.status_code == 200
    assert "作废" in again.content.decode()
    signed_in(client, make_user("leader", places.county))
    assert f"/papers/{paper.pk}/void" not in client.get(f"/papers/{paper.pk}/").content.decode()


@pytest.mark.django_db
def test_the_api_speaks_of_papers(issue, client, signed_in, inspector):
    paper = issue()
    signed_in(client, inspector)
    told = client.get(f"/api/files/papers/{paper.pk}").json()
    assert (told["number"], told["state"], told["sha256"]) == (paper.number, "valid", paper.sha256)
    assert "data" not in told
    assert client.get(f"/api/files/papers/{paper.pk}/pdf").status_code == 200
    voided = client.post(f"/api/files/papers/{paper.pk}/void", {"reason": "期限写错"}, "application/json")
    assert voided.json()["state"] == "void"
    again = client.post(f"/api/files/papers/{paper.pk}/void", {"reason": "再次"}, "application/json")
    assert (again.status_code, again.json()["key"]) == (409, "files.paper_void")


# --- anybody ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_anybody_can_check_a_paper(issue, client, inspector, now):
    paper = issue()
    url = papers.verify_url(paper.code)
    assert url.endswith(f"/p/verify/{paper.code}/")
    page = client.get(f"/p/verify/{paper.code}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    for shown in (paper.number, paper.title, paper.sha256, "河曲***超市", "2026-11-20", "河曲县应急管理局"):
        assert shown in text
    for hidden in ("鑫源", "安全出口", "王建国", paper.pk):
        assert hidden not in text
    assert "真实" in text or "genuine" in text
    papers.void(paper_id=paper.pk, reason="期限写错", by=inspector, now=now)
    voided = client.get(f"/p/verify/{paper.code}/").content.decode()
    assert "作废" in voided or "void" in voided
    assert "期限写错" not in voided


@pytest.mark.django_db
def test_codes_are_read_as_people_type_them(issue, client):
    paper = issue()
    for typed in (paper.code.lower(), paper.code.replace("-", ""), paper.code.replace("-", " ")):
        assert client.get(f"/p/verify/{typed}/").status_code == 200
    assert client.get("/p/verify/", {"code": paper.code}).url == f"/p/verify/{paper.code}/"
    assert selectors.by_code(paper.code.replace("0", "O").replace("1", "l")) == paper


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["0000-0000-0000", "x", "%00", "<script>alert(1)</script>", "A" * 500, "' OR 1=1 --"])
def test_unknown_codes(code, client):
    for answer in (client.get(f"/p/verify/{code}/"), client.get("/p/verify/", {"code": code}, follow=True)):
        assert answer.status_code == 404
        assert "<script>alert" not in answer.content.decode()


@pytest.mark.django_db
def test_the_form_for_codes(client):
    assert client.get("/p/verify/").status_code == 200


def test_codes_are_random_and_readable():
    codes = {papers._code() for _ in range(1000)}
    assert len(codes) == 1000
    assert not set("".join(codes)) & set("OIL")


def test_a_kind_without_a_template_is_a_mistake():
    with pytest.raises(ValueError):
        papers.register(replace(EXAMPLE, template=Path("nothing.typ")))
