"""What families lacked, as numbers of families for the curators' desk; and that no number leads to one of them."""

import datetime as dt
import itertools
import re
import uuid
from collections import defaultdict
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from guidance import tallies
from guidance.models import LibraryVersion, Reception, Signal, TallyRun, UnmetNeed, Wording
from journal import encryption, families, moments, unmet
from journal.models import Caregiver, Child, Moment, MomentSignal, Recommendation, Suggestion, SuggestionItem, User
from tests.conftest import give_share, log

NOW = dt.datetime(2026, 3, 19, 3, 30, tzinfo=dt.UTC)
TODAY = {"happened_at": NOW - dt.timedelta(hours=9)}
UNFIT, FITTING = "hungry_tired_ill", "pushed_away"  # a chip with which nothing fits, and one with which something does
BABY, SMALL, SCHOOL, BIG = (dt.date(year, 1, 1) for year in (2026, 2022, 2019, 2012))
Cells = dict[tuple[str, str, str], int]


def home(born: dt.date | None = SMALL, hard_place: str = "no") -> Child:
    """A family of one parent and one child."""
    parent = User.objects.create_user(f"{uuid.uuid4()}@example.org", country="GB")
    child = families.add_child(by=parent, name="Quillon")
    return families.change_child(child, by=parent, born_on=born, hard_place=hard_place)


def parent_of(child: Child) -> User:
    return User.objects.get(places__family=child.family, places__role=Caregiver.Role.PARENT)


def at_loss(child: Child, *chips: str, **details: object) -> Moment:
    """A moment for which there was nothing."""
    saved = log(parent_of(child), child, *(chips or [UNFIT]), **(TODAY | details))
    assert saved.suggestions.exists() and not passages(saved)
    return saved


def put_off(child: Child, *chips: str, **details: object) -> Moment:
    """A moment whose first passage was answered with "not us"."""
    saved = log(parent_of(child), child, *(chips or [FITTING]), **(TODAY | details))
    moments.give_feedback(passages(saved)[0], by=saved.author, feedback="not_us")
    return saved


def passages(moment: Moment) -> list[SuggestionItem]:
    items = SuggestionItem.objects.filter(suggestion__moment=moment, wording__passage__isnull=False)
    return list(items.order_by("suggestion__number", "position"))


def counted(why: str = "nothing") -> Cells:
    """Count, and the cells that are kept, by signal, age band and history."""
    unmet.count(NOW)
    rows = UnmetNeed.objects.filter(why=why).order_by("pk")
    return {(row.signal.slug, row.age_band, row.history): row.families for row in rows.select_related("signal")}


def everything() -> set[tuple]:
    received = Reception.objects.values_list("passage", "response", "shown", "helped", "not_us")
    return {*UnmetNeed.objects.values_list("why", "signal", "age_band", "history", "families"), *received}


def alone(families: int, signal: str = UNFIT, band: str = "age_preschool", history: str = "no") -> Cells:
    """One cell and its total."""
    return {(signal, "", ""): families, (signal, band, history): families}


# What is counted


@pytest.mark.django_db
def test_a_cell_appears_with_the_fifth_family() -> None:
    for _ in range(4):
        at_loss(home())
    assert counted() == {}
    at_loss(home())
    assert counted() == alone(5) and counted("not_us") == {}


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["the family is erased", "its moment is deleted"])
def test_deleting_a_fifth_family_makes_the_cell_disappear_and_changes_nothing_else(how: str) -> None:
    homes = {born: [home(born) for _ in range(many)] for born, many in ((SMALL, 5), (SCHOOL, 10), (BIG, 3), (BABY, 4))}
    for one in itertools.chain(*homes.values()):
        at_loss(one)
    for one in homes[SCHOOL][:5]:
        put_off(one)
    fifth = homes[SMALL][-1]
    last = fifth.moments.get()
    assert counted() == {
        (UNFIT, "", ""): 20, (UNFIT, "age_preschool", "no"): 5, (UNFIT, "age_school", "no"): 10,
    }  # fmt: skip
    before = everything()
    if how == "the family is erased":
        fifth.family.delete()
    else:
        moments.delete(last, by=last.author)
    unmet.count(NOW)
    signal = Signal.objects.get(slug=UNFIT).pk
    assert before - everything() == {("nothing", signal, "age_preschool", "no", 5)}
    assert everything() < before and Reception.objects.exists()


