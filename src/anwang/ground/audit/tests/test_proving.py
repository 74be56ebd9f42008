"""The database edited behind Anwang's back, in every way we could think of; the proof has to name the row."""

from datetime import timedelta

import pytest
from django.db import connection

from anwang.ground.audit import key, signing
from anwang.ground.audit import services as audit
from anwang.ground.audit.models import AuditRow, ChainHead, Proof, Seal
from anwang.ground.audit.tests.test_rows import Person, Thing
from anwang.ground.base.errors import Refused
from anwang.kernel import chain

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(now):
    """Ten rows in 河曲县, sealed after the sixth, and five in 保德县."""
    for n in range(1, 11):
        audit.record("x.done", by=Person(), at=now + timedelta(minutes=n), on=Thing(), data={"n": n})
        if n == 6:
            audit.seal_all(now=now + timedelta(hours=1))
    for n in range(5):
        audit.record("x.done", by=Person(), at=now, on=Thing(county_code="140931"), data={"n": n})
    return {row.seq: row for row in AuditRow.objects.filter(chain="140930")}


def found():
    """(chain, seq, reason) of every finding."""
    return [(each.chain, each.seq, each.reason) for each in audit.verify().findings]


def test_an_untouched_trail_holds(trail):
    report = audit.verify()
    assert report.findings == []
    assert report.rows == 15
    sealed = {each.chain: each.sealed_seq for each in report.chains}
    assert sealed == {"140930": 6, "140931": 0}


