"""The DuckDB file: keys, comments, rows, views, macros, and readers older than its writer."""

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.dictionary import codes_frame, dictionary_frame
from pipelines.warehouse import (
    Macro,
    PublishError,
    View,
    build_warehouse,
    check_warehouse,
    parents_first,
)
from schemas import vocabulary
from schemas.contract import columns_of, empty, info_of
from schemas.tables_core import CORE_TABLES, Indicators, Targets
from schemas.tables_meta import META_TABLES
from tests.fixtures.small_tables import (
    RACKS_TARGET,
    TABLES,
    rows,
    small_frames,
)

VIEWS = {
    "racks": View(
        "机架目标",
        "Targets of racks",
        "SELECT target_id, value / 10000 AS in_wan FROM targets WHERE unit = 'racks'",
        {"target_id": "目标 / target", "in_wan": "目标值 / figure [万架]"},
    )
}
MACROS = {
    "targets_of": Macro(
        "一个指标的目标",
        "targets of an indicator",
        "(indicator) AS TABLE SELECT * FROM core.targets WHERE indicator_id = indicator",
        "targets_of('data_centre_racks_total')",
    ),
    "in_wan": Macro("以万计", "in tens of thousands", "(x) AS x / 10000", "in_wan(70000)"),
}


@pytest.fixture
def frames() -> dict[str, pl.DataFrame]:
    return small_frames()


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / "warehouse.duckdb"
    build_warehouse(path, small_frames(), TABLES, VIEWS, MACROS)
    assert [p.name for p in path.parent.iterdir()] == ["warehouse.duckdb"]  # and no .wal
    return path


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copy(built_once, tmp_path / "warehouse.duckdb"))


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_finished_file_stands_alone_and_passes_its_check(
    built: Path, frames: dict[str, pl.DataFrame]
) -> None:
    check_warehouse(built, frames, TABLES, VIEWS, MACROS)


def test_every_row_comes_back_as_it_went_in(built: Path, frames: dict[str, pl.DataFrame]) -> None:
    with duckdb.connect(str(built), read_only=True) as connection:
        for model in TABLES:
            info = info_of(model)
            found = connection.sql(f"SELECT * FROM {info.schema}.{info.name}").pl()
            assert found.equals(frames[info.name]), info.name


def test_rows_go_in_by_name_not_by_position(
    tmp_path: Path, frames: dict[str, pl.DataFrame]
) -> None:
    turned = {name: frame.select(reversed(frame.columns)) for name, frame in frames.items()}
    path = tmp_path / "turned.duckdb"
    build_warehouse(path, turned, TABLES)
    assert ask(path, "SELECT printed, unit FROM core.targets") == [("7万架", "racks")]


def test_a_second_file_of_the_same_tables_has_its_own_rows_views_and_macros(
    tmp_path: Path, built: Path, frames: dict[str, pl.DataFrame]
) -> None:
    frames["targets"] = frames["targets"].with_columns(printed=pl.lit("8万架"))
    again, bare = tmp_path / "again.duckdb", tmp_path / "bare.duckdb"
    build_warehouse(again, frames, TABLES, VIEWS, MACROS)
    check_warehouse(again, frames, TABLES, VIEWS, MACROS)
    assert ask(again, "SELECT printed FROM core.targets") == [("8万架",)]
    assert ask(built, "SELECT printed FROM core.targets") == [("7万架",)]
    other = VIEWS["racks"]._replace(sql="SELECT target_id, 1 AS in_wan FROM targets")
    build_warehouse(bare, frames, TABLES, {"racks": other})
    assert "1 AS in_wan" in str(ask(bare, "SELECT sql FROM duckdb_views() WHERE NOT internal"))
    assert "in_wan" not in str(ask(bare, "SELECT function_name FROM duckdb_functions()"))


def test_tables_and_columns_carry_both_languages(built: Path) -> None:
    comment = "SELECT comment FROM duckdb_tables() WHERE table_name = 'targets'"
    assert ask(built, comment) == [("目标 / Targets",)]
    found = ask(
        built,
        "SELECT schema_name, comment FROM duckdb_columns()"
        " WHERE table_name = 'indicators' AND column_name = 'stale_after_days' ORDER BY 1",
    )
    text = "陈旧阈值 / age of the latest period at which it is stale [days]"
    assert found == [("core", text), ("main", text)]


