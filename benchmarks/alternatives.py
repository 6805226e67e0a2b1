"""What a user would write instead of the pipeline: the same question answered in pandas.

Covered, vectorised over the whole panel at once: refusing repeated rows, values out of range,
counts that are not whole and slips of scale by the median of the series; value of record; latest
value; baseline; progress; attainment; expected path value; pace by least squares over the last
five years; required pace; projection; a verdict by deadline and pace.

Not covered, all of which the pipeline does: the table's contract, reasons for refused rows,
falling stocks, beaten vintages and conflicts, scope breaks, flows and sums over years, ranges and
relative targets, tolerances, intervals and chances, yardsticks of other agencies, peers, evidence
grades, files that are whole or not there, reruns that compute only what changed.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

SERIES = ["indicator_id", "region_code"]
COLUMNS = [
    "observation_id", *SERIES, "period", "period_end", "value", "quality", "published_on",
    "source_id", "source_row",
]  # fmt: skip
# Those of the synthetic indicators.
LOWEST, HIGHEST = 0.0, 1e9
SLIP = 3.0  # orders of magnitude
PACE_YEARS = 5
APPROX = 0.95
ON_TRACK, AT_RISK = 0.95, 0.60


def pandas_gaps(
    vintages: Sequence[Path], targets: Sequence[Path], as_of: dt.date
) -> tuple[pd.DataFrame, int]:
    """From landed files to metrics.

    Args:
        vintages: files with the columns of `observation_vintages`.
        targets: files with the columns of `targets`.

    Returns:
        One row a goal: target_id, latest_value, baseline_value, expected_value, projection (unit
        of the series), attainment_pct, progress_pct (%), pace, required_pace (unit a year),
        verdict. And the number of rows read.
    """
    rows = _read(vintages, COLUMNS)
    count = len(rows)
    annual = _annual(_record(_accepted(rows), as_of))
    goals = _read(targets, ["target_id", *SERIES, "year", "operator", "value", "baseline_year"])
    goals = goals.rename(columns={"year": "target_year", "value": "target"})
    return _metrics(goals, annual, as_of), count


def _read(files: Sequence[Path], columns: list[str]) -> pd.DataFrame:
    # The folders are named after the indicator, which is a column as well.
    parts = (pd.read_parquet(path, columns=columns, partitioning=None) for path in files)
    return pd.concat(parts, ignore_index=True)


def _accepted(rows: pd.DataFrame) -> pd.DataFrame:
    size = rows["value"].where(rows["value"] > 0)
    median = size.groupby([rows[name] for name in SERIES]).transform("median")
    off = np.log10(size / median).abs()
    good = (
        ~rows.duplicated("observation_id")
        & rows["value"].between(LOWEST, HIGHEST)
        & (rows["value"] % 1 == 0)
        & ~(off >= SLIP)
    )
    return rows[good]


def _record(rows: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """The latest published vintage of each period."""
    rows = rows.assign(
        published_on=pd.to_datetime(rows["published_on"]),
        period_end=pd.to_datetime(rows["period_end"]),
    )
    known = rows[rows["published_on"] <= pd.Timestamp(as_of)]
    ordered = known.sort_values(
        [*SERIES, "period", "published_on", "source_id", "source_row"],
        ascending=[True, True, True, False, True, True],
    )
    return ordered.drop_duplicates([*SERIES, "period"])


def _annual(record: pd.DataFrame) -> pd.DataFrame:
    """The last value of each year, and its time on the scale of year ends."""
    end = record["period_end"]
    record = record.assign(year=end.dt.year)
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
    elapsed = ((t - frame["baseline_t"]) / (due - frame["baseline_t"])).clip(0, 1)
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
        ["target_id", "latest_value", "baseline_value", "attainment_pct", "progress_pct",
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
