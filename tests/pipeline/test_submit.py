"""Submissions on their way in: landing, receipts, inbox, commands. Every value is SYNTHETIC."""

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from assets.catalogue import LiveFeed, load_catalogue
from assets.readings import parse_landings
from assets.row_typing import Known
from assets.sources import submission
from assets.submission_history import submissions_table
from assets.submission_workbook import FORM, PLACES
from assets.submissions import SOURCE_ID
from pipelines.builds import open_readonly
from pipelines.cli_submissions import register
from pipelines.collect import document_of
from pipelines.inbox import Receipt, plain_name, waiting_files
from pipelines.landing import ACCEPTED, QUARANTINED, Landing, LandingZone
from pipelines.quarters import Quarter
from pipelines.readers import Scope
from pipelines.settings import Settings
from pipelines.source_errors import NotData
from pipelines.submit import (
    last_figures,
    standing,
    submit_files,
    submit_inbox,
)
from tests.fixtures.forms import (
    EMPTY,
    GOOD,
    Q3,
    ROSTER,
    ROWS,
    filled,
    rezipped,
    submitting,
    synthetic_value,
)

IN_TIME, LATE, LOCKED = "2026-10-10", "2026-10-20", "2026-11-29"
SHARE = "ftth_household_coverage"

Clock = Callable[[str], None]


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Clock:
    def set_day(day: str) -> None:
        monkeypatch.setenv("DUIBIAO_TODAY", day)

    set_day(IN_TIME)
    return set_day


