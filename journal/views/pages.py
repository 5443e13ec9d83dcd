"""Home, and the pages that are one tap away for everybody."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from guidance import browse
from journal import access, sharing, timeline
from journal.countries import NAMES, guess_country
from journal.forms import MomentForm

from .moments import log_context


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "pages/welcome.html")
    if not access.children(request.user).exists():
        desk = "admin:index" if request.user.is_staff else "child_new"
        return redirect("caseload" if request.user.is_therapist else desk)
    context = log_context(request, MomentForm(user=request.user))  # type: ignore[arg-type]
    context["comments"] = sharing.unread_comments(request.user)
    context["look_back"] = timeline.to_look_back_on(access.moments(request.user).filter(author=request.user))
    context["latest"] = timeline.latest(access.moments(request.user), 3)
    return render(request, "pages/home.html", context)


@login_not_required
@require_safe
def help_lines(request: HttpRequest) -> HttpResponse:
    known = browse.help_line_countries()
    own = getattr(request.user, "country", "")
    country = request.GET.get("country", own or guess_country(request))
    country = country if country in NAMES else ""
    context = {
        "country": country,
        "country_name": NAMES.get(country, ""),
        "countries": [(code, name, code in known) for code, name in NAMES.items()],
        "lines": browse.help_lines(country),
        "general": browse.general_advice(),
    }
    return render(request, "pages/help_lines.html", context)


@login_not_required
@require_safe
def lose_it(request: HttpRequest) -> HttpResponse:
    page = browse.lose_it_page()
    country = getattr(request.user, "country", "") or guess_country(request)
    lines = [
        line
        for line in browse.help_lines(country)
        if line.kind in ("emergency", "child_abuse", "parents") and line.phone
    ]
    first = list({line.kind: line for line in reversed(lines)}.values())[::-1]
    return render(
        request, "pages/lose_it.html", {"page": page, "source": browse.source(page["source"]), "lines": first}
    )


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/privacy.html")


@login_not_required
@require_safe
def neutral(request: HttpRequest) -> HttpResponse:
    return render(request, "neutral.html")