@pytest.mark.django_db
def test_a_family_counts_once_however_many_children_and_moments_it_has() -> None:
    homes = [home() for _ in range(4)]
    for one in homes:
        twin = families.add_child(by=parent_of(one), name="Ottoline")
        families.change_child(twin, by=parent_of(one), born_on=SMALL, hard_place="no")
        for child in (one, one, twin):
            at_loss(child)
    assert counted() == {}
    at_loss(home())
    assert counted() == alone(5)


@pytest.mark.django_db
def test_numbers_are_rounded_down_to_fives() -> None:
    for _ in range(9):
        at_loss(home())
    assert counted() == alone(5)
    at_loss(home())
    assert counted() == alone(10)


@pytest.mark.django_db
def test_each_tapped_chip_has_its_own_cell_and_a_chip_of_ones_own_has_none() -> None:
    for _ in range(5):
        put_off(home(), FITTING, "ran_off", new_chip="lost the blue rabbit")
    assert counted("not_us") == alone(5, FITTING) | alone(5, "ran_off")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("born", "band"),
    [(BABY, "age_infant"), (SMALL, "age_preschool"), (SCHOOL, "age_school"), (BIG, "age_older"), (None, "age_unknown")],
)
def test_the_age_is_the_childs_at_the_moment_or_unknown(born: dt.date | None, band: str) -> None:
    for _ in range(5):
        at_loss(home(born))
    assert counted() == alone(5, band=band)


@pytest.mark.django_db
def test_a_moment_of_two_years_ago_is_counted_at_the_age_of_then() -> None:
    for _ in range(5):
        at_loss(home(), happened_at=NOW - dt.timedelta(days=2 * 365))
    assert counted() == alone(5, band="age_toddler")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "history"), [("yes", "yes"), ("no", "no"), ("rather_not", "unknown"), ("not_sure", "unknown")]
)
def test_the_history_is_what_the_author_answered(answer: str, history: str) -> None:
    for _ in range(5):
        at_loss(home(hard_place=answer))
    assert counted() == alone(5, history=history)


@pytest.mark.django_db
def test_a_history_told_in_words_is_not_told_on() -> None:
    for _ in range(5):
        saved = put_off(home(hard_place=""), words="She was adopted at two, from foster care, and she pushed me away.")
        assert saved.suggestions.get().history == "yes"
    assert counted("not_us") == alone(5, FITTING, history="unknown")


@pytest.mark.django_db
def test_one_parents_answer_is_not_told_through_the_others_moments() -> None:
    for _ in range(5):
        child = home(hard_place="yes")
        other = User.objects.create_user(f"{uuid.uuid4()}@example.org", country="GB")
        Caregiver.objects.create(user=other, family=child.family, role=Caregiver.Role.PARENT)
        log(other, child, UNFIT, **TODAY)
    assert counted() == alone(5, history="unknown")


# What is refused


def by_recorder(child: Child) -> None:
    sitter = User.objects.create_user(f"{uuid.uuid4()}@example.org", country="GB")
    place = {"family": child.family, "role": Caregiver.Role.RECORDER, "invited_by": parent_of(child)}
    Caregiver.objects.create(user=sitter, **place)
    log(sitter, child, UNFIT, **TODAY)


def deleted(child: Child) -> None:
    saved = at_loss(child)
    moments.delete(saved, by=saved.author)


def with_the_chip(state: str) -> Callable[[Child], None]:
    def make(child: Child) -> None:
        MomentSignal.objects.filter(moment=at_loss(child)).update(state=state)

    return make


def in_words_alone(child: Child) -> None:
    saved = log(parent_of(child), child, words="He had a fever.", **TODAY)
    assert saved.signals.filter(signal__slug=UNFIT, state="read").exists() and not passages(saved)


def with_a_failed_match(child: Child) -> None:
    Suggestion.objects.filter(moment=at_loss(child)).delete()


def looked_at_again(child: Child) -> None:
    saved = at_loss(child)
    moments.revise(saved, by=saved.author, signals=Signal.objects.filter(slug__in=[UNFIT, FITTING]))
    assert saved.suggestions.count() == 2 and passages(saved)


REFUSED = {
    "a recorder's": by_recorder,
    "a deleted one": deleted,
    "one with the chip only read from the words": with_the_chip("read"),
    "one with the chip read and unticked": with_the_chip("refused"),
    "one told in words alone": in_words_alone,
    "one for which matching failed": with_a_failed_match,
    "one for which something fitted later": looked_at_again,
}


