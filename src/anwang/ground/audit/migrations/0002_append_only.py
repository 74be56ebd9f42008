"""The trail can be added to and nothing else: the database itself refuses.

A row may be deleted only where an archive covers it. Triggers stop slips and careless hands; what stops a careful one
is the proof, which notices all the same when somebody drops them.
"""

import datetime

from django.db import migrations

TABLES = ("audit_auditrow", "audit_seal", "audit_archive")

SQLITE = [
    *(
        f"""CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
        for table in TABLES
    ),
    *(
        f"""CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
        for table in TABLES[1:]
    ),
    """CREATE TRIGGER audit_auditrow_no_delete BEFORE DELETE ON audit_auditrow
    WHEN NOT EXISTS (
        SELECT 1 FROM audit_archive WHERE chain = OLD.chain AND OLD.seq BETWEEN first_seq AND last_seq
    )
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
]
SQLITE_BACK = [f"DROP TRIGGER {table}_no_{verb}" for table in TABLES for verb in ("update", "delete")]

POSTGRES = [
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_auditrow' THEN
            IF EXISTS (
                SELECT 1 FROM audit_archive WHERE chain = OLD.chain AND OLD.seq BETWEEN first_seq AND last_seq
            ) THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
        for table in TABLES
    ),
    *(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        for table in TABLES
    ),
]
POSTGRES_BACK = [
    *(f"DROP TRIGGER {table}_{name} ON {table}" for table in TABLES for name in ("append_only", "no_truncate")),
    "DROP FUNCTION audit_refuse()",
]


def forward(apps, schema_editor):
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def back(apps, schema_editor):
    for statement in POSTGRES_BACK if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK:
        schema_editor.execute(statement)


def how_long(apps, schema_editor):
    keeping = apps.get_model("audit", "Keeping")
    keeping.objects.create(
        instrument="中华人民共和国网络安全法",
        article="第二十一条第（三）项",
        version="2017-06-01",
        months=6,
        effective_on=datetime.date(2017, 6, 1),
        source="network logs kept for at least six months",
        confidence="secondary",
    )
    keeping.objects.create(
        instrument="安网",
        article="",
        version="1",
        months=12,
        effective_on=datetime.date(2026, 1, 1),
        source="a house rule: one round of the yearly assessment can be looked back on whole",
        confidence="own",
    )


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunPython(forward, back, elidable=False),
        migrations.RunPython(how_long, migrations.RunPython.noop, elidable=False),
    ]
