"""The brief in words: the same sections, in the same order, for the page and for the file."""

from dataclasses import dataclass, field

from django.utils import formats, timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .brief import Brief, Told
from .models import Moment, Recommendation

# Of a moment's words, so that the brief stays one sheet.
MOST_WORDS = 240


@dataclass(frozen=True)
class Line:
    text: str
    words: str = ""  # the parent's own, where they are shared
    moment: Moment | None = None


@dataclass(frozen=True)
class Section:
    title: str
    lines: list[Line] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    hint: str = ""


def title(brief: Brief) -> str:
    return _("Brief: %(name)s") % {"name": brief.share.child.name}


def header(brief: Brief) -> str:
    """Who logged, how many moments on how many of the days."""
    logged = ngettext("%(n)s moment", "%(n)s moments", brief.moments) % {"n": brief.moments}
    by = ", ".join(f"{who} ({count})" for who, count in brief.authors)
    period = _("%(moments)s, logged on %(days)s of %(span)s days, from %(since)s to %(today)s.") % {
        "moments": logged, "days": brief.days, "span": brief.span, "since": _day(brief.first),
        "today": _day(brief.today),
    }  # fmt: skip
    return f"{period} {_('By %(who)s.') % {'who': by}}" if by else period


def footer() -> str:
    return _(
        "Chosen and written by one caregiver. It is no assessment of a child, a parent or a home, and no pattern in it "
        "says anything about attachment."
    )


def page(brief: Brief) -> dict[str, object]:
    """What the page of a brief says."""
    return {"title": title(brief), "header": header(brief), "sections": sections(brief), "footer": footer()}


def sections(brief: Brief) -> list[Section]:
    return [
        _safety(brief),
        _wanted(brief),
        _in_full(brief),
        _changes(brief),
        _tried(brief),
        _good(brief),
        _parent(brief),
        _advised(brief),
    ]


def _safety(brief: Brief) -> Section:
    title = _("Safety")
    if not brief.words_shared:
        told = _("The parent shares no words with you, so nothing the software works out from words is shown here.")
        return Section(title, [Line(told)], hint=_("No mark does not mean no risk."))
    lines = [Line(_risk(one, brief), _cut(one.moment.words), one.moment) for one in brief.safety]
    if brief.more_safety:
        lines.append(Line(_("There are more, in the timeline.")))
    if not lines:
        lines = [Line(_("The software marked nothing."))]
    hint = _(
        "The software marks these. It misses things and it errs; no mark does not mean no risk. Once opened, follow "
        "your service's duties."
    )
    return Section(title, lines, hint=hint)


def _risk(told: Told, brief: Brief) -> str:
    kinds = "; ".join(str(kind.label) for kind in told.risk_kinds) or _("not sure that everyone is safe")
    level = _("urgent") if told.moment.risk_level == Moment.RiskLevel.URGENT else _("concern")
    if brief.for_owner:
        return f"{_day(told.moment.day)}: {kinds} ({level})"
    if told.acted_on:
        state = _("read and acted on %(day)s") % {"day": _day(timezone.localtime(told.acted_on).date())}
    else:
        state = _("seen") if told.seen else _("not seen yet")
    return f"{_day(told.moment.day)}: {kinds} ({level}), {state}"


def _wanted(brief: Brief) -> Section:
    lines = [Line(_day(one.moment.day), _own_words(one.moment), one.moment) for one in brief.wanted]
    if brief.more_wanted:
        lines.append(Line(_("There are more, in the timeline.")))
    raised = [one for one in brief.raised if not one.moment.for_therapy]
    lines += [Line(_("You wanted to raise: %(day)s") % {"day": _day(one.moment.day)}, "", one.moment) for one in raised]
    return Section(
        _("What the parent wants from this session"), lines or [Line(_("Nothing was marked to talk about."))]
    )


def _own_words(moment: Moment) -> str:
    return _cut("\n".join(text for text in (moment.words, moment.next_time) if text))


