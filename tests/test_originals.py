"""The authors' own texts: known by their fingerprints, loaded by whoever holds them, shown to signed-in people."""

import html
import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance import originals
from guidance.models import LibraryVersion, Original, Passage, Source, Wording
from journal.models import User
from tests.conftest import ROOT

pytestmark = pytest.mark.django_db

KETTLE, TEAPOT = "the-blue-kettle", "the-cracked-teapot"
# Made up for these tests; the second and the fifth line, and two words in the fourth, are captions.
LINES = [
    "The Blue Kettle",
    "Photo: nobody",
    "“It whistles,” said Ada – and then… it didn’t.",
    "Half of the tea was spilt. Kettle chartThe other half was drunk & <b>praised</b>.",
    "Sign up for more kettles",
    "A kettle that is watched — so they say — never boils.",
]
CAPTIONS = ["Photo: nobody", "Kettle chart", "Sign up for more kettles"]
TEXT = "\n\n".join(LINES)
KEPT = [
    LINES[0], "", LINES[2], "Half of the tea was spilt. The other half was drunk & <b>praised</b>.", "", LINES[5]
]  # fmt: skip
NAMED = "“The Blue Kettle”: "


@pytest.fixture(autouse=True)
def kettle(own_library: Path) -> Source:
    """A founding document of six paragraphs that can be loaded, and another that nobody has."""
    path = own_library / "fingerprints.json"
    entry = originals.measured(TEXT, CAPTIONS)
    known = {KETTLE: entry | {"notes": {"6": "trust"}}, TEAPOT: originals.measured("Nobody has this.")}
    path.write_text(json.dumps(json.loads(path.read_text()) | known))
    Source.objects.create(slug=TEAPOT, title="The Cracked Teapot", kind="founding")
    return Source.objects.create(
        slug=KETTLE, title="The Blue Kettle", author="Ada Tinker", url="https://kettles.example/", kind="founding"
    )


def cut(source: Source, first: int, last: int) -> Passage:
    """A passage of the kettle's, retold and approved."""
    passage = Passage.objects.create(slug=f"k-{first}", source=source, first_paragraph=first, last_paragraph=last)
    told = {"title": "Kettles", "text": "A kettle, retold.", "state": "approved", "approved_at": timezone.now()}
    passage.current = Wording.objects.create(passage=passage, **told)
    passage.save()
    return passage


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A directory with the kettle's text."""
    folder = tmp_path / "held"
    folder.mkdir()
    (folder / f"{KETTLE}.txt").write_text(TEXT, encoding="utf-8")
    return folder


def load(folder: Path) -> tuple[str, str]:
    """What the command says and what it complains of."""
    said, complained = StringIO(), StringIO()
    try:
        call_command("load_originals", str(folder), stdout=said, stderr=complained)
    except CommandError as error:
        complained.write(f"error: {error}")
    return said.getvalue(), complained.getvalue()


def kept() -> list[str]:
    return Original.objects.get(source__slug=KETTLE).text.split("\n")


def refused(text: str) -> str:
    """Why the text is refused; nothing has changed."""
    before = list(Original.objects.values())
    with pytest.raises(originals.Refused) as why:
        originals.load(KETTLE, text)
    assert list(Original.objects.values()) == before
    return str(why.value)


# What is known again


def test_a_text_is_kept_a_paragraph_a_line_without_its_captions(curator: User) -> None:
    assert originals.load(KETTLE, TEXT, by=curator)
    assert kept() == KEPT
    assert Original.objects.get().loaded_by == curator


def test_loading_twice_changes_nothing(curator: User) -> None:
    originals.load(KETTLE, TEXT, by=curator)
    before = list(Original.objects.values())
    assert not originals.load(KETTLE, TEXT)
    assert not originals.load(KETTLE, TEXT.replace("\n\n", " \r\n\r\n\r\n "))
    assert list(Original.objects.values()) == before


