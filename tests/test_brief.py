"""The brief: every section in its place, every number by hand, the same as a page and as a file."""

import datetime as dt
import html
import io
import re
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document
from docx.table import Table

from guidance import safety
from guidance.models import Passage, Response, Signal
from journal import access, brief, brief_text, review
from journal.models import (
    Appointment,
    Attempt,
    Audit,
    Child,
    Mark,
    Moment,
    MomentSignal,
    Receipt,
    Recommendation,
    Share,
    Suggestion,
    SuggestionItem,
    User,
)

Put = Callable[..., Moment]
NOW = dt.datetime(2026, 3, 19, 18, tzinfo=dt.UTC)  # a Thursday
SAFETY, WANTED, FULL, CHANGES, TRIED, GOOD, STATE, ADVISED = TITLES = (
    "Safety",
    "What the parent wants from this session",
    "One moment in full",
    "New or different",
    "What was tried",
    "Good moments, and coming back together",
    "How the parent was",
    "What the app advised, and what you recommend",
)
NOTHING_SAID = ["Nothing was said about it."]


@pytest.fixture(autouse=True)
def thursday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def put(parent: User, child: Child) -> Put:
    """A moment of the parent's as it stands in the database, with nothing read from its words."""

    def make(days_ago: int, *chips: str, tried: dict | None = None, **fields: object) -> Moment:
        at = {"when": "date", "happened_at": NOW - dt.timedelta(days=days_ago), "zone": "UTC"}
        saved = Moment.objects.create(**({"author": parent, "owner": parent, "child": child} | at | fields))
        known = Signal.objects.filter(slug__in=chips)
        MomentSignal.objects.bulk_create(MomentSignal(moment=saved, signal=one, state="tapped") for one in known)
        tries = (tried or {}).items()
        Attempt.objects.bulk_create(Attempt(moment=saved, what=what, outcome=how) for what, how in tries)
        return saved

    return make


def met(share: Share, *days_ago: int) -> None:
    """Sessions, past ones or (with a minus) to come."""
    for days in days_ago:
        Appointment.objects.create(share=share, on=NOW.date() - dt.timedelta(days=days))


def mark(share: Share, moment: Moment, **fields: object) -> None:
    Mark.objects.update_or_create(reader=share.therapist, moment=moment, defaults=fields)


def held(share: Share) -> brief.Brief:
    """The brief as its reader comes to it."""
    return brief.of(access.share_held(share.therapist, share.code))


def told(share: Share) -> dict[str, list[str]]:
    """What each section says: its lines, the parent's words after a bar, the rows of its table."""
    return {
        section.title: [f"{line.text} | {line.words}" if line.words else line.text for line in section.lines]
        + [" ".join(row) for row in [section.columns, *section.rows] if row]
        for section in brief_text.sections(held(share))
    }


def header(share: Share) -> str:
    return brief_text.header(held(share))


@pytest.fixture
def taps(taps_therapist: User) -> Share:
    """A live share of the same moments without their words."""
    return Share.objects.get(therapist=taps_therapist)


# The header


def test_the_header_counts_moments_days_and_who_logged_since_the_last_session(
    share: Share, co_parent: User, recorder: User, put: Put
) -> None:
    met(share, 30, 10)
    for days_ago in (10, 3, 3, 0):
        put(days_ago)
    put(3, author=recorder)
    put(11)
    put(2, kept_back=True)
    put(1, author=co_parent, owner=co_parent)
    assert header(share) == (
        "5 moments, logged on 3 of 11 days, from 9 March 2026 to 19 March 2026. "
        "By the parent who shares this (4), somebody who logs for them (1)."
    )


@pytest.mark.parametrize(("from_date", "sessions", "said"), [
    ("2025-12-19", (), "2 moments, logged on 2 of 91 days, from 19 December 2025 to 19 March 2026."),
    ("2025-12-19", (20, 7, 0, -7), "1 moment, logged on 1 of 8 days, from 12 March 2026 to 19 March 2026."),
    ("2026-03-14", (20,), "1 moment, logged on 1 of 6 days, from 14 March 2026 to 19 March 2026."),
], ids=["no session yet", "one today is not the last", "a share from a day after it"])  # fmt: skip
def test_the_brief_is_counted_and_dated_from_the_last_session_or_the_first_day_of_the_share(
    from_date: str, sessions: tuple, said: str, share: Share, put: Put
) -> None:
    Share.objects.filter(pk=share.pk).update(from_date=from_date)
    met(share, *sessions)
    put(90)
    put(5)
    assert header(share).startswith(said)


