"""Looking back: the run of weeks."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from journal import access
from journal import timeline as weeks
from journal.forms import TimelineForm

from .requests import Request


@require_safe
def timeline(request: Request) -> HttpResponse:
    form = TimelineForm(request.GET or None, user=request.user)
    filters = form.cleaned_data if form.is_valid() else getattr(form, "cleaned_data", {})
    page = weeks.page(access.readable(request.user), filters, before=request.GET.get("before", ""))
    query = request.GET.copy()
    query.pop("before", None)
    context = {"form": form, "page": page, "query": query.urlencode(), "filtered": any(filters.values())}
    return render(request, "timeline/_days.html" if request.htmx else "timeline/timeline.html", context)
