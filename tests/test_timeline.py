"""Looking back: one's own moments, filtered and searched, and never more of them than one may see."""

import datetime as dt
import html
import re
import unicodedata
import uuid
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.models import Signal
from journal import access, families, moments, timeline
from journal.models import Child, Moment, MomentSignal, SuggestionItem, User
from tests.conftest import log


def listed(response: HttpResponse) -> list[str]:
    """The codes of the moments a page leads to, in order."""
    assert response.status_code == 200
    found = re.findall(r'href="/moments/([0-9a-f-]{36})/', response.content.decode())
    return list(dict.fromkeys(found))


@pytest.fixture
def ask(parents: Client) -> Callable[..., list[str]]:
    def get(**query: object) -> list[str]:
        return listed(parents.get(reverse("timeline"), query))

    return get


def codes(*rows: Moment) -> list[str]:
    return [str(row.code) for row in rows]


def day(days_ago: int) -> str:
    return (timezone.localdate() - dt.timedelta(days=days_ago)).isoformat()


# Whose


def test_a_parent_sees_their_own_moments_newest_first_and_nobody_elses(
    ask: Callable[..., list[str]], parent: User, child: Child, co_parent: User, stranger: User
) -> None:
    old, new = log(parent, child, "ran_off", days_ago=9), log(parent, child, "pushed_away", days_ago=1)
    log(co_parent, child, "pushed_away")
    log(stranger, Child.objects.get(family__caregivers__user=stranger), "pushed_away")
    assert ask() == codes(new, old)


def test_a_moment_somebody_else_typed_is_on_the_timeline_of_who_decides_about_it_and_of_who_typed_it(
    ask: Callable[..., list[str]], parent: User, child: Child, recorder: User, sign_in: Callable
) -> None:
    sitters = log(recorder, child, "pushed_away")
    assert ask() == codes(sitters)
    assert listed(sign_in(recorder).get(reverse("timeline"))) == codes(sitters)


def test_holders_of_shares_curators_and_superusers_have_an_empty_timeline(
    moment: Moment, therapist: User, revoked_therapist: User, curator: User, superuser: User, sign_in: Callable
) -> None:
    for user in (therapist, revoked_therapist, curator, superuser):
        assert listed(sign_in(user).get(reverse("timeline"))) == []
        assert listed(sign_in(user).get(reverse("timeline"), {"search": "Zebra"})) == []


def test_a_deleted_moment_is_gone_at_once_and_back_after_undo(
    ask: Callable[..., list[str]], parents: Client, parent: User, moment: Moment
) -> None:
    moments.delete(moment, by=parent)
    assert ask() == ask(search="Zebra") == []
    assert parents.post(reverse("moment_restore", args=[moment.code])).status_code == 302
    assert ask() == codes(moment)


def test_the_timeline_and_home_show_chips_and_no_words(parents: Client, moment: Moment, said) -> None:
    moments.revise(moment, by=moment.author, felt="a feeling in words", next_time="next time in words")
    for path in (reverse("timeline"), reverse("home"), reverse("timeline") + "?signals=pushed_away"):
        text = html.unescape(parents.get(path).content.decode())
        assert str(moment.code) in text
        for words in (said.words, "Zebra", "a feeling in words", "next time in words"):
            assert words not in text, path


# Filters


def test_a_child_is_filtered_by(ask: Callable[..., list[str]], parent: User, child: Child) -> None:
    other = families.add_child(by=parent, name="Second")
    first, second = log(parent, child, "pushed_away", days_ago=2), log(parent, other, "pushed_away", days_ago=1)
    assert ask() == codes(second, first)
    assert ask(child=str(child.code)) == codes(first)
    assert ask(child=str(other.code)) == codes(second)


def test_signals_are_filtered_by_any_of_them(ask: Callable[..., list[str]], parent: User, child: Child) -> None:
    ran = log(parent, child, "ran_off", "pushed_away", days_ago=3)
    hid = log(parent, child, "hid", days_ago=2)
    log(parent, child, "said_hate", days_ago=1)
    assert ask(signals=["ran_off"]) == codes(ran)
    assert ask(signals=["ran_off", "hid"]) == codes(hid, ran)
    assert ask(signals=["slammed_door"]) == []


def test_days_are_filtered_by_with_both_ends_in(ask: Callable[..., list[str]], parent: User, child: Child) -> None:
    rows = {ago: log(parent, child, "pushed_away", days_ago=ago) for ago in (8, 5, 2)}
    assert ask(since=day(5)) == codes(rows[2], rows[5])
    assert ask(until=day(5)) == codes(rows[5], rows[8])
    assert ask(since=day(5), until=day(5)) == codes(rows[5])
    assert ask(since=day(4), until=day(3)) == []


