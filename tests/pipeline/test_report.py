"""The report of a build and its evaluation editions, as files and on the command line."""

import datetime as dt
import http.client
import os
import shutil
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines import builds
from pipelines.cli import app
from pipelines.cli_report import server
from pipelines.report import EditionExists, make_edition, make_report
from pipelines.settings import Settings


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_the_report_lies_beside_its_build_and_the_link_leads_to_it(built: Settings) -> None:
    folder = make_report(built)
    live = builds.live_build(built)
    assert live is not None
    assert folder == live / "report"
    assert built.report.is_symlink()
    assert built.report.resolve() == folder.resolve()
    found = set(files_of(folder))
    assert {"index.html", "en/index.html", "quality.html", "static/report.css"} <= found
    pages = {name for name in found if name.endswith(".html")}
    zh = {name for name in pages if not name.startswith("en/")}
    assert {f"en/{name}" for name in zh} == pages - zh
    assert not list(live.glob(".tmp-*"))


@pytest.fixture
def reported(built: Settings, report: Path) -> Settings:
    """A build that has its report."""
    live = builds.live_build(built)
    assert live is not None
    shutil.copytree(report, live / "report")
    return built


def test_a_build_has_its_report_made_once(reported: Settings) -> None:
    live = builds.live_build(reported)
    assert live is not None
    first = live / "report" / "index.html"
    before = first.stat().st_mtime_ns
    assert make_report(reported) / "index.html" == first
    assert first.stat().st_mtime_ns == before
    assert (reported.report / "index.html").is_file()


def test_the_same_build_gives_the_same_pages(
    published: Settings, report: Path, tmp_path: Path
) -> None:
    assert files_of(make_report(published, tmp_path / "again")) == files_of(report)


def test_what_a_killed_run_left_is_replaced(built: Settings) -> None:
    live = builds.live_build(built)
    assert live is not None
    (live / ".tmp-report").mkdir()
    (live / ".tmp-report" / "index.html").write_text("half", encoding="utf-8")
    folder = make_report(built)
    assert (folder / "index.html").read_text(encoding="utf-8") != "half"
    assert not (live / ".tmp-report").exists()


def test_a_folder_with_something_else_is_left_alone(built: Settings, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="no report"):
        make_report(built, mine)
    assert files_of(mine) == {"thesis.txt": b"mine"}


def test_without_a_build_it_says_what_to_run(fresh: Settings) -> None:
    done = CliRunner().invoke(app, ["report"])
    assert isinstance(done.exception, builds.NothingPublished)
    assert "duibiao run" in str(done.exception)


def test_a_report_that_cannot_be_made_holds_back_no_figure(built: Settings) -> None:
    built.report.unlink(missing_ok=True)
    built.report.write_text("somebody's file", encoding="utf-8")
    done = CliRunner().invoke(app, ["run", "--offline"])
    assert done.exit_code == 3, done.output
    assert "published, but the report could not be made" in done.output
    assert builds.live_build(built) is not None
    assert built.report.read_text(encoding="utf-8") == "somebody's file"


@pytest.mark.slow
def test_an_edition_knows_nothing_of_later_years_and_stays(built: Settings) -> None:
    live = builds.live_build(built)
    folder = make_edition(built, 2018)
    assert folder == built.editions / "2018"
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "2018年度考核版" in page
    assert "2018年到期的目标" in page
    assert "截至 <b>2018-12-31</b>" in page
    quality = (folder / "quality.html").read_text(encoding="utf-8")
    assert "2019-" not in quality.split("<main")[1].split("missing-table")[0]
    assert builds.live_build(built) == live
    assert not list(built.builds.glob(".tmp-*"))

    before = files_of(folder)
    with pytest.raises(EditionExists, match="--restate"):
        make_edition(built, 2018)
    assert files_of(folder) == before


def test_a_year_that_has_not_ended_has_no_edition(built: Settings) -> None:
    with pytest.raises(ValueError, match="2026 has not ended"):
        make_edition(built, 2026)
    assert not built.editions.exists()


def test_the_server_shows_the_newest_report_to_this_machine_only(reported: Settings) -> None:
    make_report(reported)
    with server(reported, 0) as running:
        host, port = running.server_address[:2]
        assert host == "127.0.0.1"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            assert ask(port, "/")[:2] == (200, "text/html")
            assert ask(port, "/indicators/")[0] == 404
            assert ask(port, "/../warehouse.duckdb")[0] == 404
            assert ask(port, "/%2e%2e/warehouse.duckdb")[0] == 404
            newer = reported.data / "newer"
            newer.mkdir()
            (newer / "index.html").write_text("newer", encoding="utf-8")
            link = reported.data / "report.next"
            link.symlink_to(newer)
            os.replace(link, reported.report)
            assert ask(port, "/")[2] == b"newer"
        finally:
            running.shutdown()


def ask(port: int, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.headers.get_content_type(), answer.read()


def test_the_day_of_the_report_is_the_day_of_the_build(report: Path) -> None:
    page = (report / "en" / "index.html").read_text(encoding="utf-8")
    assert f"As of <b>{dt.date(2026, 11, 22)}</b>" in page
