"""Children and the user's own account."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from journal import access, families
from journal import account as accounts
from journal.forms import ChildForm, NameForm
from journal.signup import PlaceForm

from .requests import Request, invalid


@require_http_methods(["GET", "HEAD", "POST"])
def child_new(request: Request) -> HttpResponse:
    form = NameForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        families.add_child(by=request.user, **form.cleaned_data)
        return redirect("home")
    return invalid(
        request, "people/child_new.html", {"form": form, "first": not access.children(request.user).exists()}, form
    )


@require_http_methods(["GET", "HEAD", "POST"])
def child_edit(request: Request, code: uuid.UUID) -> HttpResponse:
    child = access.child_to_change(request.user, code)
    first_day = access.first_day_of(request.user, child)
    bond = families.bond(request.user, child)
    form = ChildForm(request.POST or None, request.FILES or None, child=child, bond=bond, latest=first_day)
    if request.method == "POST" and form.is_valid():
        families.change_child(child, by=request.user, **form.details())
        messages.success(request, _("Saved."))
        return redirect("account")
    return invalid(request, "people/child_edit.html", {"form": form, "child": child}, form)


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: Request) -> HttpResponse:
    initial = {"country": request.user.country, "time_zone": request.user.time_zone}
    form = PlaceForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        accounts.move(request.user, country=form.cleaned_data["country"], time_zone=form.cleaned_data["time_zone"])
        messages.success(request, _("Saved."))
        return redirect("account")
    context = {
        "form": form,
        "children": access.children_to_change(request.user),
        "chips": access.own_chips(request.user),
    }
    return invalid(request, "people/account.html", context, form)


@require_POST
def own_chip_remove(request: Request, code: uuid.UUID) -> HttpResponse:
    accounts.remove_chip(access.own_chip(request.user, code), by=request.user)
    return redirect("account")
