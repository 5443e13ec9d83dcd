"""The bench: its sums are those of the matcher, trying changes nothing, and each button does one thing."""

import json
import math
from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guidance import bench, curation, safety
from guidance.matching import History, Situation, match
from guidance.matching.evaluation import ndcg
from guidance.matching.explain import explain
from guidance.matching.load import current_library
from guidance.matching.match import hear, order
from guidance.matching.ranking import rank
from guidance.matching.stance import allowed
from guidance.matching.values import Library
from guidance.models import BenchCase, LibraryVersion, Passage, RiskPhrase, Weight, Wording
from guidance.shipping import SHIPPED
from journal import curators
from journal.models import Child, User
from tests.conftest import log, text_of

pytestmark = pytest.mark.django_db

SLUG, TEXT = "door-1", "Sit by the door & say: “I am here.”"
JUDGED = [json.loads(line) for line in (SHIPPED / "judged" / "moments.jsonl").read_text().splitlines()]
WORDS = ["", "She slammed the door and screamed that she hates me.", *(line["text"] for line in JUDGED[:6])]
SIGNALS = sorted({slug for line in JUDGED for slug in line["signals"]})
PASSAGES = sorted({slug for line in JUDGED for slug in line["rel"]})
BENCH, FRONT = "admin:guidance_bench", "admin:index"
PHRASE = {"risk_kind": "suicidal_child", "risk_level": "urgent", "risk_phrase": "zebra crossing"}
HARMLESS = "He climbed on the zebra crossing and shouted."


@pytest.fixture(scope="module")
def library(django_db_setup, django_db_blocker) -> Library:
    with django_db_blocker.unblock():
        return current_library()


@pytest.fixture(autouse=True)
def _no_figures_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_kept", None)


