from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from anwang.ground.base import sheets
from anwang.ground.base.models import new_id
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services
from anwang.registers.sites.models import Site, SiteKind, SmallPlaceLimit, SupervisionClass

pytestmark = pytest.mark.django_db


@pytest.fixture
def web(client, office, signed_in):
    return signed_in(client, office)


def text(answer):
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def url(name, *args):
    return reverse(f"sites:{name}", args=args)


def test_the_list_with_its_filters(web, site, places, market_bureau):
    site("望舒面馆", supervising_department=market_bureau, supervision_class="A", fields={"seats": 30})
    site("云岫煤业", kind_key="coal_mine", region=places.town_two)

    def found(**query):
        page = text(web.get(url("ledger"), query))
        return {name for name in ("望舒面馆", "云岫煤业") if f">{name}<" in page or f"<mark>{name[:2]}</mark>" in page}

    assert found() == {"望舒面馆", "云岫煤业"}
    assert found(kind="coal_mine") == {"云岫煤业"}
    assert found(region=places.town_two.code) == {"云岫煤业"}
    assert found(domain="commerce") == {"望舒面馆"}
    assert found(flag="no_department") == {"云岫煤业"}
    assert found(**{"class": "A"}) == {"望舒面馆"}
    assert found(small="1") == {"望舒面馆"}
    assert found(department=market_bureau.pk) == {"望舒面馆"}
    assert found(q="云岫") == {"云岫煤业"}
    assert found(state="closed") == set()
    assert found(sort="-number", colour="none") == {"望舒面馆", "云岫煤业"}
    assert web.get(url("ledger"), {"region": places.far_county.code}).status_code == 404


def test_a_list_costs_the_same_for_one_row_and_for_many(web, site, market_bureau):
    def cost():
        with CaptureQueriesContext(connection) as asked:
            web.get(url("ledger"))
        return len(asked)

    site(supervising_department=market_bureau)
    web.get(url("ledger"))
    one = cost()
    for number in range(8):
        site(f"第{number}家面馆", supervising_department=market_bureau)
    assert cost() == one


def test_export_is_what_is_shown_with_masked_numbers(web, site):
    site("望舒面馆", owner_phone="15400000021", supervision_class="A")
    site("云岫煤业", kind_key="coal_mine")
    answer = web.get(url("export"), {"kind": "restaurant"})
    with sheets.read(answer.content, name="x.xlsx") as book:
        cells = [cell for row in book.first.rows() for cell in row.cells]
    assert "望舒面馆" in cells
    assert "云岫煤业" not in cells
    assert "154****0021" in cells
    assert "15400000021" not in cells


def test_base_counts_lead_to_their_rows(web, site, places):
    site()
    site("云岫煤业", kind_key="coal_mine", region=places.county)
    page = text(web.get(url("counts")))
    assert f"region={places.town.code}&amp;kind=restaurant" in page
    assert "flag=no_department" in page
    assert text(web.get(url("counts"), {"domain": "coal"})).count("kind=restaurant") == 0
    answer = web.get(url("counts"), {"file": "xlsx"})
    with sheets.read(answer.content, name="x.xlsx") as book:
        rows = [row.cells for row in book.first.rows()]
    assert any(row[0] == "煤矿" and 1 in row for row in rows)
    assert web.get(url("counts"), {"region": places.far_county.code}).status_code == 404


def test_a_place_is_entered_by_its_kinds_questions(web, places, library, market_bureau):
    assert "?kind=coal_mine" in text(web.get(url("new")))
    page = text(web.get(url("new"), {"kind": "restaurant"}))
    assert 'name="f_gas_kind"' in page
    assert 'name="f_capacity_10kt"' not in page
    filled = {
        "idempotency_key": new_id(),
        "name": "望舒面馆",
        "region": f"古渡 {places.village.code}",
        "domain": "commerce",
        "supervision_class": "B",
        "supervising_department": market_bureau.pk,
        "people_on_site": "12",
        "manager_name": "邬经理",
        "manager_phone": "15400000031",
        "f_gas_kind": "lpg",
        "f_seats": "60",
        "f_gas_alarm": "true",
        "lng": "111.146",
        "lat": "39.383",
    }
    there = f"{url('new')}?kind=restaurant"
    for missing in ("name", "region", "f_gas_kind"):
        assert web.post(there, {**filled, missing: ""}).status_code == 422, missing
    wrong = web.post(there, {**filled, "f_seats": "很多"})
    assert wrong.status_code == 422
    assert 'value="望舒面馆"' in wrong.content.decode()
    assert web.post(there, {**filled, "uscc": "123"}).status_code == 422
    answers = [web.post(there, filled) for _ in range(2)]
    row = Site.objects.get()
    assert {answer.headers["Location"] for answer in answers} == {url("site", row.pk)}
    assert row.fields == {"gas_kind": "lpg", "seats": 60, "gas_alarm": True}
    assert (row.lon, row.village_code, row.flag_keys) == (111.146, places.village.code, [])
    again = web.post(there, {**filled, "idempotency_key": new_id()}, follow=True)
    assert "望舒面馆" in again.content.decode()
    assert Site.objects.filter(flags__contains="duplicate").count() == 2


