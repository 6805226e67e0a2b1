"""What must hold of the metrics whatever the numbers."""

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.metrics.engine import compute
from assets.metrics.gap import GOAL_COLUMNS, gap_metrics, history_metrics

few = settings(max_examples=3)  # of many goals each: it is making the plan that takes time
amounts = st.floats(1e-3, 1e12, allow_nan=False, allow_infinity=False)
operators = st.sampled_from(["ge", "gt", "le", "lt", "approx"])
years = st.lists(st.integers(2010, 2030), min_size=1, max_size=8, unique=True).map(sorted)

GOAL_SCHEMA = {
    name: pl.String if name in ("goal_id", "operator", "value_kind", "baseline_kind", "pool")
    else pl.Boolean if name in ("is_quantified", "scope_matches") else pl.Float64
    for name in GOAL_COLUMNS
}  # fmt: skip
SERIES_SCHEMA = {"goal_id": pl.String, "t": pl.Float64, "year": pl.Float64, "value": pl.Float64,
                 "bound": pl.String, "segment": pl.Float64}  # fmt: skip
# Columns in the unit of the series: they scale with it. All other numbers do not.
IN_UNITS = ["resolved_target", "baseline_value", "latest_value", "gap_abs", "expected_value",
            "expected_gap", "recent_pace", "required_pace", "value_at_deadline",
            "shortfall_at_deadline", "projected_value", "projected_alt"]  # fmt: skip
UNITLESS = ["gap_pct", "attainment_pct", "progress_pct", "time_elapsed_pct", "schedule_gap_pp",
            "lead_years", "pace_ratio", "accel_factor", "sdsn_share", "escap_csi",
            "anticipated_gap_pct"]  # fmt: skip


def goal(**given_: Any) -> dict[str, Any]:
    base = dict.fromkeys(GOAL_SCHEMA) | {
        "goal_id": "g", "operator": "ge", "value_kind": "level", "value": 100.0,
        "target_year": 2025.0, "baseline_year": 2015.0, "tolerance": 0.0, "as_of_t": 2022.0,
        "is_quantified": True, "scope_matches": True,
    }  # fmt: skip
    return base | given_


def series(points: list[tuple[int, float]], goal_id: str = "g") -> list[dict[str, Any]]:
    return [
        {"goal_id": goal_id, "t": float(t), "year": float(t), "value": v, "bound": "exact",
         "segment": 0.0}
        for t, v in points
    ]  # fmt: skip


def metrics(goals: list[dict[str, Any]], points: list[dict[str, Any]], what: Any = gap_metrics,
            engine: Any = "polars") -> pl.DataFrame:  # fmt: skip
    frame = compute(
        what, pl.DataFrame(goals, GOAL_SCHEMA), pl.DataFrame(points, SERIES_SCHEMA), engine
    )
    return frame.sort([c for c in ("goal_id", "t") if c in frame.columns])


cases = st.builds(
    lambda operator, target, times, values: (
        goal(operator=operator, value=target), list(zip(times, values, strict=False))
    ),
    operators, amounts, years, st.lists(amounts, min_size=8, max_size=8),
)  # fmt: skip
Case = tuple[dict[str, Any], list[tuple[int, float]]]
batches = st.lists(cases, min_size=12, max_size=20).map(
    lambda found: [
        (wanted | {"goal_id": f"g{number:02}"}, points)
        for number, (wanted, points) in enumerate(found)
    ]
)


def metrics_of(batch: list[Case], what: Any = gap_metrics, engine: Any = "polars") -> pl.DataFrame:
    points = [row for wanted, found in batch for row in series(found, wanted["goal_id"])]
    return metrics([wanted for wanted, _ in batch], points, what, engine)


def rows_of(batch: list[Case]) -> list[dict[str, Any]]:
    return list(metrics_of(batch).iter_rows(named=True))


@few
@given(batches, st.sampled_from([1e4, 1e8, 1e-4, 3.0]))
def test_a_change_of_unit_scales_amounts_and_nothing_else(batch: list[Case], factor: float) -> None:
    in_other_units = [
        (wanted | {"value": wanted["value"] * factor}, [(t, v * factor) for t, v in points])
        for wanted, points in batch
    ]
    for case, plain, scaled in zip(batch, rows_of(batch), rows_of(in_other_units), strict=True):
        assert_scaled(case, plain, scaled, factor)


