"""What a therapist recommends: at the family's next moment, beside a risk, sent by form, and over with the share."""

import datetime as dt
import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from guidance.models import Passage, Response, Signal
from journal import families, recommending, sharing
from journal.models import Audit, Moment, Recommendation, Share, SuggestionItem
from tests.conftest import log

pytestmark = pytest.mark.django_db

SAID = "Sit on the stairs and hum, so that they hear where you are."
TYPED = "What I typed & meant to <b>keep</b>"


# At the family's next moment


@pytest.fixture
def recommend(share):
    def made(kind, passage="", response="", chips="", **rest):
        return recommending.recommend(
            share,
            kind=kind,
            passage=Passage.objects.get(slug=passage) if passage else None,
            response=Response.objects.get(slug=response) if response else None,
            signals=Signal.objects.filter(slug__in=chips.split()),
            **rest,
        )

    return made


@pytest.fixture
def desk(therapist, sign_in):
    return sign_in(therapist)


@pytest.fixture
def pushed(parent, child):
    """The family's next moment."""
    return lambda **details: log(parent, child, "pushed_away", **details)


def page(browser, moment):
    response = browser.get(reverse("moment", args=[moment.code]))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def first_passage(text):
    return re.search(r'<article class="card">(.*?)</article>', text, re.S)[1]


def items_of(moment):
    return SuggestionItem.objects.filter(suggestion__moment=moment)


def test_a_pin_comes_first_at_the_next_matching_moment_and_is_marked(desk, share, parents, parent, child, pushed):
    before = pushed()
    sent = {"kind": "pin", "what": "passage:comfort-2", "signals": ["pushed_away"]}
    assert desk.post(reverse("recommend", args=[share.code]), sent).status_code == 302
    first = first_passage(page(parents, pushed()))
    assert Passage.objects.get(slug="comfort-2").title in first and "From your therapist" in first
    assert "From your therapist" not in page(parents, before)
    assert "From your therapist" not in page(parents, log(parent, child, "ran_off"))


def test_of_two_that_come_first_the_newer_is_the_first(recommend, parents, pushed):
    for slug in ("comfort-2", "healing-1"):
        recommend("pin", passage=slug, chips="pushed_away")
    text = page(parents, pushed())
    newer, older = (Passage.objects.get(slug=slug).title for slug in ("healing-1", "comfort-2"))
    assert newer in first_passage(text) and text.index(newer) < text.index(older)


def test_their_own_words_are_marked_and_the_parent_can_say_whether_they_helped(recommend, parents, pushed):
    recommend("write", text=SAID + " <script>x</script>", phase="now", chips="pushed_away")
    moment = pushed()
    response = parents.get(reverse("moment", args=[moment.code]))
    assert response.context["shown"].guidance.first.text.startswith(SAID)
    assert "<script>x" not in response.content.decode() and "From your therapist" in response.content.decode()
    item = items_of(moment).get(recommendation__isnull=False)
    answer = reverse("suggestion_feedback", args=[item.code])
    assert parents.post(answer, {"feedback": "helped"}).status_code == 302
    item.refresh_from_db()
    assert item.feedback == "helped"
    assert answer in response.content.decode(), "the buttons are missing"


def test_reworded_text_is_shown_and_the_librarys_is_folded(recommend, parents, pushed):
    recommend("reword", passage="comfort-8", text=SAID)
    recommend("reword", response="ask-hug-or-sit", text="Say: tea?")
    text = page(parents, pushed())
    said = {SAID: Passage.objects.get(slug="comfort-8"), "Say: tea?": Response.objects.get(slug="ask-hug-or-sit")}
    for own, entry in said.items():
        fold = f"How the library says it</summary><p>{entry.text}</p></details>"
        assert fold in text and text.count(entry.text) == 1 and text.index(own) < text.index(fold)


def test_what_is_hidden_is_not_on_the_page(recommend, parents, pushed):
    texts = [Passage.objects.get(slug="comfort-8").title, Response.objects.get(slug="ask-hug-or-sit").text]
    assert all(text in page(parents, pushed()) for text in texts)
    recommend("hide", passage="comfort-8")
    recommend("hide", response="ask-hug-or-sit")
    shown = page(parents, pushed())
    assert not any(text in shown for text in (*texts, "From your therapist"))


