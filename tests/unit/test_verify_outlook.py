"""The second route's projections and chances, held against figures worked out by hand."""

import datetime as dt
import math
from typing import Any

import duckdb
import polars as pl
import pytest

from assets.evidence.constants import add_constants
from schemas.tables_core import Indicators, ObservationVintages, Regions, Targets
from schemas.tables_watch import SeriesBreaks
from tests.fixtures.second_route import by_sql
from tests.fixtures.small_tables import HENAN, RACKS_TARGET, STATIONS, VINTAGE, rows

AS_OF = dt.date(2020, 12, 31)
SHARE = {"unit": "percent", "plausible_min": 0.0, "plausible_max": 100.0}


def seen(values: list[float], limits: dict[str, Any] | None = None, **goal: Any) -> dict[str, Any]:
    """The row of a goal for 2022 whose series ends in 2020 with these values."""
    figures = [
        VINTAGE
        | {
            "observation_id": f"v:{year}",
            "indicator_id": STATIONS["indicator_id"],
            "period": str(year),
            "period_type": "annual",
            "period_start": dt.date(year, 1, 1),
            "period_end": dt.date(year, 12, 31),
            "value": value,
            "tolerance": 0.0,
            "quality": "official",
            "published_on": dt.date(year, 12, 31),
        }
        for year, value in enumerate(values, start=2021 - len(values))
    ]
    target = RACKS_TARGET | {
        "indicator_id": STATIONS["indicator_id"],
        "operator": "ge",
        "year": 2022,
        "baseline_year": 2018,
        "tolerance": 0.0,
        "issued_on": dt.date(2018, 1, 1),
    }
    frames = {
        "observation_vintages": rows(ObservationVintages, *figures),
        "targets": rows(Targets, target | goal),
        "indicators": rows(Indicators, STATIONS | (limits or {})),
        "regions": rows(Regions, HENAN),
        "series_breaks": rows(SeriesBreaks),
        "build": pl.DataFrame({"as_of": [AS_OF]}),
    }
    with by_sql(frames) as connection:
        row: dict[str, Any]
        (row,) = connection.sql("SELECT * FROM recomputed").pl().to_dicts()
    return row


def test_a_steady_series() -> None:
    """+10 a year from 30: 0.9 x 10 and 0.81 x 10 more by 2022, another 7.29 in the next year."""
    row = seen([10, 20, 30], value=50.0)
    assert row["projected_value"] == pytest.approx(47.1)
    assert row["projection_method"] == "damped"
    # Drift and regression 50, damped 47.1, damped log higher than all.
    assert row["projected_alt"] == pytest.approx(50)
    assert (row["eta_year"], row["eta_delay_years"]) == (2023, 1)
    assert row["anticipated_gap_pct"] == pytest.approx(100 * 2.9 / 40)
    # It never moved otherwise: nothing tells how it might, and the pace decides.
    assert (row["interval_method"], row["lo80"], row["p_on_time"]) == (None, None, None)
    assert row["status_reason"] == "pace_sufficient"


def test_a_series_without_past_errors_is_a_random_walk() -> None:
    """Changes 10 and 20: drift 15, variance 100 + 400 - 2 x 225 = 50; two years on twice as much,
    and twice that since the drift is known from two years only: sqrt(200)."""
    row = seen([10, 20, 40], value=60.0)
    projected = 40 + (0.6 * 10 + 20) / 1.6 * 1.71
    assert row["projected_value"] == pytest.approx(projected)
    assert row["interval_method"] == "drift_t"
    unit = math.sqrt(200)
    assert row["hi80"] == pytest.approx(projected + 3.077684 * unit, rel=1e-6)
    assert row["lo95"] == pytest.approx(projected - 12.70620 * unit, rel=1e-6)
    # Of one degree of freedom the distribution is known: 1/2 + arctan(x) / pi.
    chance = 0.5 + math.atan((projected - 60) / unit) / math.pi
    assert row["p_on_time"] == pytest.approx(chance, abs=1 / 400)
    assert (row["status_reason"], row["status"]) == ("chance_even", "at_risk")


