"""The day of each moment; what parents answered of a child becomes each parent's own."""

import zoneinfo

from django.db import migrations

BATCH = 1000


def fill(apps, schema_editor):
    Moment, Child = apps.get_model("journal", "Moment"), apps.get_model("journal", "Child")
    Bond, Caregiver = apps.get_model("journal", "Bond"), apps.get_model("journal", "Caregiver")
    after = 0
    while rows := list(Moment.objects.filter(pk__gt=after).order_by("pk").only("pk", "happened_at", "zone")[:BATCH]):
        for row in rows:
            row.day = row.happened_at.astimezone(zoneinfo.ZoneInfo(row.zone)).date()
        Moment.objects.bulk_update(rows, ["day"])
        after = rows[-1].pk
    answered = Child.objects.exclude(hard_place="", asked_at=None).only("pk", "family_id", "hard_place", "asked_at")
    parents = {}
    for family, user in Caregiver.objects.filter(role="parent").values_list("family_id", "user_id"):
        parents.setdefault(family, []).append(user)
    Bond.objects.bulk_create(
        (
            Bond(user_id=user, child_id=child.pk, hard_place=child.hard_place, asked_at=child.asked_at)
            for child in answered.iterator()
            for user in parents.get(child.family_id, ())
        ),
        batch_size=BATCH,
    )


class Migration(migrations.Migration):
    dependencies = [("journal", "0004_sharing_and_caregivers")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