@pytest.mark.django_db
@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_a_moment_that_is_not_counted_makes_no_fifth_family(make: Callable[[Child], None]) -> None:
    for _ in range(4):
        at_loss(home())
    fifth = home()
    make(fifth)
    assert counted() == {}
    at_loss(fifth)
    assert counted() == alone(5)


@pytest.mark.django_db
def test_a_chip_that_was_read_counts_once_it_is_confirmed() -> None:
    for _ in range(5):
        with_the_chip("confirmed")(home())
    assert counted() == alone(5)


@pytest.mark.django_db
def test_where_something_fitted_first_and_nothing_now_nothing_fitted() -> None:
    for _ in range(5):
        child = home()
        saved = log(parent_of(child), child, FITTING, UNFIT, **TODAY)
        moments.revise(saved, by=saved.author, signals=Signal.objects.filter(slug=UNFIT))
        assert passages(saved)
    assert counted() == alone(5)


@pytest.mark.django_db
def test_not_us_counts_of_an_earlier_suggestion_too_and_not_once_it_is_taken_back() -> None:
    told = [put_off(home()) for _ in range(5)]
    for saved in told:
        moments.revise(saved, by=saved.author, intensity="great", signals=Signal.objects.filter(slug="ran_off"))
    assert counted("not_us") == alone(5, "ran_off") and counted() == {}
    moments.give_feedback(passages(told[0])[0], by=told[0].author, feedback="helped")
    assert counted("not_us") == {}


@pytest.mark.django_db
def test_not_us_to_a_therapists_own_advice_is_not_counted_as_the_librarys(therapist: User) -> None:
    for _ in range(5):
        saved = put_off(home())
        share = give_share(therapist, saved.author, saved.child)
        mine = Recommendation.objects.create(share=share, kind="write", text="Wait beside them.", phase="now")
        SuggestionItem.objects.filter(feedback="not_us", recommendation=None).update(recommendation=mine)
    assert counted("not_us") == {}


# How guidance was taken


@pytest.mark.django_db
def test_a_passage_and_a_response_have_the_families_that_were_shown_them_and_how_they_took_them() -> None:
    logged = [put_off(home()) for _ in range(6)]
    first = passages(logged[0])[0].wording.passage
    for saved in logged[:4]:
        for item in saved.suggestions.get().items.filter(wording__response__isnull=False).order_by("position"):
            moments.give_feedback(item, by=saved.author, feedback="helped")
    unmet.count(NOW)
    row = Reception.objects.get(passage=first)
    assert (row.shown, row.helped, row.not_us) == (5, None, 5)
    said = logged[0].suggestions.get().items.filter(wording__response__isnull=False).order_by("position")[0]
    response = Reception.objects.filter(response=said.wording.response)
    assert response.values_list("shown", "helped", "not_us").get() == (5, None, None), "four are too few"
    moments.give_feedback(
        logged[4].suggestions.get().items.get(wording=said.wording), by=logged[4].author, feedback="helped"
    )
    unmet.count(NOW)
    assert response.values_list("shown", "helped", "not_us").get() == (5, 5, None)


@pytest.mark.django_db
def test_an_older_wording_counts_for_the_same_passage() -> None:
    logged = [put_off(home()) for _ in range(5)]
    now = passages(logged[0])[0].wording
    older = Wording.objects.create(passage=now.passage, title="Older", text="An older text.", state="retired")
    SuggestionItem.objects.filter(suggestion__moment__in=logged[:2], wording=now).update(wording=older)
    unmet.count(NOW)
    assert Reception.objects.get(passage=now.passage).not_us == 5


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["recommended", "deleted", "a recorder's", "four alone"])
def test_what_is_not_the_librarys_or_not_counted_is_in_no_reception(why: str, therapist: User) -> None:
    logged = [put_off(home()) for _ in range(4 if why == "four alone" else 5)]
    last = logged[-1]
    if why == "recommended":
        share = give_share(therapist, last.author, last.child)
        pin = Recommendation.objects.create(share=share, kind="pin", passage=passages(last)[0].wording.passage)
        SuggestionItem.objects.filter(suggestion__moment=last).update(recommendation=pin)
    elif why == "deleted":
        moments.delete(last, by=last.author)
    elif why == "a recorder's":
        Moment.objects.filter(pk=last.pk).update(owner=logged[0].author)
    unmet.count(NOW)
    assert not Reception.objects.exists()


