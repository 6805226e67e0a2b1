"""`duibiao evaluate FILE`: the metrics on a table of one's own, without any register."""

import csv
import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from assets.metrics.engine import compute
from assets.metrics.evidence import with_evidence
from assets.metrics.gap import GOAL_COLUMNS, SERIES_COLUMNS, gap_metrics
from assets.series import year_end_scale
from pipelines.faults import Fault, RowFault
from schemas.contract import columns_of
from schemas.tables_gap import GapToGoal
from schemas.vocabulary import OPERATORS, VALUE_KINDS

SYMBOLS = {
    ">=": "ge", "≥": "ge", ">": "gt", "<=": "le", "≤": "le", "<": "lt", "=": "eq", "==": "eq",
    "~": "approx", "≈": "approx",
}  # fmt: skip
REQUIRED = ("case_id", "series", "operator", "target_value")
# Columns of gap_to_goal that describe the register's target or its sources have no meaning here.
LABELS = {
    "target_id", "indicator_id", "region_code", "document_id", "standing", "commitment", "is_goal",
    "is_live", "superseded_by", "unit", "observation_id", "obs_source", "obs_quality",
    "obs_published_on", "obs_period", "gap_sigma", "status_previous", "status_changed_at",
    "method_version", "path_kind", "evidence_grade",
}  # fmt: skip


class TableUnreadable(ValueError):
    """The file as a whole cannot be evaluated; says why and what it should look like."""


def evaluate_file(path: Path) -> Iterator[dict[str, Any]]:
    """Evaluate each row of a CSV file.

    Columns: case_id, series (JSON [[year, value], …]), operator, target_value, value_high,
    target_year, baseline_year, baseline_value, ceiling, as_of (a year or a day; default the year
    of the last observation), and optionally tolerance, value_kind and reference_year.

    Yields:
        One mapping a row, in the file's order: case_id and the columns of `gap_to_goal`; a row
        that breaks a rule gives case_id, line and error (rule, field, value, message, remedy).

    Raises:
        TableUnreadable: not UTF-8, not CSV, a required column missing, or no row.
    """
    results: dict[int, dict[str, Any]] = {}
    goals, series, labels = [], [], {}
    seen: set[str] = set()
    for line, row in _lines(path):
        try:
            goal, observations = _read(row, seen)
        except RowFault as refused:
            results[line] = {
                "case_id": row.get("case_id"),
                "line": line,
                "error": _explain(refused.fault),
            }
            continue
        goal["goal_id"] = str(line)
        labels[str(line)] = (line, row["case_id"], _number(row, "ceiling"))
        goals.append(goal)
        series += [{"goal_id": str(line), **o} for o in observations]
    for record in _metrics(goals, series):
        line, case_id, ceiling = labels[record.pop("goal_id")]
        results[line] = {"case_id": case_id, "ceiling": ceiling, **record}
    yield from (results[line] for line in sorted(results))