def test_a_moment_counts_on_the_day_of_the_place_where_it_happened(share: Share, put: Put) -> None:
    night = dt.datetime(2026, 3, 17, 11, 30, tzinfo=dt.UTC)  # half past midnight on the 18th in Auckland
    put(0, happened_at=night, zone="Pacific/Auckland")
    put(0, happened_at=night, zone="UTC")
    assert (held(share).moments, held(share).days) == (2, 2)
    for from_date, counted in (("2026-03-18", 1), ("2026-03-19", 0)):
        Share.objects.filter(pk=share.pk).update(from_date=from_date)
        assert held(share).moments == counted
    Share.objects.filter(pk=share.pk).update(from_date="2026-03-01")
    met(share, 1)
    assert (held(share).since, held(share).moments) == (dt.date(2026, 3, 18), 1)


@pytest.mark.parametrize(("from_date", "days"), [("2026-03-20", 1), ("2026-03-19", 2)])
def test_where_the_family_is_a_day_ahead_no_more_days_are_logged_than_there_were(
    from_date: str, days: int, share: Share, put: Put
) -> None:
    Share.objects.filter(pk=share.pk).update(from_date=from_date)
    for hours in (6, 30):
        put(0, happened_at=NOW - dt.timedelta(hours=hours), zone="Pacific/Auckland")
    assert (held(share).days, held(share).span) == (days, days)


# Safety


@pytest.mark.parametrize(("marks", "state"), [
    (None, "not seen yet"), ({}, "not seen yet"), ({"read_at": NOW}, "seen"),
    ({"read_at": NOW, "acted_at": NOW - dt.timedelta(days=1)}, "read and acted on 18 March 2026"),
], ids=["no mark", "unread", "read", "acted on"])  # fmt: skip
@pytest.mark.parametrize("sessions", [(), (7,)], ids=["first session", "later session"])
def test_safety_gives_the_date_the_kind_the_words_and_how_far_the_therapist_is(
    marks: dict | None, state: str, sessions: tuple, share: Share, put: Put
) -> None:
    met(share, *sessions)
    put(1, intensity="big")  # told in full
    kind = safety.all_kinds()[0]
    moment = put(2, words="What they said.", risk_level="urgent", risk_kinds=[kind.slug])
    if marks is not None:
        mark(share, moment, **marks)
    assert told(share)[SAFETY] == [f"17 March 2026: {kind.label} (urgent), {state} | What they said."]


def test_the_day_a_risk_was_acted_on_is_the_therapists_own(
    share: Share, therapist: User, sign_in: Callable[..., Client], put: Put
) -> None:
    User.objects.filter(pk=therapist.pk).update(time_zone="Pacific/Auckland")
    met(share, 7)
    mark(share, put(2, risk_level="concern"), acted_at=dt.datetime(2026, 3, 17, 11, 30, tzinfo=dt.UTC))
    page = sign_in(therapist).get(reverse("brief", args=[share.code])).content.decode()
    assert "read and acted on 18 March 2026" in page


def test_who_reads_no_words_is_told_so_and_a_risk_note_changes_nothing(taps: Share, put: Put) -> None:
    moment = put(2, "pushed_away", words="What they said.", reconnected="longer")
    put(1, "hid")
    before = told(taps)
    assert before[SAFETY][0].startswith("The parent shares no words with you")
    assert "What they said." not in str(before)
    Moment.objects.filter(pk=moment.pk).update(
        risk_level="urgent", risk_kinds=[safety.all_kinds()[0].slug], soft_check=True
    )
    assert told(taps) == before