# How it is counted


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_and_nothing_is_decrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            unmet.count(NOW)
        return len(caught)

    def refuse(stored: str) -> str:
        raise AssertionError("decrypted")

    for _ in range(5):
        child = home()
        at_loss(child, words="He was sick.")
        put_off(child, words="She pushed me away.")
    unmet.count(NOW)
    few = queries()
    for _ in range(6):
        child = home(SCHOOL, "yes")
        at_loss(child)
        put_off(child, FITTING, "ran_off")
    with monkeypatch.context() as patch:
        patch.setattr(encryption, "decrypt", refuse)
        with pytest.raises(AssertionError):
            list(Moment.objects.order_by("pk"))
        assert queries() == few
    assert UnmetNeed.objects.count() == 8


@pytest.mark.django_db
def test_a_count_replaces_the_last_one_says_when_and_leaves_the_guidance_as_it_is() -> None:
    version = LibraryVersion.objects.get().number
    for _ in range(5):
        last = at_loss(home())
    assert unmet.count(NOW) == 2 == UnmetNeed.objects.count()
    moments.delete(last, by=last.author)
    later = NOW + dt.timedelta(days=1)
    assert unmet.count(later) == 0 == UnmetNeed.objects.count()
    assert TallyRun.objects.get().counted_at == later
    assert LibraryVersion.objects.get().number == version


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["unmet", "received"])
def test_a_number_under_five_is_refused_and_the_last_count_stays(which: str) -> None:
    signal, wording = Signal.objects.get(slug=UNFIT), Wording.objects.filter(passage__isnull=False).order_by("pk")[0]
    need, taken = tallies.Unmet("nothing", signal.pk, "", "", 5), tallies.Received(wording.passage_id, None, 5, None, 5)
    tallies.keep([need], [taken], NOW)
    before = everything()
    if which == "unmet":
        need = tallies.Unmet("nothing", signal.pk, "", "", 4)
    else:
        taken = tallies.Received(wording.passage_id, None, 5, 4, None)
    with pytest.raises(IntegrityError):
        tallies.keep([need], [taken], NOW + dt.timedelta(days=1))
    assert everything() == before and TallyRun.objects.get().counted_at == NOW


@pytest.mark.django_db
def test_the_daily_command_counts_and_says_how_many_cells_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        at_loss(home())
    call_command("daily")
    assert "kept 2 cells of unmet need" in capsys.readouterr().out
    assert abs(TallyRun.objects.get().counted_at - timezone.now()) < dt.timedelta(minutes=1)


# What must not be worked out

BANDS = ("age_infant", "age_toddler", "age_preschool", "age_school", "age_older", "age_unknown")
CELL = st.tuples(st.sampled_from(BANDS), st.sampled_from(["yes", "no", "unknown"]))
PLACES = st.lists(st.frozensets(CELL, min_size=1, max_size=3), max_size=40)  # for each family the cells it stands in


@given(PLACES)
def test_dropped_cells_hide_each_other_also_where_families_stand_in_several(places: list[frozenset]) -> None:
    cells = defaultdict(set)
    for family, stands_in in enumerate(places):
        for cell in stands_in:
            cells[cell].add(family)
    told = unmet.suppress(cells)
    total = told.pop(unmet.TOTAL, None)
    assert (total is None) == (len(places) < 5) and (total is None or total == {*range(len(places))})
    assert all(families == cells[cell] and len(families) >= 5 for cell, families in told.items())
    dropped = cells.keys() - told.keys()
    hidden = {*range(len(places))}.difference(*told.values())
    if total is not None and hidden:
        assert len(hidden) >= 5 and len(dropped) >= 2
    if all(len(families) >= 5 for families in cells.values()):
        assert not dropped, "nothing is dropped without need"


def published(numbers: tuple[int, ...], number: Callable[[set[int]], int]) -> tuple[tuple[unmet.Cell, int], ...]:
    """What the desk reads where these many families stand in each cell, no family in two."""
    ends = list(itertools.accumulate(numbers))
    cells = {
        (str(place), ""): {*range(end - many, end)} for place, (many, end) in enumerate(zip(numbers, ends, strict=True))
    }
    told = unmet.suppress({cell: families for cell, families in cells.items() if families})
    return tuple(sorted((cell, number(families)) for cell, families in told.items()))