COLUMNS = {
    "event": "'y.done'",
    "by_name": "'李四'",
    "by_id": "'01J00000000000000000000009'",
    "on_name": "'另一条'",
    "on_id": "'x'",
    "county_code": "''",
    "at": "'2026-01-01 00:00:00+00:00'",
    "data": """'{"n": 99}'""",
    "hash": f"'{'a' * 64}'",
    "digest": "'md5'",
    "id": "'01J99999999999999999999999'",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_any_column_of_any_row_changed_is_found_at_that_row(trail, behind_its_back, column):
    behind_its_back(f"UPDATE audit_auditrow SET {column} = {COLUMNS[column]} WHERE chain = '140930' AND seq = 4")
    assert found() == [("140930", 4, "content")]
    assert audit.verify().first.id == AuditRow.objects.get(chain="140930", seq=4).id


def test_a_removed_row_is_found_at_the_next(trail, behind_its_back):
    behind_its_back("DELETE FROM audit_auditrow WHERE chain = '140930' AND seq = 4")
    assert found() == [("140930", 5, "order")]
    assert audit.verify().first.id == trail[5].id


def test_a_gap_closed_by_renumbering_is_found(trail, behind_its_back):
    behind_its_back(
        "DELETE FROM audit_auditrow WHERE chain = '140930' AND seq = 4",
        *(f"UPDATE audit_auditrow SET seq = {n - 1} WHERE chain = '140930' AND seq = {n}" for n in range(5, 11)),
    )
    assert found() == [("140930", 4, "order")]


def test_a_row_hashed_anew_breaks_at_the_next(trail, behind_its_back):
    row = trail[4]
    row.by_name = "李四"
    forged = chain.link(row.previous, row.payload())
    behind_its_back(f"UPDATE audit_auditrow SET by_name = '李四', hash = '{forged}' WHERE id = '{row.id}'")
    assert found() == [("140930", 5, "order")]


def rewrite(from_seq):
    """The statements of somebody who reckons the whole chain anew from ``from_seq`` on, head included."""
    statements, previous = [], ""
    for row in AuditRow.objects.filter(chain="140930", seq__gte=from_seq).order_by("seq"):
        if row.seq == from_seq:
            row.by_name, previous = "李四", row.previous
        row.previous = previous
        previous = chain.link(row.previous, row.payload())
        statements.append(
            f"UPDATE audit_auditrow SET by_name = '{row.by_name}', previous = '{row.previous}', hash = '{previous}'"
            f" WHERE id = '{row.id}'"
        )
    return [*statements, f"UPDATE audit_chainhead SET hash = '{previous}' WHERE chain = '140930'"]


def test_a_chain_reckoned_anew_from_before_a_seal_breaks_at_the_seal(trail, behind_its_back):
    behind_its_back(*rewrite(3))
    assert found() == [("140930", 6, "seal")]


def test_a_chain_reckoned_anew_after_the_seal_is_betrayed_by_its_head(trail, behind_its_back):
    behind_its_back(*rewrite(8))
    assert found() == [("140930", 10, "head")]


def test_rows_cut_off_at_the_end_are_noticed_by_the_head(trail, behind_its_back):
    behind_its_back("DELETE FROM audit_auditrow WHERE chain = '140930' AND seq > 8")
    assert found() == [("140930", 8, "tail")]


def test_rows_cut_off_and_the_head_put_back_are_noticed_by_its_signature(trail, behind_its_back):
    behind_its_back(
        "DELETE FROM audit_auditrow WHERE chain = '140930' AND seq > 8",
        f"UPDATE audit_chainhead SET seq = 8, hash = '{trail[8].hash}' WHERE chain = '140930'",
    )
    assert found() == [("140930", 8, "head")]


def test_an_old_head_put_back_with_its_signature_is_noticed_by_the_seal(trail, behind_its_back, now):
    old = ChainHead(chain="140930", seq=8, hash=trail[8].hash)
    old.mac = signing.of_head(old)  # from a backup of that evening
    audit.seal_all(now=now + timedelta(hours=2))
    behind_its_back(
        "DELETE FROM audit_auditrow WHERE chain = '140930' AND seq > 8",
        "DELETE FROM audit_seal WHERE chain = '140930' AND seq > 8",
        f"UPDATE audit_chainhead SET seq = 8, hash = '{old.hash}', mac = '{old.mac}' WHERE chain = '140930'",
    )
    assert found() == [("140930", 8, "tail")]  # the file beside the database still has the seal


def test_rows_beyond_the_head_are_noticed(trail, behind_its_back):
    behind_its_back(f"UPDATE audit_chainhead SET seq = 9, hash = '{trail[9].hash}' WHERE chain = '140930'")
    assert found() == [("140930", 10, "head")]


def test_a_whole_chain_removed_is_noticed(trail, behind_its_back):
    behind_its_back(
        "DELETE FROM audit_auditrow WHERE chain = '140930'",
        "DELETE FROM audit_chainhead WHERE chain = '140930'",
        "DELETE FROM audit_seal WHERE chain = '140930'",
    )
    assert found() == [("140930", 0, "tail")]


def test_a_forged_seal_is_noticed(trail, behind_its_back):
    behind_its_back("UPDATE audit_seal SET mac = '" + "b" * 64 + "'")
    assert found() == [("140930", 6, "seal")]


def test_other_chains_are_still_proved(trail, behind_its_back):
    behind_its_back("UPDATE audit_auditrow SET event = 'y' WHERE seq = 2")
    assert found() == [("140930", 2, "content"), ("140931", 2, "content")]


def test_without_the_key_the_proof_says_so_and_makes_no_new_one(trail):
    key._read.cache_clear()
    key.path().unlink()
    assert found() == [("140930", 10, "key"), ("140931", 5, "key")]
    assert not key.path().exists()


def test_with_another_key_the_proof_says_so(trail):
    key._read.cache_clear()
    key.path().write_text("ab" * 32)
    assert found()[0] == ("140930", 6, "key")


def test_the_key_is_the_owner_s_alone(trail):
    assert key.path().stat().st_mode & 0o777 == 0o600


def test_writing_on_does_not_launder_a_forged_head(trail, behind_its_back, now):
    behind_its_back(
        "DELETE FROM audit_auditrow WHERE chain = '140930' AND seq > 8",
        f"UPDATE audit_chainhead SET seq = 8, hash = '{trail[8].hash}' WHERE chain = '140930'",
    )
    audit.record("x.done", by=None, at=now, on=Thing())
    assert found() == [("140930", 9, "head")]
    assert AuditRow.objects.get(chain="140930", seq=9).event == "audit.head_forged"


class TestSealing:
    def test_a_seal_is_in_the_database_and_in_a_file(self, trail, now, settings):
        sealed = audit.seal_all(now=now + timedelta(days=1))
        assert [(seal.chain, seal.seq) for seal in sealed.seals] == [("140930", 10), ("140931", 5)]
        files = sorted(path.name for path in settings.SEALS_ROOT.iterdir())
        assert files == ["2026-11-20.jsonl", "2026-11-21.jsonl"]
        assert audit.seal_all(now=now + timedelta(days=2)).seals == []

    def test_a_broken_chain_is_not_sealed(self, trail, behind_its_back, now):
        behind_its_back("UPDATE audit_auditrow SET event = 'y' WHERE chain = '140930' AND seq = 8")
        sealed = audit.seal_all(now=now + timedelta(days=1))
        assert [seal.chain for seal in sealed.seals] == ["140931"]
        assert [(each.chain, each.seq) for each in sealed.refused] == [("140930", 8)]

    def test_a_file_that_was_lost_is_written_again(self, trail, now, settings):
        for file in settings.SEALS_ROOT.iterdir():
            file.unlink()
        audit.seal_all(now=now + timedelta(days=1))
        from anwang.ground.audit.services.proving import filed_seals

        assert len(list(filed_seals())) == Seal.objects.count() == 3

    def test_the_nightly_job_fails_loudly_where_a_chain_does_not_hold(self, trail, behind_its_back, now, run_jobs):
        from anwang.ground.jobs import services as jobs
        from anwang.ground.jobs.models import Job

        run_jobs(now=now)
        behind_its_back("UPDATE audit_auditrow SET event = 'y' WHERE chain = '140930' AND seq = 8")
        jobs.later("audit.seal", now=now)
        run_jobs(now=now)
        assert "140930 does not hold at row 8" in Job.objects.get(name="audit.seal").error


class TestProofs:
    def test_an_auditor_s_check_runs_as_a_job_and_says_what_it_found(self, trail, now, make_user, run_jobs):
        proof = audit.ask_proof(by=make_user("auditor"), now=now)
        assert audit.ask_proof(by=make_user("auditor"), now=now) == proof
        run_jobs(now=now)
        proof.refresh_from_db()
        assert (proof.state, proof.findings, proof.percent) == ("sound", [], 100)
        assert AuditRow.objects.filter(event="audit.proved").count() == 1

    def test_and_what_is_broken(self, trail, now, make_user, run_jobs, behind_its_back):
        behind_its_back("UPDATE audit_auditrow SET event = 'y' WHERE chain = '140930' AND seq = 8")
        proof = audit.ask_proof(by=make_user("auditor"), now=now)
        run_jobs(now=now)
        proof.refresh_from_db()
        assert proof.state == Proof.State.BROKEN
        assert proof.findings == [{"chain": "140930", "seq": 8, "id": trail[8].id, "reason": "content"}]

    def test_others_may_not_ask(self, now, make_user, places):
        with pytest.raises(Refused):
            audit.ask_proof(by=make_user("county_office", places.county), now=now)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the figure is the same on any database")
def test_progress_is_told_while_it_reads(now):
    audit.record_many([audit.Entry("x.done", Thing(), {"n": n}) for n in range(4100)], by=None, at=now)
    heard = []
    audit.verify(progress=heard.append)
    assert heard == [2000, 4000]
