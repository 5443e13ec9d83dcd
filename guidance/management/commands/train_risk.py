from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from guidance import safety
from guidance.matching.linear import Size
from guidance.matching.training import Example, cut_up, lines_of, save, unseen_chances
from guidance.shipping import SHIPPED

# A whole sentence: who does what to whom is seldom said in one clause.
SIZE = Size(least=60, most=40)
# Of texts without danger, the share that may get a note, and the share that may be asked if everyone is safe.
NOTED = 0.06
ASKED = 0.08
FOLDS = 10


class Command(BaseCommand):
    help = "Train the model that hears danger in words, from guidance/library/training/, and ship its numbers."

    def handle(self, *args: Any, **options: Any) -> None:
        lines = lines_of(SHIPPED / "training", "risk*.jsonl")
        calm = [line for line in lines_of(SHIPPED / "training", "moments*.jsonl") if line["risk"] == "none"]
        kinds = [kind.slug for kind in safety.all_kinds()]
        labels = [safety.ANY, safety.URGENT, *kinds]
        examples = [Example(line["text"], _labels(line), line["id"]) for line in lines]
        examples += [Example(line["text"], {}, line["id"]) for line in calm]
        cut = cut_up(examples, labels, SIZE, safety.look_at)
        folds = [number % FOLDS for number in range(len(examples))]
        heard = unseen_chances(cut, labels[:2], folds)
        highest = np.zeros((len(examples), 2))
        np.maximum.at(highest, cut.of, heard)
        levels = np.array([line["level"] for line in lines] + ["none"] * len(calm))
        none = np.sort(highest[levels == "none", 0])[::-1]
        concern, soft = none[int(NOTED * len(none))], none[int((NOTED + ASKED) * len(none))]
        self.stdout.write(f"{len(examples)} texts, {cut.rows.shape}")
        for level in ("urgent", "concern", "none"):
            some = highest[levels == level]
            noted, asked = (some[:, 0] >= concern).mean(), (some[:, 0] >= soft).mean()
            self.stdout.write(f"{level}: noted {noted:.2f}, asked or noted {asked:.2f}")
        save(cut, labels, SIZE, {"soft": float(soft), "concern": float(concern), "urgent": 0.4}, SHIPPED / "risk.json")


def _labels(line: dict[str, Any]) -> dict[str, list[str]]:
    if line["level"] == "none":
        return {}
    said = line["part"]
    found = {safety.ANY: said, line["kind"]: said}
    return found | ({safety.URGENT: said} if line["level"] == "urgent" else {})
