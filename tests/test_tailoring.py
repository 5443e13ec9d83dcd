"""What a therapist recommends, laid over what the matcher returns: no gate, risk or stance is bent by it."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guidance.matching import Gate, History, Phase, RiskLevel, Situation, match
from guidance.matching.load import current_library
from guidance.matching.values import Risk
from guidance.shipping import SHIPPED
from journal.recommending import FROM_THERAPIST, STANCE_SET, Advice, Item, tailor

pytestmark = pytest.mark.django_db

SIGNALS = [
    line.split('"')[1] for line in (SHIPPED / "signals.toml").read_text().splitlines() if line.startswith("slug")
]
AFRAID = "she screamed and hid, she is terrified to go to her dads and begs not to go"


@pytest.fixture(scope="module")
def library(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return current_library()


# Laid over what the matcher returns


def told(*chips, **details):
    return Situation(frozenset(chips or {"pushed_away"}), **({"age_months": 84} | details))


def advice(kind, *, chips=(), key=1, **details):
    known = {"passage": "", "response": "", "phase": "", "stance": ""} | details
    return Advice(key=key, kind=kind, signals=frozenset(chips), **known)


def laid_over(situation, library, *given):
    return tailor(match(situation, library), situation, library, given)


def as_it_was(guidance):
    passages = [Item(one.wording, one.reasons) for one in guidance.passages]
    return passages + [Item(one.wording, (one.reason,)) for one in guidance.responses]


def slugs(items, library):
    """Items by their slug in the library, None for a therapist's own words."""
    names = {entry.wording: entry.slug for entry in (*library.passages, *library.responses)}
    return [names.get(item.wording) for item in items]


def split(items, library):
    """The passages, and the responses."""
    passages = {entry.wording for entry in library.passages}
    return [one for one in items if one.wording in passages], [one for one in items if one.wording not in passages]


situations = st.builds(
    Situation,
    tapped=st.frozensets(st.sampled_from(SIGNALS), max_size=6),
    words=st.sampled_from(["", AFRAID]),
    age_months=st.none() | st.integers(0, 240),
    history=st.sampled_from(list(History)),
    great_intensity=st.booleans(),
    still_going=st.booleans(),
)
PASSAGES = "comfort-8 comfort-9 comfort-16 comfort-3 dance-11 dance-10 dance-4 door-8 healing-1".split()
RESPONSES = (
    "a-few-steps-off lower-and-a-little-nearer ask-hug-or-sit answer-the-small-return one-soft-look limit-step-out "
    "limit-own-it-afterwards still-here-and-still-like-you storm-too-big-alone"
).split()
chips = st.frozensets(st.sampled_from(SIGNALS), max_size=3)
keys = st.integers(1, 99)


def recommended(*kinds, stances=("", "space", "closer")):
    known = {"kind": st.sampled_from(kinds), "chips": chips, "key": keys, "stance": st.sampled_from(stances)}
    phases = st.sampled_from([phase.value for phase in Phase])
    return st.lists(
        st.builds(advice, passage=st.sampled_from(PASSAGES), **known)
        | st.builds(advice, response=st.sampled_from(RESPONSES), **known)
        | st.builds(advice, st.just("write"), phase=phases, chips=chips, key=keys),
        max_size=8,
        unique_by=lambda one: one.key,
    )


anything = recommended("pin", "hide", "reword")


@given(situation=situations)
@settings(max_examples=100, deadline=None)
def test_without_advice_the_guidance_is_shown_as_the_matcher_gave_it(library, situation):
    guidance = match(situation, library)
    assert tailor(guidance, situation, library, []) == as_it_was(guidance)


@given(situation=situations, given=anything)
@settings(max_examples=80, deadline=None)
def test_the_same_question_gets_the_same_answer_and_the_guidance_stays_as_it_was(library, situation, given):
    guidance, before = match(situation, library), list(given)
    assert tailor(guidance, situation, library, given) == tailor(guidance, situation, library, iter(given))
    assert guidance == match(situation, library) and given == before


@given(situation=situations, given=anything)
@settings(max_examples=100, deadline=None)
def test_what_a_gate_brought_stays_and_no_advice_stands_before_it(library, situation, given):
    guidance = match(situation, library)
    responses = split(tailor(guidance, situation, library, given), library)[1]
    by_gate = [one.wording for one in guidance.responses if not one.reason.startswith("passage:")]
    places = [place for place, item in enumerate(responses) if item.wording in by_gate]
    advised = [place for place, item in enumerate(responses) if FROM_THERAPIST in item.reasons]
    assert [responses[place].wording for place in places] == by_gate
    assert not places or not advised or max(places) < min(advised)


