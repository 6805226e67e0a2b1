"""The `duibiao` command as people and programs use it: what it prints, how it ends.

Runs and one command of each ending are real processes; the others are started in this one.
"""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.builds import list_builds
from pipelines.cli import main
from pipelines.locking import run_lock
from pipelines.settings import Settings
from tests.conftest import ROOT, TODAY
from tests.fixtures.bad_rows import BAD_ROWS, spoilt_build

COMMAND = Path(sys.executable).with_name("duibiao")


def process(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as it is installed."""
    environment = os.environ | {
        "DUIBIAO_ROOT": str(settings.root), "DUIBIAO_TODAY": TODAY.isoformat(), "PYTHONUTF8": "1",
    }  # fmt: skip
    return subprocess.run(
        [str(COMMAND), *words], capture_output=True, text=True, env=environment, check=False
    )


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def duibiao(settings: Settings, *words: str) -> Done:
    """The entry point of the command in this process, which has loaded everything before."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setenv("DUIBIAO_ROOT", str(settings.root))
        patch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
        patch.setattr(sys, "argv", [str(COMMAND), *words])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    assert isinstance(code, int)
    return Done(code, out.getvalue(), err.getvalue())


def answer(settings: Settings, *words: str) -> Any:
    done = duibiao(settings, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_run_tells_what_it_did_and_the_next_one_that_nothing_changed(fresh: Settings) -> None:
    first = process(fresh, "run")
    assert first.returncode == 0, first.stderr
    for words in ("已发布 / published", "6424 = 接受 accepted 6424 + 拒绝 rejected 0",
                  "电子商务交易额", "warehouse.duckdb", "report/index.html"):  # fmt: skip
        assert words in first.stdout
    assert "登记册 register" in first.stderr  # progress
    second = process(fresh, "run")
    assert second.returncode == 0
    assert "无变化" in second.stdout
    assert len(list_builds(fresh)) == 1
    assert (fresh.report / "en" / "index.html").is_file()


@pytest.mark.slow
def test_a_second_run_waits_or_declines(fresh: Settings) -> None:
    with run_lock(fresh):
        declined = process(fresh, "run", "--no-wait")
    assert declined.returncode == 1
    assert f"{os.getpid()}" in declined.stderr
    assert "Traceback" not in declined.stderr
    assert list_builds(fresh) == []


@pytest.mark.slow
def test_a_second_run_waits_until_it_may_go_on(built: Settings) -> None:
    environment = os.environ | {"PYTHONUTF8": "1"}
    with run_lock(built):
        waiting = subprocess.Popen(
            [str(COMMAND), "run", "--no-report", "--json"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        assert waiting.stderr is not None
        assert f"{os.getpid()}" in waiting.stderr.readline()  # says whom it waits for
        assert waiting.poll() is None
    answered, _ = waiting.communicate(timeout=120)
    assert waiting.returncode == 0
    assert json.loads(answered)["published"] is False


@pytest.mark.slow
def test_what_cannot_be_read_gives_exit_code_3_and_is_said_again(fresh: Settings) -> None:
    (fresh.published / "nbs_provincial.csv").write_bytes(b"\xff\xfe")
    (fresh.register / "talent.yaml").write_bytes(b"")
    done = process(fresh, "run", "--no-report", "--json")
    assert done.returncode == 3
    first = json.loads(done.stdout)
    assert (first["published"], first["failed_inputs"]) == (True, ["nbs", "register"])
    assert "nbs" in done.stderr
    assert process(fresh, "check").returncode == 1  # errors on file
    again = process(fresh, "run", "--no-report", "--json")  # unchanged, and no better for that
    assert again.returncode == 3
    second = json.loads(again.stdout)
    assert (second["published"], second["failed_inputs"]) == (False, ["nbs", "register"])


def test_where_nothing_can_be_built_the_last_build_stays(built: Settings) -> None:
    (built.register / "themes.yaml").write_text("- {id: x}\n", encoding="utf-8")
    done = process(built, "run", "--no-report")
    assert done.returncode == 1
    assert "data/register/themes.yaml:1: x.domain" in done.stderr
    assert "Traceback" not in done.stderr
    assert answer(built, "status")["build"]["rows_in"] == 6424


def test_status_and_show(published: Settings) -> None:
    status = answer(published, "status")
    assert status["build"]["rows_in"] == 6424
    assert {row["status"] for row in status["status_counts"]} >= {"missed", "no_data"}
    shown = duibiao(published, "show", "ecommerce_transaction_value").stdout
    for words in ("3万亿元", "2.6万亿元", "-13.3 %", "1.9万亿元", "at least", "73.1 %", "63.3 %",
                  "missed", "河南省人民政府关于加快推进信息化的意见", "2018-02-08"):  # fmt: skip
        assert words in shown
    software = duibiao(published, "show", "software_business_revenue").stdout
    for words in ("350亿元", "CNY 29.635 billion", "missed", "first met in 2019"):
        assert words in software
    record = answer(published, "show", "ecommerce_transaction_value")
    assert len(record["targets"]) == 4


def test_an_unknown_indicator_names_its_neighbours(published: Settings) -> None:
    done = duibiao(published, "show", "ecommerce_transactions")
    assert done.returncode == 1
    assert "ecommerce_transaction_value" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_indicator_can_be_shown(published: Settings) -> None:
    from rich.console import Console

    from pipelines.builds import open_readonly
    from pipelines.show import indicator_record, print_indicator

    console = Console(file=open(os.devnull, "w", encoding="utf-8"), width=120)  # noqa: SIM115
    with open_readonly(published) as connection:
        names = connection.execute("SELECT indicator_id FROM core.indicators").fetchall()
        assert len(names) == 296
        for (name,) in names:
            print_indicator(console, indicator_record(connection, name))
    console.file.close()


def test_sql_answers_in_three_shapes_and_writes_nothing(published: Settings) -> None:
    query = "SELECT indicator_id, unit FROM core.indicators ORDER BY 1 LIMIT 2"
    assert len(answer(published, "sql", query)) == 2
    as_csv = duibiao(published, "sql", query, "--csv").stdout.splitlines()
    assert as_csv[0] == "indicator_id,unit"
    assert "indicator_id" in duibiao(published, "sql", query).stdout
    for attempt in (
        "INSERT INTO core.documents SELECT * FROM core.documents", "DELETE FROM core.targets",
        "CREATE TABLE x (a INT)", "SELECT * FROM nowhere", "", "/* nothing */",
    ):  # fmt: skip
        done = duibiao(published, "sql", attempt)
        assert done.returncode == 1
        assert "错误 / error" in done.stderr
        assert "Traceback" not in done.stderr


def test_sql_shows_what_is_there_and_nothing_else(published: Settings) -> None:
    text = "SELECT '[/x]' AS \"[bold]\", 'a[red]b' AS b"
    assert "[/x]" in duibiao(published, "sql", text).stdout
    assert "a[red]b" in duibiao(published, "sql", text).stdout
    assert duibiao(published, "sql", f"{text} FROM nowhere").stderr.count("[/x]") == 1
    assert duibiao(published, "sql", "SELECT 1 AS a WHERE false", "--csv").stdout.strip() == "a"
    assert duibiao(published, "sql", "SELECT 1 AS a, 2 AS a", "--csv").stdout.split() == [
        "a,a", "1,2",
    ]  # fmt: skip
    twice = duibiao(published, "sql", "SELECT 1 AS a, 2 AS a", "--json")
    assert (twice.returncode, twice.stdout) == (1, "")  # one of the two would be lost
    number = answer(published, "sql", "SELECT 'nan'::DOUBLE AS a, 1.5 AS b, DATE '2020-01-31' AS c")
    assert number == [{"a": None, "b": 1.5, "c": "2020-01-31"}]


def test_check_names_a_bad_cell_as_it_stands(shared: Path, tmp_path: Path) -> None:
    spoilt = Settings(tmp_path / "spoilt")
    shutil.copytree(spoilt_build(shared).root, spoilt.root, symlinks=True)
    assert duibiao(spoilt, "run", "--no-report").returncode == 0  # a refused row is a finding
    done = duibiao(spoilt, "check", "--severity", "error")
    assert done.returncode == 1
    assert "base_stations_4g[/x]" in done.stdout
    number = next(
        n for n, bad in enumerate(BAD_ROWS, 381) if bad.startswith("base_stations_4g[/x]")
    )
    assert f"line {number}" in done.stdout


def test_check_dictionary_diff_and_sources(published: Settings) -> None:
    found = answer(published, "check")
    assert {f["severity"] for f in found["checks"]} == {"warning", "info"}
    assert sum(row["rows_in"] for row in found["ledger"]) == 6424
    dictionary = answer(published, "dictionary", "gap_to_goal")
    pace = next(row for row in dictionary if row["column_name"] == "pace_ratio")
    assert (pace["zh"], pace["unit"]) == ("进度比", "ratio")
    assert answer(published, "dictionary", "gap.gap_to_goal") == dictionary
    assert duibiao(published, "dictionary", "no_such_table").returncode == 1
    assert answer(published, "diff") == {"previous_build_id": None, "changes": []}
    assert {row["source_id"]: row["state"] for row in answer(published, "sources")} == {
        "published": "bundled", "nbs": "bundled", "miit": "never_asked", "spb": "never_asked",
        "worldbank": "never_asked", "nbs_legacy": "by_hand", "submissions": "by_hand",
    }  # fmt: skip


def test_nothing_published_is_said_in_one_sentence(fresh: Settings) -> None:
    done = process(fresh, "status")
    assert done.returncode == 1
    assert "duibiao run" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_is_exit_code_2(published: Settings) -> None:
    assert duibiao(published, "run", "--as-of", "yesterday").returncode == 2
    assert duibiao(published, "no-such-command").returncode == 2
    assert duibiao(published, "check", "--severity", "grave").returncode == 2


def test_evaluate_gives_one_json_object_a_line(published: Settings, tmp_path: Path) -> None:
    cases = ROOT / "tests" / "fixtures" / "cases.csv"
    done = duibiao(published, "evaluate", str(cases))
    assert done.returncode == 3  # the fixture holds rows that are refused on purpose
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["case_id"] for r in records[:2]] == ["H05", "H06"]
    assert records[0]["status"] == "on_track"
    good = tmp_path / "good.csv"
    good.write_text(
        "case_id,series,operator,target_value,target_year,baseline_year,baseline_value\n"
        'a,"[[2020, 100], [2023, 157]]",>=,200,2025,2020,100\n', encoding="utf-8"
    )  # fmt: skip
    done = duibiao(published, "evaluate", str(good))
    assert done.returncode == 0
    assert json.loads(done.stdout)["pace_ratio"] == pytest.approx(0.95)
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n", encoding="utf-8")
    for path in (bad, tmp_path / "none.csv"):
        done = duibiao(published, "evaluate", str(path))
        assert done.returncode == 1
        assert str(path) in done.stderr.replace("\n", "")
