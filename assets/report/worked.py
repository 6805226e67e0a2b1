"""How a verdict came about, with the numbers put in, so that it can be redone by hand.

Published numbers are put in with all their digits, computed ones with eight; results are rounded
as everywhere in the report.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from assets.metrics.thresholds import RECENT_PACE_DECAY
from assets.report import formulas
from assets.report.formulas import (
    SHARES,
    SYMBOLS,
    TIMES,
    WHY_MISSING,
    YARDSTICKS,
    days_of,
    year_end_scale,
)
from assets.report.outcomes import Row
from assets.report.text import MISSING, Language, Words
from schemas import tables_gap as tg
from schemas.vocabulary import BOUNDS, DECIDED_BY, QUALITIES

_NAME: Final = re.compile(r"{(\w+)}")
# Reasons that a reader needn't be told line by line: the pace of a closed goal is over.
_GOES_WITHOUT_SAYING: Final = ("deadline_passed",)
_MET_AT_DEADLINE: Final = ("met_before_and_at_deadline", "met_at_deadline")


@dataclass(frozen=True)
class Step:
    """One line of the computation, in one language.

    Attributes:
        metric: the column of `gap_to_goal` that it explains.
        name: the term.
        formula: in symbols.
        numbers: the same with numbers.
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
    return list(_Sheet(goal, Words(language)).lines())


