"""Parts of the exports: cells, codes, statuses, folders."""

import datetime as dt
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from lxml import etree
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from assets.exports.catalogue import _openness
from assets.exports.content import Field, unit_label
from assets.exports.notes import SUMS, listed, write_sums
from assets.exports.sdmx import OBSERVATIONS, _in_both_languages
from assets.exports.sdmx_structure import PARTING, sdmx_id
from assets.exports.sheets import Column, Sheet
from assets.exports.workbook import _FORMATS, LONGEST_TEXT, _write_sheet
from pipelines.cells import FORMULA_STARTS
from pipelines.cli_exports import refuse_to_overwrite, whole_folder
from schemas.units import UNITS

COLUMNS = (
    Column("text", "文字", "Text"),
    Column("number", "数", "Number", "number"),
    Column("share", "百分比 [%]", "Share [%]", "share"),
    Column("year", "年", "Year", "year"),
    Column("day", "日", "Day", "day"),
)
EMPTY = {"text": None, "number": None, "share": None, "year": None, "day": None}


def written(path: Path, *rows: dict[str, object]) -> Worksheet:
    """A sheet of these rows, written and read back."""
    book = xlsxwriter.Workbook(path)
    formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
    _write_sheet(book.add_worksheet("表"), Sheet("表", COLUMNS, [EMPTY | r for r in rows]), formats)
    book.close()
    return openpyxl.load_workbook(path).worksheets[0]


@pytest.mark.parametrize("start", FORMULA_STARTS, ids=[hex(ord(s)) for s in FORMULA_STARTS])
def test_text_never_becomes_a_formula(tmp_path: Path, start: str) -> None:
    text = f'{start}HYPERLINK("https://example.org","x")'
    cell = written(tmp_path / "x.xlsx", {"text": text})["A3"]
    assert unescape(cell.value) == text
    assert cell.quotePrefix
    assert cell.data_type == "s"
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_ordinary_text_has_no_prefix_and_long_text_is_cut(tmp_path: Path) -> None:
    sheet = written(tmp_path / "x.xlsx", {"text": "1.9万亿元"}, {"text": "长" * 40000})
    assert sheet["A3"].value == "1.9万亿元"
    assert not sheet["A3"].quotePrefix
    assert len(sheet["A4"].value) == LONGEST_TEXT


def test_numbers_stay_numbers_and_missing_ones_stay_empty(tmp_path: Path) -> None:
    sheet = written(
        tmp_path / "x.xlsx",
        {"number": 1.9e12, "share": 73.07, "year": 2020, "day": dt.date(2018, 2, 8)},
        {"number": -0.5, "share": 99.97},
        {},
    )
    assert [c.value for c in sheet[3]][1:] == [1.9e12, 73.07, 2020, dt.datetime(2018, 2, 8)]
    assert [c.data_type for c in sheet[3]][1:] == ["n", "n", "n", "d"]
    assert sheet["B3"].number_format == "#,##0_)"
    assert sheet["B4"].number_format == "#,##0.00##_)"
    assert sheet["D3"].number_format == "0"
    # 99.97 % must not be shown as 100.0 %.
    assert (sheet["C3"].number_format, sheet["C4"].number_format) == ("0.0_)", "0.0#####_)")
    assert [c.value for c in sheet[5]] == [None] * 5


def test_the_head_is_in_both_languages_frozen_and_filtered(tmp_path: Path) -> None:
    sheet = written(tmp_path / "x.xlsx", {"text": "甲"})
    assert [c.value for c in sheet[1]] == ["文字", "数", "百分比 [%]", "年", "日"]
    assert [c.value for c in sheet[2]] == ["Text", "Number", "Share [%]", "Year", "Day"]
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref == "A2:E3"


def test_a_column_says_what_it_holds() -> None:
    plain = Field("a", "DOUBLE", "差距", "gap")
    assert plain.text == "差距 / gap"
    full = Field("a", "DOUBLE", "变动", "change", "%", "b - a")
    assert full.text == "变动 / change [%] = b - a"


def test_every_unit_has_a_name_and_an_identifier_that_sdmx_allows() -> None:
    ids = [sdmx_id(unit) for unit in UNITS]
    assert len(set(ids)) == len(ids)
    assert sdmx_id("Gbit/s") == "Gbit_s"
    assert all(i.replace("_", "").isalnum() for i in ids)
    assert unit_label("CNY") == ("人民币元", "yuan")
    assert unit_label("cubits") == ("cubits", "cubits")


def test_names_are_parted_into_two_languages() -> None:
    xml = f'<a xmlns:c="urn:x"><c:Name xml:lang="en">A &amp; B{PARTING}甲</c:Name><c:Name/></a>'
    names = etree.fromstring(_in_both_languages(xml)).findall("{urn:x}Name")
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [(n.get(language), n.text) for n in names] == [
        ("en", "A & B"), ("zh", "甲"), (None, None),
    ]  # fmt: skip