def test_views_and_macros_of_the_caller_answer_and_are_explained(built: Path) -> None:
    assert ask(built, "SELECT in_wan FROM racks") == [(7.0,)]
    assert ask(built, "SELECT value FROM targets_of('data_centre_racks_total')") == [(70000.0,)]
    assert ask(built, "SELECT in_wan(70000)") == [(7.0,)]
    assert ask(
        built,
        "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal ORDER BY 1",
    ) == [
        ("in_wan", "以万计 / in tens of thousands. in_wan(70000)"),
        (
            "targets_of",
            "一个指标的目标 / targets of an indicator. targets_of('data_centre_racks_total')",
        ),
    ]
    assert ask(
        built,
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'racks'",
    ) == [("target_id", "目标 / target"), ("in_wan", "目标值 / figure [万架]")]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("indicator_id", "never_registered", "foreign key"),
        ("operator", None, "NOT NULL"),
    ],
)
def test_duckdb_itself_refuses_a_row_that_breaks_the_contract(
    tmp_path: Path, frames: dict[str, pl.DataFrame], column: str, value: str | None, words: str
) -> None:
    frames["targets"] = rows(Targets, RACKS_TARGET | {column: value})
    with pytest.raises(PublishError, match=f"targets: .*{words}"):
        build_warehouse(tmp_path / "refused.duckdb", frames, TABLES)


def test_duckdb_itself_refuses_a_key_that_occurs_twice(
    tmp_path: Path, frames: dict[str, pl.DataFrame]
) -> None:
    frames["regions"] = pl.concat([frames["regions"], frames["regions"]])
    with pytest.raises(PublishError, match=r"regions: .*410000"):
        build_warehouse(tmp_path / "refused.duckdb", frames, TABLES)


def test_a_file_that_exists_is_never_written(built: Path, frames: dict[str, pl.DataFrame]) -> None:
    before = built.read_bytes()
    with pytest.raises(PublishError, match="only fresh files"):
        build_warehouse(built, frames, TABLES)
    assert built.read_bytes() == before


def test_parents_come_before_the_tables_that_refer_to_them() -> None:
    order = [info_of(m).name for m in parents_first(list(reversed(CORE_TABLES)))]
    for model in CORE_TABLES:
        for item in columns_of(model):
            if item.references:
                assert order.index(item.references[0]) < order.index(info_of(model).name)


def test_a_table_without_its_parent_is_named() -> None:
    with pytest.raises(PublishError, match="targets needs table"):
        parents_first([Targets, Indicators])


@pytest.mark.parametrize(
    ("corrupt", "complaint"),
    [
        ("DELETE FROM core.observations", r"core.observations: 0 row\(s\), 1 were given"),
        ("COMMENT ON COLUMN core.targets.note IS NULL", "column core.targets.note has no comment"),
        ("COMMENT ON TABLE core.regions IS NULL", "table core.regions has no comment"),
        ("DROP VIEW main.targets", "targets does not answer"),
        ("DROP MACRO TABLE targets_of", "targets_of does not answer"),
        ("CREATE VIEW stray AS SELECT 1 AS one", "view main.stray has no comment"),
        ("ALTER TABLE core.rejected_rows ADD COLUMN a INTEGER", "core.rejected_rows: columns are"),
    ],
)
def test_the_check_finds_what_is_wrong_with_a_file(
    built: Path, frames: dict[str, pl.DataFrame], corrupt: str, complaint: str
) -> None:
    with duckdb.connect(str(built)) as connection:
        connection.execute(corrupt)
    with pytest.raises(PublishError, match=complaint):
        check_warehouse(built, frames, TABLES, VIEWS, MACROS)


EVERY_TABLE = (*TABLES, *META_TABLES)


def frames_with_dictionary() -> dict[str, pl.DataFrame]:
    """Also the tables of `meta`; only the dictionary and the codes hold rows."""
    others = {info_of(m).name: empty(m) for m in META_TABLES}
    return others | small_frames() | {
        "dictionary": dictionary_frame(EVERY_TABLE), "codes": codes_frame(EVERY_TABLE),
    }  # fmt: skip


@pytest.fixture(scope="module")
def with_dictionary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dictionary") / "warehouse.duckdb"
    build_warehouse(path, frames_with_dictionary(), EVERY_TABLE)
    check_warehouse(path, frames_with_dictionary(), EVERY_TABLE)
    return path


