"""The evaluator's bundle: the second route finds every gap again, and every planted difference."""

import csv
import datetime as dt
import json
import math
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from assets.evaluate import evaluate_file
from assets.evidence.bundle import (
    MANIFEST,
    BundleError,
    hash_of,
    verify_bundle,
    write_bundle,
)
from assets.evidence.recompute import NEEDED, compare, recompute
from pipelines.builds import open_build, require_build
from pipelines.cli import app
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def bundle(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    build = require_build(published)
    with open_build(build) as connection:
        assert write_bundle(connection, build, published.root, target) == []
    return target


def repacked(bundle: Path, target: Path, change: Callable[[Path], None], *, honest: bool) -> Path:
    """A copy with changed members; `honest`: the manifest tells the new hashes."""
    folder = target.with_suffix("")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    change(folder)
    if honest:
        place = folder / MANIFEST
        manifest = json.loads(place.read_text(encoding="utf-8"))
        manifest["files"] = {name: hash_of(folder / name) for name in manifest["files"]}
        place.write_text(json.dumps(manifest), encoding="utf-8")
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return target


def edit_table(folder: Path, table: str, sql: str) -> None:
    path = folder / "data" / table
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS FROM read_parquet('{path}')")
        changed = connection.execute(sql).fetchall()
        assert changed != [(0,)]
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")


def test_the_second_route_finds_every_gap_again(bundle: Path) -> None:
    found = verify_bundle(bundle).comparison
    assert found.differences == []
    assert found.targets > 200
    assert {"latest_value", "gap_abs", "attainment_pct", "progress_pct", "status"} <= set(
        found.covered
    )
    assert not {*found.covered} & {*found.others}


def test_the_same_build_gives_the_same_bundle(
    bundle: Path, published: Settings, tmp_path: Path
) -> None:
    build = require_build(published)
    with open_build(build) as connection:
        write_bundle(connection, build, published.root, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


PLANTED = {
    "gap_abs": "gap_abs * 1.01",
    "attainment_pct": "attainment_pct + 0.1",
    "progress_pct": "NULL",
    "status": "'achieved_on_time'",
    "value_at_deadline": "value_at_deadline + 1",
    "first_met_year": "first_met_year - 1",
    "met_within_tolerance": "NOT met_within_tolerance",
    "recent_pace": "-recent_pace",
}


@pytest.mark.parametrize("column", sorted(PLANTED))
def test_a_planted_difference_is_found(column: str, bundle: Path, tmp_path: Path) -> None:
    where = (
        f"WHERE {column} IS NOT NULL AND {column} IS DISTINCT FROM ({PLANTED[column]})"
        f" AND target_id = (SELECT min(target_id) FROM t WHERE {column} IS NOT NULL"
        f" AND {column} IS DISTINCT FROM ({PLANTED[column]}))"
    )

    def plant(folder: Path) -> None:
        edit_table(
            folder, "gap/gap_to_goal.parquet", f"UPDATE t SET {column} = {PLANTED[column]} {where}"
        )

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    found = verify_bundle(changed).comparison.differences
    assert [d.column for d in found] == [column]


def test_a_changed_observation_is_found(bundle: Path, tmp_path: Path) -> None:
    def plant(folder: Path) -> None:
        edit_table(
            folder,
            "core/observation_vintages.parquet",
            "UPDATE t SET value = value * 10 WHERE indicator_id = 'ecommerce_transaction_value'",
        )

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    found = verify_bundle(changed).comparison.differences
    assert {"ecommerce_transaction_value"} == {d.target_id.split(":")[0] for d in found}
    assert "latest_value" in {d.column for d in found}


def test_a_row_taken_away_is_found(bundle: Path, tmp_path: Path) -> None:
    def plant(folder: Path) -> None:
        edit_table(folder, "gap/gap_to_goal.parquet", "DELETE FROM t WHERE status = 'missed'")

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    found = verify_bundle(changed).comparison.differences
    assert {d.column for d in found} == {"target_id"}


def swap(folder: Path) -> None:
    (folder / "README.txt").write_text("changed", encoding="utf-8")


def remove(folder: Path) -> None:
    (folder / "data/core/targets.parquet").unlink()


def add(folder: Path) -> None:
    (folder / "data/core/more.parquet").write_bytes(b"more")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swap, "README.txt: 与清单"),
        (remove, "targets.parquet: 缺失"),
        (add, "more.parquet: 清单中没有"),
    ],
    ids=["changed", "missing", "added"],
)
def test_a_member_that_was_tampered_with_is_named(
    change: Callable[[Path], None], words: str, bundle: Path, tmp_path: Path
) -> None:
    changed = repacked(bundle, tmp_path / "tampered.zip", change, honest=False)
    with pytest.raises(BundleError, match=words):
        verify_bundle(changed)


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "C:evil", "a\\..\\b"])
def test_a_name_that_leads_outside_is_refused(name: str, bundle: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.zip"
    shutil.copy(bundle, evil)
    with zipfile.ZipFile(evil, "a") as archive:
        archive.writestr(name, "evil")
    with pytest.raises(BundleError, match="lead outside"):
        verify_bundle(evil)
    assert not list(tmp_path.parent.glob("evil*"))


@pytest.mark.parametrize(
    "content", [b"", b"no zip at all", b"PK\x03\x04 half"], ids=["empty", "text", "cut"]
)
def test_what_is_no_bundle_is_refused_in_words(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="no whole zip file"):
        verify_bundle(path)


def test_on_the_command_line(built: Settings, tmp_path: Path) -> None:
    run = CliRunner().invoke
    place = tmp_path / "bundle.zip"
    done = run(app, ["bundle", "-o", str(place)])
    assert done.exit_code == 0, done.output
    done = run(app, ["verify", str(place)])
    assert done.exit_code == 0, done.output
    assert "不一致 different 0" in done.output
    assert "sdsn_arrow" in done.output  # what was not recomputed is named

    def plant(folder: Path) -> None:
        edit_table(folder, "gap/gap_to_goal.parquet", "UPDATE t SET gap_abs = gap_abs * 1.01")

    planted = repacked(place, tmp_path / "planted.zip", plant, honest=True)
    done = run(app, ["verify", str(planted)])
    assert done.exit_code == 1
    assert "gap_abs" in done.output
    done = run(app, ["verify", "--json", str(planted)])
    assert json.loads(done.stdout)["differences"][0]["column"] == "gap_abs"


@pytest.fixture
def tables(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that the second route reads, to be changed at will."""
    with duckdb.connect() as connection:
        path = require_build(published) / "warehouse.duckdb"
        connection.execute(f"ATTACH '{path}' AS given (READ_ONLY)")
        for name in NEEDED:
            connection.execute(f"CREATE TABLE {name.split('.')[1]} AS FROM given.{name}")
        yield connection


@pytest.mark.parametrize(
    "day", ["2016-12-31", "2018-12-31", "2020-12-31", "2022-06-30", "2024-12-31"]
)
def test_past_days_are_found_again_too(day: str, tables: duckdb.DuckDBPyConnection) -> None:
    """What was known then: goals that were issued by then, figures that were published by then."""
    tables.execute("UPDATE build SET as_of = ?", [day])
    tables.execute("DELETE FROM targets WHERE issued_on > ?", [day])
    tables.execute("USE given")
    known = tables.sql("SELECT * FROM gap_as_of(?)", params=[day]).pl()
    tables.execute("USE memory")
    tables.register("known", known)
    tables.execute("CREATE TABLE gap_to_goal AS FROM known")
    recompute(tables)
    found = compare(tables)
    assert found.differences == []
    assert found.targets > 20


YEARS = range(2014, 2022)
AS_OF = dt.date(2022, 6, 30)

cases = st.fixed_dictionaries(
    {
        "values": st.dictionaries(st.sampled_from(YEARS), st.integers(1, 400), max_size=8),
        "operator": st.sampled_from(["ge", "gt", "le", "lt", "approx"]),
        "target": st.integers(1, 400),
        "target_year": st.integers(2016, 2026),
    }
)


# A failing batch names its case: making it smaller would take minutes.
@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batch=st.lists(cases, min_size=25, max_size=60))
def test_both_routes_agree_on_series_nobody_has_seen(
    batch: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Synthetic series: the formulas (polars) and the SQL give the same for each."""
    path = tmp_path / "synthetic.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["case_id", "series", "operator", "target_value", "value_high", "target_year",
             "baseline_year", "baseline_value", "ceiling", "as_of", "tolerance"]
        )  # fmt: skip
        for number, case in enumerate(batch):
            start = 2015 if 2015 in case["values"] else None
            series = json.dumps(sorted(case["values"].items()))
            writer.writerow(
                [number, series, case["operator"], case["target"], "", case["target_year"],
                 start or "", case["values"][start] if start else "", "", AS_OF, 0.5]
            )  # fmt: skip
    first = {int(r["case_id"]): r for r in evaluate_file(path)}
    second = by_sql(batch)
    for number, case in enumerate(batch):
        one, two = first[number], second[number]
        assert "error" not in one
        for column in ("latest_value", "gap_abs", "gap_pct", "attainment_pct", "progress_pct",
                       "time_elapsed_pct", "schedule_gap_pp", "expected_value", "lead_years",
                       "pace_ratio", "cagr_actual", "cagr_required", "recent_pace",
                       "required_pace", "accel_factor", "first_met_year", "value_at_deadline",
                       "shortfall_at_deadline", "late_years", "status"):  # fmt: skip
            a, b = one[column], two[column]
            if isinstance(a, float) and b is not None:
                assert math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9), (column, case, a, b)
            else:
                assert a == b, (column, case, a, b)