def test_an_old_risk_note_is_named_until_it_is_acted_on_and_an_old_wish_to_talk_until_it_is_read(
    share: Share, put: Put
) -> None:
    met(share, 7)
    risk, wish = put(60, risk_level="concern"), put(50, for_therapy=True)
    mark(share, risk, read_at=NOW)
    assert told(share)[SAFETY] == ["18 January 2026: not sure that everyone is safe (concern), seen"]
    assert told(share)[WANTED] == ["28 January 2026"]
    mark(share, risk, acted_at=NOW)
    mark(share, wish, read_at=NOW)
    assert told(share)[SAFETY] == ["The software marked nothing."]
    assert told(share)[WANTED] == ["Nothing was marked to talk about."]


@pytest.mark.parametrize(("section", "fields"), [(SAFETY, {"risk_level": "concern"}), (WANTED, {"for_therapy": True})])
def test_of_more_than_four_the_newest_are_named_and_the_rest_is_said_to_be_there(
    section: str, fields: dict, share: Share, put: Put
) -> None:
    for days_ago in (1, 2, 3, 4):
        put(days_ago, **fields)
    assert [line[:2] for line in told(share)[section]] == ["18", "17", "16", "15"]
    put(0, **fields)
    assert [line[:2] for line in told(share)[section]] == ["19", "18", "17", "16", "Th"]
    assert told(share)[section][-1] == "There are more, in the timeline."


# What the parent wants


@pytest.mark.parametrize("sessions", [(), (7,)], ids=["first session", "later session"])
def test_what_a_parent_marked_is_told_with_their_words_read_or_not_and_what_the_therapist_would_raise(
    sessions: tuple, share: Share, taps: Share, put: Put
) -> None:
    for one in (share, taps):
        met(one, *sessions)
    put(1, for_therapy=True, intensity="big")  # told in full
    marked = put(2, for_therapy=True, words="It was bad.", next_time="Wait longer.", felt="Not told.")
    raised = put(3, words="Not told.")
    for one in (share, taps):
        mark(one, raised, to_raise=True)
        mark(one, marked, read_at=NOW)
    own = "You wanted to raise: 16 March 2026"
    assert told(share)[WANTED] == ["18 March 2026", "17 March 2026 | It was bad.\nWait longer.", own]
    assert told(taps)[WANTED] == ["18 March 2026", "17 March 2026", own]


# One moment in full


def test_one_moment_is_told_from_before_to_its_end(share: Share, taps: Share, put: Put) -> None:
    moment = put(
        2, "limit_set", "bedtime_battle", "ran_off", "pushed_away", "parent_yelled", "came_back",
        tried={"gave_space": "helped", "stayed_near": "harder"}, words="All of it.", intensity="big", length="5_15",
        ended="settled_together", reconnected="15_30", parent_state="tense",
    )  # fmt: skip
    MomentSignal.objects.create(moment=moment, signal=Signal.objects.get(slug="hid"), state="read")
    lines = [
        "Before: Bedtime or teeth; I said no",
        "What the child did: Pushed me away; Ran off; Big; lasted: 5 to 15 minutes",
        "What the adult did: I yelled or snapped; how they were: tense; Gave them space: helped; "
        "Stayed near, quietly: made it harder",
        "How it ended: Came back to me; We settled together; back together: 15 to 30 minutes",
    ]
    assert told(share)[FULL] == ["17 March 2026 | All of it.", *lines]
    assert told(taps)[FULL] == ["17 March 2026", *lines]


def test_the_moment_in_full_is_the_marked_one_then_the_most_answered_and_words_or_risk_choose_nothing(
    share: Share, taps: Share, put: Put
) -> None:
    met(share, 7)
    met(taps, 7)
    put(8, intensity="big", ended="faded", reconnected="longer", parent_state="calm", for_therapy=True)
    fuller = put(5, intensity="big", ended="faded", parent_state="calm")
    put(6, intensity="big", ended="faded", parent_state="calm")
    put(1, intensity="big", words="Words. " * 99, felt="More.", risk_level="urgent")
    assert held(share).in_full.moment == held(taps).in_full.moment == fuller
    marked = put(4, for_therapy=True)
    assert held(share).in_full.moment == held(taps).in_full.moment == marked