@given(situation=situations, given=recommended("pin", "reword"))
@example(situation=told(), given=[advice("write", phase="for_you", key=key) for key in range(7)])
@settings(max_examples=100, deadline=None)
def test_there_are_three_passages_and_six_responses_at_most_none_twice_and_one_for_now(library, situation, given):
    guidance = match(situation, library)
    passages, responses = split(tailor(guidance, situation, library, given), library)
    phases = {entry.wording: entry.phase.value for entry in library.responses}
    written = {one.key: one.phase for one in given if one.kind == "write"}
    known = [item.wording for item in (*passages, *responses) if item.wording]
    assert len(passages) <= 3 and len(responses) <= 6 and len(known) == len(set(known))
    spoken = [phases.get(one.wording) or written[one.recommendation] for one in responses]
    assert max(Counter(spoken).values(), default=0) <= 2
    if any(one.phase is Phase.NOW for one in guidance.responses):
        assert "now" in spoken


@given(situation=situations, given=anything, urgent=st.booleans())
@settings(max_examples=80, deadline=None)
def test_while_somebody_is_in_danger_nothing_is_changed(library, situation, given, urgent):
    tapped = situation.tapped if urgent else situation.tapped | {"ran_into_danger"}
    risk = Risk(RiskLevel.URGENT, ("suicidal_child",)) if urgent else Risk()
    danger = told(*tapped, history=situation.history, risk=risk)
    assert Gate.DANGER_NOW in match(danger, library).gates
    assert laid_over(danger, library, *given) == laid_over(danger, library)


@given(situation=situations, given=recommended("pin", "hide", "reword", stances=[""]))
@settings(max_examples=100, deadline=None)
def test_without_a_stance_that_was_set_nothing_crosses_the_stance_rule(library, situation, given):
    history = match(situation, library).history
    items = laid_over(situation, library, *given)
    entries = {entry.wording: entry for entry in (*library.passages, *library.responses)}
    pinned = [entries[item.wording] for item in items if item.wording and FROM_THERAPIST in item.reasons]
    against = "space" if history is History.YES else "closer"
    assert not any(STANCE_SET in item.reasons for item in items) and against not in [one.stance for one in pinned]
    first = [entries[item.wording].frame for item in split(items, library)[0][:1]]
    assert history is not History.YES or (first != ["practice"] and "comfort-16" not in slugs(items, library))
    assert history is not History.NO or first != ["loss"]


ALWAYS = ("", "space", "closer")


@pytest.mark.parametrize(
    ("history", "sort", "slug", "stances"),
    [
        ("no", "passage", "dance-11", ["closer"]),
        ("no", "passage", "dance-4", ["closer"]),
        ("no", "response", "lower-and-a-little-nearer", ["closer"]),
        ("no", "response", "still-here-and-still-like-you", ["closer"]),
        ("yes", "passage", "comfort-8", ["space"]),
        ("yes", "passage", "comfort-3", ["space"]),
        ("yes", "response", "right-here-come-when-you-want", ["space"]),
        ("yes", "passage", "comfort-16", []),
        ("unknown", "passage", "dance-11", ["closer"]),
        ("unknown", "passage", "dance-4", ["closer"]),
        ("unknown", "response", "lower-and-a-little-nearer", ["closer"]),
        ("no", "passage", "comfort-16", ALWAYS),
        ("no", "passage", "door-6", ALWAYS),
        ("yes", "passage", "dance-11", ALWAYS),
        ("unknown", "passage", "door-6", ALWAYS),
    ],
)
def test_a_pin_against_the_history_comes_only_with_that_stance_set_and_says_so(library, history, sort, slug, stances):
    situation = told(history=History(history))
    for stance in ALWAYS:
        items = laid_over(situation, library, advice("pin", chips={"pushed_away"}, stance=stance, **{sort: slug}))
        if stance in stances:
            first = split(items, library)[sort == "response"][0]
            assert slugs([first], library) == [slug] and (STANCE_SET in first.reasons) is (stances is not ALWAYS)
        else:
            assert items == laid_over(situation, library)


def test_with_a_stance_set_a_pin_without_chips_comes_where_it_would_fit_such_a_child(library):
    assert "dance-11" in match(told(history=History.YES), library).ranked
    first = laid_over(told(history=History.NO), library, advice("pin", passage="dance-11", stance="closer"))[0]
    assert slugs([first], library) == ["dance-11"] and STANCE_SET in first.reasons


def test_a_response_for_an_ordinary_history_is_bound_as_space_is(library):
    entries = [replace(one, history="no") if one.slug == "one-soft-look" else one for one in library.responses]
    bound, situation = replace(library, responses=tuple(entries)), told(history=History.YES)
    for stance, reasons in (("", ()), ("closer", ()), ("space", (FROM_THERAPIST, STANCE_SET))):
        pinned = advice("pin", response="one-soft-look", chips={"pushed_away"}, stance=stance)
        items = laid_over(situation, bound, pinned)
        said = [item.reasons for item in items if slugs([item], bound) == ["one-soft-look"]]
        assert said == [reasons] * bool(reasons), stance


