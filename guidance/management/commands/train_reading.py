from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from guidance.management.commands.fit_weights import FITTED_TO
from guidance.matching.linear import Part, as_one, features, together
from guidance.matching.load import lexicon_of, speller_of
from guidance.matching.phrases import Hit, Sentences, sentences
from guidance.matching.reading import CLAUSE, FEW_WORDS
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
    writer_of,
)
from guidance.shipping import SHIPPED, read

# Whole moments with the words that show each signal; single clauses, for breadth of wording, count half.
CLAUSES = 0.5
# What two judges saw in a moment counts, and where nobody judged it, half of what its writer marked.
UNJUDGED = 0.5
TRUST_PARTS = Trust(phrase=1.0, word=0.15, piece=0.15, smallest=0.4)
# The phrases have spoken in the parts; here they only tell what goes together.
TRUST_WHOLE = Trust(phrase=0.1, word=0.5, piece=0.0, smallest=0.6, heard=0.25, strength=1.0, seen_at_least=3)
# One question of a whole text, with thousands of texts to learn it from: words may speak up.
TRUST_ELSEWHERE = Trust(phrase=0.3, word=0.5, piece=0.5, smallest=0.2)
# A word met this often is one that people use, and no slip of the thumb.
MET = 4

ELSEWHERE = "elsewhere"
# Of moments that the library speaks to, the share that may be heard as being about something else.
SILENCED = 0.01

Line = dict[str, Any]


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

        moments = {line["id"]: line for line in lines_of(SHIPPED / "training", "moments.jsonl")}
        judged = {line["id"]: line for part in FITTED_TO for line in lines_of(SHIPPED / "judged", f"{part}.jsonl")}
        differ = [slug for slug in moments.keys() & judged.keys() if moments[slug]["text"] != judged[slug]["text"]]
        if differ:
            raise CommandError(f"marked and judged with different words: {sorted(differ)}")
        lines = moments | judged  # what judges saw counts where both are known
        cut, heard = self._parts(moments, lines, labels, look)
        self._whole(lines, judged.keys(), labels, cut, heard)
        self._elsewhere(lines, look)

    def _parts(
        self, moments: dict[str, Line], lines: dict[str, Line], labels: list[str], look: Look
    ) -> tuple[list[list[Part]], np.ndarray]:
        """Fit to the stretches that writers marked; for each line its parts, and what a model that has not seen its
        writer hears in it."""
        examples = [  # without marks it has no say here, and is only listened to
            Example(line["text"], moments[slug]["signals"] if slug in moments else {}, writer_of(line), slug in moments)
            for slug, line in lines.items()
        ]
        examples += [
            Example(line["text"], line["signals"], writer_of(line), CLAUSES)
            for line in lines_of(SHIPPED / "training", "clauses.jsonl")
        ]
        cut = cut_up(examples, CLAUSE, look)
        rows = rows_of_parts(cut, examples, labels, TRUST_PARTS)
        heard = whole_text(unseen_chances(rows, folds_by_writer(examples)), rows.of, len(examples))
        save(rows, labels, {}, SHIPPED / "reading.json")
        self.stdout.write(f"{rows.matrix.shape[0]} parts of {len(examples)} texts, {rows.matrix.shape[1]} features")
        return cut[: len(lines)], heard[: len(lines)]

    def _whole(
        self,
        lines: dict[str, Line],
        judged: Collection[str],
        labels: list[str],
        cut: list[list[Part]],
        heard: np.ndarray,
    ) -> None:
        """Fit to what is told of whole moments, given what was heard in their parts."""
        known = np.array([slug in judged for slug in lines])
        texts = [
            Example(line["text"], dict.fromkeys(line["signals"], ()), writer_of(line), 1.0 if is_judged else UNJUDGED)
            for line, is_judged in zip(lines.values(), known, strict=True)
        ]
        found = [
            together(parts, dict(zip(labels, chances, strict=True))) for parts, chances in zip(cut, heard, strict=True)
        ]
        rows = rows_of_texts(found, texts, labels, TRUST_WHOLE)
        second = unseen_chances(rows, folds_by_writer(texts))
        in_parts, _ = _best(heard[known], rows.shows[known])
        best, least = _best(second[known], rows.shows[known])
        save(rows, labels, {"read": round(least, 2)}, SHIPPED / "whole.json")
        self.stdout.write(
            f"{known.sum()} judged moments, each writer's by models fitted without them: F1 {in_parts:.3f} from the "
            f"parts, {best:.3f} after the second look, from a chance of {least:.2f}"
        )

    def _elsewhere(self, lines: dict[str, Line], look: Look) -> None:
        """What a whole text is about. In a few words other rules hold: the level is that of longer texts."""
        examples = [
            Example(line["text"], {ELSEWHERE: ()} if line["none"] else {}, writer_of(line)) for line in lines.values()
        ]
        found = [features(as_one(cut)[0][0], hits) for cut, hits in (look(example.text) for example in examples)]
        rows = rows_of_texts(found, examples, [ELSEWHERE], TRUST_ELSEWHERE)
        heard = unseen_chances(rows, folds_by_writer(examples))[:, 0]
        about = rows.shows[:, 0]
        long = np.array([len(example.text.split()) >= FEW_WORDS for example in examples])
        level = round(float(np.quantile(heard[~about & long], 1 - SILENCED)), 3)
        save(rows, [ELSEWHERE], {ELSEWHERE: level}, SHIPPED / "elsewhere.json")
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
