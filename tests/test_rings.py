"""The third ring, and what it rests on: views ask `access`, imports run one way, the desk shows a stated list."""

import ast
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.apps import apps
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.urls.converters import UUIDConverter
from django.utils import timezone

from config.desk import SHOWN, Desk
from guidance.models import Signal
from journal import families, invitations, recommending, review
from journal.models import Bond, Child, Invitation, Moment, OwnChip, Receipt, Share, SuggestionItem, User
from journal.urls import urlpatterns
from tests.conftest import ROOT, give_share, log, second_factor

PACKAGES = ("config", "journal", "guidance")
# What views may name of a model: its choices, never its rows.
MAY_IMPORT = {"Moment", "SuggestionItem", "User", "Attempt", "Child", "Receipt", "Share", "HelpLine"}


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path, node: ast.AST) -> list[str]:
    """The dotted names a statement imports, relative ones made whole."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        package = path.with_suffix("").parts[: -node.level] if node.level else ()
        base = ".".join([*package, *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    return []


def test_views_never_ask_the_database_themselves() -> None:
    forbidden = {
        "objects",
        "_default_manager",
        "_base_manager",
        "get_object_or_404",
        "get_list_or_404",
        "raw",
        "cursor",
    }
    for path, tree in sources("journal/views"):
        for node in ast.walk(tree):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            assert name not in forbidden, f"{path}:{getattr(node, 'lineno', '?')} uses {name}"
            for dotted in imported(path, node):
                assert dotted.rpartition(".")[2] not in forbidden, f"{path}: {dotted}"


def test_views_import_models_for_their_choices_only_and_never_read_rows_through_them() -> None:
    for path, tree in sources("journal/views"):
        taken = {
            dotted.rpartition(".")[2]
            for node in ast.walk(tree)
            for dotted in imported(path, node)
            if re.match(r"(journal|guidance)\.models\.", dotted)
        }
        assert taken <= MAY_IMPORT, f"{path} imports {taken - MAY_IMPORT}"
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & taken, f"{path} makes {called & taken}"


def test_imports_run_from_config_to_journal_to_guidance_and_never_back() -> None:
    below = {"config": {"journal", "guidance"}, "journal": {"guidance"}, "guidance": set()}
    for path, tree in sources(*PACKAGES):
        package = path.parts[0]
        for node in ast.walk(tree):
            for dotted in imported(path, node):
                other = dotted.split(".")[0]
                if other in PACKAGES and other != package:
                    assert other in below[package], f"{path}:{node.lineno} imports {dotted}"  # type: ignore[attr-defined]


def test_imports_stand_at_the_top_of_the_file() -> None:
    for path, tree in sources(*PACKAGES):
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert id(node) in top, f"{path}:{node.lineno}"


def test_the_library_has_never_heard_of_a_family() -> None:
    for path, tree in sources("guidance"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"journal\.", node.value) or "migrations" in path.parts, f"{path}:{node.lineno}"


def test_matching_is_pure_and_only_its_loader_queries() -> None:
    for path, tree in sources("guidance/matching"):
        if path.name != "load.py":
            for node in ast.walk(tree):
                for dotted in imported(path, node):
                    assert not dotted.startswith(("django", "guidance.models")), f"{path}: {dotted}"


# The desk


def test_the_desk_shows_exactly_the_stated_list() -> None:
    stated = {
        "guidance.source", "guidance.passage", "guidance.response", "guidance.wording", "guidance.signal",
        "guidance.weight", "guidance.helpline", "guidance.benchcase", "guidance.riskphrase", "guidance.original",
        "guidance.unmetneed", "journal.user",
    }  # fmt: skip
    assert isinstance(admin.site, Desk) or isinstance(getattr(admin.site, "_wrapped", None), Desk)
    assert stated == SHOWN
    assert {model._meta.label_lower for model in admin.site._registry} == stated


def test_accounts_at_the_desk_are_an_address_and_two_switches(superuser: User, parent: User, sign_in: Callable) -> None:
    page = sign_in(superuser).get(reverse("admin:journal_user_change", args=[parent.pk]))
    shown = [name for _, options in page.context["adminform"].fieldsets for name in options["fields"]]
    assert shown == ["email", "is_staff", "is_active"]
    assert set(page.context["adminform"].form.fields) == {"is_staff"}
    assert sign_in(superuser).get(reverse("admin:journal_user_add")).status_code == 403
    assert sign_in(superuser).post(reverse("admin:journal_user_delete", args=[parent.pk])).status_code == 403


def test_logging_in_at_the_desk_goes_through_allauth(client: Client, curator: User) -> None:
    for response in (
        client.get(reverse("admin:login")),
        client.post(reverse("admin:login"), {"username": curator.email, "password": "a long enough password"}),
    ):
        assert response.status_code == 302
        assert response.headers["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session


# Superusers get no pass


def test_a_superuser_gets_no_pass_into_a_family(
    superuser: User, moment: Moment, child: Child, own_chip: OwnChip, suggested: SuggestionItem, sign_in: Callable
) -> None:
    browser = sign_in(superuser)
    for name in ("moment", "moment_edit"):
        assert browser.get(reverse(name, args=[moment.code])).status_code == 404
    assert browser.get(reverse("child_edit", args=[child.code])).status_code == 404
    assert browser.post(reverse("own_chip_remove", args=[own_chip.code])).status_code == 404
    assert (
        browser.post(reverse("suggestion_feedback", args=[suggested.code]), {"feedback": "helped"}).status_code == 404
    )
    assert OwnChip.objects.filter(pk=own_chip.pk).exists()


# "Not yours" and "not there" answer alike

CODED = {
    entry.name: list(entry.pattern.converters)
    for entry in urlpatterns
    if UUIDConverter in map(type, entry.pattern.converters.values())
}
PRACTICE = [entry.name for entry in urlpatterns if str(entry.pattern).startswith("practice/")]
NESTED = [name for name in PRACTICE if len(CODED.get(name, ())) > 1]
# Whose code stands for `code` in an address, by how the address is called.
CODE_OF = {
    "moment_(deleted|restore)": "deleted_moment", "moment": "moment", "suggestion_": "suggested",
    "child_|family_default": "child", "family_remove": "recorder", "family_": "family", "own_chip_": "own_chip",
    "invitation_": "invitation", "share|brief|recommend": "share",
}  # fmt: skip
Codes = dict[str, uuid.UUID]


def code_of(name: str) -> str:
    return next(kind for called, kind in CODE_OF.items() if re.match(called, name))


def filled(name: str, codes: Codes) -> Codes:
    return {key: codes[code_of(name) if key == "code" else key] for key in CODED.get(name, ())}


def body(response: HttpResponse, status: int = 404) -> str:
    assert response.status_code == status, response.request["PATH_INFO"]
    text = response.content.decode()
    for token in {*re.findall(r"\b[A-Za-z0-9]{64}\b", text)}:  # the masked form token differs at every answer
        text = text.replace(token, "token")
    return text


def is_answered_as_made_up(browser: Client, names: Iterable[str], theirs: Codes, own: Codes | None = None) -> None:
    """Each code of an address that is `theirs` in turn, the others one's own where one has any. Nothing is written."""
    before, compared = state(), set()
    for name in names:
        base = filled(name, theirs | (own or {}))
        for key, code in filled(name, (own or {}) | theirs).items():
            if own and base[key] == code:
                continue
            for method in (browser.get, browser.post):
                foreign, missing = (
                    method(reverse(name, kwargs=base | {key: one}), {"x": "y"}) for one in (code, uuid.uuid4())
                )
                if foreign.status_code != 405:
                    assert body(foreign) == body(missing), f"{name}: {key}"
                    assert {*foreign.headers} == {*missing.headers}, f"{name}: {key}"
                    compared.add(name)
    assert compared == {*names}
    assert state() == before


