"""A shipped text that nobody has approved waits for review, whoever is shown it meanwhile."""

from django.db import migrations


def wait_for_review(apps, schema_editor):
    wordings = apps.get_model("guidance", "Wording").objects
    wordings.filter(state="approved", approved_at=None).update(state="in_review")


class Migration(migrations.Migration):
    dependencies = [("guidance", "0003_passage_offers")]

    operations = [migrations.RunPython(wait_for_review, migrations.RunPython.noop)]
