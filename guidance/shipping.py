"""Bring the shipped content (data files under `library/`) into the database. Idempotent.

An unchanged shipped text does nothing. A changed one becomes current only where the current wording is itself shipped
and nobody has approved it; elsewhere it waits for a curator's review. What curators set (overrides, checks, desk texts,
what they retired) is never touched.
"""

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from .models import HelpLine, LibraryVersion, Passage, Response, Signal, Source, Weight, Wording

SHIPPED = Path(__file__).resolve().parent / "library"
Row = TypeVar("Row", bound=Model)


@transaction.atomic
def load_library() -> int:
    """Load everything shipped; the number of rows written. The version rises only when something was."""
    count = _Count()
    sources = {entry["slug"]: _source(entry, count) for entry in read("sources.toml")["source"]}
    signals = {
        entry["slug"]: _signal(entry, order, count) for order, entry in enumerate(read("signals.toml")["signal"])
    }
    passages = {
        entry["slug"]: _passage(entry, sources[source], count) for source, entry in entries("passages", "passage")
    }
    for _part, entry in entries("responses", "response"):
        _response(entry, sources, passages, signals, count)
    _weights(passages, signals, count)
    for order, entry in enumerate(read("help_lines.toml")["line"]):
        _help_line(entry, order, count)
    if count.written:
        LibraryVersion.raise_by_one()
    return count.written


def read(name: str) -> dict[str, Any]:
    """One shipped TOML file."""
    return tomllib.loads((SHIPPED / name).read_text(encoding="utf-8"))


def entries(folder: str, table: str) -> list[tuple[str, dict[str, Any]]]:
    """The tables of one name from every TOML file of a folder, each with the file's stem, in the order of the files."""
    paths = sorted((SHIPPED / folder).glob("*.toml"))
    return [(path.stem, entry) for path in paths for entry in read(f"{folder}/{path.name}")[table]]


class _Count:
    written = 0


def _is_decided(model: type[Model], key: dict[str, Any]) -> bool:
    """Whether somebody at the desk has ever changed, renamed or deleted the row that was shipped with this key."""
    past = model.history.model.objects  # type: ignore[attr-defined]
    return bool(past.filter(id__in=past.filter(**key).values("id"), history_user__isnull=False).exists())


def _keep(model: type[Row], key: dict[str, Any], values: dict[str, Any], count: _Count) -> Row:
    """The row with this key, made or changed to hold the values; counted only when something was written. What a
    curator has set with it stays."""
    row = model._default_manager.filter(**key).first()
    if row is None:
        row = model(**key, **values)
    elif all(getattr(row, name) == value for name, value in values.items()) or _is_decided(model, key):
        return row
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    count.written += 1
    return row


def _source(entry: dict[str, Any], count: _Count) -> Source:
    values = {name: entry.get(name, "") for name in ("title", "author", "url", "kind")}
    return _keep(Source, {"slug": entry["slug"]}, values, count)


def _signal(entry: dict[str, Any], order: int, count: _Count) -> Signal:
    values = {
        "group": entry["group"],
        "label": entry["label"],
        "seen": entry["seen"],
        "order": order,
        "is_judged": entry["judged"],
        "is_good": entry.get("good", False),
        "under_months": entry.get("under_months"),
        "phrases": "\n".join(entry["phrases"]),
    }
    return _keep(Signal, {"slug": entry["slug"]}, values, count)


def _passage(entry: dict[str, Any], source: Source, count: _Count) -> Passage:
    values = {
        "source": source,
        "first_paragraph": entry["paragraphs"][0],
        "last_paragraph": entry["paragraphs"][1],
        "audience": entry["audience"],
        "stance": entry.get("stance", ""),
        "frame": entry.get("frame", ""),
        "offers": entry.get("offers", ""),
        "quoted": entry.get("quoted", ""),
    }
    passage = _keep(Passage, {"slug": entry["slug"]}, values, count)
    _ship_wording(passage, {"passage": passage}, entry["title"], entry["text"], count)
    return passage


