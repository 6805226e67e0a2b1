"""Nothing is compared across a scope break, and every level stands. All values are synthetic."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets import table_checks
from assets.breaks import scope_breaks, with_segment
from assets.corrections import LIFTED_SCHEMA
from assets.metrics.engine import compute
from assets.metrics.gap import GOAL_COLUMNS, SERIES_COLUMNS, gap_metrics, history_metrics
from assets.row_checks import check_rows
from schemas.contract import Table, empty
from schemas.tables_core import (
    Documents,
    Indicators,
    Observations,
    Regions,
    Targets,
    TargetSources,
)
from schemas.tables_watch import SeriesBreaks
from tests.fixtures.gaps import gaps_as_of
from tests.fixtures.small_tables import DOCUMENT, HENAN, RACKS, RACKS_TARGET, rows
from tests.fixtures.vintages import SCHEMA, vintage, vintages

LEVELS = ["gap_abs", "gap_pct", "attainment_pct", "latest_value", "met_latest", "first_met_year",
          "required_pace", "value_at_deadline"]  # fmt: skip
COMPARED = ["progress_pct", "schedule_gap_pp", "expected_value", "expected_gap", "lead_years",
            "pace_ratio", "cagr_actual", "cagr_ratio", "eurostat_ratio", "unsd_share",
            "escap_csi", "sdsn_share"]  # fmt: skip
TEXT = ("goal_id", "operator", "value_kind", "baseline_kind", "pool")


def breaks(*periods: str, indicator: str = "sales") -> pl.DataFrame:
    made = [
        {"indicator_id": indicator, "period": p, "starts_on": dt.date(int(p[:4]), 1, 1),
         "note_zh": "合成口径变动", "note_en": "synthetic break"}
        for p in periods
    ]  # fmt: skip
    return rows(SeriesBreaks, *made)


def asked(
    points: list[tuple[int, float, int]],
    what: Any = gap_metrics,
    **about: Any,
) -> pl.DataFrame:
    """The metrics of one synthetic goal over (year, value, segment)."""
    schema = {
        name: pl.String if name in TEXT
        else pl.Boolean if name in ("is_quantified", "scope_matches") else pl.Float64
        for name in GOAL_COLUMNS
    }  # fmt: skip
    goal = dict.fromkeys(schema) | {
        "goal_id": "g", "operator": "ge", "value_kind": "level", "value": 200.0,
        "target_year": 2025.0, "baseline_year": 2015.0, "tolerance": 0.0, "as_of_t": 2022.0,
        "is_quantified": True, "scope_matches": True,
    }  # fmt: skip
    series = [
        {"goal_id": "g", "t": float(t), "year": float(t), "value": v, "bound": "exact",
         "segment": float(s)}
        for t, v, s in points
    ]  # fmt: skip
    types = {n: pl.String if n in ("goal_id", "bound") else pl.Float64 for n in SERIES_COLUMNS}
    return compute(what, pl.DataFrame([goal | about], schema), pl.DataFrame(series, types))


def reasons(row: dict[str, Any]) -> dict[str, str]:
    return dict(part.split("=") for part in row["null_reason"].split("; "))


# --- segments ---------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(2010, 2030), max_size=4, unique=True),
    st.lists(st.integers(2009, 2031), max_size=8),
)
def test_a_segment_counts_the_breaks_up_to_the_end_of_the_period(
    broken: list[int], years: list[int]
) -> None:
    frame = pl.DataFrame(
        {"indicator_id": ["sales"] * len(years), "period_end": [dt.date(y, 12, 31) for y in years]},
        schema={"indicator_id": pl.String, "period_end": pl.Date},
    )
    found = with_segment(frame, breaks(*map(str, broken)))
    assert found.drop("segment").equals(frame)
    assert found["segment"].to_list() == [sum(b <= y for b in broken) for y in years]
    assert with_segment(frame, breaks("2010", indicator="another"))["segment"].sum() == 0


def test_a_day_before_the_break_belongs_to_the_old_scope() -> None:
    frame = pl.DataFrame(
        {"indicator_id": ["sales"] * 3,
         "period_end": [dt.date(2020, 12, 31), dt.date(2021, 1, 31), dt.date(2020, 6, 30)]}
    )  # fmt: skip
    assert with_segment(frame, breaks("2021"))["segment"].to_list() == [0, 1, 0]


# --- metrics ----------------------------------------------------------------------------------


def test_across_a_break_levels_stand_and_nothing_is_compared() -> None:
    old_to_new = [(2015, 50.0, 0), (2017, 60.0, 0), (2019, 140.0, 1), (2021, 150.0, 1)]
    row = asked(old_to_new).row(0, named=True)
    whole = asked([(t, v, 0) for t, v, _ in old_to_new]).row(0, named=True)
    assert {k: row[k] for k in LEVELS} == {k: whole[k] for k in LEVELS}
    assert {k: row[k] for k in COMPARED} == dict.fromkeys(COMPARED)
    assert row["escap_class"] is None
    assert row["is_across_break"]
    assert (row["status"], row["status_reason"]) == ("insufficient_data", "baseline_across_break")
    assert reasons(row) | {
        "progress_pct": "scope_break", "pace_ratio": "scope_break", "lead_years": "scope_break",
        "cagr_ratio": "scope_break",
    } == reasons(row)  # fmt: skip
    assert row["recent_pace"] == 5.0  # (150 - 140) / 2: within the newest segment alone
    assert row["accel_factor"] == pytest.approx((50 / 4) / 5)


def test_one_observation_since_the_break_has_no_pace_and_says_why() -> None:
    row = asked([(2015, 50.0, 0), (2017, 60.0, 0), (2021, 150.0, 1)]).row(0, named=True)
    assert row["recent_pace"] is None
    assert row["accel_factor"] is None
    assert reasons(row)["recent_pace"] == "scope_break"
    assert reasons(row)["accel_factor"] == "scope_break"


def test_a_goal_met_across_a_break_is_met() -> None:
    row = asked([(2015, 50.0, 0), (2021, 250.0, 1)]).row(0, named=True)
    assert (row["status"], row["trend_flag"]) == ("achieved", None)
    closed = asked([(2015, 50.0, 0), (2025, 150.0, 1)]).row(0, named=True)
    assert (closed["status"], closed["shortfall_at_deadline"]) == ("missed", 50.0)


def test_a_break_before_the_baseline_changes_nothing() -> None:
    points = [(2010, 9.0, 0), (2015, 50.0, 1), (2017, 60.0, 1), (2021, 150.0, 1)]
    row = asked(points).row(0, named=True)
    unbroken = asked([(t, v, 0) for t, v, _ in points]).row(0, named=True)
    assert {k: row[k] for k in COMPARED} == {k: unbroken[k] for k in COMPARED}
    assert row["recent_pace"] != unbroken["recent_pace"]  # the step from 2010 is not taken
    assert not row["is_across_break"]


def test_the_yardsticks_judge_the_last_value_up_to_the_deadline_on_its_own_scope() -> None:
    row = asked([(2015, 50.0, 0), (2024, 150.0, 0), (2026, 20.0, 1)], as_of_t=2027.0)
    assert row["sdsn_share"].item() == pytest.approx((100 / 9) / (150 / 10))
    assert row["progress_pct"].to_list() == [None]


def test_a_documented_baseline_of_the_old_scope_is_not_compared_either() -> None:
    points = [(2019, 140.0, 1), (2021, 150.0, 1)]
    given_ = {"baseline_value": 50.0, "baseline_kind": "documented"}
    assert asked(points, **given_, baseline_segment=0.0)["progress_pct"].to_list() == [None]
    assert asked(points, **given_, baseline_segment=1.0)["progress_pct"].to_list() != [None]


@pytest.mark.parametrize(
    ("kind", "value"), [("multiple", 2.0), ("increment", 50.0), ("growth", 9.0)]
)
def test_a_figure_that_refers_to_another_scope_is_unknown(kind: str, value: float) -> None:
    about = {"value_kind": kind, "value": value, "reference_year": 2015.0}
    row = asked([(2015, 50.0, 0), (2021, 150.0, 1)], **about).row(0, named=True)
    assert row["resolved_target"] is None
    assert row["gap_abs"] is None
    assert row["latest_value"] == 150.0
    assert (row["status"], row["status_reason"]) == ("insufficient_data", "reference_across_break")
    assert reasons(row)["gap_abs"] == "scope_break"
    history = asked([(2015, 50.0, 0), (2021, 150.0, 1)], history_metrics, **about)
    assert history.sort("t")["gap_abs"].null_count() == 2


def test_a_verdict_that_fell_before_the_break_stays() -> None:
    """Twice 2015 by 2020, reached in 2020; the scope of 2023 has nothing to say of it."""
    about = {"value_kind": "multiple", "value": 2.0, "reference_year": 2015.0,
             "target_year": 2020.0, "as_of_t": 2024.0}  # fmt: skip
    points = [(2015, 50.0, 0), (2020, 100.0, 0), (2023, 20.0, 1)]
    row = asked(points, **about).row(0, named=True)
    assert (row["status"], row["resolved_target"]) == ("achieved_on_time", 100.0)
    assert (row["t"], row["latest_value"]) == (2020.0, 100.0)  # the latest comparable one
    history = asked(points, history_metrics, **about).sort("t")
    assert history["gap_abs"].to_list() == [50.0, 0.0, None]
    assert history["is_met"].to_list() == [False, True, False]


points_of_two_scopes = st.lists(
    st.tuples(st.integers(2012, 2025), st.floats(1.0, 1e6)), min_size=1, max_size=7,
    unique_by=lambda p: p[0],
).map(sorted)  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(points_of_two_scopes, st.integers(2013, 2025), st.floats(0.1, 10.0))
def test_the_old_scope_may_be_anything_without_touching_pace_and_progress(
    points: list[tuple[int, float]], broken: int, factor: float
) -> None:
    """Multiplying all values before the break changes nothing that compares two values."""
    marked = [(t, v, int(t >= broken)) for t, v in points]
    scaled = [(t, v * (1.0 if s else factor), s) for t, v, s in marked]
    ours, theirs = (asked(p).row(0, named=True) for p in (marked, scaled))
    if marked[-1][2] == 1:  # the latest value lies behind the break
        for name in ("recent_pace", "gap_abs", "attainment_pct", "required_pace", "latest_value"):
            wanted = theirs[name]
            if isinstance(wanted, float):
                wanted = pytest.approx(wanted, rel=1e-12)
            assert ours[name] == wanted, name
        if ours["is_across_break"]:
            assert [ours[k] for k in COMPARED] == [theirs[k] for k in COMPARED] == [None] * 12


# --- tables -----------------------------------------------------------------------------------


def gaps(values: dict[str, float], *broken: str, **target: Any) -> dict[str, pl.DataFrame]:
    """The gap tables of one synthetic goal, with breaks in the given years."""
    target_id = str(RACKS_TARGET["target_id"])
    source = {
        "target_id": target_id, "source_no": 1, "source_id": "000-010", "kind": "statement",
        "document_id": DOCUMENT["document_id"], "printed": "7万架", "title": "t",
        "published_on": dt.date(2017, 12, 31), "quality": "document",
    }  # fmt: skip
    register = {
        "documents": rows(Documents, DOCUMENT), "regions": rows(Regions, HENAN),
        "indicators": rows(Indicators, RACKS | {"measure": target.pop("measure", "stock")}),
        "targets": rows(Targets, RACKS_TARGET | target),
        "target_sources": rows(TargetSources, source),
        "series_breaks": breaks(*broken, indicator="data_centre_racks_total"),
    }  # fmt: skip
    observed = vintages(
        *(vintage(i, indicator_id="data_centre_racks_total", period=p, value=v, unit="racks")
          for i, (p, v) in enumerate(values.items()))
    )  # fmt: skip
    return gaps_as_of(register, observed, dt.date(2021, 6, 30))


SYNTHETIC = {"2016": 10_000.0, "2018": 20_000.0, "2019": 50_000.0, "2020": 60_000.0}


def test_the_tables_say_where_the_scope_changed() -> None:
    made = gaps(SYNTHETIC, "2019")
    row = made["gap_to_goal"].row(0, named=True)
    assert (row["status"], row["gap_abs"]) == ("missed", 10_000.0)
    assert row["is_across_break"]
    assert row["progress_pct"] is None
    assert row["recent_pace"] == 10_000.0
    history = made["gap_history"].sort("obs_year")
    assert history["segment"].to_list() == [0, 0, 1, 1]
    assert history["is_after_break"].to_list() == [False, False, True, False]
    assert history["attainment_pct"].null_count() == 0
    assert history["progress_pct"].is_null().to_list() == [False, False, True, True]
    unbroken = gaps(SYNTHETIC)["gap_to_goal"].row(0, named=True)
    assert unbroken["progress_pct"] is not None
    assert not unbroken["is_across_break"]


@pytest.mark.parametrize(
    ("broken", "has_progress"), [("2019", False), ("2016", True), (None, True)]
)
def test_a_sum_that_mixes_two_scopes_has_a_level_and_no_progress(
    broken: str | None, has_progress: bool
) -> None:
    flows = {"2017": 10_000.0, "2018": 20_000.0, "2019": 20_000.0}
    about = {"value_kind": "cumulative", "start_year": 2017, "measure": "flow"}
    made = gaps(flows, *([broken] if broken else []), **about)
    row = made["gap_to_goal"].row(0, named=True)
    assert row["latest_value"] == 50_000.0
    assert (row["progress_pct"] is not None) is has_progress


# --- checks -----------------------------------------------------------------------------------


def observed(*records: dict[str, Any]) -> pl.DataFrame:
    return rows(Observations, *(r | {"vintage_count": 1, "is_conflict": False,
                                     "first_published_on": r["published_on"]}
                                for r in records))  # fmt: skip


def indicators(**about: Any) -> pl.DataFrame:
    base = {"indicator_id": "sales", "measure": "stock", "unit": "CNY", "max_step_pct": 100.0,
            "is_cumulative": False, "stale_after_days": 550}  # fmt: skip
    return rows(Indicators, base | about)


def test_a_jump_at_a_break_is_a_break_and_one_elsewhere_is_suspected() -> None:
    values = zip(range(2018, 2023), (1.0, 2.0, 8.0, 9.0, 40.0), strict=True)
    made = observed(*(vintage(y, period=str(y), value=v) for y, v in values))
    plain = table_checks.jumps(made, indicators(), empty(SeriesBreaks))
    assert [f.key for f in plain] == ["sales|410000|2020", "sales|410000|2022"]
    [left] = table_checks.jumps(made, indicators(), breaks("2020"))
    assert (left.severity, left.key) == ("warning", "sales|410000|2022")
    assert "`breaks` of sales" in left.remedy
    [found] = scope_breaks(made, breaks("2020"))
    assert (found.severity, found.rule, found.key) == ("info", "scope_break", "sales|410000|2020")
    assert "+300.0 %" in found.en
    assert "合成口径变动" in found.zh


def test_a_break_with_values_on_one_side_only_is_no_finding() -> None:
    made = observed(vintage(1, period="2018"), vintage(2, period="2019"))
    for period in ("2018", "2020"):
        assert list(scope_breaks(made, breaks(period))) == []
    assert len(list(scope_breaks(made, breaks("2019")))) == 1


def test_values_of_one_type_are_compared_the_annual_ones_if_there_are_any() -> None:
    about = {"period_type": "year_to_date"}
    made = observed(
        vintage(1, period="2018", value=100.0), vintage(2, period="2019", value=150.0),
        vintage(3, period="2018-06", value=10.0, **about),
        vintage(4, period="2019-06", value=90.0, **about),
    )  # fmt: skip
    [found] = scope_breaks(made, breaks("2019"))
    assert "+50.0 %" in found.en


def test_a_cumulative_stock_may_fall_where_its_scope_changes() -> None:
    made = [
        vintage(y, period=str(y), value=v) | {"raw": "{}"}
        for y, v in ((2018, 50.0), (2019, 60.0), (2020, 20.0), (2021, 30.0))
    ]
    frame = pl.DataFrame(made, schema={**SCHEMA, "raw": pl.String()})

    def refused(*broken: str) -> int:
        nothing: type[Table] = Targets
        _, gone = check_rows(
            frame, indicators(is_cumulative=True), empty(nothing), vintages(), {},
            breaks(*broken), pl.DataFrame(schema=LIFTED_SCHEMA),
        )  # fmt: skip
        return len(gone)

    assert refused() > 0
    assert refused("2020") == 0
