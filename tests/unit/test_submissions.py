"""Submissions: who owes what, and the form. Values: SYNTHETIC."""

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from assets.submission_reading import identity_of
from assets.submission_workbook import (
    COLUMNS,
    FIRST_ROW,
    FORM,
    HELP,
    LISTS,
    META,
    PLACES,
    write_template,
)
from assets.submissions import (
    UnknownReporter,
    load_settings,
    printed_unit_of,
    rows_hash,
)
from pipelines.cells import plain_text
from pipelines.quarters import Quarter, QuarterError
from pipelines.yamlfile import RegisterError
from schemas.submission_records import SubmissionSettings
from schemas.units import UNITS, printed_unit
from tests.fixtures.forms import (
    EMPTY,
    MIIT,
    Q3,
    ROOT,
    ROSTER,
    ROWS,
    asked,
    filled,
    read,
    rules,
    synthetic_value,
)

# --- quarters, settings, who owes what --------------------------------------------------------


def test_quarters_are_written_in_two_ways() -> None:
    assert Quarter.parse("2026Q3") == Quarter.parse(" 2026-q3 ") == Q3
    assert (str(Q3), Q3.zh, Q3.end) == ("2026-Q3", "2026年三季度", dt.date(2026, 9, 30))
    assert Quarter.of(dt.date(2026, 10, 1)) == Quarter(2026, 4)
    assert [str(q) for q in Q3.until(Quarter(2027, 1))] == ["2026-Q3", "2026-Q4", "2027-Q1"]


@pytest.mark.parametrize("text", ["2026", "2026Q5", "2026Q0", "26Q3", "Q3", "", "1900Q3"])
def test_what_is_no_quarter_says_how_one_is_written(text: str) -> None:
    with pytest.raises(QuarterError, match=r"2026Q3|between"):
        Quarter.parse(text)


def test_the_settings_name_every_body_that_the_documents_print_and_no_other() -> None:
    assert list(ROSTER.findings()) == []


@pytest.mark.parametrize(
    ("change", "rule", "key"),
    [
        (lambda names: names[:-1], "unit_unlisted", "工业和信息化委"),
        (lambda names: (*names, "工业和信息化厅"), "unit_not_printed", "工业和信息化厅"),
    ],
)
def test_an_alias_joins_printed_names_only(
    change: Callable[[tuple[str, ...]], tuple[str, ...]], rule: str, key: str
) -> None:
    units = tuple(
        u.model_copy(update={"names": change(u.names)}) if u.id == "miit_commission" else u
        for u in ROSTER.settings.units
    )
    changed = replace(ROSTER, settings=ROSTER.settings.model_copy(update={"units": units}))
    assert [(f.rule, f.key) for f in changed.findings()] == [(rule, key)]


def test_regions_report_only_what_adds_up() -> None:
    regions = ROSTER.settings.regions.model_copy(
        update={"indicators": ("users_5g", "new_infrastructure_rank", "no_such_indicator")}
    )
    changed = replace(ROSTER, settings=ROSTER.settings.model_copy(update={"regions": regions}))
    assert [f.key for f in changed.findings()] == ["new_infrastructure_rank", "no_such_indicator"]


def test_one_body_under_its_spellings_owes_all_of_its_indicators() -> None:
    found = {row.indicator_id for row in ROWS}
    assert "mobile_phone_output" in found  # printed with 省工业和信息化委
    assert "ftth_household_coverage" in found  # printed with 工业和信息化委
    assert "urban_household_broadband_access_capability" in found  # an aim without a number
    assert "national_info_consumption_pilot_cities" not in found  # a figure that was reached
    assert len({row.key for row in ROWS}) == len(ROWS) == 20
    assert {row.region_zh for row in ROWS} == {"河南省", "郑州市", "鹤壁市", "贫困偏远地区"}
    for name in ("工业和信息化委", "省工业和信息化委"):
        assert ROSTER.reporter(name, None, Q3) == MIIT


def test_nobody_owes_what_no_document_asked_for_yet() -> None:
    before = [r for r in ROSTER.reporters(Quarter(2017, 4)) if not r.is_local]
    assert before == []


def test_flows_are_asked_for_since_january_and_the_rest_at_the_quarters_end() -> None:
    flow = next(r for r in ROWS if r.indicator_id == "online_retail_sales")
    share = next(r for r in ROWS if r.indicator_id == "ftth_household_coverage")
    assert (flow.period, flow.period_type) == ("2026-09", "year_to_date")
    assert (flow.period_zh, flow.unit_printed) == ("2026年1—9月累计", "亿元")
    assert (share.period, share.period_type) == ("2026-Q3", "quarterly")
    assert share.period_zh == "2026年9月末"


def test_the_regions_that_report_are_the_valid_ones() -> None:
    regions = {r.region_code for r in ROSTER.reporters(Q3) if r.is_local}
    assert len(regions) == 17 + 1 + 10
    assert {"410100", "419001", "410783", "410181"} <= regions
    assert not {"410000", "410000-ZKL", "410728", "410102", "410173"} & regions
    in_2018 = {r.region_code for r in ROSTER.reporters(Quarter(2018, 4)) if r.is_local}
    assert "410728" in in_2018
    assert "410783" not in in_2018


def test_a_region_alone_names_its_government() -> None:
    by_code = ROSTER.reporter(None, "410100", Q3)
    assert by_code == ROSTER.reporter("local_governments", "郑州市", Q3)
    assert by_code.zh == "郑州市"
    assert {r.region_code for r in ROSTER.asked(by_code, Q3)} == {"410100"}


