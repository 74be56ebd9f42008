from datetime import date
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from anwang.ground.base import sheets
from anwang.ground.base.models import new_id
from anwang.registers.organisations import selectors, services
from anwang.registers.organisations.models import Holding, Organisation, Post, Responsibility

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 1)


@pytest.fixture
def web(client, office, signed_in):
    return signed_in(client, office)


@pytest.fixture
def chain(levels, member, places, office, now):
    services.assign(level="county_leader", region=places.county, person_name="县长甲", since=DAY, by=office, now=now)
    services.assign(level="village", region=places.village, person_name="主任丁", since=DAY, by=office, now=now)
    return services.assign(level="grid", region=places.grid, holding_id=member.pk, since=DAY, by=office, now=now)


def text(answer):
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def url(name, *args):
    return reverse(f"organisations:{name}", args=args)


def test_who_answers_upward_and_downward(web, chain, places):
    grid = text(web.get(url("answers"), {"region": places.grid.code, "on": "2026-11-20"}))
    assert grid.index("苗彩霞") < grid.index("主任丁") < grid.index("县长甲")
    assert "154****0001" in grid
    assert "15400000001" not in grid
    village = text(web.get(url("answers"), {"region": places.village.code}))
    assert places.grid_two.name in village
    # At the level of a county nobody of the department is written down: the page offers to mend it.
    assert "level=department" in text(web.get(url("answers"), {"region": places.county.code}))
    before = text(web.get(url("answers"), {"region": places.grid.code, "on": "2026-02-01"}))
    assert "苗彩霞" not in before.split('id="chain-down"')[0].split("aw-timeline")[0]


def test_search_leads_to_places(web, chain, places):
    found = text(web.get(url("answers"), {"q": "西口"}))
    assert f"region={places.town.code}" in found
    assert "region=" not in text(web.get(url("answers"), {"q": "月球"})).split('id="main"')[1]


def test_another_countys_place_is_not_there(web, places, chain):
    for query in ({"region": places.other_grid.code}, {"site": new_id()}, {"region": "x"}):
        assert web.get(url("answers"), query).status_code == 404
    assert web.get(url("gaps"), {"region": places.far_county.code}).status_code == 404
    assert web.get(url("tree"), {"region": places.far_county.code}).status_code == 404


def test_naming_somebody_and_handing_over(web, chain, places, member):
    there = f"{url('assign')}?region={places.grid_two.code}&level=grid"
    assert "苗彩霞 · 网格员" in text(web.get(there))
    answer = web.post(there, {"level": "grid", "holder": f"holding:{member.pk}", "since": "2026-11-20"})
    assert answer.status_code == 302, text(answer)
    row = Responsibility.objects.get(region=places.grid_two)
    answer = web.post(url("hand-over", row.pk), {"person_name": "燕春生", "since": "2026-11-21"})
    assert answer.status_code == 302
    new = Responsibility.objects.get(region=places.grid_two, until=None)
    assert (new.person_name, new.since) == ("燕春生", date(2026, 11, 21))
    assert web.post(url("end", new.pk), {"until": "2026-11-22", "reason": "撤销"}).status_code == 302
    refused = web.post(url("end", new.pk), {"until": "2026-11-23"})
    assert refused.status_code == 422
    assert "2026-11-22" in refused.content.decode()
    nobody = web.post(there, {"level": "grid", "since": "2026-11-20"})
    assert nobody.status_code == 422
    assert web.get(url("assign")).status_code == 302


def test_gaps_lead_to_what_mends_them(web, chain, places, grid_post):
    page = text(web.get(url("gaps")))
    assert f"region={places.grid_two.code}&amp;level=grid" in page
    assert f"region={places.town_two.code}&amp;level=town_officer" in page
    assert url("appoint", grid_post.pk) in page
    assert "1 / 2" in page


