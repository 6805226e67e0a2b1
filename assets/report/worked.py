"""How a verdict came about, with the numbers put in, so that it can be redone by hand.

Formulas are those of the contract (`schemas/tables_gap.py`); here they are only written out.
Numbers are shown with six significant digits where they are results, and whole where they were
published.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from assets.report.outcomes import Row
from assets.report.text import MISSING, Language, Words
from schemas import tables_gap, vocabulary
from schemas.vocabulary import Label

# Why a number is missing: the codes of `null_reason`.
WHY_MISSING: Final = {
    "not_quantified": Label("原文没有数字", "the text gives no figure"),
    "scope_break": Label("期间口径变动，不作比较", "the scope changed in between"),
    "reference_unknown": Label("参照年数值未知", "the reference year's value is unknown"),
    "no_observation": Label("没有可比的观测值", "nothing comparable was observed"),
    "no_baseline": Label("没有基数", "no baseline"),
    "baseline_met": Label("基期已达到目标", "the baseline already meets the goal"),
    "target_year_not_after_baseline": Label("目标年不晚于基期", "due no later than the baseline"),
    "observed_before_baseline": Label("最新值早于基期", "observed before the baseline"),
    "observed_at_baseline": Label("最新值就是基数", "the latest value is the baseline itself"),
    "no_distance": Label("基数与目标相同", "baseline and goal are equal"),
    "no_deadline": Label("没有期限", "no deadline"),
    "deadline_passed": Label(
        "最新数据已到期限", "the latest figure is at the deadline or after it"
    ),
    "range": Label("区间目标没有单一的比例", "a range has no single ratio"),
    "target_zero": Label("目标为零", "the goal is zero"),
    "not_positive": Label("含非正数，无法计算", "needs positive numbers"),
    "one_observation": Label("只有一个数据点", "only one observation"),
    "reverse": Label("近期方向与目标相反", "lately moving away from the goal"),
    "not_observed_at_deadline": Label("期末没有数据", "nothing observed at the deadline"),
}


@dataclass(frozen=True)
class Step:
    """One line of the computation, in one language.

    Attributes:
        metric: the column of `gap_to_goal` that it explains.
        name: the term; formula: in symbols; numbers: the same with numbers.
        result: as it is published, or missing.
        note: why it is missing, or what a reader should know.
        operands: the numbers put in, in their order.
    """

    metric: str
    name: str
    formula: str
    numbers: str
    result: str
    note: str = ""
    operands: tuple[float, ...] = field(default=(), compare=False)


def steps(goal: Row, language: Language) -> list[Step]:
    """All lines for a goal (a row of `book.GOALS` with its outcome)."""
    if not goal["is_quantified"]:
        return []
    return list(_Sheet(goal, Words(language)).lines())


def sentence(goal: Row, language: Language) -> str:
    """A goal and what became of it, in one sentence."""
    words = Words(language)
    t = words.t
    place = words.region(goal)
    where = t(f"{place}{goal['name_zh']}", f"{goal['name_en']}{f' ({place})' if place else ''}")
    year = goal["year"]
    due = t(
        f"{year}年目标" if year else "目标（无期限）", f"goal for {year}" if year else "goal, open"
    )
    status = words.label("STATUSES", goal["status"])
    if not goal["is_quantified"]:
        return t(f"{where}：{due}没有数字（“{goal['printed']}”）。",
                 f"{where}: {due} has no figure (“{goal['printed']}”).")  # fmt: skip
    aim = words.target(goal)
    if goal["shown_value"] is None:
        return t(f"{where}：{due} {aim}；{status}。", f"{where}: {due} {aim}; {status}.")
    value = words.sign(goal["shown_bound"]) + words.figure(goal["shown_value"], goal["unit"])
    period, gap = goal["shown_period"] or "", words.gap(goal)
    share = goal["shown_attainment"]
    done = "" if share is None else t(f"，完成率 {words.percent(share)}",
                                      f", {words.percent(share)} of it")  # fmt: skip
    superseded = t("（已被取代）", " (superseded)") if goal["superseded_by"] else ""
    return t(
        f"{where}：{due}{superseded} {aim}；{period} {value}{done}，{gap}：{status}。",
        f"{where}: {due}{superseded} {aim}; {period} {value}{done}, {gap}: {status}.",
    )


def year_end_scale(day: dt.date) -> float:
    """A day on the scale on which 31 December is the number of its year (2020-12-31 = 2020.0)."""
    length = dt.date(day.year, 12, 31).timetuple().tm_yday
    return day.year - 1 + day.timetuple().tm_yday / length


class _Sheet:
    """Writes the lines of one goal."""

    def __init__(self, goal: Row, words: Words) -> None:
        self.goal = goal
        self.words = words
        self.t = words.t
        self.missing = dict(
            part.split("=", 1) for part in (goal["null_reason"] or "").split("; ") if part
        )

    def lines(self) -> Iterator[Step]:
        g, t = self.goal, self.t
        yield self.target()
        if g["latest_value"] is None:
            yield self.verdict()
            return
        yield self.line("latest_value", t("最新值 A", "Latest value A"), "", "",
                        self.value(g["latest_value"]), self.latest_note())  # fmt: skip
        if g["value_at_deadline"] is not None or "value_at_deadline" in self.missing:
            yield self.line("value_at_deadline", t("期末值 A_T", "Value at the deadline A_T"), "",
                            "", self.value(g["value_at_deadline"]))  # fmt: skip
        yield from self.distance()
        if g["baseline_value"] is not None:
            yield self.baseline()
        yield from self.progress()
        yield from self.pace()
        if g["first_met_year"] is not None:
            yield self.line("first_met_year", t("首次达到", "First met"), "", "",
                            str(g["first_met_year"]))  # fmt: skip
        yield self.precision()
        yield from self.yardsticks()
        if g["evidence_grade"]:
            yield self.line("evidence_grade", t("证据等级", "Evidence grade"), "", "",
                            g["evidence_grade"],
                            self.words.label("EVIDENCE_GRADES", g["evidence_grade"]))  # fmt: skip
        yield self.verdict()

    def value(self, value: float | None) -> str:
        return self.words.figure(value, self.goal["unit"])

    def rounded(self, value: float | None) -> str:
        """A computed value with six significant digits."""
        return MISSING if value is None else self.value(float(f"{value:.6g}"))

    def line(
        self, metric: str, name: str, formula: str, numbers: str, result: str, note: str = "",
        operands: tuple[float, ...] = (),
    ) -> Step:  # fmt: skip
        why = WHY_MISSING.get(self.missing.get(metric, ""))
        if result == MISSING:
            numbers = ""
            note = (self.t(why.zh, why.en) if why else "") or note
        return Step(metric, name, formula, numbers, result, note, operands)

    def made(
        self, metric: str, zh: str, en: str, formula: str, template: str,
        operands: tuple[float | None, ...], write: Callable[[float | None], str],
        units: bool = True,
    ) -> Step:  # fmt: skip
        """A line whose numbers are put into a template: `{} − {}`."""
        result = write(self.goal[metric])
        known = tuple(x for x in operands if x is not None)
        complete = len(known) == len(operands)
        shown = [self.value(x) if units else f"{x:.6g}" for x in known]
        numbers = template.format(*shown) if complete else ""
        return self.line(metric, self.t(zh, en), formula, numbers, result, operands=known)

    def target(self) -> Step:
        """The target in the unit of the series, from the figure as stated."""
        g, t = self.goal, self.t
        kind, result = g["value_kind"], self.rounded(g["resolved_target"])
        formula, numbers = "", ""
        ref = g["reference_year"]
        if g["resolved_target"] is None:
            note = self.words.label_of(tables_gap.STATUS_REASONS, g["status_reason"])
            return self.line("resolved_target", t("目标值 Y_T", "Goal Y_T"), "", "", MISSING, note)
        if kind == "multiple":
            base = g["resolved_target"] / g["value"]
            formula, numbers = f"k × Y_{ref}", f"{g['value']:g} × {self.rounded(base)}"
        elif kind == "increment":
            base = g["resolved_target"] - g["value"]
            formula = f"Y_{ref} + ΔY"
            numbers = f"{self.rounded(base)} + {self.words.figure(g['value'], g['target_unit'])}"
        elif kind == "growth" and ref:
            formula, numbers = f"Y_{ref} × (1 + g)^(T − {ref})", f"g = {g['value']:g}%"
        note = t(f"原文“{g['printed']}”", f"printed as “{g['printed']}”")
        if kind == "cumulative":
            since = g["start_year"] or g["year"]
            span = f"{since}–{g['year']}" if since != g["year"] else f"{g['year']}"
            note += t(f"；{span} 年内累计", f"; summed over {span}")
        if g["operator"] == "range":
            result = self.words.target(g)
        return self.line("resolved_target", t("目标值 Y_T", "Goal Y_T"), formula, numbers, result,
                         note)  # fmt: skip

    def latest_note(self) -> str:
        g, t = self.goal, self.t
        parts = [f"{g['obs_period']}（t = {self.at():.4g}）" if self.words.language == "zh"
                 else f"{g['obs_period']} (t = {self.at():.4g})"]  # fmt: skip
        if g["latest_bound"] not in (None, "exact"):
            parts.append(self.words.label("BOUNDS", g["latest_bound"]))
        parts.append(self.words.label("QUALITIES", g["obs_quality"]))
        return t("，", ", ").join(parts)

    def at(self) -> float:
        """The time of the latest observation."""
        return year_end_scale(self.goal["as_of"]) - float(self.goal["obs_age_years"])

    def start(self) -> float | None:
        """The time of the baseline: the end of its period, which need not be that of its year."""
        on, year = self.goal["baseline_on"], self.goal["baseline_year"]
        return year if on is None else year_end_scale(on)

    def distance(self) -> Iterator[Step]:
        g = self.goal
        a, y = g["latest_value"], g["resolved_target"]
        less = g["direction"] == -1
        if g["operator"] in ("range", "eq"):
            yield self.line("gap_abs", self.t("差距", "Gap"),
                            self.t("到最近界限的距离", "distance to the nearest bound"), "",
                            self.difference(g["gap_abs"]))  # fmt: skip
            return
        order = (a, y) if less else (y, a)
        yield self.made("gap_abs", "差距", "Gap", "A − Y_T" if less else "Y_T − A", "{} − {}",
                        order, self.difference)  # fmt: skip
        yield self.made("gap_pct", "差距率", "Gap, share of the goal", "差距 ÷ |Y_T| × 100"
                        if self.words.language == "zh" else "gap ÷ |Y_T| × 100",
                        "{} ÷ {} × 100", (g["gap_abs"], None if y is None else abs(y)),
                        self.percent)  # fmt: skip
        yield self.made("attainment_pct", "完成率", "Attainment",
                        "Y_T ÷ A × 100" if less else "A ÷ Y_T × 100", "{} ÷ {} × 100",
                        (y, a) if less else (a, y), self.percent)  # fmt: skip
        if g["value_at_deadline"] is not None:
            at_t = g["value_at_deadline"]
            yield self.made("shortfall_at_deadline", "期末差距", "Gap at the deadline",
                            "A_T − Y_T" if less else "Y_T − A_T", "{} − {}",
                            (at_t, y) if less else (y, at_t), self.difference)  # fmt: skip

    def baseline(self) -> Step:
        g, t = self.goal, self.t
        kind = self.words.label("BASELINE_KINDS", g["baseline_kind"])
        return self.line("baseline_value", t("基数 Y_B", "Baseline Y_B"), "", "",
                         self.value(g["baseline_value"]),
                         f"B = {g['baseline_year']}{t('，', ', ')}{kind}")  # fmt: skip

    def progress(self) -> Iterator[Step]:
        g = self.goal
        a, b, y = g["latest_value"], g["baseline_value"], g["resolved_target"]
        yield self.made("progress_pct", "进展", "Progress", "(A − Y_B) ÷ (Y_T − Y_B) × 100",
                        "({} − {}) ÷ ({} − {}) × 100", (a, b, y, b), self.percent)  # fmt: skip
        year, start = g["target_year"], self.start()
        yield self.made("time_elapsed_pct", "时序进度", "Time elapsed", "(t − B) ÷ (T − B) × 100",
                        "({} − {}) ÷ ({} − {}) × 100", (self.at(), start, year, start),
                        self.percent, units=False)  # fmt: skip
        if g["schedule_gap_pp"] is None:
            return
        p, e = g["progress_pct"], g["time_elapsed_pct"]
        yield self.made("schedule_gap_pp", "超（欠）时序进度", "Ahead of (behind) the schedule",
                        self.t("进展 − 时序进度", "progress − time elapsed"), "{} − {}", (p, e),
                        self.points, units=False)  # fmt: skip
        yield self.made("pace_ratio", "进度比", "Pace ratio",
                        self.t("进展 ÷ 时序进度", "progress ÷ time elapsed"), "{} ÷ {}", (p, e),
                        self.plain, units=False)  # fmt: skip
        share = None if e is None else e / 100
        numbers = "" if share is None else (
            f"{self.value(b)} + ({self.value(y)} − {self.value(b)}) × {share:.6g}"
        )  # fmt: skip
        yield self.line("expected_value", self.t("路径应达值", "Value of the path"),
                        "Y_B + (Y_T − Y_B) × (t − B) ÷ (T − B)", numbers,
                        self.rounded(g["expected_value"]),
                        operands=(b, y, share or 0.0))  # fmt: skip

    def pace(self) -> Iterator[Step]:
        g, t = self.goal, self.t
        if g["recent_pace"] is not None:
            yield self.line("recent_pace", t("近期速度（每年）", "Recent pace, a year"),
                            t("逐年变化的平均，权重 0.6^年龄",
                              "mean of yearly changes, weights 0.6^age"), "",
                            self.rounded(g["recent_pace"]))  # fmt: skip
        if g["required_pace"] is None:
            return
        left = (g["target_year"] or 0) - self.at()
        need = max(0.0, float(g["gap_abs"]))
        yield self.line("required_pace", t("所需速度（每年）", "Required pace, a year"),
                        t("差距 ÷ (T − t)", "gap ÷ (T − t)"),
                        f"{self.value(need)} ÷ ({g['target_year']} − {self.at():.6g})",
                        self.rounded(g["required_pace"]), operands=(need, left))  # fmt: skip
        if g["accel_factor"] == 0:
            yield self.line("accel_factor", t("需提速倍数", "Acceleration needed"), "", "", "0",
                            t("已达到", "met already"))  # fmt: skip
        elif g["accel_factor"] is not None:
            yield self.made("accel_factor", "需提速倍数", "Acceleration needed",
                            t("所需速度 ÷ 近期速度", "required ÷ recent pace"), "{} ÷ {}",
                            (g["required_pace"], g["recent_pace"]), self.plain,
                            units=False)  # fmt: skip

    def precision(self) -> Step:
        g, t = self.goal, self.t
        exact = g["operator"] in ("gt", "lt")
        rule = t("严格比较", "compared strictly") if exact else t(
            "相差不超过最后一位数字的一半即为达到", "met within half of the last printed digit"
        )  # fmt: skip
        met = g["met_within_tolerance"] or g["met_latest"]
        return self.line("met_within_tolerance", t("最新值是否达到", "Met by the latest value"),
                         "", "", t("是", "yes") if met else t("否", "no"),
                         f"{rule}：± {self.rounded(g['tolerance'])}" if not exact
                         and g["tolerance"] is not None else rule)  # fmt: skip

    def yardsticks(self) -> Iterator[Step]:
        for metric, name, codes, number in (
            ("eurostat_class", "Eurostat", tables_gap.EUROSTAT_CLASSES, "eurostat_ratio"),
            ("unsd_class", "UNSD", tables_gap.UNSD_CLASSES, "unsd_share"),
            ("escap_class", "ESCAP", tables_gap.ESCAP_CLASSES, "escap_csi"),
            ("sdsn_arrow", "SDSN", tables_gap.SDSN_ARROWS, "sdsn_share"),
        ):
            if self.goal[metric] is not None:
                yield self.line(metric, name, "", self.plain(self.goal[number]),
                                self.words.label_of(codes, self.goal[metric]))  # fmt: skip

    def verdict(self) -> Step:
        g, t = self.goal, self.t
        why = self.words.label_of(tables_gap.STATUS_REASONS, g["status_reason"])
        by = self.words.label_of(vocabulary.DECIDED_BY, g["decided_by"])
        return self.line("status", t("结论", "Verdict"), "", "",
                         self.words.label("STATUSES", g["status"]),
                         t(f"{why}（依据：{by}）", f"{why} (decided by {by})"))  # fmt: skip

    def difference(self, value: float | None) -> str:
        if value is None:
            return MISSING
        sign = "−" if value < 0 else ""
        return f"{sign}{self.words.difference(float(f'{abs(value):.6g}'), self.goal['unit'])}"

    def percent(self, value: float | None) -> str:
        return self.words.percent(value).replace("-", "−")

    def points(self, value: float | None) -> str:
        size = MISSING if value is None else f"{value:+.1f}".replace("-", "−")
        return f"{size} {self.t('个百分点', 'pp')}"

    def plain(self, value: float | None) -> str:
        return MISSING if value is None else f"{value:.3g}"