def test_days_are_those_of_the_readers_own_zone(ask: Callable[..., list[str]], parent: User, child: Child) -> None:
    User.objects.filter(pk=parent.pk).update(time_zone="Pacific/Auckland")
    # 20:00 UTC on the 9th is the morning of the 10th in Auckland.
    at = dt.datetime(2026, 3, 9, 20, 0, tzinfo=dt.UTC)
    moment = log(parent, child, "pushed_away", happened_at=at, zone="Pacific/Auckland")
    assert ask(since="2026-03-10", until="2026-03-10") == codes(moment)
    assert ask(since="2026-03-09", until="2026-03-09") == []


def test_good_moments_and_repairs_are_filtered_by(ask: Callable[..., list[str]], parent: User, child: Child) -> None:
    log(parent, child, "pushed_away", days_ago=4)
    back = log(parent, child, "pushed_away", "came_back", days_ago=3)
    good = log(parent, child, "good_moment", days_ago=2)
    assert ask(good="on") == codes(good, back)


def test_filters_narrow_together(ask: Callable[..., list[str]], parent: User, child: Child) -> None:
    wanted = log(parent, child, "ran_off", "good_moment", days_ago=2, words="by the fountain")
    log(parent, child, "ran_off", days_ago=2, words="by the fountain")
    log(parent, child, "ran_off", "good_moment", days_ago=9, words="by the fountain")
    log(parent, child, "ran_off", "good_moment", days_ago=2, words="by the gate")
    assert ask(signals="ran_off", good="on", since=day(5), search="fountain", child=str(child.code)) == codes(wanted)


def test_a_filter_that_makes_no_sense_is_said_and_the_rest_still_holds(
    parents: Client, parent: User, child: Child
) -> None:
    log(parent, child, "hid", days_ago=1)
    ran = log(parent, child, "ran_off", days_ago=1)
    response = parents.get(reverse("timeline"), {"signals": "ran_off", "since": "the other day"})
    assert listed(response) == codes(ran)
    assert "Please give a day, such as 2026-03-14." in html.unescape(response.content.decode())


# Read signals


@pytest.fixture
def read_only(parent: User, child: Child) -> Moment:
    """A moment from whose words "ran off" was read, and not looked at yet."""
    moment = log(parent, child, "pushed_away", days_ago=1)
    signal = Signal.objects.get(slug="came_back")
    MomentSignal.objects.update_or_create(moment=moment, signal=signal, defaults={"state": MomentSignal.State.READ})
    return moment


def test_what_was_only_read_from_words_is_neither_filtered_by_nor_shown(
    ask: Callable[..., list[str]], parents: Client, read_only: Moment
) -> None:
    label = Signal.objects.get(slug="came_back").label
    assert ask() == codes(read_only)
    assert ask(signals="came_back") == []
    assert ask(good="on") == []
    card = timeline.latest(access.moments(read_only.author), 1)[0]
    assert label not in card.chips and not card.is_good


def test_what_was_refused_is_neither_filtered_by_nor_shown(ask: Callable[..., list[str]], read_only: Moment) -> None:
    moments.confirm(read_only, by=read_only.author, kept=[])
    assert ask(signals="came_back") == ask(good="on") == []


def test_what_was_confirmed_is_filtered_by_and_shown(ask: Callable[..., list[str]], read_only: Moment) -> None:
    moments.confirm(read_only, by=read_only.author, kept=["came_back"])
    assert ask(signals="came_back") == ask(good="on") == codes(read_only)
    assert Signal.objects.get(slug="came_back").label in timeline.latest(access.moments(read_only.author), 1)[0].chips


def test_the_likeliest_chips_count_what_was_tapped_and_not_what_was_read(parent: User, child: Child) -> None:
    for ago in range(1, 5):
        moment = log(parent, child, "homework_battle", days_ago=ago)
        row = Signal.objects.get(slug="new_sibling")
        MomentSignal.objects.create(moment=moment, signal=row, state=MomentSignal.State.READ)
    signals = list(Signal.objects.order_by("order"))
    usual = [signal.slug for signal in timeline.usual_signals(parent, signals)]
    assert "homework_battle" in usual and "new_sibling" not in usual
    assert len(usual) == len(set(usual)) == 6


# Search in one's own words


