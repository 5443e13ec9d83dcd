"""How good the guidance is, measured: the measures themselves, the command, and a floor nobody may fall through."""

from io import StringIO

import pytest
from django.core.management import call_command

from guidance.management.commands.evaluate_matching import lines_of, taken_on
from guidance.matching.evaluation import counts, figures, ndcg, risk_counts
from guidance.matching.load import current_library

pytestmark = pytest.mark.django_db

VOCABULARY = frozenset({"ran_off", "hid", "slammed_door"})
STANCES = {"near": "space", "nearer": "closer"}
JUDGED = {
    "rel": {"near": 3.0, "hurt": 2.0, "tired": 1.0}, "none": False, "stance": "space", "risk": "none",
    "signals": ["ran_off", "hid"], "signals_maybe": ["said_hate"],
}  # fmt: skip
ANSWER = {
    "ranked": ["near", "hurt", "tired"], "shown": ["near", "hurt", "tired"], "risk": "none", "soft_check": False,
    "signals": ["ran_off", "said_hate", "slammed_door"],
}  # fmt: skip


def one(judged=(), **answer):
    return counts({**JUDGED, **dict(judged)}, {**ANSWER, **answer}, STANCES, VOCABULARY)


def test_the_best_order_is_worth_one_and_an_empty_answer_nothing():
    assert ndcg(["near", "hurt", "tired"], JUDGED["rel"]) == 1
    assert 0 < ndcg(["tired", "near"], JUDGED["rel"]) < 1
    assert ndcg([], JUDGED["rel"]) == 0
    assert one(ranked=["tired"])["first helpful"] == (0, 1)


def test_the_wrong_stance_first_is_an_error_and_the_right_one_before_it_is_none():
    assert one(shown=["nearer", "near"])["stance errors"] == (1, 1)
    assert one(shown=["near", "nearer"])["stance errors"] == (0, 1)
    assert "stance errors" not in one({"stance": "either"}, shown=["nearer"])


def test_a_signal_that_one_judge_alone_saw_counts_neither_way():
    found = one()
    assert found["signal precision"] == (1, 2)
    assert found["signal recall"] == (1, 2)


def test_where_nothing_fits_only_silence_is_right():
    assert one({"none": True, "rel": {}})["silent, nothing fits"] == (0, 1)
    assert one({"none": True, "rel": {}}, shown=[])["silent, nothing fits"] == (1, 1)
    assert one(shown=[])["silent otherwise"] == (1, 1)


def test_a_soft_check_is_half_a_flag_and_half_an_alarm():
    assert risk_counts("urgent", "none", True) == {"urgent as urgent": (0, 1), "urgent flagged": (0.5, 1)}
    assert risk_counts("concern", "urgent", False) == {"concern flagged": (1, 1)}
    assert risk_counts("none", "none", True) == {"false alarm": (0.5, 1)}


def test_intervals_hold_the_figure_and_come_out_the_same_twice():
    moments = [one(), one(ranked=["tired"]), one({"none": True, "rel": {}})]
    found = figures(moments)
    assert found == figures(moments)
    assert all(figure.low <= figure.value <= figure.high for figure in found.values())


def test_the_command_prints_both_modes_the_kinds_and_the_worst():
    out = StringIO()
    call_command("evaluate_matching", worst=2, stdout=out)
    said = out.getvalue()
    assert "in sample" in said
    assert "chips and words\n" in said
    assert "words and age alone\n" in said
    assert "a hard place" in said
    assert said.count("reasons") == 2


def test_the_sealed_part_is_scored_without_showing_a_word_of_it():
    out = StringIO()
    call_command("evaluate_matching", "sealed", stdout=out)
    assert "without an alarming word" in out.getvalue()
    assert not any(line["text"][:40] in out.getvalue() for line in lines_of("sealed"))


def test_guidance_does_not_fall_below_what_it_was():
    """In sample: a floor against accidents, no proof of quality."""
    library = current_library()
    chips, words = (figures(taken_on("moments", library, with_chips), resamples=1) for with_chips in (True, False))
    assert chips["nDCG@3"].value >= 0.76
    assert chips["first helpful"].value >= 0.88
    assert chips["stance errors"].value == 0
    assert words["nDCG@3"].value >= 0.72
    assert words["signal F1"].value >= 0.78
    assert words["silent, nothing fits"].value >= 0.8
    assert words["silent otherwise"].value <= 0.03
    assert words["urgent flagged"].value == 1
    assert words["false alarm"].value <= 0.12


def test_judged_moments_name_only_what_there_is():
    library = current_library()
    for part in ("moments", "written", "sealed"):
        for line in lines_of(part):
            assert set(line["signals"]) <= set(library.signals), line["id"]
            assert set(line["rel"]) <= set(library.by_slug), line["id"]