def left_under(share: Share, moment: Moment) -> Codes:
    """The codes of a share, of a moment, and of what the therapist says of them."""
    comment = review.comment(share, moment, "It sounds as if they needed you near.")
    chips = Signal.objects.filter(slug="pushed_away")
    written = recommending.recommend(share, kind="write", text="Wait beside them.", phase="now", signals=chips)
    rows = {"share": share, "moment": moment, "comment": comment, "recommendation": written}
    return {name: row.code for name, row in rows.items()}


@pytest.fixture
def invitation(parent: User, child: Child) -> Invitation:
    return invitations.invite_caregiver(by=parent, family=child.family, email="sitter@example.org", kind="recorder")


@pytest.fixture
def theirs(
    share: Share, moment: Moment, child: Child, own_chip: OwnChip, suggested: SuggestionItem, recorder: User,
    deleted_moment: Moment, invitation: Invitation,
) -> Codes:  # fmt: skip
    """All the codes of the parent's family and of their therapist."""
    rows = {
        "child": child, "family": child.family, "own_chip": own_chip, "suggested": suggested, "recorder": recorder,
        "deleted_moment": deleted_moment, "invitation": invitation,
    }  # fmt: skip
    return left_under(share, moment) | {name: row.code for name, row in rows.items()}


@pytest.fixture
def other_share(stranger: User) -> Share:
    """A therapist of another family holds it, and has a second factor."""
    user = User.objects.create_user("other-therapist@example.org")
    second_factor(user)
    return give_share(user, stranger, Child.objects.get(family__caregivers__user=stranger))