def test_the_same_text_with_other_quotes_takes_the_place_of_the_first() -> None:
    originals.load(KETTLE, TEXT)
    assert originals.load(KETTLE, TEXT.replace("’", "'"))
    assert kept()[2].endswith("it didn't.") and Original.objects.count() == 1


PLAIN = {"“": '"', "”": '"', "’": "'", "–": "-", "—": "--", "…": "..."}


@pytest.mark.parametrize(
    "held",
    [
        TEXT.translate(str.maketrans(PLAIN)),
        TEXT.replace(" – ", "—").replace(" — ", "-"),
        TEXT.replace(" ", "\N{NO-BREAK SPACE} "),
        TEXT.replace(" ", "\n"),
        TEXT.replace("\n\n", " "),
        "\n\n\n" + TEXT + "\n \t\n",
        TEXT.replace("whistles", "whis\N{SOFT HYPHEN}tles\N{ZERO WIDTH SPACE}"),
        "\N{BYTE ORDER MARK}" + TEXT,
    ],
    ids=["typewriter", "dashes", "no-break spaces", "wrapped", "one line", "blank lines", "unseen signs", "mark"],
)
def test_white_space_quotes_and_dashes_do_not_count(held: str) -> None:
    assert originals.load(KETTLE, held)
    squeezed = str.maketrans(PLAIN | {"\N{SOFT HYPHEN}": "", "\N{ZERO WIDTH SPACE}": "", " ": ""})
    assert [line.translate(squeezed).replace("--", "-") for line in kept()] == [
        line.translate(squeezed).replace("--", "-") for line in KEPT
    ]


def test_an_accent_may_be_typed_apart_from_its_letter(own_library: Path) -> None:
    path = own_library / "fingerprints.json"
    path.write_text(json.dumps({KETTLE: originals.measured("Caf\N{LATIN SMALL LETTER E WITH ACUTE}")}))
    assert originals.load(KETTLE, "Cafe\N{COMBINING ACUTE ACCENT}")


@pytest.mark.parametrize("dropped", [CAPTIONS[:1], CAPTIONS[1:2], CAPTIONS[2:], CAPTIONS], ids=str)
def test_a_text_without_its_captions_gives_each_passage_its_paragraphs(kettle: Source, dropped: list[str]) -> None:
    text = TEXT
    for caption in dropped:
        text = text.replace(caption, "")
    assert originals.load(KETTLE, text)
    assert originals.of(cut(kettle, 3, 4)) == [KEPT[2], KEPT[3]]
    assert originals.of(cut(kettle, 5, 6)) == [KEPT[5]]


def test_captions_may_stand_elsewhere_between_the_paragraphs() -> None:
    assert originals.load(KETTLE, "\n".join([*CAPTIONS, *LINES, *CAPTIONS]))
    assert kept() == KEPT


# What is refused, with the first difference


def test_a_changed_paragraph_is_named_with_how_it_begins() -> None:
    assert refused(TEXT.replace("whistles", "sings")) == (
        NAMED + "paragraph 3 is not as we know it. Here it begins ““It sings,” said Ada – and then… it didn’t.”."
    )


def test_a_change_after_a_caption_in_the_midst_of_a_paragraph_is_found() -> None:
    why = refused(TEXT.replace("was drunk", "was lost"))
    assert why.startswith(NAMED + "paragraph 4 is not as we know it. Here it begins “Half of the tea")


def test_a_missing_paragraph_is_named_with_what_stands_there() -> None:
    assert refused(TEXT.replace(LINES[2], "")).startswith(
        NAMED + "paragraph 3 is missing. Here the text goes on with “Half of the tea"
    )


@pytest.mark.parametrize(("text", "number"), [(LINES[0], 3), ("\n".join(LINES[:5]), 6), ("", 1), ("  \n", 1)])
def test_a_text_that_ends_too_early_is_refused(text: str, number: int) -> None:
    assert refused(text) == NAMED + f"the text ends before paragraph {number}."


