"""Odd input and odd moments at the desk: nothing lost, nothing silently undone, nothing that fits everything."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guidance import curation, shipping
from guidance.models import BenchCase, HelpLine, Passage, Response, RiskPhrase, Signal, Wording
from journal import recommending
from journal.models import Recommendation
from tests.conftest import text_of

pytestmark = pytest.mark.django_db
BENCH = "admin:guidance_bench"


@pytest.fixture
def desk(curator, sign_in):
    client = sign_in(curator)
    client.raise_request_exception = False
    return client


# 1. Danger


def proposed(desk, phrase):
    told = {"kind": "suicidal_child", "level": "unless", "phrase": phrase}
    assert desk.post(reverse("admin:guidance_riskphrase_add"), told).status_code < 500
    return RiskPhrase.objects.exists()


@pytest.mark.parametrize("odd", ["*", "a|*", "* *", "the", "die|", "..", "x .."])
def test_a_phrase_that_fits_every_word_is_refused(desk, odd):
    """Approved as "unless" it would silence its whole sort of danger, as "urgent" alarm everybody."""
    assert not proposed(desk, odd)


@pytest.mark.parametrize("odd", ["kill, him", "(die)", "die.", "?!"])
def test_a_phrase_that_fits_no_text_is_refused(desk, odd):
    assert not proposed(desk, odd)


def line_form(line, **changed):
    names = ("country", "kind", "name", "phone", "sms", "url", "hours", "note", "source", "source_url", "order")
    told = {name: getattr(line, name) for name in (*names, "looked_up_on", "checked_on")}
    return {name: value for name, value in (told | changed).items() if value is not None}


def test_what_a_curator_put_right_in_a_help_line_survives_the_next_load_and_counts_as_unchecked(desk, curator):
    line = HelpLine.objects.filter(country="GB").exclude(phone="").first()
    line.checked_on, line.checked_by = dt.date.today(), curator
    line.save()
    path = reverse("admin:guidance_helpline_change", args=[line.pk])
    assert desk.post(path, line_form(line, note="Day and night.")).status_code == 302
    line.refresh_from_db()
    assert line.checked_on
    assert desk.post(path, line_form(line, phone="0800 111 222")).status_code == 302
    shipping.load_library()
    line.refresh_from_db()
    assert line.phone == "0800 111 222" and line.checked_on is None and line.checked_by is None
    assert desk.post(path, line_form(line, phone="abc def")).status_code == 200


def test_help_lines_go_one_at_a_time(desk):
    keys = list(HelpLine.objects.filter(country="GB").values_list("pk", flat=True))
    sent = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    desk.post(reverse("admin:guidance_helpline_changelist"), sent)
    assert HelpLine.objects.filter(pk__in=keys).count() == len(keys)


def test_a_line_is_not_checked_in_the_future(desk):
    line = HelpLine.objects.filter(country="GB").first()
    told = {name: getattr(line, name) for name in ("country", "kind", "name", "source", "order", "looked_up_on")}
    desk.post(reverse("admin:guidance_helpline_change", args=[line.pk]), told | {"checked_on": "2099-01-01"})
    line.refresh_from_db()
    assert line.checked_on is None


def test_a_help_line_that_a_curator_took_out_or_renamed_does_not_come_back(desk):
    gone, renamed = HelpLine.objects.filter(country="GB").exclude(phone="")[:2]
    names = [gone.name, renamed.name]
    desk.post(reverse("admin:guidance_helpline_delete", args=[gone.pk]), {"post": "yes"})
    path = reverse("admin:guidance_helpline_change", args=[renamed.pk])
    assert desk.post(path, line_form(renamed, name="Another name")).status_code == 302
    shipping.load_library()
    assert not HelpLine.objects.filter(country="GB", name__in=names).exists()


# 2. What curators set or therapists rely on is not lost


def test_what_a_curator_set_with_a_shipped_row_survives_the_next_load(desk):
    signal = Signal.objects.get(slug="ran_off")
    told = {"group": signal.group, "label": "Ran away", "seen": signal.seen, "order": signal.order}
    path = reverse("admin:guidance_signal_change", args=[signal.pk])
    assert desk.post(path, told | {"is_judged": "on", "phrases": "bolted"}).status_code == 302
    shipping.load_library()
    signal.refresh_from_db()
    assert (signal.label, signal.phrases) == ("Ran away", "bolted")


def test_a_signal_that_a_test_case_or_a_recommendation_uses_stays(desk, therapist, share):
    signal = Signal.objects.create(slug="own", label="Own", seen="own", group="child", order=99)
    case = BenchCase.objects.create(name="a case")
    path = reverse("admin:guidance_signal_delete", args=[signal.pk])
    case.signals.add(signal)
    assert desk.post(path, {"post": "yes"}).status_code == 302 and case.signals.exists()
    case.signals.clear()
    recommending.recommend(
        share, kind="write", text="Wait beside them.", phase="now", signals=Signal.objects.filter(pk=signal.pk)
    )
    desk.post(path, {"post": "yes"})
    assert Recommendation.objects.get().signals.exists()  # without its chip it would come with every moment
    Recommendation.objects.all().delete()
    desk.post(path, {"post": "yes"})
    assert not Signal.objects.filter(pk=signal.pk).exists()


# 3. Pages that fall over


def test_proposing_a_phrase_that_is_there_says_so(desk, second_curator):
    told = {"risk_kind": "suicidal_child", "risk_level": "urgent", "risk_phrase": "zebra crossing", "_propose": "1"}
    curation.propose_phrase(by=second_curator, level="urgent", kind="suicidal_child", phrase="zebra crossing")
    answer = desk.post(reverse(BENCH), told)
    assert answer.status_code == 422 and "This phrase is there already." in answer.text


@pytest.mark.parametrize("field", ["passage", "expected"])
def test_a_passage_that_is_no_number_is_refused_on_the_bench(field, desk):
    assert desk.post(reverse(BENCH), {field: "zebra", "_try": "1"}).status_code == 422


# 4. Said wrongly


def test_after_being_overtaken_the_page_leads_to_the_draft_that_was_kept(desk, curator, second_curator):
    draft = text_of("door-1", by=curator)
    told = {"title": "A door", "text": "Mine.", "seen": draft.revision}
    curation.rewrite(draft, by=second_curator, title="A door", text="The first.", seen=draft.revision)
    path = reverse("admin:guidance_wording_change", args=[draft.pk])
    answer = desk.post(path, told | {"_continue": "1"})
    kept = Wording.objects.get(text="Mine.")
    assert answer.headers["Location"] == reverse("admin:guidance_wording_change", args=[kept.pk])


def test_a_text_typed_too_late_and_refused_is_not_said_to_be_kept(desk, curator, second_curator):
    text = text_of("door-1", by=curator, state="approved", reviewer=second_curator)
    path = reverse("admin:guidance_wording_change", args=[text.pk])
    answer = desk.post(path, {"title": "A door", "text": "<b>Mine</b>", "seen": "1"})
    assert Wording.objects.filter(origin="desk").count() == 1  # it was refused
    assert "Yours is kept as a draft of its own" not in answer.text


def test_a_new_passage_has_a_title(desk):
    source = Passage.objects.first().source_id
    given = {"slug": "new-1", "source": source, "first_paragraph": 1, "last_paragraph": 2, "audience": "parent"}
    rows = {f"{one}-{name}_FORMS": "0" for one in ("wordings", "weights") for name in ("TOTAL", "INITIAL")}
    desk.post(reverse("admin:guidance_passage_add"), given | rows | {"first_title": "", "first_text": "Text."})
    assert not Passage.objects.filter(slug="new-1").exists()


def test_what_waits_for_ones_review_is_what_the_front_page_counts(desk, second_curator):
    text_of("door-1", by=second_curator, state="in_review")
    (waiting,) = (
        one for one in desk.get(reverse("admin:index")).context["front"]["waiting"] if "for your review" in one.what
    )
    assert desk.get(waiting.path).context["cl"].result_count == waiting.count == 1


def test_what_one_typed_at_and_cannot_approve_does_not_wait_for_ones_review(desk, curator, second_curator):
    text = text_of("door-1", by=curator)
    curation.rewrite(text, by=second_curator, title="A door", text="Other.", seen=text.revision)
    curation.submit(text, by=second_curator)
    waiting = desk.get(reverse("admin:index")).context["front"]["waiting"]
    assert not [one for one in waiting if "for your review" in one.what]


def test_a_phrase_half_filled_in_is_refused_beside_the_field(desk):
    told = {"risk_kind": "suicidal_child", "risk_level": "urgent", "risk_phrase": "", "_propose": "1"}
    assert desk.post(reverse(BENCH), told).status_code == 422


def test_use_without_a_weight_says_what_is_missing(desk):
    told = {"passage": Passage.objects.first().pk, "feature": "", "weight": "", "_use": "1"}
    assert desk.post(reverse(BENCH), told).status_code == 422


@pytest.mark.parametrize("fine", ["My R&B; your jazz", "Q&A; then a hug"])
def test_an_ampersand_before_a_letter_and_a_semicolon_is_no_html(fine):
    Wording._meta.get_field("text").run_validators(fine)


# 5. Queries that grow with the rows


def queries(client, path):
    client.get(path)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def test_the_list_of_test_cases_takes_the_same_queries(desk):
    path = reverse("admin:guidance_benchcase_changelist")
    BenchCase.objects.create(name="one")
    few = queries(desk, path)
    for number in range(10):
        BenchCase.objects.create(name=f"case {number}")
    assert queries(desk, path) == few


def test_the_list_of_help_lines_takes_the_same_queries(desk, curator):
    path = reverse("admin:guidance_helpline_changelist")
    few = queries(desk, path)
    HelpLine.objects.update(checked_by=curator, checked_on=dt.date.today())
    assert queries(desk, path) == few


def test_the_page_of_a_response_takes_the_same_queries(desk):
    path = reverse("admin:guidance_response_change", args=[Response.objects.first().pk])
    few = queries(desk, path)
    one = Passage.objects.first()
    for number in range(10):
        Passage.objects.create(
            slug=f"more-{number}", source=one.source, first_paragraph=1, last_paragraph=1, current=one.current
        )
    assert queries(desk, path) == few


def test_the_page_of_a_passage_takes_the_same_queries(desk, curator):
    passage = Passage.objects.get(slug="door-1")
    path = reverse("admin:guidance_passage_change", args=[passage.pk])
    text_of("door-1", by=curator)
    few = queries(desk, path)
    for _ in range(5):
        text_of("door-1", by=curator)
    assert queries(desk, path) == few


# 6. Two at once


def test_of_two_texts_approved_at_once_only_the_one_that_serves_is_approved(curator, second_curator, monkeypatch):
    """The second approval has read what serves before the first one moved it."""
    first, second = (text_of("door-1", by=curator, state="in_review") for _ in range(2))
    asked = []
    writers = curation.writers

    def meanwhile(row):
        row.of.current  # noqa: B018  # read, as the other transaction reads it
        if not asked:
            asked.append(row)
            curation.approve(first, by=second_curator)
        return writers(row)

    monkeypatch.setattr(curation, "writers", meanwhile)
    curation.approve(second, by=second_curator)
    serving = Passage.objects.get(slug="door-1").current
    assert list(Wording.objects.filter(passage__slug="door-1", state="approved")) == [serving]


def test_a_retired_phrase_does_not_come_back_by_the_word_of_one(curator, second_curator):
    phrase = curation.propose_phrase(by=curator, level="unless", kind="suicidal_child", phrase="zebra crossing")
    curation.approve_phrase(phrase, by=second_curator)
    curation.retire_phrase(phrase, by=curator)
    with pytest.raises(curation.Refused):
        curation.approve_phrase(phrase, by=second_curator)
    assert RiskPhrase.objects.get().state == "retired"


# 7. What was read is what is approved, and what was retired can come back


def test_a_text_that_changed_since_it_was_opened_is_not_approved_unread(desk, curator, second_curator):
    text = text_of("door-1", by=second_curator, state="in_review")
    seen = text.revision
    curation.send_back(text, by=curator, why="Shorter, please.")
    draft = Wording.objects.get(pk=text.pk)
    assert draft.remark == "Shorter, please."
    curation.rewrite(draft, by=second_curator, title="A door", text="Another text altogether.", seen=draft.revision)
    curation.submit(draft, by=second_curator)
    path = reverse("admin:guidance_wording_change", args=[text.pk])
    answer = desk.post(path, {"_approve": "1", "seen_revision": seen, "review_by": "", "remark": ""}, follow=True)
    assert "has changed since you opened it" in answer.text
    assert Wording.objects.get(pk=text.pk).state == "in_review"


def test_retiring_what_parents_get_asks_once_and_can_be_taken_back(desk, curator, second_curator):
    served = Passage.objects.get(slug="door-1").current
    path = reverse("admin:guidance_wording_change", args=[served.pk])
    asked = desk.post(path, {"_retire": "1", "remark": "", "review_by": ""}, follow=True)
    assert "they get nothing of it until another text is approved" in asked.text
    assert Passage.objects.get(slug="door-1").current == served
    desk.post(path, {"_retire": "1", "_sure": "yes"})
    assert Passage.objects.get(slug="door-1").current is None
    assert "Passages of which parents get nothing: 1" in desk.get(reverse("admin:index")).text
    desk.post(path, {"_bring_back": "1"})
    curation.approve(Wording.objects.get(pk=served.pk), by=second_curator)
    assert Passage.objects.get(slug="door-1").current == served


def test_a_review_is_due_on_a_day_to_come(desk, second_curator):
    text = text_of("door-1", by=second_curator, state="in_review")
    path = reverse("admin:guidance_wording_change", args=[text.pk])
    answer = desk.post(path, {"_approve": "1", "seen_revision": text.revision, "review_by": "2020-01-01", "remark": ""})
    assert answer.status_code == 200 and "a day to come" in answer.text
    assert Wording.objects.get(pk=text.pk).state == "in_review"