@pytest.mark.parametrize(
    ("unit", "region", "hint"),
    [
        ("工业和信息化厅", None, "miit_commission 省工业和信息化委"),
        ("local_governments", None, "410100 郑州市"),
        ("commerce", "410100", "410000 河南省"),
        (None, "410728", "410783 长垣市"),
    ],
)
def test_an_unknown_reporter_is_told_which_there_are(
    unit: str | None, region: str | None, hint: str
) -> None:
    with pytest.raises(UnknownReporter, match=hint):
        ROSTER.reporter(unit, region, Q3)


def test_every_unit_has_one_in_which_it_is_asked() -> None:
    for unit in UNITS:
        printed = printed_unit(printed_unit_of(unit))
        assert printed is not None, unit
        assert unit in printed.meanings, unit


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("locked_days_after_due: 45", "locked_days_after_due: -1", "greater_than_equal"),
        ("first_quarter: 2026-Q3", "first_quarter: 2026Q3", "string_pattern_mismatch"),
        ("names: [省文化厅]", "names: [省商务厅]", "repeated"),
        ("unit: local_governments", "unit: nobody", "unknown_code"),
        ("names: [省文化厅]", "names: [省文化厅]\n      alias: x", "extra_forbidden"),
    ],
)
def test_faults_of_the_settings_are_found(tmp_path: Path, old: str, new: str, rule: str) -> None:
    text = (ROOT / "data" / "submissions.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "submissions.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RegisterError) as caught:
        load_settings(path)
    assert [p.rule for p in caught.value.problems] == [rule]


def test_the_settings_are_one_record(tmp_path: Path) -> None:
    path = tmp_path / "submissions.yaml"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="one record"):
        load_settings(path)
    assert isinstance(load_settings(ROOT / "data" / "submissions.yaml"), SubmissionSettings)


# --- the form ---------------------------------------------------------------------------------


def test_the_form_asks_what_is_owed_and_lets_only_the_inputs_be_changed() -> None:
    book = load_workbook(io.BytesIO(EMPTY))
    assert book.sheetnames == [FORM, HELP, LISTS, META]
    assert book[META].sheet_state == "veryHidden"
    form = book[FORM]
    assert form.max_row == FIRST_ROW + len(ROWS) - 1
    assert form.protection.sheet
    assert form.freeze_panes == f"C{FIRST_ROW}"
    assert form.print_title_rows == "$4:$4"
    inputs = {
        c.field for c in COLUMNS if not form.cell(FIRST_ROW, PLACES[c.field]).protection.locked
    }
    assert inputs == {"value", "bound", "note", "correction"}
    for number, row in enumerate(ROWS, FIRST_ROW):
        line = {c.field: form.cell(number, PLACES[c.field]).value for c in COLUMNS}
        assert (line["indicator_id"], line["region_code"]) == row.key
        assert (line["unit"], line["period"]) == (row.unit_printed, row.period_zh)
        assert str(line["name"]).startswith(row.name_zh)
        assert line["value"] is None
        assert line["bound"] == "确数"
    lists = [v for v in form.data_validations.dataValidation if v.type == "list"]
    assert [v.formula1 for v in lists] == [f"'{LISTS}'!$A$2:$A$5"]
    identity = identity_of(book)
    assert (identity.unit, identity.region, identity.quarter) == (
        "miit_commission", "410000", "2026-Q3",
    )  # fmt: skip
    assert identity.rows == rows_hash(ROWS)


def test_the_form_opens_in_another_program_too() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(EMPTY))
    rows = book.get_sheet_by_name(FORM).to_python()
    assert [str(cell).split("\n")[0] for cell in rows[3]][:3] == [
        "指标代码",
        "指标名称",
        "计量单位",
    ]
    assert [row[0] for row in rows[4:]] == [row.indicator_id for row in ROWS]


def test_last_values_stand_in_the_unit_of_the_form() -> None:
    row = asked(
        unit="CNY", unit_printed="亿元", measure="flow", plausible_max=None,
        last_value=1.9e12, last_printed="2025，虚构来源，2026-01-31 发布",
    )  # fmt: skip
    body = write_template(MIIT, Q3, [row], dt.date(2026, 10, 15), dt.date(2026, 11, 29))
    form = load_workbook(io.BytesIO(body))[FORM]
    assert form.cell(FIRST_ROW, PLACES["last_value"]).value == 19000
    assert "2025，虚构来源" in str(form.cell(FIRST_ROW, PLACES["last_source"]).value)


def test_no_text_of_ours_becomes_a_formula() -> None:
    row = asked(name_zh="=HYPERLINK(1)", last_printed="+1", region_zh="@x")
    body = write_template(MIIT, Q3, [row], dt.date(2026, 10, 15), dt.date(2026, 11, 29))
    book = load_workbook(io.BytesIO(body))
    types = {cell.data_type for sheet in book for line in sheet.iter_rows() for cell in line}
    assert "f" not in types
    assert book[FORM].cell(FIRST_ROW, PLACES["region"]).value == "'@x"
    assert [plain_text(t) for t in ("=1", "-1", "全省")] == ["'=1", "'-1", "全省"]


def test_every_reporter_gets_a_form_that_reads_back() -> None:
    for reporter in ROSTER.reporters(Q3):
        if reporter.is_local and reporter.region_code not in ("410100", "419001"):
            continue
        rows = ROSTER.asked(reporter, Q3)
        body = write_template(reporter, Q3, rows, ROSTER.due_on(Q3), ROSTER.locked_on(Q3))
        values = {row.indicator_id: synthetic_value(row) for row in rows}
        reading = read(filled(body, values), rows)
        assert len(reading.cells) == len(rows), (reporter, rules(reading))
