"""The notebooks: run, exported and served on a published build, and without one."""

import datetime as dt
import html
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines import cli_notebook
from pipelines.builds import link, live_build, open_readonly, point
from pipelines.cli import app
from pipelines.files import sha256_of
from pipelines.notebook import MISSING, Build, figures, table
from pipelines.notebook import published as published_build
from pipelines.query import Row, rows
from pipelines.settings import ROOT_VARIABLE, Settings

NOTEBOOKS = list(cli_notebook.known().values())
MAIN = "from pipelines.cli import main; main()"
WAIT = 60.0

# What a page must hold: every value of these queries. Nothing of it stands in the notebook itself.
PROMISES = {
    "01_overview": """
        SELECT printed FROM headline UNION SELECT status_zh || ' ' || status_en FROM status_counts
        UNION SELECT target_source FROM headline UNION SELECT reason_zh FROM headline""",
    "02_indicator": """
        SELECT value_printed FROM core.observation_vintages
        WHERE indicator_id = 'base_stations_5g_total' AND region_code = '410000'
        UNION SELECT printed FROM core.targets WHERE indicator_id = 'base_stations_5g_total'
        UNION SELECT to_source FROM revised_targets WHERE indicator_id = 'base_stations_5g_total'
        UNION SELECT status_zh FROM headline WHERE indicator_id = 'base_stations_5g_total'""",
    "03_provinces": """
        SELECT region_zh FROM peers('software_business_revenue',
               (SELECT max(obs_year) FROM peer_comparison
                WHERE indicator_id = 'software_business_revenue'))
        UNION SELECT name_zh FROM peer_comparison
        UNION SELECT '西藏自治区'
        UNION SELECT obs_year || '年河南' FROM peer_comparison
              WHERE indicator_id = 'software_business_revenue'
              QUALIFY obs_year = max(obs_year) OVER ()
        UNION SELECT provinces || '省中第' || rank || '位' FROM peer_comparison
              WHERE indicator_id = 'software_business_revenue'
              QUALIFY obs_year = max(obs_year) OVER ()""",
    "04_quality": """
        SELECT key FROM meta.checks UNION SELECT title_zh FROM meta.sources
        UNION SELECT beaten FROM core.observations WHERE is_conflict
        UNION SELECT '<strong>' || rows_in || '</strong>' FROM meta.build
        UNION SELECT '<strong>' || rows_accepted || '</strong>' FROM meta.build
        UNION SELECT name_zh FROM stale_indicators UNION SELECT unit_zh FROM submissions""",
    "05_blank": """
        SELECT printed FROM headline WHERE target_year = 2020 AND reached IS NOT NULL
        UNION SELECT status_en FROM status_counts""",
}

FAILING = """
import marimo

app = marimo.App()


@app.cell
def _():
    assert 1 == 2, "the failing cell"
    return


if __name__ == "__main__":
    app.run()
"""


def execute(root: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True, text=True, encoding="utf-8", check=False,
        env=os.environ | {ROOT_VARIABLE: str(root), "PYTHONUTF8": "1"},
    )  # fmt: skip


def duibiao(root: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return execute(root, "-c", MAIN, *words)


def ask(settings: Settings, query: str, *values: object) -> list[Row]:
    with open_readonly(settings) as connection:
        return rows(connection, query, *values)


def readable(page: str) -> str:
    """What a page holds, without the layers of escapes that JSON and HTML put on it."""
    before = ""
    while page != before:
        before = page
        page = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), page)
        page = html.unescape(page)
    return page.replace("\\", "")


def warehouse(settings: Settings) -> Path:
    build = live_build(settings)
    assert build is not None
    return build / "warehouse.duckdb"


of_each = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
# The pages of all of them are made below by running them; as scripts two stand for all.
of_two = pytest.mark.parametrize("notebook", NOTEBOOKS[1::3], ids=lambda path: path.stem)


def test_all_notebooks_are_known() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(PROMISES)


@pytest.mark.slow
@of_two
def test_a_notebook_runs_as_a_script(notebook: Path, published: Settings) -> None:
    file = warehouse(published)
    before = sha256_of(file)
    done = execute(published.root, notebook)
    assert done.returncode == 0, done.stderr
    [build] = ask(published, "FROM meta.build")
    assert build["build_id"] in done.stdout
    assert str(build["as_of"]) in done.stdout
    assert sha256_of(file) == before
    assert [path.name for path in file.parent.glob("*.duckdb*")] == [file.name]


