"""Row checks that refuse, table checks that report."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from assets import table_checks
from assets.corrections import LIFTED_SCHEMA
from assets.findings import Finding, checks_table
from assets.row_checks import check_rows
from schemas.contract import empty
from schemas.tables_core import Indicators, Observations, ObservationVintages, Regions, Targets
from schemas.tables_watch import SeriesBreaks
from tests.fixtures.vintages import SCHEMA, vintage, vintages

ROWS = {**SCHEMA, "raw": pl.String()}


def indicators(**given_: Any) -> pl.DataFrame:
    base = dict.fromkeys(empty(Indicators).columns) | {
        "indicator_id": "sales", "unit": "CNY", "measure": "flow", "is_cumulative": False,
        "max_step_pct": 100.0, "stale_after_days": 550,
    }  # fmt: skip
    return pl.DataFrame([base | given_], schema=empty(Indicators).schema)


def targets(*values: float) -> pl.DataFrame:
    base = dict.fromkeys(empty(Targets).columns) | {
        "indicator_id": "sales", "region_code": "410000", "is_quantified": True,
        "value_kind": "level",
    }  # fmt: skip
    rows = [base | {"target_id": str(v), "value": v} for v in values]
    return pl.DataFrame(rows, schema=empty(Targets).schema)


def refusals(
    values: list[float], goal: list[float] | None = None, reached: list[float] | None = None,
    **about: Any,
) -> dict[int, str]:  # fmt: skip
    """source_row -> rule of the rows that are refused; every row is accepted or refused."""
    unit = about.get("unit", "CNY")
    rows = [
        vintage(i, period=str(2010 + i), value=v, unit=unit, value_printed=str(v),
                is_derived=about.get("derived", False)) | {"raw": "{}"}
        for i, v in enumerate(values, 1)
    ]  # fmt: skip
    documents = vintages(
        *(vintage(90 + i, period=str(2000 + i), value=v, source_id="documents", quality="document")
          for i, v in enumerate(reached or []))
    )  # fmt: skip
    about.pop("derived", None)
    accepted, refused = check_rows(
        pl.DataFrame(rows, schema=ROWS), indicators(**about), targets(*(goal or [])), documents, {},
        empty(SeriesBreaks), pl.DataFrame(schema=LIFTED_SCHEMA),
    )  # fmt: skip
    assert accepted.height + len(refused) == len(rows)
    assert accepted.columns == empty(ObservationVintages).columns
    assert all(r.fault.zh and r.fault.en and r.fault.remedy for r in refused)
    return {r.origin.source_row: r.fault.rule for r in refused}


def test_a_slip_of_wan_for_yi_is_refused_by_target_by_series_and_by_document() -> None:
    assert refusals([1.9e8], goal=[2.6e12]) == {1: "scale_slip"}
    assert refusals([1.1e12, 1.2e12, 1.9e8, 1.4e12]) == {3: "scale_slip"}
    assert refusals([1.9e8], reached=[1.9e12]) == {1: "scale_slip"}
    assert refusals([1.9e8, 1.7e8], goal=[2.6e12]) == {1: "scale_slip", 2: "scale_slip"}
    assert refusals([1.9e12, 2.0e20], goal=[2.6e12]) == {2: "scale_slip"}


def test_values_far_from_the_goal_but_at_home_in_their_series_stay() -> None:
    assert refusals([10.0, 12.0, 14.0, 15.0], goal=[150_000.0]) == {}
    assert refusals([1e6, 5e8], goal=[1e9]) == {}  # two and a half orders: growth, not a slip


@pytest.mark.parametrize(
    ("values", "about", "refused"),
    [
        ([130.0, 100.0], {"measure": "coverage", "unit": "percent"}, {1: "out_of_range"}),
        ([-1.0], {"plausible_min": 0.0}, {1: "out_of_range"}),
        ([7.0], {"plausible_max": 5.0}, {1: "out_of_range"}),
        ([0.0], {"measure": "rank", "unit": "rank"}, {1: "rank_below_one"}),
        ([2.5], {"unit": "count"}, {1: "not_whole"}),
        ([2.5], {"unit": "count", "derived": True}, {}),
        ([5.0, 9.0, 7.0], {"is_cumulative": True}, {3: "cumulative_fell"}),
        ([5.0, 9.0, 8.5], {"is_cumulative": True}, {}),  # within the printed precision
        # The one that contradicts most others goes, and not all that came after it.
        ([90.0, 5.0, 7.0, 9.0], {"is_cumulative": True}, {1: "cumulative_fell"}),
        ([5.0, 90.0, 7.0, 9.0], {"is_cumulative": True}, {2: "cumulative_fell"}),
        ([5.0, 0.0], {}, {}),  # zero is a figure like any other
    ],
)
def test_impossible_values_are_refused(
    values: list[float], about: dict[str, Any], refused: dict[int, str]
) -> None:
    assert refusals(values, **about) == refused


def observed(*rows: dict[str, Any]) -> pl.DataFrame:
    full = [dict.fromkeys(empty(Observations).columns) | r for r in rows]
    keep = [{k: v for k, v in r.items() if k in empty(Observations).columns} for r in full]
    return pl.DataFrame(keep, schema=empty(Observations).schema)


def test_a_jump_beyond_the_plausible_step_is_reported() -> None:
    rows = observed(
        *(vintage(i, period=str(2019 + i), value=v) for i, v in enumerate((1, 2, 5), 1))
    )
    found = list(table_checks.jumps(rows, indicators(), empty(SeriesBreaks)))
    assert [(f.rule, f.key) for f in found] == [("jump", "sales|410000|2022")]


def test_parts_that_do_not_add_up_are_reported() -> None:
    whole = indicators(indicator_id="all", whole_of="urban,rural")
    rows = [
        vintage(1, indicator_id="all", value=100.0),
        vintage(2, indicator_id="urban", value=60.0),
    ]
    fits = observed(*rows, vintage(3, indicator_id="rural", value=41.0))
    breaks = observed(*rows, vintage(3, indicator_id="rural", value=45.0))
    assert list(table_checks.parts_and_wholes(fits, whole)) == []
    assert [f.rule for f in table_checks.parts_and_wholes(breaks, whole)] == [
        "parts_differ_from_whole"
    ]


def test_a_city_larger_than_its_province_is_reported() -> None:
    regions = pl.DataFrame(
        [{"region_code": "410100", "parent_code": "410000"}, {"region_code": "410000"}],
        schema={k: v for k, v in empty(Regions).schema.items() if k.endswith("_code")},
    )
    rows = observed(vintage(1, value=10.0), vintage(2, value=12.0, region_code="410100"))
    found = list(table_checks.regions_within_regions(rows, indicators(), regions))
    assert [f.key for f in found] == ["sales|410100|2020"]
    shares = indicators(measure="rate")
    assert list(table_checks.regions_within_regions(rows, shares, regions)) == []


def test_staleness_counts_from_the_end_of_the_period() -> None:
    rows = observed(vintage(1, period="2023", published_on=dt.date(2026, 1, 1)))
    table = table_checks.freshness_table(rows, indicators(), dt.date(2025, 6, 30))
    assert table.row(0, named=True)["age_days"] == 547
    assert not table["is_stale"].item()
    later = table_checks.freshness_table(rows, indicators(), dt.date(2025, 7, 10))
    assert later["is_stale"].item()


def test_a_finding_is_published_once() -> None:
    finding = Finding("warning", "jump", "observations", "k", "中", "en", "look")
    table = checks_table([finding, finding])
    assert table.height == 1
    assert table["message_zh"].item() == "中"
