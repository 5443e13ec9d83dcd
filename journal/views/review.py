"""The therapist's side: whom to look at first, what is shared, and what is said about it."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from journal import access, review
from journal import account as accounts
from journal import caseload as cases
from journal.forms import CommentForm, NoteForm, SessionForm, SharedTimelineForm
from journal.models import Receipt
from journal.shown import show, sight_of

from .requests import Request, invalid


@require_safe
def caseload(request: Request) -> HttpResponse:
    pages = Paginator(cases.of(request.user), cases.ON_A_PAGE)
    return render(request, "review/caseload.html", {"page": pages.get_page(request.GET.get("page"))})


@require_POST
def practice_digest(request: Request) -> HttpResponse:
    access.require_practice(request.user)
    accounts.want_digest(request.user, on=request.POST.get("digest") == "on")
    messages.success(request, _("Saved."))
    return redirect("caseload")


@require_safe
def practice_notes(request: Request) -> HttpResponse:
    access.require_practice(request.user)
    live = set(access.shares_held(request.user).values_list("pk", flat=True))
    return render(request, "review/notes.html", {"notes": review.notes_of(request.user), "live": live})


@require_safe
def shared_timeline(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    form = SharedTimelineForm(request.GET or None, share=share)
    filters = form.cleaned_data if form.is_valid() else getattr(form, "cleaned_data", {})
    page = review.page(share, filters, before=request.GET.get("before", ""))
    kind = Receipt.Kind.SEARCH if filters.get("search") else Receipt.Kind.TIMELINE
    review.listed(share, kind, review.moments_on(page))
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "share": share,
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "filtered": any(filters.values()),
        "session": SessionForm(),
    }
    return render(request, "review/timeline.html", context)


@require_safe
def shared_terms(request: Request, code: uuid.UUID) -> HttpResponse:
    """An open page asks now and then whether it still may be read. It shows nothing, so nothing is written down."""
    return HttpResponse(access.share_held(request.user, code).terms, content_type="text/plain")


@require_safe
def shared_moment(request: Request, code: uuid.UUID, moment: uuid.UUID) -> HttpResponse:
    return render(request, "review/moment.html", page(request, code, moment))


def page(
    request: Request,
    code: uuid.UUID,
    moment: uuid.UUID,
    *,
    comment: CommentForm | None = None,
    note: NoteForm | None = None,
) -> dict[str, object]:
    """Opening it is written down before it is shown."""
    share = access.share_held(request.user, code)
    found = access.moment_under(share, moment)
    mark = review.opened(share, found)
    return {
        "share": share,
        "moment": found,
        "shown": show(found, sight_of(share), reader=request.user),
        "mark": mark,
        "comments": review.comments_on(share, found),
        "notes": review.notes_on(share, found),
        "next": review.next_unread(share, found),
        "comment": comment or CommentForm(prefix="comment"),
        "note": note or NoteForm(prefix="note"),
    }


@require_POST
def shared_mark(request: Request, code: uuid.UUID, moment: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    found = access.moment_under(share, moment)
    match request.POST.get("mark"):
        case "unread":
            review.mark(share, found, read_at=None)
            return redirect("shared_timeline", share.code)
        case "raise" | "leave" as answer:
            review.mark(share, found, to_raise=answer == "raise")
            messages.success(
                request, _("It stands in the brief, to raise.") if answer == "raise" else _("Taken out again.")
            )
        case "acted" if sight_of(share).risk:
            review.act_on(share, found)
    return redirect("shared_moment", share.code, found.code)


@require_POST
def shared_comment(request: Request, code: uuid.UUID, moment: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    found = access.moment_under(share, moment)
    form = CommentForm(request.POST, request.FILES, prefix="comment")
    if form.is_valid():
        review.comment(share, found, form.cleaned_data["text"])
        messages.success(request, _("The parent will find it with this moment."))
        return redirect("shared_moment", share.code, found.code)
    return invalid(request, "review/moment.html", page(request, code, moment, comment=form), form)


@require_POST
def shared_comment_remove(request: Request, code: uuid.UUID, comment: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    found = access.comment_to_remove(request.user, share, comment)
    review.take_back(share, found)
    return redirect("shared_moment", share.code, found.moment.code)


@require_POST
def shared_note(request: Request, code: uuid.UUID, moment: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    found = access.moment_under(share, moment)
    form = NoteForm(request.POST, request.FILES, prefix="note")
    if form.is_valid():
        review.keep_note(share, found, form.cleaned_data["text"])
        messages.success(request, _("The note is kept."))
        return redirect("shared_moment", share.code, found.code)
    return invalid(request, "review/moment.html", page(request, code, moment, note=form), form)


@require_POST
def shared_session(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    form = SessionForm(request.POST, request.FILES)
    if form.is_valid():
        review.meet(share, form.cleaned_data["on"])
        messages.success(request, _("Saved."))
        return redirect("shared_timeline", share.code)
    return invalid(request, "review/session.html", {"share": share, "form": form, "today": timezone.localdate()}, form)