def test_an_organisations_whole_life_on_screen(web, places, levels):
    filled = {
        "kind_key": "fire_station",
        "name": "西口镇消防所",
        "region": f"河曲县 · 西口镇 {places.town.code}",
        "powers": ["check"],
        "idempotency_key": new_id(),
    }
    assert web.post(url("new"), filled).status_code == 302
    assert web.post(url("new"), filled).status_code == 302
    row = Organisation.objects.get()
    wrong = web.post(url("new"), {**filled, "powers": ["check", "seal"], "idempotency_key": new_id()})
    assert wrong.status_code == 422
    assert web.post(url("new"), {**filled, "region": "月球"}).status_code == 422
    assert "西口镇消防所" in text(web.get(url("change", row.pk)))
    answer = web.post(
        url("change", row.pk),
        {**filled, "name": "西口镇消防工作站", "region": places.town.code, "phone": "15400000001"},
    )
    assert answer.status_code == 302, answer.content.decode()
    assert (
        web.post(url("post-new", row.pk), {"title": "所长", "key": "head", "quota": 2, "level": "leader"}).status_code
        == 302
    )
    post = Post.objects.get()
    assert text(web.get(url("post-change", post.pk)))
    assert (
        web.post(
            url("post-change", post.pk), {"title": "所长", "key": "head", "quota": 1, "level": "leader"}
        ).status_code
        == 302
    )
    assert (
        web.post(
            url("appoint", post.pk),
            {"person_name": "杨四海", "person_phone": "15400000033", "employment": "staff", "since": "2026-11-01"},
        ).status_code
        == 302
    )
    holding = Holding.objects.get()
    page = text(web.get(url("organisation", row.pk)))
    assert "杨四海" in page
    assert "154****0033" in page
    assert "15400000033" not in page
    assert "1 / 1" in page
    shown = web.post(url("holding-phone", holding.pk), follow=True)
    assert "15400000033" in shown.content.decode()
    assert "15400000001" in web.post(url("phone", row.pk), follow=True).content.decode()
    assert web.get(url("phone", row.pk)).status_code == 405
    assert web.post(url("close", row.pk), {"on": "2026-11-20", "reason": "撤并"}).status_code == 422
    assert web.post(url("relieve", holding.pk), {"until": "2026-11-15", "reason": "调离"}).status_code == 302
    assert web.post(url("post-retire", post.pk)).status_code == 302
    assert web.post(url("close", row.pk), {"on": "2026-11-20", "reason": "撤并"}).status_code == 302
    assert web.post(url("reopen", row.pk), {"reason": "恢复"}).status_code == 302
    other = {**filled, "name": "西口镇消防站", "idempotency_key": new_id(), "region": places.town.code}
    assert web.post(url("new"), other).status_code == 302
    kept = Organisation.objects.get(name="西口镇消防站")
    assert web.post(url("merge", row.pk), {"kept": "西口镇消防站", "reason": "重复"}).status_code == 302
    row.refresh_from_db()
    assert not row.active
    assert kept.active
    assert web.post(url("merge", row.pk), {"kept": kept.name, "reason": "重复"}).status_code == 422


def test_an_account_is_tied_only_to_its_own_person(web, grid_post, make_user):
    make_user(None, username="yan", name="燕春生")
    filled = {"person_name": "别人", "username": "yan", "employment": "staff", "since": "2026-11-01"}
    assert web.post(url("appoint", grid_post.pk), filled).status_code == 422
    assert web.post(url("appoint", grid_post.pk), {**filled, "person_name": "燕春生"}).status_code == 302
    assert Holding.objects.get(post=grid_post).user.username == "yan"


def test_lists_tree_and_export(web, member, organisation, places):
    organisation("department", "河曲县能源局", domains=["coal"])
    page = text(web.get(url("ledger"), {"kind": "town"}))
    assert "西口镇人民政府" in page
    assert "河曲县能源局" not in page
    assert "河曲县能源局" in text(web.get(url("ledger"), {"domain": "coal"}))
    assert "河曲县能源局" in text(web.get(url("ledger"), {"q": "能源", "sort": "-name"}))
    tree = text(web.get(url("tree")))
    assert "1 / 2" in tree
    answer = web.get(url("export"), {"kind": "town"})
    with sheets.read(answer.content, name="x.xlsx") as book:
        rows = [row.cells for row in book.first.rows()]
    assert any("苗彩霞" in row and "网格员" in row for row in rows)
    assert "attachment" in answer["Content-Disposition"]
    costs = []
    for number in range(3):
        organisation("enterprise", f"第{number}家有限公司")
        with CaptureQueriesContext(connection) as asked:
            web.get(url("ledger"))
        costs.append(len(asked))
    assert costs[1] == costs[2]


