"""The bench: try a situation and a change, keep it as a test case, try and propose a risk phrase."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from guidance import bench, curation, safety
from guidance.matching import History, Situation
from guidance.matching.load import current_library
from guidance.matching.ranking import CONDITIONS
from guidance.matching.values import Library
from guidance.models import (
    MOST_WEIGHT,
    BenchCase,
    Passage,
    Response,
    RiskPhrase,
    Signal,
    Weight,
    Wording,
    finite,
    plain_text,
)

from .base import GuidanceAdmin

# Of what speaks for a passage, less than this is not worth a line.
SMALLEST_TOLD = 0.005


class BenchForm(forms.Form):
    """A situation, and (where wanted) one change to a passage and one risk phrase to try on it."""

    words = forms.CharField(
        label=_("What a parent might write"),
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Made up: never copied from a family."),
    )
    signals = forms.ModelMultipleChoiceField(
        label=_("Chips"),
        queryset=Signal.objects.defer("phrases").order_by("order"),
        required=False,
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
    )
    age_months = forms.IntegerField(label=_("Age in months"), required=False, min_value=0, max_value=240)
    hard_place = forms.ChoiceField(label=_("Hard place"), choices=BenchCase.HardPlace.choices, required=False)
    great_intensity = forms.BooleanField(label=_("As big as it gets"), required=False)
    still_going = forms.BooleanField(label=_("It's still going"), required=False)

    passage = forms.ModelChoiceField(
        label=_("Change this passage"),
        queryset=Passage.objects.select_related("current"),
        required=False,
        widget=AutocompleteSelect(Weight._meta.get_field("passage"), admin.site),
    )
    feature = forms.ChoiceField(label=_("its weight for"), required=False)
    weight = forms.FloatField(
        label=_("to"), required=False, min_value=0, max_value=MOST_WEIGHT, validators=[finite], help_text=_("0 to 10")
    )
    draft = forms.ModelChoiceField(
        label=_("or try this text of it"),
        queryset=Wording.objects.filter(
            passage__isnull=False, current_passages=None, state__in=(Wording.State.DRAFT, Wording.State.IN_REVIEW)
        ).order_by("passage__slug", "-pk"),
        required=False,
    )

    risk_kind = forms.ChoiceField(label=_("A risk phrase for"), required=False)
    risk_level = forms.ChoiceField(label=_("as"), required=False, choices=[("", "---"), *RiskPhrase.Level.choices])
    risk_phrase = forms.CharField(
        label=_("the phrase"),
        required=False,
        max_length=200,
        validators=[plain_text],
        help_text=RiskPhrase._meta.get_field("phrase").help_text,
    )

    case_name = forms.CharField(label=_("Keep as a test case named"), required=False, max_length=120)
    expected = forms.ModelMultipleChoiceField(
        label=_("these should come"),
        queryset=Passage.objects.select_related("current"),
        required=False,
        widget=AutocompleteSelectMultiple(BenchCase._meta.get_field("passages"), admin.site),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signals = [(signal.slug, signal.label) for signal in self.fields["signals"].queryset]  # type: ignore[attr-defined]
        conditions = [(name, name.replace("_", " ")) for name in CONDITIONS]
        self.fields["feature"].choices = [("", "---"), *signals, *conditions]  # type: ignore[attr-defined]
        kinds = [(kind.slug, kind.label) for kind in safety.all_kinds()]
        self.fields["risk_kind"].choices = [("", "---"), *kinds]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if (told.get("weight") is None) != (not told.get("feature")) and "weight" not in self.errors:
            self.add_error("weight", _("A weight needs both: what for, and how much."))
        if told.get("feature") and not told.get("passage"):
            self.add_error("passage", _("Which passage should weigh so?"))
        if told.get("draft") and told.get("passage") and told["draft"].passage_id != told["passage"].pk:
            self.add_error("draft", _("That text belongs to another passage."))
        if told.get("risk_phrase"):
            for name in ("risk_kind", "risk_level"):
                if not told.get(name):
                    self.add_error(name, _("Please choose one for the phrase."))
            self._read_phrase(told)
        return told

    def _read_phrase(self, told: dict[str, Any]) -> None:
        try:
            told["risk_phrase"] = safety.checked_phrase(told["risk_phrase"])
        except ValueError as error:
            self.add_error("risk_phrase", _("It cannot be used: %(why)s.") % {"why": error})

    def forget_odd_keys(self) -> None:
        """A key that is no number has its message; the select with a search cannot show it."""
        for name in {"passage", "expected"} & self.errors.keys():
            data = self.data.copy()  # type: ignore[attr-defined]
            data.setlist(name, [key for key in data.getlist(name) if key.isdigit()])
            self.data = data

    def situation(self, added: safety.Added) -> Situation:
        told = self.cleaned_data
        chips = frozenset(signal.slug for signal in told["signals"])
        return Situation(
            tapped=chips,
            words=told["words"],
            age_months=told["age_months"],
            history=History(told["hard_place"] or History.UNKNOWN),
            great_intensity=told["great_intensity"],
            still_going=told["still_going"],
            risk=safety.judge([told["words"]], signals=chips, age_months=told["age_months"], added=added),
        )

    def change(self) -> bench.Change | None:
        told = self.cleaned_data
        draft: Wording | None = told["draft"]
        passage = told["passage"] or (draft and draft.passage)
        if not passage or not (draft or told["feature"]):
            return None
        return bench.Change(passage.slug, told["feature"], told["weight"], draft.text if draft else "")

    def phrase(self) -> tuple[str, str, str] | None:
        told = self.cleaned_data
        asked = (told["risk_level"], told["risk_kind"], told["risk_phrase"])
        return asked if all(asked) else None


class CaseList(ChangeList):
    """The test cases of a page, all matched with one and the same library."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        library, cases = current_library(), list(self.result_list)
        for case in cases:
            case.not_coming = bench.missing(case, library)
        self.result_list = cases  # type: ignore[assignment]