def test_something_extra_is_named_where_it_stands() -> None:
    why = refused(TEXT.replace(LINES[3], "Buy two kettles\n" + LINES[3]))
    assert why.startswith(NAMED + "something extra stands before paragraph 4: “Buy two kettles”.")
    assert refused(TEXT + "\nThe end.") == NAMED + "something extra stands after the last paragraph: “The end.”."


def test_only_a_few_words_are_told_and_none_that_would_steer_a_terminal() -> None:
    assert refused("\x1b[2J" + "a" * 500) == (
        NAMED + "paragraph 1 is not as we know it. Here it begins “\ufffd[2J" + "a" * (originals.FEW - 4) + "…”."
    )


def test_a_refused_text_leaves_the_loaded_one() -> None:
    originals.load(KETTLE, TEXT)
    refused(TEXT.replace("tea", "coffee"))
    assert kept() == KEPT


def test_a_text_beyond_the_limit_is_refused_before_it_is_compared() -> None:
    assert "too long" in refused("a" * (originals.LIMIT + 1))


@pytest.mark.parametrize("slug", ["nobodys-text", "nhs-head-injury"])
def test_no_other_sources_text_is_taken(slug: str) -> None:
    with pytest.raises(originals.Refused):
        originals.load(slug, TEXT)
    assert not Original.objects.exists()


def test_the_matcher_need_not_look_again_after_an_original_is_loaded() -> None:
    before = LibraryVersion.objects.get().number
    originals.load(KETTLE, TEXT)
    assert LibraryVersion.objects.get().number == before


# The command


def test_the_command_loads_what_is_there_and_says_what_is_not(held: Path) -> None:
    said, complained = load(held)
    assert f"{KETTLE}: loaded\n" in said and f"{TEAPOT}: not there\n" in said and complained == ""
    assert kept() == KEPT
    assert f"{KETTLE}: unchanged\n" in load(held)[0]


def test_a_refused_file_keeps_no_other_from_being_loaded_and_ends_in_an_error(held: Path) -> None:
    (held / f"{TEAPOT}.txt").write_text("Somebody had this.")
    (held / "the-closed-door.txt").write_text("Not this one.")
    said, complained = load(held)
    assert f"{KETTLE}: loaded" in said and kept() == KEPT
    assert f"{TEAPOT}: refused. “The Cracked Teapot”: paragraph 1" in complained and "error: Refused: 2." in complained


@pytest.mark.parametrize("name", ["nowhere", f"{KETTLE}.txt", "."])
def test_a_directory_without_the_files_is_an_error(held: Path, name: str) -> None:
    if name == ".":
        (held / f"{KETTLE}.txt").unlink()
    said, complained = load(held / name)
    assert said == "" and complained.startswith("error: ")
    assert ("cannot be read" in complained) == (name != ".") and (f"{KETTLE}.txt" in complained) == (name != "nowhere")


@pytest.mark.parametrize("coded", [TEXT.encode("cp1252"), TEXT.encode("utf-16"), "Kettle".encode("utf-16-le")])
def test_another_encoding_is_refused_and_what_was_loaded_stays(held: Path, coded: bytes) -> None:
    load(held)
    (held / f"{KETTLE}.txt").write_bytes(coded)
    said, complained = load(held)
    assert KETTLE not in said and "not written in UTF-8" in complained and kept() == KEPT


def test_utf8_with_a_mark_in_front_is_read(held: Path) -> None:
    (held / f"{KETTLE}.txt").write_text(TEXT, encoding="utf-8-sig")
    assert f"{KETTLE}: loaded" in load(held)[0] and kept() == KEPT


def test_a_file_of_300_mb_is_refused_unread(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(held)
    os.truncate(held / f"{KETTLE}.txt", 300_000_000)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path.name} was read"))
    said, complained = load(held)
    assert KETTLE not in said and "too large: 300.0 MB, and at most 1 MB" in complained and kept() == KEPT


def test_what_is_no_file_is_refused(held: Path) -> None:
    (held / f"{KETTLE}.txt").unlink()
    os.mkdir(held / f"{KETTLE}.txt")
    assert f"{KETTLE}: refused. This is not a file." in load(held)[1]


