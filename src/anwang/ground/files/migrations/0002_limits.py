"""The limits by which evidence is doubted, as they are at the start. An office changes them by adding rows."""

from datetime import UTC, datetime

from django.db import migrations

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
SOURCE = "Anwang's own starting value; no instrument prescribes one"
LIMITS = (
    # key, value, unit. Two hashes of one scene sent through a messenger differ in 0-4 of 64 bits, of two scenes in 20
    # and more; 300 m is a mine's yard plus the error of a telephone between houses.
    ("01JANWANGFAA1KEB1TS0000000", "alike_bits", 6, "bit"),
    ("01JANWANGFFARMETRES0000000", "far_metres", 300, "m"),
    ("01JANWANGFAHEADM1NVTES0000", "ahead_minutes", 10, "min"),
    (
        "01JANWANGFED1T0RS000000000",
        "editors",
        [
            "Photoshop",
            "Lightroom",
            "GIMP",
            "Snapseed",
            "PicsArt",
            "Pixelmator",
            "Affinity Photo",
            "Facetune",
            "BeautyPlus",
            "VSCO",
            "Meitu",
            "美图",
            "醒图",
            "ACDSee",
            "Paint.NET",
        ],
        "",
    ),
)


def add(apps, schema_editor):
    row = apps.get_model("files", "EvidenceLimit")
    for key, name, value, unit in LIMITS:
        row.objects.get_or_create(
            key=name,
            since=SINCE,
            defaults={"id": key, "value": value, "unit": unit, "source": SOURCE, "confidence": "eng"},
        )


class Migration(migrations.Migration):
    dependencies = [("files", "0001_initial")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
