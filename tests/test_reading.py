"""Words into signals: phrases with negation, the model beside them, languages we cannot read, marks in the words."""

import tomllib

import numpy as np
import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from guidance import safety
from guidance.matching import RiskLevel, Situation, match
from guidance.matching.language import is_english
from guidance.matching.linear import Linear, Size, chunks, parts, together
from guidance.matching.load import current_library, lexicon_of, shipped_classes
from guidance.matching.phrases import NEGATORS, Hit, sentences
from guidance.matching.reading import CLAUSE, read
from guidance.matching.training import Example, Trust, cut_up, fitted_to, rows_of_parts, save
from guidance.shipping import SHIPPED
from journal import moments
from journal.shown import marked, show
from tests.conftest import log

pytestmark = pytest.mark.django_db

PHRASES = [
    (entry["slug"], phrase)
    for entry in tomllib.loads((SHIPPED / "signals.toml").read_text(encoding="utf-8"))["signal"]
    for phrase in entry["phrases"]
]


@pytest.fixture(scope="module")
def library(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return current_library()


def heard(library, text: str) -> set[str]:
    return {signal.slug for signal in read(sentences(text), library).signals}


@st.composite
def spoken(draw):
    """A phrase of the list as somebody would say it: one word for each place, nothing in the gaps."""
    slug, phrase = draw(st.sampled_from(PHRASES))
    words = []
    for part in phrase.split():
        if part in ("..", "..."):
            continue
        options = [one for option in part.split("|") for one in _words(option)]
        words.append(draw(st.sampled_from(options)).rstrip("*"))
    return slug, phrase, " ".join(words)


def _words(option: str) -> list[str]:
    return shipped_classes()[option[1:]] if option.startswith("@") else [option]


@given(said=spoken())
@settings(max_examples=200, deadline=None)
def test_adding_not_flips_a_phrase(said):
    slug, phrase, text = said
    if {word for part in phrase.split() for option in part.split("|") for word in _words(option)} & NEGATORS:
        return  # the phrase holds its own "not"
    if len(sentences(f"not {text}")[0][0]) > 1 and sentences(f"not {text}")[0][0][1].clause != 0:
        return  # it begins a clause of its own: "not, so much for me"
    lexicon = lexicon_of({slug: phrase})
    found = {hit.phrase for hit in lexicon.find(text)}
    denied = {hit.phrase for hit in lexicon.find(f"not {text}")}
    assert phrase in found
    assert phrase not in denied


@pytest.mark.parametrize(
    ("told", "denied", "slug"),
    [
        ("he hit me", "he didn't hit me", "hit_or_kicked"),
        ("she ran off down the street", "she hasn't run off since", "ran_off"),
        ("i yelled at her", "i did not yell at her", "parent_yelled"),
        ("he slammed the door", "he never slammed the door", "slammed_door"),
        ("she hid under the bed", "last year she used to hide under the bed", "hid"),
    ],
)
def test_what_did_not_happen_or_is_long_past_is_not_read(library, told, denied, slug):
    assert slug in heard(library, told)
    assert slug not in heard(library, denied)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("she screemed and screemd for an hour", "screamed_or_tantrum"),
        ("he kiked me and bitt me when i came close", "hit_or_kicked"),
        ("i was so exausted i couldnt think", "parent_exhausted"),
    ],
)
def test_misspelt_words_are_read(library, text, slug):
    assert slug in heard(library, text)


@pytest.mark.parametrize(
    "text",
    [
        "Er hat mich weggestoßen und geschrien, ich soll weggehen. Ich war so müde.",
        "Mi hijo me empujó y se encerró en su cuarto, dice que me odia y no quiere hablar conmigo",
        "hij duwde me weg en was heel boos op me, ik weet niet wat ik moet doen, we waren in de winkel",
        "Córka mnie odepchnęła i uciekła do pokoju, nie wiem co robić",
        "мой сын оттолкнул меня",
        "ابني دفعني بعيدا وركض إلى غرفته",
    ],
)
def test_another_language_is_said_to_be_unread_and_asked_about(library, text):
    reading = read(sentences(text), library)
    assert reading.unread
    assert not reading.signals
    assert safety.judge([text]).soft_check


def test_every_training_text_is_taken_for_english():
    lines = [line for path in (SHIPPED / "judged").glob("[mw]*.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) >= 50
    assert all(is_english(sentences(line)) for line in lines)


def test_words_in_another_language_leave_the_chips_to_speak(parent, child, parents):
    moment = log(parent, child, "pushed_away", words="Er hat mich weggestoßen und geschrien, ich soll weggehen.")
    assert moment.suggestions.get().words_unread
    assert show(moment).guidance.passages
    page = parents.get(reverse("moment", args=[moment.code])).content.decode()
    assert "We can only read English so far" in page


def test_words_that_were_read_are_marked_for_their_author(parent, child, parents):
    moment = log(parent, child, "limit_set", words="We had tea. Then she slammed the door & cried.")
    stretches = dict(show(moment).words)
    assert any("slammed the door" in stretch for stretch, is_marked in stretches.items() if is_marked)
    assert "".join(stretch for stretch, _ in show(moment).words) == moment.words
    page = parents.get(reverse("moment", args=[moment.code])).content.decode()
    assert "<mark>she slammed the door</mark> &amp; cried" in page


def test_marks_never_outlive_the_words_they_count(parent, child, monkeypatch):
    moment = log(parent, child, "limit_set", words="Then she slammed the door and cried.")
    monkeypatch.setattr(moments, "match", lambda *given: 1 / 0)
    words = "Quite another evening, and nothing of that kind happened."
    moments.revise(moment, by=parent, words=words)
    assert show(moment).words == [(words, False)]


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)).map(sorted), max_size=6))
def test_cutting_the_words_at_marks_loses_nothing(words, marks):
    assert "".join(stretch for stretch, _ in marked(words, marks)) == words