def test_suggestions_stay_in_scope(web, client, make_user, places, organisation, signed_in):
    organisation(name="河曲县能源局")
    assert "河曲县能源局" in text(web.get(url("options"), {"parent": "能源"}))
    assert text(web.get(url("options"))) == ""
    signed_in(client, make_user("county_office", places.far_county))
    assert "能源" not in text(client.get(url("options"), {"parent": "能源"}))


@pytest.mark.parametrize("role", ["grid_member", "leader", "city_office"])
def test_readers_read_and_do_not_write(client, signed_in, make_user, places, chain, grid_post, role):
    signed_in(client, make_user(role, places.city if role == "city_office" else places.county))
    row = grid_post.organisation
    page = text(client.get(url("organisation", row.pk)))
    assert url("appoint", grid_post.pk) not in page
    assert "holdings/" not in page
    for name, key in (("change", row.pk), ("appoint", grid_post.pk), ("hand-over", chain.pk)):
        assert client.get(url(name, key)).status_code == 403
    assert client.post(url("phone", row.pk)).status_code == 403
    assert "level=grid" not in text(client.get(url("gaps")))


def test_strangers_find_nothing(client, signed_in, make_user, places, chain, grid_post):
    row = grid_post.organisation
    assert client.get(url("answers")).status_code == 302
    signed_in(client, make_user("county_office", places.far_county))
    for name, key in (
        ("organisation", row.pk),
        ("change", row.pk),
        ("close", row.pk),
        ("merge", row.pk),
        ("post-new", row.pk),
        ("appoint", grid_post.pk),
        ("post-change", grid_post.pk),
        ("hand-over", chain.pk),
        ("end", chain.pk),
        ("relieve", chain.holding_id),
    ):
        assert client.get(url(name, key)).status_code == 404, name
    for name, key in (("phone", row.pk), ("holding-phone", chain.holding_id), ("post-retire", grid_post.pk)):
        assert client.post(url(name, key)).status_code == 404, name
    assert "西口镇人民政府" not in text(client.get(url("ledger")))
    signed_in(client, make_user("auditor"))
    for name in ("answers", "gaps", "ledger", "tree", "export"):
        assert client.get(url(name)).status_code == 403, name


def test_an_empty_export_is_a_file(web):
    with sheets.read(BytesIO(web.get(url("export")).content).getvalue(), name="x.xlsx") as book:
        assert book.first.height >= 1


def test_rights_are_given_on_a_unit_by_its_name_and_its_people_see_it(
    client, organisation, make_user, places, signed_in
):
    mine = organisation("enterprise", "河曲县甲煤业有限公司")
    organisation("enterprise", "河曲县乙煤业有限公司")
    officer = make_user(home=places.county)
    security = signed_in(client, make_user("security_admin"))
    assert "河曲县甲煤业有限公司" in text(security.get("/accounts/grants/organisations", {"organisation": "甲煤业"}))
    page = f"/accounts/grants/to/{officer.pk}"
    refused = security.post(page, {"role": "enterprise_officer", "organisation": "煤业"})
    assert refused.status_code == 200, "two are called so"
    assert (
        security.post(page, {"role": "enterprise_officer", "organisation": "河曲县甲煤业有限公司"}).status_code == 302
    )
    assert officer.grants.get().organisation_id == mine.pk
    assert "河曲县甲煤业有限公司" in text(security.get("/accounts/grants/"))
    client.logout()
    bar = text(signed_in(client, officer).get("/")).partition("aw-eyes")[2][:400]
    assert "河曲县甲煤业有限公司" in bar


def test_who_gives_rights_in_a_county_finds_its_units_alone(organisation, make_user, places):
    here = organisation("enterprise", "河曲县甲煤业有限公司")
    assert selectors.to_grant_on(make_user("security_admin"), "甲煤业") == [(here.pk, here.name)]
    assert selectors.to_grant_on(make_user("security_admin", places.other_county), "甲煤业") == []
    assert selectors.to_grant_on(make_user("county_office", places.county), "甲煤业") == []
