"""Sources, signals, passages, responses and weights at the desk."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalChanges

from guidance import coverage, curation, safety
from guidance.matching.values import Gate
from guidance.models import Passage, Response, Signal, Source, TallyRun, Weight, Wording, plain_text

from .base import GuidanceAdmin, NeverDeleted, OneAtATime


class NamedOnce(NeverDeleted):
    """Files, suggestions and test cases name these by their slug: it is given once."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *(("slug",) if obj else ()))


@admin.register(Source)
class SourceAdmin(NamedOnce):
    ordering = ("kind", "title")
    list_display = ("title", "author", "kind", "url")
    list_filter = ("kind",)
    search_fields = ("title", "author", "slug")


@admin.register(Signal)
class SignalAdmin(NamedOnce, OneAtATime):
    list_display = ("label", "slug", "group", "seen", "is_judged", "is_good")
    list_filter = ("group", "is_good")
    search_fields = ("label", "slug", "seen", "phrases")
    ordering = ("order",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return GuidanceAdmin.has_delete_permission(self, request, obj)  # type: ignore[no-any-return]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """A signal that something rests on stays; what rests on it is said, without a word of any family."""
        signal = self.get_object(request, object_id)
        passages = Passage.objects.filter(_speaks(), weights__signal=signal).distinct().count() if signal else 0
        responses = signal.responses.count() if signal else 0
        if signal and not _is_used(signal):
            return super().delete_view(request, object_id, extra_context)  # type: ignore[no-any-return]
        said = _("“%(signal)s” stays: %(passages)s passages and %(responses)s responses use it, or moments hold it.")
        messages.error(request, said % {"signal": signal, "passages": passages, "responses": responses})
        return HttpResponseRedirect(reverse("admin:guidance_signal_change", args=[object_id]))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """Only the signals themselves: the list of what hangs on them would name moments."""
        return [str(obj) for obj in objs], {}, set(), []


def _is_used(signal: Signal) -> bool:
    """Whether anything at all points at it: a recommendation that lost its chip would come with every moment."""
    pointing = (one for one in Signal._meta.get_fields(include_hidden=True) if one.auto_created and not one.concrete)
    return any(
        one.related_model._base_manager.filter(**{one.field.name: signal}).exists()  # type: ignore[union-attr]
        for one in pointing
        if not issubclass(one.related_model, HistoricalChanges)  # type: ignore[arg-type]
    )


def _speaks() -> Q:
    return Q(weights__override__gt=0) | Q(weights__override=None, weights__fitted__gt=0)


class WithFirstText(forms.ModelForm):  # type: ignore[type-arg]
    """A new passage or response is made together with its first draft."""

    first_title = forms.CharField(label=_("Title"), max_length=100, validators=[plain_text], required=False)
    first_text = forms.CharField(
        label=_("Text"),
        max_length=2000,
        validators=[plain_text],
        widget=forms.Textarea,
        help_text=_("The first draft. It reaches parents once somebody else has approved it."),
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if isinstance(self.instance, Passage) and not (told.get("first_title") or "").strip():
            self.add_error("first_title", _("A passage needs a title."))
        return told


class Worded(NamedOnce):
    """What has texts: its page leads to them, and a new one comes with its first draft."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            base = kwargs.pop("form", self.form)
            kwargs["form"] = type("AddForm", (WithFirstText, base), {})
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            told = form.cleaned_data
            curation.write(obj, by=request.user, title=told["first_title"], text=told["first_text"])

    @admin.display(description=_("new text"))
    def new_text(self, obj: Any) -> SafeString:
        """Changing a text is writing one beside it."""
        if obj.pk is None:
            return SafeString("-")
        kind = "passage" if isinstance(obj, Passage) else "response"
        path = reverse("admin:guidance_wording_add")
        return format_html('<a href="{}?{}={}">{}</a>', path, kind, obj.pk, _("Write a new text beside this one"))


class WordingInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Wording
    fields = ("title", "text", "state", "origin", "written_by", "written_at", "approved_by", "review_by")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wording]:
        return super().get_queryset(request).select_related("written_by", "approved_by")

    ordering = ("-pk",)
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WeightInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Weight
    fields = ("signal", "condition", "fitted", "override")
    readonly_fields = ("fitted",)
    extra = 0
    can_delete = False


@admin.register(Passage)
class PassageAdmin(Worded):
    ordering = ("slug",)
    list_display = ("slug", "title", "source", "audience", "stance", "frame")
    list_filter = ("source", "audience", "stance", "frame")
    list_select_related = ("source", "current")
    search_fields = ("slug", "current__title", "current__text")
    readonly_fields = ("title", "text", "new_text")
    inlines = (WordingInline, WeightInline)
    change_list_template = "admin/guidance/passage/change_list.html"

    def get_urls(self) -> list[Any]:
        own = path("coverage/", self.admin_site.admin_view(self.coverage), name="guidance_coverage")
        return [own, *super().get_urls()]

    def coverage(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = coverage.look()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Coverage"),
            "found": found,
            "tables": [
                (_("By signal"), found.signals), (_("By age"), found.ages), (_("By history"), found.histories)
            ],
            "enough": coverage.ENOUGH,
            "counted_at": TallyRun.objects.first(),
        }  # fmt: skip
        return render(request, "admin/guidance/passage/coverage.html", context)


class ResponseForm(forms.ModelForm):  # type: ignore[type-arg]
    gates = forms.MultipleChoiceField(
        choices=[(gate.value, gate.value.replace("_", " ")) for gate in Gate],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Also offered while one of these is so."),
    )
    not_when = forms.MultipleChoiceField(
        choices=[(gate.value, gate.value.replace("_", " ")) for gate in Gate],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Withheld while one of these is so."),
    )

    risks = forms.MultipleChoiceField(
        choices=[(kind.slug, kind.label) for kind in safety.all_kinds()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Kinds of risk. Where signals or kinds are given, one of either must hold."),
    )

    class Meta:
        model = Response
        fields = (
            "slug", "phase", "kind", "stance", "hard_place", "from_months", "to_months", "passages", "signals", "risks",
            "gates",
            "not_when", "source",
        )  # fmt: skip


@admin.register(Response)
class ResponseAdmin(Worded):
    form = ResponseForm
    ordering = ("slug",)
    list_display = ("slug", "phase", "kind", "stance", "text", "source")
    list_filter = ("phase", "kind", "stance", "hard_place", "signals", "source")
    list_select_related = ("current", "source")
    search_fields = ("slug", "current__text")
    filter_horizontal = ("passages", "signals")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "passages":
            kwargs["queryset"] = Passage.objects.select_related("current").order_by("slug")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    readonly_fields = ("text", "new_text")
    inlines = (WordingInline,)


@admin.register(Weight)
class WeightAdmin(GuidanceAdmin):
    list_display = ("passage", "signal", "condition", "fitted", "override")
    list_filter = ("signal", "condition")
    list_select_related = ("passage__current", "signal")
    search_fields = ("passage__slug", "signal__slug", "signal__label")
    readonly_fields = ("fitted",)
    autocomplete_fields = ("passage", "signal")

    def get_readonly_fields(self, request: HttpRequest, obj: Weight | None = None) -> tuple[str, ...]:
        return ("fitted", "passage", "signal", "condition") if obj else ("fitted",)
