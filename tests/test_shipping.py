"""The shipped library: complete, tied, retold, and loaded without undoing a curator's work."""

import json
import tomllib

import pytest
from django.utils import timezone

from guidance.matching.load import current_library
from guidance.matching.values import Gate, Phase
from guidance.models import HelpLine, LibraryVersion, Passage, Response, Signal, Weight, Wording
from guidance.shipping import SHIPPED, entries, load_library, read

pytestmark = pytest.mark.django_db


def test_all_53_passages_are_retold_in_40_to_90_words():
    passages = [entry for _, entry in entries("passages", "passage")]
    assert len({entry["slug"] for entry in passages}) == 53
    for entry in passages:
        assert 40 <= len(entry["text"].split()) <= 90, entry["slug"]


def test_there_are_at_least_90_responses_each_tied_to_a_passage_or_a_named_source():
    responses = [entry for _, entry in entries("responses", "response")]
    assert len({entry["slug"] for entry in responses}) >= 90
    for entry in responses:
        assert entry.get("passages") or entry.get("source"), entry["slug"]
        assert len(entry["text"].split()) <= 40, entry["slug"]


def test_every_gate_has_something_for_now_that_fits_every_age():
    responses = [entry for _, entry in entries("responses", "response")]
    for gate in Gate:
        general = [
            entry
            for entry in responses
            if gate.value in entry.get("gates", ()) and not entry.get("signals") and not entry.get("ages")
        ]
        assert any(entry["phase"] == Phase.NOW.value for entry in general), gate


def test_every_signal_has_a_label_a_reason_and_phrases():
    for entry in read("signals.toml")["signal"]:
        assert entry["label"] and entry["seen"] and len(entry["phrases"]) >= 10, entry["slug"]


def test_six_countries_have_the_four_kinds_of_help_line_each_with_its_source():
    lines = read("help_lines.toml")["line"]
    for country in ("US", "CA", "GB", "IE", "AU", "NZ"):
        kinds = {line["kind"] for line in lines if line["country"] == country}
        assert {"emergency", "crisis", "child_abuse", "violence_at_home"} <= kinds, country
    assert all(line["source"] and not line["checked"] for line in lines)


def test_loading_twice_changes_nothing():
    assert load_library() == 0


def test_a_changed_shipped_text_becomes_current_where_nobody_has_approved_the_shipped_one(changed_text):
    passage = Passage.objects.get(slug="door-1")
    before = passage.current
    load_library()
    passage.refresh_from_db()
    assert passage.text == changed_text and not passage.current.is_reviewed
    assert {row.text: row.state for row in passage.wordings.all()} == {
        before.text: Wording.State.RETIRED, changed_text: Wording.State.IN_REVIEW
    }  # fmt: skip


@pytest.mark.parametrize("decided", ["written", "approved", "retired"])
def test_a_changed_shipped_text_waits_for_review_where_a_curator_has_decided(decided, changed_text):
    passage, now = Passage.objects.get(slug="door-1"), timezone.now()
    if decided == "written":
        text = "From the desk."
        desk = passage.wordings.create(title="Ours", text=text, state=Wording.State.APPROVED, approved_at=now)
        Passage.objects.filter(pk=passage.pk).update(current=desk)
    elif decided == "approved":
        text = passage.text
        passage.wordings.update(state=Wording.State.APPROVED, approved_at=now)
    else:
        text = ""
        passage.wordings.update(state=Wording.State.RETIRED, retired_at=now)
        Passage.objects.filter(pk=passage.pk).update(current=None)
    load_library()
    passage = Passage.objects.get(pk=passage.pk)
    assert passage.text == text
    assert passage.wordings.get(text=changed_text).state == Wording.State.IN_REVIEW


def test_loading_keeps_the_override_of_a_curator():
    weight = Weight.objects.filter(signal__isnull=False).first()
    Weight.objects.filter(pk=weight.pk).update(override=7.0)
    load_library()
    weight.refresh_from_db()
    assert weight.override == 7.0


def test_the_library_in_memory_follows_its_version():
    before = current_library()
    assert current_library() is before
    Weight.objects.filter(passage__slug="door-1", signal__isnull=False).update(override=9.0)
    assert current_library() is before
    LibraryVersion.raise_by_one()
    assert 9.0 in current_library().by_slug["door-1"].weights.values()


def test_the_weights_name_only_passages_and_signals_that_exist():
    signals = set(Signal.objects.values_list("slug", flat=True))
    weights = json.loads((SHIPPED / "weights.json").read_text())
    assert set(weights) == set(Passage.objects.values_list("slug", flat=True))
    conditions = {"always", "history_yes", "history_no", "great_intensity"}
    for named in weights.values():
        assert all(name in signals or name in conditions or name.startswith("age_") for name in named)


def test_counts_in_the_database_are_those_of_the_files():
    assert Response.objects.count() == len(entries("responses", "response"))
    assert HelpLine.objects.count() == len(read("help_lines.toml")["line"])


@pytest.fixture
def changed_text(own_library):
    """The shipped files with one passage changed."""
    path = own_library / "passages" / "the-closed-door.toml"
    old = tomllib.loads(path.read_text())["passage"][0]["text"]
    path.write_text(path.read_text().replace(old, "Another text."))
    return "Another text."
