"""The third ring, and what it rests on: views ask `access`, imports run one way, the desk shows a stated list."""

import ast
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from config.desk import SHOWN, Desk
from journal.models import Audit, Bond, Child, Moment, MomentSignal, OwnChip, SuggestionItem, User
from tests.conftest import ROOT, log

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
        "guidance.weight", "guidance.helpline", "journal.user",
    }  # fmt: skip
    assert isinstance(admin.site, Desk) or isinstance(getattr(admin.site, "_wrapped", None), Desk)
    assert stated == SHOWN
    assert {model._meta.label_lower for model in admin.site._registry} == stated


def test_accounts_at_the_desk_are_an_address_and_two_switches(superuser: User, parent: User, sign_in: Callable) -> None:
    page = sign_in(superuser).get(reverse("admin:journal_user_change", args=[parent.pk]))
    shown = [name for _, options in page.context["adminform"].fieldsets for name in options["fields"]]
    assert shown == ["email", "is_staff", "is_active"]
    assert set(page.context["adminform"].form.fields) == {"is_staff", "is_active"}
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


def body(response: HttpResponse) -> str:
    assert response.status_code == 404
    text = response.content.decode()
    for token in {*re.findall(r"\b[A-Za-z0-9]{64}\b", text)}:  # the masked form token differs at every answer
        text = text.replace(token, "token")
    return text


@pytest.mark.parametrize("method", ["get", "post"])
def test_not_yours_and_not_there_answer_alike(
    method: str, stranger: User, moment: Moment, child: Child, own_chip: OwnChip, suggested: SuggestionItem,
    deleted_moment: Moment, sign_in: Callable,
) -> None:  # fmt: skip
    browser = sign_in(stranger)
    addresses = {
        "moment": moment, "moment_edit": moment, "moment_more": moment, "moment_signals": moment,
        "moment_again": moment, "moment_safety": moment, "moment_history": moment, "moment_delete": moment,
        "moment_deleted": deleted_moment, "moment_restore": deleted_moment, "suggestion_feedback": suggested,
        "child_edit": child, "own_chip_remove": own_chip,
    }  # fmt: skip
    compared = 0
    for name, row in addresses.items():
        send = getattr(browser, method)
        foreign = send(reverse(name, args=[row.code]), {"x": "y"})
        if foreign.status_code == 405:
            continue
        missing = send(reverse(name, args=[uuid.uuid4()]), {"x": "y"})
        assert body(foreign) == body(missing), name
        assert {*foreign.headers} == {*missing.headers}, name
        compared += 1
    assert compared > 2


# Codes of others in any field are refused, and nothing is written


def state() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Moment, MomentSignal, OwnChip, Audit, SuggestionItem))


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