@pytest.mark.parametrize(
    ("corrupt", "complaint"),
    [
        ("UPDATE meta.dictionary SET unit = 'pieces' WHERE column_name = 'age_days'",
         r"core\.completeness\.age_days as .*\[pieces\].*, the file as .*\[days\]"),
        ("UPDATE meta.dictionary SET zh = '别的' WHERE table_name = 'targets'"
         " AND column_name = 'note'", r"core\.targets\.note as .*别的.*, the file as .*备注"),
        ("UPDATE meta.dictionary SET sql_type = 'BIGINT' WHERE table_name = 'targets'"
         " AND column_name = 'value'", r"core\.targets\.value as .*BIGINT.*the file as .*DOUBLE"),
        ("UPDATE meta.dictionary SET nullable = true WHERE table_name = 'targets'"
         " AND column_name = 'unit'", r"core\.targets\.unit as "),
        ("UPDATE meta.dictionary SET is_key = true WHERE table_name = 'targets'"
         " AND column_name = 'unit'", r"core\.targets\.unit as "),
        ("UPDATE meta.dictionary SET column_no = 99 WHERE table_name = 'targets'"
         " AND column_name = 'unit'", r"core\.targets\.unit as "),
        ("DELETE FROM meta.dictionary WHERE table_name = 'targets' AND column_name = 'note'",
         r"core\.targets\.note as nothing, the file as "),
        ("UPDATE meta.dictionary SET column_name = 'ghost' WHERE table_name = 'targets'"
         " AND column_name = 'note'", r"core\.targets\.ghost as .*, the file as nothing"),
        ("COMMENT ON COLUMN core.targets.note IS '别的 / other'",
         r"core\.targets\.note as .*备注.*, the file as .*别的"),
        ("CREATE TABLE core.stray (a INTEGER)", r"core\.stray\.a as nothing, the file as "),
    ],
)  # fmt: skip
def test_a_dictionary_that_disagrees_with_a_table_fails_the_build(
    with_dictionary: Path, tmp_path: Path, corrupt: str, complaint: str
) -> None:
    path = Path(shutil.copy(with_dictionary, tmp_path / "warehouse.duckdb"))
    with duckdb.connect(str(path)) as connection:
        connection.execute(corrupt)
    with pytest.raises(PublishError, match=f"meta.dictionary has {complaint}"):
        check_warehouse(path, frames_with_dictionary(), EVERY_TABLE)


def test_the_check_finds_broken_keys_in_a_file_without_constraints(
    tmp_path: Path, frames: dict[str, pl.DataFrame]
) -> None:
    path = tmp_path / "loose.duckdb"
    loose = rows(Targets, RACKS_TARGET, RACKS_TARGET | {"indicator_id": "never_registered"})
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS loose (STORAGE_VERSION 'v1.0.0')")
        connection.execute("USE loose")
        connection.execute("CREATE SCHEMA core")
        for name in ("indicators", "regions", "documents"):
            connection.register("incoming", frames[name])
            connection.execute(f"CREATE TABLE core.{name} AS FROM incoming")
            connection.unregister("incoming")
        connection.register("incoming", loose)
        columns = ", ".join(
            f"{c.name} {c.sql_type} {'' if c.nullable else 'NOT NULL'}" for c in columns_of(Targets)
        )
        connection.execute(f"CREATE TABLE core.targets ({columns})")
        connection.execute("INSERT INTO core.targets FROM incoming")
    with pytest.raises(PublishError) as caught:
        check_warehouse(path, {"targets": loose}, [Targets])
    assert "core.targets: 1 key(s) occur twice" in caught.value.problems
    assert "core.targets.indicator_id: 1 row(s) not in core.indicators.indicator_id" in (
        caught.value.problems
    )


def test_the_check_finds_a_storage_version_that_old_readers_refuse(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")
    with pytest.raises(PublishError, match=r"storage version is .*, not v1\.0\.0"):
        check_warehouse(path, {}, [])


def test_an_older_duckdb_reads_the_file_with_comments_views_and_macros(built: Path) -> None:
    command = Path(sysconfig.get_path("scripts")) / "duckdb"
    sql = (
        "SELECT version() AS version, value, in_wan(value) AS wan,"
        " (SELECT comment FROM duckdb_columns() WHERE schema_name = 'core'"
        "  AND table_name = 'targets' AND column_name = 'operator') AS comment"
        " FROM targets_of('data_centre_racks_total')"
    )
    answer = subprocess.run(
        [command, "-readonly", "-json", built, sql], capture_output=True, text=True, check=True
    )
    [row] = json.loads(answer.stdout)
    assert row.pop("version").startswith("v1.")
    assert row == {
        "value": 70000.0,
        "wan": 7.0,
        "comment": "比较方式 / operator; direction is derived from it",
    }


def test_the_dictionary_says_of_every_column_what_the_contract_says() -> None:
    models = (*TABLES, *META_TABLES)
    dictionary = dictionary_frame(models)
    assert dictionary.height == sum(len(columns_of(m)) for m in models)
    [operator] = dictionary.filter(table_name="targets", column_name="operator").to_dicts()
    assert operator["codes"].startswith("ge=不低于（≥）/at least (≥); gt=")
    [indicator] = dictionary.filter(table_name="targets", column_name="indicator_id").to_dicts()
    assert indicator["refers_to"] == "core.indicators.indicator_id"
    [key] = dictionary.filter(table_name="targets", is_key=True).to_dicts()
    assert key["column_name"] == "target_id"


def test_every_code_of_every_column_is_in_the_code_table() -> None:
    models = (*TABLES, *META_TABLES)
    codes = codes_frame(models)
    listed: dict[str, list[str]] = {}
    for vocabulary_name, code in (
        codes.sort("vocabulary", "position").select("vocabulary", "code").iter_rows()
    ):
        listed.setdefault(vocabulary_name, []).append(code)
    assert listed["STATUSES"] == list(vocabulary.STATUSES)
    for model in models:
        for item in columns_of(model):
            if item.codes:
                assert list(item.codes) in listed.values(), item.name
