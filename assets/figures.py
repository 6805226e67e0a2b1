"""Reading of printed figures, second half: 1.9万亿元 becomes 1900000000000 CNY.

`parse_figure` is the only way in which a printed figure becomes a number in this project;
`format_figure` is the way back, for people.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Final

from assets.figure_format import format_figure, looks_like_scale_slip
from assets.figure_sums import join_terms
from assets.figure_text import FigureError, Term, mask, scan
from assets.numerals import chinese_number
from schemas.units import PrintedUnit, canonical_unit, normalise, printed_unit

__all__ = ["Figure", "FigureError", "format_figure", "looks_like_scale_slip", "parse_figure"]


@dataclass(frozen=True)
class Figure:
    """A printed figure, read.

    Attributes:
        value: in the canonical unit, unscaled. Of a range, the lower end.
        value_high: upper end of a range.
        unit_printed: scale word and unit as printed, normalised (万亿元).
        unit: canonical unit; None where the text leaves it open.
        bound: exact, at_least, at_most or approx.
        half_unit: half of the last printed digit, in the canonical unit. It is the tolerance
            with which the figure was reported; of arithmetic, the error that the digits of all
            terms allow; 0 where no digit is printed.
        implied: no number is printed (全覆盖 is 100 %).
        derived: the text is arithmetic (24024个 − 13340个).
    """

    value: Decimal
    value_high: Decimal | None
    unit_printed: str | None
    unit: str | None
    bound: str
    half_unit: Decimal
    implied: bool = False
    derived: bool = False


# --- figures in words -------------------------------------------------------------------------

_FULL_COVER: Final = re.compile(
    r"全覆盖|全域覆盖|全面覆盖|全面接入|([校班人村户乡县])\1通|[一二三四五六]级[^,。;]{0,12}?覆盖"
    r"|fully covered|full coverage|complete coverage|universal coverage",
    re.IGNORECASE,
)
_ALL: Final = re.compile(r"所有|全部")
_NOT_YET: Final = re.compile(r"未|没有|尚无|不到|\bnot\b|\bno\b", re.IGNORECASE)
_FIRST_PLACE: Final = re.compile(r"首位|榜首|居首|(?P<largest>规模最大|全国最大)")
_NATIONAL_AVERAGE: Final = re.compile(r"(?:达到|超过|不低于|高于)[^,。;]*平均水平|平均水平以上")
_DOUBLINGS: Final = re.compile(r"翻(?:(?P<n>[0-9]|[一二两三四五六])番|倍)|倍增|\bdouble[ds]?\b")
_FIRST_EVER: Final = re.compile(r"零的突破|零突破")
# A superscript or circled number behind a digit points to a footnote.
_NOTE_MARK: Final = re.compile(r"(?<=[0-9０-９])\s*[①-⒛⓪-⓿❶-➓¹²³⁰⁴-⁹]")
_DERIVED_MARK: Final = re.compile(r"^\((?:derived|推算)\):?\s*", re.IGNORECASE)

_PER_MANY: Final = re.compile(r"每[0-9十百千万]+")

_WITHOUT_SCALE: Final = {
    "percent",
    "percentage_points",
    "per_100_persons",
    "ratio",
    "index",
    "rank",
    "ms",
}


def _word(found: re.Match[str], value: int, unit: str, *, bound: str, implied: bool) -> Term:
    return Term(
        start=found.start(),
        end=found.end(),
        value=Decimal(value),
        half=Decimal(0),
        scale=Decimal(1),
        unit_printed=None,
        meanings={unit: Decimal(1)},
        bound=bound,
        implied=implied,
    )


def _figures_in_words(original: str, text: str) -> list[Term]:
    """全覆盖, 首位, 翻一番, 零的突破: figures that stand in words."""
    terms = []
    if found := _FULL_COVER.search(text):
        before = text[max(0, found.start() - 8) : found.start()]
        if _NOT_YET.search(before):
            raise FigureError(original, "coverage is denied, no share is printed")
        bound = "approx" if "基本" in text[: found.start()] else "exact"
        terms.append(_word(found, 100, "percent", bound=bound, implied=True))
    if found := _FIRST_PLACE.search(text):
        largest = found.group("largest") is not None
        terms.append(_word(found, 1, "rank", bound="exact", implied=largest))
    if found := _DOUBLINGS.search(text):
        n = found["n"] or "一"
        times = int(n) if n.isdigit() else chinese_number(n) or 1
        terms.append(_word(found, 2**times, "ratio", bound="exact", implied=False))
    if found := _FIRST_EVER.search(text):
        terms.append(_word(found, 0, "count", bound="at_least", implied=False))
    return terms


def _weak_words(text: str) -> list[Term]:
    """所有, 平均水平: taken only where the text has no number that would fit."""
    terms = []
    if found := _ALL.search(text):
        terms.append(_word(found, 100, "percent", bound="exact", implied=True))
    if found := _NATIONAL_AVERAGE.search(text):
        terms.append(_word(found, 1, "ratio", bound="at_least", implied=True))
    return terms


# --- choice of the figure ---------------------------------------------------------------------


def _with_printed_unit(original: str, term: Term, given: PrintedUnit) -> Term:
    """Give a number without unit the one that stands elsewhere, in a table's head for instance."""
    if term.meanings is not None:
        if not term.meanings.keys() & given.meanings.keys():
            raise FigureError(
                original,
                f"the unit given is {given.spelling!r}",
                f"a figure in {term.unit_printed!r}",
            )
        return term
    if term.scale not in (1, given.scale):
        raise FigureError(
            original, f"scale {term.scale:f} in the text, {given.scale:f} in the unit given"
        )
    factor = given.scale if term.scale == 1 else Decimal(1)
    return replace(
        term,
        value=term.value * factor,
        high=None if term.high is None else term.high * factor,
        half=term.half * factor,
        scale=given.scale,
        meanings=given.meanings,
        is_quotient=False,
    )