# The desk


@pytest.fixture
def desk(curator: User, sign_in: Callable[[User | None], Client]) -> Client:
    return sign_in(curator)


def paste(desk: Client, source: Source, text: str) -> HttpResponse:
    return desk.post(reverse("admin:guidance_original_add"), {"source": source.pk, "text": text}, follow=True)


def said_on(page: HttpResponse) -> str:
    return html.unescape(page.content.decode())


def test_a_curator_pastes_a_text_and_the_list_says_who_and_when(desk: Client, kettle: Source, curator: User) -> None:
    page = paste(desk, kettle, TEXT.replace("\n", "\r\n"))
    assert "“The Blue Kettle” is loaded." in said_on(page) and curator.email in said_on(page)
    assert kept() == KEPT and Original.objects.get().loaded_by == curator


def test_a_curator_loads_a_source_anew_and_is_told_when_nothing_changed(desk: Client, kettle: Source) -> None:
    paste(desk, kettle, TEXT)
    assert "nothing changed" in said_on(paste(desk, kettle, TEXT))
    assert "is loaded." in said_on(paste(desk, kettle, TEXT.replace("’", "'")))
    assert kept()[2].endswith("it didn't.") and Original.objects.count() == 1


def test_a_wrong_text_is_refused_beside_the_field_and_stays_in_it(desk: Client, kettle: Source) -> None:
    paste(desk, kettle, TEXT)
    wrong = TEXT.replace("watched", "watched by <i>cats</i>")
    page = paste(desk, kettle, wrong)
    (why,) = page.context["adminform"].form.errors["text"]
    assert why.startswith(NAMED + "paragraph 6 is not as we know it.") and why in said_on(page)
    assert wrong in said_on(page) and "<i>cats" not in page.content.decode() and kept() == KEPT


def test_only_sources_whose_text_is_known_are_offered_and_no_new_one(desk: Client) -> None:
    page = desk.get(reverse("admin:guidance_original_add"))
    offered = {source.slug for source in page.context["adminform"].form.fields["source"].queryset}
    founding = Source.objects.filter(kind=Source.Kind.FOUNDING).values_list("slug", flat=True)
    assert offered == set(founding) and reverse("admin:guidance_source_add") not in page.content.decode()


def test_nul_and_an_unknown_source_are_refused_beside_their_fields(desk: Client, kettle: Source) -> None:
    assert "text" in paste(desk, kettle, TEXT + "\0").context["adminform"].form.errors
    safety = Source.objects.get(slug="nhs-head-injury")
    assert "source" in paste(desk, safety, TEXT).context["adminform"].form.errors
    assert not Original.objects.exists()


