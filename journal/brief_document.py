"""The brief as a Word file: it keeps any script, and can be edited and printed where it is needed."""

import io

from django.utils import timezone
from django.utils.translation import gettext as _
from docx import Document
from docx.document import Document as Docx
from docx.shared import Cm, Pt

from .brief import Brief
from .brief_text import Section, footer, header, sections, title


def as_docx(brief: Brief) -> bytes:
    document = Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = _("Brief"), "Still Here", ""
    properties.created = properties.modified = timezone.now()
    for page in document.sections:
        page.top_margin = page.bottom_margin = page.left_margin = page.right_margin = Cm(1.8)
        page.footer.paragraphs[0].text = footer()
    document.styles["Normal"].font.size = Pt(10)  # type: ignore[attr-defined]
    document.styles["Normal"].paragraph_format.space_after = Pt(3)  # type: ignore[attr-defined]
    document.add_heading(_readable(title(brief)), level=1)
    document.add_paragraph(_readable(header(brief)))
    for section in sections(brief):
        _add(document, section)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _add(document: Docx, section: Section) -> None:
    document.add_heading(section.title, level=2)
    for line in section.lines:
        document.add_paragraph(_readable(line.text), style="List Bullet")
        if line.words:
            document.add_paragraph(_readable(line.words), style="Quote")
    if section.rows:
        table = document.add_table(rows=1, cols=len(section.columns), style="Light Grid Accent 1")
        for cell, text in zip(table.rows[0].cells, section.columns, strict=True):
            cell.text = text
        for row in section.rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = _readable(text)
    if section.hint:
        document.add_paragraph().add_run(section.hint).italic = True


def _readable(text: str) -> str:
    """XML has no place for control characters and the like; somebody may have pasted one."""
    return "".join(letter for letter in text if letter in "\n\t" or _is_xml(letter))


def _is_xml(letter: str) -> bool:
    return letter.isprintable() or (ord(letter) > 0x9F and letter not in "\ufffe\uffff")
