"""Words, figures and links of the pages, in one language at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup, escape

from assets.figures import format_figure
from schemas import vocabulary as v

Language = Literal["zh", "en"]
Row = Mapping[str, Any]

MISSING = "—"
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "=", "range": "", "approx": "≈"}
_BOUND_SIGNS = {"at_least": "≥", "at_most": "≤", "approx": "≈", "exact": ""}


@dataclass(frozen=True)
class Words:
    """The filters of the templates. What is None is written as missing, never as zero."""

    language: Language

    def t(self, zh: str, en: str) -> str:
        """The one of two texts that is in this language."""
        return zh if self.language == "zh" else en

    def name(self, row: Row, field: str = "name") -> str:
        """The column `<field>_<language>` of a row."""
        return str(row[f"{field}_{self.language}"] or "")

    def label(self, vocabulary: str, code: str | None) -> str:
        """What a code means."""
        if code is None:
            return MISSING
        found: v.Label = getattr(v, vocabulary)[code]
        return self.t(found.zh, found.en)

    def label_of(self, codes: v.Codes, code: str | None) -> str:
        """What a code of a given list means."""
        return MISSING if code is None else self.t(codes[code].zh, codes[code].en)

    def sign(self, bound: str | None) -> str:
        """The sign of a bound, with a space after it; nothing for an exact figure."""
        sign = _BOUND_SIGNS[bound or "exact"]
        return f"{sign} " if sign else ""

    def figure(self, value: float | None, unit: str, digits: int = 5) -> str:
        """A value with its unit: 1.9万亿元, CNY 1.9 trillion; at most so many digits."""
        if value is None:
            return MISSING
        return format_figure(value, unit, self.language, digits=digits)

    def rough(self, value: float | None, unit: str) -> str:
        """A projected value: four digits, since it has no more to tell."""
        return self.figure(None if value is None else float(f"{value:.4g}"), unit)

    def between(self, ends: tuple[float | None, float | None], unit: str) -> str:
        """An interval of projected values, or missing."""
        low, high = (self.rough(end, unit) for end in ends)
        return MISSING if MISSING in (low, high) else f"{low} – {high}"

    def bounded(self, value: float | None, unit: str, bound: str | None) -> Markup:
        """A value with the sign of its bound: ≥ 1.9万亿元."""
        text = self.figure(value, unit)
        if value is None or bound in (None, "exact"):
            return escape(text)
        said = escape(self.label("BOUNDS", bound))
        sign = _BOUND_SIGNS[str(bound)]
        return Markup('<abbr title="{}">{}</abbr> {}').format(said, sign, text)

    def target(self, goal: Row) -> str:
        """What a goal asks for in the unit of its series, with its sign: > 2.6万亿元."""
        if not goal["is_quantified"]:
            return self.t("未量化", "not quantified")
        if goal["operator"] == "range":
            low, high = (self.figure(goal[k], goal["unit"]) for k in ("value", "value_high"))
            return f"{low} – {high}"
        value, unit = goal["resolved_target"], goal["unit"]
        if value is None:  # what it refers to is unknown: the figure as stated
            value, unit = goal["value"], goal["target_unit"]
        return f"{SIGNS[goal['operator']]} {self.figure(value, unit)}"

    def percent(self, share: float | None) -> str:
        """One decimal; a share below 100 is never rounded up to 100, nor one above 0 to 0."""
        if share is None:
            return MISSING
        text = f"{share:.1f}"
        if share < 100 and text == "100.0":
            text = "99.9"
        return f"{text}%"

    def signed_percent(self, share: float | None) -> str:
        """With its sign: +3.2%, −13.3%."""
        return MISSING if share is None else f"{share:+.1f}%".replace("-", "−")

    def gap(self, goal: Row) -> str:
        """How much is missing, or how far beyond."""
        gap = goal["shown_gap"]
        if gap is None:
            return MISSING
        size = self.difference(abs(gap), goal["unit"])
        if abs(gap) < 1e-9 * max(1.0, abs(goal["resolved_target"] or 0.0)):
            return self.t("恰好达到", "exactly reached")
        return self.t(f"差 {size}", f"{size} short") if gap > 0 else self.t(
            f"超 {size}", f"{size} beyond"
        )  # fmt: skip

    def difference(self, size: float, unit: str) -> str:
        """A difference of two values: of shares in percentage points, of ranks in places."""
        if unit == "percent":
            return self.t(f"{size:.4g}个百分点", f"{size:.4g} percentage points")
        if unit == "rank":
            return self.t(f"{size:g}位", f"{size:g} places")
        return self.figure(size, unit)

    def ahead(self, gap: float | None, unit: str) -> str:
        """How far beyond (+) or short of (−) a path: +600个, −1.48万个."""
        if gap is None:
            return MISSING
        sign = "+" if gap > 0 else "−" if gap < 0 else ""
        size = abs(gap)
        if unit not in ("percent", "rank"):
            return f"{sign}{self.figure(float(f'{size:.4g}'), unit)}"
        return f"{sign}{self.difference(size, unit)}"

    def years(self, lead: float | None) -> str:
        """Years ahead (+) or behind (−), two decimals: +0.09, −0.21."""
        if lead is None:
            return MISSING
        return "0" if abs(lead) < 0.005 else f"{lead:+.2f}".replace("-", "−")

    def day(self, value: object) -> str:
        """A date as ISO text."""
        return MISSING if value is None else str(value)

    def period(self, row: Row) -> str:
        """A period, with a mark where the figure runs from the year's beginning."""
        since = self.t("（年初累计）", " (year to date)")
        return f"{row['period']}{since if row['period_type'] == 'year_to_date' else ''}"

    def region(self, row: Row) -> str:
        """Its name; empty for the province itself, which goes without saying."""
        return "" if row["region_code"] == "410000" else self.name(row, "region")

    def zh(self, text: str | None) -> Markup:
        """Text that is Chinese whatever the page's language: titles, printed figures."""
        if not text:
            return Markup(MISSING)
        if self.language == "zh":
            return escape(text)
        return Markup('<span lang="zh">{}</span>').format(text)

    def link(self, url: str | None, text: str | None) -> Markup:
        """A citation: leads out where there is an address, else it is text."""
        if not url or not url.startswith(("https://", "http://")):
            return self.zh(text)
        return Markup('<a class="out" rel="noreferrer external" href="{}">{}</a>').format(
            url, self.zh(text)
        )