@pytest.mark.slow
@of_each
def test_an_exported_page_holds_what_it_promises(
    notebook: Path, published: Settings, tmp_path: Path
) -> None:
    page = tmp_path / "pages" / "page.html"
    done = duibiao(published.root, "notebook", notebook.stem, "--html", page)
    assert done.returncode == 0, done.stderr
    text = readable(page.read_text(encoding="utf-8"))
    [build] = ask(published, "FROM meta.build")
    assert build["build_id"] in text
    promised = [value for row in ask(published, PROMISES[notebook.stem]) for value in row.values()]
    promised = [value for value in promised if value is not None]
    assert len(promised) > 10
    assert [value for value in promised if value.replace("\n", "") not in text] == []
    assert "import marimo" not in text  # the code stays out
    assert list(page.parent.iterdir()) == [page]


@pytest.mark.slow
@of_two
def test_without_a_build_a_script_says_what_to_run(notebook: Path, tmp_path: Path) -> None:
    done = execute(tmp_path, notebook)
    assert done.returncode == 1
    assert "duibiao run" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_without_a_build_a_page_says_what_to_run(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = execute(tmp_path, "-m", "marimo", "export", "html", NOTEBOOKS[0], "-o", page)
    assert done.returncode == 0, done.stderr
    assert "duibiao run" in readable(page.read_text(encoding="utf-8"))
    refused = duibiao(tmp_path, "notebook", "01", "--html", tmp_path / "other.html")
    assert refused.returncode == 1
    assert "duibiao run" in refused.stderr
    assert not (tmp_path / "other.html").exists()


@pytest.mark.slow
def test_marimo_finds_no_fault() -> None:
    done = execute(cli_notebook.FOLDER, "-m", "marimo", "check", "--strict", *NOTEBOOKS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_failing_cell_is_an_error(published: Settings, tmp_path: Path) -> None:
    notebook, page = tmp_path / "failing.py", tmp_path / "page.html"
    notebook.write_text(FAILING, encoding="utf-8")
    assert execute(published.root, notebook).returncode == 1
    done = duibiao(published.root, "notebook", notebook, "--html", page)
    assert done.returncode == 1
    assert "failing.py" in done.stderr
    assert "the failing cell" in done.stderr
    assert [path.name for path in tmp_path.glob("*.html*")] == []


# --- one indicator, of every kind -------------------------------------------------------------


@pytest.fixture
def indicator(published: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs notebook 02 on an indicator, in English, and gives what it shows."""
    monkeypatch.setenv(ROOT_VARIABLE, str(published.root))

    def run(indicator_id: str, **chosen: Any) -> str:
        notebook = runpy.run_path(str(cli_notebook.find("02_indicator")))["app"]
        picked = {"picker": indicator_id, "language": "en", **chosen}
        widgets = {name: SimpleNamespace(value=value) for name, value in picked.items()}
        outputs, _ = notebook.run(defs={"options": {}, **widgets})
        texts = [shown.text for shown in outputs if hasattr(shown, "text")]
        return readable("".join(texts))

    return run


KINDS = {
    "no goal": "indicator_id NOT IN (SELECT indicator_id FROM core.targets)",
    "no figure": "indicator_id NOT IN (SELECT indicator_id FROM core.observations)",
    "a range": "indicator_id IN (SELECT indicator_id FROM core.targets WHERE operator = 'range')",
    "a rank": "measure = 'rank'",
    "not quantified": "indicator_id IN (SELECT indicator_id FROM core.targets WHERE value IS NULL)",
    "a conflict": "indicator_id IN (SELECT indicator_id FROM core.observations WHERE is_conflict)",
    "not of Henan": """indicator_id IN (SELECT indicator_id FROM core.observations GROUP BY ALL
                                        HAVING NOT bool_or(region_code = '410000'))""",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_any_indicator_can_be_shown(
    kind: str, published: Settings, indicator: Callable[..., str]
) -> None:
    found = ask(
        published, f"FROM core.indicators WHERE {KINDS[kind]} ORDER BY indicator_id LIMIT 1"
    )
    assert found, "the bundled data have such an indicator"
    code = found[0]["indicator_id"]
    text = indicator(code)
    facts = ask(
        published,
        "SELECT printed FROM core.targets WHERE indicator_id = $1 "
        "UNION SELECT beaten FROM core.observations WHERE indicator_id = $1 AND is_conflict",
        code,
    )
    assert [row for row in facts if row["printed"] not in text] == []
    if kind == "no goal":
        assert "没有目标 / no goal is registered" in text
    if kind == "no figure":
        assert "无数据 / no data" in text


@pytest.mark.slow
def test_a_past_day_is_shown_as_it_was(published: Settings, indicator: Callable[..., str]) -> None:
    day = dt.date(2021, 11, 22)
    text = indicator("base_stations_5g_total", day=day)
    then = ask(
        published,
        "SELECT en FROM gap_as_of(?) JOIN meta.codes ON vocabulary = 'STATUSES' AND code = status "
        "WHERE indicator_id = 'base_stations_5g_total'",
        day,
    )
    assert "Verdicts on 2021-11-22" in text
    assert "off track" in {row["en"] for row in then}
    assert [row for row in then if row["en"] not in text] == []
    assert "尚未发布 not issued yet" in text


# --- what the notebooks share -----------------------------------------------------------------


def test_figures_keep_bounds_and_gaps() -> None:
    frame = pl.DataFrame(
        {
            "value": [1.9e12, None, 0.0, 2.0e12],
            "unit": ["CNY"] * 4,
            "bound": ["at_least", None, "exact", "approx"],
        }
    )
    zh = ["≥ 1.9万亿元", MISSING, "0元", "≈ 2万亿元"]
    assert figures(frame, "value", "zh", bound="bound").to_list() == zh
    assert figures(frame, "value", "en")[0] == "CNY 1.9 trillion"


def test_a_table_shows_every_row_and_what_is_missing() -> None:
    frame = pl.DataFrame({"值 value": [1.5, *[None] * 40], "名 name": ["x"] * 40 + ["the last"]})
    text = readable(table(frame).text)
    assert "the last" in text
    assert MISSING in text
    assert "没有 / nothing" in table(frame.clear(), empty="没有 / nothing").text


def test_notebooks_cannot_write(published: Settings) -> None:
    build = Build(warehouse(published), "id", dt.date(2026, 11, 22))
    with build.open() as connection, pytest.raises(Exception, match="read-only"):
        connection.execute("CREATE TABLE mine (x INTEGER)")
    assert build.ask("SELECT ? AS x", 7).to_dicts() == [{"x": 7}]


def test_a_notebook_keeps_its_build_when_another_is_published(built: Settings) -> None:
    first = published_build()
    other = "20990101T000000Z-00000000"
    shutil.copytree(first.file.parent, built.builds / other)
    link(built, other)
    point(built, other)
    assert first.ask("SELECT build_id FROM meta.build").item() == first.file.parent.name
    assert published_build().file.parent.name == other


# --- the command ------------------------------------------------------------------------------


def test_the_list_names_all_and_how_to_open_them() -> None:
    done = CliRunner().invoke(app, ["notebook"])
    assert done.exit_code == 0
    for path in NOTEBOOKS:
        title = cli_notebook.title_of(path)
        assert re.search(r"[一-鿿].* / [A-Z]", title)
        assert f"{path.stem} " in done.output
        assert title in done.output
    assert "duibiao notebook 02 --app" in done.output


@pytest.mark.parametrize("name", ["02", "2", "indicator", "02_ind", "02_indicator.py"])
def test_a_notebook_is_found_by_number_or_name(name: str) -> None:
    assert cli_notebook.find(name).stem == "02_indicator"


def test_a_file_of_ones_own_is_opened(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(FAILING, encoding="utf-8")
    assert cli_notebook.find(str(mine)) == mine


@pytest.mark.parametrize("name", ["06", "nothing", "", "gone/mine.py"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(LookupError, match="01_overview, 02_indicator, 03_provinces"):
        cli_notebook.find(name)


def test_an_ambiguous_name_lists_what_it_may_mean() -> None:
    with pytest.raises(LookupError, match=r"more than one is called in: .*02_indicator.*03_prov"):
        cli_notebook.find("in")


@pytest.mark.parametrize(
    "words",
    [["--app"], ["--html", "x.html"], ["02", "--html", "x.html", "--app"]],
    ids=["no name for an app", "no name for a page", "page and app"],
)
def test_wrong_usage_is_told(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["notebook", *words]).exit_code == 2


def test_without_marimo_it_says_how_to_install_it(published: Settings) -> None:
    code = f"import sys; sys.modules['marimo'] = None; {MAIN}"
    done = execute(published.root, "-c", code, "notebook", "02", "--app")
    assert done.returncode == 1
    assert "make notebook" in done.stderr
    listed = execute(published.root, "-c", code, "notebook")
    assert "02_indicator" in listed.stdout


@pytest.mark.slow
@pytest.mark.parametrize("mode", [["--app"], []], ids=["app", "edit"])
def test_a_notebook_is_served_on_this_machine(mode: list[str], published: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-c", MAIN, "notebook", "02", *mode, "--headless", "--port", str(port)]
    environment = os.environ | {ROOT_VARIABLE: str(published.root), "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment, start_new_session=True,
    ) as server:  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}/"
            answered = _answer(address, server)
            # Who may edit may run code: that asks for a token.
            assert answered == address if mode else "/auth/login" in answered
        finally:
            server.terminate()
            server.wait(WAIT)
    with pytest.raises(urllib.error.URLError):  # the server has ended with the command
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)


def _answer(address: str, server: "subprocess.Popen[bytes]") -> str:
    """The address that gives a page, once the server answers."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as page:
                assert page.status == 200
                return str(page.url)
        except OSError:
            time.sleep(0.2)
    assert server.stdout is not None
    server.terminate()
    raise AssertionError(server.stdout.read().decode())
