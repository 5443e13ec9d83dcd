"""From a situation to guidance: words and chips -> signals -> gates and stance -> passages -> responses."""

from .match import match
from .values import Gate, Guidance, History, Library, Phase, Risk, RiskLevel, Situation, Stance

__all__ = ["Gate", "Guidance", "History", "Library", "Phase", "Risk", "RiskLevel", "Situation", "Stance", "match"]