def _fits(term: Term, wanted: str | None) -> bool:
    if wanted is None:
        return True
    if term.meanings is not None:
        return wanted in term.meanings
    return term.scale == 1 or wanted not in _WITHOUT_SCALE


def _understood(text: str, terms: list[Term]) -> str:
    return "; ".join(text[term.start : term.end].strip() for term in terms) or "no figure"


def _choose(original: str, text: str, terms: list[Term], wanted: str | None) -> Term:
    """The one figure of the text that fits the wanted unit.

    Raises:
        FigureError: there is none, or there are several that differ.
    """
    readable = [term for term in terms if term.problem is None]
    fitting = [term for term in readable if _fits(term, wanted)]
    if wanted is not None and any(term.meanings for term in fitting):
        # A number with the right unit goes before one without, unless that one may be meant too.
        fitting = [term for term in fitting if term.meanings or not term.looks_like_year]
    elif len(fitting) > 1:
        fitting = [term for term in fitting if not term.looks_like_year] or fitting
    if not fitting:
        fitting = [term for term in _weak_words(text) if _fits(term, wanted)]
    if not fitting:
        problems = [term.problem for term in terms if term.problem is not None]
        if readable:
            problems.insert(0, f"nothing in it can be {wanted}")
        reason = "; ".join(dict.fromkeys(problems)) or "it contains no figure"
        raise FigureError(original, reason, _understood(text, readable))
    first = fitting[0]
    if any((term.value, term.high) != (first.value, first.high) for term in fitting):
        raise FigureError(original, "several figures: which one?", _understood(text, fitting))
    return first


def _canonical(term: Term, wanted: str | None) -> tuple[str | None, Decimal]:
    """Canonical unit and factor; (None, 1) where the text leaves the unit open."""
    if term.meanings is None:
        # 779.8/6031.60 asked for as a percentage is a share.
        is_share = term.is_quotient and wanted == "percent"
        return wanted, Decimal(100) if is_share else Decimal(1)
    if wanted is not None:
        return wanted, term.meanings[wanted]
    plain = [unit for unit, factor in term.meanings.items() if factor == 1]
    if len(plain) == 1:
        return plain[0], Decimal(1)
    if plain:
        return None, Decimal(1)
    unit, factor = next(iter(term.meanings.items()))
    return unit, factor


def _tidy(value: Decimal) -> Decimal:
    """Without exponent and trailing zeros: 1.9E+12 is 1900000000000."""
    value = +value
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def parse_figure(text: str, *, unit_printed: str | None = None, unit: str | None = None) -> Figure:
    """Read one printed figure.

    Args:
        text: the figure as printed, with or without the words around it.
        unit_printed: unit that is printed elsewhere (the head of a table: 万件), if any.
        unit: canonical unit that is expected; decides between readings and is checked.

    Raises:
        FigureError: no figure, several, or one that cannot be in the expected unit.
        schemas.units.UnitError: `unit` is not in the closed list.
    """
    wanted = None if unit is None else canonical_unit(unit).id
    given = None if unit_printed is None else printed_unit(unit_printed)
    if unit_printed is not None and given is None:
        raise FigureError(text, f"the unit {unit_printed!r} is not known")
    if note := _NOTE_MARK.search(text):
        # Normalising would make a digit of it: 4404.0① is not 4404.01.
        raise FigureError(text, f"the figure carries a note mark, {note.group()}: leave it out")
    plain = normalise(text)
    unmarked = _DERIVED_MARK.sub("", plain)
    is_marked = unmarked != plain
    masked = mask(unmarked)
    if given is None and (per := _PER_MANY.search(masked)):
        raise FigureError(text, f"{per.group()} (per): name the unit, such as 部/百户")
    with localcontext() as context:
        context.prec = 60
        terms = join_terms(text, masked, list(scan(text, masked)), is_marked=is_marked)
        if given is not None:
            terms = [_with_printed_unit(text, term, given) for term in terms]
        terms += _figures_in_words(text, masked)
        term = _choose(text, masked, terms, wanted)
        canonical, factor = _canonical(term, wanted)
        printed = term.unit_printed
        if printed is None and unit_printed is not None and term.half > 0:
            printed = normalise(unit_printed)
        if term.derived:
            context.prec = 28
        return Figure(
            value=_tidy(term.value * factor),
            value_high=None if term.high is None else _tidy(term.high * factor),
            unit_printed=printed,
            unit=canonical,
            bound=term.bound or "exact",
            half_unit=_tidy(term.half * factor),
            implied=term.implied,
            derived=term.derived or is_marked,
        )
