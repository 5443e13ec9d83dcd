from dataclasses import replace
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from guidance import safety
from guidance.matching.linear import for_many, of_any_time
from guidance.matching.phrases import Hit, Sentences, sentences
from guidance.matching.training import (
    Example,
    Trust,
    cut_up,
    folds_by_writer,
    lines_of,
    rows_of_parts,
    save,
    unseen_chances,
    writer_of,
)
from guidance.shipping import SHIPPED

# The phrases were mended on texts like these: trusted as on texts they have not met, they would be believed too much.
TRUST = Trust(phrase=0.3, word=0.15, piece=0.15, smallest=0.4)
# Of what holds no danger, the share that may get a note, that may be asked if everyone is safe, or be called urgent, by
# the model alone.
NOTED = 0.06
ASKED = 0.06
URGENT = 0.03
# Harmless texts written as near twins of dangerous ones teach the difference; how often harmless texts sound dangerous
# cannot be learnt from them.
TWIN = "twin"
# Signals that a careful reader may take for a concern: such moments are no example of calm ones.
NOT_CALM = {"hurt_self", "parent_forced_contact"}


class Command(BaseCommand):
    help = "Train the model that hears danger in words, from guidance/library/training/, and ship its numbers."

    def handle(self, *args: Any, **options: Any) -> None:
        lines = lines_of(SHIPPED / "training", "risk*.jsonl")
        told = {line["id"] for line in lines}
        judged = {line["id"]: line["risk"] for line in lines_of(SHIPPED / "judged", "written.jsonl")}
        calm = [
            line
            for line in lines_of(SHIPPED / "training", "moments*.jsonl")
            if judged.get(line["id"], "none") == line["risk"] == "none"
            and not NOT_CALM & set(line["signals"])
            and line["id"] not in told
        ]
        kinds = [kind.slug for kind in safety.all_kinds()]
        labels = [safety.ANY, safety.URGENT, *kinds]
        examples = [Example(line["text"], _labels(line), writer_of(line)) for line in lines]
        examples += [Example(line["text"], {}, writer_of(line)) for line in calm]
        rows = rows_of_parts(cut_up(examples, safety.SENTENCES, _look), examples, labels, TRUST)
        heard = unseen_chances(replace(rows, shows=rows.shows[:, :2]), folds_by_writer(examples))
        highest = np.zeros((len(examples), 2))
        np.maximum.at(highest, rows.of, heard)
        count = np.bincount(rows.of, minlength=len(examples))[:, None]
        chance = np.vectorize(for_many)(highest, count)
        levels = np.array([_told_as(line) for line in lines] + ["calm"] * len(calm))
        harmless = [chance[levels == "none"], chance[levels == "calm"]]
        concern = _level([part[:, 0] for part in harmless], NOTED)
        soft = _level([part[:, 0] for part in harmless], NOTED + ASKED)
        urgent = _level([part[:, 1] for part in harmless], URGENT)
        self.stdout.write(f"{len(examples)} texts, {rows.matrix.shape}; from {soft}, {concern}, {urgent}")
        for level in ("urgent", "concern", "none", TWIN, "calm"):
            some = chance[levels == level]
            noted, asked = (some[:, 0] >= concern).mean(), (some[:, 0] >= soft).mean()
            graver = (some[:, 1] >= urgent).mean()
            self.stdout.write(f"{level}: noted {noted:.2f}, asked or noted {asked:.2f}, called urgent {graver:.2f}")
        save(rows, labels, {"soft": soft, "concern": concern, "urgent": urgent}, SHIPPED / "risk.json")


def _look(text: str) -> tuple[Sentences, list[Hit]]:
    """Danger of any time is learnt from: what is past and solved stands among the harmless."""
    cut = sentences(text)
    return of_any_time(cut), safety.phrases_found(cut)


def _told_as(line: dict[str, Any]) -> str:
    return TWIN if line.get("twin") else str(line["level"])


def _labels(line: dict[str, Any]) -> dict[str, list[str]]:
    if line["level"] == "none":
        return {}
    said = line["part"]
    found = {safety.ANY: said, line["kind"]: said}
    return found | ({safety.URGENT: said} if line["level"] == "urgent" else {})


def _level(parts: list[np.ndarray], share: float) -> float:
    """The chance that this share of texts without danger reach, single texts and whole moments counting alike."""
    candidates = np.round(np.sort(np.concatenate(parts)), 4)
    over = np.mean([(part[None, :] >= candidates[:, None]).mean(axis=1) for part in parts], axis=0)
    return float(candidates[np.argmax(over <= share)])
