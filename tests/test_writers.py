"""Every writer of guidance raises the library version: the next match differs."""

import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from guidance import shipping
from guidance.matching import Situation, match
from guidance.matching.load import current_library
from guidance.models import Passage, Weight

pytestmark = pytest.mark.django_db
STORM = Situation(frozenset({"slammed_door"}))


@pytest.fixture
def desk(client, curator):
    client.force_login(curator)
    return client


def door_1_score() -> float:
    return current_library().by_slug["door-1"].weights.get("slammed_door", 0.0)


def test_a_weight_saved_at_the_desk_changes_the_next_match(desk):
    before = match(STORM, current_library())
    weight = Weight.objects.filter(passage__slug="healing-9", signal__slug="slammed_door").first()
    if weight is None:
        passage = Passage.objects.get(slug="healing-9")
        signal = Weight._meta.get_field("signal").related_model.objects.get(slug="slammed_door")
        weight = Weight.objects.create(passage=passage, signal=signal)
    answer = desk.post(reverse("admin:guidance_weight_change", args=[weight.pk]), {"override": "9.0"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    after = match(STORM, current_library())
    assert before.passages[0].slug != "healing-9" and after.passages[0].slug == "healing-9"


@pytest.mark.parametrize("odd", ["nan", "inf", "-1", "1e9"])
def test_an_absurd_weight_is_refused_at_the_desk(desk, odd):
    weight = Weight.objects.filter(signal__isnull=False).first()
    answer = desk.post(reverse("admin:guidance_weight_change", args=[weight.pk]), {"override": odd})
    assert answer.status_code == 200 and answer.context["adminform"].form.errors
    weight.refresh_from_db()
    assert weight.override is None


def test_a_weight_deleted_at_the_desk_changes_the_next_match(desk):
    weight = Weight.objects.filter(passage__slug="door-1", signal__slug="slammed_door").first()
    assert weight is not None and door_1_score() > 0
    desk.post(reverse("admin:guidance_weight_delete", args=[weight.pk]), {"post": "yes"})
    assert door_1_score() == 0


def test_weights_deleted_together_at_the_desk_change_the_next_match(desk):
    keys = list(Weight.objects.filter(passage__slug="door-1", signal__slug="slammed_door").values_list("pk", flat=True))
    assert keys and door_1_score() > 0
    sent = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    desk.post(reverse("admin:guidance_weight_changelist"), sent)
    assert door_1_score() == 0


def test_a_library_loaded_with_other_weights_changes_the_next_match(monkeypatch, own_library):
    weights = json.loads((own_library / "weights.json").read_text())
    weights["door-1"]["slammed_door"] = 8.5
    (own_library / "weights.json").write_text(json.dumps(weights))
    shipping.load_library()
    assert door_1_score() == 8.5


def test_weights_fitted_again_change_the_next_match(monkeypatch, own_library):
    Weight.objects.filter(passage__slug="door-1", signal__slug="slammed_door").update(fitted=0.0)
    (own_library / "weights.json").write_text("{}")
    shipping.load_library()
    assert door_1_score() == 0
    monkeypatch.setattr("guidance.management.commands.fit_weights.SHIPPED", own_library)
    call_command("fit_weights")
    assert door_1_score() > 0


def test_a_shipped_identity_cannot_be_deleted_at_the_desk(desk):
    passage = Passage.objects.get(slug="door-1")
    assert desk.post(reverse("admin:guidance_passage_delete", args=[passage.pk]), {"post": "yes"}).status_code == 403


def test_an_approved_wording_cannot_be_changed_at_the_desk(desk):
    wording = Passage.objects.get(slug="door-1").current
    assert wording is not None
    desk.post(reverse("admin:guidance_wording_change", args=[wording.pk]), {"title": "x", "text": "changed"})
    before = wording.text
    wording.refresh_from_db()
    assert wording.text == before