class _Sheet:
    """Writes the lines of one goal."""

    def __init__(self, goal: Row, words: Words) -> None:
        self.goal = goal
        self.words = words
        self.t = words.t
        self.missing = dict(
            part.split("=", 1) for part in (goal["null_reason"] or "").split("; ") if part
        )
        self.numbers = self._numbers()

    def _numbers(self) -> dict[str, float | None]:
        """What the names in the templates stand for."""
        g = self.goal
        a, y, b, high = (
            g[c] for c in ("latest_value", "resolved_target", "baseline_value", "value_high")
        )
        into_from_above = g["operator"] == "range" and b is not None and b > high
        baseline_on, age, ref = g["baseline_on"], g["obs_age_years"], g["reference_year"]
        return {
            "A": a, "A_T": g["value_at_deadline"], "Y_B": b, "Y_T": y, "high": high,
            "size": None if y is None else abs(y),
            "end": high if into_from_above else y,
            "start_gap": None if b is None or high is None else max(y - b, b - high),
            "t": None if age is None else year_end_scale(g["as_of"]) - age,
            # The baseline lies at the end of its period, which need not be that of its year.
            "B": g["baseline_year"] if baseline_on is None else year_end_scale(baseline_on),
            "T": g["target_year"], "ref": ref, "stated": g["value"], "delta": g["tolerance"],
            "reference": next(
                (o["value"] for o in g["history"] or () if year_end_scale(o["ends"]) == ref), None
            ),
            "gap": g["gap_abs"], "progress": g["progress_pct"], "elapsed": g["time_elapsed_pct"],
            "expected": g["expected_value"], "required": g["required_pace"],
            "recent": g["recent_pace"],
        }  # fmt: skip

    def lines(self) -> Iterator[Step]:
        yield self.target()
        if self.goal["latest_value"] is not None:
            yield from self.values()
            yield from self.distance()
            yield from self.way()
            yield from self.pace()
            yield from self.outlook()
            yield from self.decision()
            yield from self.yardsticks()
            yield self.grade()
        yield self.verdict()

    # --- the groups of lines ------------------------------------------------------------------

    def target(self) -> Step:
        """The target in the unit of the series, from the figure as stated."""
        g, t = self.goal, self.t
        name = t("目标值 Y_T", "Goal Y_T")
        if g["operator"] == "range" and g["is_quantified"]:
            return Step("resolved_target", name, "", "", self.words.target(g), self.as_printed())
        kind = g["value_kind"]
        refers = kind == "multiple" or g["reference_year"] is not None
        template = formulas.RESOLVED.get(kind, "") if refers else ""
        note = self.as_printed()
        if g["resolved_target"] is None and g["is_quantified"]:
            note += t("；", "; ") + self.words.label_of(tg.STATUS_REASONS, g["status_reason"])
        return self.made("resolved_target", name, template, self.figure, note)

    def as_printed(self) -> str:
        g, t = self.goal, self.t
        kind = self.words.label("VALUE_KINDS", g["value_kind"])
        note = t(f"原文“{g['printed']}”；{kind}", f"printed as “{g['printed']}”; {kind}")
        if g["value_kind"] == "cumulative" and g["year"]:
            since = g["start_year"] or g["year"]
            span = f"{since}–{g['year']}" if since != g["year"] else f"{g['year']}"
            note += t(f"；{span}年之和", f"; sum of {span}")
        return note

    def values(self) -> Iterator[Step]:
        g, t = self.goal, self.t
        sign = self.words.sign(g["latest_bound"])
        yield Step("latest_value", t("最新值 A", "Latest value A"), "", "",
                   sign + self.exact(g["latest_value"]), self.latest_note())  # fmt: skip
        if g["value_at_deadline"] is not None or g["deadline_passed"]:
            result = self.exact(g["value_at_deadline"])
            note = "" if result != MISSING else self.why("value_at_deadline")
            sign = self.words.sign(g["due_bound"]) if result != MISSING else ""
            yield Step("value_at_deadline", t("期末值 A_T", "Value at the deadline A_T"), "", "",
                       sign + result, note)  # fmt: skip
        if g["baseline_value"] is not None:
            start = g["baseline_on"] or f"B = {g['baseline_year']}"
            kind = self.words.label("BASELINE_KINDS", g["baseline_kind"])
            note = f"{start}{t('，', ', ')}{kind}"
            yield Step("baseline_value", t("基数 Y_B", "Baseline Y_B"), "", "",
                       self.exact(g["baseline_value"]), note)  # fmt: skip

    def latest_note(self) -> str:
        g = self.goal
        at = self.numbers["t"] or 0.0
        year, share = int(at), round((at - int(at)) * days_of(int(at) + 1))
        when = f"t = {year} + {share} ÷ {days_of(year + 1)}" if share else f"t = {year}"
        parts = [g["obs_period"], when, self.words.label_of(QUALITIES, g["obs_quality"])]
        if g["latest_bound"] != "exact":
            parts.append(self.words.label_of(BOUNDS, g["latest_bound"]))
        return self.t("，", ", ").join(parts)

    def distance(self) -> Iterator[Step]:
        g, t = self.goal, self.t
        toward = 1 if g["direction"] != -1 else -1
        yield self.made("gap_abs", t("差距", "Gap"), formulas.gap(g), self.difference,
                        self.bounded(-toward))  # fmt: skip
        yield self.made("gap_pct", t("差距率", "Gap, share of the goal"), formulas.GAP_PCT,
                        self.percent, self.bounded(-toward))  # fmt: skip
        yield self.made("attainment_pct", t("完成率", "Attainment"), formulas.attainment(g),
                        self.percent, self.bounded(toward))  # fmt: skip
        if g["shortfall_at_deadline"] is not None:
            yield self.made("shortfall_at_deadline", t("期末差距", "Gap at the deadline"),
                            formulas.gap(g, "A_T"), self.difference)  # fmt: skip

    def way(self) -> Iterator[Step]:
        """From the baseline towards the goal, and against the time that has gone."""
        g, t = self.goal, self.t
        n = self.numbers
        rises = (n["end"] or 0.0) >= (n["Y_B"] or 0.0)
        yield self.made("progress_pct", t("进展", "Progress"), formulas.progress(g), self.percent,
                        self.bounded(1 if rises else -1))  # fmt: skip
        is_over = n["t"] is not None and n["T"] is not None and n["t"] > n["T"]
        yield self.made("time_elapsed_pct", t("时序进度", "Time elapsed"), formulas.TIME_ELAPSED,
                        self.percent,
                        t("t 晚于 T，以 100% 计", "t lies after T: counted as 100%") if is_over
                        else "")  # fmt: skip
        for metric, name, template, write in (
            ("schedule_gap_pp", t("超（欠）时序进度", "Ahead of (behind) the schedule"),
             formulas.SCHEDULE_GAP, self.points),
            ("pace_ratio", t("进度比", "Pace ratio"), formulas.PACE_RATIO, self.plain),
            ("expected_value", t("路径应达值", "Value of the path"), formulas.EXPECTED_VALUE,
             self.figure),
            ("expected_gap", t("超前（落后）路径", "Ahead of (behind) the path"),
             formulas.expected_gap(g, rises), self.difference),
            ("lead_years", t("领先年数", "Lead, years"), formulas.LEAD_YEARS, self.plain),
            ("cagr_actual", t("实际年均增速 g_a", "Growth a year, actual g_a"), formulas.GROWTH,
             self.growth),
            ("cagr_required", t("所需年均增速 g_r", "Growth a year, planned g_r"),
             formulas.GROWTH_PLANNED, self.growth),
        ):  # fmt: skip
            # Missing for the same reason as progress: said once.
            reasons = (None, self.missing.get("progress_pct"), *_GOES_WITHOUT_SAYING)
            if g[metric] is not None or self.missing.get(metric) not in reasons:
                yield self.made(metric, name, template, write)

    def pace(self) -> Iterator[Step]:
        g, t = self.goal, self.t
        if g["recent_pace"] is not None:
            yield self.recent_pace()
        met = t("已达到", "met already")
        for metric, name, template, write in (
            ("required_pace", t("所需速度（每年）", "Required pace, a year"),
             formulas.REQUIRED_PACE, self.difference),
            ("required_cagr", t("所需年均增速", "Growth still required, a year"),
             formulas.GROWTH_REQUIRED, self.growth),
            ("accel_factor", t("需提速倍数", "Acceleration needed"), formulas.ACCELERATION,
             self.plain),
        ):  # fmt: skip
            if g[metric] == 0:
                yield Step(metric, name, "", "", "0", met)
            elif g[metric] is not None or self.missing.get(metric) not in (
                None, *_GOES_WITHOUT_SAYING
            ):  # fmt: skip
                yield self.made(metric, name, template, write)

    def outlook(self) -> Iterator[Step]:
        """Where it goes, and how likely it is there in time; only where that is known."""
        g, t = self.goal, self.t
        if g["projected_value"] is not None:
            method = self.words.label("PROJECTION_METHODS", g["projection_method"])
            name = t("预测期末值", "Projected value at the deadline")
            made = self.made("projected_value", name, formulas.PROJECTED, self.figure, method)
            # Between bounds, or on the logit scale, the plain formula does not tell it.
            a, v, years = g["latest_value"], g["recent_pace"], g["target_year"] - self.numbers["t"]
            plain = a + v * 0.9 * (1 - 0.9**years) / 0.1
            is_plain = math.isclose(plain, g["projected_value"], rel_tol=1e-9)
            yield made if is_plain else replace(made, formula="", numbers="", operands=())
        if g["p_on_time"] is not None:
            low, high = (self.figure(g[end]) for end in ("lo80", "hi80"))
            why = self.words.label("INTERVAL_METHODS", g["interval_method"])
            note = t(f"80%区间 {low}—{high}；依据{why}", f"80 % interval {low} to {high}; by {why}")
            name = t("期末实现的概率", "Chance to meet it at the deadline")
            yield Step("p_on_time", name, "", "",
                       f"{g['p_on_time']:.0%}", note)  # fmt: skip
        if g["eta_year"] is not None:
            note = t(
                "照预测路径首次达到的年末", "first year-end at which the projected path meets it"
            )
            yield Step(
                "eta_year", t("预计实现年", "Expected year"), "", "", str(g["eta_year"]), note
            )

    def recent_pace(self) -> Step:
        """The changes of the latest scope, weighted by their age."""
        g, t = self.goal, self.t
        last = g["history"][-1]
        points = [(year_end_scale(o["ends"]), o["value"]) for o in g["history"]
                  if o["segment"] == last["segment"]]  # fmt: skip
        changes, weights = [], []
        for (before, was), (at, value) in pairwise(points):
            changes.append((value - was) / (at - before))
            weights.append(RECENT_PACE_DECAY ** (points[-1][0] - at))
        terms = [f"{self.put(c)} × {w:.6g}" for c, w in zip(changes, weights, strict=True)]
        total = " + ".join(f"{w:.6g}" for w in weights)
        return Step(
            "recent_pace", t("近期速度（每年）", "Recent pace, a year"), "Σ w·ΔA ÷ Σ w",
            f"({' + '.join(terms)}) ÷ ({total})", self.difference(g["recent_pace"]),
            t("ΔA：每年变化；权重 w = 0.6^距最新值的年数",
              "ΔA: change a year; weight w = 0.6^years before the latest value"),
            (*changes, *weights),
        )  # fmt: skip

    def decision(self) -> Iterator[Step]:
        """Whether the value meets the goal, at the printed precision."""
        g, t = self.goal, self.t
        template = formulas.MEETS[g["operator"]]
        strict = g["operator"] in ("gt", "lt")
        for value, bound, name, met in (
            ("A", g["latest_bound"], t("最新值是否达到", "Met by the latest value"),
             g["met_within_tolerance"]),
            ("A_T", g["due_bound"], t("期末是否达到", "Met at the deadline"),
             g["status_reason"] in _MET_AT_DEADLINE),
        ):  # fmt: skip
            if self.numbers[value] is None or (value == "A_T" and not g["deadline_passed"]):
                continue
            note = t("δ 为最后一位数字的一半", "δ is half of the last printed digit")
            if strict:
                note = t("严格比较", "compared strictly")
            if strict and bound in ("at_least", "at_most"):
                note += t("；只印有界限的数，实际超出所印之数",
                          "; a figure printed as a bound lies beyond what it prints")  # fmt: skip
            yield Step(
                "met_within_tolerance" if value == "A" else "value_at_deadline", name,
                *self.written(template.replace("{A}", f"{{{value}}}")),
                t("是", "yes") if met else t("否", "no"), note,
            )  # fmt: skip
        if g["first_met_year"] is not None:
            late = g["late_years"]
            note = ""
            if late == 0:
                note = t("与期限同年", "in the year that it was due")
            elif late is not None:
                years = f"{abs(late):g} year{'' if abs(late) == 1 else 's'}"
                note = t(f"比期限{'晚' if late > 0 else '早'} {abs(late):g} 年",
                         f"{years} {'late' if late > 0 else 'early'}")  # fmt: skip
            yield Step("first_met_year", t("首次达到", "First met"), "", "",
                       str(g["first_met_year"]), note)  # fmt: skip

    def yardsticks(self) -> Iterator[Step]:
        t = self.t
        for name, metric, codes, number, formula in YARDSTICKS:
            label, ratio = self.goal[metric], self.goal[number]
            if label is not None:
                note = "" if ratio is not None else t("已达到", "met already")
                numbers = "" if ratio is None else f"= {self.plain(ratio)}"
                yield Step(metric, name, formula, numbers,
                           self.words.label_of(codes, label), note)  # fmt: skip
        plan = self.goal["plan_class_zh"]
        if plan is not None:
            bands = t("以±5个百分点为界", "bands of ±5 points of the schedule")
            yield Step("plan_class_zh", t("规划评估类别", "Class in the plan vocabulary"), "", "",
                       self.words.label_of(tg.PLAN_CLASSES, plan),
                       "" if plan == "提前实现" else bands)  # fmt: skip

    def grade(self) -> Step:
        g, t = self.goal, self.t
        at_deadline = g["value_at_deadline"] is not None
        quality = g["due_quality"] if at_deadline else g["obs_quality"]
        bound = g["due_bound"] if at_deadline else g["latest_bound"]
        parts = [
            t(f"{g['n_obs']} 个数据点", f"points: {g['n_obs']}"),
            t("基数：", "baseline: ") + self.words.label("BASELINE_KINDS", g["baseline_kind"]),
            t("判定所用数值：", "deciding value: ") + self.words.label_of(QUALITIES, quality)
            + t("，", ", ") + self.words.label_of(BOUNDS, bound),
        ]  # fmt: skip
        grade = g["evidence_grade"]
        return Step("evidence_grade", t("证据等级", "Evidence grade"), "", "", grade,
                    f"{self.words.label('EVIDENCE_GRADES', grade)}"
                    + t("（", " (") + t("；", "; ").join(parts) + t("）", ")"))  # fmt: skip

    def verdict(self) -> Step:
        g, t = self.goal, self.t
        why = self.words.label_of(tg.STATUS_REASONS, g["status_reason"])
        by = self.words.label_of(DECIDED_BY, g["decided_by"])
        return Step("status", t("结论", "Verdict"), "", "",
                    self.words.label("STATUSES", g["status"]),
                    t(f"{why}（依据：{by}）", f"{why} (decided by {by})"))  # fmt: skip

    # --- one line, one number -------------------------------------------------------------------

    def made(
        self, metric: str, name: str, template: str, write: Callable[[float], str], note: str = ""
    ) -> Step:
        """A line whose numbers are put into a template."""
        value = self.goal[metric]
        if value is None:
            formula, _ = self.written(template)
            return Step(metric, name, formula, "", MISSING, self.why(metric) or note)
        operands = tuple(self.numbers[n] for n in _NAME.findall(template))
        known = tuple(x for x in operands if x is not None)
        formula, numbers = self.written(template)
        return Step(metric, name, formula, numbers, write(value), note, known)

    def written(self, template: str) -> tuple[str, str]:
        """A template in symbols and in numbers; no numbers unless all are known."""
        names = _NAME.findall(template)
        formula = template.format(**{n: self.t(*SYMBOLS[n]) for n in names})
        if any(self.numbers[n] is None for n in names):
            return formula, ""
        return formula, template.format(**{n: self.put(self.numbers[n], n) for n in names})

    def put(self, value: float | None, name: str = "A") -> str:
        """A number as it stands in a computation; a negative one in brackets."""
        if value is None:
            return MISSING
        if name in TIMES:
            text = f"{value:.8f}".rstrip("0").rstrip(".")
        elif name in SHARES or (name == "stated" and self.goal["value_kind"] != "increment"):
            text = f"{value:.8g}"
        else:
            text = self.exact(value)
        return f"({text.replace('-', '−')})" if value < 0 else text

    def exact(self, value: float | None) -> str:
        """A published value with all its digits."""
        return self.words.figure(value, self.goal["unit"], digits=8)

    def why(self, metric: str) -> str:
        """Why a number is missing, in words."""
        reason = self.missing.get(metric)
        return self.t(*WHY_MISSING[reason]) if reason else ""

    def bounded(self, effect: int) -> str:
        """What a bound means for a metric that grows (+1) or falls (-1) with the latest value."""
        t, bound = self.t, self.goal["latest_bound"]
        if bound == "approx":
            return t("A 为约数，结果也是约数", "approximate, as A is")
        if bound not in ("at_least", "at_most"):
            return ""
        up = (bound == "at_least") == (effect > 0)
        return t("A 为界限：实际不小于此数", "A is a bound: this much or more") if up else t(
            "A 为界限：实际不大于此数", "A is a bound: this much or less"
        )  # fmt: skip

    def figure(self, value: float) -> str:
        return self.words.figure(value, self.goal["unit"]).replace("-", "−")

    def difference(self, value: float) -> str:
        return ("−" if value < 0 else "") + self.words.difference(abs(value), self.goal["unit"])

    def percent(self, value: float) -> str:
        return self.words.percent(value).replace("-", "−")

    def growth(self, share: float) -> str:
        return self.words.signed_percent(100 * share)

    def points(self, value: float) -> str:
        return f"{value:+.1f} {self.t('个百分点', 'pp')}".replace("-", "−")

    def plain(self, value: float) -> str:
        return f"{value:.3g}".replace("-", "−")