@pytest.mark.parametrize(
    ("how", "phase"), [("ended", "now"), ("revoked", "now"), ("expired", "now"), ("ended", "for_you")]
)
def test_it_ends_with_the_share_and_what_was_shown_stays_readable(
    how, phase, recommend, desk, share, parents, parent, pushed
):
    made = recommend("write", text=SAID, phase=phase, chips="pushed_away")
    earlier = pushed()
    assert SAID in page(parents, earlier)
    if how == "ended":
        assert desk.post(reverse("recommend_end", args=[share.code, made.code])).status_code == 302
    elif how == "revoked":
        sharing.revoke(share, by=parent)
    else:
        Share.objects.update(until=timezone.now() - dt.timedelta(minutes=1))
    later = pushed()
    assert items_of(later).exists() and SAID not in page(parents, later)
    assert SAID in page(parents, earlier)
    parents.post(reverse("moment_again", args=[earlier.code]))
    now, before = page(parents, earlier).split("What was shown before")
    assert SAID not in now and SAID in before


def test_it_is_for_the_owners_own_moments_of_that_child(recommend, parent, co_parent, recorder, child, pushed, sign_in):
    recommend("write", text=SAID, phase="now", chips="pushed_away")
    assert SAID in page(sign_in(parent), pushed())
    another_child = families.add_child(by=parent, name="Ottoline")
    for author, about in ((recorder, child), (co_parent, child), (parent, another_child)):
        moment = log(author, about, "pushed_away")
        assert items_of(moment).exists() and SAID not in page(sign_in(author), moment)
        assert author != recorder or SAID not in page(sign_in(parent), moment)


def test_another_therapist_never_sees_it(recommend, desk, share, taps_therapist, pushed, sign_in):
    made = recommend("write", text=SAID, phase="now", chips="pushed_away")
    recommend("reword", passage="comfort-8", text="Another way to say it.")
    moment = pushed(for_therapy=True)
    theirs, other = Share.objects.get(therapist=taps_therapist), sign_in(taps_therapist)
    mine = desk.get(reverse("shared_moment", args=[share.code, moment.code])).content.decode()
    assert SAID in mine and "Another way" in mine
    opened = ("shared_moment", [theirs.code, moment.code])
    for name, args in (opened, ("brief", [theirs.code]), ("recommend", [theirs.code]), ("practice_notes", [])):
        text = other.get(reverse(name, args=args)).content.decode()
        assert SAID not in text and "Another way" not in text, name
    seen = html.unescape(other.get(reverse(opened[0], args=opened[1])).content.decode())
    assert Passage.objects.get(slug="comfort-9").title in seen, "of what was shown nothing is left"
    assert other.post(reverse("recommend_end", args=[theirs.code, made.code])).status_code == 404
    made.refresh_from_db()
    assert made.ended_at is None


def test_across_the_stance_rule_the_page_says_so(recommend, desk, share, parents, parent, child, pushed):
    families.change_child(child, by=parent, hard_place="no")
    recommend("pin", passage="dance-11", chips="pushed_away")
    title, told_so = Passage.objects.get(slug="dance-11").title, "Your therapist said how near to be with your child."
    for stance, comes in (("", False), ("space", False), ("closer", True), ("on top", True)):
        answer = desk.post(reverse("recommend_stance", args=[share.code]), {"stance": stance}, follow=True)
        assert ("Please choose from the list." in answer.content.decode()) is (stance == "on top")
        text = page(parents, pushed())
        assert (title in first_passage(text), told_so in text) == (comes, comes), stance


def test_a_risk_note_stands_before_it_and_in_danger_it_is_not_there(recommend, parents, parent, child):
    recommend("write", text=SAID, phase="now", chips="hurt_self")
    concern = page(parents, log(parent, child, "hurt_self"))
    assert concern.index("Something to keep an eye on") < concern.index(SAID)
    danger = page(parents, log(parent, child, "hurt_self", words="He says he wants to die."))
    assert "Please look at this first" in danger and SAID not in danger


