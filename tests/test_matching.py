"""The matcher: the stance rule, gates, silence, words read with negation and time in mind."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guidance import safety
from guidance.management.commands.evaluate_matching import lines_of
from guidance.management.commands.match_moments import answer, situation_of
from guidance.matching import Gate, History, Phase, RiskLevel, Situation, Stance, match
from guidance.matching.load import current_library
from guidance.matching.match import SAID
from guidance.matching.phrases import Lexicon, sentences
from guidance.matching.ranking import (
    CONDITIONS,
    FAINTLY,
    FITS,
    FITS_FAINTLY,
    anything_fits,
    features,
    rank,
    with_reasons,
)
from guidance.matching.values import Risk
from guidance.models import Signal
from guidance.shipping import SHIPPED

pytestmark = pytest.mark.django_db

SIGNALS = [
    line.split('"')[1] for line in (SHIPPED / "signals.toml").read_text().splitlines() if line.startswith("slug")
]
chips = st.frozensets(st.sampled_from(SIGNALS), max_size=8)
ages = st.none() | st.integers(0, 240)
histories = st.sampled_from(list(History))


@pytest.fixture(scope="module")
def library(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return current_library()


@given(tapped=chips, age=ages, history=histories, great=st.booleans(), going=st.booleans(), words=st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_the_matcher_never_raises_and_gives_the_same_answer_twice(library, tapped, age, history, great, going, words):
    situation = Situation(tapped, words, age, history, great, going)
    assert match(situation, library) == match(situation, library)


@given(tapped=chips, age=ages, great=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_hard_place_never_gets_space_nor_practice_first(library, tapped, age, great):
    guidance = match(Situation(tapped, "", age, History.YES, great), library)
    shown = [library.by_slug[chosen.slug] for chosen in guidance.passages]
    responses = {entry.slug: entry for entry in library.responses}
    assert all(passage.stance != "space" and passage.slug != "comfort-16" for passage in shown)
    assert not shown or shown[0].frame != "practice"
    assert all(responses[chosen.slug].stance != "space" for chosen in guidance.responses)


@given(tapped=chips, age=ages, great=st.booleans())
@settings(max_examples=150, deadline=None)
def test_an_ordinary_history_never_gets_closer_nor_loss_first(library, tapped, age, great):
    guidance = match(Situation(tapped, "", age, History.NO, great), library)
    shown = [library.by_slug[chosen.slug] for chosen in guidance.passages]
    responses = {entry.slug: entry for entry in library.responses}
    assert all(passage.stance != "closer" for passage in shown)
    assert not shown or shown[0].frame != "loss"
    assert all(responses[chosen.slug].stance != "closer" for chosen in guidance.responses)


@given(tapped=chips, age=ages)
@settings(max_examples=150, deadline=None)
def test_with_no_history_known_space_stands_before_closer(library, tapped, age):
    guidance = match(Situation(tapped, "", age), library)
    stances = [library.by_slug[chosen.slug].stance for chosen in guidance.passages]
    if "closer" in stances:
        assert "space" in stances[: stances.index("closer")]


@given(tapped=chips, age=ages, history=histories)
@settings(max_examples=150, deadline=None)
def test_the_three_shown_differ_in_what_they_offer(library, tapped, age, history):
    shown = match(Situation(tapped, "", age, history), library).passages
    offers = [library.by_slug[chosen.slug].offers or chosen.slug for chosen in shown]
    assert len(set(offers)) == len(offers)


@given(tapped=st.lists(st.sampled_from(SIGNALS), max_size=8, unique=True), seed=st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_the_order_of_chips_does_not_matter(library, tapped, seed):
    shuffled = seed.sample(tapped, len(tapped))
    assert match(Situation(frozenset(tapped)), library) == match(Situation(frozenset(shuffled)), library)


def test_a_hint_in_the_words_is_no_reason_to_name_and_is_said_to_be_faint(library):
    present = features(Situation(), {"pushed_away": 1.0}, History.UNKNOWN)
    (chosen,) = [one for one in rank(library, present, []) if one.slug == "comfort-8"]
    assert library.by_slug["comfort-8"].weights["pushed_away"]
    assert with_reasons(chosen, library, present, {"pushed_away"}).reasons == ("pushed_away",)
    assert with_reasons(chosen, library, present, set()).reasons == (FAINTLY,)


@given(tapped=chips, words=st.sampled_from(["he pushed me away and ran off", "she screamed and i snapped at her", ""]))
@settings(max_examples=80, deadline=None)
def test_reasons_name_only_what_was_tapped_or_read_and_what_ranked(library, tapped, words):
    guidance = match(Situation(tapped, words), library)
    for chosen in guidance.passages:
        weights = library.by_slug[chosen.slug].weights
        hinted = any(weights.get(slug) for slug, _chance in guidance.reading.hints)
        assert chosen.reasons or not any(weights.get(signal) for signal in guidance.signals)
        if chosen.reasons == (FAINTLY,):
            assert hinted
        else:
            assert all(weights.get(reason) for reason in chosen.reasons)
            assert all(reason in guidance.signals or reason in CONDITIONS for reason in chosen.reasons)


def test_where_many_chips_say_a_little_each_the_strongest_is_named(library):
    (passage,) = [one for one in library.for_parents if one.slug == "comfort-8"]
    known = sorted(name for name in passage.weights if name in library.signals)
    assert len(known) > 5
    even = replace(library, passages=(replace(passage, weights=dict.fromkeys(known, 0.5)),))
    present = features(Situation(frozenset(known)), dict.fromkeys(known, 1.0), History.UNKNOWN)
    (chosen,) = rank(even, present, [])
    assert with_reasons(chosen, even, present, set(known)).reasons == (known[0],)
    assert with_reasons(chosen, even, present, set()).reasons == (FAINTLY,)


def test_an_ordinary_history_is_a_reason_only_where_there_is_no_other(library):
    (passage,) = [one for one in library.for_parents if one.slug == "comfort-8"]
    one = replace(passage, weights={"history_no": 1.0, "hid": 0.6})
    alone = replace(library, passages=(one,))
    for tapped, reasons in ((frozenset({"hid"}), ("hid",)), (frozenset(), ("history_no",))):
        present = features(Situation(tapped), dict.fromkeys(tapped, 1.0), History.NO)
        (chosen,) = rank(alone, present, [])
        assert with_reasons(chosen, alone, present, tapped).reasons == reasons


def test_no_response_speaks_for_what_the_parent_was_only_asked_about(library):
    """ "I walked off" is not to be said by somebody whose child did."""
    entries = {entry.slug: entry for entry in library.responses}
    doubted_once = set()
    for words in (line["text"] for line in lines_of("moments")):
        guidance = match(Situation(words=words), library)
        doubted = {one.slug for one in guidance.reading.signals if one.doubtful and one.certainty < SAID}
        doubted_once |= doubted
        for chosen in guidance.responses:
            asked = entries[chosen.slug].signals
            assert not asked or asked & (guidance.signals - doubted), chosen.slug
    assert doubted_once


def test_what_has_nothing_to_do_with_a_child_is_met_with_silence(library):
    for words in ("the plumber cancelled and its raining, boring tuesday", "my parcel never came and the bus was late"):
        assert not match(Situation(words=words), library).passages


def test_faint_signals_must_say_more_than_sure_ones_before_anything_fits(library):
    (passage,) = [one for one in library.for_parents if one.slug == "comfort-8"]
    one = replace(library, passages=(replace(passage, weights={"hid": 1.0}),))

    def fits(sure: dict[str, float], faint: dict[str, float], elsewhere: bool = False) -> bool:
        return anything_fits(one, sure, faint, frozenset(), elsewhere)

    assert fits({"hid": FITS}, {}) and not fits({"hid": FITS - 0.01}, {})
    assert fits({}, {"hid": FITS_FAINTLY}) and not fits({}, {"hid": FITS_FAINTLY - 0.01})
    assert not fits({"hid": 1.0}, {}, elsewhere=True)


def test_an_apostrophe_alone_is_no_word(library):
    for words in ("ʼ", "ʼʼ's", "ʼ he hid"):
        assert all(token.word and token.bare for tokens, _ in sentences(words) for token in tokens)
        match(Situation(words=words), library)


def test_the_shortest_cry_for_help_finds_something(library):
    for words in ("he wont let me hug him / what do i do", "she hates me. what now", "i yelled at her again"):
        assert match(Situation(words=words), library).passages


@given(tapped=chips, added=st.sampled_from(SIGNALS), history=histories)
@settings(max_examples=150, deadline=None)
def test_an_added_chip_raises_only_passages_with_a_weight_for_it(library, tapped, added, history):
    def scores(chips):
        present = features(Situation(chips), dict.fromkeys(chips, 1.0), history)
        return {chosen.slug: chosen.score for chosen in rank(library, present, [])}

    before, after = scores(tapped), scores(tapped | {added})
    for slug, score in after.items():
        if added in tapped or not library.by_slug[slug].weights.get(added):
            assert score == pytest.approx(before[slug])
        else:
            assert score > before[slug]


@given(tapped=chips, age=ages, history=histories, great=st.booleans(), going=st.booleans())
@settings(max_examples=200, deadline=None)
def test_responses_are_few_fit_the_age_and_one_is_for_now(library, tapped, age, history, great, going):
    guidance = match(Situation(tapped, "", age, history, great, going), library)
    entries = {entry.slug: entry for entry in library.responses}
    chosen = [entries[response.slug] for response in guidance.responses]
    assert len(chosen) <= 6
    for phase in Phase:
        assert sum(entry.phase is phase for entry in chosen) <= 2
    if guidance.passages:
        assert any(entry.phase is Phase.NOW for entry in chosen)
    for entry in chosen:
        assert not entry.not_when & set(guidance.gates)
        if age is not None:
            assert (entry.from_months or 0) <= age < (entry.to_months or 10_000)


@given(tapped=chips, age=ages, history=histories)
@settings(max_examples=100, deadline=None)
def test_gates_never_empty_what_is_shown(library, tapped, age, history):
    calm = match(Situation(tapped, "", age, history), library)
    stormy = match(Situation(tapped, "", age, history, great_intensity=True), library)
    assert bool(calm.passages) == bool(stormy.passages)


def test_passages_for_therapists_are_never_among_a_parents(library):
    audiences = {passage.slug: passage.audience for passage in library.passages}
    assert "therapist" in audiences.values()
    for signal in SIGNALS:
        guidance = match(Situation(frozenset({signal})), library)
        assert all(audiences[slug] != "therapist" for slug in guidance.ranked)


def test_nothing_said_is_nothing_shown(library):
    guidance = match(Situation(words="which stroller should we buy"), library)
    assert guidance.passages == () and guidance.stance is Stance.NONE


def test_a_child_afraid_of_somebody_gets_no_stance(library):
    words = "she screamed and hid, she is terrified to go to her dads and begs not to go"
    guidance = match(Situation(words=words), library)
    assert Gate.AFRAID in guidance.gates and guidance.stance is Stance.NONE


def test_the_parents_own_pause_comes_first_after_yelling(library):
    guidance = match(Situation(frozenset({"parent_yelled", "pushed_away"})), library)
    assert guidance.responses[0].phase is Phase.FOR_YOU


def test_a_hard_place_told_in_the_words_counts_until_the_family_answers(library):
    words = "our foster son shoved me away and screamed"
    assert match(Situation(words=words), library).history is History.YES
    answered = match(Situation(words=words, history=History.NO), library)
    assert answered.history is History.NO and answered.history_conflict


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("he ran off", True),
        ("He RAN off!", True),
        ("he didn't run, he ran off", True),
        ("he never ran off", False),
        ("last year he ran off", False),
        ("he ran, then switched it off", False),
        ("she’s run off", False),
    ],
)
def test_phrases_mind_negation_time_and_clauses(text, found):
    lexicon = Lexicon({"ran_off": ["ran off"]})
    assert bool(lexicon.find(text)) is found


def test_a_possessive_is_the_same_word():
    assert Lexicon({"x": ["husband .. controlling"]}).find("My husband's very controlling")


def test_an_unknown_class_in_a_phrase_is_refused():
    with pytest.raises(ValueError, match="no class"):
        Lexicon({"x": ["@nobody ran"]})


@pytest.mark.parametrize(
    "text",
    [
        "he says he wants to die",
        "she told me she doesn't want to be alive any more",
        "my husband hits me",
        "i was so scared i would hurt the baby",
        "she is not breathing",
        "grandpa used to touch her in the bath",
        "i said no and now he says he wants to die",
    ],
)
def test_words_of_danger_are_urgent(text):
    assert safety.judge([text]).level is RiskLevel.URGENT


@pytest.mark.parametrize(
    "text",
    [
        "we could have died laughing",
        "this kid will be the death of me",
        "i am dying to see what she drew",
        "he screamed and slammed the door and said he hates me",
        "he kicked the football at the wall",
    ],
)
def test_figures_of_speech_and_plain_storms_are_not_risk(text):
    assert safety.judge([text]).level is RiskLevel.NONE


def test_the_chip_hurt_self_is_concern_and_urgent_once_dying_was_talked_of():
    assert safety.judge([], signals=["hurt_self"]).level is RiskLevel.CONCERN
    assert safety.judge([], signals=["hurt_self"], talked_of_dying=True).level is RiskLevel.URGENT


def test_not_sure_if_everyone_is_safe_is_concern():
    assert safety.judge([""], unsure_if_safe=True).level is RiskLevel.CONCERN


def test_not_sure_names_what_it_was_asked_for(monkeypatch):
    monkeypatch.setattr(safety, "_of_words", lambda *_: Risk(soft_check=True, kinds=("suicidal_child",)))
    asked, unsure = (
        safety.judge(["one less at the table"]),
        safety.judge(["one less at the table"], unsure_if_safe=True),
    )
    assert (asked.level, asked.kinds, asked.soft_check) == (RiskLevel.NONE, (), True)
    assert (unsure.level, unsure.kinds) == (RiskLevel.CONCERN, ("suicidal_child",))


def test_the_command_answers_each_line_in_the_agreed_shape(library):
    judged = {signal.slug for signal in Signal.objects.filter(is_judged=True)}
    for line in (SHIPPED / "judged" / "moments.jsonl").read_text().splitlines()[:5]:
        asked = json.loads(line)
        situation = situation_of(asked)
        given_answer = answer(asked["id"], match(situation, library), situation.risk, judged)
        assert set(given_answer) == {
            "id", "ranked", "shown", "responses", "signals", "stance", "risk", "soft_check", "risk_kind", "reasons",
        }  # fmt: skip
        assert len(given_answer["ranked"]) == 10 and len(given_answer["shown"]) <= 3


def test_talk_of_dying_brings_what_to_ask_first_and_nothing_but_safety(library):
    situation = situation_of({"id": "x", "text": "he told me he wants to die and hit his head on the wall"})
    guidance = match(situation, library)
    assert situation.risk.level is RiskLevel.URGENT
    assert guidance.responses[0].slug in {"ask-plainly-about-dying", "stay-and-call-together"}
    assert all(response.reason.startswith(("gate:", "signal:")) for response in guidance.responses)