def test_a_read_signal_counts_as_far_as_it_is_certain(library):
    words = "she slammed the door"
    (read_one,) = [one for one in read(sentences(words), library).signals if one.slug == "slammed_door"]
    assert 0 < read_one.certainty < 1
    by_words = {one.slug: one.score for one in match(Situation(words=words), library).passages}
    by_chip = match(Situation(tapped=frozenset({"slammed_door"})), library).passages
    assert by_chip
    assert all(by_words.get(one.slug, 0) <= one.score + 0.1 for one in by_chip)


def test_a_model_is_plain_sums_of_its_numbers():
    """Words share a chunk's say: here three, with a pair for each."""
    weights = {"ran": {"ran": 3 * 6**0.5}, "!ran": {"ran": -1.0}, "@hid": {"hid": 2.0}}
    model = Linear({"ran": -2.0, "hid": -2.0}, weights, {})
    words = "then she ran"
    ran, hid = model.hear(parts(sentences(words), [Hit("hid", 0, 4, "then")], CLAUSE))
    assert (ran.label, round(ran.chance, 3)) == ("ran", 0.731)
    assert (hid.label, hid.chance) == ("hid", 0.5)
    begin, end = model.stretch(ran)
    assert words[begin:end] == "ran"
    (denied, _) = model.hear(parts(sentences("she has not ran"), [], CLAUSE))
    assert round(denied.chance, 3) == 0.087
    assert model.hear([]) == []


def test_one_word_says_less_in_a_long_chunk_than_in_a_short_one():
    model = Linear({"ran": 0.0}, {"ran": {"ran": 4.0}}, {})
    short, long = (model.chances(["ran", *["word"] * more])[0] for more in (3, 15))
    assert short > long > 0.5


def test_a_model_read_from_its_file_says_what_it_said_in_training(tmp_path):
    """Product and training each have the sums: they must not drift apart."""
    words = [
        "she ran off",
        "he ran away again",
        "he ran",
        "and then they ran",
        "she hid",
        "we had tea",
        "she sat by me",
    ]
    examples = [Example(one, {"ran": ("ran",)} if "ran" in one else {}, "w") for one in words]
    cut = cut_up(examples, CLAUSE, lambda text: (sentences(text), [Hit("ran", 0, 2, "she")] * ("off" in text)))
    rows = rows_of_parts(cut, examples, ["ran"], Trust(phrase=1.0, word=1.0, piece=1.0, smallest=0.0))
    save(rows, ["ran"], {}, tmp_path / "model.json")
    model = Linear.from_file(tmp_path / "model.json")
    intercept, coefficients = fitted_to(rows, np.ones(len(words), dtype=bool), 0)
    trained = expit(rows.matrix @ coefficients + intercept)
    read_back = [model.chances(found)[0] for ((_chunk, found),) in cut]
    assert read_back == pytest.approx(trained, abs=0.01)
    assert min(read_back[place] for place in range(4)) > 0.6 > 0.5 > max(read_back[place] for place in range(4, 7))


def test_short_sentences_are_heard_with_their_neighbours_but_never_over_another_time():
    cut = sentences("I held out my arms. She said no. Last year she used to come to me. He slept.")
    before, after = chunks(cut, Size(12, 18))
    assert [token.word for token in before] == "i held out my arms she said no".split()
    assert [token.word for token in after] == ["he", "slept"]
    assert len(list(chunks(cut, Size(5, 18)))) == 3


def test_the_second_look_knows_how_surely_each_signal_was_heard_in_the_parts():
    cut = parts(sentences("She ran off"), [], CLAUSE)
    found = together(cut, {"ran_off": 0.4, "hid": 0.01})
    assert {name for name in found if name.startswith("~")} == {f"~ran_off {step}" for step in (0.03, 0.1, 0.2, 0.3)}
    assert "ran off" in found and not any(name.startswith("#") for name in found)


def test_what_two_sentences_tell_together_is_surer_than_chance_would_have_it(library):
    """Open arms in one, a child who will not have them in the other."""

    def chance(text: str) -> float:
        reading = read(sentences(text), library)
        sure = {one.slug: one.certainty for one in reading.signals} | dict(reading.hints)
        return sure.get("refused_comfort", 0.0)

    one, other = "He fell off the swing. I knelt down with open arms.", "He shook his head and told me to leave."
    assert chance(f"{one} {other}") > 1 - (1 - chance(one)) * (1 - chance(other))


def test_what_cannot_be_read_is_never_called_safe():
    assert safety.judge(["on chce się zabić i nie wiem co mam teraz zrobić z tym wszystkim"]).level is RiskLevel.NONE
    assert safety.judge(["on chce się zabić i nie wiem co mam teraz zrobić z tym wszystkim"]).soft_check


@pytest.mark.parametrize(
    "text",
    [
        "Which primary school would you choose, the small one in the village or the big one near my work? She starts "
        "in September and the deadline for the form is next week.",
        "My baby is six months and I want to start solids. Purees or finger food first, and how much milk then?",
    ],
)
def test_words_about_something_else_get_silence_and_not_a_made_up_match(library, text):
    assert read(sentences(text), library).elsewhere
    around = frozenset({"transition_battle", "bedtime_battle"})
    assert match(Situation(around), library).passages
    assert not match(Situation(around, words=text), library).passages
    assert match(Situation(frozenset({"pushed_away"}), words=text), library).passages
