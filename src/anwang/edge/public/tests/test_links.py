"""A shop owner without an account: one hazard, until a day, and nothing else."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw

from anwang.edge.public import selectors, services
from anwang.edge.public.models import Link
from anwang.ground.base.errors import Refused
from anwang.registers.sites import services as sites
from anwang.registers.standards import services as standards
from anwang.work.hazards import services as hazards
from anwang.work.hazards.models import Hazard

pytestmark = pytest.mark.django_db


def picture(seed=0):
    data = BytesIO()
    image = Image.new("RGB", (320, 240), (seed * 40 % 255, 120, 90))
    ImageDraw.Draw(image).ellipse((20 + seed, 30, 200, 180 + seed), fill=(240, 10 + seed * 9 % 200, 30))
    image.save(data, "JPEG")
    return SimpleUploadedFile("now.jpg", data.getvalue(), "image/jpeg")


@pytest.fixture
def moment():
    return timezone.now()


@pytest.fixture
def officer(places, make_user, moment):
    sites.load_library(now=moment)
    standards.load_libraries(now=moment)
    return make_user("town_officer", places.town, title="西口镇安全办")


@pytest.fixture
def ordered(officer, places, moment):
    site = sites.create(name="示例面馆", kind_key="restaurant", region=places.village, by=officer, now=moment)

    def ordered(words="灭火器过期"):
        named = {"by": officer, "now": moment - timedelta(hours=1)}
        hazard = hazards.report(
            site_id=site.pk, description=words, source="grid", found_at=moment - timedelta(hours=2), **named
        )
        hazards.grade(hazard_id=hazard.pk, **named)
        return hazards.assign(
            hazard_id=hazard.pk, due_on=timezone.localdate(moment) + timedelta(days=5), measures="更换", **named
        )

    return ordered


@pytest.fixture
def link(ordered, officer, moment):
    return services.make_link(hazard_id=ordered().pk, by=officer, now=moment)


def address(link):
    return reverse("public:hazard", args=[selectors.token(link)])


def test_the_owner_sees_it_fills_the_fixings_and_hands_in(client, link):
    assert "灭火器过期" in client.get(address(link)).content.decode()
    act = lambda verb: reverse("public:act", args=[selectors.token(link), verb])
    plan = {
        "person": "店主甲",
        "phone": "13800000000",
        "measures": "买新的",
        "funds": "无需资金",
        "emergency_plan": "专人看守",
    }
    assert client.post(act("plan"), plan).status_code == 302
    refused = client.post(act("submit"), {"note": "换好了"})
    assert refused.status_code == 422
    assert "照片" in refused.content.decode()
    done = client.post(act("submit"), {"note": "换好了", "photos": picture()})
    assert done.status_code == 302
    hazard = Hazard.objects.get()
    assert (hazard.state, hazard.fix_person) == ("submitted", "店主甲")
    assert hazard.moves.last().by == link.holder
    page = client.get(address(link)).content.decode()
    assert "店主甲" not in page  # nothing left to fill in
    file = hazard and selectors.StoredFile.objects.get(slot="after")
    photo = reverse("public:photo", args=[selectors.token(link), file.pk, 320])
    assert client.get(photo)["Content-Type"] == "image/jpeg"


def test_the_owner_asks_for_time(client, link):
    where = reverse("public:act", args=[selectors.token(link), "ask_extension"])
    later = timezone.localdate() + timedelta(days=12)
    words = {"new_due_on": later.isoformat(), "reason": "配件要定制", "interim": "停用"}
    assert client.post(where, words).status_code == 302
    assert Hazard.objects.get().extensions.get().asked_by == link.holder


def test_a_link_opens_its_own_hazard_only(client, link, ordered, officer, moment):
    other = services.make_link(hazard_id=ordered("另一家的隐患").pk, by=officer, now=moment)
    assert list(Hazard.objects.visible_to(link.holder)) == [link.hazard]
    assert "另一家的隐患" not in client.get(address(link)).content.decode()
    with pytest.raises(Hazard.DoesNotExist):
        hazards.plan(hazard_id=other.hazard_id, person="甲", by=link.holder, now=moment)
    for page in ("/hazards/", "/sites/", f"/hazards/{link.hazard_id}/", f"/links/hazard/{link.hazard_id}/"):
        assert client.get(page).status_code == 302  # to sign-in: the link is no session


@pytest.mark.parametrize("spoil", ["expired", "revoked", "forged", "nonsense"])
def test_a_link_that_is_over_says_so_and_no_more(client, link, officer, moment, spoil):
    where = address(link)
    if spoil == "expired":
        Link.objects.update(expires_at=moment - timedelta(seconds=1))
    elif spoil == "revoked":
        services.revoke_link(link_id=link.pk, by=officer, now=moment)
    elif spoil == "forged":
        where = where[:-6] + "AAAAA/"
    else:
        where = "/p/h/abc/"
    answer = client.get(where)
    assert answer.status_code == 404
    assert "灭火器" not in answer.content.decode()
    assert client.post(where + "submit", {"note": "x"}).status_code == 404


def test_only_who_may_makes_links(link, make_user, places, moment):
    neighbour = make_user("town_officer", places.other_town)
    with pytest.raises(Hazard.DoesNotExist):
        services.make_link(hazard_id=link.hazard_id, by=neighbour, now=moment)
    leader = make_user("leader", places.county)
    with pytest.raises(Refused) as refused:
        services.make_link(hazard_id=link.hazard_id, by=leader, now=moment)
    assert refused.value.key == "accounts.not_permitted"


def test_the_notice_carries_the_link(link, officer, moment):
    paper = services.notice(link_id=link.pk, by=officer, now=moment)
    assert paper.pages == 1
    assert "隐患" in paper.number


def test_the_office_s_page(client, signed_in, link, officer):
    page = signed_in(client, officer).get(reverse("public:make_link", args=[link.hazard_id]))
    assert selectors.token(link) in page.content.decode()
    assert client.get(reverse("public:qr", args=[link.pk]))["Content-Type"] == "image/svg+xml"
