"""The second route on the cases with known answers, as far as they are whole goals.

The cases give a series and a baseline; here they become an indicator with its published figures.
"""

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.dates import period_bounds
from schemas.tables_core import Indicators, ObservationVintages, Regions, Targets
from schemas.tables_watch import SeriesBreaks
from tests.fixtures.second_route import by_sql
from tests.fixtures.small_tables import HENAN, RACKS_TARGET, STATIONS, VINTAGE, rows

CASES = {
    row["case_id"]: row
    for row in csv.DictReader(
        (Path(__file__).parents[1] / "fixtures" / "cases.csv").open(encoding="utf-8")
    )
}
HAND_WORKED = [
    c for c, row in CASES.items() if row["method"].startswith("gap_to_goal") or c == "P-XK02"
]
# Published with a target and its base year, and growth between them (methods, section 6).
EUSTAT = [c for c, row in CASES.items() if c.startswith("P-EU") and row["target_value"]]
YARDSTICKS = {
    "H61": {"escap_csi": "CSI"},
    "H62": {"unsd_share": "share", "cagr_actual": "cagr_actual"},
    "H63": {"eurostat_ratio": "ratio"},
    "H64": {"sdsn_share": "share"},
}
# A straight line is not how goals are projected.
NO_COLUMN = {"linear_projection_2020"}


def asked(case: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The goal and the figures of a case, a documented baseline among them."""
    name = f"case_{case['case_id'].lower().replace('-', '_')}"
    target = json.loads(case["target_value"])
    low, high = target if isinstance(target, list) else (target, None)
    start = int(float(case["baseline_year"])) if case["baseline_year"] else None
    goal = RACKS_TARGET | {
        "target_id": name,
        "indicator_id": name,
        "operator": case["operator"],
        "value": float(low),
        "value_high": high,
        "year": int(float(case["target_year"])),
        "baseline_year": start,
        "tolerance": float(case["tolerance"] or 0),
        "issued_on": dt.date(1990, 1, 1),
    }
    series = {int(year): value for year, value in json.loads(case["series"])}
    if start and case["baseline_value"]:
        series[start] = float(case["baseline_value"])
    tolerance = float(case["tolerance"] or 0)
    return goal, [figure(name, y, x, tolerance) for y, x in series.items()]


def figure(name: str, year: int, value: float, tolerance: float) -> dict[str, Any]:
    start, end = period_bounds(str(year), "annual")
    return VINTAGE | {
        "observation_id": f"{name}:{year}",
        "indicator_id": name,
        "period": str(year),
        "period_type": "annual",
        "period_start": start,
        "period_end": end,
        "value": float(value),
        "tolerance": tolerance,
        "quality": "official",
        "published_on": end,
    }


def as_of(case: dict[str, str]) -> dt.date:
    """The last day of the year of judgement; where none is given, of the last figure."""
    years = [int(float(y)) for y, _ in json.loads(case["series"])]
    return dt.date(int(case["as_of"] or max(years, default=2020)), 12, 31)


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """The row of each case, by the day of judgement."""
    wanted = [*HAND_WORKED, *EUSTAT, *YARDSTICKS]
    found: dict[str, dict[str, Any]] = {}
    for day in sorted({as_of(CASES[c]) for c in wanted}):
        given = [asked(CASES[c]) for c in wanted if as_of(CASES[c]) == day]
        goals = [goal for goal, _ in given]
        frames = {
            "observation_vintages": rows(ObservationVintages, *(f for _, fs in given for f in fs)),
            "targets": rows(Targets, *goals),
            "indicators": rows(
                Indicators, *(STATIONS | {"indicator_id": g["indicator_id"]} for g in goals)
            ),
            "regions": rows(Regions, HENAN),
            "series_breaks": rows(SeriesBreaks),
            "build": pl.DataFrame({"as_of": [day]}),
        }
        with by_sql(frames) as connection:
            table = connection.sql("SELECT * FROM recomputed").pl()
        found |= {row["target_id"]: row for row in table.iter_rows(named=True)}
    return {c: found[f"case_{c.lower().replace('-', '_')}"] for c in wanted}


def close(value: object) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value


@pytest.mark.parametrize("case_id", HAND_WORKED)
def test_hand_worked(case_id: str, answers: dict[str, dict[str, Any]]) -> None:
    expected = json.loads(CASES[case_id]["expected"])
    wanted = {name: close(value) for name, value in expected.items() if name not in NO_COLUMN}
    assert wanted
    assert {name: answers[case_id][name] for name in wanted} == wanted


@pytest.mark.parametrize("case_id", sorted(YARDSTICKS))
def test_hand_worked_yardsticks(case_id: str, answers: dict[str, dict[str, Any]]) -> None:
    expected, got = json.loads(CASES[case_id]["expected"]), answers[case_id]
    for column, name in YARDSTICKS[case_id].items():
        assert got[column] == close(expected[name])


@pytest.mark.parametrize("case_id", EUSTAT)
def test_published_by_eustat(case_id: str, answers: dict[str, dict[str, Any]]) -> None:
    expected, got = json.loads(CASES[case_id]["expected"]), answers[case_id]
    assert got["eurostat_ratio"] == close(expected["progress_value"])
    assert got["eurostat_score"] == close(expected["score"])