def assert_scaled(case: Case, plain: dict[str, Any], scaled: dict[str, Any], factor: float) -> None:
    wanted, points = case
    for name in IN_UNITS:
        expected = None if plain[name] is None else plain[name] * factor
        # Differences of nearly equal numbers keep only the digits that those had.
        size = factor * max(wanted["value"], *(v for _, v in points))
        if expected is not None:
            expected = pytest.approx(expected, rel=1e-6, abs=1e-9 * size)
        assert scaled[name] == expected, name
    for name in UNITLESS:
        value = plain[name]
        assert scaled[name] == (None if value is None else pytest.approx(value, rel=1e-6, abs=1e-4))
    assert scaled["status"] == plain["status"]


@few
@given(st.lists(st.tuples(amounts, amounts, amounts, operators), min_size=8, max_size=16))
def test_attainment_is_monotone_in_the_wanted_direction(
    drawn: list[tuple[float, float, float, str]],
) -> None:
    goals, points = [], []
    for number, (target, a, b, operator) in enumerate(drawn):
        for end, value in (("low", min(a, b)), ("high", max(a, b))):
            goals.append(goal(goal_id=f"{end}{number}", operator=operator, value=target))
            points += series([(2020, value)], f"{end}{number}")
    rows = {r["goal_id"]: r for r in metrics(goals, points).iter_rows(named=True)}
    for number, (_, _, _, operator) in enumerate(drawn):
        ends = (f"low{number}", f"high{number}")
        worse, better = ends if operator in ("ge", "gt", "approx") else ends[::-1]
        assert rows[better]["attainment_pct"] >= rows[worse]["attainment_pct"]
        assert rows[better]["gap_abs"] <= rows[worse]["gap_abs"]


@few
@given(batches)
def test_the_sign_of_the_gap_says_whether_it_is_met(batch: list[Case]) -> None:
    for (wanted, _), row in zip(batch, rows_of(batch), strict=True):
        target = row["resolved_target"]
        if row["gap_abs"] < -1e-6 * target:
            assert row["met_latest"]
        if wanted["operator"] != "approx" and row["gap_abs"] > 1e-6 * target:
            assert not row["met_latest"]


@few
@given(batches)
def test_every_goal_has_exactly_one_verdict(batch: list[Case]) -> None:
    frame = metrics_of([*batch, (goal(goal_id="without"), [])])
    assert frame["goal_id"].to_list() == [wanted["goal_id"] for wanted, _ in batch] + ["without"]
    assert frame["status"].null_count() == 0
    assert frame["status_reason"].null_count() == 0
    assert frame["status"].to_list()[-1] == "no_data"


@few
@given(batches)
def test_the_path_starts_at_the_baseline_and_ends_at_the_target(batch: list[Case]) -> None:
    from_far = [
        (
            wanted
            | {"baseline_value": 1e-4 if wanted["operator"] in ("ge", "gt", "approx") else 1e13},
            [(2015, points[0][1]), (2025, points[0][1])],
        )
        for wanted, points in batch
    ]
    frame = metrics_of(from_far, history_metrics)
    for wanted, _ in from_far:
        start, end = frame.filter(pl.col("goal_id") == wanted["goal_id"])["expected_value"]
        assert start == pytest.approx(wanted["baseline_value"])
        assert end == pytest.approx(wanted["value"], rel=1e-6, abs=1e-2)


@few
@given(batches)
def test_the_last_row_of_the_history_is_the_gap(batch: list[Case]) -> None:
    history = metrics_of(batch, history_metrics)
    last = history.group_by("goal_id", maintain_order=True).last().iter_rows(named=True)
    for now, then in zip(rows_of(batch), last, strict=True):
        for name in ("gap_abs", "attainment_pct", "progress_pct", "pace_ratio", "expected_value"):
            assert now[name] == then[name]