@pytest.fixture
def desk(tmp_path: Path, today: Clock, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = submitting(tmp_path / "project")
    monkeypatch.setenv("DUIBIAO_ROOT", str(settings.root))
    return settings


def form(settings: Settings, values: dict[str, Any], name: str = "虚构.xlsx") -> Path:
    """A filled-in form of the industry commission, beside the project."""
    path = settings.root.parent / name
    path.write_bytes(filled(EMPTY, values))
    return path


def hand_in(settings: Settings, values: dict[str, Any], **how: Any) -> Receipt:
    (receipt,) = submit_files(settings, [form(settings, values)], **how)
    return receipt


def landings(settings: Settings) -> list[Landing]:
    return LandingZone(settings.landing).landings(SOURCE_ID)


def feed_of(settings: Settings) -> LiveFeed:
    feeds = {feed.source.id: feed for feed in load_catalogue(settings.sources).feeds}
    return feeds[SOURCE_ID]


def table(settings: Settings, as_of: str) -> pl.DataFrame:
    """Table `submissions` by the committed register, which takes a while to read."""
    zone = LandingZone(settings.landing)
    day = dt.date.fromisoformat(as_of)
    return submissions_table(ROSTER, zone, feed_of(settings).source, day)


def status(settings: Settings, as_of: str, **where: str) -> dict[str, Any]:
    """The row of the industry commission and the third quarter."""
    found = table(settings, as_of).to_dicts()
    wanted = {"unit_id": "miit_commission", "quarter": "2026-Q3"} | where
    (row,) = [r for r in found if wanted.items() <= r.items()]
    return row


def loaded(settings: Settings) -> list[dict[str, Any]]:
    """The rows that the tables are made of, from all landings."""
    units = {entry.record.id: entry.record.unit for entry in ROSTER.register.entries}
    known = Known({name: name for name in units}, units, frozenset(ROSTER.regions["region_code"]))
    scope = Scope(today=dt.date(2030, 1, 1), provinces={})
    accepted = [e for e in landings(settings) if e.verdict == ACCEPTED]
    parsed, unreadable = parse_landings(feed_of(settings), accepted, known, scope)
    assert unreadable == []
    assert parsed.rows_in == len(parsed.rows) + len(parsed.rejections)
    return parsed.rows


def test_ten_good_and_three_bad_cells(desk: Settings) -> None:
    names = list(GOOD)
    values = {n: GOOD[n] for n in names[:10]}
    values |= {names[10]: "=1+1", names[11]: "很多", names[12]: 0.5}
    receipt = hand_in(desk, values)
    assert (receipt.outcome, receipt.accepted, receipt.refused, receipt.blank) == (
        "partly", 10, 3, 7,
    )  # fmt: skip
    (landing,) = landings(desk)
    assert (landing.part, landing.verdict) == ("2026-q3-410000-miit_commission", ACCEPTED)
    rows = loaded(desk)
    assert {r["indicator_id"] for r in rows} == set(names[:10])
    row = next(r for r in rows if r["indicator_id"] == "online_retail_sales")
    assert row["value"] == pytest.approx(GOOD["online_retail_sales"] * 1e8)
    assert (row["unit"], row["unit_printed"]) == ("CNY", "亿元")
    assert (row["period"], row["period_type"]) == ("2026-09", "year_to_date")
    assert (row["period_start"], row["period_end"]) == (dt.date(2026, 1, 1), dt.date(2026, 9, 30))
    assert (row["quality"], row["published_on"]) == ("submission", dt.date(2026, 10, 10))
    assert row["source_title"] == "2026年三季度报送：省工业和信息化委"
    assert receipt.answer is not None
    assert receipt.answer.parent == desk.data / "outbox"
    assert receipt.answer.name.startswith("虚构-回执-20261010T")
    marked = load_workbook(receipt.answer)[FORM]
    comments = [c.comment.text for line in marked.iter_rows() for c in line if c.comment]
    assert len(comments) == 3
    assert sum(text.startswith("单元格是公式") for text in comments) == 1


def test_a_dry_run_judges_and_writes_nothing(desk: Settings) -> None:
    receipt = hand_in(desk, GOOD, dry_run=True)
    assert (receipt.outcome, receipt.accepted) == ("accepted", len(ROWS))
    assert landings(desk) == []
    assert not (desk.data / "outbox").exists()


def test_a_later_form_supersedes_and_a_blank_changes_nothing(desk: Settings, today: Clock) -> None:
    hand_in(desk, GOOD)
    today("2026-10-12")
    hand_in(desk, {SHARE: 70, "online_retail_sales": GOOD["online_retail_sales"]})
    shares = [r for r in loaded(desk) if r["indicator_id"] == SHARE]
    assert [(r["value"], r["published_on"]) for r in shares] == [
        (66.5, dt.date(2026, 10, 10)), (70.0, dt.date(2026, 10, 12)),
    ]  # fmt: skip
    row = status(desk, "2026-10-12")
    assert row["figures_accepted"] == row["figures_owed"] == len(ROWS)
    assert (row["resubmissions"], row["status"]) == (1, "received")
    assert row["received_on"] == dt.date(2026, 10, 10)
    assert row["last_received_on"] == dt.date(2026, 10, 12)
    assert row["landing_sha256"] == landings(desk)[-1].sha256


def test_the_same_file_twice_is_said_to_be_there_already(desk: Settings) -> None:
    path = form(desk, GOOD)
    first, second = submit_files(desk, [path, path])
    assert (first.outcome, second.outcome) == ("accepted", "already")
    assert len(landings(desk)) == 1
    assert first.answer == second.answer
    assert submit_files(desk, [path])[0].outcome == "already"
    assert status(desk, IN_TIME)["resubmissions"] == 0


def test_an_earlier_file_handed_in_again_is_a_new_submission(desk: Settings) -> None:
    old, new = form(desk, GOOD, "旧.xlsx"), form(desk, GOOD | {SHARE: 70}, "新.xlsx")
    outcomes = [r.outcome for r in submit_files(desk, [old, new, old])]
    assert outcomes == ["accepted"] * 3
    assert [r["value"] for r in loaded(desk) if r["indicator_id"] == SHARE] == [66.5, 70.0, 66.5]


def test_a_locked_quarter_takes_a_change_with_a_reason_only(desk: Settings, today: Clock) -> None:
    hand_in(desk, GOOD)
    today(LOCKED)
    path = form(desk, GOOD | {SHARE: 70})
    (without,) = submit_files(desk, [path])
    assert (without.outcome, without.refused) == ("partly", 1)
    assert without.reading is not None
    assert without.reading.refused[0].fault.rule == "quarter_locked"
    assert "66.5%" in without.reading.refused[0].fault.zh
    # The same file again, now with a reason beside it.
    (within,) = submit_files(desk, [path], reason="虚构：口径核实")
    assert (within.outcome, within.refused) == ("accepted", 0)
    assert submit_files(desk, [path], reason="虚构：口径核实")[0].outcome == "already"
    last = [r for r in loaded(desk) if r["indicator_id"] == SHARE][-1]
    assert (last["value"], last["note"]) == (70.0, "更正原因：虚构：口径核实")


def test_a_late_first_figure_is_taken_and_counted_late(desk: Settings, today: Clock) -> None:
    some = {k: v for k, v in GOOD.items() if k != SHARE}
    hand_in(desk, some)
    assert status(desk, IN_TIME)["status"] == "partial"
    today(LOCKED)
    receipt = hand_in(desk, {SHARE: 70})
    assert (receipt.outcome, receipt.accepted) == ("accepted", 1)
    row = status(desk, LOCKED)
    assert (row["status"], row["figures_accepted"]) == ("late", len(ROWS))
    assert status(desk, IN_TIME)["status"] == "partial"  # as it was known then


def test_the_status_follows_the_calendar(desk: Settings) -> None:
    days = {"2026-09-29": "not_due", "2026-09-30": "due", "2026-10-15": "due",
            "2026-10-16": "missing"}  # fmt: skip
    assert {day: status(desk, day)["status"] for day in days} == days
    found = standing(desk, dt.date(2026, 11, 22)).table
    assert sorted(found["quarter"].unique()) == ["2026-Q3", "2026-Q4"]
    assert found.filter(pl.col("unit_id") == "local_governments").height == 2 * 28
    row = status(desk, "2026-11-22", unit_id="local_governments", region_code="410100")
    assert (row["figures_owed"], row["due_on"], row["locked_on"]) == (
        7, dt.date(2026, 10, 15), dt.date(2026, 11, 29),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((b"miit_commission", b"ministry_of_x"), "不是已登记的报送单位"),
        ((b"2026-Q3", b"2026-Q2"), "早于开始收报的季度"),
        ((b"2026-Q3", b"2026-Q4"), "尚未结束"),
        ((b"2026-Q3", b"26-Q3--"), "不是已登记的报送单位"),
        ((b"2026-Q3", b"../../x"), "不是已登记的报送单位"),
        ((b"template_version", b"template_edition"), "版本"),
    ],
)
def test_a_form_of_nobody_is_put_aside_with_the_reason(
    desk: Settings, change: tuple[bytes, bytes], words: str
) -> None:
    """The hidden sheet was tampered with, or the form is of another time."""
    body = form(desk, GOOD).read_bytes()
    desk.inbox.mkdir()
    path = desk.inbox / "虚构.xlsx"
    path.write_bytes(rezipped(body, lambda name, data: data.replace(*change)))
    (receipt,) = submit_inbox(desk)
    assert (receipt.outcome, receipt.accepted) == ("refused", 0)
    (landing,) = landings(desk)
    assert landing.verdict == QUARANTINED
    assert words in str(landing.reason)
    assert landing.part.startswith("unknown-")
    assert receipt.answer is not None
    assert words in receipt.answer.read_text(encoding="utf-8")
    assert (desk.inbox / "done" / "虚构.xlsx").is_file()
    assert status(desk, IN_TIME)["status"] == "due"