@admin.register(BenchCase)
class BenchCaseAdmin(GuidanceAdmin):
    change_list_template = "admin/guidance/benchcase/change_list.html"
    list_display = ("name", "comes", "hard_place", "age_months", "added_by", "added_at")
    filter_horizontal = ("signals",)
    autocomplete_fields = ("passages",)
    search_fields = ("name", "words")
    list_select_related = ("added_by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BenchCase]:
        return super().get_queryset(request).prefetch_related("signals", "passages")  # type: ignore[no-any-return]

    def save_model(self, request: HttpRequest, obj: BenchCase, form: Any, change: bool) -> None:
        if not change:
            obj.added_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CaseList

    @admin.display(description=_("what does not come"))
    def comes(self, obj: BenchCase) -> str:
        return ", ".join(obj.not_coming) or str(_("all of it comes"))  # type: ignore[attr-defined]

    def get_urls(self) -> list[Any]:
        return [path("bench/", self.admin_site.admin_view(self.bench), name="guidance_bench"), *super().get_urls()]

    def bench(self, request: HttpRequest) -> HttpResponse:
        """Nothing is changed by trying; "use", "keep" and "propose" each do one thing and say so."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = BenchForm(request.POST or None)
        context: dict[str, Any] = {"form": form, "title": _("The bench"), **self.admin_site.each_context(request)}
        if request.method == "POST" and form.is_valid():
            if done := self._do(request, form):
                return done
            if not form.errors:
                context |= tried(form, current_library())
        form.forget_odd_keys()
        status = 422 if form.errors else 200
        return render(request, "admin/guidance/benchcase/bench.html", context, status=status)

    def _do(self, request: HttpRequest, form: BenchForm) -> HttpResponse | None:
        """The button that was pressed besides "try"; None where it only tries, or something is missing."""
        told = form.cleaned_data
        if "_use" in request.POST:
            if told["feature"]:
                return self._use(request, told)
            form.add_error("feature", _("Please choose what the weight is for."))
        if "_keep" in request.POST:
            return self._keep(request, form)
        if "_propose" in request.POST:
            if form.phrase():
                return self._propose(request, form)
            form.add_error("risk_phrase", _("Please give the phrase, its sort and how grave it is."))
        return None

    def _use(self, request: HttpRequest, told: dict[str, Any]) -> HttpResponse:
        if not request.user.has_perm("guidance.change_weight"):
            raise PermissionDenied
        curation.weigh(told["passage"], told["feature"], by=request.user, override=told["weight"])
        said = _("%(passage)s weighs %(weight)s for %(feature)s from now on.")
        messages.success(
            request,
            said % {"passage": told["passage"].slug, "weight": told["weight"], "feature": told["feature"]},
        )
        return HttpResponseRedirect(reverse("admin:guidance_passage_change", args=[told["passage"].pk]))

    def _keep(self, request: HttpRequest, form: BenchForm) -> HttpResponse | None:
        told = form.cleaned_data
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not told["case_name"]:
            form.add_error("case_name", _("Please give it a name."))
        elif BenchCase.objects.filter(name=told["case_name"]).exists():
            form.add_error("case_name", _("There is one with this name."))
        if not told["expected"]:
            form.add_error("expected", _("Which passages should come?"))
        if form.errors:
            return None
        kept = curation.keep_case(by=request.user, **told)
        messages.success(request, _("Kept as a test case."))
        return HttpResponseRedirect(reverse("admin:guidance_benchcase_change", args=[kept.pk]))

    def _propose(self, request: HttpRequest, form: BenchForm) -> HttpResponse | None:
        if not request.user.has_perm("guidance.add_riskphrase"):
            raise PermissionDenied
        level, kind, phrase = form.phrase() or ("", "", "")
        try:
            made = curation.propose_phrase(by=request.user, level=level, kind=kind, phrase=phrase)
        except curation.Refused as refused:
            form.add_error("risk_phrase", str(refused))
            return None
        messages.success(request, _("Proposed. It counts once somebody else has approved it."))
        return HttpResponseRedirect(reverse("admin:guidance_riskphrase_change", args=[made.pk]))


def tried(form: BenchForm, library: Library) -> dict[str, Any]:
    """What the page shows: before, and after where something would change."""
    phrase, change = form.phrase(), form.change()
    before = bench.answer(form.situation(library.risk_phrases), library)
    names = Names()
    found: dict[str, Any] = {"before": Side(before, library, names)}
    if change or phrase:
        later = bench.changed(library, change) if change else library
        added = safety.added([*approved(), phrase]) if phrase else library.risk_phrases
        found["after"] = Side(bench.answer(form.situation(added), later), later, names, found["before"].places)
    if change:
        found["effect"] = bench.effect(library, change)
    if phrase:
        found["phrase"] = bench.try_phrase(safety.added([phrase]))
    return found


def approved() -> list[tuple[str, str, str]]:
    rows = RiskPhrase.objects.filter(state=RiskPhrase.State.APPROVED)
    return list(rows.order_by("pk").values_list("level", "kind", "phrase"))


class Names:
    """What codes are called: signals by their chip, passages by their title; asked once for a page."""

    def __init__(self) -> None:
        self.features = {name: name.replace("_", " ") for name in CONDITIONS}
        self.features |= dict(Signal.objects.values_list("slug", "label"))
        self.phases = dict(Response.Phase.choices)

    def titles(self, slugs: Iterable[str]) -> dict[str, tuple[int, str]]:
        found = Passage.objects.filter(slug__in=list(slugs)).values_list("slug", "pk", "current__title")
        return {slug: (pk, title or slug) for slug, pk, title in found}

    def reason(self, code: str) -> str:
        """ "passage:door-1" stays as it is; a feature gets its name."""
        return str(self.features.get(code, code))


class Side:
    """One answer, as the template reads it. `places` are those of the other side, to say what moved."""

    def __init__(
        self, answer: bench.Answer, library: Library, names: Names, places: dict[str, int] | None = None
    ) -> None:
        texts = {entry.slug: entry.text for entry in library.passages}
        texts |= {entry.slug: entry.text for entry in library.responses}
        guidance = answer.guidance
        titles = names.titles(one.slug for one in answer.scored)
        self.risk, self.guidance = answer.risk, guidance
        self.kinds = [kind.label for kind in safety.kinds(answer.risk.kinds)]
        self.gates = [gate.value.replace("_", " ") for gate in guidance.gates]
        self.passages = [
            (*titles.get(one.slug, (0, "")), one.slug, texts[one.slug], [names.reason(code) for code in one.reasons])
            for one in guidance.passages
        ]
        self.responses = [
            (names.phases[one.phase.value], texts[one.slug], one.reason.partition(":")[2].replace("_", " "))
            for one in guidance.responses
        ]
        self.read = [
            (names.reason(one.slug), round(one.certainty, 2), one.doubtful) for one in guidance.reading.signals
        ]
        self.scored = [
            {
                "one": one,
                "title": titles.get(one.slug, (0, ""))[1],
                "parts": [(names.reason(name), much) for name, much in one.parts if much >= SMALLEST_TOLD],
                "moved_from": (places or {}).get(one.slug, one.place) if one.place else one.place,
            }
            for one in answer.scored
        ]
        self.places = {one.slug: one.place for one in answer.scored}
        self.left = len(library.passages) - len(answer.scored)
