"""The benchmark of scale on a tiny synthetic panel: what it counts and compares, never times."""

import importlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.panel.stage import Stage
from benchmarks import measure, scale
from benchmarks.plot import draw
from benchmarks.profiling import profiled
from benchmarks.synthetic import Panel

TINY = Panel(indicators=2, cities=0, counties=10)


def here(function: str, **arguments: Any) -> dict[str, Any]:
    """A stage in this process: starting an interpreter for each takes most of the time."""
    module, _, name = function.partition(":")
    answer: dict[str, Any] = getattr(importlib.import_module(module), name)(**arguments)
    return answer | {"peak_mb": measure.peak_mb()}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def size(work: Path) -> dict[str, Any]:
    found = scale.one_size(TINY, work, 10_000, here)
    json.dumps(found)
    return found


def rows_of(size: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["stage"]: row for row in size["stages"]}


def test_every_stage_is_measured_with_the_same_keys(size: dict[str, Any]) -> None:
    assert [row["stage"] for row in size["stages"]] == list(scale.LABELS)
    for row in size["stages"]:
        assert set(row) == {
            "stage", "seconds", "rows", "rows_per_second", "peak_mb", "ratio", "against", "more",
        }  # fmt: skip
        assert row["seconds"] > 0
        assert row["peak_mb"] > 0
        assert (row["ratio"] is None) == (row["stage"] not in scale.COMPARED)
    assert {tuple(row) for row in size["targets"]} == {("target", "measured", "limit", "met")}
    assert size["targets"][-1]["met"] is None  # pandas: not at this size


def test_every_row_is_accepted_or_refused_and_every_stage_covers_them(
    size: dict[str, Any],
) -> None:
    rows = rows_of(size)
    landed, more = rows["generate"]["rows"], rows["contracts"]["more"]
    assert size["observations"] == landed
    assert landed == more["accepted"] + more["rejected"]
    assert more["rejected"] > 0
    whole = ("landing", "contracts", "scan_duckdb", "scan_polars", "night_first", "night_again",
             "publish", "copy", "pandas")  # fmt: skip
    assert {rows[stage]["rows"] for stage in whole} == {landed}
    assert {rows[stage]["rows"] for stage in ("record", "gaps", "sort")} == {more["accepted"]}
    assert rows["night_first"]["more"]["rejected"] == more["rejected"]
    assert rows["publish"]["more"]["same_as_the_night"]
    assert rows["query_scan"]["rows"] == rows["record"]["more"]["records"]


def test_nights_compute_what_changed(size: dict[str, Any]) -> None:
    rows = rows_of(size)
    computed = {stage: rows[stage]["more"] for stage in rows if stage.startswith("night")}
    assert computed["night_first"]["computed"] == TINY.indicators
    assert (computed["night_again"]["computed"], computed["night_again"]["published"]) == (0, False)
    assert computed["night_increment"]["computed"] == 1
    assert 0 < computed["night_increment"]["share_of_rows"] < 1


def test_pandas_runs_the_same_chain(tmp_path: Path) -> None:
    arguments = {"work": str(tmp_path), "panel": asdict(TINY)}
    done = {
        stage: here(f"benchmarks.stages:{stage}", **arguments)
        for stage in ("generate", "night_first", "pandas")
    }
    for count in ("rows", "rejected"):
        assert done["pandas"][count] == done["night_first"][count] > 0

    def both(table: str, key: list[str]) -> pl.DataFrame:
        ours = pl.read_parquet(
            sorted(Stage(tmp_path / "stage").results.glob(f"*/*/{table}.parquet")),
            hive_partitioning=False,
        )
        theirs = pl.read_parquet(sorted((tmp_path / "pandas").glob(f"*/{table}.parquet")))
        found = ours.join(theirs, on=key, suffix="_pandas", validate="1:1")
        assert found.height == ours.height == theirs.height > 0
        return found

    def alike(found: pl.DataFrame, name: str, *, where_ours: bool = False) -> None:
        known = found.drop_nulls(name) if where_ours else found
        assert known[name].drop_nulls().len() > 0
        assert_frame_equal(
            known.select(name), known.select(pl.col(f"{name}_pandas").alias(name)), rel_tol=1e-9
        )

    gaps = both("gap_to_goal", ["target_id"])
    assert gaps.height == TINY.indicators * TINY.regions.height
    for name in ("latest_value", "attainment_pct", "gap_abs", "gap_pct"):
        assert gaps[name].null_count() == 0
        alike(gaps, name)
    # Where the pipeline sees no progress to speak of (the baseline meets the goal), pandas does.
    for name in ("progress_pct", "schedule_gap_pp", "expected_value", "required_pace",
                 "cagr_actual", "cagr_required"):  # fmt: skip
        alike(gaps, name, where_ours=True)

    records = both("observations", ["indicator_id", "region_code", "period", "period_type"])
    assert records["vintage_count"].max() == 2
    for name in ("observation_id", "value", "vintage_count", "is_conflict", "max_difference_pct"):
        alike(records, name)
    assert records["beaten"].null_count() == records["beaten_pandas"].null_count()


def test_the_generator_is_deterministic_and_says_that_it_is_synthetic() -> None:
    rows = TINY.observations(1)
    assert_frame_equal(rows, Panel(**asdict(TINY)).observations(1))
    assert_frame_equal(TINY.targets(1), Panel(**asdict(TINY)).targets(1))
    assert not rows.equals(replace(TINY, seed=1).observations(1))
    assert rows["indicator_id"].str.starts_with("synthetic_").all()
    assert set(rows["source_id"]) == {"synthetic"}
    assert TINY.regions["name_en"].str.starts_with("Synthetic").all()
    assert TINY.documents["title_zh"].str.starts_with("合成").all()


@pytest.mark.parametrize("asked", [1_000, 50_000, 500_000, 10_000_000])
def test_panels_have_about_the_size_asked_for(asked: int) -> None:
    panel = scale.panel_of(asked)
    assert panel.indicators >= 2
    assert panel.indicators * panel.rows_an_indicator == pytest.approx(asked, rel=0.2)


def test_exponents_and_picture_of_two_sizes(size: dict[str, Any], tmp_path: Path) -> None:
    larger = json.loads(json.dumps(size)) | {"observations": 10 * size["observations"]}
    for row in larger["stages"]:
        row["seconds"] *= 100 if row["stage"] == "gaps" else 10
    found = {row["stage"]: row for row in scale.exponents([size, larger])}
    assert found["contracts"]["exponent"] == pytest.approx(1.0)
    assert found["contracts"]["met"]
    assert found["gaps"]["exponent"] == pytest.approx(2.0)
    assert not found["gaps"]["met"]
    svg, png = draw([size, larger], tmp_path / "scale.svg")
    assert "合成数据 synthetic data" in svg.read_text(encoding="utf-8")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_stage_in_its_own_interpreter_and_the_report(tmp_path: Path) -> None:
    found = measure.measured(
        "benchmarks.stages:generate", work=str(tmp_path), panel=asdict(TINY)
    )  # fmt: skip
    assert found["rows"] == sum(part.height for part in TINY.all_observations())
    assert found["peak_mb"] > 0
    with pytest.raises(RuntimeError, match="no_such_stage"):
        measure.measured("benchmarks.stages:no_such_stage")


def test_the_profile_names_the_projects_functions(tmp_path: Path) -> None:
    text = profiled(replace(TINY, indicators=1), tmp_path)
    assert "judge_rows (assets/row_checks.py" in text
    assert "observations_table (assets/record.py" in text
    assert "(assets/metrics/" in text