def test_a_form_with_nothing_usable_is_put_aside(desk: Settings) -> None:
    nothing, all_bad = hand_in(desk, {}), hand_in(desk, {SHARE: "很多"})
    assert [r.outcome for r in (nothing, all_bad)] == ["refused", "refused"]
    assert [e.verdict for e in landings(desk)] == [QUARANTINED] * 2
    assert "没有填报任何数值" in str(landings(desk)[0].reason)
    assert all_bad.answer is not None
    assert load_workbook(all_bad.answer)[FORM].cell(5, PLACES["indicator_id"]).value
    assert loaded(desk) == []
    row = status(desk, IN_TIME)
    assert (row["status"], row["received_on"]) == ("due", None)


def test_a_bomb_and_a_text_file_are_put_aside_and_the_others_go_on(desk: Settings) -> None:
    desk.inbox.mkdir()
    good = form(desk, GOOD)
    bomb = rezipped(good.read_bytes(), extra={"xl/media/bomb.bin": b"\0" * 40_000_000})
    (desk.inbox / "1.xlsx").write_bytes(bomb)
    (desk.inbox / "2.xlsx").write_text("<html>虚构</html>", encoding="utf-8")
    shutil.copy(good, desk.inbox / "3.xlsx")
    assert [r.outcome for r in submit_inbox(desk)] == ["refused", "refused", "accepted"]
    assert waiting_files(desk.inbox) == []
    assert len(list((desk.inbox / "done").iterdir())) == 3


