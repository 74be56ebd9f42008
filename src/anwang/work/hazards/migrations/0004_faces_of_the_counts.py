"""Faces of the counts: the same numbers summed over what is seldom asked. Filled from the full counts at once."""

from django.db import migrations, models

CELL = ("domain", "grade", "state", "source", "late", "ever_late", "month")
FACES = {
    "brief": ("domain", "grade", "state", "late", "ever_late"),
    "months": ("grade", "state", "late", "ever_late", "month"),
}


def fill(face):
    known = ", ".join(FACES[face])
    values = ", ".join(name if name in FACES[face] else "''" for name in CELL)
    return (
        f"insert into hazards_count (face, level, code, {', '.join(CELL)}, n) "
        f"select '{face}', level, code, {values}, sum(n) from hazards_count where face = 'full' "
        f"group by level, code, {known}"
    )


class Migration(migrations.Migration):
    dependencies = [("hazards", "0003_ledger_indexes")]

    operations = [
        migrations.RemoveConstraint(model_name="count", name="hazards_one_count_per_cell"),
        migrations.AddField(
            model_name="count", name="face", field=models.CharField(default="full", max_length=8)
        ),
        migrations.AddConstraint(
            model_name="count",
            constraint=models.UniqueConstraint(
                fields=("face", "level", "code", *CELL), name="hazards_one_count_per_cell"
            ),
        ),
        *[
            migrations.RunSQL(fill(face), f"delete from hazards_count where face = '{face}'")
            for face in FACES
        ],
    ]