@pytest.mark.parametrize(
    ("typed", "search"),
    [
        ("L'École était fermée", "école"),
        ("l'école était fermée", "ÉCOLE ÉTAIT"),
        (unicodedata.normalize("NFD", "ÉCOLE"), "école"),
        ("école", unicodedata.normalize("NFD", "École")),
        ("die Straße hinunter", "STRASSE"),
        ("Ömer lief WEG", "ömer weg"),
        ("הוא ברח", "ברח"),
        ("then 🏃 again", "🏃"),
    ],
)
def test_search_knows_no_case_in_any_script(
    ask: Callable[..., list[str]], parent: User, child: Child, typed: str, search: str
) -> None:
    log(parent, child, "pushed_away", words="something else entirely", days_ago=1)
    wanted = log(parent, child, "pushed_away", words=typed, days_ago=2)
    assert ask(search=search) == codes(wanted)


@pytest.mark.parametrize("field", moments.FREE_TEXTS)
def test_search_looks_in_every_free_text(ask: Callable[..., list[str]], parent: User, child: Child, field: str) -> None:
    log(parent, child, "pushed_away", days_ago=1)
    wanted = moments.revise(log(parent, child, "hid", days_ago=2), by=parent, **{field: "near the lighthouse"})
    assert ask(search="LIGHTHOUSE near") == codes(wanted)
    assert ask(search="lighthouse keeper") == []


def test_search_never_finds_the_words_of_others(
    ask: Callable[..., list[str]], parent: User, child: Child, co_parent: User, stranger: User
) -> None:
    log(co_parent, child, "hid", words="near the lighthouse")
    log(stranger, Child.objects.get(family__caregivers__user=stranger), "hid", words="near the lighthouse")
    mine = log(parent, child, "hid", words="near the lighthouse")
    assert ask(search="lighthouse") == codes(mine)


def test_search_that_takes_too_long_stops_and_says_so(
    parents: Client, parent: User, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ago in range(3):
        log(parent, child, "hid", words="near the lighthouse", days_ago=ago)
    monkeypatch.setattr(timeline, "SEARCH_SECONDS", -1.0)
    response = parents.get(reverse("timeline"), {"search": "lighthouse"})
    assert response.status_code == 200
    assert response.context["page"].search_stopped
    plain = parents.get(reverse("timeline"), {"search": "lighthouse", "since": day(0)})
    assert "long" in html.unescape(plain.content.decode())


# Many


@pytest.fixture
def many(parent: User, child: Child) -> list[Moment]:
    """Fifty-five moments, newest first, some at the very same minute."""
    at = timezone.now().replace(microsecond=0)
    rows = [
        log(parent, child, "pushed_away", "ran_off", words=f"moment number {number}",
            happened_at=at - dt.timedelta(hours=number // 3), new_chip="a chip")
        for number in range(55)
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.happened_at, row.pk), reverse=True)


def test_fifty_moments_take_at_most_eight_queries(
    parents: Client, many: list[Moment], django_assert_max_num_queries: Callable
) -> None:
    parents.get(reverse("timeline"))  # what is kept in memory is there
    with django_assert_max_num_queries(8):
        assert len(listed(parents.get(reverse("timeline")))) == 50
    with django_assert_max_num_queries(8):
        parents.get(reverse("timeline"), {"signals": "ran_off", "good": "", "since": day(3)})


@pytest.mark.parametrize(
    "query", [{}, {"search": "moment number"}, {"signals": "ran_off"}], ids=["all", "search", "signal"]
)
def test_older_ones_follow_on_the_next_page_without_gap_or_double(
    parents: Client, many: list[Moment], query: dict
) -> None:
    first = parents.get(reverse("timeline"), query)
    assert listed(first) == codes(*many[:50])
    links = re.findall(r'href="([^"]*\bbefore=[^"]*)"', first.content.decode())
    assert links, "no way to the older ones"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(html.unescape(links[0])).query).items()}
    assert asked["before"] == first.context["page"].older
    second = parents.get(reverse("timeline"), query | {"before": asked["before"]})
    assert listed(second) == codes(*many[50:])
    assert not second.context["page"].older


def test_htmx_gets_the_days_alone(parents: Client, moment: Moment) -> None:
    response = parents.get(reverse("timeline"), headers={"HX-Request": "true"})
    assert listed(response) == codes(moment)
    assert "<html" not in response.content.decode()


def test_the_next_morning_home_asks_whether_it_helped_until_it_was_answered(
    parents: Client, parent: User, child: Child
) -> None:
    now = timezone.now()
    storm = moments.record(
        author=parent,
        child=child,
        client_key=uuid.uuid4(),
        signals=[Signal.objects.get(slug="pushed_away")],
        when="last_night",
        happened_at=now - dt.timedelta(hours=12),
        zone="UTC",
    )
    home = reverse("home")
    assert "did anything help?" in parents.get(home).content.decode()
    item = SuggestionItem.objects.filter(suggestion__moment=storm).first()
    assert item is not None
    moments.give_feedback(item, by=parent, feedback="helped")
    assert "did anything help?" not in parents.get(home).content.decode()