@pytest.fixture
def others(other_share: Share) -> Codes:
    """What the therapist of the other family may read, and said there."""
    return left_under(other_share, log(other_share.owner, other_share.child, "ran_off", words="Of another family."))


@pytest.mark.parametrize("person", ["stranger", "co_parent", "revoked_therapist", "other_therapist"])
def test_not_yours_and_not_there_answer_alike(
    person: str, theirs: Codes, others: Codes, other_share: Share, request: Any, sign_in: Callable
) -> None:
    user = other_share.therapist if person == "other_therapist" else request.getfixturevalue(person)
    names = [name for name in CODED if person != "co_parent" or code_of(name) not in ("family", "child")]
    is_answered_as_made_up(sign_in(user), names, theirs)
    if person in ("stranger", "other_therapist"):
        nested = {"stranger": ["share_look_moment"], "other_therapist": NESTED}[person]
        is_answered_as_made_up(sign_in(user), nested, theirs, others)


@pytest.mark.parametrize("ended", ["revoked_at", "until"])
def test_a_share_that_was_revoked_or_is_over_is_to_its_therapist_as_if_it_had_never_been(
    ended: str, share: Share, theirs: Codes, therapist: User, sign_in: Callable
) -> None:
    Share.objects.filter(pk=share.pk).update(**{ended: timezone.now()})
    is_answered_as_made_up(sign_in(therapist), {*PRACTICE} & {*CODED}, theirs)


@pytest.mark.parametrize("why", ["too early", "kept back", "deleted", "another child", "another parent"])
def test_a_moment_that_a_share_does_not_cover_is_as_if_it_were_not_there_and_so_is_a_comment_on_it(
    why: str, share: Share, moment: Moment, parent: User, child: Child, co_parent: User, sign_in: Callable
) -> None:
    how: dict[str, Any] = {
        "too early": {"days_ago": 91}, "kept back": {"kept_back": True}, "deleted": {"deleted_at": timezone.now()},
    }.get(why, {})  # fmt: skip
    about = families.add_child(by=parent, name="Ottoline") if why == "another child" else child
    hidden = log(co_parent if why == "another parent" else parent, about, "ran_off", **how)
    theirs = {name: code for name, code in left_under(share, hidden).items() if name in ("moment", "comment")}
    names = [name for name in NESTED if name != "recommend_end"]
    is_answered_as_made_up(sign_in(share.therapist), names, theirs, left_under(share, moment))


