import pytest
from django.db import connection


@pytest.fixture
def behind_its_back(db):
    """``behind_its_back("UPDATE …")``: what somebody with the database's password does, triggers dropped first."""

    def tamper(*statements):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for table in ("audit_auditrow", "audit_seal", "audit_archive"):
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'")
                for (name,) in cursor.fetchall():
                    cursor.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                cursor.execute(statement)

    return tamper


@pytest.fixture(autouse=True)
def own_key_and_seals(tmp_path, settings):
    """Seals of one test are no seals of the next."""
    settings.HOME = tmp_path
    settings.SEALS_ROOT = tmp_path / "seals"
