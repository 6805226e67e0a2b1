"""Sums over the three levels, and which periods are there. All values are synthetic."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.completeness import OWED_SCHEMA, completeness_table
from assets.levels import SUMMED_UNITS, rollup_findings, rollups_table
from assets.regions import load_regions
from schemas import vocabulary
from schemas.tables_core import Indicators, Observations, Targets
from schemas.tables_watch import CELL_STATUSES
from schemas.units import UNITS
from tests.fixtures.small_tables import rows
from tests.fixtures.vintages import vintage, vintages

REGIONS = load_regions(Path(__file__).parents[2] / "data" / "regions.csv")
CODES = REGIONS["region_code"].to_list()
CITIES = REGIONS.filter(pl.col("reports_as") == "prefecture")["region_code"].to_list()
PROVINCES = REGIONS.filter(pl.col("level") == "province")["region_code"].to_list()


def indicators(**about: Any) -> pl.DataFrame:
    base = {"indicator_id": "sales", "measure": "flow", "unit": "CNY", "frequency": "annual",
            "is_cumulative": False, "stale_after_days": 550}  # fmt: skip
    return rows(Indicators, base | about)


def observed(values: dict[str, float], **about: Any) -> pl.DataFrame:
    """Synthetic values of one year by region code."""
    made = [
        vintage(i, region_code=code, value=value, **about)
        | {"vintage_count": 1, "is_conflict": False, "first_published_on": dt.date(2021, 3, 1)}
        for i, (code, value) in enumerate(values.items())
    ]
    return rows(Observations, *made)


def rolled(
    values: dict[str, float], period: str = "2020", **about: Any
) -> dict[str, dict[str, Any]]:
    """region_code -> row of `rollups`."""
    table = rollups_table(observed(values, period=period), indicators(**about), REGIONS)
    return {row["region_code"]: row for row in table.iter_rows(named=True)}


# --- sums -------------------------------------------------------------------------------------


def test_a_province_is_its_seventeen_cities_and_jiyuan() -> None:
    assert len(CITIES) == 18
    assert "419001" in CITIES
    row = rolled(dict.fromkeys(CITIES, 10.0) | {"410000": 180.0})["410000"]
    assert (row["parts_expected"], row["parts_found"], row["parts_sum"]) == (18, 18, 180.0)
    assert (row["status"], row["difference"], row["parts_missing"]) == ("agrees", 0.0, None)


def test_a_county_run_by_the_province_counts_within_its_city_alone() -> None:
    gongyi, lankao = "410181", "410225"
    values = dict.fromkeys(CITIES, 10.0) | {"410000": 180.0, gongyi: 4.0, lankao: 3.0}
    made = rolled(values)
    assert made["410000"]["parts_sum"] == 180.0
    assert (made["410100"]["parts_sum"], made["410100"]["status"]) == (4.0, "incomplete_below")
    assert made["410200"]["parts_sum"] == 3.0


def test_zones_and_areas_are_never_added() -> None:
    special = REGIONS.filter(pl.col("level") == "special_area")["region_code"].to_list()
    assert "410173" in special
    assert rolled(dict.fromkeys(special, 5.0) | {"410100": 1.0, "410000": 1.0}).keys() == {
        "410000", "100000",
    }  # fmt: skip


def test_a_county_counts_under_the_code_of_the_time() -> None:
    """偃师市 410381 became 偃师区 410307 in 2021."""
    both = {"410381": 7.0, "410307": 7.0, "410300": 100.0}
    assert rolled(both, period="2020")["410300"]["parts_sum"] == 7.0
    assert rolled(both, period="2022")["410300"]["parts_sum"] == 7.0
    before = rolled({"410307": 7.0, "410300": 100.0}, period="2020")
    assert "410300" not in before  # the new code did not exist, and is not counted for the old one
    counts = [rolled(both, period=p)["410300"]["parts_expected"] for p in ("2020", "2022")]
    assert counts == [15, 14]  # two counties and a district became one district


@pytest.mark.parametrize(
    ("parts", "whole", "status"),
    [
        (18, 180.0, "agrees"),
        (18, 180.5, "agrees"),  # within the printed precision and half a percent
        (18, 250.0, "differs"),
        (18, 120.0, "exceeds"),
        (17, 180.0, "incomplete_below"),
        (17, 170.0, "incomplete_below"),
        (17, 120.0, "exceeds"),
        (17, None, "no_whole"),
    ],
)
def test_what_follows_from_a_sum(parts: int, whole: float | None, status: str) -> None:
    values = dict.fromkeys(CITIES[:parts], 10.0) | ({} if whole is None else {"410000": whole})
    table = rollups_table(observed(values, tolerance=0.01), indicators(), REGIONS)
    row = table.filter(pl.col("region_code") == "410000").row(0, named=True)
    assert row["status"] == status
    assert (row["parts_missing"] is None) is (parts == 18)
    found = [f for f in rollup_findings(table) if f.key.startswith("sales|410000")]
    rules = {"differs": ["rollup_differs"], "exceeds": ["rollup_exceeds"]}
    assert [f.rule for f in found] == rules.get(status, [])
    assert all(f.severity == "warning" for f in found)


def test_bounds_contradict_only_where_they_must() -> None:
    def status(part: str, *whole: Any) -> str:
        made = pl.concat(
            [
                observed(dict.fromkeys(CITIES, 10.0), bound=part),
                observed({"410000": whole[0]}, bound=whole[1]),
            ]
        )
        table = rollups_table(made, indicators(), REGIONS)
        return str(table.filter(pl.col("region_code") == "410000")["status"].item())

    assert status("exact", 100.0, "at_least") == "agrees"
    assert status("exact", 100.0, "at_most") == "exceeds"
    assert status("at_least", 500.0, "exact") == "agrees"
    assert status("at_most", 100.0, "exact") == "agrees"
    assert status("at_most", 500.0, "exact") == "differs"


def test_missing_parts_are_named_and_the_many_are_counted() -> None:
    few = rolled(dict.fromkeys(CITIES[:-2], 1.0))["410000"]["parts_missing"]
    assert few == f"{CITIES[-2]} 驻马店市、419001 济源市"
    many = rolled({CITIES[0]: 1.0})["410000"]["parts_missing"]
    assert many.endswith(" 等17个")
    assert many.count("、") == 4


amounts = st.dictionaries(st.sampled_from(CODES), st.integers(1, 10**6).map(float), max_size=60)


@settings(max_examples=40, deadline=None)
@given(amounts, st.sampled_from(["2013", "2018", "2020", "2021", "2024"]))
def test_no_region_counts_twice_whoever_reports(values: dict[str, float], period: str) -> None:
    """Each one that reports is a part of one whole at most, and a sum holds no value twice."""
    made = rolled(values, period=period)
    known = {row["region_code"]: row for row in REGIONS.iter_rows(named=True)}
    one_below = {"country": "province", "province": "prefecture", "prefecture": "county"}
    day = dt.date(int(period), 12, 31)
    for code, row in made.items():
        parts = [
            c for c in values
            if known[c]["parent_code"] == code
            and known[c]["reports_as"] == one_below[known[code]["reports_as"]]
            and (known[c]["valid_from"] or day) <= day <= (known[c]["valid_to"] or day)
        ]  # fmt: skip
        assert row["parts_found"] == len(parts) <= row["parts_expected"]
        assert row["parts_sum"] == sum(values[c] for c in parts)
        # None of them lies within another one, nor took another one's place.
        assert not {known[c]["parent_code"] for c in parts} & set(parts)
        assert not {known[c]["successor_code"] for c in parts} & set(parts)
    assert sum(row["parts_found"] for row in made.values()) <= len(values)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(list(vocabulary.MEASURES)),
    st.sampled_from(list(UNITS)),
    st.sets(st.sampled_from(CITIES), min_size=1),
)
def test_only_amounts_are_summed(measure: str, unit: str, cities: set[str]) -> None:
    made = rolled(dict.fromkeys(cities, 10.0), measure=measure, unit=unit)
    is_amount = measure in ("stock", "flow") and unit in SUMMED_UNITS
    assert bool(made) is is_amount


@pytest.mark.parametrize("unit", ["percent", "rank", "ratio", "index", "per_100_persons", "Mbit/s"])
def test_what_is_no_amount_has_no_sum(unit: str) -> None:
    assert unit not in SUMMED_UNITS
    assert set(SUMMED_UNITS) <= set(UNITS)


def test_the_country_is_its_provinces() -> None:
    row = rolled(dict.fromkeys(PROVINCES, 2.0) | {"100000": 62.0})["100000"]
    assert (row["parts_expected"], row["parts_found"], row["status"]) == (31, 31, "agrees")


# --- completeness -----------------------------------------------------------------------------

AS_OF = dt.date(2025, 6, 30)


def cells(
    *observations: dict[str, Any],
    as_of: dt.date = AS_OF,
    goals: list[dict[str, Any]] | None = None,
    owed: list[tuple[Any, ...]] | None = None,
    **about: Any,
) -> dict[str, str]:
    """Period -> status of the one synthetic series."""
    targets = [
        {"target_id": str(i), "indicator_id": "sales", "region_code": "410000", "is_goal": True} | g
        for i, g in enumerate(goals or [])
    ]
    table = completeness_table(
        vintages(*observations), indicators(**about), rows(Targets, *targets), as_of,
        pl.DataFrame(owed, OWED_SCHEMA, orient="row") if owed else None,
    )  # fmt: skip
    assert table["has_goal"].to_list() == [bool(goals)] * table.height
    filled = table["observation_id"].is_not_null() == (table["status"] == "there")
    assert filled.all()
    return dict(table.select("period", "status").iter_rows())


def test_holes_and_old_ends_are_missing_and_young_ends_are_late() -> None:
    seen = [vintage(1, period="2020"), vintage(2, period="2022")]
    assert cells(*seen) == {
        "2020": "there", "2021": "missing", "2022": "there", "2023": "late", "2024": "late",
    }  # fmt: skip
    assert cells(*seen, stale_after_days=365)["2023"] == "missing"
    assert cells(*seen, as_of=dt.date(2024, 12, 30)).keys() == {"2020", "2021", "2022", "2023"}


def test_a_goal_without_any_value_is_expected_from_its_baseline_on() -> None:
    assert cells(goals=[{"baseline_year": 2022}]) == {
        "2022": "missing", "2023": "late", "2024": "late",
    }  # fmt: skip
    assert cells(vintage(1, period="2023"), goals=[{"baseline_year": 2022}])["2022"] == "missing"
    assert cells() == {}


def test_goals_that_are_none_or_superseded_expect_nothing() -> None:
    about = indicators(), AS_OF
    for dead in ({"is_goal": False}, {"is_goal": True, "superseded_by": "x"}):
        target = {"target_id": "t", "indicator_id": "sales", "region_code": "410000",
                  "baseline_year": 2020}  # fmt: skip
        table = completeness_table(vintages(), about[0], rows(Targets, target | dead), about[1])
        assert table.is_empty()


def test_a_year_is_filled_by_what_would_answer_a_target_for_it() -> None:
    partial = vintage(1, period="2024-09", period_type="year_to_date")
    whole = vintage(2, period="2024-12", period_type="year_to_date")
    point = vintage(3, period="2024-06-30", period_type="point_in_time")
    assert cells(partial) == {"2024": "late"}
    assert cells(partial, whole) == {"2024": "there"}
    assert cells(point) == {"2024": "late"}
    assert cells(point, measure="stock") == {"2024": "there"}


def test_quarters_and_months_in_the_frequency_of_the_indicator() -> None:
    seen = [
        vintage(1, period="2024-Q3", period_type="quarterly"),
        vintage(2, period="2024-12", period_type="year_to_date"),
        vintage(3, period="2024", period_type="annual"),  # no flow of a quarter
    ]
    got = cells(*seen, frequency="quarterly", as_of=dt.date(2025, 6, 29), stale_after_days=200)
    assert got == {
        "2024-Q1": "missing", "2024-Q2": "missing", "2024-Q3": "there", "2024-Q4": "there",
        "2025-Q1": "late",
    }  # fmt: skip
    months = cells(vintage(1, period="2025-02", period_type="monthly"), frequency="monthly")
    assert list(months) == [f"2025-0{m}" for m in range(2, 7)]


def test_what_is_owed_is_expected_as_it_is() -> None:
    key = ("sales", "410000")
    owed = [
        (*key, "2025-Q1", "quarterly", dt.date(2025, 4, 15)),
        (*key, "2025-Q2", "quarterly", dt.date(2025, 7, 15)),
        (*key, "2025-06", "year_to_date", None),
        (*key, "2023-Q1", "quarterly", dt.date(2023, 4, 15)),
    ]
    assert cells(owed=owed) == {
        "2025-Q1": "late", "2025-Q2": "not_yet_due", "2025-06": "late", "2023-Q1": "missing",
    }  # fmt: skip
    submitted = vintage(1, period="2025-Q2", period_type="quarterly", published_on=AS_OF)
    assert cells(submitted, owed=owed)["2025-Q2"] == "there"


def test_nothing_published_after_the_day_counts() -> None:
    later = vintage(1, period="2024", published_on=AS_OF + dt.timedelta(days=1))
    assert cells(vintage(2, period="2023"), later) == {"2023": "there", "2024": "late"}


years = st.sets(st.integers(2015, 2024), min_size=1)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.sampled_from(CITIES[:5]), years, min_size=1),
    st.dates(dt.date(2024, 12, 31), dt.date(2027, 6, 30)),
    st.integers(100, 1500),
)
def test_the_statuses_partition_the_matrix(
    seen: dict[str, set[int]], as_of: dt.date, limit: int
) -> None:
    made = [
        vintage(100 * i + y, region_code=code, period=str(y), published_on=dt.date(2024, 12, 31))
        for i, (code, of_region) in enumerate(seen.items())
        for y in of_region
    ]
    table = completeness_table(
        vintages(*made), indicators(stale_after_days=limit), rows(Targets), as_of
    )
    last = as_of.year if (as_of.month, as_of.day) == (12, 31) else as_of.year - 1
    expected = {
        (code, str(year)): year in of_region
        for code, of_region in seen.items()
        for year in range(min(of_region), last + 1)
    }
    got = {(r["region_code"], r["period"]): r["status"] for r in table.iter_rows(named=True)}
    assert got.keys() == expected.keys()
    assert table.height == len(expected)  # each cell once
    assert set(got.values()) <= set(CELL_STATUSES)
    for (code, period), status in got.items():
        assert (status == "there") is expected[code, period]
        is_hole = int(period) < max(seen[code])
        if status == "late":
            assert not is_hole
            assert (as_of - dt.date(int(period), 12, 31)).days <= limit
        if status == "missing":
            assert is_hole or (as_of - dt.date(int(period), 12, 31)).days > limit
