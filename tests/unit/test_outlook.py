"""Projections: hand-worked numbers, and what must hold whatever the numbers."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.metrics.engine import PastFrames, compute
from assets.metrics.gap import GOAL_COLUMNS, SERIES_COLUMNS, gap_metrics
from assets.metrics.projection import METHODS, with_projections
from assets.metrics.thresholds import DAMPING, ETA_YEARS
from assets.metrics.trend import trend
from assets.outlook.pools import pools
from assets.outlook.sentences import goal_sentences

Point = tuple[float, float]
Row = dict[str, Any]

POLARS = {nw.String: pl.String, nw.Float64: pl.Float64, nw.Boolean: pl.Boolean}
GOAL_SCHEMA = {name: POLARS[dtype] for name, dtype in GOAL_COLUMNS.items()}
SERIES_SCHEMA = {name: POLARS[dtype] for name, dtype in SERIES_COLUMNS.items()}

# Changes 10 and 20 a year: pace (0.6*10 + 20)/1.6 = 16.25, drift (130 - 100)/2 = 15.
RISE = [(2020.0, 100.0), (2021.0, 110.0), (2022.0, 130.0)]
PACE, STEP = 16.25, 15.0


def movement(points: Sequence[Point], ceiling: float | None = None) -> pl.DataFrame:
    rows = pl.DataFrame(
        {
            "goal_id": "g",
            "t": [t for t, _ in points],
            "value": [v for _, v in points],
            "segment": 0.0,
            "ceiling": pl.Series([ceiling] * len(points), dtype=pl.Float64),
        }
    )
    frame: pl.DataFrame = nw.to_native(trend(nw.from_native(rows.lazy()))).collect()
    return frame


def path(
    points: Sequence[Point],
    years: float,
    *,
    ceiling: float | None = None,
    floor: float | None = None,
    cap: float | None = None,
) -> Row:
    """What every method expects so many years after the last of the points."""
    given_ = {"floor": floor, "cap": cap, "ceiling": ceiling, "h": years}
    frame = movement(points, ceiling).with_columns(
        **{name: pl.lit(value, pl.Float64) for name, value in given_.items()}
    )
    made: pl.DataFrame = nw.to_native(with_projections(nw.from_native(frame.lazy()), "h")).collect()
    return made.row(0, named=True)


def goal(**given_: Any) -> Row:
    base = dict.fromkeys(GOAL_SCHEMA) | {
        "goal_id": "g", "operator": "ge", "value_kind": "level", "value": 200.0,
        "target_year": 2024.0, "baseline_year": 2020.0, "tolerance": 0.0, "as_of_t": 2022.5,
        "is_quantified": True, "scope_matches": True, "pool": "p|level",
    }  # fmt: skip
    return base | given_


def series(points: Iterable[Point], goal_id: str = "g", segment: float = 0.0) -> list[Row]:
    return [
        {"goal_id": goal_id, "t": t, "year": float(math.ceil(t)), "value": v, "bound": "exact",
         "segment": segment}
        for t, v in points
    ]  # fmt: skip


def past(errors: Mapping[str, Sequence[float]]) -> PastFrames:
    """Pools p|NAME that hold these errors at each of one to ten years ahead."""
    rows = [
        {"as_of": "p", "kind": kind, "horizon": float(h), "step": 1.0, "projected": 0.0,
         "actual": float(error)}
        for kind, values in errors.items() for h in range(1, 11) for error in values
    ]  # fmt: skip
    return pools(pl.DataFrame(rows))


# A hundred errors on both sides of zero, none of them a round number.
COMMON = past({"level": [math.sqrt(2) * (k - 49.3) / 40 for k in range(100)]})


def judge(
    goals: Sequence[Row], points: Sequence[Row], errors: PastFrames | None = COMMON
) -> dict[str, Row]:
    frame = compute(
        gap_metrics, pl.DataFrame(goals, GOAL_SCHEMA), pl.DataFrame(points, SERIES_SCHEMA),
        past=errors,
    )  # fmt: skip
    return {row["goal_id"]: row for row in frame.iter_rows(named=True)}


def same(value: float | None, expected: float | None, size: float = 1.0) -> bool:
    if value is None or expected is None:
        return value is expected
    return bool(value == pytest.approx(expected, rel=1e-9, abs=1e-9 * size))


# --- worked by hand ---------------------------------------------------------------------------


def test_the_movement_of_a_series() -> None:
    row = movement(RISE).row(0, named=True)
    assert row["origin_value"] == 130.0
    assert row["pace"] == pytest.approx(PACE)
    assert row["drift_pace"] == pytest.approx(15.0)
    assert row["step"] == pytest.approx(STEP)  # (|10| + |20|)/2
    # Changes 10 and 20 about a drift of 15: 10^2 + 20^2 - 15^2*2 = 50, over 3 - 2 points.
    assert row["jitter"] == pytest.approx(math.sqrt(50.0))
    # Weights 1, 2, 3 at x = -2, -1, 0: sums w 6, wx -4, wy 710, wxx 6, wxy -420;
    # (6*(-420) - (-4)*710)/(6*6 - (-4)^2) = 320/20.
    assert row["slope"] == pytest.approx(16.0)
    assert row["log_pace"] == pytest.approx((0.6 * math.log(1.1) + math.log(130 / 110)) / 1.6)


def test_the_movement_of_a_series_with_a_missing_year() -> None:
    row = movement([(2018.0, 100.0), (2020.0, 110.0), (2021.0, 130.0)]).row(0, named=True)
    assert row["step"] == pytest.approx(12.5)  # 5 a year, then 20
    assert row["pace"] == pytest.approx((0.6 * 5 + 20) / 1.6)
    # 10^2/2 + 20^2/1 - 10^2*3 = 150, over one degree of freedom.
    assert row["jitter"] == pytest.approx(math.sqrt(150.0))


def test_every_method_two_years_ahead() -> None:
    row = path(RISE, 2.0)
    assert row["damped"] == pytest.approx(157.7875)  # 130 + 16.25*(0.9 + 0.81)
    assert row["drift"] == pytest.approx(160.0)  # 130 + 15*2
    assert row["time_weighted"] == pytest.approx(162.0)  # 130 + 16*2
    assert row["cagr"] == pytest.approx(169.0)  # 130*(130/100)^(2/2)
    assert row["no_change"] == 130.0
    log_pace = (0.6 * math.log(1.1) + math.log(130 / 110)) / 1.6
    assert row["damped_log"] == pytest.approx(130 * math.exp(log_pace * 1.71))  # 165.2
    # The median of 157.8, 160, 162 and 165.2.
    assert row["ensemble"] == pytest.approx(161.0)
    assert row["projected_value"] == row["damped"]
    assert row["damped_logit"] is None


def test_damping_over_half_a_year_and_over_many() -> None:
    # D(h) = 0.9 (1 - 0.9^h)/0.1, which never passes 9.
    assert path(RISE, 0.5)["damped"] == pytest.approx(130 + PACE * 9 * (1 - math.sqrt(0.9)))
    assert path(RISE, 500.0)["damped"] == pytest.approx(130 + PACE * 9)


def test_without_logarithms_the_ensemble_is_the_median_of_three() -> None:
    row = path([(t, v - 100.0) for t, v in RISE], 2.0)  # begins at 0
    assert row["damped_log"] is None
    assert row["cagr"] is None
    assert row["ensemble"] == pytest.approx(60.0)  # of 57.8, 60 and 62


def test_a_share_goes_on_along_a_logistic_curve() -> None:
    # 40, 50, 60 %: logits -x, 0, x with e^-x = 2/3; 0.85 + 0.85^2 = 1.5725.
    row = path([(2020.0, 40.0), (2021.0, 50.0), (2022.0, 60.0)], 2.0, ceiling=100.0, cap=100.0)
    expected = 100.0 / (1.0 + (2.0 / 3.0) ** 2.5725)
    assert row["damped_logit"] == pytest.approx(expected)  # 73.9
    assert row["projected_value"] == row["damped_logit"]
    # Drift 80, time-weighted 80, damped 60 + 10*1.71 = 77.1, logit 73.9.
    assert row["ensemble"] == pytest.approx((77.1 + 80.0) / 2.0)


def test_nothing_leaves_floor_and_cap() -> None:
    fall = path([(2020.0, 100.0), (2021.0, 60.0), (2022.0, 20.0)], 5.0, floor=0.0)
    assert {fall[name] for name in ("damped", "drift", "time_weighted", "projected_value")} == {0.0}
    full = path(RISE, 30.0, cap=140.0)
    assert {full[name] for name in METHODS if full[name] is not None} <= {130.0, 140.0}


def test_the_interval_of_three_points_is_students_t() -> None:
    # One degree of freedom: Student's t is Cauchy's, its 90 % quantile tan(0.4 pi) = 3.078,
    # its 97.5 % one tan(0.475 pi) = 12.71. Width sqrt(50)*sqrt(2*(1 + 2/2)) = 14.142.
    row = judge([goal()], series(RISE), past({"level": [0.5, -0.5]}))["g"]
    assert row["interval_method"] == "drift_t"
    width = 2.0 * math.sqrt(50.0)
    assert row["hi80"] == pytest.approx(157.7875 + width * math.tan(0.4 * math.pi))
    assert row["lo95"] == pytest.approx(157.7875 - width * math.tan(0.475 * math.pi))
    # 200 lies 42.2 above: the chance is 1/2 - atan(42.2125/14.142)/pi, in steps of 1/400.
    chance = 0.5 - math.atan(42.2125 / width) / math.pi
    assert row["p_on_time"] == pytest.approx(chance, abs=1 / 400)


def test_the_interval_of_pooled_errors() -> None:
    # Errors -1.00, -0.98, … 1.00: quantiles -0.8 and 0.8, of a mean change of 15 a year.
    errors = past({"level": [k / 50 for k in range(-50, 51)]})
    row = judge([goal(value=157.7875 + 0.5 * STEP - 0.01)], series(RISE), errors)["g"]
    assert row["interval_method"] == "pooled_errors"
    assert (row["lo80"], row["hi80"]) == pytest.approx((157.7875 - 12.0, 157.7875 + 12.0))
    assert (row["lo95"], row["hi95"]) == pytest.approx((157.7875 - 14.25, 157.7875 + 14.25))
    assert row["p_on_time"] == pytest.approx(26 / 101)  # errors 0.50 to 1.00
    assert row["eta_year"] == 2025  # D = 1.71 is too short by 0.46, D(3) = 2.439 is enough
    assert row["eta_delay_years"] == 1


# --- rules ------------------------------------------------------------------------------------


def test_sixty_errors_make_a_pool() -> None:
    errors = past({"few": [0.5, -0.5] * 29 + [0.1], "enough": [0.5, -0.5] * 30})
    goals = [goal(goal_id=k, pool=f"p|{k}") for k in ("few", "enough")]
    rows = judge(goals, [*series(RISE, "few"), *series(RISE, "enough")], errors)
    assert rows["few"]["interval_method"] == "drift_t"
    assert rows["enough"]["interval_method"] == "pooled_errors"


def test_verdicts_at_their_boundaries() -> None:
    """A chance of exactly 0.80 is on track, one of exactly 0.40 at risk."""
    shares = (80, 79, 40, 39)
    errors = past({str(n): [1.0] * n + [-1.0] * (100 - n) for n in shares})
    # 157.7875 is expected: every error of +1 meets it, every one of -1 does not.
    goals = [goal(goal_id=str(n), pool=f"p|{n}", value=157.7875) for n in shares]
    rows = judge(goals, [point for n in shares for point in series(RISE, str(n))], errors)
    verdicts = {n: (rows[str(n)]["status"], rows[str(n)]["status_reason"]) for n in shares}
    assert verdicts == {
        80: ("on_track", "chance_high"), 79: ("at_risk", "chance_even"),
        40: ("at_risk", "chance_even"), 39: ("off_track", "chance_low"),
    }  # fmt: skip
    assert {row["decided_by"] for row in rows.values()} == {"p_on_time"}
    assert rows["39"]["p_on_time"] == pytest.approx(0.39)


def test_without_past_errors_the_pace_decides() -> None:
    row = judge([goal()], series(RISE), None)["g"]
    assert row["projected_value"] == pytest.approx(157.7875)
    assert (row["lo80"], row["p_on_time"], row["interval_method"]) == (None, None, None)
    assert row["decided_by"] == "pace_ratio"


def test_a_series_that_never_moved_has_a_projection_and_no_interval() -> None:
    row = judge([goal()], series([(t, 100.0) for t, _ in RISE]))["g"]
    assert row["projected_value"] == 100.0
    for name in ("lo80", "hi80", "lo95", "hi95", "interval_method", "p_on_time", "eta_year"):
        assert row[name] is None, name
    assert "eta_year=never" in row["null_reason"]


def test_what_is_not_projected() -> None:
    goals = [
        goal(goal_id="two"),
        goal(goal_id="break"),
        goal(goal_id="sum", value_kind="cumulative", baseline_value=0.0),
        goal(goal_id="due", target_year=2022.0),
        goal(goal_id="late", target_year=2021.0),
        goal(goal_id="open", target_year=None),
        # "Twice that of 2020", when the scope was another: answered there, not projected.
        goal(goal_id="older", value_kind="multiple", value=2.0, reference_year=2019.0,
             target_year=2021.0, as_of_t=2020.5),
        goal(goal_id="can"),
    ]  # fmt: skip
    points = [
        *series(RISE[1:], "two"),
        *series(RISE[:1], "break"), *series(RISE[1:], "break", segment=1.0),
        *(point for name in ("sum", "due", "late", "open", "can") for point in series(RISE, name)),
        *series([(2018.0, 8.0), (2019.0, 9.0), (2020.0, 10.0)], "older"),
        *series([(2022.0, 90.0), (2023.0, 95.0), (2024.0, 99.0)], "older", segment=1.0),
    ]  # fmt: skip
    rows = judge(goals, points)
    reasons = {
        "two": "fewer_than_three_points", "break": "fewer_than_three_points",
        "sum": "sum_over_period", "due": "deadline_passed", "late": "deadline_passed",
        "open": "no_deadline", "older": "older_scope",
    }  # fmt: skip
    for name, reason in reasons.items():
        row = rows[name]
        for column in ("projected_value", "projected_alt", "projection_method", "lo80", "p_on_time",
                       "interval_method", "anticipated_gap_pct"):  # fmt: skip
            assert row[column] is None, (name, column)
        assert f"projected_value={reason}" in row["null_reason"], name
    assert "eta_year=older_scope" in rows["older"]["null_reason"]
    assert rows["can"]["projected_value"] is not None
    # Without a deadline, or after it, one can still say when it will be met: 70 is to go, 4.31
    # paces; D(6) = 4.22 and D(7) = 4.70.
    assert {rows[n]["eta_year"] for n in ("due", "late", "open", "can")} == {2029}


# --- whatever the numbers ----------------------------------------------------------------------

few = settings(max_examples=2, deadline=None)
figures = st.integers(1, 10_000).map(float)
cases = st.lists(
    st.tuples(
        st.lists(figures, min_size=3, max_size=7),
        figures,
        st.sampled_from(["ge", "le", "gt", "lt", "approx"]),
        st.integers(1, 8),
    ),
    min_size=30, max_size=40,
)  # fmt: skip
LINEAR = ("projected_value", "lo80", "hi80", "lo95", "hi95")


@few
@given(cases, st.sampled_from([1e-4, 3.0, 1e8]), st.integers(1, 5_000))
def test_projections_in_other_units_and_of_other_goals(
    batch: list[tuple[list[float], float, str, int]], factor: float, more: int
) -> None:
    goals, points = [], []

    def add(name: str, values: list[float], **given_: Any) -> None:
        goals.append(goal(goal_id=name, baseline_year=2010.0, as_of_t=2016.5, **given_))
        times = range(2017 - len(values), 2017)
        points.extend(series(zip(map(float, times), values, strict=True), name))

    for n, (values, target, operator, years) in enumerate(batch):
        common = {"operator": operator, "target_year": 2016.0 + years, "value": target}
        limits = {"floor": 0.0, "cap": 2 * max(values)}
        add(f"plain{n}", values, **common)
        add(f"scaled{n}", [v * factor for v in values], **common | {"value": target * factor})
        add(f"moved{n}", [v + 1000 for v in values], **common | {"value": target + 1000})
        add(f"higher{n}", values, **common | {"value": target + more})
        add(f"kept{n}", values, **common | limits)
    rows = judge(goals, points)
    mixed = random.Random(more)
    again = judge(mixed.sample(goals, len(goals)), mixed.sample(points, len(points)))
    for n, (values, target, operator, _) in enumerate(batch):
        plain, scaled, moved, higher, kept = (
            rows[f"{name}{n}"] for name in ("plain", "scaled", "moved", "higher", "kept")
        )
        size = max(*values, target)
        for name in LINEAR:
            value = plain[name]
            assert same(again[f"plain{n}"][name], value, size)
            assert same(scaled[name], value and value * factor, size * factor)
            assert same(moved[name], value and value + 1000, size + 1000)
        chance = plain["p_on_time"]
        assert same(scaled["p_on_time"], chance)
        assert again[f"plain{n}"]["p_on_time"] == chance
        if chance is not None:
            upward = operator in ("ge", "gt", "approx")
            assert (higher["p_on_time"] <= chance) if upward else (higher["p_on_time"] >= chance)
            assert 0.0 <= chance <= 1.0
        if len(set(values)) > 1:
            for row in (plain, kept):
                ends = [row[c] for c in ("lo95", "lo80", "projected_value", "hi80", "hi95")]
                assert ends == sorted(ends)
            assert kept["lo95"] >= 0.0
            assert kept["hi95"] <= 2 * max(values)
        if operator != "approx":
            arrives(plain, values, target, operator in ("ge", "gt"))


def arrives(row: Row, values: list[float], target: float, upward: bool) -> None:
    """Whether eta_year is what walking along the path year by year comes to."""
    sign = 1.0 if upward else -1.0
    hair = 1e-6 * max(*values, target)
    weights = [0.6 ** (len(values) - 2 - i) for i in range(len(values) - 1)]
    steps = [b - a for a, b in pairwise(values)]
    pace = sum(w * s for w, s in zip(weights, steps, strict=True)) / sum(weights)
    reach, ahead = 0.0, []  # how far beyond the goal the path lies at the end of each year
    for year in range(1, ETA_YEARS + 1):
        reach += DAMPING**year
        ahead.append(sign * (values[-1] + pace * reach - target))
    if row["met_within_tolerance"]:
        assert row["eta_year"] is None
    elif row["eta_year"] is None:
        assert max(ahead) <= hair
    else:
        years = int(row["eta_year"]) - 2016
        assert ahead[years - 1] >= -hair
        assert years == 1 or ahead[years - 2] <= hair


@settings(max_examples=3, deadline=None)
@given(st.lists(st.tuples(st.lists(st.floats(1.0, 99.0), min_size=3, max_size=6),
                          st.floats(2.0, 99.5)), min_size=20, max_size=30))  # fmt: skip
def test_shares_stay_shares_and_arrive_when_their_path_does(
    batch: list[tuple[list[float], float]],
) -> None:
    goals, points = [], []
    for n, (values, target) in enumerate(batch):
        for ahead in (1, 2, 3, 8):
            name = f"{n}|{ahead}"
            limits = {"floor": 0.0, "cap": 100.0, "ceiling": 100.0}
            goals.append(goal(goal_id=name, value=target, target_year=2016.0 + ahead,
                              baseline_year=2010.0, as_of_t=2016.5, **limits))  # fmt: skip
            times = map(float, range(2017 - len(values), 2017))
            points += series(zip(times, values, strict=True), name)
    rows = judge(goals, points)
    for row in rows.values():
        assert row["projection_method"] == "damped_logit"
        assert 0.0 < row["projected_value"] < 100.0
        if row["eta_year"] is None:
            assert row["met_within_tolerance"] or row["projected_value"] <= row["value"] + 1e-6
            continue
        is_there = row["target_year"] >= row["eta_year"]
        assert (row["projected_value"] >= row["value"] - 1e-6) == is_there


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "zh", "en"),
    [
        ({"eta_year": 2031}, "照此2031年达到", "at this rate it is reached in 2031"),
        ({"is_never": True}, "照此30年内达不到", "at this rate it is not reached in 30 years"),
        # No year for other reasons, such as a goal that is passed through: nothing is claimed.
        ({}, "何时达到无法预计", "nothing can be said of when it is reached"),
        ({"p_on_time": 0.999}, "概率超过99%", "with a chance of more than 99%"),
        ({"p_on_time": 0.001}, "概率不到1%", "with a chance of less than 1%"),
        ({"p_on_time": 0.456}, "概率约46%", "with a chance of about 46%"),
    ],
)  # fmt: skip
def test_a_sentence_claims_what_is_known(given_: Row, zh: str, en: str) -> None:
    row = {
        "indicator_id": "i", "region_code": "r", "unit": "subscriptions", "origin_year": 2024,
        "origin_value": 10.0, "pace": 1.0, "outlook": "open", "operator": "ge",
        "target_year": 2030, "resolved_target": 20.0, "p_on_time": None, "eta_year": None,
        "is_never": False,
    }  # fmt: skip
    names = {"i": ("指标", "indicator"), "r": ("省", "province")}
    schema = {"p_on_time": pl.Float64, "eta_year": pl.Int64}
    made = goal_sentences(pl.DataFrame([row | given_], schema_overrides=schema), names)
    assert zh in made["sentence_zh"].item()
    assert en in made["sentence_en"].item()


def test_the_same_numbers_whatever_the_order_of_rows() -> None:
    rows = pl.DataFrame(series(RISE), SERIES_SCHEMA).with_columns(ceiling=pl.lit(None, pl.Float64))
    turned = rows.reverse()
    frames = [nw.to_native(trend(nw.from_native(f.lazy()))).collect() for f in (rows, turned)]
    assert_frame_equal(*frames)