def _metrics(goals: list[dict[str, Any]], series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not goals:
        return []
    schema = {"goal_id": pl.String, "t": pl.Float64, "year": pl.Float64, "value": pl.Float64,
              "bound": pl.String, "segment": pl.Float64}  # fmt: skip
    assert set(schema) == set(SERIES_COLUMNS)
    goal_frame = pl.DataFrame(goals, infer_schema_length=None)
    frame = compute(gap_metrics, goal_frame, pl.DataFrame(series, schema=schema))
    unknown = frame.with_columns(
        peer_sd=pl.lit(None, pl.Float64),
        peer_count=pl.lit(None, pl.Int64),
        decisive_quality=pl.lit(None, pl.String),
        decisive_bound=pl.lit(None, pl.String),
    )
    graded: pl.DataFrame = nw.to_native(with_evidence(nw.from_native(unknown.lazy()))).collect()
    graded = graded.with_columns(
        as_of="as_of_t",
        obs_year="latest_year",
        baseline_year=pl.col("baseline_t").ceil(),
        direction=pl.col("direction").cast(pl.Int64),
    )
    wanted = [c for c in columns_of(GapToGoal) if c.name not in LABELS]
    whole_years = [c.name for c in wanted if c.unit == "year"]
    graded = graded.with_columns(pl.col(whole_years).cast(pl.Int64))
    return graded.select("goal_id", *(c.name for c in wanted)).to_dicts()


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [c for c in REQUIRED if c not in (reader.fieldnames or [])]
            if missing:
                raise TableUnreadable(
                    f"{path}: line 1: column(s) missing: {', '.join(missing)}. See "
                    "`duibiao evaluate --help` for the columns"
                )
            for row in reader:
                yield (
                    reader.line_num,
                    {str(k): v if isinstance(v, str) else "" for k, v in row.items()},
                )
    except UnicodeDecodeError as error:
        raise TableUnreadable(
            f"{path}: byte {error.start} is not UTF-8; save it as CSV UTF-8"
        ) from error
    except csv.Error as error:
        raise TableUnreadable(f"{path}: not readable as CSV: {error}") from error
    except OSError as error:
        raise TableUnreadable(f"{path}: {error.strerror}") from error


def _read(row: Mapping[str, str], seen: set[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    case_id = row["case_id"].strip()
    if not case_id or case_id in seen:
        raise _fault(
            "unique_case_id", "case_id", row, "empty or repeated", "Give every row an id of its own"
        )
    seen.add(case_id)
    symbol = row["operator"].strip()
    operator = SYMBOLS.get(symbol, symbol)
    if operator not in OPERATORS:
        raise _fault(
            "known_operator",
            "operator",
            row,
            "not an operator; direction is derived from it, so it is mandatory",
            "Use one of " + ", ".join(OPERATORS),
        )
    value, high = _target(row)
    if operator == "range" and value is not None and (high is None or high < value):
        raise _fault(
            "range_needs_two_ends",
            "value_high",
            row,
            "missing or below target_value",
            "Give the upper end of the range",
        )
    kind = row.get("value_kind") or "level"
    if kind not in VALUE_KINDS:
        raise _fault(
            "known_value_kind",
            "value_kind",
            row,
            "not a value kind",
            "Use one of " + ", ".join(VALUE_KINDS),
        )
    observations = _series(row)
    last = max((o["t"] for o in observations), default=None)
    as_of = _as_of(row)
    baseline_value = _number(row, "baseline_value")
    ceiling = _ceiling(row, kind)
    goal = {
        "operator": operator,
        "value_kind": kind,
        "value": value,
        "value_high": high,
        "target_year": _number(row, "target_year"),
        "reference_year": _number(row, "reference_year"),
        "baseline_year": _number(row, "baseline_year"),
        "baseline_value": baseline_value,
        "baseline_kind": None if baseline_value is None else "documented",
        "tolerance": _number(row, "tolerance") or 0.0,
        "as_of_t": last if as_of is None else as_of,
        "is_quantified": value is not None,
        "scope_matches": True,
        "baseline_segment": None,
        # Nothing lies below zero where nothing ever did.
        "floor": 0.0 if all(o["value"] >= 0.0 for o in observations) else None,
        "cap": ceiling,
        "ceiling": ceiling,
        "pool": None,  # a table of one's own has no past errors to be judged by
    }
    assert set(goal) | {"goal_id"} == set(GOAL_COLUMNS)
    # What lies after the as-of year is not known yet.
    return goal, [o for o in observations if as_of is None or o["t"] <= as_of]


def _ceiling(row: Mapping[str, str], kind: str) -> float | None:
    ceiling = _number(row, "ceiling")
    if ceiling is None:
        return 100.0 if kind == "coverage" else None
    if ceiling <= 0.0:
        raise _fault("positive", "ceiling", row, "a bounded share has a ceiling above zero",
                     "Give the largest possible value, or leave it empty")  # fmt: skip
    return ceiling


def _target(row: Mapping[str, str]) -> tuple[float | None, float | None]:
    """target_value and value_high; a range may also be written as [low, high] in one cell."""
    text = row["target_value"].strip()
    if text.startswith("["):
        try:
            low, high = (float(x) for x in json.loads(text))
        except (ValueError, TypeError) as error:
            raise _fault(
                "number", "target_value", row, "not [low, high]", "Write [5, 6]"
            ) from error
        return low, high
    return _number(row, "target_value"), _number(row, "value_high")


def _series(row: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        pairs = json.loads(row["series"] or "[]")
        rows = [(float(year), None if value is None else float(value)) for year, value in pairs]
    except (ValueError, TypeError) as error:
        raise _fault(
            "series_json",
            "series",
            row,
            f"not JSON pairs: {error}",
            "Write [[2020, 100], [2023, 157]]",
        ) from error
    known = [(year, value) for year, value in rows if value is not None]
    if any(not math.isfinite(x) for pair in known for x in pair):
        raise _fault("finite", "series", row, "a value is not finite", "Leave it out or use null")
    years = [year for year, _ in known]
    twice = sorted({y for y in years if years.count(y) > 1})
    if twice:
        raise _fault(
            "one_value_a_year",
            "series",
            row,
            f"more than one value for {twice[0]:g}",
            "Decide which value counts; keep one a year",
        )
    return [
        {
            "t": year,
            "year": float(math.ceil(year)),
            "value": value,
            "bound": "exact",
            "segment": 0.0,
        }  # one scope: a table of one's own names no breaks
        for year, value in sorted(known)
    ]


def _as_of(row: Mapping[str, str]) -> float | None:
    """A year stands for its end; a day is placed on the same scale."""
    text = (row.get("as_of") or "").strip()
    try:
        day = dt.date.fromisoformat(text) if "-" in text[1:] else None
    except ValueError as error:
        raise _fault(
            "year_or_day", "as_of", row, str(error), "Write a year, or a day as 2026-11-22"
        ) from error
    if day is None:
        return _number(row, "as_of")
    return float(pl.select(year_end_scale(pl.lit(day))).item())


def _number(row: Mapping[str, str], name: str) -> float | None:
    text = (row.get(name) or "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise _fault(
            "number", name, row, "not a number", "Write a plain number or leave it empty"
        ) from error
    if not math.isfinite(number):
        raise _fault("finite", name, row, "not a finite number", "Leave it empty if unknown")
    return number


def _fault(rule: str, name: str, row: Mapping[str, str], en: str, remedy: str) -> RowFault:
    return RowFault(Fault(rule, name, row.get(name), en, en, remedy))


def _explain(fault: Fault) -> dict[str, Any]:
    return {"rule": fault.rule, "field": fault.field, "value": fault.value, "message": fault.en,
            "remedy": fault.remedy}  # fmt: skip
