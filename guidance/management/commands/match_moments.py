import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from guidance import safety
from guidance.matching import Guidance, History, Risk, Situation, match
from guidance.matching.load import current_library


class Command(BaseCommand):
    help = "Match one situation a line (id, text, child_age_years, hard_place, chips); print one JSON line each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("situations", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        library = current_library()
        judged = {slug for slug, signal in library.signals.items() if signal.judged}
        for line in options["situations"].read_text(encoding="utf-8").splitlines():
            if line.strip():
                asked = json.loads(line)
                situation = situation_of(asked)
                self.stdout.write(json.dumps(answer(asked["id"], match(situation, library), situation.risk, judged)))


def situation_of(asked: dict[str, Any]) -> Situation:
    """A line of the input as the matcher is told it; what is missing is unknown."""
    words = asked.get("text") or ""
    age = asked.get("child_age_years")
    months = None if age is None else round(age * 12)
    chips = frozenset(asked.get("chips") or ())
    return Situation(
        tapped=chips,
        words=words,
        age_months=months,
        history=History(asked.get("hard_place") or History.UNKNOWN),
        risk=safety.judge([words], signals=chips, age_months=months),
    )


def answer(code: str, guidance: Guidance, risk: Risk, judged: set[str]) -> dict[str, Any]:
    return {
        "id": code,
        "ranked": list(guidance.ranked),
        "shown": [chosen.slug for chosen in guidance.passages],
        "responses": [chosen.slug for chosen in guidance.responses],
        "signals": sorted(guidance.signals & judged),
        "stance": guidance.stance.value,
        "risk": risk.level.value,
        "soft_check": risk.soft_check,
        "risk_kind": list(risk.kinds),
        "reasons": {chosen.slug: list(chosen.reasons) for chosen in guidance.passages},
    }
