"""Table `trajectories`: on the published data, on registers nobody has seen, and by hand."""

import datetime as dt
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.register import register_as_of
from assets.trajectories import trajectories_table
from pipelines.builds import open_readonly
from pipelines.settings import Settings
from schemas.tables_core import Documents, Indicators, Regions, Targets, TargetSources
from schemas.tables_watch import SeriesBreaks
from tests.fixtures.gaps import gaps_as_of
from tests.fixtures.random_goals import AS_OF, random_register
from tests.fixtures.small_tables import DOCUMENT, HENAN, RACKS, RACKS_TARGET, rows
from tests.fixtures.vintages import vintage, vintages

DAY = dt.date(2023, 1, 1)
GOAL = RACKS_TARGET | {
    "indicator_id": "sales",
    "value_high": None,
    "issued_on": dt.date(2016, 2, 1),
}


@pytest.fixture(scope="module")
def file(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_readonly(published) as opened:
        yield opened


def made(
    register: dict[str, pl.DataFrame], found: pl.DataFrame, day: dt.date
) -> dict[str, pl.DataFrame]:
    """The gap tables and the trajectories of a register."""
    tables = gaps_as_of(register, found, day)
    targets = register_as_of(register, day)["targets"]
    return tables | {
        "trajectories": trajectories_table(
            tables["gap_to_goal"], tables["gap_history"], targets, register["indicators"], found,
            register["series_breaks"],
        )
    }  # fmt: skip


class Case(NamedTuple):
    """A synthetic series with its goals: (year, figure) of each goal, figures by period."""

    goals: list[tuple[int, float]]
    values: dict[str, float]
    broken: tuple[str, ...] = ()
    about: Mapping[str, Any] = MappingProxyType({})


CASES = {
    "one_goal": Case([(2020, 200)], {"2016": 100, "2017": 150, "2018": 140, "2019": 250}),
    "two_goals": Case([(2018, 120), (2020, 180)], {"2016": 100, "2017": 120, "2019": 135}),
    "same_year": Case([(2018, 110), (2018, 120), (2020, 180)], {"2016": 100}),
    "no_baseline": Case([(2018, 120), (2020, 180)], {"2020": 150}),
    "up_and_down": Case([(2018, 200), (2020, 150)], {"2016": 100, "2017": 120, "2019": 160}),
    "level": Case([(2018, 150), (2020, 150)], {"2016": 100, "2019": 150}),
    "broken": Case(
        [(2018, 120), (2020, 200)], {"2016": 100, "2017": 150, "2019": 180}, ("2018",)
    ),
    "less": Case([(2020, 10)], {"2016": 50, "2018": 20}, about={"operator": "le"}),
    "within": Case(
        [(2020, 10)], {"2016": 50, "2018": 40}, about={"operator": "range", "value_high": 30.0}
    ),
    "coverage": Case(
        [(2020, 100)], {"2016": 50, "2018": 60}, about={"value_kind": "coverage"}
    ),
    "growth": Case(
        [(2020, 20)], {"2016": 100}, about={"value_kind": "growth", "reference_year": 2016}
    ),
    "in_a_year": Case([(2020, 100)], {"2017-06-30": 10, "2018-06-30": 25}),
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """The trajectories of all cases, made in one go."""
    indicators, targets, breaks = [], [], []
    found: list[dict[str, Any]] = []
    for name, case in CASES.items():
        indicators.append(RACKS | {"indicator_id": name, "unit": GOAL["unit"]})
        for number, (year, value) in enumerate(case.goals):
            target = GOAL | {
                "target_id": f"{name}:410000:{year}:{number}",
                "indicator_id": name,
                "year": year,
                "value": float(value),
                "printed": f"{value:g}",
            }
            targets.append({**target, **case.about})
        breaks += [
            {"indicator_id": name, "period": p, "starts_on": dt.date(int(p), 1, 1),
             "note_zh": "合成口径变动", "note_en": "synthetic break"}
            for p in case.broken
        ]  # fmt: skip
        found += [
            vintage(len(found) + i, indicator_id=name, period=p, value=float(v), tolerance=0.0,
                    period_type="point_in_time" if "-" in p else "annual")
            for i, (p, v) in enumerate(case.values.items())
        ]  # fmt: skip
    sources = [
        {"target_id": t["target_id"], "source_no": 1, "source_id": f"000-{i:03}",
         "kind": "statement", "document_id": t["document_id"], "printed": t["printed"],
         "title": "t", "published_on": t["issued_on"], "quality": "document"}
        for i, t in enumerate(targets)
    ]  # fmt: skip
    register = {
        "documents": rows(Documents, DOCUMENT),
        "regions": rows(Regions, HENAN),
        "indicators": rows(Indicators, *indicators),
        "targets": rows(Targets, *targets),
        "target_sources": rows(TargetSources, *sources),
        "series_breaks": rows(SeriesBreaks, *breaks),
    }
    return made(register, vintages(*found), DAY)["trajectories"]


# --- by hand ----------------------------------------------------------------------------------


def of(table: pl.DataFrame, case: str, kind: str) -> dict[int, dict[str, Any]]:
    """A path of a case by year; of several goals that of the last."""
    found = table.filter(indicator_id=case, path_kind=kind)
    return {r["year"]: r for r in found.filter(path_id=found["path_id"].max()).to_dicts()}


def column(path: dict[int, dict[str, Any]], name: str) -> dict[int, Any]:
    return {year: row[name] for year, row in path.items()}


def test_one_goal_by_hand(table: pl.DataFrame) -> None:
    """100 in 2016, 200 wanted by 2020; 150 in 2017 is where the line is at the end of 2018."""
    line = of(table, "one_goal", "linear")
    expected = {2016: 100, 2017: 125, 2018: 150, 2019: 175, 2020: 200}
    assert column(line, "expected_value") == expected
    assert [r["expected_gap"] for r in line.values()] == [0, 25, -10, 75, None]
    leads = [r["lead_years"] for r in line.values()]
    assert leads[:3] == pytest.approx([0, 1, -0.4])
    assert leads[3:] == [None, None]  # beyond the goal; nothing observed
    assert [y for y, r in line.items() if r["is_baseline"]] == [2016]
    assert [y for y, r in line.items() if r["is_target"]] == [2020]
    growth = of(table, "one_goal", "geometric")
    assert growth[2018]["expected_value"] == pytest.approx(100 * 2**0.5)
    assert (line[2018]["is_main"], growth[2018]["is_main"]) == (True, False)
    assert set(table.filter(indicator_id="one_goal")["path_kind"]) == {"linear", "geometric"}


def test_goals_of_several_years_by_hand(table: pl.DataFrame) -> None:
    """100 in 2016, then 120 by 2018 and 180 by 2020: 10 a year, then 30."""
    path = of(table, "two_goals", "milestones")
    expected = {2016: 100, 2017: 110, 2018: 120, 2019: 150, 2020: 180}
    assert column(path, "expected_value") == expected
    assert [r["target_id"].split(":")[2] for r in path.values()] == [*["2018"] * 3, *["2020"] * 2]
    assert (path[2017]["expected_gap"], path[2017]["lead_years"]) == (10, 1)
    assert (path[2019]["expected_gap"], path[2019]["lead_years"]) == (-15, -0.5)
    assert [y for y, r in path.items() if r["is_target"]] == [2018, 2020]
    assert {r["path_id"] for r in path.values()} == {"two_goals:410000:milestones:documented:more"}


def test_of_a_years_goals_the_most_demanding_is_on_the_way(table: pl.DataFrame) -> None:
    assert of(table, "same_year", "milestones")[2018]["expected_value"] == 120


def test_without_a_baseline_the_path_begins_at_the_first_goal(table: pl.DataFrame) -> None:
    path = of(table, "no_baseline", "milestones")
    assert column(path, "expected_value") == {2018: 120, 2019: 150, 2020: 180}
    assert not any(r["is_baseline"] for r in path.values())
    assert (path[2020]["expected_gap"], path[2020]["lead_years"]) == (-30, -1)
    assert table.filter(indicator_id="no_baseline", path_kind="linear").is_empty()


def test_where_a_path_has_a_value_twice_there_is_no_lead(table: pl.DataFrame) -> None:
    """Up to 200 and down to 150: 160 on the way up and on the way down."""
    path = of(table, "up_and_down", "milestones")
    assert (path[2017]["expected_gap"], path[2017]["lead_years"]) == (-30, pytest.approx(-0.6))
    assert (path[2019]["expected_gap"], path[2019]["lead_years"]) == (-15, None)


def test_on_a_level_leg_a_value_has_no_time(table: pl.DataFrame) -> None:
    path = of(table, "level", "milestones")
    assert (path[2019]["expected_gap"], path[2019]["lead_years"]) == (0, None)


def test_across_a_scope_break_levels_stand_and_nothing_is_compared(table: pl.DataFrame) -> None:
    for kind in ("linear", "geometric", "milestones"):
        path = of(table, "broken", kind)
        assert (path[2019]["observed_value"], path[2019]["expected_value"] is None) == (180, False)
        for name in ("expected_at_observed", "expected_gap", "lead_years"):
            assert path[2019][name] is None
        assert path[2017]["expected_gap"] is not None


def test_less_is_wanted_or_a_range(table: pl.DataFrame) -> None:
    line = of(table, "less", "linear")
    assert (line[2018]["expected_gap"], line[2018]["lead_years"]) == (10, 1)
    # From 50 down into 10 to 30: the path ends at the nearer bound, 40 is half-way.
    line = of(table, "within", "linear")
    assert (line[2020]["expected_value"], line[2018]["expected_gap"]) == (30, 0)


def test_a_coverage_has_an_s_curve_to_the_very_goal(table: pl.DataFrame) -> None:
    assert of(table, "coverage", "logistic")[2020]["expected_value"] == 100
    assert set(table.filter(path_kind="logistic")["indicator_id"]) == {"coverage"}


def test_a_growth_from_a_reference_year_follows_the_growth(table: pl.DataFrame) -> None:
    growth = of(table, "growth", "geometric")
    assert [growth[y]["expected_value"] for y in (2017, 2018)] == pytest.approx([120, 144])
    assert growth[2017]["is_main"]
    assert not of(table, "growth", "linear")[2017]["is_main"]


def test_within_a_year_the_path_is_that_of_the_day(table: pl.DataFrame) -> None:
    """From 10 on 30 June 2017 to 100 at the end of 2020: 181 of 365 days of the year are gone."""
    line = of(table, "in_a_year", "linear")
    start = 2016 + 181 / 365
    assert line[2017]["is_baseline"]
    assert line[2017]["expected_gap"] == line[2017]["lead_years"] == 0
    assert line[2017]["expected_value"] == pytest.approx(10 + 90 * (2017 - start) / (2020 - start))
    at_june = 10 + 90 / (2020 - start)
    assert line[2018]["expected_at_observed"] == pytest.approx(at_june)
    assert line[2018]["expected_gap"] == pytest.approx(25 - at_june)


# --- on the published data --------------------------------------------------------------------


def test_the_line_is_that_of_the_gaps(file: duckdb.DuckDBPyConnection) -> None:
    """The same expected value, gap and lead as gap_to_goal and gap_history, wherever both speak."""
    counted, leads = file.execute(
        """SELECT count(*), count(*) FILTER (p.lead_years IS NOT NULL)
           FROM gap.trajectories p JOIN gap.gap_history h
             ON h.target_id = p.path_id AND h.observation_id = p.observation_id
           WHERE p.path_kind = 'linear'"""
    ).fetchall()[0]
    assert counted > 30
    assert leads > 30
    assert file.execute(
        """SELECT p.path_id, p.year FROM gap.trajectories p
           JOIN (SELECT target_id, observation_id, expected_value, expected_gap, lead_years
                 FROM gap.gap_to_goal UNION ALL BY NAME
                 SELECT target_id, observation_id, expected_value, expected_gap, lead_years
                 FROM gap.gap_history) h
             ON h.target_id = p.path_id AND h.observation_id = p.observation_id
           WHERE p.path_kind = 'linear'
             AND (NOT coalesce(abs(p.expected_at_observed - h.expected_value)
                               <= 1e-9 * abs(h.expected_value), h.expected_value IS NULL)
                  OR NOT coalesce(abs(p.expected_gap - h.expected_gap)
                                  <= 1e-9 * abs(p.observed_value), h.expected_gap IS NULL)
                  OR abs(p.lead_years - h.lead_years) > 1e-7)"""
    ).fetchall() == []  # fmt: skip


def test_every_goal_with_a_way_to_it_has_a_line(file: duckdb.DuckDBPyConnection) -> None:
    assert file.execute(
        """SELECT target_id FROM gap.gap_to_goal g WHERE baseline_value IS NOT NULL
             AND resolved_target IS NOT NULL AND baseline_t < target_year AND NOT baseline_met
             AND NOT EXISTS (FROM gap.trajectories p
                             WHERE p.path_id = g.target_id AND p.path_kind = 'linear')"""
    ).fetchall() == []  # fmt: skip


def test_paths_pass_their_goals_and_have_one_main_kind(file: duckdb.DuckDBPyConnection) -> None:
    """And a row for each year, without holes."""
    assert file.execute(
        """SELECT p.path_id FROM gap.trajectories p JOIN gap.gap_to_goal g USING (target_id)
           WHERE p.is_target AND (p.year <> g.target_year OR g.operator <> 'range'
                 AND abs(p.expected_value - g.resolved_target) > 1e-9 * abs(g.resolved_target))
           UNION ALL
           SELECT path_id FROM gap.trajectories GROUP BY ALL
           HAVING count(DISTINCT path_kind) FILTER (is_main) <> 1
           UNION ALL
           SELECT path_id FROM gap.trajectories GROUP BY path_id, path_kind
           HAVING count(*) <> max(year) - min(year) + 1"""
    ).fetchall() == []  # fmt: skip


def test_the_goals_for_5g_base_stations_make_one_path(file: duckdb.DuckDBPyConnection) -> None:
    found = file.execute(
        """SELECT year, expected_value, observed_value, is_target
           FROM trajectory('base_stations_5g_total', '410000') WHERE path_kind = 'milestones'"""
    ).fetchall()
    assert [(y, e) for y, e, _, _ in found] == [
        (2019, 10_684), (2020, 40_000), (2021, 96_000), (2022, 168_000), (2023, 180_000),
        (2024, 216_000), (2025, 200_000),
    ]  # fmt: skip
    assert [is_target for _, _, _, is_target in found] == [False, *[True] * 6]
    assert found[3][2] == 153_200


# --- on registers nobody has seen -------------------------------------------------------------


@settings(max_examples=2)
@given(seed=st.integers(0, 10**9))
def test_lines_agree_with_the_gaps_on_registers_nobody_has_seen(seed: int) -> None:
    register, found = random_register(seed, 120)
    tables = made(register, found, AS_OF)
    paths, gaps = tables["trajectories"], tables["gap_to_goal"]
    both = paths.filter(path_kind="linear").join(
        gaps, left_on=["path_id", "observation_id"], right_on=["target_id", "observation_id"]
    )
    assert both.height > 5
    size = 1e-9 * pl.max_horizontal(pl.col("observed_value", "expected_at_observed").abs(), 1.0)
    apart = (pl.col("expected_at_observed") - pl.col("expected_value_right")).abs() > size
    apart |= (pl.col("lead_years") - pl.col("lead_years_right")).abs() > 1e-7
    assert both.filter(apart).is_empty()
    missing = pl.col("expected_at_observed").is_null() != pl.col("expected_value_right").is_null()
    assert both.filter(missing).is_empty()
    across = both.filter("is_across_break").select("expected_gap", "lead_years")
    assert across.null_count().sum_horizontal().item() == 2 * across.height