def _response(
    entry: dict[str, Any],
    sources: dict[str, Source],
    passages: dict[str, Passage],
    signals: dict[str, Signal],
    count: _Count,
) -> None:
    from_months, to_months = entry.get("ages", (None, None))
    values = {
        "phase": entry["phase"],
        "kind": entry["kind"],
        "source": sources[entry["source"]] if "source" in entry else None,
        "stance": entry.get("stance", ""),
        "hard_place": entry.get("hard_place", ""),
        "from_months": from_months,
        "to_months": to_months,
        "risks": entry.get("risks", []),
        "gates": entry.get("gates", []),
        "not_when": entry.get("not_when", []),
    }
    response = _keep(Response, {"slug": entry["slug"]}, values, count)
    if not _is_decided(Response, {"slug": entry["slug"]}):
        _relate(response.passages, [passages[slug] for slug in entry.get("passages", ())], count)
        _relate(response.signals, [signals[slug] for slug in entry.get("signals", ())], count)
    _ship_wording(response, {"response": response}, "", entry["text"], count)


def _relate(related: Any, wanted: list[Any], count: _Count) -> None:
    if {row.pk for row in related.all()} != {row.pk for row in wanted}:
        related.set(wanted)
        count.written += 1


def _ship_wording(of: Passage | Response, key: dict[str, Any], title: str, text: str, count: _Count) -> None:
    shipped = Wording.objects.filter(**key, origin=Wording.Origin.SHIPPED, title=title, text=text).first()
    if shipped is not None:
        return
    last = of.current
    if last is None:
        takes_over = not Wording.objects.filter(**key).exists()
    else:
        takes_over = last.origin == Wording.Origin.SHIPPED and not last.is_reviewed
    shipped = Wording.objects.create(
        **key, title=title, text=text, origin=Wording.Origin.SHIPPED, state=Wording.State.IN_REVIEW
    )
    if takes_over:
        if last:
            last.state, last.retired_at = Wording.State.RETIRED, timezone.now()
            last.save()
        of.current = shipped
        of.save(update_fields=["current"])
    count.written += 1


def _weights(passages: dict[str, Passage], signals: dict[str, Signal], count: _Count) -> None:
    """Fitted weights as shipped: {passage: {signal or condition: weight}}. Overrides stay."""
    shipped = json.loads((SHIPPED / "weights.json").read_text(encoding="utf-8"))
    write_fitted(shipped, passages, signals, count)


def write_fitted(
    fitted: dict[str, dict[str, float]], passages: dict[str, Passage], signals: dict[str, Signal], count: _Count
) -> None:
    rows = {
        (row.passage_id, row.signal_id, row.condition): row
        for row in Weight.objects.filter(passage__in=passages.values())
    }
    for slug, passage in passages.items():
        wanted = {
            (passage.pk, signals[name].pk if name in signals else None, "" if name in signals else name): value
            for name, value in fitted.get(slug, {}).items()
        }
        for key, value in wanted.items():
            row = rows.pop(key, None) or Weight(passage_id=key[0], signal_id=key[1], condition=key[2])
            if row.pk is None or row.fitted != value:
                row.fitted = value
                row.save()
                count.written += 1
    for row in rows.values():  # no longer fitted: kept where a curator has set it
        if row.fitted:
            row.fitted = 0.0
            row.save()
            count.written += 1


def _help_line(entry: dict[str, Any], order: int, count: _Count) -> None:
    values = {name: entry.get(name, "") for name in ("phone", "sms", "url", "hours", "note", "source", "source_url")}
    values |= {"looked_up_on": dt.date.fromisoformat(str(entry["looked_up"])), "order": order}
    key = {"country": entry["country"], "kind": entry["kind"], "name": entry["name"]}
    if not HelpLine.objects.filter(**key).exists() and _is_decided(HelpLine, key):
        return  # renamed or taken out at the desk
    _keep(HelpLine, key, values, count)