@pytest.mark.parametrize("broken", ["for_moment", "tailor"])
def test_a_moment_is_kept_when_recommending_fails(broken, recommend, parents, form, monkeypatch):
    recommend("write", text=SAID, phase="now", chips="pushed_away")

    def fails(*args):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(recommending, broken, fails)
        sent = form | {"words": "He says he wants to die."}
        text = parents.post(reverse("moment_new"), sent, follow=True).content.decode()
    moment = Moment.objects.get()
    assert "Look again" in text and "Please look at this first" in text and not items_of(moment).exists()
    parents.post(reverse("moment_more", args=[moment.code]), {"words": ""})
    assert SAID in page(parents, moment)


# What the therapist may send


def test_pinning_undoes_hiding_and_a_new_one_takes_the_place_of_the_old(recommend, share):
    for kind, text in (("hide", ""), ("pin", ""), ("reword", "one"), ("reword", "two"), ("pin", "")):
        recommend(kind, passage="comfort-8", text=text)
    live = share.recommendations.filter(ended_at=None).order_by("pk")
    assert [(one.kind, one.text) for one in live] == [("reword", "two"), ("pin", "")]
    recommend("hide", passage="comfort-8")
    assert [one.kind for one in live.all()] == ["reword", "hide"]


def test_what_was_recommended_ended_and_said_of_the_stance_is_in_the_parents_record(desk, share, parent):
    sent = {"kind": "write", "text": SAID, "phase": "now", "signals": ["pushed_away"]}
    desk.post(reverse("recommend", args=[share.code]), sent)
    desk.post(reverse("recommend_stance", args=[share.code]), {"stance": "closer"})
    desk.post(reverse("recommend_end", args=[share.code, Recommendation.objects.get().code]))
    rows = Audit.objects.filter(who=share.therapist, code=share.code, concerns=parent).order_by("pk")
    told = [(row.verb, row.fields) for row in rows]
    assert told == [("recommend", []), ("set_stance", ["stance"]), ("end_recommendation", [])]


def test_a_passage_for_therapists_is_not_offered(desk, share):
    offered = desk.get(reverse("recommend", args=[share.code])).content.decode()
    assert 'value="passage:comfort-8"' in offered and "passage:healing-3" not in offered


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"kind": ""}, "kind", "Please say what to do."),
        ({"kind": "shout"}, "kind", "Please choose from the list."),
        ({"kind": "pin"}, "what", "Please choose a text."),
        ({"kind": "pin", "what": "passage:healing-3"}, "what", "Please choose from the list."),
        ({"kind": "reword", "what": "passage:door-8", "text": " "}, "text", "Please write how it should be said."),
        ({"text": ""}, "text", "Please write how it should be said."),
        ({"text": TYPED + "x" * 5000}, "text", "Please keep it under 600 characters; now it has 5,035."),
        ({"text": TYPED + "\0"}, "text", "There is a character here that cannot be kept. Please remove it."),
        ({"phase": ""}, "phase", "Please say when in the moment it helps."),
        ({"phase": "never"}, "phase", "Please choose from the list."),
        ({"signals": []}, "signals", "Please choose at least one, so that it comes at the right moments."),
        ({"signals": ["no_such"]}, "signals", "Please choose from the chips shown."),
        ({"what": SimpleUploadedFile("words.txt", b"words")}, "", "Files cannot be kept here."),
    ],
)
def test_what_cannot_be_recommended_is_said_beside_its_field_and_stays_typed(changed, field, message, desk, share):
    sent = {"kind": "write", "text": TYPED, "phase": "now", "signals": ["pushed_away"]} | changed
    answer = desk.post(reverse("recommend", args=[share.code]), sent)
    text = html.unescape(answer.content.decode())
    place = f'id="id_{field}_error">(.*?)</div>' if field else 'role="alert">(.*?)</div>'
    assert answer.status_code == 422 and not Recommendation.objects.exists()
    assert message in re.search(place, text, re.S)[1]
    assert (TYPED in text) is (TYPED in sent["text"])