def test_where_nothing_fits_a_stance_that_was_set_brings_nothing(library):
    nothing = Situation(frozenset(), age_months=84)
    assert not match(nothing, library).passages and "dance-11" in match(told(history=History.YES), library).ranked
    for one in ({"passage": "dance-11"}, {"response": "lower-and-a-little-nearer"}, {"response": "one-soft-look"}):
        for stance in ALWAYS:
            assert laid_over(nothing, library, advice("pin", stance=stance, **one)) == []


def test_where_no_passage_is_shown_none_is_pinned(library):
    tired = told("hungry_tired_ill")
    assert not match(tired, library).passages, "another situation is needed"
    pinned = advice("pin", passage="healing-1", chips={"hungry_tired_ill"})
    assert laid_over(tired, library, pinned) == as_it_was(match(tired, library))


def test_the_stance_of_a_pin_for_some_chips_brings_nothing_of_another_therapists(library):
    situation = told(history=History.NO)
    assert "healing-1" not in match(situation, library).ranked
    theirs = advice("pin", key=2, passage="healing-1")
    items = laid_over(
        situation, library, advice("pin", passage="dance-11", chips={"pushed_away"}, stance="closer"), theirs
    )
    assert slugs(items, library)[0] == "dance-11" and "healing-1" not in slugs(items, library)


def test_a_child_afraid_of_somebody_gets_no_stance_from_a_therapist_either(library):
    situation = told("hid", words=AFRAID)
    assert Gate.AFRAID in match(situation, library).gates
    for stance, slug in (("closer", "dance-11"), ("closer", "dance-4"), ("space", "door-6"), ("space", "comfort-3")):
        pinned = advice("pin", passage=slug, chips={"hid"}, stance=stance)
        assert laid_over(situation, library, pinned) == laid_over(situation, library)
    for stance, slug in (("closer", "safe-and-not-alone"), ("space", "right-here-come-when-you-want")):
        pinned = advice("pin", response=slug, chips={"hid"}, stance=stance)
        assert laid_over(situation, library, pinned) == laid_over(situation, library)
    neither = laid_over(situation, library, advice("pin", passage="healing-1", chips={"hid"}))
    assert slugs(neither, library)[0] == "healing-1"


@pytest.mark.parametrize(
    ("slug", "situation", "comes"),
    [
        ("five-and-under-the-table", told("hid", age_months=60), True),
        ("five-and-under-the-table", told("hid", age_months=35), False),
        ("five-and-under-the-table", told("hid", age_months=84), False),
        ("water-within-reach", told("hid"), True),
        ("water-within-reach", told("hid", great_intensity=True), False),
        ("when-would-you-like-to-talk", told("hid"), True),
        ("when-would-you-like-to-talk", told("hid", "sensory_overload"), False),
        ("let-it-land", told("hid"), False),
        ("let-it-land", told("hid", "good_moment"), True),
    ],
)
def test_a_pinned_response_keeps_to_its_ages_its_chips_and_its_limits(library, slug, situation, comes):
    items = laid_over(situation, library, advice("pin", response=slug, chips={"hid"}))
    assert (slug in slugs([one for one in items if FROM_THERAPIST in one.reasons], library)) is comes


@pytest.mark.parametrize(
    "one",
    [
        {"kind": "pin", "passage": "healing-1"},
        {"kind": "pin", "response": "one-soft-look"},
        {"kind": "write", "phase": "now"},
        {"kind": "reword", "passage": "comfort-8"},
    ],
    ids=lambda one: " ".join(one.values()),
)
def test_what_was_recommended_for_some_chips_comes_only_with_one_of_them(library, one):
    plain = laid_over(told(), library)
    assert laid_over(told(), library, advice(**one, chips={"homework_battle"})) == plain
    assert laid_over(told(), library, advice(**one, chips={"pushed_away", "homework_battle"})) != plain


def test_without_chips_a_text_of_the_library_comes_where_the_library_finds_that_it_fits(library):
    guidance = match(told(), library)
    fits = next(slug for slug in guidance.ranked[3:] if library.by_slug[slug].stance != "closer")
    assert slugs(laid_over(told(), library, advice("pin", passage=fits)), library)[0] == fits
    assert "comfort-14" not in guidance.ranked
    assert laid_over(told(), library, advice("pin", passage="comfort-14")) == as_it_was(guidance)