def test_under_one_share_what_belongs_to_another_is_as_if_it_were_not_there(
    share: Share, moment: Moment, stranger: User, others: Codes, taps_therapist: User, sign_in: Callable
) -> None:
    """A second share of the same therapist; and what another therapist says of the very same moment."""
    second = give_share(share.therapist, stranger, Child.objects.get(family__caregivers__user=stranger))
    theirs = left_under(second, Moment.objects.get(code=others["moment"]))
    del theirs["share"]
    is_answered_as_made_up(sign_in(share.therapist), NESTED, theirs, left_under(share, moment))
    said = left_under(share, moment)
    del said["moment"]
    own = left_under(Share.objects.get(therapist=taps_therapist), moment)
    is_answered_as_made_up(sign_in(taps_therapist), NESTED, said, own)


@pytest.mark.parametrize("why", ["answered", "cancelled", "over"])
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "signed out"])
def test_an_invitation_that_works_no_more_is_as_one_that_was_made_up(
    why: str, signed_in: bool, invitation: Invitation, parent: User, sign_in: Callable
) -> None:
    invited = User.objects.create_user(invitation.email)
    if why == "answered":
        invitations.accept(invitation, by=invited)
    elif why == "cancelled":
        invitations.cancel(invitation, by=parent)
    else:
        Invitation.objects.update(expires_at=timezone.now())
    browser = sign_in(invited if signed_in else None)
    for method in (browser.get, browser.post):
        old, unsigned, unknown = (
            method(reverse("invitation", args=[token])) for token in (invitation.token, "made-up", Invitation().token)
        )
        assert body(old) == body(unsigned) == body(unknown)
        assert {*old.headers} == {*unsigned.headers} == {*unknown.headers}


# The second factor


@pytest.mark.parametrize("codes_alone", [False, True], ids=["nothing", "recovery codes alone"])
def test_a_therapist_without_a_second_factor_is_led_to_setting_one_up_and_nothing_is_read(
    codes_alone: bool, share: Share, moment: Moment, others: Codes, therapist: User, sign_in: Callable
) -> None:
    Authenticator.objects.filter(user=therapist).delete()
    if codes_alone:
        RecoveryCodes.activate(therapist)
    own, browser = left_under(share, moment), sign_in(therapist)
    before = state()
    for name in PRACTICE:
        if name != "practice_digest":
            path = reverse(name, kwargs=filled(name, own))
            answers = [one for one in (browser.get(path), browser.post(path)) if one.status_code != 405]
            led_to = {(one.status_code, one.headers.get("Location")) for one in answers}
            assert led_to == {(302, reverse("mfa_index"))}, name
    assert state() == before and not Receipt.objects.exists()
    is_answered_as_made_up(sign_in(therapist), {*PRACTICE} & {*CODED}, others)


# Codes of others in any field are refused, and nothing is written


def state() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in apps.get_app_config("journal").get_models()}


@pytest.fixture
def foreign(stranger: User) -> dict[str, str]:
    """A stranger's child and chip."""
    child = Child.objects.get(family__caregivers__user=stranger)
    chip = OwnChip.objects.create(owner=stranger, label="the stranger's own chip")
    log(stranger, child, "ran_off", words="What the stranger wrote.")
    return {"child": str(child.code), "own_chips": str(chip.code)}


@pytest.mark.parametrize(
    ("field", "message"),
    [("child", "Please choose one of your children."), ("own_chips", "Please choose from your own chips.")],
)
def test_a_strangers_code_in_a_new_moment_is_refused_beside_the_field(
    field: str, message: str, parents: Client, form: dict, foreign: dict[str, str]
) -> None:
    before = state()
    response = parents.post(reverse("moment_new"), form | {field: foreign[field], "words": "typed before"})
    assert response.status_code == 422
    assert response.context["form"].errors[field] == [message]
    assert message in response.content.decode() and "typed before" in response.content.decode()
    assert "Wendeline" not in response.content.decode() and "the stranger" not in response.content.decode()
    assert state() == before