def observations(*rows: tuple[str, str, str, bool, str]) -> list[tuple[str, str, str]]:
    """Period type, period and status of observations, given with period end and quality."""
    connection = duckdb.connect()
    connection.execute(
        """CREATE SCHEMA core; CREATE SCHEMA meta;
           CREATE TABLE meta.build AS SELECT 'b' AS build_id;
           CREATE TABLE core.series_breaks AS SELECT 'i' AS indicator_id, DATE '2018-01-01'
               AS starts_on;
           CREATE TABLE core.observation_vintages (observation_id VARCHAR, note VARCHAR);
           CREATE TABLE core.observations (indicator_id VARCHAR, region_code VARCHAR,
               period VARCHAR, period_type VARCHAR, period_end DATE, value DOUBLE, unit VARCHAR,
               bound VARCHAR, tolerance DOUBLE, is_derived BOOLEAN, quality VARCHAR,
               value_printed VARCHAR, source_title VARCHAR, source_url VARCHAR,
               published_on DATE, observation_id VARCHAR)"""
    )
    for period_type, period, end, is_derived, quality in rows:
        connection.execute(
            """INSERT INTO core.observations VALUES ('i', '410000', ?, ?, ?, 1, 'Gbit/s', 'exact',
               0, ?, ?, '1', 't', NULL, DATE '2020-01-01', ? || ?)""",
            [period, period_type, end, is_derived, quality, period_type, period],
        )
    connection.execute(
        "INSERT INTO core.observation_vintages SELECT observation_id, NULL FROM core.observations"
    )
    found = connection.execute(OBSERVATIONS)
    names = [d[0] for d in found.description or []]
    picked = [names.index(n) for n in ("FREQ", "TIME_PERIOD", "OBS_STATUS")]
    return [(row[picked[0]], row[picked[1]], row[picked[2]]) for row in found.fetchall()]


def test_statuses_say_only_what_they_mean() -> None:
    assert observations(
        ("annual", "2016", "2016-12-31", False, "media"),
        ("annual", "2017", "2017-12-31", True, "derived"),
        ("annual", "2018", "2018-12-31", True, "derived"),
        ("annual", "2019", "2019-12-31", False, "submission"),
        ("annual", "2020", "2020-12-31", False, "official"),
        ("monthly", "2019-01", "2019-01-31", False, "official"),
    ) == [
        ("annual", "2016", "A"),
        ("annual", "2017", "E"),
        ("annual", "2018", "B"),  # the first of the new scope; QUALITY still says derived
        ("annual", "2019", "V"),
        ("annual", "2020", "A"),
        ("monthly", "2019-01", "A"),  # nothing before it that it could break with
    ]


def test_openness_follows_from_the_files(tmp_path: Path) -> None:
    def level(*names: str) -> list[str]:
        return [m["dqv:value"]["@value"] for m in _openness([tmp_path / n for n in names])]

    assert level() == ["0", "0"]
    assert level("xlsx/duibiao.xlsx") == ["2", "0"]
    # Without an open licence no format earns a star.
    assert level("xlsx/duibiao.xlsx", "csv/targets.csv") == ["3", "0"]


def test_sums_list_every_file_but_themselves(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_text("x", encoding="utf-8")
    (tmp_path / "c.txt").write_text("", encoding="utf-8")
    write_sums(tmp_path)
    assert listed(tmp_path) == ["a/b.txt", "c.txt"]


def export_into(folder: Path, text: str, *, replace: bool = False) -> None:
    with whole_folder(folder, replace=replace) as temporary:
        (temporary / "a.txt").write_text(text, encoding="utf-8")
        write_sums(temporary)


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"

    def fail() -> None:
        with whole_folder(folder, replace=False) as temporary:
            (temporary / "half.txt").write_text("x", encoding="utf-8")
            raise RuntimeError("no disk")

    with pytest.raises(RuntimeError, match="no disk"):
        fail()
    assert list(folder.parent.iterdir()) == []
    export_into(folder, "1")
    assert [p.name for p in folder.parent.iterdir()] == ["out"]


def test_an_export_is_replaced_only_when_asked(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export_into(folder, "1")
    with pytest.raises(FileExistsError, match="--force"):
        export_into(folder, "2")
    assert (folder / "a.txt").read_text() == "1"
    export_into(folder, "2", replace=True)
    assert (folder / "a.txt").read_text() == "2"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_force_removes_nothing_that_no_export_wrote(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.docx").write_text("x")
    with pytest.raises(FileExistsError, match=SUMS):  # any folder of somebody's
        refuse_to_overwrite(mine, replace=True)
    folder = tmp_path / "out"
    export_into(folder, "1")
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("x")
    with pytest.raises(FileExistsError, match=r"notes/mine\.txt"):
        refuse_to_overwrite(folder, replace=True)
    (tmp_path / "empty").mkdir()
    refuse_to_overwrite(tmp_path / "empty", replace=False)
