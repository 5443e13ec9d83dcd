"""Risk, judged apart from matching: on every free text and on chips, at every save.

Phrases find what somebody foresaw, a small trained model hears what nobody did and knows which phrases were found.
Together they still miss things and err; the page says so, and help lines are never further than one tap away.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from django.utils.translation import gettext as _

from .matching.language import is_english
from .matching.linear import Linear, Size, of_any_time, parts
from .matching.phrases import Hit, Lexicon, Sentences, sentences
from .matching.values import Risk, RiskLevel

LIBRARY = Path(__file__).resolve().parent / "library"
# What the model hears besides the kinds: danger of any kind, and that it is urgent.
ANY, URGENT = "any", "urgent"
# A kind is named from this share of the likeliest kind's chance.
KIND_SHARE = 0.75
# A sentence or two: who does what to whom is seldom said in one clause.
SENTENCES = Size(least=24, most=40)
# A phrase of concern, or one that is soft, is asked about only where the model hears some danger too.
HINTED = 0.1
PARTS = ("urgent", "concern", "soft")
UNLESS = "unless"
# Fear of hurting a child is urgent wherever a baby is meant.
BABY_MONTHS = 12
HARM_BY_PARENT = "parent_may_harm_child"
# Told of the past, these are as urgent as today.
OF_ANY_TIME = frozenset({"sexual_abuse"})


# Phrases that the desk adds to the shipped ones, by part.
Added = Mapping[str, Lexicon]
NONE_ADDED: Added = {}


@dataclass(frozen=True, slots=True)
class RiskKind:
    slug: str
    label: str
    advice: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Shipped:
    kinds: dict[str, RiskKind]
    classes: dict[str, list[str]]
    urgent: Lexicon
    concern: Lexicon
    soft: Lexicon
    unless: Lexicon
    baby: Lexicon


@cache
def shipped_model() -> Linear:
    """The trained model that hears danger in words; its levels are the chances from which it counts."""
    return Linear.from_file(LIBRARY / "risk.json")


@cache
def _shipped() -> _Shipped:
    data = tomllib.loads((LIBRARY / "risk.toml").read_text(encoding="utf-8"))
    kinds, classes = data["kind"], data["classes"]

    def lexicon(part: str) -> Lexicon:
        return Lexicon({kind["slug"]: kind.get(part, ()) for kind in kinds}, classes)

    return _Shipped(
        {kind["slug"]: RiskKind(kind["slug"], kind["label"], kind["advice"], tuple(kind["lines"])) for kind in kinds},
        classes,
        lexicon("urgent"),
        lexicon("concern"),
        lexicon("soft"),
        lexicon("unless"),
        Lexicon({"baby": ["baby", "newborn", "weeks|week|wk|wks|month|months old"]}, {}),
    )


def all_kinds() -> list[RiskKind]:
    return list(_shipped().kinds.values())


def kinds(slugs: Iterable[str]) -> list[RiskKind]:
    """The kinds behind stored codes, in the order of the shipped file; unknown codes are left out."""
    wanted = set(slugs)
    return [kind for slug, kind in _shipped().kinds.items() if slug in wanted]


def added(phrases: Iterable[tuple[str, str, str]]) -> Added:
    """Phrases given as (part, kind, phrase), ready to be looked for. Raises ValueError on one that cannot be read."""
    found: dict[str, dict[str, list[str]]] = {}
    for part, kind, phrase in phrases:
        found.setdefault(part, {}).setdefault(kind, []).append(phrase)
    return {part: Lexicon(by_kind, _shipped().classes) for part, by_kind in found.items()}


_NOT_IN_PHRASES = re.compile(r"[^\w '’|*@.]|(?<!\.)\.(?!\.)")
# One word alone must have this many letters: "the" would stand in every text.
LONE_WORD = 5


def checked_phrase(phrase: str) -> str:
    """A phrase as it is kept: in small letters. Raises ValueError, saying why, on one that is none or fits anything."""
    kept = " ".join(phrase.casefold().split())
    if found := _NOT_IN_PHRASES.search(kept):
        raise ValueError(_("“%(sign)s” stands in no phrase") % {"sign": found[0]})
    words = [word for word in kept.split() if word not in ("..", "...")]
    for word in words:
        for option in word.split("|"):
            if len(option.strip("*@'’")) < 1:
                raise ValueError(_("“%(word)s” stands for any word or for none") % {"word": word})
    shortest = min((len(option.strip("*@")) for word in words for option in word.split("|")), default=0)
    if len(words) < 2 and shortest < LONE_WORD:
        raise ValueError(_("one short word alone stands in too many texts"))
    added([("soft", "any", kept)])
    return kept


def judge(
    texts: Iterable[str],
    *,
    signals: Iterable[str] = (),
    age_months: int | None = None,
    talked_of_dying: bool | None = None,
    unsure_if_safe: bool = False,
    added: Added = NONE_ADDED,
) -> Risk:
    """The gravest level over all texts and chips, every kind that holds, and whether to ask if everyone is safe.

    `talked_of_dying` answers the question beside the chip `hurt_self`; `unsure_if_safe` the soft check. `added` are
    the phrases that curators have approved.
    """
    urgent: set[str] = set()
    concern: set[str] = set()
    suspected: set[str] = set()
    soft = False
    for text in filter(None, texts):
        said = _of_words(sentences(text), age_months, added)
        soft = soft or said.soft_check
        if said.level is RiskLevel.URGENT:
            urgent |= set(said.kinds)
        elif said.level is RiskLevel.CONCERN:
            concern |= set(said.kinds)
        else:
            suspected |= set(said.kinds)
    chips = set(signals)
    if "hurt_self" in chips:
        (urgent if talked_of_dying else concern).add("suicidal_child" if talked_of_dying else "child_self_harm")
    if "parent_near_limit" in chips:
        (urgent if _is_baby(age_months) else concern).add(HARM_BY_PARENT)
    if "parent_forced_contact" in chips or "ran_into_danger" in chips:
        soft = True
    if urgent:
        return Risk(RiskLevel.URGENT, tuple(sorted(urgent | concern)))
    if concern:
        return Risk(RiskLevel.CONCERN, tuple(sorted(concern)))
    if unsure_if_safe:
        return Risk(RiskLevel.CONCERN, tuple(sorted(suspected)) or ("unsure_if_safe",))
    return Risk(soft_check=soft)


def phrases_found(cut: Sentences, added: Added = NONE_ADDED) -> list[Hit]:
    """Hits labelled "urgent:kind", "concern:kind" or "soft:kind", without those that a look-alike overlaps."""
    shipped = _shipped()
    ever = of_any_time(cut)

    def hits(part: str, lexicon: Lexicon, text: Sentences) -> list[Hit]:
        return [*lexicon.find_in(text), *(added[part].find_in(text) if part in added else ())]

    excused = hits(UNLESS, shipped.unless, cut)
    found = [("urgent", hit) for hit in hits("urgent", shipped.urgent, ever) if hit.label in OF_ANY_TIME]
    found += [("urgent", hit) for hit in hits("urgent", shipped.urgent, cut) if hit.label not in OF_ANY_TIME]
    found += [("concern", hit) for hit in hits("concern", shipped.concern, cut)]
    found += [("soft", hit) for hit in hits("soft", shipped.soft, cut)]
    return [replace(hit, label=f"{part}:{hit.label}") for part, hit in found if not _is_excused(hit, excused)]


def _of_words(cut: Sentences, age_months: int | None, added: Added) -> Risk:
    """Risk in one text. What cannot be read is asked about; a soft check names what it is asked for."""
    if not is_english(cut):
        return Risk(soft_check=True)
    hits = phrases_found(cut, added)
    model = shipped_model()
    heard = model.loudest(parts(of_any_time(cut), hits, SENTENCES))
    said = {part: {hit.label.partition(":")[2] for hit in hits if hit.label.startswith(part)} for part in PARTS}
    chance = {slug: value for slug, value in heard.items() if slug not in (ANY, URGENT)}
    likeliest = {slug for slug, value in chance.items() if value >= KIND_SHARE * max(chance.values())}
    named = tuple(sorted(said["urgent"] | said["concern"] or likeliest))
    baby = _is_baby(age_months) or bool(_shipped().baby.find_in(cut))
    asked = heard[ANY] >= model.levels["soft"]
    # An urgent phrase is believed where the model would ask by itself; else it is asked about: of sixty texts with one
    # that the model had not met and heard less in, twelve held danger.
    plainly = bool(said["urgent"] & OF_ANY_TIME) or (bool(said["urgent"]) and asked)
    flagged = heard[ANY] >= model.levels["concern"]
    graver = plainly or heard[URGENT] >= model.levels["urgent"]
    if graver or (flagged and baby and HARM_BY_PARENT in named):
        return Risk(RiskLevel.URGENT, named)
    if flagged:
        return Risk(RiskLevel.CONCERN, named)
    hinted = bool(said["concern"] or said["soft"]) and heard[ANY] >= HINTED
    asked = asked or hinted or bool(said["urgent"])
    return Risk(soft_check=asked, kinds=named if asked else ())


def _is_excused(hit: Hit, excused: list[Hit]) -> bool:
    return any(other.label == hit.label and other.start < hit.end and hit.start < other.end for other in excused)


def _is_baby(age_months: int | None) -> bool:
    return age_months is not None and age_months < BABY_MONTHS
