"""Table `trajectories`: on the published data, on registers nobody has seen, and by hand."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.gaps import gap_tables
from assets.register import register_as_of
from assets.trajectories import trajectories_table
from pipelines.builds import open_readonly
from pipelines.settings import Settings
from schemas.tables_core import Documents, Indicators, Regions, Targets, TargetSources
from schemas.tables_watch import SeriesBreaks
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


def made(register: dict[str, pl.DataFrame], found: pl.DataFrame, day: dt.date) -> dict[str, Any]:
    """The gap tables and the trajectories of a register."""
    tables = gap_tables(register, found, day)
    targets = register_as_of(register, day)["targets"]
    return tables | {
        "trajectories": trajectories_table(
            tables["gap_to_goal"], tables["gap_history"], targets, register["indicators"], found,
            register["series_breaks"],
        )
    }  # fmt: skip


def small(
    goals: dict[int, float], values: dict[str, float], *broken: str, **about: Any
) -> pl.DataFrame:
    """Trajectories of one synthetic series and its goals, by year."""
    targets = [
        GOAL | {"target_id": f"sales:410000:{y}", "year": y, "value": v, "printed": f"{v:g}"}
        | about for y, v in goals.items()
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
        "indicators": rows(Indicators, RACKS | {"indicator_id": "sales", "unit": GOAL["unit"]}),
        "targets": rows(Targets, *targets),
        "target_sources": rows(TargetSources, *sources),
        "series_breaks": rows(
            SeriesBreaks,
            *({"indicator_id": "sales", "period": p, "starts_on": dt.date(int(p), 1, 1),
               "note_zh": "合成口径变动", "note_en": "synthetic break"} for p in broken),
        ),
    }  # fmt: skip
    found = vintages(
        *(vintage(i, period=p, value=v, tolerance=0.0) for i, (p, v) in enumerate(values.items()))
    )
    table: pl.DataFrame = made(register, found, DAY)["trajectories"]
    return table


def of(table: pl.DataFrame, kind: str) -> dict[int, dict[str, Any]]:
    return {r["year"]: r for r in table.filter(path_kind=kind).iter_rows(named=True)}


# --- by hand ----------------------------------------------------------------------------------


def test_one_goal_by_hand() -> None:
    """100 in 2016, 200 wanted by 2020; 150 in 2017 is where the line is at the end of 2018."""
    table = small({2020: 200.0}, {"2016": 100.0, "2017": 150.0, "2018": 140.0, "2019": 250.0})
    line = of(table, "linear")
    assert [line[y]["expected_value"] for y in range(2016, 2021)] == [100, 125, 150, 175, 200]
    assert [line[y]["expected_gap"] for y in range(2016, 2020)] == [0, 25, -10, 75]
    assert [line[y]["lead_years"] for y in range(2016, 2020)] == pytest.approx([0, 1, -0.4, None])
    assert [line[y]["is_baseline"] for y in line] == [True, False, False, False, False]
    assert [line[y]["is_target"] for y in line] == [False, False, False, False, True]
    growth = of(table, "geometric")
    assert growth[2018]["expected_value"] == pytest.approx(100 * 2**0.5)
    assert (line[2018]["is_main"], growth[2018]["is_main"]) == (True, False)
    assert set(table["path_kind"]) == {"linear", "geometric"}


def test_goals_of_several_years_by_hand() -> None:
    """100 in 2016, then 120 by 2018 and 180 by 2020: 10 a year, then 30."""
    table = small({2018: 120.0, 2020: 180.0}, {"2016": 100.0, "2017": 120.0, "2019": 135.0})
    path = of(table, "milestones")
    assert {y: r["expected_value"] for y, r in path.items()} == {
        2016: 100, 2017: 110, 2018: 120, 2019: 150, 2020: 180,
    }  # fmt: skip
    assert {y: r["target_id"][-4:] for y, r in path.items()} == {
        2016: "2018", 2017: "2018", 2018: "2018", 2019: "2020", 2020: "2020",
    }  # fmt: skip
    assert (path[2017]["expected_gap"], path[2017]["lead_years"]) == (10, 1)
    assert (path[2019]["expected_gap"], path[2019]["lead_years"]) == (-15, -0.5)
    assert [y for y, r in path.items() if r["is_target"]] == [2018, 2020]
    assert {r["path_id"] for r in path.values()} == {"sales:410000:milestones:documented:more"}


def test_without_a_baseline_the_path_begins_at_the_first_goal() -> None:
    table = small({2018: 120.0, 2020: 180.0}, {"2020": 150.0})
    path = of(table, "milestones")
    assert {y: r["expected_value"] for y, r in path.items()} == {2018: 120, 2019: 150, 2020: 180}
    assert not any(r["is_baseline"] for r in path.values())
    assert (path[2020]["expected_gap"], path[2020]["lead_years"]) == (-30, -1)
    assert of(table, "linear") == {}


def test_where_a_path_has_a_value_twice_there_is_no_lead() -> None:
    """Up to 200 and down to 150, which is met at the end of 2017 and at that of 2020."""
    table = small({2018: 200.0, 2020: 150.0}, {"2016": 100.0, "2017": 120.0, "2019": 160.0})
    path = of(table, "milestones")
    assert (path[2017]["expected_gap"], path[2017]["lead_years"]) == (-30, pytest.approx(-0.6))
    assert (path[2019]["expected_gap"], path[2019]["lead_years"]) == (-15, None)


def test_on_a_level_leg_a_value_has_no_time() -> None:
    table = small({2018: 150.0, 2020: 150.0}, {"2016": 100.0, "2019": 150.0})
    path = of(table, "milestones")
    assert (path[2019]["expected_gap"], path[2019]["lead_years"]) == (0, None)


def test_across_a_scope_break_levels_stand_and_nothing_is_compared() -> None:
    values = {"2016": 100.0, "2017": 150.0, "2019": 180.0}
    table = small({2018: 120.0, 2020: 200.0}, values, "2018")
    assert table.filter(year=2019)["observed_value"].to_list() == [180.0] * 3
    for kind in ("linear", "geometric", "milestones"):
        row = table.filter(path_kind=kind, year=2019).row(0, named=True)
        assert row["expected_value"] is not None
        assert row["expected_at_observed"] is row["expected_gap"] is row["lead_years"] is None
        assert table.filter(path_kind=kind, year=2017)["expected_gap"].null_count() == 0


def test_less_is_wanted() -> None:
    table = small({2020: 10.0}, {"2016": 50.0, "2018": 20.0}, operator="le")
    line = of(table, "linear")
    assert (line[2018]["expected_gap"], line[2018]["lead_years"]) == (10, 1)


def test_a_coverage_has_an_s_curve_and_a_rate_of_growth_has_none() -> None:
    values = {"2016": 50.0, "2018": 60.0}
    table = small({2020: 100.0}, values, value_kind="coverage")
    assert of(table, "logistic")[2020]["expected_value"] == 100
    assert set(small({2020: 90.0}, values)["path_kind"]) == {"linear", "geometric"}


def test_a_growth_from_a_reference_year_follows_the_growth() -> None:
    table = small({2020: 20.0}, {"2016": 100.0}, value_kind="growth", reference_year=2016)
    growth = of(table, "geometric")
    assert [growth[y]["expected_value"] for y in (2017, 2018)] == pytest.approx([120, 144])
    assert growth[2017]["is_main"]
    assert not of(table, "linear")[2017]["is_main"]


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


@settings(max_examples=3)
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