def test_what_is_hidden_is_gone_and_the_rest_stands_as_it_stood(library):
    guidance = match(told(), library)
    for slug in (one.slug for one in (*guidance.passages, *guidance.responses)):
        sort = "passage" if slug in library.by_slug else "response"
        left = [item for item in as_it_was(guidance) if slugs([item], library) != [slug]]
        assert laid_over(told(), library, advice("hide", **{sort: slug})) == left


def test_what_a_gate_brought_cannot_be_hidden(library):
    situation = told(history=History.YES, great_intensity=True)
    guidance = match(situation, library)
    by_gate = [one.slug for one in guidance.responses if not one.reason.startswith("passage:")]
    assert by_gate, "no gate is open"
    for slug in by_gate:
        assert laid_over(situation, library, advice("hide", response=slug)) == as_it_was(guidance)


def test_advice_that_changes_nothing_leaves_the_order_as_the_matcher_gave_it(library):
    situation = told(history=History.YES, great_intensity=True)
    guidance = match(situation, library)
    assert [one.reason.startswith("passage:") for one in guidance.responses][0::5] == [True, False], "no gate is last"
    for unheard in (
        advice("hide", passage="healing-1"),
        advice("pin", passage="dance-11", chips={"homework_battle"}),
        advice("reword", response="one-soft-look"),
    ):
        assert tailor(guidance, situation, library, [unheard]) == as_it_was(guidance)


def test_hiding_the_first_does_not_bring_loss_first_for_a_child_of_whom_no_loss_was_told(library):
    situation = told("child_got_hurt")
    first, second = match(situation, library).passages[:2]
    assert library.by_slug[second.slug].frame == "loss", "another situation is needed"
    left = slugs(laid_over(situation, library, advice("hide", passage=first.slug)), library)
    assert first.slug not in left and library.by_slug[left[0]].frame != "loss"


def test_reworded_words_stand_where_the_librarys_words_stood(library):
    plain = laid_over(told(), library)
    reworded = [advice("reword", key=7, passage="door-8"), advice("reword", key=8, response="a-few-steps-off")]
    items = laid_over(told(), library, *reworded)
    assert [(item.wording, item.reasons) for item in items] == [(item.wording, item.reasons) for item in plain]
    changed = dict(zip(slugs(items, library), [item.recommendation for item in items], strict=True))
    assert {slug: key for slug, key in changed.items() if key} == {"door-8": 7, "a-few-steps-off": 8}
    both = laid_over(told(), library, advice("pin", key=6, passage="door-8"), *reworded)
    assert slugs(both, library)[0] == "door-8" and both[0].recommendation == 7
    pinned = [advice("pin", key=6, response="one-soft-look", chips={"pushed_away"})]
    items = laid_over(told(), library, *pinned, advice("reword", key=7, response="one-soft-look"))
    keys = dict(zip(slugs(items, library), [item.recommendation for item in items], strict=True))
    assert keys["one-soft-look"] == 7


def test_while_it_goes_on_what_is_for_afterwards_waits_and_when_it_is_over_it_comes_first(library):
    later, soon = advice("write", phase="afterwards", key=1), advice("write", phase="now", key=2)
    storm = Situation(frozenset({"pushed_away"}))

    def said(situation):
        return [item.recommendation for item in split(laid_over(situation, library, later, soon), library)[1]]

    assert said(replace(storm, still_going=True))[0] == 2 and said(replace(storm, still_going=True))[-1] == 1
    assert said(storm)[:2] == [1, 2]


def test_of_two_therapists_words_for_the_same_the_newer_are_said(library):
    for sort in ({"passage": "comfort-8"}, {"passage": "healing-1", "chips": {"pushed_away"}}):
        kind = "reword" if len(sort) == 1 else "pin"
        newer, older = advice(kind, key=9, **sort), advice(kind, key=3, **sort)
        assert laid_over(told(), library, newer, older)[0].recommendation == 9


def test_the_stance_that_one_therapist_set_brings_nothing_of_another(library):
    pins = advice("pin", passage="dance-11", stance="closer"), advice("pin", key=2, passage="healing-1")
    assert "healing-1" not in slugs(laid_over(told(history=History.NO), library, *pins), library)


def test_two_therapists_who_pin_the_same_response_are_heard_once(library):
    pins = [advice("pin", response="one-soft-look", key=key, chips={"pushed_away"}) for key in (1, 2)]
    assert slugs(laid_over(told(), library, *pins), library).count("one-soft-look") == 1


def test_a_passage_for_therapists_never_stands_before_a_parent(library):
    assert library.by_slug["healing-3"].audience == "therapist"
    pinned = advice("pin", passage="healing-3", chips={"pushed_away"})
    assert laid_over(told(), library, pinned) == laid_over(told(), library)