def test_one_place_with_masked_numbers_and_its_chain(web, site, office, places, now, market_bureau):
    row = site(
        owner_name="樊改花",
        owner_phone="15400000021",
        manager_name="邬经理",
        manager_phone="15400000031",
        supervising_department=market_bureau,
        fields={"gas_kind": "lpg", "seats": 60, "gas_alarm": True},
        lon=111.146,
        lat=39.383,
    )
    organisations.assign(
        level="grid", region=places.grid, person_name="苗彩霞", since=date(2026, 1, 1), by=office, now=now
    )
    page = text(web.get(url("site", row.pk)))
    for word in (row.number, "瓶装液化气", "苗彩霞", "冯局长", "154****0021", "111.146000"):
        assert word in page, word
    assert "15400000021" not in page
    assert "15400000021" in web.post(url("phone", row.pk, "owner"), follow=True).content.decode()
    assert web.get(url("phone", row.pk, "owner")).status_code == 405


def test_a_card_with_a_code(web, site):
    row = site()
    assert url("qr", row.pk) in text(web.get(url("card", row.pk)))
    answer = web.get(url("qr", row.pk))
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer.content.startswith(b"<svg")
    assert b"style=" not in answer.content


def test_changing_positioning_moving(web, site, places):
    row = site(fields={"gas_kind": "lpg"})
    page = text(web.get(url("change", row.pk)))
    assert 'name="region"' not in page
    filled = {"name": "望舒饭店", "domain": "commerce", "f_gas_kind": "pipe", "f_seats": "80"}
    assert web.post(url("change", row.pk), filled).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.fields) == ("望舒饭店", {"gas_kind": "pipe", "seats": 80})
    other = f"{url('change', row.pk)}?kind=small_shop"
    assert 'name="f_lodging_inside"' in text(web.get(other))
    assert web.post(other, {"name": "望舒小店", "domain": "fire", "f_area_m2": "50"}).status_code == 302
    row.refresh_from_db()
    assert (row.kind_key, row.fields, row.small) == ("small_shop", {"area_m2": 50}, True)
    assert text(web.get(url("position", row.pk)))
    assert web.post(url("position", row.pk), {"lng": "39.3", "lat": "111.1", "crs": "wgs84"}).status_code == 422
    assert web.post(url("position", row.pk), {"lng": "111.1", "lat": "39.3", "crs": "wgs84"}).status_code == 302
    assert web.post(url("move", row.pk), {"region": places.town_two.code}).status_code == 302
    row.refresh_from_db()
    assert (row.lon, row.town_code) == (111.1, places.town_two.code)
    assert web.post(url("move", row.pk), {"region": places.city.code}).status_code == 422


def test_the_states(web, site):
    row = site()
    assert url("act", row.pk, "suspend") in text(web.get(url("site", row.pk)))
    assert web.post(url("act", row.pk, "suspend"), {"note": " "}).status_code == 422
    assert web.post(url("act", row.pk, "suspend"), {"note": "停业装修"}).status_code == 302
    assert url("act", row.pk, "suspend") not in text(web.get(url("site", row.pk)))
    assert web.post(url("act", row.pk, "reopen"), {"note": "x"}).status_code == 422
    assert web.post(url("act", row.pk, "resume"), {"note": ""}).status_code == 302
    assert web.post(url("act", row.pk, "close"), {"note": "拆除"}).status_code == 302
    assert web.post(url("act", row.pk, "reopen"), {"note": "误注销"}).status_code == 302
    assert web.get(url("act", row.pk, "merge")).status_code == 200  # the page of the merge, by its own address
    assert web.get(url("act", row.pk, "explode")).status_code == 404


def test_merging_with_both_sides_in_view(web, site):
    kept, lost = site(owner_name="樊改花"), site("望舒 面馆", manager_name="邬经理")
    assert f"other={lost.pk}" in text(web.get(url("merge", kept.pk)))
    assert f"other={lost.pk}" in text(web.get(url("merge", kept.pk), {"q": "望舒"}))
    page = text(web.get(url("merge", kept.pk), {"other": lost.pk}))
    assert "樊改花" in page
    assert "邬经理" in page
    assert web.post(url("merge", kept.pk), {"other": lost.pk, "kept": kept.pk, "note": ""}).status_code == 422
    assert web.post(url("merge", kept.pk), {"other": lost.pk, "kept": "x", "note": "重复"}).status_code == 200
    assert web.post(url("merge", kept.pk), {"other": lost.pk, "kept": kept.pk, "note": "重复"}).status_code == 302
    lost.refresh_from_db()
    assert lost.merged_into_id == kept.pk
    page = text(web.get(url("site", lost.pk)))
    assert url("site", kept.pk) in page
    assert url("change", lost.pk) not in page
    assert web.get(url("merge", kept.pk), {"other": new_id()}).status_code == 404