@pytest.mark.parametrize("step", ["look", "send"])
def test_a_strangers_child_in_a_new_share_is_refused_like_one_that_is_not_there(
    step: str, parents: Client, foreign: dict[str, str]
) -> None:
    day, before = timezone.localdate(), state()
    form = {"email": "t@example.org", "from_date": day, "until": day, "includes_words": "yes", step: "1"}
    theirs, missing = (
        parents.post(reverse("share_new"), form | {"child": code}) for code in (foreign["child"], uuid.uuid4())
    )
    assert body(theirs, 422) == body(missing, 422)
    assert theirs.context["form"].errors == {"child": ["Please choose one of your children."]}
    assert state() == before


@pytest.mark.parametrize("field", ["child", "own_chips"])
def test_a_strangers_code_in_a_changed_moment_is_refused(
    field: str, parents: Client, form: dict, moment: Moment, foreign: dict[str, str]
) -> None:
    before = state()
    response = parents.post(reverse("moment_edit", args=[moment.code]), form | {field: foreign[field]})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    moment.refresh_from_db()
    assert str(moment.child.code) != foreign["child"]
    assert state() == before


def test_a_strangers_child_in_the_filter_shows_nothing_of_theirs(
    parents: Client, moment: Moment, foreign: dict[str, str], stranger: User
) -> None:
    response = parents.get(reverse("timeline"), {"child": foreign["child"]})
    text = response.content.decode()
    assert "Please choose one of your children." in text
    other = Moment.objects.get(author=stranger)
    assert str(other.code) not in text and "Wendeline" not in text and "the stranger" not in text


def test_a_strangers_moment_chip_and_suggestion_stay_as_they_were(
    stranger: User, moment: Moment, own_chip: OwnChip, suggested: SuggestionItem, child: Child, sign_in: Callable
) -> None:
    browser, before = sign_in(stranger), state()
    for path, sent in (
        (reverse("moment_more", args=[moment.code]), {"words": "overwritten"}),
        (reverse("moment_edit", args=[moment.code]), {"when": "just_now"}),
        (reverse("moment_delete", args=[moment.code]), {}),
        (reverse("moment_signals", args=[moment.code]), {"kept": "ran_off"}),
        (reverse("moment_safety", args=[moment.code]), {"safe_answer": "not_sure"}),
        (reverse("moment_history", args=[moment.code]), {"hard_place": "yes"}),
        (reverse("suggestion_feedback", args=[suggested.code]), {"feedback": "not_us"}),
        (reverse("own_chip_remove", args=[own_chip.code]), {}),
        (reverse("child_edit", args=[child.code]), {"name": "Somebody"}),
    ):
        assert browser.post(path, sent).status_code == 404, path
    words = moment.words
    moment.refresh_from_db()
    suggested.refresh_from_db()
    child.refresh_from_db()
    assert (moment.words, moment.deleted_at, moment.safe_answer) == (words, None, "")
    assert (suggested.feedback, Bond.objects.exists(), child.name) == ("", False, "Quillon")
    assert state() == before


def test_two_parents_may_send_the_same_key_and_neither_sees_the_others_moment(
    parents: Client, stranger: User, form: dict, foreign: dict[str, str], sign_in: Callable
) -> None:
    mine = parents.post(reverse("moment_new"), form)
    theirs = sign_in(stranger).post(reverse("moment_new"), form | {"child": foreign["child"]})
    assert mine.status_code == theirs.status_code == 302
    assert mine.headers["Location"] != theirs.headers["Location"]
    assert Moment.objects.filter(client_key=form["client_key"]).count() == 2
