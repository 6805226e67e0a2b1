"""What a user would write instead of the pipeline: the same chain in pandas, by indicators.

Covered, vectorised over all rows of an indicator: reading every column; the table's contract in
pandera, from the same rules; refusing repeated rows, values out of range, counts that are not
whole and slips of scale by the median of the series, each with its reason; value of record and
what it beat, with conflicts; latest value, baseline, gap, attainment, progress, schedule, growth
rates, expected path value, pace by least squares over the last five years, required pace,
projection, a verdict by deadline and pace; refused rows, values of record and gaps as Parquet.

Not covered, all of which the pipeline does: falling stocks, scope breaks, flows and sums over
years, bounds, ranges and relative targets, tolerances, intervals and chances, yardsticks of other
agencies, peers, evidence grades, files that are whole or not there, reruns that compute only what
changed. These concern goals, of which there are few to a thousand rows.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from schemas.contract import schema_of
from schemas.tables_core import ObservationVintages

SERIES = ["indicator_id", "region_code"]
GRAIN = [*SERIES, "period", "period_type"]
DAYS = ["period_start", "period_end", "published_on"]
# Those of the synthetic indicators.
LOWEST, HIGHEST = 0.0, 1e9
SLIP = 3.0  # orders of magnitude
PACE_YEARS = 5
APPROX = 0.95
ON_TRACK, AT_RISK = 0.95, 0.60


def pandas_night(
    vintages: Sequence[Path], targets: Path, as_of: dt.date, folder: Path
) -> dict[str, int]:
    """From one indicator's landed files to rejected_rows, observations and gap_to_goal.

    Args:
        vintages: files with the columns of `observation_vintages`.
        targets: file with the columns of `targets`.
        folder: the three tables are written here. Of `gap_to_goal` target_id, latest_value,
            baseline_value, expected_value, projection, gap_abs (unit of the series), gap_pct,
            attainment_pct, progress_pct, time_elapsed_pct (%), schedule_gap_pp (percentage
            points), cagr_actual, cagr_required (share a year), pace, required_pace (unit a year),
            verdict.

    Returns:
        Rows read (rows), refused (rejected), values of record (records) and goals.
    """
    # The folders are named after the indicator, which is a column as well.
    rows = pd.concat(
        [pd.read_parquet(path, partitioning=None) for path in vintages], ignore_index=True
    )
    for name in DAYS:
        rows[name] = pd.to_datetime(rows[name])
    accepted, rejected = _judged(rows)
    known = accepted[accepted["published_on"] <= pd.Timestamp(as_of)]
    record = _record(known)
    goals = pd.read_parquet(targets, partitioning=None)[
        ["target_id", *SERIES, "year", "operator", "value", "baseline_year"]
    ].rename(columns={"year": "target_year", "value": "target"})
    gaps = _metrics(goals, _annual(record), as_of)
    folder.mkdir(parents=True)
    for name, table in (("rejected_rows", rejected), ("observations", record),
                        ("gap_to_goal", gaps)):  # fmt: skip
        table.to_parquet(folder / f"{name}.parquet", index=False)
    return {
        "rows": len(rows), "rejected": len(rejected), "records": len(record), "goals": len(gaps),
    }  # fmt: skip


def _contract() -> pa.DataFrameSchema:
    """The contract of `observation_vintages` for pandas: the same columns, nulls and rules."""
    checks = {
        "greater_than_or_equal_to": lambda limits: pa.Check.ge(limits["min_value"]),
        "isin": lambda limits: pa.Check.isin(limits["allowed_values"]),
        "str_matches": lambda limits: pa.Check.str_matches(limits["pattern"]),
        "is_finite": lambda limits: pa.Check(np.isfinite, name="is_finite"),
    }
    columns = {
        name: pa.Column(
            nullable=item.nullable,
            checks=[checks[str(check.name)](check.statistics) for check in item.checks],
        )
        for name, item in schema_of(ObservationVintages).columns.items()
    }
    return pa.DataFrameSchema(columns, strict=True)


def _judged(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    reason = pd.Series(None, index=rows.index, dtype=object)
    try:
        _contract().validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases.dropna(subset="index").drop_duplicates("index")
        reason[cases["index"]] = (cases["column"] + ": " + cases["check"]).to_numpy()
    size = rows["value"].where(rows["value"] > 0)
    median = size.groupby([rows[name] for name in SERIES]).transform("median")
    broken = {
        "duplicate_row": rows.duplicated("observation_id"),
        "out_of_range": ~rows["value"].between(LOWEST, HIGHEST),
        "not_whole": rows["value"] % 1 != 0,
        "scale_slip": np.log10(size / median).abs() >= SLIP,
    }
    for rule, bad in broken.items():
        reason[bad & reason.isna()] = rule
    wrong = reason.notna()
    return rows[~wrong], rows[wrong].assign(broken_rule=reason[wrong])


def _record(known: pd.DataFrame) -> pd.DataFrame:
    """The latest published vintage of each period, and what it beat."""
    ordered = known.sort_values(
        [*GRAIN, "published_on", "source_id", "source_row"],
        ascending=[True, True, True, True, False, True, True],
    )
    again = ordered.duplicated(GRAIN)
    record, rest = ordered[~again], ordered[again]
    rest = rest.merge(record[[*GRAIN, "value", "tolerance"]], on=GRAIN, suffixes=("", "_of_record"))
    away = (rest["value"] - rest["value_of_record"]).abs()
    slack = rest["tolerance"] + rest["tolerance_of_record"] + 1e-9 * rest["value"].abs()
    rest["difference_pct"] = away / rest["value_of_record"].replace(0, np.nan).abs() * 100
    rest["is_conflict"] = away > slack
    rest["beaten"] = (
        rest["value_printed"] + " = " + rest["value"].astype(str) + " (" + rest["quality"] + ", "
        + rest["published_on"].dt.strftime("%Y-%m-%d") + ")"
    )  # fmt: skip
    beaten = rest.groupby(GRAIN, as_index=False).agg(
        vintages_beaten=("value", "size"),
        first_beaten=("published_on", "min"),
        max_difference_pct=("difference_pct", "max"),
        is_conflict=("is_conflict", "any"),
        beaten=("beaten", "first"),
    )
    # Joining text group by group is slow: only where there is more than one to join.
    several = rest[rest.duplicated(GRAIN, keep=False)]
    joined = several.groupby(GRAIN, as_index=False).agg(all_beaten=("beaten", "; ".join))
    beaten = beaten.merge(joined, on=GRAIN, how="left")
    beaten["beaten"] = beaten.pop("all_beaten").fillna(beaten["beaten"])
    record = record.merge(beaten, on=GRAIN, how="left")
    record["vintage_count"] = 1 + record.pop("vintages_beaten").fillna(0).astype("int64")
    first = record.pop("first_beaten")
    record["first_published_on"] = record["published_on"].where(
        first.isna(), np.minimum(record["published_on"], first)
    )
    record["is_conflict"] = record["is_conflict"].eq(True)
    return record


def _annual(record: pd.DataFrame) -> pd.DataFrame:
    """The last value of each year, and its time on the scale of year ends."""
    record = record.assign(year=record["period_end"].dt.year)
    last = record.sort_values([*SERIES, "period_end"]).drop_duplicates(
        [*SERIES, "year"], keep="last"
    )
    end = last["period_end"]
    length = np.where(end.dt.is_leap_year, 366, 365)
    return last.assign(t=end.dt.year - 1 + end.dt.dayofyear / length)


def _metrics(goals: pd.DataFrame, annual: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    series = annual[[*SERIES, "t", "value"]]
    latest = series.drop_duplicates(SERIES, keep="last").rename(columns={"value": "latest_value"})
    near = series.merge(goals[["target_id", *SERIES, "baseline_year"]], on=SERIES)
    near["distance"] = (near["t"] - near["baseline_year"]).abs()
    near = near[near["distance"] <= 2].sort_values(["target_id", "distance", "t"])
    start = near.drop_duplicates("target_id").rename(
        columns={"t": "baseline_t", "value": "baseline_value"}
    )
    frame = (
        goals.merge(latest, on=SERIES, how="left")
        .merge(start[["target_id", "baseline_t", "baseline_value"]], on="target_id", how="left")
        .merge(_pace(series, latest), on=SERIES, how="left")
    )
    a, b, y = frame["latest_value"], frame["baseline_value"], frame["target"]
    t, due = frame["t"], frame["target_year"]
    less = frame["operator"].isin(["le", "lt"])
    start_t, to_go = frame["baseline_t"], (y - a).where(~less, a - y)
    elapsed = ((t - start_t) / (due - start_t)).clip(0, 1)
    progress = (a - b) / (y - b).where(y != b)
    reached = np.select(
        [less, frame["operator"] == "gt", frame["operator"] == "approx"],
        [a <= y, a > y, a >= APPROX * y], a >= y,
    )  # fmt: skip
    left = (due - t).where(due > t)
    missing = (y - a).clip(upper=0).where(less, (y - a).clip(lower=0))
    pace_ratio = progress / elapsed.where(elapsed > 0)
    over = due <= pd.Timestamp(as_of).year
    frame = frame.assign(
        gap_abs=to_go,
        gap_pct=to_go / y.where(y != 0).abs() * 100,
        time_elapsed_pct=elapsed * 100,
        schedule_gap_pp=(progress - elapsed) * 100,
        cagr_actual=(a / b.where(b > 0)) ** (1 / (t - start_t).where(t > start_t)) - 1,
        cagr_required=(y / b.where(b > 0)) ** (1 / (due - start_t).where(due > start_t)) - 1,
        attainment_pct=np.where(less, y / a.where(a > 0), a / y.where(y != 0)) * 100,
        progress_pct=progress * 100,
        expected_value=b + (y - b) * elapsed,
        required_pace=missing / left,
        projection=a + frame["pace"] * left.fillna(0),
        verdict=np.select(
            [a.isna(), reached, over, pace_ratio >= ON_TRACK, pace_ratio >= AT_RISK],
            ["no_data", "achieved", "missed", "on_track", "at_risk"], "off_track",
        ),
    )  # fmt: skip
    return frame[
        ["target_id", "latest_value", "baseline_value", "gap_abs", "gap_pct", "attainment_pct",
         "progress_pct", "time_elapsed_pct", "schedule_gap_pp", "cagr_actual", "cagr_required",
         "expected_value", "pace", "required_pace", "projection", "verdict"]
    ]  # fmt: skip


def _pace(series: pd.DataFrame, latest: pd.DataFrame) -> pd.DataFrame:
    """Slope of the least squares line through the last five years, unit a year."""
    recent = series.merge(latest[[*SERIES, "t"]].rename(columns={"t": "last"}), on=SERIES)
    recent = recent[recent["t"] > recent["last"] - PACE_YEARS]
    means = recent.groupby(SERIES)[["t", "value"]].transform("mean")
    x, y = recent["t"] - means["t"], recent["value"] - means["value"]
    sums = recent[SERIES].assign(xy=x * y, xx=x * x).groupby(SERIES, as_index=False).sum()
    sums["pace"] = sums["xy"] / sums["xx"].where(sums["xx"] > 0)
    return sums[[*SERIES, "pace"]]
