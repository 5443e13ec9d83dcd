import json
from typing import Any

from django.core.management.base import BaseCommand

from guidance.matching.fitting import fit, judged_of
from guidance.models import Passage
from guidance.shipping import SHIPPED, load_library


class Command(BaseCommand):
    help = "Fit the shipped weights to the judged situations under guidance/library/judged/ and load them."

    def handle(self, *args: Any, **options: Any) -> None:
        lines = [
            json.loads(line)
            for path in sorted((SHIPPED / "judged").glob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        passages = Passage.objects.order_by("slug").values_list("slug", flat=True)
        weights = fit([judged_of(line) for line in lines], passages)
        text = json.dumps(weights, indent=1, sort_keys=True) + "\n"
        (SHIPPED / "weights.json").write_text(text, encoding="utf-8")
        self.stdout.write(f"fitted to {len(lines)} situations; {load_library()} rows written")