@pytest.fixture
def desk(curator: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(curator)


# Why a passage stands where it stands

situations = st.builds(
    Situation,
    tapped=st.frozensets(st.sampled_from(SIGNALS), max_size=5),
    words=st.sampled_from(WORDS),
    age_months=st.none() | st.integers(0, 240),
    history=st.sampled_from(list(History)),
    great_intensity=st.booleans(),
    still_going=st.booleans(),
)


@given(situation=situations)
@settings(max_examples=100, deadline=None)
def test_what_is_told_of_a_passage_adds_up_to_what_ranks_it(library: Library, situation: Situation) -> None:
    heard = hear(situation, library)
    bound = order(heard, library)
    told = explain(heard, bound, library, most=len(library.passages))
    scores = {one.slug: one.score for one in rank(library, heard.present, heard.cut)}
    assert sorted(one.slug for one in told) == sorted(library.by_slug)
    for one in told:
        assert math.isclose(sum(much for _, much in one.parts) + one.words, one.score, abs_tol=1e-9)
        assert one.slug not in scores or math.isclose(scores[one.slug], one.score, abs_tol=1e-9)
    placed = [one.slug for one in told if one.place]
    assert [one.place for one in told if one.place] == list(range(1, len(bound) + 1))
    guidance = match(situation, library)
    assert placed[: len(guidance.ranked)] == list(guidance.ranked)
    assert placed[: len(guidance.passages)] == [one.slug for one in guidance.passages]


@given(situation=situations)
@settings(max_examples=50, deadline=None)
def test_a_passage_that_may_not_be_shown_says_why(library: Library, situation: Situation) -> None:
    heard = hear(situation, library)
    for one in explain(heard, order(heard, library), library, most=len(library.passages)):
        entry = library.by_slug[one.slug]
        barred = entry.audience == "therapist" or entry.stance not in allowed(heard.history)
        assert bool(one.withheld) is not bool(one.place) and (not barred or one.withheld in ("therapist", "stance"))
        assert one.withheld != "never" or (one.slug, heard.history) == ("comfort-16", History.YES)


# What a change does to the judged moments


def anew(library: Library) -> dict[str, float]:
    """nDCG@3 of each judged moment, matched from the beginning."""
    return {
        line["id"]: ndcg(match(bench._situation(line), library).ranked, line["rel"])
        for line in JUDGED
        if not line["none"]
    }


def agrees(found: bench.Effect, before: dict[str, float], after: dict[str, float]) -> None:
    moved = {code for code in before if abs(before[code] - after[code]) > bench.SAME}
    assert found.moments == len(before)
    assert math.isclose(found.now, sum(before.values()) / len(before))
    assert math.isclose(found.then, sum(after.values()) / len(after))
    assert {one.code for one in (*found.worse, *found.better)} == moved
    assert all(after[one.code] < before[one.code] for one in found.worse)
    assert all(after[one.code] > before[one.code] for one in found.better)


changes = st.builds(
    bench.Change,
    passage=st.sampled_from(PASSAGES),
    feature=st.sampled_from([*SIGNALS, "always", "history_yes", "age_toddler", "great_intensity"]),
    weight=st.sampled_from([0.0, 0.5, 3.0, 10.0]),
    text=st.sampled_from(["", "", WORDS[1]]),
)


@given(change=changes)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_effect_is_that_of_matching_every_judged_moment_anew(library: Library, change: bench.Change) -> None:
    agrees(bench.effect(library, change), anew(library), anew(bench.changed(library, change)))


@pytest.mark.parametrize("passage", [SLUG, "no-such-passage"])
def test_no_change_has_no_effect(library: Library, passage: str) -> None:
    entry = library.by_slug[SLUG]
    for change in (
        bench.Change(passage),
        bench.Change(passage, "slammed_door", entry.weights["slammed_door"]),
        bench.Change(passage, text=entry.text),
    ):
        found = bench.effect(library, change)
        assert found.now == found.then and found.worse == found.better == []


def test_what_the_bench_foretells_of_a_weight_comes_true(curator: User) -> None:
    before = bench.effect(current_library(), bench.Change("healing-9", "pushed_away", 9.0))
    curation.weigh(Passage.objects.get(slug="healing-9"), "pushed_away", by=curator, override=9.0)
    assert before.then < before.now and before.worse
    assert math.isclose(bench.effect(current_library(), bench.Change("healing-9")).now, before.then)


def test_what_the_bench_foretells_of_a_text_comes_true(curator: User, second_curator: User) -> None:
    words = " ".join(line["text"] for line in JUDGED[:12])[:1900]
    change = bench.Change("healing-9", text=words)
    before, foretold = bench.effect(current_library(), change), bench.changed(current_library(), change)
    text_of("healing-9", by=curator, state="approved", reviewer=second_curator, text=words)
    assert math.isclose(bench.effect(current_library(), bench.Change("healing-9")).now, before.then)
    assert {one.slug: one.terms for one in current_library().passages} == {
        one.slug: one.terms for one in foretold.passages
    }


# The page


def everything() -> list:
    tables = (Weight, BenchCase, RiskPhrase, Wording, LibraryVersion)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def key(slug: str = SLUG) -> int:
    return Passage.objects.get(slug=slug).pk


def test_trying_shows_before_and_after_and_changes_nothing(desk: Client, second_curator: User) -> None:
    draft = text_of(SLUG, by=second_curator, text=TEXT)
    before = everything()
    told: dict = {"signals": ["slammed_door"], "words": "A <i>big</i> storm", "age_months": "50", **PHRASE}
    told |= {"passage": key(), "feature": "slammed_door", "weight": "0", "draft": draft.pk}
    answer = desk.post(reverse(BENCH), told | {"_try": "1"})
    assert answer.status_code == 200 and everything() == before
    now, then = answer.context["before"], answer.context["after"]
    assert [text for _, _, slug, text, _ in now.passages if slug == SLUG] == [draft.of.text]
    assert {row["one"].slug: dict(row["one"].parts) for row in now.scored}[SLUG]["slammed_door"] > 0
    assert "slammed_door" not in {row["one"].slug: dict(row["one"].parts) for row in then.scored}[SLUG]
    assert "With the change" in answer.text and "On the judged moments" in answer.text
    assert "A &lt;i&gt;big" in answer.text and "<i>big" not in answer.text and "In the risk texts" in answer.text


def test_a_situation_alone_shows_what_a_parent_would_get(desk: Client, library: Library) -> None:
    answer = desk.post(reverse(BENCH), {"signals": ["slammed_door"], "hard_place": "yes", "_try": "1"})
    guidance = match(Situation(frozenset({"slammed_door"}), history=History.YES), library)
    assert [slug for _, _, slug, _, _ in answer.context["before"].passages] == [one.slug for one in guidance.passages]
    assert "after" not in answer.context and "With the change" not in answer.text


@pytest.mark.parametrize(
    ("button", "told", "field", "why"),
    [
        ("_try", {"weight": "1e9"}, "weight", "less than or equal to 10"),
        ("_use", {"weight": "nan"}, "weight", "Enter a number"),
        ("_use", {"weight": "inf"}, "weight", "Enter a number"),
        ("_use", {"weight": "-1"}, "weight", "greater than or equal to 0"),
        ("_use", {"weight": ""}, "weight", "A weight needs both"),
        ("_use", {"feature": ""}, "weight", "A weight needs both"),
        ("_use", {"passage": ""}, "passage", "Which passage should weigh so?"),
        ("_keep", {"case_name": ""}, "case_name", "Please give it a name."),
        ("_keep", {"case_name": "There already"}, "case_name", "There is one with this name."),
        ("_keep", {"expected": []}, "expected", "Which passages should come?"),
        ("_propose", {"risk_kind": ""}, "risk_kind", "Please choose one for the phrase."),
        ("_propose", {"risk_level": ""}, "risk_level", "Please choose one for the phrase."),
        ("_propose", {"risk_phrase": ".. zebra"}, "risk_phrase", "It cannot be used: a phrase begins"),
        ("_propose", {"risk_phrase": "@zebras run"}, "risk_phrase", "It cannot be used: no class @zebras"),
        ("_propose", {"risk_phrase": "<b>die</b>"}, "risk_phrase", "without HTML"),
        ("_try", {"age_months": "9999"}, "age_months", "less than or equal to 240"),
        ("_try", {"signals": ["zebra"]}, "signals", "not one of the available choices"),
    ],
)
def test_what_is_half_filled_in_or_absurd_is_refused_beside_the_field_and_stays_typed(
    button: str, told: dict, field: str, why: str, desk: Client
) -> None:
    BenchCase.objects.create(name="There already")
    before = everything()
    whole: dict = {"words": "Typed & kept", "passage": key(), "feature": "slammed_door", "weight": "1"}
    whole |= {"case_name": "A door", "expected": [key()]} | (PHRASE if button == "_propose" else {})
    answer = desk.post(reverse(BENCH), whole | told | {button: "1"})
    assert answer.status_code == 422 and everything() == before
    error = answer.context["form"].errors[field][0]
    row = next(row for row in answer.text.split('<div class="form-row') if f' name="{field}"' in row)
    assert why in error and escape(error) in row and row.startswith(" errors")
    typed = told.get(field) or ""
    assert "Typed &amp; kept" in answer.text and (isinstance(typed, list) or escape(typed) in row)


def test_the_button_use_sets_one_weight(desk: Client) -> None:
    told = {"passage": key("healing-9"), "feature": "slammed_door", "weight": "9", **PHRASE, "case_name": "A door"}
    answer = desk.post(reverse(BENCH), told | {"_use": "1"}, follow=True)
    assert "ealing-9 weighs 9.0 for slammed_door from now on." in answer.text
    (weight,) = Weight.objects.exclude(override=None)
    assert (weight.passage.slug, weight.signal.slug, weight.override) == ("healing-9", "slammed_door", 9.0)
    assert match(Situation(frozenset({"slammed_door"})), current_library()).passages[0].slug == "healing-9"
    assert not BenchCase.objects.exists() and not RiskPhrase.objects.exists()


def test_the_button_keep_makes_one_test_case(desk: Client, curator: User) -> None:
    told: dict = {
        "words": "A storm",
        "signals": ["slammed_door"],
        "age_months": "50",
        "hard_place": "no",
        "still_going": "on",
    }
    told |= {"case_name": "A door", "expected": [key()], **PHRASE}
    assert "Kept as a test case." in desk.post(reverse(BENCH), told | {"_keep": "1"}, follow=True).text
    case = BenchCase.objects.get()
    assert (case.name, case.words, case.age_months, case.hard_place) == ("A door", "A storm", 50, "no")
    assert case.still_going and not case.great_intensity and case.added_by == curator
    assert [one.slug for one in (*case.signals.all(), *case.passages.all())] == ["slammed_door", SLUG]
    assert not RiskPhrase.objects.exists() and not Weight.objects.exclude(override=None).exists()


def test_the_button_propose_makes_one_phrase(desk: Client, curator: User) -> None:
    answer = desk.post(
        reverse(BENCH), PHRASE | {"case_name": "A door", "expected": [key()], "_propose": "1"}, follow=True
    )
    assert "It counts once somebody else has approved it." in answer.text
    phrase = RiskPhrase.objects.get()
    assert (phrase.kind, phrase.level, phrase.phrase, phrase.state) == (*PHRASE.values(), "proposed")
    assert phrase.proposed_by == curator and not BenchCase.objects.exists()


def test_each_button_needs_its_right(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    looking: Callable = lambda self, user, right, obj=None: user.is_staff and "view_" in right  # noqa: E731
    monkeypatch.setattr(curators.CuratorBackend, "has_perm", looking)
    before = everything()
    told: dict = {
        "passage": key(),
        "feature": "slammed_door",
        "weight": "1",
        "case_name": "A",
        "expected": [key()],
    } | PHRASE
    send = partial(desk.post, reverse(BENCH))
    assert [send(told | {button: "1"}).status_code for button in ("_use", "_keep", "_propose")] == [403] * 3
    assert send(told | {"_try": "1"}).status_code == 200 and everything() == before


# Test cases


def test_test_cases_that_fail_are_listed_and_counted_until_they_pass(desk: Client, curator: User) -> None:
    door = Situation(frozenset({"slammed_door"}))
    first = match(door, current_library()).passages[0].slug
    for name, expected in (("fine", [first]), ("amiss", [first, "healing-9"])):
        case = BenchCase.objects.create(name=name)
        case.signals.set(Weight._meta.get_field("signal").related_model.objects.filter(slug="slammed_door"))
        case.passages.set(Passage.objects.filter(slug__in=expected))

    def told() -> tuple[list[str], list[bool], int]:
        rows = desk.get(reverse("admin:guidance_benchcase_changelist")).text.split('class="field-name"')[1:]
        waiting = desk.get(reverse(FRONT)).context["front"]["waiting"]
        count = sum(one.count for one in waiting if one.what.startswith("Test cases"))
        passing = ["all of it comes" in row for row in rows]
        return [one.name for one in bench.failing(current_library())], passing, count

    assert told() == (["amiss"], [False, True], 1)
    curation.weigh(Passage.objects.get(slug="healing-9"), "slammed_door", by=curator, override=9.0)
    assert told() == ([], [True, True], 0)


# Risk phrases


def risk(parent: User, child: Child, words: str = HARMLESS) -> tuple[str, bool]:
    saved = log(parent, child, words=words)
    return saved.risk_level, saved.soft_check


def test_a_phrase_counts_only_once_another_curator_has_approved_it(
    curator: User, second_curator: User, parent: User, child: Child, sign_in: Callable[[User], Client]
) -> None:
    listing = reverse("admin:guidance_riskphrase_changelist")
    told = {"kind": "suicidal_child", "level": "urgent", "phrase": "zebra crossing"}
    sign_in(curator).post(reverse("admin:guidance_riskphrase_add"), told)
    phrase = RiskPhrase.objects.get()

    def press(user: User, action: str) -> str:
        return sign_in(user).post(listing, {"action": action, "_selected_action": [phrase.pk]}, follow=True).text

    assert risk(parent, child) == ("none", False)
    assert "You proposed this phrase: somebody else approves it." in press(curator, "approve")
    assert risk(parent, child) == ("none", False)
    assert "“zebra crossing” counts from now on." in press(second_curator, "approve")
    assert risk(parent, child) == ("urgent", False)
    assert "It is approved by now." in press(second_curator, "approve")
    assert "no longer counts" in press(curator, "retire") and risk(parent, child) == ("none", False)


def test_a_look_alike_drops_what_it_overlaps_and_nothing_else(
    curator: User, second_curator: User, parent: User, child: Child
) -> None:
    play, danger = "She said she wants to die like a pirate.", "She said she wants to die."
    assert (risk(parent, child, play), risk(parent, child, danger)) == (("none", True), ("urgent", False))
    told = {"level": "unless", "kind": "suicidal_child", "phrase": "wants to die like"}
    phrase = curation.propose_phrase(by=curator, **told)
    assert risk(parent, child, play) == ("none", True)
    curation.approve_phrase(phrase, by=second_curator)
    assert (risk(parent, child, play), risk(parent, child, danger)) == (("none", False), ("urgent", False))


@pytest.mark.parametrize("odd", ["..", "die ..", ".. die", "@nothing here", "<b>die</b>"])
def test_a_phrase_that_cannot_be_read_is_refused_at_the_desk(odd: str, desk: Client) -> None:
    told = {"kind": "suicidal_child", "level": "urgent", "phrase": odd}
    answer = desk.post(reverse("admin:guidance_riskphrase_add"), told)
    assert answer.status_code == 200 and "phrase" in answer.context["adminform"].form.errors
    assert escape(odd) in answer.text and not RiskPhrase.objects.exists()


def test_a_phrase_is_never_changed(desk: Client, curator: User) -> None:
    phrase = curation.propose_phrase(by=curator, level="soft", kind="suicidal_child", phrase="zebra crossing")
    page = reverse("admin:guidance_riskphrase_change", args=[phrase.pk])
    desk.post(page, {"phrase": "other", "level": "urgent", "kind": "violence_at_home", "state": "approved"})
    assert list(RiskPhrase.objects.values_list("phrase", "level", "state")) == [("zebra crossing", "soft", "proposed")]


def test_a_phrase_tried_is_counted_in_the_risk_texts() -> None:
    found = bench.try_phrase(safety.added([("urgent", "suicidal_child", "wants|want to die")]))
    assert found.texts == len(bench.risk_texts()) and found.urgent > found.harmless
    common = bench.try_phrase(safety.added([("urgent", "suicidal_child", "the")]))
    assert common.harmless > len(common.examples) == 5


def test_without_a_library_risk_is_judged_by_the_shipped_phrases(
    curator: User, second_curator: User, parent: User, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrase = curation.propose_phrase(by=curator, level="urgent", kind="suicidal_child", phrase="zebra crossing")
    curation.approve_phrase(phrase, by=second_curator)

    def fails() -> None:
        raise ValueError("no library")

    monkeypatch.setattr("journal.moments.current_library", fails)
    saved = log(parent, child, words="He said he wants to die.")
    assert saved.risk_level == "urgent" and not saved.suggestions.exists()
    assert risk(parent, child) == ("none", False)