def test_a_text_too_large_to_be_sent_gets_a_page_that_says_so(desk: Client, kettle: Source) -> None:
    paste(desk, kettle, TEXT)
    page = paste(desk, kettle, "a" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
    assert page.status_code == 400 and "We can take 1 MB at once" in said_on(page) and kept() == KEPT


def test_an_original_is_read_at_the_desk_and_deleted_after_a_question_but_never_edited(
    desk: Client, kettle: Source
) -> None:
    paste(desk, kettle, TEXT)
    key = Original.objects.get().pk
    shown, delete = (reverse(f"admin:guidance_original_{name}", args=[key]) for name in ("change", "delete"))
    assert "It whistles" in said_on(desk.get(shown)) and "<b>praised" not in desk.get(shown).content.decode()
    assert desk.post(shown, {"source": kettle.pk, "text": "Another."}).status_code == 403 and kept() == KEPT
    assert "Are you sure" in said_on(desk.get(delete)) and Original.objects.exists()
    desk.post(delete, {"post": "yes"})
    assert not Original.objects.exists()


def test_nobody_but_a_curator_loads_or_reads_originals_at_the_desk(parents: Client, kettle: Source) -> None:
    assert paste(parents, kettle, TEXT).status_code == 403
    assert parents.get(reverse("admin:guidance_original_changelist"), follow=True).status_code == 403
    assert not Original.objects.exists()


# The page of a passage


FOLD = '<details class="fold">'


def page_of(browser: Client, passage: Passage) -> str:
    return browser.get(reverse("library_passage", args=[passage.slug])).content.decode()


def test_a_parent_finds_the_original_folded_under_the_retelling_with_its_author_and_link(
    parents: Client, kettle: Source
) -> None:
    originals.load(KETTLE, TEXT)
    page = page_of(parents, cut(kettle, 1, 3))
    assert page.index("A kettle, retold.") < page.index(FOLD)
    fold = page[page.index(FOLD) :].partition("</details>")[0]
    assert "The original, by Ada Tinker" in fold and 'href="https://kettles.example/"' in fold
    assert "said Ada" in fold and "Half of the tea" not in page and "Photo: nobody" not in page


def test_html_in_an_original_is_shown_as_it_was_typed(parents: Client, kettle: Source) -> None:
    originals.load(KETTLE, TEXT)
    page = page_of(parents, cut(kettle, 4, 4))
    assert "drunk &amp; &lt;b&gt;praised&lt;/b&gt;." in page and "<b>" not in page


def test_whoever_is_not_signed_in_sees_the_retelling_alone(client: Client, kettle: Source) -> None:
    originals.load(KETTLE, TEXT)
    page = page_of(client, cut(kettle, 3, 6))
    assert "A kettle, retold." in page and "The original" not in page and "said Ada" not in page


def test_without_an_original_there_is_no_fold(parents: Client, kettle: Source) -> None:
    assert "The original" not in page_of(parents, cut(kettle, 3, 6))
    originals.load(KETTLE, TEXT)
    assert "The original" not in page_of(parents, cut(kettle, 2, 2))  # a caption and nothing else


def test_the_original_costs_the_page_one_query(
    parents: Client, kettle: Source, django_assert_max_num_queries: Callable
) -> None:
    passage = cut(kettle, 3, 6)
    with django_assert_max_num_queries(100) as before:
        Client().get(reverse("library_passage", args=[passage.slug]))
    session_and_user = 2
    originals.load(KETTLE, TEXT)
    with django_assert_max_num_queries(len(before) + session_and_user + 1):
        parents.get(reverse("library_passage", args=[passage.slug]))


def test_a_note_stands_before_a_paragraph_with_a_claim_that_hurts_and_before_no_other(
    parents: Client, kettle: Source
) -> None:
    note = "trust grows through care, in every kind of family"
    claim = cut(kettle, 5, 6)
    assert note not in page_of(parents, claim)  # nothing to be said while the original is not there
    originals.load(KETTLE, TEXT)
    page = page_of(parents, claim)
    assert page.index("The original, by") < page.index(note) < page.index("never boils")
    assert note not in page_of(parents, cut(kettle, 3, 4))


# What is shipped


def test_every_passage_has_its_paragraphs_among_the_shipped_fingerprints(own_library: Path) -> None:
    shipped = json.loads((ROOT / "guidance/library/fingerprints.json").read_text())
    for passage in Passage.objects.select_related("source"):
        numbered = shipped[passage.source.slug]["paragraphs"][passage.first_paragraph - 1 : passage.last_paragraph]
        assert len(numbered) == passage.last_paragraph - passage.first_paragraph + 1 and all(numbered), passage.slug


def test_the_claim_about_birth_is_noted_in_the_trauma_dance_and_nowhere_else() -> None:
    noted = {passage.slug for passage in Passage.objects.select_related("source") if originals.notes(passage)}
    assert noted == {"dance-10"}


def test_fingerprints_hold_no_words() -> None:
    shipped = json.loads((ROOT / "guidance/library/fingerprints.json").read_text())
    for entry in shipped.values():
        for piece in " ".join([*entry["paragraphs"], *entry["captions"]]).split():
            length, _, mark = piece.partition(":")
            assert length.isdecimal() and len(mark) == 16 and int(mark, 16) >= 0
