"""The checklists as they ship, loaded over the standards they cite."""

import pytest
import yaml

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.domains import Domain
from anwang.registers.standards import services as standards_services
from anwang.registers.standards.models import Standard
from anwang.work.checklists import rules, selectors, services
from anwang.work.checklists.labels import DEPARTMENTS
from anwang.work.checklists.models import ChecklistVersion
from anwang.work.checklists.rules import State


def files():
    return sorted(services.FOLDER.glob("*.yaml"))


def read(path):
    return rules.read(yaml.safe_load(path.read_text("utf-8")))


@pytest.fixture
def loaded(db, now):
    standards_services.load_libraries(now=now)
    return services.load_libraries(now=now)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_each_file_reads(path):
    said = read(path)
    assert said.key == path.stem
    assert said.domain in Domain.values
    assert set(said.also_domains) <= set(Domain.values)
    assert said.title_en
    assert path.stat().st_size < 1024 * 1024
    for section in said.sections:
        assert section.title_en
        assert section.department in DEPARTMENTS
    for item in said.items():
        assert item.text_en, item.code
    if said.complete:
        assert 12 <= len(said.items()) <= 40
    else:
        assert said.note_zh


def test_all_the_checklists_of_the_page_are_there():
    kinds = {kind for path in files() for kind in read(path).site_kinds}
    assert {
        "highrise", "gas_household", "restaurant", "small_shop", "elderly_home", "community", "coal_mine", "noncoal_mine",
        "chemical_plant", "school", "construction_site", "workshop", "forest_plot", "cemetery_plot",
    } <= kinds  # fmt: skip


def test_every_basis_and_criterion_is_in_the_standards(loaded):
    urns = set(Standard.objects.values_list("urn", flat=True))
    for path in files():
        for item in read(path).items():
            assert set(filter(None, (item.criterion, *item.basis))) <= urns, f"{path.stem} {item.code}"


def test_loading_twice_writes_once(loaded, now):
    assert (loaded.published, loaded.offered) == (len(files()), 0)
    again = services.load_libraries(now=now)
    assert (again.published, again.offered, again.unchanged) == (0, 0, len(files()))
    assert AuditRow.objects.filter(event="checklists.library_loaded").count() == len(files())


def test_what_is_stored_asks_what_the_file_asks(loaded):
    for path in files():
        said = read(path)
        stored = selectors.definition(selectors.published(said.key))
        assert stored.digest() == said.digest(), said.key


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "nine-small.yaml").write_text((services.FOLDER / "nine-small.yaml").read_text("utf-8"), "utf-8")
    return tmp_path


def newer(folder, **replaced):
    path = folder / "nine-small.yaml"
    text = path.read_text("utf-8")
    for old, new in replaced.values():
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def test_another_text_needs_another_version(db, now, folder):
    services.load_libraries(now=now, folder=folder)
    newer(folder, words=("未违规存放汽油", "没有违规存放汽油"))
    with pytest.raises(rules.DefinitionError, match="without a new version"):
        services.load_libraries(now=now, folder=folder)


def test_a_newer_library_replaces_its_own_version(db, now, folder):
    services.load_libraries(now=now, folder=folder)
    first = selectors.published("nine-small")
    newer(folder, words=("未违规存放汽油", "没有违规存放汽油"), number=("version: 2", "version: 3"))
    done = services.load_libraries(now=now, folder=folder)
    assert (done.published, done.offered) == (1, 0)
    second = selectors.published("nine-small")
    first.refresh_from_db()
    assert (first.state, second.number, second.library_version) == (State.REPLACED, 2, 3)


def test_beside_an_edition_of_the_office_a_newer_library_waits(db, now, folder, make_user, places):
    standards_services.load_libraries(now=now)
    services.load_libraries(now=now, folder=folder)
    keeper = make_user("system_admin", places.county)
    draft = services.start_draft(checklist_id=selectors.published("nine-small").checklist_id, by=keeper, now=now)
    services.remove_item(version_id=draft.pk, code="E7", by=keeper, now=now)
    services.publish(version_id=draft.pk, reason="本县集中供暖", by=keeper, now=now)
    newer(folder, words=("未违规存放汽油", "没有违规存放汽油"), number=("version: 2", "version: 3"))
    done = services.load_libraries(now=now, folder=folder)
    assert (done.published, done.offered) == (0, 1)
    assert selectors.published("nine-small").local
    offered = ChecklistVersion.objects.get(state=State.OFFERED)
    services.publish(version_id=offered.pk, reason="采用新版", by=keeper, now=now)
    assert selectors.published("nine-small") == offered


def test_every_kind_of_site_has_a_checklist(loaded, now):
    from anwang.registers.sites import services as sites_services
    from anwang.registers.sites.models import SiteKind

    sites_services.load_library(now=now)
    without = {
        kind.key
        for kind in SiteKind.objects.filter(current=True)
        if not selectors.fitting(site_kind=kind.key, domains=[kind.domain])
    }
    assert without <= {"gas_area"}


def test_which_checklists_fit_a_place(loaded):
    def keys(**asked):
        return [version.checklist.key for version in selectors.fitting(**asked)]

    assert keys(site_kind="coal_mine", domains=["coal"]) == ["coal-eight-measures", "coal-routine"]
    assert keys(site_kind="restaurant", domains=["commerce"])[0] == "catering-gas"
    assert "nine-small" in keys(site_kind="restaurant", domains=["commerce"])
    assert keys(site_kind="gas_household") == ["gas-household"]
    assert keys(domains=["elderly"]) == ["elderly-joint"]
    assert len(keys()) == len(files())