def test_with_nothing_logged_since_every_section_says_so(share: Share, put: Put) -> None:
    met(share, 7)
    put(8, "came_back", tried={"gave_space": "helped"}, reconnected="longer", parent_state="calm")
    assert told(share) == {
        SAFETY: ["The software marked nothing."],
        WANTED: ["Nothing was marked to talk about."],
        FULL: ["Nothing logged in this time."],
        CHANGES: ["Too few to tell."],
        TRIED: NOTHING_SAID,
        GOOD: NOTHING_SAID,
        STATE: NOTHING_SAID,
        ADVISED: ["Nothing."],
    }


# What was new, tried, good


@pytest.mark.parametrize(("now", "earlier", "said"), [
    (4, 5, "Too few to tell."), (5, 4, "Too few to tell."), (5, 5, "New: Hid (10)"),
])  # fmt: skip
def test_under_five_days_logged_are_too_few_to_tell(now: int, earlier: int, said: str, share: Share, put: Put) -> None:
    met(share, 7)
    for number in range(10):
        put(1 + number % now, "hid")
        put(8 + number % earlier)
    section = brief_text.sections(held(share))[TITLES.index(CHANGES)]
    assert [line.text for line in section.lines] == [said]
    assert section.hint == f"{now} days logged in this time, {earlier} in the year before it."


def test_new_is_what_was_never_tapped_and_different_what_came_twice_or_half_as_often_a_day(
    share: Share, put: Put
) -> None:
    met(share, 7)
    earlier = {"pushed_away": 10, "ran_off": 6, "slammed_door": 5, "hit_or_kicked": 6, "hid": 4, "said_hate": 7}
    now = {"pushed_away": 5, "slammed_door": 5, "hit_or_kicked": 5, "hid": 4, "said_hate": 2, "bedtime_battle": 2}
    read = Signal.objects.get(slug="threw_things")
    for number in range(10):
        put(8 + number, *(slug for slug, times in earlier.items() if number < times))
    for number in range(5):
        moment = put(1 + number, *(slug for slug, times in now.items() if number < times))
        MomentSignal.objects.create(moment=moment, signal=read, state="refused" if number else "read")
    assert told(share)[CHANGES] == [
        "New: Bedtime or teeth (2)",
        "Ran off: 0 times, 6 times before",
        "Slammed the door: 5 times, 5 times before",
    ]


def test_a_chip_last_tapped_more_than_a_year_before_is_new_again(share: Share, put: Put) -> None:
    Share.objects.filter(pk=share.pk).update(from_date=dt.date.today() - dt.timedelta(days=1000))
    met(share, 7)
    for number in range(5):
        put(1 + number, "hid", "ran_off")
        put(8 + number)
    put(7 + 365, "ran_off")
    put(7 + 366, "hid")
    section = brief_text.sections(held(share))[TITLES.index(CHANGES)]
    assert [line.text for line in section.lines] == ["New: Hid (5)", "Ran off: 5 times, 1 times before"]
    assert section.hint == "5 days logged in this time, 6 in the year before it."


def test_what_was_tried_is_a_table_of_how_it_went_the_most_helpful_first(share: Share, put: Put) -> None:
    met(share, 7)
    put(8, tried={"offered_hug": "helped", "gave_space": "helped"})
    put(3, tried={"gave_space": "harder", "stayed_near": "helped", "named_feeling": "no_difference"})
    put(2, tried={"stayed_near": "helped", "said_im_here": "helped"})
    put(1, tried={"stayed_near": "no_difference"})
    assert told(share)[TRIED] == [
        "Tried Helped No difference Harder",
        "Stayed near, quietly 2 1 0",
        "Said I'm here 1 0 0",
        "Named the feeling 0 1 0",
        "Gave them space 0 0 1",
    ]


