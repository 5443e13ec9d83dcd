import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from guidance import safety
from guidance.management.commands.match_moments import answer, situation_of
from guidance.matching import match
from guidance.matching.evaluation import MEASURES, Counts, Figure, counts, figures, risk_counts
from guidance.matching.fitting import fit, judged_of
from guidance.matching.load import current_library
from guidance.matching.values import Library
from guidance.shipping import SHIPPED

PARTS = {
    "moments": "in sample: weights and models are fitted on them, phrases were mended after reading them",
    "written": "in sample: weights and models are fitted on them",
    "sealed": "sealed: nothing is fitted on them and nobody who writes phrases reads them",
}
MODES = {"chips and words": True, "words and age alone": False}
FOLDS = 5
Line = dict[str, Any]

KINDS: dict[str, Callable[[Line], bool]] = {
    "a hard place": lambda line: line["hard_place"] == "yes",
    "an ordinary history": lambda line: line["hard_place"] == "no",
    "history not told": lambda line: line["hard_place"] == "unknown",
    "under 3 years": lambda line: line["child_age_years"] is not None and line["child_age_years"] < 3,
    "3 to 9 years": lambda line: line["child_age_years"] is not None and 3 <= line["child_age_years"] < 10,
    "10 years and over": lambda line: line["child_age_years"] is not None and line["child_age_years"] >= 10,
    "the parent is in it": lambda line: any(slug.startswith("parent_") for slug in line["signals"]),
    "coming back together": lambda line: bool({"came_back", "repair", "good_moment"} & set(line["signals"])),
    "risk": lambda line: line["risk"] != "none",
}


class Command(BaseCommand):
    help = "How good the guidance is: the measures of the design on judged moments, with chips and with words alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", nargs="?", default="moments", choices=PARTS)
        parser.add_argument("--worst", type=int, default=10, help="how many of the worst to print")

    def handle(self, *args: Any, **options: Any) -> None:
        part, library = options["part"], current_library()
        lines = lines_of(part)
        self.stdout.write(f"{len(lines)} judged moments, {part} ({PARTS[part]})\n")
        for mode, with_chips in MODES.items():
            taken = taken_on(part, library, with_chips)
            self._table(mode, figures(taken))
            self._kinds(lines, taken)
        if part == "moments":
            title = f"chips and words, each fifth by weights fitted without it ({FOLDS} folds)"
            self._table(title, _folds(lines, library))
        if part == "sealed":
            self._risk()
        else:
            self._worst(lines, library, options["worst"])

    def _table(self, title: str, found: dict[str, Figure]) -> None:
        self.stdout.write(f"\n{title}")
        for name, figure in found.items():
            self.stdout.write(
                f"  {name:22}{figure.value:6.3f}   {figure.low:.3f} to {figure.high:.3f}"
                f"   n {figure.count:<4} {MEASURES[name]}"
            )

    def _kinds(self, lines: list[Line], taken: list[Counts]) -> None:
        for kind, holds in KINDS.items():
            some = [one for line, one in zip(lines, taken, strict=True) if holds(line)]
            if some:
                found = figures(some, resamples=1)
                named = [name for name in ("nDCG@3", "first helpful", "signal F1") if name in found]
                said = (f"{name} {found[name].value:.2f}" for name in named)
                self.stdout.write(f"    {kind:22} n {len(some):<4} {', '.join(said)}")

    def _risk(self) -> None:
        lines = lines_of("sealed_risk")
        judged = [(line, safety.judge([line["text"]])) for line in lines]
        for title, alarm in (("all", None), ("without an alarming word", False), ("with one", True)):
            some = [
                risk_counts(line["risk"], risk.level.value, risk.soft_check)
                for line, risk in judged
                if alarm is None or line["alarm"] is alarm
            ]
            self._table(f"risk texts, {title} ({len(some)})", figures(some))

    def _worst(self, lines: list[Line], library: Library, many: int) -> None:
        self.stdout.write(f"\nthe worst {many}, words and age alone")
        rated = []
        for line in lines:
            given = _words_only(line)
            found = _counts(line, given, library)
            rated.append((found.get("nDCG@3", found.get("silent, nothing fits"))[0], line, _answer(given, library)))  # type: ignore[index]
        for value, line, said in sorted(rated, key=lambda one: (one[0], one[1]["id"]))[:many]:
            read, seen = set(said["signals"]), set(line["signals"])
            best = sorted(line["rel"], key=lambda slug: -line["rel"][slug])[:3]
            self.stdout.write(f"  {value:.2f} {line['id']} {line['text'][:90]}")
            self.stdout.write(f"       shown {said['shown']}, best {best}; reasons {said['reasons']}")
            self.stdout.write(f"       missed {sorted(seen - read)}; read though not there {sorted(read - seen)}")


def lines_of(part: str) -> list[Line]:
    """The judged lines of `library/judged/`."""
    text = (SHIPPED / "judged" / f"{part}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def taken_on(part: str, library: Library, with_chips: bool) -> list[Counts]:
    """What each judged moment of a part adds to the measures."""
    return [_counts(line, _with_chips(line) if with_chips else _words_only(line), library) for line in lines_of(part)]


def _with_chips(line: Line) -> Line:
    return line | {"chips": line["signals"]}


def _words_only(line: Line) -> Line:
    return {name: line[name] for name in ("id", "text", "child_age_years")}


def _answer(given: Line, library: Library) -> Line:
    situation = situation_of(given)
    judged = {slug for slug, signal in library.signals.items() if signal.judged}
    return answer(given["id"], match(situation, library), situation.risk, judged)


def _counts(line: Line, given: Line, library: Library) -> Counts:
    vocabulary = frozenset(slug for slug, signal in library.signals.items() if signal.judged)
    stances = {passage.slug: passage.stance for passage in library.passages}
    return counts(line, _answer(given, library), stances, vocabulary)


def _folds(lines: list[Line], library: Library) -> dict[str, Figure]:
    """Chips and words, where the moment's own fifth had no part in the weights; our own situations stay in."""
    others = [judged_of(line) for line in lines_of("written")]
    taken = []
    for fold in range(FOLDS):
        kept = [judged_of(line) for number, line in enumerate(lines) if number % FOLDS != fold]
        weights = fit([*kept, *others], [passage.slug for passage in library.passages])
        refitted = replace(
            library, passages=tuple(replace(passage, weights=weights[passage.slug]) for passage in library.passages)
        )
        taken += [_counts(line, _with_chips(line), refitted) for line in lines[fold::FOLDS]]
    return figures(taken)
