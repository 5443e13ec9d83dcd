from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from guidance.matching.linear import Size, as_one
from guidance.matching.load import lexicon_of, speller_of
from guidance.matching.phrases import Hit, Sentences, sentences
from guidance.matching.training import (
    Example,
    Look,
    cut_up,
    f1,
    folds_by_writer,
    lines_of,
    save,
    unseen_chances,
    whole_text,
)
from guidance.shipping import SHIPPED, read

# About a clause: long enough to say who did what, short enough not to drown it.
SIZE = Size(least=7, most=18)
# Whole moments with the words that show each signal; single clauses, for breadth of wording, count half.
KINDS = {"moments": 1.0, "clauses": 0.5}

ELSEWHERE = "elsewhere"
WHOLE = Size(least=2000, most=2000)
LEAST_ELSEWHERE = 0.2


class Command(BaseCommand):
    help = "Train the model that hears signals in words, from guidance/library/training/, and ship its numbers."

    def handle(self, *args: Any, **options: Any) -> None:
        entries = read("signals.toml")["signal"]
        labels = [entry["slug"] for entry in entries if entry.get("judged", True)]
        lexicon = lexicon_of({entry["slug"]: "\n".join(entry["phrases"]) for entry in entries})
        examples = [
            Example(line["text"], line["signals"], writer_of(line), counts)
            for kind, counts in KINDS.items()
            for line in lines_of(SHIPPED / "training", f"{kind}*.jsonl")
        ]
        speller = speller_of(lexicon)

        def look(text: str) -> tuple[Sentences, list[Hit]]:
            cut = speller.mend(sentences(text))
            return cut, lexicon.find_in(cut)

        cut = cut_up(examples, labels, SIZE, look)
        folds = folds_by_writer(examples)
        heard = whole_text(unseen_chances(cut, labels, folds), cut.of, len(examples))
        whole = np.array([example.counts == 1 for example in examples])  # a clause says little of how posts are read
        truth = np.array([[label in example.labels for label in labels] for example in examples])
        best, least = max((f1(heard[whole] >= level, truth[whole]), level) for level in np.arange(0.1, 0.6, 0.02))
        save(cut, labels, SIZE, {"read": round(float(least), 2)}, SHIPPED / "reading.json", 0.1)
        self.stdout.write(
            f"{len(examples)} texts, {cut.rows.shape[0]} chunks, {cut.rows.shape[1]} features; "
            f"each writer by a model without them: F1 {best:.3f} from a chance of {least:.2f}"
        )
        self._elsewhere(lines_of(SHIPPED / "training", "moments*.jsonl"), look)

    def _elsewhere(self, lines: list[dict[str, Any]], look: Look) -> None:
        """Whole moments alone tell what a text is about."""
        examples = [Example(line["text"], {ELSEWHERE: []} if line["none"] else {}, writer_of(line)) for line in lines]
        cut = cut_up(examples, [ELSEWHERE], WHOLE, lambda text: (as_one((found := look(text))[0]), found[1]))
        heard = unseen_chances(cut, [ELSEWHERE], folds_by_writer(examples))[:, 0]
        about = cut.shows[:, 0]
        save(cut, [ELSEWHERE], WHOLE, {ELSEWHERE: LEAST_ELSEWHERE}, SHIPPED / "elsewhere.json", 0.01)
        self.stdout.write(
            f"about something else: heard in {(heard[about] >= LEAST_ELSEWHERE).mean():.2f} of those that are, "
            f"in {(heard[~about] >= LEAST_ELSEWHERE).mean():.3f} of the others"
        )


def writer_of(line: dict[str, Any]) -> str:
    return str(line["id"]).split("-")[0]
