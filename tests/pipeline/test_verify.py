"""The evaluator's bundle: the second route finds every gap again, and every planted difference."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from assets.evidence.archive import MANIFEST, BundleError, hash_of
from assets.evidence.bundle import write_bundle
from assets.evidence.recompute import NEEDED, PAIRS, Pair, compare, recompute
from assets.evidence.verify import verify_bundle
from pipelines.builds import open_build, require_build
from pipelines.cli import app
from pipelines.settings import Settings

GAPS = PAIRS[:1]


@pytest.fixture(scope="module")
def bundle(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    with open_build(require_build(published)) as connection:
        assert write_bundle(connection, published.root, target) == []
    return target


@pytest.fixture
def tables(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the second route reads and is compared with, to be changed at will."""
    with duckdb.connect() as connection:
        path = require_build(published) / "warehouse.duckdb"
        connection.execute(f"ATTACH '{path}' AS given (READ_ONLY)")
        for name in NEEDED:
            connection.execute(f"CREATE TABLE {name.split('.')[1]} AS FROM given.{name}")
        yield connection


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


def test_the_second_route_finds_every_value_again(bundle: Path, published: Settings) -> None:
    found = verify_bundle(bundle)
    assert found.comparison.differences == []
    assert found.other_sql == ()
    with open_build(require_build(published)) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {pair.published}").fetchall()[0][0]
            for pair in PAIRS
        ]
        targets, superseded = connection.execute(
            "SELECT count(*), count(superseded_by) FROM core.targets"
        ).fetchall()[0]
    assert [t.rows for t in found.comparison.tables] == counts
    assert counts[0] == targets
    assert superseded > 0


def test_what_is_not_recomputed_and_what_has_no_value_is_named(bundle: Path) -> None:
    """Nothing is left out silently: a new column must be recomputed or named here."""
    gaps, history, record = verify_bundle(bundle).comparison.tables
    assert set(gaps.others) == {
        "path_kind", "status_previous", "status_changed_at", "null_reason", "method_version",
    }  # fmt: skip
    assert history.others == ()
    assert set(record.others) == {
        "first_published_on",
        "vintage_count",
        "beaten",
        "max_difference_pct",
        "is_conflict",
    }
    # No goal without a figure has comparable values yet; no goal that was met erodes.
    assert gaps.all_null == ("istat_class", "trend_flag")
    assert history.all_null == record.all_null == ()