@pytest.mark.parametrize(("answers", "said"), [
    (["under_5", "longer", "not_yet", "15_30", "5_15", "5_15", "30_60", "under_5", "not_yet"],
     "Reconnected in 7 of 9. The middle one took: 5 to 15 minutes. 2 not yet."),
    (["longer", "under_5", "15_30"], "Reconnected in 3 of 3. The middle one took: 15 to 30 minutes."),
    (["under_5", "5_15", "15_30", "30_60"], "Reconnected in 4 of 4. The middle one took: 15 to 30 minutes."),
    (["under_5", "longer"], "Reconnected in 2 of 2. The middle one took: longer."),
    (["", "", "under_5"], "Reconnected in 1 of 1. The middle one took: under 5 minutes."),
    (["not_yet"], "Reconnected in 0 of 1. 1 not yet."),
], ids=["seven of nine", "odd", "even", "two", "not answered", "only not yet"])  # fmt: skip
def test_coming_back_together_is_n_of_m_the_middle_one_and_not_yet(
    answers: list[str], said: str, share: Share, put: Put
) -> None:
    met(share, 7)
    put(8, reconnected="longer")
    for answer in answers:
        put(1, ended="settled_alone", reconnected=answer)
    assert told(share)[GOOD] == [said]


def test_good_moments_and_the_parents_state_are_counted(share: Share, put: Put) -> None:
    met(share, 7)
    put(8, "repair", parent_state="lost_it")
    put(3, "repair", "came_back", "pushed_away", parent_state="tense")
    put(2, "repair", parent_state="tense")
    put(1, parent_state="calm")
    assert sorted(told(share)[GOOD]) == ["Came back to me: 1", "We made up: 2"]
    assert told(share)[STATE] == ["Calm enough 1, Tense 2"]


# What the app advised


def advise(moment: Moment, *passages: Passage, feedback: str = "", pin: Recommendation | None = None, **fields) -> None:
    number = moment.suggestions.count() + 1
    values = {"number": number, "stance": "both", "risk_level": "none", "history": "unknown", "library_version": 1}
    made = Suggestion.objects.create(moment=moment, **(values | {"used_words": False} | fields))
    SuggestionItem.objects.bulk_create(
        SuggestionItem(suggestion=made, wording=one.current, position=place, feedback=feedback, recommendation=pin)
        for place, one in enumerate(passages)
    )


def test_what_was_advised_is_counted_a_moment_once_with_what_helped_and_what_the_therapist_pinned(
    share: Share, taps: Share, put: Put
) -> None:
    for one in (share, taps):
        met(one, 7)
    first, second, third = Passage.objects.exclude(current=None).select_related("current").order_by("pk")[:3]
    answer = Response.objects.exclude(current=None).select_related("current")[0]
    pin = Recommendation.objects.create(share=share, kind="pin", passage=third)
    Recommendation.objects.create(share=share, kind="reword", response=answer, text="Say this.")
    Recommendation.objects.create(share=share, kind="write", text="My own.")
    Recommendation.objects.create(share=share, kind="hide", passage=first, ended_at=NOW)
    one, two = put(1), put(2)
    advise(one, first)
    advise(one, first, second, feedback="helped")
    advise(two, first, feedback="not_us")
    advise(two, second, used_words=True)
    advise(two, second, risk_level="concern")
    advise(two, third, pin=pin)
    advise(put(8), first, second, third)
    assert told(share)[ADVISED][:3] == [
        *sorted([f"{first.title}: shown 2 times, helped once", f"{second.title}: shown 2 times, helped once"]),
        f"{third.title}: shown once",
    ]
    assert sorted(told(share)[ADVISED][3:]) == [
        f"You: comes first: {third.title}",
        "You: in your own words: My own.",
        f"You: say it like this: {answer.text}: Say this.",
    ]
    assert told(taps)[ADVISED] == [
        f"{first.title}: shown 2 times, helped once",
        f"{second.title}: shown once, helped once",
    ]


# Page and file


def blocks(page: HttpResponse) -> list[str]:
    """The texts of the brief on the page, in order."""
    article = page.content.decode().split('<article class="brief">')[1].split("</article>")[0]
    found = re.findall(r"<(h1|h2|p|blockquote|th|td)\b[^>]*>(.*?)</\1>", article, re.DOTALL)
    return [html.unescape(re.sub(r"<(?!br)[^>]+>", "", text).replace("<br>", "\n")) for _, text in found]


