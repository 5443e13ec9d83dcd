from collections import Counter
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from guidance.matching.linear import Size, as_one, together
from guidance.matching.load import lexicon_of, speller_of
from guidance.matching.phrases import Hit, Sentences, sentences
from guidance.matching.training import (
    Example,
    Look,
    Trust,
    cut_up,
    f1,
    folds_by_writer,
    lines_of,
    rows_of_parts,
    rows_of_texts,
    save,
    unseen_chances,
    whole_text,
)
from guidance.shipping import SHIPPED, read

# About a clause: long enough to say who did what, short enough not to drown it.
SIZE = Size(least=7, most=18)
WHOLE = Size(least=2000, most=2000)
# Whole moments with the words that show each signal; single clauses, for breadth of wording, count half.
KINDS = {"moments": 1.0, "clauses": 0.5}
# What two judges saw in a moment counts, and where nobody judged it, half of what its writer marked.
UNJUDGED = 0.5
TRUST_PARTS = Trust(phrase=1.0, word=0.15, piece=0.15, heard=0.0, strength=3.0)
# The phrases have spoken in the parts; here they only tell what goes together.
TRUST_WHOLE = Trust(phrase=0.1, word=0.5, piece=0.0, heard=0.25, strength=1.0, seen_at_least=3)
# One question of a whole text, with thousands of texts to learn it from: words may speak up.
TRUST_ELSEWHERE = Trust(phrase=0.3, word=0.5, piece=0.5, heard=0.0, strength=3.0)

# A word met this often is one that people use, and no slip of the thumb.
MET = 6

ELSEWHERE = "elsewhere"
# Of moments that the library speaks to, the share that may be heard as being about something else.
SILENCED = 0.01


class Command(BaseCommand):
    help = "Train the models that hear signals in words, from guidance/library/training/, and ship their numbers."

    def handle(self, *args: Any, **options: Any) -> None:
        entries = read("signals.toml")["signal"]
        labels = [entry["slug"] for entry in entries if entry.get("judged", True)]
        lexicon = lexicon_of({entry["slug"]: "\n".join(entry["phrases"]) for entry in entries})
        _count_words()
        speller = speller_of(lexicon)

        def look(text: str) -> tuple[Sentences, list[Hit]]:
            cut = speller.mend(sentences(text))
            return cut, lexicon.find_in(cut)

        self._signals(labels, look)
        self._elsewhere(look)

    def _signals(self, labels: list[str], look: Look) -> None:
        """First the parts, on the stretches that writers marked; then whole moments, on what judges saw in them."""
        moments = {line["id"]: line for line in lines_of(SHIPPED / "training", "moments*.jsonl")}
        judged = {line["id"]: line for line in lines_of(SHIPPED / "judged", "written.jsonl")}
        marked = {
            line["id"]: Example(line["text"], line["signals"], writer_of(line), counts)
            for kind, counts in KINDS.items()
            for line in lines_of(SHIPPED / "training", f"{kind}*.jsonl")
        }
        unmarked = {slug: Example(line["text"], {}, writer_of(line), 0.0) for slug, line in judged.items()}
        first = unmarked | marked  # without marks they teach the second model alone
        examples, place = list(first.values()), {slug: number for number, slug in enumerate(first)}
        cut = cut_up(examples, SIZE, look)
        rows = rows_of_parts(cut, examples, labels, TRUST_PARTS)
        all_heard = whole_text(unseen_chances(rows, folds_by_writer(examples)), rows.of, len(examples))
        save(rows, labels, SIZE, {}, SHIPPED / "reading.json", 0.4)

        lines = {**moments, **judged}  # what judges saw counts where both are known
        known = np.array([slug in judged for slug in lines])
        texts = [
            Example(line["text"], dict.fromkeys(line["signals"], ()), writer_of(line), 1.0 if judges else UNJUDGED)
            for line, judges in zip(lines.values(), known, strict=True)
        ]
        heard = all_heard[[place[slug] for slug in lines]]
        found = [
            together(cut[place[slug]], dict(zip(labels, chances, strict=True)))
            for slug, chances in zip(lines, heard, strict=True)
        ]
        whole = rows_of_texts(found, texts, labels, TRUST_WHOLE)
        second = unseen_chances(whole, folds_by_writer(texts))
        first_best, _ = _best(heard[known], whole.shows[known])
        best, least = _best(second[known], whole.shows[known])
        save(whole, labels, WHOLE, {"read": round(least, 2)}, SHIPPED / "whole.json", 0.6)
        self.stdout.write(
            f"{len(marked)} texts, {rows.matrix.shape[0]} parts, {rows.matrix.shape[1]} features; each writer by "
            f"models without them, on {known.sum()} judged moments: F1 {first_best:.3f} from the parts, {best:.3f} after the "
            f"second look, from a chance of {least:.2f}"
        )

    def _elsewhere(self, look: Look) -> None:
        """Whole moments alone tell what a text is about; the judges' word counts where there is one."""
        lines = {line["id"]: line for line in lines_of(SHIPPED / "training", "moments*.jsonl")}
        lines |= {line["id"]: line for line in lines_of(SHIPPED / "judged", "written.jsonl")}
        examples = [
            Example(line["text"], {ELSEWHERE: []} if line["none"] else {}, writer_of(line)) for line in lines.values()
        ]
        cut = cut_up(examples, WHOLE, lambda text: (as_one((found := look(text))[0]), found[1]))
        rows = rows_of_parts(cut, examples, [ELSEWHERE], TRUST_ELSEWHERE)
        heard = unseen_chances(rows, folds_by_writer(examples))[:, 0]
        about = rows.shows[:, 0]
        level = round(float(np.quantile(heard[~about], 1 - SILENCED)), 3)
        save(rows, [ELSEWHERE], WHOLE, {ELSEWHERE: level}, SHIPPED / "elsewhere.json", 0.2)
        self.stdout.write(f"about something else: heard in {(heard[about] >= level).mean():.2f} of those, from {level}")


def _count_words() -> None:
    """`library/words.txt`, for the spelling: the frequent first."""
    met = Counter(
        token.bare
        for line in lines_of(SHIPPED / "training", "*.jsonl")
        for tokens, _other_time in sentences(line["text"])
        for token in tokens
    )
    words = [word for word, times in met.items() if times >= MET and word.isalpha()]
    words.sort(key=lambda word: (-met[word], word))
    (SHIPPED / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")


def _best(heard: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The best F1 and the chance it is reached from."""
    return max((f1(heard >= level, truth), float(level)) for level in np.arange(0.1, 0.6, 0.02))


def writer_of(line: dict[str, Any]) -> str:
    return str(line["id"]).split("-")[0]