def _cut(words: str, most: int = MOST_WORDS) -> str:
    """What fits on the sheet; the whole stands with the moment."""
    return Truncator(words).chars(most, truncate=_("… (more with the moment)"))


def _in_full(brief: Brief) -> Section:
    title, full = _("One moment in full"), brief.in_full
    if full is None:
        return Section(title, [Line(_("Nothing logged in this time."))])
    parts = [
        (_("Before"), full.before),
        (_("What the child did"), full.child),
        (_("What the adult did"), full.adult),
        (_("How it ended"), full.ended),
    ]
    lines = [Line(_day(full.moment.day), _cut(full.moment.words, 2 * MOST_WORDS), full.moment)]
    lines += [Line(f"{part}: {'; '.join(told) if told else _('not said')}") for part, told in parts]
    return Section(title, lines)


def _changes(brief: Brief) -> Section:
    title = _("New or different")
    n = _("%(days)s days logged in this time, %(earlier)s in the year before it.") % {
        "days": brief.days, "earlier": brief.earlier_days,
    }  # fmt: skip
    if brief.too_few:
        return Section(title, [Line(_("Too few to tell."))], hint=n)
    lines = [Line(_("New: %(what)s (%(n)s)") % {"what": one.what, "n": one.now}) for one in brief.new]
    lines += [
        Line(
            _("%(what)s: %(n)s times, %(before)s times before")
            % {"what": one.what, "n": one.now, "before": one.earlier}
        )
        for one in brief.different
    ]
    return Section(title, lines or [Line(_("Much as before."))], hint=n)


def _tried(brief: Brief) -> Section:
    title = _("What was tried")
    if not brief.tried:
        return Section(title, [Line(_("Nothing was said about it."))])
    columns = [_("Tried"), _("Helped"), _("No difference"), _("Harder")]
    rows = [[one.what, *(str(n) for n in (one.helped, one.no_difference, one.harder))] for one in brief.tried]
    return Section(title, columns=columns, rows=rows)


def _good(brief: Brief) -> Section:
    lines = [Line(f"{label}: {count}") for label, count in brief.good]
    back = brief.reconnecting
    if back.told:
        told = _("Reconnected in %(n)s of %(told)s.") % {"n": back.reconnected, "told": back.told}
        if back.middle:
            told += " " + _("The middle one took: %(how_long)s.") % {"how_long": back.middle}
        if back.not_yet:
            told += " " + _("%(n)s not yet.") % {"n": back.not_yet}
        lines.append(Line(told))
    hint = _(
        "From its start to the first look, hug or word. Settling alone is something else, and faster is not always "
        "better."
    )
    return Section(
        _("Good moments, and coming back together"), lines or [Line(_("Nothing was said about it."))], hint=hint
    )


def _parent(brief: Brief) -> Section:
    told = ", ".join(f"{label} {count}" for label, count in brief.states)
    return Section(_("How the parent was"), [Line(told or _("Nothing was said about it."))])


def _advised(brief: Brief) -> Section:
    lines = []
    for title, count, helped in brief.advised:
        shown = ngettext("shown once", "shown %(n)s times", count) % {"n": count}
        found = ngettext("helped once", "helped %(n)s times", helped) % {"n": helped} if helped else ""
        lines.append(Line(f"{title}: {', '.join(part for part in (shown, found) if part)}"))
    lines += [Line(_("You: %(what)s") % {"what": recommended(one)}) for one in brief.pinned]
    return Section(_("What the app advised, and what you recommend"), lines or [Line(_("Nothing."))])


def recommended(one: Recommendation) -> str:
    """A recommendation in one line."""
    library = one.passage.title if one.passage else one.response.text if one.response else ""
    return ": ".join(part for part in (str(one.get_kind_display()), library, one.text) if part)


def _day(day: object) -> str:
    return str(formats.date_format(day, "j F Y"))  # type: ignore[arg-type]