def test_the_inbox_ignores_locks_links_folders_and_what_is_no_workbook(
    desk: Settings, tmp_path: Path
) -> None:
    assert submit_inbox(desk) == []  # there is no inbox yet
    desk.inbox.mkdir()
    outside = form(desk, GOOD)
    for name in ("~$虚构.xlsx", ".hidden.xlsx", "说明.txt"):
        (desk.inbox / name).write_bytes(b"synthetic")
    (desk.inbox / "folder.xlsx").mkdir()
    (desk.inbox / "link.xlsx").symlink_to(outside)
    assert submit_inbox(desk) == []
    assert landings(desk) == []
    assert outside.is_file()


def test_two_files_of_one_name_do_not_overwrite_each_other(desk: Settings) -> None:
    for value in (66.5, 70):
        desk.inbox.mkdir(exist_ok=True)
        form(desk, GOOD | {SHARE: value}).rename(desk.inbox / "虚构.xlsx")
        submit_inbox(desk)
    assert {p.name for p in (desk.inbox / "done").iterdir()} == {"虚构.xlsx", "虚构-2.xlsx"}
    assert len(list((desk.data / "outbox").iterdir())) == 2


def test_a_file_that_is_handed_in_from_elsewhere_stays_there(desk: Settings) -> None:
    receipt = hand_in(desk, GOOD)
    path = desk.root.parent / "虚构.xlsx"
    assert path.is_file()
    assert receipt.answer is not None
    assert receipt.answer.read_bytes() != path.read_bytes()


def test_what_landed_but_was_not_moved_is_recognised(desk: Settings) -> None:
    """As after a crash between landing and moving: here the move itself is what fails."""
    desk.inbox.mkdir()
    form(desk, GOOD).rename(desk.inbox / "虚构.xlsx")
    (desk.inbox / "done").write_text("a file where a folder is due", encoding="utf-8")
    assert submit_inbox(desk)[0].outcome == "failed"
    assert [p.name for p in waiting_files(desk.inbox)] == ["虚构.xlsx"]
    assert len(landings(desk)) == 1
    (desk.inbox / "done").unlink()
    (again,) = submit_inbox(desk)
    assert (again.outcome, again.accepted) == ("already", len(ROWS))
    assert waiting_files(desk.inbox) == []
    assert len(landings(desk)) == 1
    assert len(loaded(desk)) == len(ROWS)
    assert len(list((desk.data / "outbox").iterdir())) == 1