def by_sql(batch: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The second route on a small database of the same cases."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE build AS SELECT ?::DATE AS as_of", [AS_OF])
        connection.execute(
            "CREATE TABLE series_breaks (indicator_id VARCHAR, starts_on DATE);"
            "CREATE TABLE indicators (indicator_id VARCHAR, measure VARCHAR);"
            "CREATE TABLE observation_vintages (observation_id VARCHAR, indicator_id VARCHAR,"
            " region_code VARCHAR, period VARCHAR, period_type VARCHAR, period_end DATE,"
            " value DOUBLE, bound VARCHAR, tolerance DOUBLE, quality VARCHAR, published_on DATE,"
            " source_id VARCHAR, retrieved_at TIMESTAMP, source_row BIGINT);"
            "CREATE TABLE targets (target_id VARCHAR, indicator_id VARCHAR, region_code VARCHAR,"
            " operator VARCHAR, value DOUBLE, value_high DOUBLE, value_kind VARCHAR, year BIGINT,"
            " is_quantified BOOLEAN, reference_year BIGINT, start_year BIGINT,"
            " baseline_year BIGINT, tolerance DOUBLE)"
        )
        for number, case in enumerate(batch):
            name = str(number)
            # A baseline is looked for only where the first route was given one.
            start = 2015 if 2015 in case["values"] else 1900
            connection.execute("INSERT INTO indicators VALUES (?, 'stock')", [name])
            connection.execute(
                "INSERT INTO targets VALUES (?, ?, 'x', ?, ?, NULL, 'level', ?, true, NULL, NULL,"
                " ?, 0.5)",
                [name, name, case["operator"], case["target"], case["target_year"], start],
            )
            for year, value in case["values"].items():
                connection.execute(
                    "INSERT INTO observation_vintages VALUES (?, ?, 'x', ?, 'annual', ?, ?,"
                    " 'exact', 0.5, 'official', ?, 'synthetic', ?, 1)",
                    [f"{name}:{year}", name, str(year), dt.date(year, 12, 31), value,
                     dt.date(year, 12, 31), AS_OF],
                )  # fmt: skip
        recompute(connection)
        cursor = connection.execute("SELECT * FROM recomputed")
        names = [d[0] for d in cursor.description or []]
        return {int(r[0]): dict(zip(names, r, strict=True)) for r in cursor.fetchall()}