def test_map_and_near(web, site, client, signed_in, make_user, places):
    site(lon=111.146, lat=39.383)
    site("燕家", kind_key="gas_household", lon=111.1461234, lat=39.3831234)
    assert "111.1461234" in text(web.get(url("map")))
    assert "望舒面馆" in text(web.get(url("near"), {"lng": "111.1461", "lat": "39.3831"}))
    assert "望舒面馆" not in text(web.get(url("near"), {"lng": "111.5", "lat": "39.1"}))
    assert "望舒面馆" not in text(web.get(url("near")))
    assert web.get(url("near"), {"lng": "x", "lat": "y"}).status_code == 200
    signed_in(client, make_user("leader", places.county))
    rounded = text(client.get(url("map")))
    assert "111.1461234" not in rounded
    assert "111.146" in rounded


def test_the_offices_own_data(web, site, places, client, signed_in, make_user):
    site(supervision_class="A")
    assert text(web.get(url("office")))
    there = url("frequency", "140930", "A")
    assert text(web.get(there))
    assert web.post(there, {"months": 0, "basis": "计划"}).status_code == 422
    assert web.post(there, {"months": 1, "basis": "2026年度检查计划"}).status_code == 302
    assert SupervisionClass.objects.get(region_code="140930").inspection_months == 1
    limit = url("limit", "140930", "restaurant", "seats")
    assert web.post(limit, {"limit": "50", "since": "2026-11-20", "basis": "县办发"}).status_code == 302
    assert SmallPlaceLimit.objects.get(region_code="140930").limit == 50
    assert (
        web.post(
            url("limit", "140930", "restaurant", "gas_kind"), {"limit": "1", "since": "2026-11-20", "basis": "x"}
        ).status_code
        == 422
    )
    assert web.get(url("limit", "140930", "castle", "x")).status_code == 404
    assert web.get(url("frequency", "140930", "Q")).status_code == 404
    signed_in(client, make_user("inspector", places.county))
    assert client.get(there).status_code == 403
    assert there not in text(client.get(url("office")))


def test_strangers_find_nothing(client, signed_in, make_user, places, site):
    row = site()
    signed_in(client, make_user("county_office", places.far_county))
    for name in ("site", "card", "qr", "change", "position", "move", "merge"):
        assert client.get(url(name, row.pk)).status_code == 404, name
    assert client.get(url("act", row.pk, "close")).status_code == 404
    assert client.post(url("phone", row.pk, "owner")).status_code == 404
    for name in ("ledger", "counts", "map"):
        assert "望舒面馆" not in text(client.get(url(name))), name
    signed_in(client, make_user("auditor"))
    for name in ("ledger", "counts", "map", "near", "export", "office", "new"):
        assert client.get(url(name)).status_code == 403, name


def test_an_enterprise_reads_its_own_page(client, signed_in, make_user, places, site, office, now):
    unit = organisations.make(kind_key="enterprise", name="云岫餐饮", region=places.village, by=office, now=now)
    row = site(enterprise=unit, owner_phone="15400000021")
    site("别家")
    signed_in(client, make_user("enterprise_officer", organisation_id=unit.pk))
    page = text(client.get(url("ledger")))
    assert "望舒面馆" in page
    assert "别家" not in page
    page = text(client.get(url("site", row.pk)))
    assert url("change", row.pk) not in page
    assert "/organisations/" not in page.split('id="main"')[1]
    assert client.get(url("change", row.pk)).status_code == 403
    for name in ("counts", "map", "near", "office"):
        assert client.get(url(name)).status_code == 200, name


def test_a_row_written_with_an_older_kind_still_shows(web, site, now, monkeypatch):
    row = site(fields={"gas_kind": "lpg"})
    newer = [dict(kind) for kind in services.library.kinds()]
    newer = [dict(kind, version=2, fields=[]) if kind["key"] == "restaurant" else kind for kind in newer]
    monkeypatch.setattr(services.library, "kinds", lambda: newer)
    services.load_library(now=now)
    assert SiteKind.objects.get(key="restaurant", current=True).version == 2
    assert "瓶装液化气" in text(web.get(url("site", row.pk)))