def worked_out(number: Callable[[set[int]], int]) -> int:
    """Of all tables of four cells: how often a dropped one is found by who knows the rule and that there are four."""
    alike = defaultdict(list)
    for numbers in itertools.product(range(10), repeat=4):
        alike[published(numbers, number)].append(numbers)
    return sum(
        len({numbers[place] for numbers in tables}) == 1 and tables[0][place] > 0
        for told, tables in alike.items()
        for place in range(4)
        if (str(place), "") not in dict(told)
    )


def test_no_dropped_cell_can_be_worked_out_from_what_is_told_and_it_takes_the_rounding_for_that() -> None:
    assert worked_out(unmet.rounded) == 0
    assert worked_out(len) > 0


@pytest.mark.django_db
def test_a_total_drops_a_second_cell_where_it_would_give_the_first_away() -> None:
    for born, many in ((SMALL, 3), (SCHOOL, 5), (BIG, 10)):
        for _ in range(many):
            at_loss(home(born))
    assert counted() == {(UNFIT, "", ""): 15, (UNFIT, "age_older", "no"): 10}


# The desk


@pytest.fixture
def desk(curator: User, sign_in: Callable[..., Client]) -> Callable[..., str]:
    """The list as a curator reads it, on one line."""

    def read(**asked: str) -> str:
        answer = sign_in(curator).get(reverse("admin:guidance_unmetneed_changelist"), asked)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    return read


def keep(*cells: tuple[str, str, str, str, int]) -> None:
    keys = dict(Signal.objects.values_list("slug", "pk"))
    tallies.keep([tallies.Unmet(why, keys[slug], *rest) for why, slug, *rest in cells], [], NOW)


def lines(page: str) -> list[list[str]]:
    """The cells of the list, line by line, without their marks."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body)
    return [[re.sub(r"<.*?>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def test_the_desk_says_when_it_was_counted_and_what_the_numbers_are(desk: Callable[..., str]) -> None:
    page = desk()
    assert "<h1>Unmet need, never counted yet</h1>" in page
    assert "of families, not of moments" in page and "fewer than five families are left out" in page
    keep()
    assert "<h1>Unmet need, last counted March 19, 2026, 3:30 a.m.</h1>" in desk()


def test_the_desk_lists_cells_in_words_most_families_first_and_filters_them(desk: Callable[..., str]) -> None:
    hungry, pushed = (Signal.objects.get(slug=slug).label for slug in (UNFIT, FITTING))
    keep(
        ("nothing", UNFIT, "age_unknown", "yes", 5), ("nothing", UNFIT, "", "", 20),
        ("not_us", FITTING, "age_preschool", "unknown", 10),
    )  # fmt: skip
    total = ["nothing fitted", hungry, "all together", "all together", "20"]
    small = ["“not us”", pushed, "3 to 5 years", "not known", "10"]
    unknown = ["nothing fitted", hungry, "age not known", "a hard place", "5"]
    assert lines(desk()) == [total, small, unknown]
    for asked, found in (
        ({"why__exact": "not_us"}, [small]),
        ({"signal__group__exact": "around"}, [total, unknown]),
        ({"age_band": "all"}, [total]),
        ({"age_band": "age_unknown"}, [unknown]),
        ({"history": "unknown"}, [small]),
        ({"history": "all", "why__exact": "not_us"}, []),
    ):
        assert lines(desk(**asked)) == found, asked


def test_the_desk_only_reads_unmet_need(superuser: User, sign_in: Callable[..., Client]) -> None:
    keep(("nothing", UNFIT, "", "", 5))
    browser, row = sign_in(superuser), UnmetNeed.objects.get()
    page = browser.get(reverse("admin:guidance_unmetneed_change", args=[row.pk]))
    assert page.status_code == 200 and '<input type="submit"' not in page.content.decode()
    for name, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
        sent = {"families": "50", "why": "nothing", "signal": row.signal_id, "post": "yes"}
        assert browser.post(reverse(f"admin:guidance_unmetneed_{name}", args=args), sent).status_code == 403
    action = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    browser.post(reverse("admin:guidance_unmetneed_changelist"), action)
    assert UnmetNeed.objects.get().families == 5
