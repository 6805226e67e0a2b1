"""`duibiao sql` and `duibiao dictionary`: they answer, they export, and they write nothing else."""

import csv
import io
import json
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from assets.dictionary_markdown import to_markdown
from assets.dictionary_page import read_dictionary
from assets.examples import EXAMPLES
from pipelines.builds import list_builds, open_readonly
from pipelines.cli import app
from pipelines.cli_sql import ReadOnly, locked
from pipelines.settings import Settings

QUERY = "SELECT 指标, 目标值, 目标原文 FROM 目标差距 ORDER BY 目标代码 LIMIT 5"


@pytest.fixture
def here(published: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in; the published build is that of the session."""
    monkeypatch.setenv("DUIBIAO_ROOT", str(published.root))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=stdin)


def test_a_query_comes_from_the_line_a_file_or_stdin(here: Path) -> None:
    (here / "query.sql").write_text(f"-- 前五个\n{QUERY};\n", encoding="utf-8-sig")
    expected = json.loads(ask("sql", QUERY, "--json").stdout)
    assert len(expected) == 5
    for words, stdin in (
        (("sql", "-f", "query.sql"), None),
        (("sql", "-"), QUERY),
        (("sql", "--file", "-"), QUERY),
    ):
        answered = ask(*words, "--json", stdin=stdin)
        assert json.loads(answered.stdout) == expected


def test_wrong_usage_is_told(here: Path) -> None:
    for words in (("sql",), ("sql", QUERY, "-f", "query.sql"), ("sql", QUERY, "--json", "--csv"),
                  ("sql", QUERY, "--json", "-o", "a.csv")):  # fmt: skip
        assert ask(*words).exit_code == 2
    assert isinstance(ask("sql", "-f", "no-such.sql").exception, FileNotFoundError)


def test_what_is_written_is_what_was_answered(here: Path) -> None:
    expected = json.loads(ask("sql", QUERY, "--json").stdout)
    for name in ("a.csv", "a.xlsx", "a.parquet", "a.json"):
        assert ask("sql", QUERY, "-o", name).exit_code == 0
    rows = [tuple(row.values()) for row in expected]
    assert pl.read_parquet(here / "a.parquet").rows() == rows
    assert json.loads((here / "a.json").read_text(encoding="utf-8")) == expected
    sheet = openpyxl.load_workbook(here / "a.xlsx")["data"]
    assert list(sheet.iter_rows(min_row=2, values_only=True)) == rows
    text = (here / "a.csv").read_text(encoding="utf-8-sig")
    assert [(a, float(b), c) for a, b, c in list(csv.reader(io.StringIO(text)))[1:]] == rows
    assert sorted(p.name for p in here.iterdir()) == ["a.csv", "a.json", "a.parquet", "a.xlsx"]


def test_csv_on_the_screen_holds_no_formula(here: Path) -> None:
    answered = ask("sql", "SELECT '=1+1' AS a, -1 AS b, NULL AS c", "--csv")
    assert answered.stdout.splitlines() == ["a,b,c", "'=1+1,-1,"]


@pytest.mark.parametrize(
    "attempt",
    [
        "DELETE FROM core.targets",
        "UPDATE core.targets SET value = 0",
        "CREATE TABLE x (a INTEGER)",
        "DROP VIEW headline",
        "COMMENT ON TABLE core.targets IS ''",
    ],
)
def test_a_write_is_refused_with_a_clear_word(here: Path, attempt: str) -> None:
    answered = ask("sql", attempt)
    assert isinstance(answered.exception, ReadOnly)
    assert "库是只读的" in str(answered.exception)


@pytest.mark.parametrize(
    "attempt",
    [
        "COPY (SELECT 1) TO 'out.csv'",
        "COPY core.targets TO 'out.parquet'",
        "EXPORT DATABASE 'out'",
        "ATTACH 'out.duckdb'",
        "FROM read_text('/etc/hostname')",
        "FROM read_csv('*.csv')",
        "LOAD httpfs",
    ],
)
def test_a_query_reaches_no_file(here: Path, published: Settings, attempt: str) -> None:
    before = sorted(p.name for p in list_builds(published)[0].iterdir())
    answered = ask("sql", attempt)
    assert isinstance(answered.exception, ReadOnly)
    assert "--output" in str(answered.exception)
    assert list(here.iterdir()) == []
    assert sorted(p.name for p in list_builds(published)[0].iterdir()) == before


@pytest.mark.parametrize(
    "attempt",
    [
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET temp_directory = '.'",
        "PRAGMA profile_output = 'out.json'",
        "CALL enable_logging(storage = 'file', storage_config = {'path': 'out'})",
    ],
)
def test_a_query_can_not_unlock_what_is_locked(here: Path, attempt: str) -> None:
    answered = ask("sql", attempt)
    assert isinstance(answered.exception, duckdb.Error)
    assert "locked" in str(answered.exception)
    assert list(here.iterdir()) == []


def test_a_query_sees_no_variable_of_the_program(here: Path) -> None:
    assert isinstance(ask("sql", "FROM names").exception, duckdb.CatalogException)


def test_two_locked_connections_of_one_process_both_answer(published: Settings) -> None:
    with locked(published) as one, locked(published) as other:
        for connection in (one, other):
            assert connection.execute("SELECT count(*) FROM headline").fetchone() == (189,)


def test_views_and_macros_answer_behind_the_lock(here: Path) -> None:
    for number, example in enumerate(EXAMPLES):
        assert ask("sql", example.sql).exit_code == 0, number


def test_the_examples_are_listed(here: Path) -> None:
    listed = ask("sql", "--examples").stdout
    for example in EXAMPLES:
        assert example.zh in listed
        assert example.en in listed
        assert example.sql in listed
    assert json.loads(ask("sql", "--examples", "--json").stdout) == [e._asdict() for e in EXAMPLES]


def test_the_dictionary_tells_of_views_twins_and_codes(here: Path) -> None:
    headline = json.loads(ask("dictionary", "headline", "--json").stdout)
    assert {"zh": "差距", "unit": None}.items() <= next(
        row for row in headline if row["column_name"] == "gap_abs"
    ).items()
    tables = json.loads(ask("dictionary", "targets", "--json").stdout)
    assert {row["schema_name"] for row in tables} == {"core"}
    assert headline[0].keys() == tables[0].keys()
    assert "headline.gap_abs" in ask("dictionary", "目标差距").stdout
    assert "achieved_late" in ask("dictionary", "STATUSES").stdout
    assert isinstance(ask("dictionary", "no_such").exception, LookupError)


def test_the_dictionary_prints_its_page(here: Path, published: Settings) -> None:
    with open_readonly(published) as connection:
        page = to_markdown(read_dictionary(connection))
    assert ask("dictionary", "--markdown").stdout == page