def test_null_reason_names_each_missing_number() -> None:
    row = metrics([goal(baseline_year=None)], series([(2020, 50.0)])).row(0, named=True)
    reasons = dict(part.split("=") for part in row["null_reason"].split("; "))
    assert reasons["progress_pct"] == "no_baseline"
    assert reasons["recent_pace"] == "one_observation"
    falling = metrics([goal()], series([(2015, 50.0), (2020, 40.0)])).row(0, named=True)
    assert "accel_factor=reverse" in falling["null_reason"]


KINDS = [
    goal(goal_id="multiple", value_kind="multiple", value=2.0, reference_year=2015.0),
    goal(goal_id="increment", value_kind="increment", value=50.0, reference_year=2015.0),
    goal(goal_id="growth", value_kind="growth", value=11.0, reference_year=2015.0),
    goal(goal_id="rate", value_kind="growth", value=11.0),
    goal(goal_id="unknown", value_kind="multiple", value=2.0, reference_year=2012.0),
]


def test_every_value_kind_resolves_to_a_figure_of_the_series() -> None:
    points = [p for g in KINDS for p in series([(2015, 40.0), (2020, 60.0)], g["goal_id"])]
    got = {r["goal_id"]: r for r in metrics(KINDS, points).iter_rows(named=True)}
    assert got["multiple"]["resolved_target"] == 80.0
    assert got["increment"]["resolved_target"] == 90.0
    assert got["growth"]["resolved_target"] == pytest.approx(40 * 1.11**10)
    assert got["rate"]["resolved_target"] == 11.0
    assert got["unknown"]["resolved_target"] is None
    assert got["unknown"]["status_reason"] == "reference_unknown"


def test_over_a_figure_is_met_by_a_bound_printed_at_that_figure() -> None:
    """突破2.6万亿 meets "more than 2.6"; a plain 2.6 does not, and a goal of 2.7 is not met."""
    points = (
        series([(2020, 2.6)], "bound")
        + series([(2020, 2.6)], "plain")
        + series([(2020, 2.6)], "higher")
    )
    points[0]["bound"] = points[2]["bound"] = "at_least"
    goals = [goal(goal_id=n, operator="gt", value=v)
             for n, v in (("bound", 2.6), ("plain", 2.6), ("higher", 2.7))]  # fmt: skip
    met = dict(metrics(goals, points).select("goal_id", "met_latest").iter_rows())
    assert met == {"bound": True, "plain": False, "higher": False}


# Another scope from 2019 on: nothing is compared with what was before. The values are synthetic.
BROKEN = [(2015, 50.0), (2017, 60.0), (2019, 140.0), (2021, 150.0)]
ACROSS = [
    goal(goal_id="level_across", value=200.0),
    goal(goal_id="multiple_across", value_kind="multiple", value=2.0, reference_year=2015.0,
         target_year=2017.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def many() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Goals of every kind and their series, some across a break.

    Drawn with a fixed seed and asked all at once: DuckDB takes as long for one goal as for all.
    """
    draw = random.Random(20261122)
    goals, points = [*KINDS, *ACROSS], []
    for wanted in ACROSS:
        points += series(BROKEN, wanted["goal_id"])
    for number in range(200):
        wanted = draw.choice(KINDS[:4]) if number % 4 == 0 else goal(value=drawn(draw))
        operator = draw.choice(["ge", "gt", "le", "lt", "approx"])
        goals.append(wanted | {"goal_id": f"g{number:03}", "operator": operator})
        when = sorted(draw.sample(range(2010, 2031), draw.randint(1, 8)))
        points += series([(year, drawn(draw)) for year in when], goals[-1]["goal_id"])
    for row in points:
        if row["goal_id"].endswith(("_across", "7")) and row["year"] >= 2019:
            row["segment"] = 1.0
    return goals, points


def drawn(draw: random.Random) -> float:
    """An amount of any size."""
    return float(10 ** draw.uniform(-3, 12))


@pytest.mark.parametrize("what", [gap_metrics, history_metrics])
def test_duckdb_gives_the_same(
    what: Any, many: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    ours, theirs = (metrics(*many, what, engine) for engine in ("polars", "duckdb"))
    assert ours.height >= 200
    assert_frame_equal(ours, theirs, check_dtypes=False, rel_tol=1e-9, abs_tol=1e-9)
