"""Keep one frozen Library per process; the only part of matching that queries."""

import gc
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from guidance import safety
from guidance.models import LibraryVersion, Passage, Response, RiskPhrase, Signal, published

from .language import COMMON
from .linear import Linear
from .phrases import Lexicon, sentences
from .spelling import Speller
from .values import Library, PassageEntry, Phase, ResponseEntry, SignalEntry

SHIPPED = Path(__file__).resolve().parent.parent / "library"
_kept: Library | None = None


def current_library() -> Library:
    """The library as it is now: one number read, all rows only when that number has changed."""
    global _kept
    version = LibraryVersion.objects.values_list("number", flat=True).first() or 0
    if _kept is None or _kept.version != version:
        _kept = _load(version)
        gc.freeze()  # it lives as long as the process: no collection need walk over its million numbers again
    return _kept


@cache
def shipped_classes() -> dict[str, list[str]]:
    """Named classes of words that the phrases of signals use."""
    classes: dict[str, list[str]] = tomllib.loads((SHIPPED / "signals.toml").read_text(encoding="utf-8"))["classes"]
    return classes


@cache
def shipped_told() -> Lexicon:
    """What words may tell besides signals: a hard place, autism, loss, fear of a person."""
    told = tomllib.loads((SHIPPED / "told.toml").read_text(encoding="utf-8"))
    return Lexicon({entry["slug"]: entry["phrases"] for entry in told["told"]}, told["classes"])


@cache
def shipped_model(name: str) -> Linear:
    """A trained model: "reading" hears signals in parts of a text, "whole" in all of it, "elsewhere" that it is about
    something else."""
    return Linear.from_file(SHIPPED / f"{name}.json")


def lexicon_of(phrases: dict[str, str]) -> Lexicon:
    """The lexicon of signals' phrases, given as one text a signal with one phrase a line."""
    return _lexicon(tuple(phrases.items()))


@lru_cache(maxsize=2)
def _lexicon(phrases: tuple[tuple[str, str], ...]) -> Lexicon:
    """Kept by what it is made of: where a curator changed a text, thousands of phrases need not be cut up again."""
    lines = {slug: [line for line in text.splitlines() if line.strip()] for slug, text in phrases}
    return Lexicon(lines, shipped_classes())


@lru_cache(maxsize=2)
def speller_of(phrases: Lexicon) -> Speller:
    """Knows the common words, those of the phrases, and those that stand in `library/words.txt`."""
    return Speller([*sorted(COMMON), *sorted(phrases.words), *shipped_words()])


@cache
def shipped_words() -> list[str]:
    """Words that parents use, the frequent first: counted in the training texts."""
    return (SHIPPED / "words.txt").read_text(encoding="utf-8").split()


def _load(version: int) -> Library:
    signals = list(Signal.objects.order_by("order", "slug"))
    phrases = lexicon_of({signal.slug: signal.phrases for signal in signals})
    return Library(
        version=version,
        signals={
            signal.slug: SignalEntry(signal.slug, signal.group, signal.is_judged, signal.under_months)
            for signal in signals
        },
        passages=_passages(),
        responses=_responses(),
        phrases=phrases,
        speller=speller_of(phrases),
        told=shipped_told(),
        reader=shipped_model("reading"),
        whole=shipped_model("whole"),
        elsewhere=shipped_model("elsewhere"),
        risk_phrases=safety.added(
            RiskPhrase.objects.filter(state=RiskPhrase.State.APPROVED)
            .order_by("pk")
            .values_list("level", "kind", "phrase")
        ),
    )


def _passages() -> tuple[PassageEntry, ...]:
    rows = list(
        Passage.objects.filter(published())
        .select_related("current", "source")
        .prefetch_related("weights__signal")
        .order_by("slug")
    )
    terms = rarer_words({row.slug: row.text for row in rows})
    return tuple(
        PassageEntry(
            slug=row.slug,
            wording=row.current_id or 0,
            text=row.text,
            source=row.source.slug,
            audience=row.audience,
            stance=row.stance,
            frame=row.frame,
            offers=row.offers,
            weights={
                (weight.signal.slug if weight.signal else weight.condition): weight.value
                for weight in row.weights.all()
                if weight.value
            },
            terms=terms[row.slug],
        )
        for row in rows
    )


def rarer_words(texts: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Of each text, by its slug, the words that few of the others have: they break ties."""
    words = {slug: {token.word for tokens, _ in sentences(text) for token in tokens} for slug, text in texts.items()}
    spread = Counter(word for terms in words.values() for word in terms)
    rare = max(2, len(texts) // 8)
    return {
        slug: frozenset(word for word in terms if len(word) > 3 and spread[word] <= rare)
        for slug, terms in words.items()
    }


def _responses() -> tuple[ResponseEntry, ...]:
    rows = (
        Response.objects.filter(published())
        .select_related("current")
        .prefetch_related("passages", "signals")
        .order_by("slug")
    )
    return tuple(
        ResponseEntry(
            slug=row.slug,
            wording=row.current_id or 0,
            text=row.text,
            phase=Phase(row.phase),
            kind=row.kind,
            stance=row.stance,
            history=row.hard_place,
            from_months=row.from_months,
            to_months=row.to_months,
            passages=tuple(sorted(passage.slug for passage in row.passages.all())),
            signals=frozenset(signal.slug for signal in row.signals.all()),
            risks=frozenset(row.risks),
            gates=frozenset(row.gates),
            not_when=frozenset(row.not_when),
        )
        for row in rows
    )
