"""What was read from the words: confirmed, unticked and remembered, tapped later."""

import pytest
from django.urls import reverse

from guidance.models import Signal
from journal import moments
from tests.conftest import log

pytestmark = pytest.mark.django_db


def states(moment) -> dict[str, str]:
    return dict(moment.signals.values_list("signal__slug", "state"))


@pytest.fixture
def storm(parent, child):
    moment = log(parent, child, "limit_set")
    moments.revise(moment, by=parent, words="She slammed the door and pushed me away.")
    return moment


def test_what_stays_ticked_is_confirmed_and_the_rest_refused(parents, storm):
    assert states(storm)["slammed_door"] == states(storm)["pushed_away"] == "read"
    parents.post(reverse("moment_signals", args=[storm.code]), {"kept": ["slammed_door"]})
    assert states(storm)["slammed_door"] == "confirmed"
    assert states(storm)["pushed_away"] == "refused"


def test_an_unticked_reading_is_remembered_when_the_moment_is_looked_at_again(parents, storm):
    parents.post(reverse("moment_signals", args=[storm.code]), {"kept": []})
    moments.look(storm)
    assert states(storm)["pushed_away"] == "refused"
    shown = storm.suggestions.order_by("-number").first().items.values_list("reasons", flat=True)
    assert all("pushed_away" not in reasons for reasons in shown)


def test_a_reading_goes_when_the_words_no_longer_say_it(parent, storm):
    moments.revise(storm, by=parent, words="She slammed the door.")
    assert "pushed_away" not in states(storm) and states(storm)["slammed_door"] == "read"


def test_a_tap_counts_over_what_was_read_and_untapping_takes_it_away(parent, storm):
    moments.revise(storm, by=parent, signals=list(Signal.objects.filter(slug="pushed_away")))
    assert states(storm)["pushed_away"] == "tapped" and "limit_set" not in states(storm)


def test_a_stranger_may_not_confirm_anothers_readings(sign_in, stranger, storm):
    answer = sign_in(stranger).post(reverse("moment_signals", args=[storm.code]), {"kept": []})
    assert answer.status_code == 404 and states(storm)["pushed_away"] == "read"
