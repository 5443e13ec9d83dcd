import json
from typing import Any

from django.core.management.base import BaseCommand

from guidance.matching.fitting import fit, judged_of
from guidance.models import Passage
from guidance.shipping import SHIPPED, load_library

# Never to the sealed part.
FITTED_TO = ("moments", "written")


class Command(BaseCommand):
    help = "Fit the shipped weights to the judged moments of guidance/library/judged/, not the sealed, and load them."

    def handle(self, *args: Any, **options: Any) -> None:
        lines = [
            json.loads(line)
            for part in FITTED_TO
            for line in (SHIPPED / "judged" / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        passages = Passage.objects.order_by("slug").values_list("slug", flat=True)
        weights = fit([judged_of(line) for line in lines], passages)
        text = json.dumps(weights, indent=1, sort_keys=True) + "\n"
        (SHIPPED / "weights.json").write_text(text, encoding="utf-8")
        self.stdout.write(f"fitted to {len(lines)} situations; {load_library()} rows written")
