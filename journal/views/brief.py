"""The brief, as a page to print and as a file."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from journal import access, brief_text, review
from journal import brief as briefs
from journal.brief_document import as_docx
from journal.models import Receipt

from .requests import Request

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@require_safe
def brief(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    found = briefs.of(share)
    review.listed(share, Receipt.Kind.BRIEF, found.named, counted=found.moments, period=found.period)
    return render(request, "brief/brief.html", {"share": share} | brief_text.page(found))


@require_POST
def brief_file(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    found = briefs.of(share)
    review.exported(share, found.named, counted=found.moments, period=found.period)
    name = f"brief-{found.today:%Y-%m-%d}.docx"  # nobody's name: it lies about in a downloads folder
    return HttpResponse(
        as_docx(found), content_type=DOCX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