def test_the_same_build_gives_the_same_bundle(
    bundle: Path, published: Settings, tmp_path: Path
) -> None:
    with open_build(require_build(published)) as connection:
        write_bundle(connection, published.root, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_an_evaluator_needs_nothing_but_duckdb(bundle: Path, tmp_path: Path) -> None:
    """What verify.sql of the bundle says, before and after a figure was changed."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path)
    script = (tmp_path / "verify.sql").read_text(encoding="utf-8")

    def run() -> list[tuple[object, ...]]:
        with duckdb.connect() as connection:
            connection.execute(f"SET file_search_path = '{tmp_path}'")
            return connection.execute(script).fetchall()

    assert run() == []
    sql = "UPDATE t SET gap_pct = gap_pct + 1 WHERE gap_pct = (SELECT max(gap_pct) FROM t)"
    edit_table(tmp_path, "gap/gap_history.parquet", sql)
    assert {row[:1] + row[2:3] for row in run()} == {("gap_history", "gap_pct")}


# How a value of each type is changed, and what takes the place of a missing one.
CHANGES = {
    "DOUBLE": ("{column} * (1 + 1e-8)", "0.0"),
    "BIGINT": ("{column} + 1", "0"),
    "BOOLEAN": ("NOT {column}", "false"),
    "DATE": ("{column} + 1", "DATE '2020-01-01'"),
    "VARCHAR": ("{column} || '?'", "''"),
}


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.recomputed for pair in PAIRS])
def test_a_planted_difference_is_found_in_every_column(
    pair: Pair, tables: duckdb.DuckDBPyConnection
) -> None:
    """In each covered column one value is changed, and one that is missing gets a value."""
    recompute(tables)
    (columns,) = compare(tables, (pair,)).tables
    assert columns.covered
    table, key = columns.table, f"concat_ws('|', {', '.join(pair.key)})"
    types = {name: kind for name, kind, *_ in tables.execute(f"DESCRIBE {table}").fetchall()}
    planted = set()
    for column in columns.covered:
        for known, change in zip(("IS NOT NULL", "IS NULL"), CHANGES[types[column]], strict=True):
            value = change.format(column=f'"{column}"')
            where = f'"{column}" {known} AND "{column}" IS DISTINCT FROM ({value})'
            ((name,),) = tables.execute(f"SELECT min({key}) FROM {table} WHERE {where}").fetchall()
            if name is not None:
                tables.execute(f'UPDATE {table} SET "{column}" = {value} WHERE {key} = ?', [name])
                planted.add((name, column))
    assert {column for _, column in planted} == set(columns.covered)
    assert {(d.key, d.column) for d in compare(tables, (pair,)).differences} == planted


PLANTED = {
    "a gap one percent wider": ("gap_abs", "gap_abs * 1.01", "gap_abs <> 0"),
    "another verdict": ("status", "'achieved_on_time'", "status = 'missed'"),
    "a number for no data": ("attainment_pct", "0", "status = 'no_data'"),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_only_the_recomputation_finds_what_fits_the_hashes(
    name: str, bundle: Path, tmp_path: Path
) -> None:
    column, value, where = PLANTED[name]
    sql = (
        f"UPDATE t SET {column} = {value}"
        f" WHERE target_id = (SELECT min(target_id) FROM t WHERE {where})"
    )

    def plant(folder: Path) -> None:
        edit_table(folder, "gap/gap_to_goal.parquet", sql)

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    (found,) = verify_bundle(changed).comparison.differences
    assert (found.table, found.column) == ("gap_to_goal", column)
    if column == "gap_abs":
        assert found.difference == pytest.approx(found.recomputed - found.published, rel=1e-6)


def test_a_changed_observation_is_found(bundle: Path, tmp_path: Path) -> None:
    def plant(folder: Path) -> None:
        edit_table(
            folder,
            "core/observation_vintages.parquet",
            "UPDATE t SET value = value * 10 WHERE indicator_id = 'ecommerce_transaction_value'",
        )

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    found = verify_bundle(changed).comparison.differences
    assert {re.split("[:|]", d.key)[0] for d in found} == {"ecommerce_transaction_value"}
    assert {d.table for d in found} == {"gap_to_goal", "gap_history", "observations"}
    assert "latest_value" in {d.column for d in found}


@pytest.mark.parametrize("table", ["gap/gap_to_goal", "gap/gap_history", "core/observations"])
def test_a_row_taken_away_is_found(table: str, bundle: Path, tmp_path: Path) -> None:
    def plant(folder: Path) -> None:
        edit_table(folder, f"{table}.parquet", "DELETE FROM t WHERE rowid = 0")

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    (found,) = verify_bundle(changed).comparison.differences
    assert (found.table, found.column) == (table.split("/")[1], "row")
    assert (found.published, found.recomputed) == (False, True)


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


def test_the_sql_of_a_bundle_is_named_where_it_differs_and_never_run(
    bundle: Path, tmp_path: Path
) -> None:
    def plant(folder: Path) -> None:
        (folder / "sql/1_record.sql").write_text("DROP TABLE targets;", encoding="utf-8")

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    found = verify_bundle(changed)
    assert found.other_sql == ("sql/1_record.sql",)
    assert found.comparison.differences == []


def test_the_constants_of_a_bundle_are_for_duckdb_alone_and_never_used(
    bundle: Path, tmp_path: Path
) -> None:
    def plant(folder: Path) -> None:
        edit_table(folder, "constants/students_t.parquet", "UPDATE t SET quantile = 3 * quantile")

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    assert verify_bundle(changed).comparison.differences == []


def test_tables_of_another_build_than_the_manifest_says_are_refused(
    bundle: Path, tmp_path: Path
) -> None:
    def plant(folder: Path) -> None:
        edit_table(folder, "meta/build.parquet", "UPDATE t SET as_of = as_of - 1")

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    with pytest.raises(BundleError, match="of another build"):
        verify_bundle(changed)


@pytest.mark.parametrize("sql", ["ALTER TABLE t DROP tolerance", "ALTER TABLE t RENAME value TO v"])
def test_a_table_without_its_columns_is_refused_in_words(
    sql: str, bundle: Path, tmp_path: Path
) -> None:
    def plant(folder: Path) -> None:
        edit_table(folder, "core/targets.parquet", sql)

    changed = repacked(bundle, tmp_path / "planted.zip", plant, honest=True)
    with pytest.raises(BundleError, match="not as it should be"):
        verify_bundle(changed)


def test_a_packed_again_folder_with_entries_for_its_folders_is_the_same_bundle(
    bundle: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "unpacked")
    again = shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path / "unpacked")
    assert any(name.endswith("/") for name in zipfile.ZipFile(again).namelist())
    assert verify_bundle(Path(again)).comparison.differences == []


def test_on_the_command_line(built: Settings, tmp_path: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["bundle"])
    assert done.exit_code == 0, done.output
    (place,) = built.exports.glob("duibiao-bundle-*.zip")
    for arguments in (["verify", str(place)], ["verify"]):
        done = run(app, arguments)
        assert done.exit_code == 0, done.output
        assert "不一致 different 0" in done.output
        assert "status_changed_at" in done.output  # what was not recomputed is named
        assert "trend_flag" in done.output  # and what has no value
    answer = json.loads(run(app, ["verify", "--json", str(place)]).stdout)
    assert answer["differences"] == []
    assert [t["table"] for t in answer["tables"]] == ["gap_to_goal", "gap_history", "observations"]

    def plant(folder: Path) -> None:
        edit_table(folder, "gap/gap_to_goal.parquet", "UPDATE t SET gap_abs = gap_abs * 1.01")

    planted = repacked(place, tmp_path / "planted.zip", plant, honest=True)
    done = run(app, ["verify", str(planted)])
    assert done.exit_code == 1
    assert "gap_abs" in done.output
    done = run(app, ["verify", "--json", str(planted)])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["differences"][0]["column"] == "gap_abs"

    tampered = repacked(place, tmp_path / "tampered.zip", swap, honest=False)
    done = run(app, ["verify", str(tampered)])
    assert done.exit_code == 1
    assert "README.txt" in done.output
    done = run(app, ["verify", "--json", str(tampered)])
    assert "README.txt" in json.loads(done.stdout)["problems"][0]
    assert run(app, ["verify", str(tmp_path / "none.zip")]).exit_code == 2


def test_the_published_file_itself_is_verified(built: Settings) -> None:
    """Not the Parquet that a run lays beside it: that is another file."""
    file = require_build(built) / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE gap.gap_to_goal SET gap_abs = gap_abs + 1 WHERE gap_abs > 0")
    done = CliRunner().invoke(app, ["verify"])
    assert done.exit_code == 1
    assert "gap_abs" in done.output


def test_inputs_that_changed_since_the_build_are_left_out_and_named(
    built: Settings, tmp_path: Path
) -> None:
    (built.register / "themes.yaml").write_text("changed", encoding="utf-8")
    (built.published / "observations.csv").unlink()
    with open_build(require_build(built)) as connection:
        left_out = write_bundle(connection, built.root, tmp_path / "bundle.zip")
    assert left_out == ["data/published/observations.csv", "data/register/themes.yaml"]
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        names = archive.namelist()
        assert json.loads(archive.read(MANIFEST))["inputs_left_out"] == left_out
    assert not {f"inputs/{path}" for path in left_out} & set(names)
    assert "inputs/data/regions.csv" in names


@pytest.mark.parametrize(
    "day", ["2016-12-31", "2018-12-31", "2020-12-31", "2022-06-30", "2024-12-31"]
)
def test_past_days_are_found_again_too(day: str, tables: duckdb.DuckDBPyConnection) -> None:
    """What was known then: goals that were issued by then, figures that were published by then."""
    tables.execute("UPDATE build SET as_of = ?", [day])
    tables.execute("USE given")
    known = tables.sql("SELECT * FROM gap_as_of(?)", params=[day]).pl()
    tables.execute("USE memory")
    tables.register("known", known)
    tables.execute("CREATE OR REPLACE TABLE gap_to_goal AS FROM known")
    recompute(tables)
    found = compare(tables, GAPS)
    assert found.differences == []
    assert found.tables[0].rows > 20