def texts(file: HttpResponse) -> list[str]:
    """The texts of the file, in order, its footer last."""
    document = Document(io.BytesIO(file.content))
    found: list[str] = []
    for part in document.iter_inner_content():
        cells = [cell.text for row in part.rows for cell in row.cells] if isinstance(part, Table) else [part.text]
        found += cells
    return [*found, document.sections[0].footer.paragraphs[0].text]


@pytest.fixture
def reader(therapist: User, sign_in: Callable[..., Client]) -> Client:
    return sign_in(therapist)


def everything(share: Share, put: Put) -> Moment:
    met(share, 7)
    put(9, "hid", risk_level="concern")
    passage = Passage.objects.exclude(current=None).first()
    moment = put(
        2, "limit_set", "ran_off", "repair", tried={"gave_space": "helped"}, for_therapy=True,
        words="Bad <b>day</b> & worse.\nThen \"quiet\".", reconnected="longer", parent_state="calm",
    )  # fmt: skip
    advise(moment, passage, feedback="helped")
    Recommendation.objects.create(share=share, kind="pin", passage=passage)
    return moment


def test_the_page_and_the_file_say_the_same_in_the_same_order(share: Share, reader: Client, put: Put) -> None:
    everything(share, put)
    page = reader.get(reverse("brief", args=[share.code]))
    file = reader.post(reverse("brief_file", args=[share.code]))
    assert blocks(page) == texts(file)
    assert [text for text in blocks(page) if text in TITLES] == list(TITLES)
    assert 'Bad <b>day</b> & worse.\nThen "quiet".' in blocks(page)
    assert blocks(page)[:2] == ["Brief: Quillon", header(share)]


def test_the_parent_who_looks_sees_what_the_therapist_sees(
    share: Share, put: Put, reader: Client, parents: Client
) -> None:
    everything(share, put)
    theirs = blocks(reader.get(reverse("brief", args=[share.code])))
    seen = blocks(parents.get(reverse("share_look_brief", args=[share.code])))
    assert seen == [text.replace(", not seen yet", "") for text in theirs] and seen != theirs


def test_the_parent_who_looks_is_not_told_what_the_therapist_marked(
    share: Share, put: Put, reader: Client, parents: Client
) -> None:
    moment = put(2, "hid", risk_level="concern")
    for mark in ("acted", "raise"):
        reader.post(reverse("shared_mark", args=[share.code, moment.code]), {"mark": mark})
    told = " ".join(blocks(reader.get(reverse("brief", args=[share.code]))))
    seen = " ".join(blocks(parents.get(reverse("share_look_brief", args=[share.code]))))
    for said in ("read and acted on", "You wanted to raise"):
        assert said in told and said not in seen


def test_it_ends_with_what_it_is_not_and_names_no_style_of_attachment(share: Share, reader: Client, put: Put) -> None:
    everything(share, put)
    *said, footer = blocks(reader.get(reverse("brief", args=[share.code])))
    assert footer == (
        "Chosen and written by one caregiver. It is no assessment of a child, a parent or a home, and no pattern in "
        "it says anything about attachment."
    )
    said += [one.title for one in Passage.objects.exclude(current=None).select_related("current")]  # may be advised
    assert not re.search(r"attach|avoidant|ambivalent|disorgani|secure|anxious", " ".join(said), re.IGNORECASE)


@pytest.mark.parametrize(("words", "kept"), [
    ("دفعني بعيدًا وركض", "دفعني بعيدًا وركض"),
    ("היא ברחה ממני", "היא ברחה ממני"),
    ("Zażółć gęślą jaźń", "Zażółć gęślą jaźń"),
    ("他把我推开了", "他把我推开了"),
    ("ஓடிவிட்டான்", "ஓடிவிட்டான்"),
    ("Hug 👩‍👧 then 🫂🏽", "Hug 👩‍👧 then 🫂🏽"),
    ("up\x01\x07\x08 and\x0b\x0c down\x1b\x7f\x9f", "up and down"),
    ("odd\ufffe\uffff end", "odd end"),
], ids=["arabic", "hebrew", "polish", "chinese", "tamil", "emoji", "control", "no characters"])  # fmt: skip
def test_every_script_and_every_pasted_character_leaves_a_file_that_opens(
    words: str, kept: str, share: Share, child: Child, reader: Client, put: Put
) -> None:
    Child.objects.filter(pk=child.pk).update(name=words)
    put(2, words=words, for_therapy=True)
    Recommendation.objects.create(share=share, kind="write", text=words)
    found = texts(reader.post(reverse("brief_file", args=[share.code])))
    assert found[0] == f"Brief: {kept}"
    assert found.count(kept) == 2 and f"You: in your own words: {kept}" in found