def test_a_share_goes_on_the_scale_of_log_odds_and_stays_below_100() -> None:
    """Odds 1, 2, 4 double every year."""
    row = seen([50, 200 / 3, 80], SHARE, value=100.0)
    assert row["projection_method"] == "damped_logit"
    odds = 4 * 2 ** (0.85 + 0.85**2)
    assert row["projected_value"] == pytest.approx(100 * odds / (1 + odds))
    assert row["eta_year"] is None
    # Odds of 99 are 4.63 doublings away: 0.85 (1 - 0.85^h) / 0.15 after 10.4 years. All years to
    # come bring 5.67, so that odds of 199 take 32 years, more than thirty, and of 249 for ever.
    assert seen([50, 200 / 3, 80], SHARE, value=99.0)["eta_year"] == 2031
    assert seen([50, 200 / 3, 80], SHARE, value=99.5)["eta_year"] is None
    assert seen([50, 200 / 3, 80], SHARE, value=99.6)["eta_year"] is None


@pytest.mark.parametrize(
    ("values", "limits", "goal"),
    [
        ([10, 20, 30], {"plausible_max": 45.0}, {"value": 50.0}),
        ([10, 20, 30], {}, {"value": 120.0}),
        ([30, 20, 10], {}, {"value": 50.0}),
        ([10, 20, 30], {}, {"value": 50.0, "operator": "eq"}),
        ([10, 20, 30], {}, {"value": 50.0, "value_high": 60.0, "operator": "range"}),
        ([10, 20, 30], {}, {"value": 25.0}),
        ([20, 30], {}, {"value": 50.0}),
    ],
    ids=["beyond the cap", "beyond its reach", "leads away", "eq", "range", "met", "two points"],
)
def test_what_never_arrives(
    values: list[float], limits: dict[str, Any], goal: dict[str, Any]
) -> None:
    assert seen(values, limits, **goal)["eta_year"] is None


def test_projections_stay_within_what_is_plausible() -> None:
    row = seen([10, 20, 40], {"plausible_min": 0.0, "plausible_max": 65.0}, value=60.0)
    assert row["projected_value"] == row["hi80"] == row["hi95"] == 65
    assert row["lo95"] == 0


def test_an_exact_figure_has_no_chance_and_its_pace_decides() -> None:
    row = seen([10, 20, 40], value=60.0, operator="eq")
    assert row["interval_method"] == "drift_t"
    assert row["p_on_time"] is None
    assert row["decided_by"] == "pace_ratio"


@pytest.mark.parametrize(
    ("freedom", "probability", "published"),
    [
        (1, 0.9, 3.078),
        (1, 0.975, 12.706),
        (5, 0.975, 2.571),
        (10, 0.9, 1.372),
        (10, 0.975, 2.228),
        (30, 0.9, 1.310),
        (30, 0.975, 2.042),
    ],
)
def test_students_t_as_published(freedom: int, probability: float, published: float) -> None:
    """Tables of the t distribution as every textbook prints them."""
    wanted = "SELECT quantile FROM students_t WHERE NOT is_step AND freedom = ? AND probability = ?"
    with duckdb.connect() as connection:
        add_constants(connection)
        for p, value in ((probability, published), (round(1 - probability, 3), -published)):
            ((found,),) = connection.execute(wanted, [freedom, p]).fetchall()
            assert found == pytest.approx(value, abs=6e-4)


def test_the_steps_of_students_t_follow_the_closed_forms() -> None:
    """Of one degree tan(pi (p - 1/2)), of two (2p - 1) / sqrt(2p (1 - p)); 400 steps of each."""
    with duckdb.connect() as connection:
        add_constants(connection)
        found = connection.sql("SELECT * FROM students_t WHERE is_step").pl()
    steps = found.group_by("freedom").agg(pl.len(), pl.col("probability").n_unique().alias("n"))
    assert sorted(steps.rows()) == [(df, 400, 400) for df in range(1, 31)]
    for freedom, p, value, _ in found.filter(pl.col("freedom") <= 2).iter_rows():
        one, two = math.tan(math.pi * (p - 0.5)), (2 * p - 1) / math.sqrt(2 * p * (1 - p))
        assert value == pytest.approx(one if freedom == 1 else two, rel=1e-9)