def test_a_full_disk_leaves_the_file_in_the_inbox(desk: Settings) -> None:
    desk.inbox.mkdir()
    form(desk, GOOD).rename(desk.inbox / "虚构.xlsx")
    desk.landing.write_text("a file where a folder is due", encoding="utf-8")
    (receipt,) = submit_inbox(desk)
    assert receipt.outcome == "failed"
    assert [p.name for p in waiting_files(desk.inbox)] == ["虚构.xlsx"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/虚构.xlsx", "虚构.xlsx"),
        ("..\\..\\虚构.xlsx", "虚构.xlsx"),
        ("..", "workbook.xlsx"),
        (".xlsx", "xlsx"),
        ("a\x1b[31m\nb.xlsx", "a__31m_b.xlsx"),
        ("报送表（三季度） 1.xlsx", "报送表（三季度） 1.xlsx"),
    ],
)
def test_a_file_name_leads_nowhere(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_history_reads_the_same_after_the_register_changed(desk: Settings) -> None:
    hand_in(desk, GOOD | {SHARE: "很多"})
    feed = feed_of(desk)
    (landing,) = landings(desk)
    before = feed.read(document_of(landing), Scope(dt.date(2026, 10, 10), {}))
    for path in desk.register.glob("*.yaml"):
        path.unlink()
    desk.submissions.unlink()
    after = feed.read(document_of(landing), Scope(dt.date(2030, 1, 1), {}))
    assert after == before
    assert len(after.cells) == len(ROWS) - 1


def test_what_is_owed_may_change_after_the_form_was_made(desk: Settings) -> None:
    path = form(desk, GOOD)
    text = (desk.register / "network.yaml").read_text(encoding="utf-8")
    assert f"- id: {SHARE}\n" in text
    kept, _, rest = text.partition(f"- id: {SHARE}\n")
    following = rest[rest.index("\n- id: ") + 1 :]
    (desk.register / "network.yaml").write_text(kept + following, encoding="utf-8")
    (receipt,) = submit_files(desk, [path])
    assert (receipt.accepted, receipt.refused) == (len(ROWS) - 1, 1)
    assert receipt.reading is not None
    assert any("重新下载" in note for note in receipt.reading.notes)


def test_the_reader_asks_nobody_and_takes_no_dropped_file(desk: Settings) -> None:
    feed = feed_of(desk)
    assert feed.source.base_url is None
    with pytest.raises(NotData) as caught:
        feed.dropped("虚构.xlsx", b"")
    assert "duibiao submit" in caught.value.remedy
    hand_in(desk, GOOD)
    document = document_of(landings(desk)[0])
    scope = Scope(dt.date(2026, 10, 10), {})
    bare = type(document)(document.part, document.body, document.url, document.suffix)
    with pytest.raises(ValueError, match="no context of a submission"):
        submission.read(feed.source, submission.Options(), bare, scope)


def test_the_settings_fit_the_register(desk: Settings) -> None:
    assert standing(desk, dt.date(2026, 11, 22)).findings == []


@pytest.mark.slow
def test_last_figures_come_from_the_present_build(published: Settings) -> None:
    last = last_figures(published, Q3)
    with open_readonly(published) as connection:
        (expected,) = connection.execute(
            """SELECT arg_max(value, period_end) FROM core.observations
               WHERE indicator_id = 'fixed_broadband_users' AND region_code = '410000'"""
        ).fetchall()
    assert last["fixed_broadband_users", "410000"].value == expected[0]
    assert all(figure.period_end <= Q3.end for figure in last.values())
    assert last_figures(published, Quarter(1990, 1)) == {}


# --- commands ---------------------------------------------------------------------------------


def duibiao(*words: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [*words])


def test_the_commands_from_the_form_to_the_receipt(desk: Settings, tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    made = duibiao("template", "--unit", "工业和信息化委", "--quarter", "2026Q3", "-o", str(path))
    assert made.exit_code == 0, made.output
    assert "应报 20 个数" in made.output
    body = path.read_bytes()
    path.write_bytes(filled(body, GOOD | {SHARE: "很多"}))
    done = duibiao("submit", str(path), "--json")
    assert done.exit_code == 3
    (answer,) = json.loads(done.output)
    assert (answer["accepted"], answer["refused"]) == (19, 1)
    assert answer["refusals"][0]["rule"] == "not_a_number"
    path.write_bytes(filled(body, GOOD))
    assert duibiao("submit", str(path)).exit_code == 0
    path.write_bytes(b"synthetic")
    bad = duibiao("submit", str(path))
    assert bad.exit_code == 1
    assert "不是 .xlsx 工作簿" in bad.output
    listed = duibiao("submissions", "--quarter", "2026Q3", "--unit", "miit_commission", "--json")
    (row,) = json.loads(listed.output)
    assert (row["status"], row["resubmissions"]) == ("received", 1)
    assert "已报 received" in duibiao("submissions", "--unit", "省工业和信息化委").output


def test_a_region_has_its_form(desk: Settings, tmp_path: Path) -> None:
    path = tmp_path / "郑州.xlsx"
    made = duibiao("template", "--region", "410100", "--quarter", "2026-Q3", "-o", str(path))
    assert made.exit_code == 0, made.output
    rows = ROSTER.asked(ROSTER.reporter(None, "410100", Q3), Q3)
    path.write_bytes(filled(path.read_bytes(), {r.indicator_id: synthetic_value(r) for r in rows}))
    assert duibiao("submit", str(path)).exit_code == 0
    assert landings(desk)[0].part == "2026-q3-410100-local_governments"
    assert {r["region_code"] for r in loaded(desk)} == {"410100"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("template", "--unit", "x", "--quarter", "2026Q3"), "miit_commission 省工业和信息化委"),
        (("template", "--unit", "commerce", "--quarter", "三季度"), "2026Q3"),
        (("template", "--unit", "commerce", "--quarter", "2026Q2"), "2026-Q3"),
        (("template", "--quarter", "2026Q3"), "--unit"),
        (("template", "--region", "410728", "--quarter", "2026Q3"), "410783 长垣市"),
        (("submissions", "--unit", "x"), "miit_commission"),
    ],
)
def test_errors_say_what_there_is(desk: Settings, words: tuple[str, ...], message: str) -> None:
    done = duibiao(*words)
    assert done.exit_code == 1
    assert isinstance(done.exception, (ValueError, LookupError))
    assert message in str(done.exception)


def test_a_missing_file_is_no_traceback(desk: Settings) -> None:
    done = duibiao("submit", str(desk.root / "none.xlsx"))
    assert done.exit_code == 1
    assert "未能收入" in done.output
