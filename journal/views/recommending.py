"""What a therapist recommends for one child."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from journal import access, recommending
from journal.forms import RecommendForm, StanceForm

from .requests import Request, invalid


@require_http_methods(["GET", "HEAD", "POST"])
def recommend(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    initial = {name: request.GET.get(name, "") for name in ("kind", "what")}
    form = RecommendForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        recommending.recommend(share, **form.details())
        messages.success(request, _("It comes with the family's next moment that it fits."))
        return redirect("recommend", share.code)
    context = {
        "share": share,
        "form": form,
        "stance": StanceForm(initial={"stance": share.stance}),
        "recommendations": access.recommendations(share),
    }
    return invalid(request, "review/recommend.html", context, form)


@require_POST
def recommend_end(request: Request, code: uuid.UUID, recommendation: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    recommending.end(access.recommendation(share, recommendation))
    messages.success(request, _("It no longer comes."))
    return redirect("recommend", share.code)


@require_POST
def recommend_stance(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_held(request.user, code)
    form = StanceForm(request.POST, request.FILES)
    if form.is_valid():
        recommending.set_stance(share, form.cleaned_data["stance"])
        messages.success(request, _("Saved."))
    else:
        messages.warning(request, _("Please choose from the list."))
    return redirect("recommend", share.code)
