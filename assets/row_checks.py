"""Checks that refuse a row: plausibility, scale slips against history and targets, falling stocks.

Each check is a pair of an expression that is true for a bad row and the words that explain it;
reasons are worked out only for the bad rows.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.breaks import with_segment
from assets.figures import format_figure, looks_like_scale_slip
from assets.record import QUALITY_RANK, by_trust, grain_number
from assets.rejections import Origin, Rejection
from pipelines.faults import Fault

WHOLE_UNITS = ("count", "persons", "subscriptions", "households", "parcels", "racks", "rank")
# A legitimate series seldom spans three orders of magnitude; a slip of 万 for 亿 spans four.
SLIP_FROM = 3.0
JUDGED_BY = [
    "observation_id", "indicator_id", "region_code", "period_end", "value", "unit", "bound",
    "tolerance", "is_derived", "source_id", "published_on", "retrieved_at", "quality", "source_row",
]  # fmt: skip
NEAR = 2.0  # orders of magnitude within which a value is at home


def check_rows(
    rows: pl.DataFrame,
    indicators: pl.DataFrame,
    targets: pl.DataFrame,
    reached: pl.DataFrame,
    files: Mapping[str, str],
    breaks: pl.DataFrame,
    lifted: pl.DataFrame,
) -> tuple[pl.DataFrame, list[Rejection]]:
    """Split rows into accepted and refused: every row is in exactly one of the two.

    Args:
        rows: columns of `observation_vintages` plus `raw`, the row as it came.
        indicators: table `indicators`.
        targets: table `targets`, of every day: what is refused does not depend on the as-of day;
            quantified levels are the yardstick of magnitude.
        reached: figures that documents print as reached (columns of `observation_vintages`); they
            belong to the history that a row is measured by.
        files: landing_sha256 -> file name, for the refused rows.
        breaks: table `series_breaks`: a stock may fall where its scope changes.
        lifted: observation_id, rule: rules that a correction lifts for a row.
    """
    judged = judge_rows(rows, indicators, targets, reached, breaks, lifted)
    accepted = rows.filter(judged["broken_rule"].is_null()).drop("raw")
    return accepted, list(rejections(judged.drop_nulls("broken_rule"), files))


def judge_rows(
    rows: pl.DataFrame,
    indicators: pl.DataFrame,
    targets: pl.DataFrame,
    reached: pl.DataFrame,
    breaks: pl.DataFrame,
    lifted: pl.DataFrame,
) -> pl.DataFrame:
    """Add broken_rule, the first rule that a row breaks, else null, and what it was measured by.

    Args: those of `check_rows`; `raw` is not needed.
    """
    # Only what a row is judged by is moved; the rest is put beside it again in the end.
    history = pl.concat([rows.select(JUDGED_BY), reached.select(JUDGED_BY)])
    exempt = lifted.group_by("observation_id").agg(lifted_rules=pl.col("rule"))
    history = with_segment(history, breaks).with_row_index("place")
    history = _joined(history, exempt, ["observation_id"])
    judged = _with_falls(_with_references(history, indicators, targets)).head(rows.height)
    rules = _rules()  # by number: the names are written for the few rows that break one
    broken = pl.coalesce(
        pl.when(bad & ~_is_lifted(rule)).then(pl.lit(number, pl.UInt8))
        for number, (rule, bad) in enumerate(rules.items())
    )
    name = broken.replace_strict(dict(enumerate(rules)), return_dtype=pl.String)
    found = judged.with_columns(broken_rule=name).drop(JUDGED_BY)
    return pl.concat([rows, found], how="horizontal")


def _joined(rows: pl.DataFrame, more: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """With what there is on each row, in the order of the rows."""
    if more.is_empty():
        return rows.with_columns(
            pl.lit(None, kind).alias(name) for name, kind in more.schema.items() if name not in on
        )
    return rows.join(more, on=on, how="left", maintain_order="left")


def _is_lifted(rule: str) -> pl.Expr:
    return pl.col("lifted_rules").list.contains(rule).fill_null(value=False)


def _with_references(
    rows: pl.DataFrame, indicators: pl.DataFrame, targets: pl.DataFrame
) -> pl.DataFrame:
    """Add what a value is measured by: bounds, its series' magnitude, its targets' magnitude."""
    bounds = indicators.select(
        "indicator_id", "measure", "plausible_min", "plausible_max", "is_cumulative"
    )
    goal = (
        targets.filter(pl.col("is_quantified") & pl.col("value_kind").is_in(["level", "approx"]))
        .filter(pl.col("value") > 0)
        .group_by("indicator_id", "region_code")
        .agg(target_size=pl.col("value").median())
    )
    series, same_row = ["indicator_id", "region_code"], ["indicator_id", "observation_id"]
    size = pl.when(pl.col("value") > 0).then(pl.col("value"))
    in_series = size.count().over("_grain")
    frame = _joined(_joined(rows, bounds, ["indicator_id"]), goal, series)
    frame = frame.with_columns(grain_number(frame, series)).with_columns(
        series_size=pl.when(in_series >= 3)
        .then(size.median().over("_grain"))
        .when(in_series == 2)
        .then(size.sum().over("_grain") - size),
        in_series=in_series,
    )
    # Of rows with the same content, and of two values that contradict each other, the more
    # trusted one stays. Few rows come into question: the others are not put in order.
    hashes = frame["observation_id"].hash()
    in_order = hashes.sort()
    again = in_order.filter(in_order == in_order.shift()).unique()
    twins = frame.filter(hashes.is_in(again.implode()))
    twins = twins.filter(pl.struct(same_row).is_duplicated())
    pairs = frame.filter(pl.col("in_series") == 2)
    frame = _joined(frame.drop("_grain"), _order(twins, same_row, "twin"), ["place"])
    frame = _joined(frame, _order(pairs, series, "trust_order"), ["place"])
    return frame.with_columns(
        off_series=(pl.col("value") / pl.col("series_size")).log10().abs(),
        off_target=(pl.col("value") / pl.col("target_size")).log10().abs(),
    )


def _order(rows: pl.DataFrame, group: list[str], name: str) -> pl.DataFrame:
    """The place of each row in its group by trust, from 0: columns place and the name."""
    ordered = rows.select(
        "place", *group, *(key.alias(f"_{n}") for n, key in enumerate(by_trust()))
    )
    ordered = ordered.sort(pl.exclude("place"), "place")
    return ordered.select("place", pl.int_range(pl.len()).over(group).alias(name))


def _rules() -> dict[str, pl.Expr]:
    value = pl.col("value")
    whole = pl.col("unit").is_in(WHOLE_UNITS) & ~pl.col("is_derived")
    fraction = (value - value.round()).abs() > 1e-6 * value.abs().clip(1)
    share = pl.col("measure") == "coverage"

    def slips(distance: pl.Expr) -> pl.Expr:
        return distance.is_finite() & (distance >= SLIP_FROM)

    off_series, off_target = pl.col("off_series"), pl.col("off_target")
    judged_by_series = slips(off_series) & ~(off_target < NEAR).fill_null(value=False)
    # With one other value only, trust decides which of the two slipped.
    judged_by_series &= (pl.col("in_series") >= 3) | (pl.col("trust_order") > 0)
    # Three others of its size prove a value right; fewer may have slipped as well.
    proven = (off_series < NEAR) & (pl.col("in_series") >= 4)
    judged_by_target = slips(off_target) & ~proven.fill_null(value=False)
    return {
        "duplicate_row": (pl.col("twin") > 0).fill_null(value=False),
        "out_of_range": (value < pl.col("plausible_min"))
        | (value > pl.col("plausible_max"))
        | (share & ~value.is_between(0, 100)),
        "rank_below_one": (pl.col("measure") == "rank") & (value < 1),
        "not_whole": whole & fraction,
        "scale_slip": judged_by_series.fill_null(value=False)
        | judged_by_target.fill_null(value=False),
        "cumulative_fell": pl.col("contradicted_by").is_not_null(),
    }


def _with_falls(rows: pl.DataFrame) -> pl.DataFrame:
    """Add contradicted_by: the figure by which one of a cumulative stock is refused, else null.

    Two figures contradict each other where the later one is lower, beyond the printed precision.
    Of these the more trusted one stays; among equals the one goes that contradicts most others,
    so that a single slip does not take the whole series with it; of two the later one goes.
    Figures on two sides of a scope break do not contradict each other.
    """
    series = ["indicator_id", "region_code"]
    alike = [*series, "segment"]
    highest = (pl.col("value") - pl.col("tolerance")).cum_max().shift(1)
    falls = pl.col("value") + pl.col("tolerance") < highest
    suspect = (
        rows.filter(pl.col("is_cumulative") & ~_is_lifted("cumulative_fell"))
        .sort(*alike, "period_end")
        .filter(falls.any().over(alike))
        .sort(*alike, *by_trust())
        .with_columns(trust=pl.int_range(pl.len()).over(alike))
        .sort(*alike, "period_end", "trust")
        .select(*alike, "place", "trust", "period_end", "value", "tolerance", "bound", "quality")
    )
    refuted: dict[int, float] = {}
    for part in suspect.partition_by(alike):
        refuted |= _refuted(list(part.iter_rows(named=True)))
    return rows.with_columns(
        contradicted_by=pl.col("place").replace_strict(
            list(refuted), list(refuted.values()), default=None, return_dtype=pl.Float64
        )
    ).drop("place")


def _refuted(figures: list[dict[str, Any]]) -> dict[int, float]:
    """Of one cumulative stock the figures that cannot stand: place -> a figure against it."""
    refuted: dict[int, float] = {}
    kept: list[dict[str, Any]] = []
    for quality in sorted({f["quality"] for f in figures}, key=QUALITY_RANK.__getitem__):
        level = []
        for figure in (f for f in figures if f["quality"] == quality):
            if against := [k for k in kept if _contradict(figure, k)]:
                refuted[figure["place"]] = against[0]["value"]
            else:
                level.append(figure)
        while True:
            conflicts = [[f for f in level if _contradict(figure, f)] for figure in level]
            worst = max(
                (i for i, against in enumerate(conflicts) if against),
                key=lambda i: (len(conflicts[i]), level[i]["period_end"], level[i]["trust"]),
                default=None,
            )
            if worst is None:
                break
            refuted[level.pop(worst)["place"]] = conflicts[worst][0]["value"]
        kept += level
    return refuted


def _contradict(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["period_end"] == other["period_end"]:
        return False  # two figures for one day: a disagreement, and no fall
    early, late = sorted((one, other), key=lambda f: f["period_end"])
    fell: bool = late["value"] + late["tolerance"] < early["value"] - early["tolerance"]
    return fell and late["bound"] != "at_least" and early["bound"] != "at_most"


def rejections(refused: pl.DataFrame, files: Mapping[str, str]) -> Iterator[Rejection]:
    """Why each row was refused.

    Args:
        refused: rows of `judge_rows` with a broken rule, and raw, the row as it came, as JSON.
        files: landing_sha256 -> file name.
    """
    for row in refused.iter_rows(named=True):
        origin = Origin(
            row["source_id"],
            files.get(row["landing_sha256"], row["source_id"]),
            row["source_row"],
            row["landing_sha256"],
        )
        yield Rejection(origin, _explain(row), json.loads(row["raw"]), row["indicator_id"])


def _explain(row: Mapping[str, Any]) -> Fault:
    value, rule = row["value"], row["broken_rule"]
    printed = row["value_printed"]
    if rule == "duplicate_row":
        return Fault(
            rule,
            None,
            None,
            "与前面某行完全相同",
            "repeats an earlier row word for word",
            "Delete the line",
        )
    if rule == "out_of_range":
        low, high = row["plausible_min"], row["plausible_max"]
        return Fault(
            rule,
            "value",
            printed,
            f"超出合理范围 [{low}, {high}]",
            f"outside the plausible range [{low}, {high}]",
            "Correct the value, or widen `plausible` in the register with a reason",
        )
    if rule == "rank_below_one":
        return Fault(rule, "value", printed, "位次不能小于1", "a rank starts at 1", "Correct it")
    if rule == "not_whole":
        return Fault(
            rule,
            "value",
            printed,
            "计数应为整数",
            "a count is a whole number",
            "Check the unit of the printed figure (万, 亿)",
        )
    if rule == "scale_slip":
        by_series = _slips(row["off_series"])
        reference = row["series_size"] if by_series else row["target_size"]
        zh, en = ("同一序列", "its series") if by_series else ("目标", "its targets")
        slip = looks_like_scale_slip(value, reference) or "Check the scale word and the unit"
        power = round(math.log10(value) - math.log10(reference))
        shown, size = (format_figure(x, row["unit"]) for x in (value, reference))
        return Fault(
            rule, "value", printed,
            f"{shown}与{zh}的量级（约{size}）相差约10的{abs(power)}次方倍",
            f"{value:g} is about 10^{power} times the size of {en} ({reference:g})",
            slip,
        )  # fmt: skip
    other = row["contradicted_by"]
    when_zh, when = ("此前", "before") if value < other else ("此后", "later")
    return Fault(
        "cumulative_fell",
        "value",
        printed,
        f"累计指标不应下降：{when_zh}为 {other:g}",
        f"a cumulative stock does not fall: {other:g} was reached {when}",
        "Correct this value, or the other one",
    )


def _slips(distance: float | None) -> bool:
    return distance is not None and math.isfinite(distance) and distance >= SLIP_FROM
