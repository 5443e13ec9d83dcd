"""The library to read in peace: open to everybody."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from guidance import browse, originals
from journal import access

from .moments import chips_by_group


@login_not_required
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    context = {"groups": chips_by_group(browse.signals()), "sources": browse.sources_with_passages()}
    context["awaits_review"] = browse.awaits_review()
    return render(request, "library/library.html", context)


@login_not_required
@require_safe
def library_signal(request: HttpRequest, slug: str) -> HttpResponse:
    signal = access.signal(slug)
    return render(request, "library/signal.html", {"signal": signal, "passages": browse.passages_for(signal)})


@login_not_required
@require_safe
def library_passage(request: HttpRequest, slug: str) -> HttpResponse:
    passage = access.passage(slug)
    context = {"passage": passage, "responses": browse.responses_of(passage)}
    if request.user.is_authenticated:  # the texts belong to their authors: they are not put before the whole world
        context |= {"original": originals.of(passage), "notes": originals.notes(passage)}
    return render(request, "library/passage.html", context)
