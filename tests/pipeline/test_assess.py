"""The command `assess` on the committed data: shown, frozen, restated, written as files."""

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from openpyxl import load_workbook
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from assets.assess.table import HEADS
from assets.assess.view import view_of
from pipelines import builds
from pipelines.assess import assess, folder_of, write_view
from pipelines.cli import app
from pipelines.cli_assess import print_view
from pipelines.settings import Settings
from tests.conftest import TODAY, Edit, copy_of_the_data

# The live build is of this day: nothing has to be computed for it.
LIVE = ("--as-of", TODAY.isoformat())


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["assess", *words])


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.fixture(scope="module")
def assessed(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole sheet of 2020 as of the day of the live build."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
        return assess(published, 2020, TODAY, dry_run=True).view.sheet


def test_the_sheet_of_2020_is_what_the_committed_figures_say(assessed: dict[str, Any]) -> None:
    lines = {x["target_id"]: x for x in assessed["lines"]}
    due = [x for x in lines.values() if x["part"] == "due"]
    assert (len(due), len(assessed["lines"])) == (55, 123)
    found = assessed["summary"]
    assert (found["scored"], found["not_assessable"], found["points"]) == (5, 48, 253.08)
    assert (found["score"], found["met"], found["completion_rate_pct"]) == (None, 2, 40.0)
    trade = next(x for x in due if x["indicator_id"] == "ecommerce_transaction_value")
    assert (trade["status"], trade["points"]) == ("missed", 73.08)
    assert trade["citation"]["id"] == "004-008"
    assert trade["citation"]["document_id"] == "hn-2018-infocon"
    assert trade["reached"] == 1.9e12
    assert trade["evidence_quality"] == "document"
    assert trade["units"] == ["not_stated"]


def test_units_of_the_documents_are_joined(assessed: dict[str, Any]) -> None:
    ids = {row["id"]: row["summary"] for row in view_of(assessed).by_unit}
    assert not any(name.startswith("unlisted") for name in ids)
    assert ids["development_reform"]["not_assessable"] == 12
    by_any_name = [
        view_of(assessed, name).record()
        for name in ("communications_administration", "省通信管理局", "通信管理局")
    ]
    assert by_any_name[0] == by_any_name[1] == by_any_name[2]
    shared = [x["shared_with"] for x in by_any_name[0]["lines"] if x["part"] == "due"]
    assert sorted(shared) == [2, 2, 2, 2, 2, 7]


@pytest.mark.parametrize(
    ("unit", "region"), [(None, None), ("省通信管理局", None), (None, "郑州市")]
)
def test_the_terminal_shows_it_within_100_columns(
    assessed: dict[str, Any], unit: str | None, region: str | None
) -> None:
    stream = io.StringIO()
    print_view(Console(file=stream, width=100), view_of(assessed, unit, region))
    text = stream.getvalue()
    assert "2020年度目标考核" in text
    assert "不是官方考核办法" in text
    assert max(map(cell_len, text.splitlines())) <= 100


def test_the_first_call_freezes_and_the_next_shows_the_same(built: Settings, edit: Edit) -> None:
    first = run("--year", "2020", *LIVE, "--json")
    assert first.exit_code == 0, first.output
    folder = folder_of(built, 2020, TODAY)
    before = files_of(folder)
    assert {
        "sheet.json",
        "sheet.csv",
        "sheet.html",
        "sheet.en.html",
        "unit-commerce.html",
        "region-410100.html",
    } <= set(before)
    sheet = json.loads(before["sheet.json"])
    live = builds.live_build(built)
    assert live is not None
    record = builds.build_record(live)
    assert record is not None
    assert sheet["build"]["build_id"] == live.name
    assert sheet["build"]["content_sha256"] == record["content_sha256"]
    assert (sheet["rules"]["id"], sheet["rules"]["version"]) == ("standard", 1)
    assert len(sheet["rules"]["sha256"]) == 64
    assert str(built.root) not in before["sheet.json"].decode()

    rules = built.assessment_rules / "standard.yaml"
    edit(rules, "version: 1", "version: 2")
    edit(rules, "achieved_date_unknown: {rule: share, share: 0.8}",
         "achieved_date_unknown: {rule: full}")  # fmt: skip
    assert run("--year", "2020", *LIVE, "--json").stdout == first.stdout
    assert files_of(folder) == before

    trial = run("--year", "2020", *LIVE, "--restate", "--dry-run")
    assert "试算" in trial.stdout
    assert "80 → 100" in trial.stdout
    assert files_of(folder) == before

    done = run("--year", "2020", *LIVE, "--restate")
    assert done.exit_code == 0, done.output
    after = files_of(folder)
    assert after["sheet.1.json"] == before["sheet.json"]
    restated = json.loads(after["sheet.json"])["restated"]
    assert restated["former"] == "sheet.1.json"
    change = restated["changes"][0]
    assert [w["field"] for w in change["why"]] == ["rules"]
    assert (change["points_before"], change["points_after"]) == (80.0, 100.0)
    assert "sheet.1.json" in after["sheet.html"].decode()

    again = run("--year", "2020", *LIVE, "--restate")
    assert "未改动" in again.stdout
    assert files_of(folder) == after


def test_what_is_no_sheet_is_not_taken_for_one(built: Settings) -> None:
    folder = folder_of(built, 2020, TODAY)
    folder.mkdir(parents=True)
    for text in ("{", "[]", '{"format": 0}'):
        (folder / "sheet.json").write_text(text, encoding="utf-8")
        done = run("--year", "2020", *LIVE)
        assert isinstance(done.exception, ValueError)
        assert "move it away" in str(done.exception)
        assert (folder / "sheet.json").read_text(encoding="utf-8") == text


def test_a_killed_restatement_is_made_again(built: Settings, edit: Edit) -> None:
    run("--year", "2020", *LIVE)
    folder = folder_of(built, 2020, TODAY)
    frozen = (folder / "sheet.json").read_bytes()
    (folder / "sheet.1.json").write_bytes(frozen)  # kept, and then the power failed
    edit(built.assessment_rules / "standard.yaml", "version: 1", "version: 2")
    run("--year", "2020", *LIVE, "--restate")
    assert sorted(p.name for p in folder.glob("sheet*.json")) == ["sheet.1.json", "sheet.json"]
    assert (folder / "sheet.1.json").read_bytes() == frozen
    assert json.loads((folder / "sheet.json").read_bytes())["rules"]["version"] == 2


def test_the_same_input_gives_the_same_bytes(built: Settings) -> None:
    run("--year", "2020", *LIVE)
    folder = folder_of(built, 2020, TODAY)
    before = files_of(folder)
    for path in folder.iterdir():
        path.unlink()
    run("--year", "2020", *LIVE)
    assert files_of(folder) == before


@pytest.mark.slow
def test_without_a_day_only_what_the_year_had_seen_counts(built: Settings) -> None:
    live = builds.live_build(built)
    done = run("--year", "2020", "--json")
    assert done.exit_code == 0, done.output
    sheet = json.loads(done.stdout)
    assert sheet["as_of"] == "2020-12-31"
    assert sheet["summary"]["scored"] == 0  # the figures of 2020 came in 2021
    assert sheet["summary"]["points"] is None
    assert (built.assessments / "2020" / "sheet.json").is_file()
    assert builds.live_build(built) == live
    assert not list(built.builds.glob(".tmp-*"))
    page = (built.assessments / "2020" / "sheet.html").read_text(encoding="utf-8")
    assert "当年的数多在次年公布" in page


def test_a_dry_run_writes_nothing(built: Settings, tmp_path: Path) -> None:
    done = run("--year", "2020", *LIVE, "--dry-run")
    assert done.exit_code == 0, done.output
    assert not built.assessments.exists()
    refused = run("--year", "2020", *LIVE, "--dry-run", "-o", str(tmp_path / "a.csv"))
    assert refused.exit_code == 2


def test_files_read_back_as_the_sheet(built: Settings, tmp_path: Path) -> None:
    names = ["a.csv", "a.xlsx", "a.json", "b.xlsx"]
    for name in names:
        done = run("--year", "2020", *LIVE, "--unit", "省通信管理局", "-o", str(tmp_path / name))
        assert done.exit_code == 0, done.output
    sheet = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    text = (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    by_csv = list(csv.DictReader(io.StringIO(text)))
    cells = list(load_workbook(tmp_path / "a.xlsx").active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert tuple(by_csv[0]) == cells[0] == HEADS
    assert len(by_csv) == len(cells) - 1 == len(sheet["lines"])
    for line, row, cell in zip(sheet["lines"], by_csv, cells[1:], strict=True):
        assert row["条目 statement"] == line["citation"]["id"]
        assert row["得分 points"] == ("" if line["points"] is None else f"{line['points']:g}")
        assert cell[HEADS.index("完成率 attainment_pct")] == pytest.approx(line["attainment_pct"])
        assert row["共同责任单位数 shared_with"] == str(line["shared_with"])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_text_that_begins_like_a_formula_is_made_plain(
    assessed: dict[str, Any], tmp_path: Path, published: Settings
) -> None:
    sheet = json.loads(json.dumps(assessed))
    sheet["lines"][0]["evidence_source"] = "=HYPERLINK(1)"
    sheet["lines"][0]["citation"]["title"] = "<script>alert(1)</script>"
    for ending in (".csv", ".xlsx", ".html"):
        write_view(published, view_of(sheet), tmp_path / f"f{ending}")
    assert "<script>alert" not in (tmp_path / "f.html").read_text(encoding="utf-8")
    assert "'=HYPERLINK(1)" in (tmp_path / "f.csv").read_text(encoding="utf-8-sig")
    active = load_workbook(tmp_path / "f.xlsx").active
    assert active is not None
    values = [c for row in active.iter_rows() for c in row if c.value == "=HYPERLINK(1)"]
    assert values
    assert values[0].quotePrefix
    with pytest.raises(ValueError, match=r"\.html"):
        write_view(published, view_of(sheet), tmp_path / "f.pdf")


def test_pages_load_nothing_and_lead_to_the_statements(
    built: Settings, report: Path, tmp_path: Path
) -> None:
    built.report.symlink_to(report)
    done = run("--year", "2020", *LIVE, "-o", str(tmp_path / "p.html"))
    assert done.exit_code == 0, done.output
    folder = folder_of(built, 2020, TODAY)
    places: dict[Path, set[str]] = {}
    for path in [tmp_path / "p.html", tmp_path / "p.en.html", *folder.glob("*.html")]:
        page = html.parse(str(path)).getroot()
        assert not page.xpath("//script/@src | //link[@rel='stylesheet'] | //img | //iframe")
        assert "url(" not in "".join(page.xpath("//style/text()"))
        for link in page.xpath("//a/@href"):
            address, _, anchor = link.partition("#")
            target = (path.parent / address).resolve() if address else path.resolve()
            assert not link.startswith(("http", "/")), link
            assert target.is_file(), link
            if anchor:
                if target not in places:
                    places[target] = set(html.parse(str(target)).getroot().xpath("//@id"))
                assert anchor in places[target], link
    text = (folder / "sheet.html").read_text(encoding="utf-8")
    assert "../../report/documents/hn-2018-infocon.html#s-004-008" in text
    english = (folder / "sheet.en.html").read_text(encoding="utf-8")
    assert "../../report/en/documents/hn-2018-infocon.html#s-004-008" in english
    assert "no official method" in english


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--unit", "某厅"), 2, "省商务厅"),
        (("--region", "某市"), 2, "410000"),
        (("--unit", "local_governments"), 1, "no goals"),
        (("-o", "sheet.pdf"), 2, ".xlsx"),
    ],
)
def test_what_cannot_be_answered_freezes_nothing(
    words: tuple[str, ...], code: int, said: str, built: Settings
) -> None:
    done = run("--year", "2020", *LIVE, *words)
    assert done.exit_code == code
    assert said in done.output + str(done.exception)
    assert not built.assessments.exists()


@pytest.mark.parametrize(
    ("year", "day"), [(2026, None), (2020, dt.date(2020, 6, 1)), (2020, dt.date(2030, 1, 1))]
)
def test_a_day_that_does_not_suit_the_year_is_refused(
    year: int, day: dt.date | None, published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
    with pytest.raises(ValueError, match=str(year)):
        assess(published, year, day)


def test_without_a_build_it_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
    with pytest.raises(builds.NothingPublished, match="duibiao run"):
        assess(copy_of_the_data(tmp_path), 2020)