def test_the_file_names_nobody_on_the_outside(share: Share, reader: Client) -> None:
    answer = reader.post(reverse("brief_file", args=[share.code]))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="brief-2026-03-19.docx"'
    about = Document(io.BytesIO(answer.content)).core_properties
    assert (about.title, about.author, about.comments, about.last_modified_by) == ("Brief", "Still Here", "", "")


# Receipts


def test_reading_leaves_one_receipt_and_taking_it_away_one_and_a_row_of_the_record(
    share: Share, parent: User, child: Child, reader: Client, put: Put
) -> None:
    moment = everything(share, put)
    old = Moment.objects.exclude(pk=moment.pk).get()
    put(3)
    reader.get(reverse("brief", args=[share.code]))
    assert not Audit.objects.filter(verb="export").exists()
    assert reader.post(reverse("brief_file", args=[share.code])).status_code == 200
    for kind, receipt in zip(("brief", "export"), Receipt.objects.order_by("pk"), strict=True):
        assert (receipt.kind, receipt.owner, receipt.reader, receipt.child) == (kind, parent, share.therapist, child)
        assert sorted(receipt.codes) == sorted([str(moment.code), str(old.code)])
        assert (receipt.counted, receipt.moment) == (2, None)
    assert Audit.objects.get(verb="export", who=share.therapist, code=share.code).concerns == parent


@pytest.mark.parametrize("broken", ["note", "_receipt"])
def test_where_the_record_or_the_receipt_fails_neither_is_kept_and_no_file_goes_out(
    broken: str, share: Share, reader: Client, monkeypatch: pytest.MonkeyPatch, put: Put
) -> None:
    put(2, words="Never sent.")

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(review, broken, fail)
    reader.raise_request_exception = False
    answers = [reader.post(reverse("brief_file", args=[share.code]))]
    if broken == "_receipt":
        answers.append(reader.get(reverse("brief", args=[share.code])))
    for answer in answers:
        assert answer.status_code == 500 and b"Never sent." not in answer.content
    assert not Receipt.objects.exists() and not Audit.objects.filter(verb="export").exists()


# However many


def fill(parent: User, child: Child, number: int) -> None:
    """Moments over eighty days, with everything the brief counts and names."""
    signals = list(Signal.objects.filter(slug__in=("pushed_away", "hid", "repair")))
    made = Moment.objects.bulk_create(
        Moment(
            author=parent, owner=parent, child=child, when="date", zone="UTC", words="" if one % 9 else "Words.",
            happened_at=NOW - dt.timedelta(days=one % 80), day=NOW.date() - dt.timedelta(days=one % 80),
            for_therapy=one % 7 == 0, risk_level="none" if one % 9 else "concern", reconnected="5_15", ended="faded",
        )
        for one in range(number)
    )  # fmt: skip
    MomentSignal.objects.bulk_create(
        MomentSignal(moment=moment, signal=signals[place % 3], state="tapped") for place, moment in enumerate(made)
    )
    Attempt.objects.bulk_create(Attempt(moment=moment, what="gave_space", outcome="helped") for moment in made[::10])


def test_ten_thousand_moments_take_as_few_queries_as_ten(
    share: Share, parent: User, child: Child, reader: Client, put: Put
) -> None:
    everything(share, put)
    counts = []
    for more in (10, 990, 9_000):
        fill(parent, child, more)
        connection.cursor().execute("ANALYZE")  # as PostgreSQL does by itself after a while
        with CaptureQueriesContext(connection) as queries:
            assert reader.get(reverse("brief", args=[share.code])).status_code == 200
        counts.append(len(queries))
    assert held(share).moments > 800
    assert counts[0] == counts[1] == counts[2] < 10
