"""Tables by record: heads, units, rows, periods, and files of all kinds. Values: SYNTHETIC.

Figures that are published ones come from data/published/ and are called so.
"""

import csv
import datetime as dt
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assets.sources.printed_periods import period_of
from assets.sources.table_options import TableOptions
from pipelines.dates import PeriodError
from pipelines.readers import Document, Seen, Unchanged
from pipelines.source_errors import (
    Challenged,
    NotData,
    RequestRefused,
    SchemaChanged,
    SourceError,
    TooLarge,
    UnitChanged,
)
from tests.fixtures.articles import asked as ask
from tests.fixtures.articles import documents_in
from tests.fixtures.replay import Asked, Challenge, Replay, Reply, Status
from tests.fixtures.tables import (
    book_of,
    csv_of,
    documented,
    feed_with,
    read_document,
    read_file,
    rules_of,
    values_of,
)

FBB, MOBILE = "fixed_broadband_users", "mobile_phone_users"
URBAN, RURAL = "fixed_broadband_users_urban", "fixed_broadband_users_rural"
HENAN = "410000"
PUBLISHED = Path(__file__).parents[2] / "data" / "published" / "nbs_provincial.csv"

LONG: dict[str, Any] = {
    "layout": "long",
    "columns": {"region": "地区", "period": "时间", "value": "宽带用户"},
    "constants": {"indicator": FBB, "unit": "万户"},
}
WIDE: dict[str, Any] = {
    "layout": "wide",
    "columns": {"region": "地区"},
    "constants": {"period": "2024"},
    "values": {
        "宽带用户": {"indicator": FBB, "unit": "万户"},
        "移动用户": {"indicator": MOBILE, "unit": "万户"},
    },
}


def published() -> dict[tuple[str, str, str], str]:
    """The figures of NBS as the project has published them."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return {
            (row["indicator_id"], row["region_code"], row["period"]): row["value_printed"]
            for row in csv.DictReader(file)
        }


# --- the records of docs/sources.md -----------------------------------------------------------

CSV_HEAD = "指标,地区,时间,数值,单位,发布日期"
NAMES = {FBB: "互联网宽带接入用户", MOBILE: "移动电话用户"}


def test_the_documented_csv_over_http(replay: Replay) -> None:
    feed = documented()["example_csv"]
    figures = {
        key: value
        for key, value in published().items()
        if key[0] == FBB and key[1] in (HENAN, "440000") and key[2] >= "2020"
    }
    assert len(figures) >= 8
    names = {HENAN: "河　南", "440000": "广东省"}
    others = [f"{NAMES[FBB]},{name},2024年,1.0,万户," for name in ("合计", "东部地区", "乌有省")]
    rows = [f"{NAMES[i]},{names[r]},{p}年,{v},万户,2026-04-21" for (i, r, p), v in figures.items()]
    body = csv_of(CSV_HEAD, *rows, *others, encoding="gbk")

    def site(asked: Asked) -> Reply | None:
        if asked.path != "/data/broadband.csv":
            return None
        if asked.headers.get("if-none-match") == '"v1"':
            return Reply(304)
        return Reply(200, body, {"ETag": '"v1"'}, "text/csv")

    replay.mount("/site", site)
    (document,) = ask(feed, f"{replay.url}/site")
    assert isinstance(document, Document)
    assert (document.part, document.suffix, document.etag) == ("table", ".csv", '"v1"')
    reading = read_document(feed, document)
    assert values_of(reading) == figures
    assert {cell.published_on for cell in reading.cells} == {dt.date(2026, 4, 21)}
    assert {cell.period_type for cell in reading.cells} == {"annual"}
    assert rules_of(reading) == ["unknown_region"]
    seen = {"table": Seen(dt.datetime(2026, 11, 22, tzinfo=dt.UTC), '"v1"', None)}
    assert ask(feed, f"{replay.url}/site", seen) == [Unchanged("table")]


def test_the_documented_workbook() -> None:
    feed = documented()["example_xlsx"]
    figures = {
        key: value
        for key, value in published().items()
        if key[0] in (URBAN, RURAL) and key[1] in (HENAN, "110000", "440000") and key[2] == "2024"
    }
    assert len(figures) == 6

    def row(name: str, code: str) -> list[object]:
        return [name, *(float(figures[i, code, "2024"]) for i in (URBAN, RURAL))]

    body = book_of(
        [
            ["表1　分省宽带用户（2024年）", None, None],
            ["单位：万户", None, None],
            ["地区", "宽带接入用户", None],
            [None, "城市", "农村"],
            row("北　京", "110000"),
            row("河南", HENAN),
            row("440000", "440000"),
            ["示例区", "—", ""],
            ["注：", None, None],
            ["1.合成注释。", None, None],
            ["资料来源：合成", None, None],
        ],
        merged=["A1:C1", "A2:C2", "A3:A4", "B3:C3"],
    )
    reading = read_file(feed, body, "手工下载.xls")
    assert {k: float(v) for k, v in values_of(reading).items()} == {
        k: float(v) for k, v in figures.items()
    }
    assert rules_of(reading) == ["unknown_region", "unknown_region"]
    assert reading.notes == ["注：", "1.合成注释。", "资料来源：合成"]
    column = reading.columns[URBAN]
    assert (column.name, column.unit) == ("宽带接入用户 / 城市", "万户")


def test_the_documented_web_page_over_http(replay: Replay) -> None:
    feed = documented()["example_html"]
    page = (
        '<html><head><meta charset="gb2312"></head><body><table>'
        "<tr><td colspan=2>单位：万件</td></tr><tr><th>时期</th><th>快递业务量</th></tr>"
        "<tr><td>2024年一季度</td><td>111.1</td></tr><tr><td>2024年上半年</td><td>222.2</td></tr>"
        "<tr><td>2024年1－9月</td><td>333.3</td></tr><tr><td>2024</td><td>无</td></tr></table>"
    ).encode("gb18030")
    replay.mount("/site", lambda asked: Reply(200, page, media_type="text/html"))
    document = documents_in(ask(feed, f"{replay.url}/site"))["table"]
    assert document.suffix == ".html"
    reading = read_document(feed, document)
    assert values_of(reading) == {
        ("express_parcels", HENAN, "2024-03"): "111.1",
        ("express_parcels", HENAN, "2024-06"): "222.2",
        ("express_parcels", HENAN, "2024-09"): "333.3",
    }
    assert {cell.period_type for cell in reading.cells} == {"year_to_date"}
    assert [(blank.period, blank.reason) for blank in reading.blanks] == [
        ("2024-12", "not_published")
    ]


# --- asking -----------------------------------------------------------------------------------


def test_a_page_for_people_and_a_refusal(replay: Replay) -> None:
    feed = documented()["example_csv"]
    replay.mount("/site", lambda asked: Reply(200, csv_of(CSV_HEAD), media_type="text/csv"))
    replay.fault("/site", Challenge())
    with pytest.raises(Challenged):
        ask(feed, f"{replay.url}/site")
    replay.fault("/site", Status(404))
    with pytest.raises(RequestRefused):
        ask(feed, f"{replay.url}/site")


def test_a_source_without_path_asks_for_nothing(replay: Replay) -> None:
    assert ask(documented()["example_xlsx"], replay.url) == []
    assert replay.log == []


def test_an_empty_file_is_not_taken_in() -> None:
    with pytest.raises(NotData):
        feed_with(LONG).dropped("合成.csv", b" \r\n")


# --- rows -------------------------------------------------------------------------------------


def test_every_row_is_a_figure_a_blank_or_a_refusal() -> None:
    body = csv_of(
        "合成表标题,,",
        "地区,时间,宽带用户（万户）",
        "河南省,2024,111.1",
        '河　南,2023,"1,111.1"',
        "410000,2022,-5",
        "河南,2021,—",
        "河南,2020,",
        "河南,2026,无",
        "",
        ",,",
        "乌有省,2024,1",
        "河南,2024-13,1",
        "河南,2027,1",
        "河南,2019,约五",
        "河南,2018,=1+1",
        "河南,2017,+5",
        "河南,2016,@x",
        "-河南,2015,5",
        "河南,2014,1,111.1",
        "河南",
        "注：合成",
    )
    reading = read_file(feed_with(LONG), body)
    assert values_of(reading) == {
        (FBB, HENAN, "2024"): "111.1",
        (FBB, HENAN, "2023"): "1,111.1",
        (FBB, HENAN, "2022"): "-5",
    }
    assert [cell.place for cell in reading.cells] == [3, 4, 5]
    assert reading.cells[0].raw == {
        "row": "3", "地区": "河南省", "时间": "2024", "宽带用户（万户）": "111.1",
    }  # fmt: skip
    assert [(blank.period, blank.reason) for blank in reading.blanks] == [
        ("2021", "not_published"), ("2020", "empty"), ("2026", "future"),
    ]  # fmt: skip
    assert rules_of(reading) == [
        "unknown_region", "impossible_period", "impossible_period", "unreadable_figure",
        "formula_cell", "formula_cell", "formula_cell", "formula_cell", "ragged_row", "ragged_row",
    ]  # fmt: skip
    assert reading.notes == ["注：合成"]
    assert all(row.fault.zh and row.fault.remedy for row in reading.refused)


def test_what_begins_like_a_note_need_not_be_one() -> None:
    options = {
        "layout": "long",
        "columns": {"indicator": "指标", "period": "时间", "value": "数值"},
        "constants": {"region": HENAN},
        "indicators": {"单位宽带用户": {"indicator": FBB, "unit": "万户"}},
    }
    body = csv_of("指标,时间,数值", "单位宽带用户,2024,1", "说明书印数,2024,2", "说明：合成,,",
                  "单位：万户,,", "注1：合成,,")  # fmt: skip
    reading = read_file(feed_with(options), body)
    assert values_of(reading) == {(FBB, HENAN, "2024"): "1"}
    assert rules_of(reading) == ["unknown_indicator"]
    assert reading.notes == ["说明：合成", "单位：万户", "注1：合成"]


def test_dropped_files_are_parts_by_their_names_where_the_network_gives_none() -> None:
    body = csv_of("地区,时间,宽带用户", "河南,2024,1")

    def part(name: str, **changed: Any) -> str:
        (document,) = feed_with({**LONG, **changed}).dropped(name, body)
        return document.part

    assert part("Broadband 2024.xlsx") == part("broadband 2024 (1).csv") == "broadband-2024"
    assert part("宽带2024.xls") != part("移动2024.xls")
    assert part("宽带.xls") == part("宽带 (2).xls") != part("移动.xls")
    names = [
        "宽带2024.xls",
        "宽带",
        "...",
        "a" * 300,
        "../../etc/passwd.csv",
        "\udcff.csv",
        "Ａ１.csv",
    ]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,50}", part(name)) for name in names)
    assert part("宽带.xls", path="data.csv") == "table"


MARKS = ["", "—", "–", "-", "－", "…", "NA", "N/A", "null", "无", "x", "没报"]


@pytest.mark.parametrize("mark", MARKS)
def test_marks_for_no_figure_are_never_zero(mark: str) -> None:
    body = csv_of("地区,时间,宽带用户", "河南,2024,1.5", f"河南,2023,{mark}")
    reading = read_file(feed_with({**LONG, "missing": ["没报"]}), body)
    assert (len(reading.cells), len(reading.blanks), reading.refused) == (1, 1, [])


def test_a_figure_that_stands_twice() -> None:
    body = csv_of(
        "地区,时间,宽带用户", "河南,2024,1", "河南省,2024年,1", "河南,2023,2", "河南,2023,3"
    )
    reading = read_file(feed_with(LONG), body)
    assert values_of(reading) == {(FBB, HENAN, "2024"): "1"}
    assert rules_of(reading) == ["repeated_row", "conflicting_rows", "conflicting_rows"]


def test_names_of_indicators_and_units_in_columns() -> None:
    options = {
        "layout": "long",
        "columns": {"indicator": "指标", "period": "时间", "value": "数值", "unit": "单位",
                    "note": "备注", "published_on": "发布"},
        "constants": {"region": HENAN},
        "indicators": {"宽带": {"indicator": FBB, "unit": "万户"},
                       "移动": {"indicator": MOBILE, "unit": "户"}},
    }  # fmt: skip
    head = "指标,时间,数值,单位,备注,发布"
    body = csv_of(
        head,
        "宽 带,2024,1,万户,合成,2025年3月1日",
        "移动,2024,2,户,,",
        "电视,2024,3,户,,",
        "移动,2023,3,户,,2025-02-30",
        head,
    )
    reading = read_file(feed_with(options), body)
    assert values_of(reading) == {(FBB, HENAN, "2024"): "1", (MOBILE, HENAN, "2024"): "2"}
    assert (reading.cells[0].note, reading.cells[0].published_on) == ("合成", dt.date(2025, 3, 1))
    assert rules_of(reading) == ["unknown_indicator", "impossible_date"]
    assert {k: (c.name, c.unit) for k, c in reading.columns.items()} == {
        FBB: ("宽 带", "万户"), MOBILE: ("移动", "户"),
    }  # fmt: skip
    with pytest.raises(UnitChanged, match="万户"):
        read_file(feed_with(options), csv_of(head, "移动,2024,2,万户,,"))


def test_a_wide_table_of_periods_and_one_of_periods_in_columns() -> None:
    by_row = {
        **WIDE,
        "columns": {"period": "时间"},
        "constants": {"region": HENAN},
        "skip_rows": ["合计|平均"],
    }
    body = csv_of(
        "时间,宽带用户,移动用户", "单位,万户,万户", "2024-01,1,2", "202402,3,…", "合计,4,2"
    )
    reading = read_file(feed_with(by_row), body)
    assert values_of(reading) == {
        (FBB, HENAN, "2024-01"): "1",
        (MOBILE, HENAN, "2024-01"): "2",
        (FBB, HENAN, "2024-02"): "3",
    }
    assert (len(reading.blanks), reading.refused) == (1, [])
    values = {
        f"{year}年": {"indicator": FBB, "unit": "万户", "period": year} for year in ("2023", "2024")
    }
    by_column = {**WIDE, "values": values, "constants": {}}
    reading = read_file(feed_with(by_column), csv_of("地区,2023年,2024年", "河南,1,2", "乌有,3,="))
    assert values_of(reading) == {(FBB, HENAN, "2023"): "1", (FBB, HENAN, "2024"): "2"}
    assert rules_of(reading) == ["unknown_region", "formula_cell"]


def test_a_percentage_with_its_sign_carries_its_unit() -> None:
    options = {**LONG, "constants": {"indicator": "ecommerce_enterprise_share", "unit": "%"}}
    body = csv_of("地区,时间,宽带用户", "河南,2024,11.1%", "河南,2023,22.2")
    cells = read_file(feed_with(options), body).cells
    assert [(c.value_printed, c.unit_printed) for c in cells] == [("11.1%", None), ("22.2", "%")]
    in_households = read_file(feed_with(LONG), body)
    assert rules_of(in_households) == ["unreadable_figure"]


# --- heads and units --------------------------------------------------------------------------


def test_a_missing_column_names_those_that_are_there() -> None:
    body = csv_of("地区,宽带用户,固话用户", "河南,1,2")
    with pytest.raises(SchemaChanged, match=r"移动用户.*固话用户") as caught:
        read_file(feed_with(WIDE), body)
    assert "固话用户" in caught.value.zh
    with pytest.raises(SchemaChanged, match="none of the first"):
        read_file(feed_with({**WIDE, "header_words": ["省份"]}), body)


def test_a_head_that_comes_twice() -> None:
    with pytest.raises(SchemaChanged, match="2 columns"):
        read_file(feed_with(WIDE), csv_of("地区,宽带用户,移动用户,宽带用户", "河南,1,2,3"))
    # Where the record tells the unit too, the column with that unit is meant.
    options = {
        **LONG,
        "columns": {"region": "地区", "period": "时间", "value": "宽带用户(万户)"},
    }
    body = csv_of("地区,时间,宽带用户(万户),宽带用户(%)", "河南,2024,1,2")
    assert values_of(read_file(feed_with(options), body)) == {(FBB, HENAN, "2024"): "1"}


@pytest.mark.parametrize(
    "rows",
    [
        ["地区,宽带用户（户）,移动用户", "河南,1,2"],
        ["地区,宽带用户,移动用户", ",户,万户", "河南,1,2"],
        ["单位：户,,", "地区,宽带用户,移动用户", "河南,1,2"],
        ["地区,宽带用户,移动用户", "河南,1,2", "（单位：亿户）,,"],
        ["地区,宽带用户（单位：户）,移动用户", "河南,1,2"],
    ],
)
def test_another_unit_stops_the_table(rows: list[str]) -> None:
    with pytest.raises(UnitChanged, match="万户"):
        read_file(feed_with(WIDE), csv_of(*rows))


@pytest.mark.parametrize(
    "rows",
    [
        ["地区,宽带用户（万户）,移动用户(万户)", "河南,1,2"],
        ["合成,,", "地区,宽带用户,移动用户", "单位,万户,万户", "河南,1,2"],
        ["单位：万户、亿元,,", "地区,宽带用户,移动用户", "河南,1,2"],
        ["计量单位: 万户,,", "地区,宽 带 用 户,移动用户", "河南,1,2"],
        ["移动用户,固话用户,地区,宽带用户", "2,9,河南,1"],
    ],
)
def test_the_unit_on_record_wherever_it_stands(rows: list[str]) -> None:
    reading = read_file(feed_with(WIDE), csv_of(*rows))
    assert values_of(reading) == {(FBB, HENAN, "2024"): "1", (MOBILE, HENAN, "2024"): "2"}
    assert {cell.unit_printed for cell in reading.cells} == {"万户"}
    assert reading.refused == []


# --- files ------------------------------------------------------------------------------------

ROWS = ["地区,时间,宽带用户", "河南,2024,111.1"]


def test_an_encoding_is_declared_or_the_file_is_refused() -> None:
    body = csv_of(*ROWS, encoding="gbk")
    with pytest.raises(NotData, match="utf-8"):
        read_file(feed_with(LONG), body)
    assert read_file(feed_with({**LONG, "encoding": "gbk"}), body).rows_in == 1
    assert read_file(feed_with({**LONG, "encoding": "gbk"}), csv_of(*ROWS)).rows_in == 1
    assert read_file(feed_with(LONG), csv_of(*ROWS, encoding="utf-16")).rows_in == 1
    assert read_file(feed_with(LONG), csv_of(*ROWS, encoding="utf-8-sig")).rows_in == 1
    with pytest.raises(NotData):
        read_file(feed_with({**LONG, "encoding": "no such"}), body)
    with pytest.raises(NotData):
        read_file(feed_with(LONG), csv_of(*ROWS) + b"\0")


def test_csv_that_is_none_or_too_large() -> None:
    with pytest.raises(NotData, match="row 2"):
        read_file(feed_with(LONG), csv_of(ROWS[0], '"河南,2024,1'))
    with pytest.raises(NotData):
        read_file(feed_with(LONG), csv_of(ROWS[0], "河南,2024," + "1" * 200_000))
    with pytest.raises(TooLarge):
        read_file(feed_with(LONG), b"," * 2_100_000)
    tabs = csv_of(*(row.replace(",", "\t") for row in ROWS))
    assert read_file(feed_with({**LONG, "delimiter": "tab"}), tabs).rows_in == 1


def test_the_format_on_record_must_be_that_of_the_bytes() -> None:
    book = book_of([["地区", "时间", "宽带用户"], ["河南", 2024, 111.1]])
    html = "<table><tr><td>地区<td>时间<td>宽带用户<tr><td>河南<td>2024<td>111.1</table>"
    page = html.encode()
    text = csv_of(*ROWS)
    fitting = {"csv": [text], "xlsx": [book, page], "html": [page], "auto": [book, page, text]}
    for name, bodies in fitting.items():
        feed = feed_with({**LONG, "format": name})
        for body in (book, page, text):
            if body in bodies:
                assert values_of(read_file(feed, body)) == {(FBB, HENAN, "2024"): "111.1"}
            else:
                with pytest.raises(NotData, match="on record"):
                    read_file(feed, body)


def test_a_sheet_and_a_table_by_name_or_number() -> None:
    body = book_of([["地区", "时间", "宽带用户"], ["河南", 2024, 1]], sheet="分 省")
    assert read_file(feed_with({**LONG, "sheet": "分省"}), body).rows_in == 1
    with pytest.raises(SchemaChanged, match="分 省"):
        read_file(feed_with({**LONG, "sheet": "全国"}), body)
    with pytest.raises(SchemaChanged, match="there are 1"):
        read_file(feed_with({**LONG, "sheet": 2}), body)
    with pytest.raises(SchemaChanged, match="there are 0"):
        read_file(feed_with({**LONG, "table": 2}), b"<html><p>no table")


def test_months_that_a_workbook_keeps_as_days() -> None:
    day = dt.date(2024, 3, 1)
    rows: list[list[object]] = [["地区", "时间", "宽带用户"], ["河南", day, 1]]
    (cell,) = read_file(feed_with({**LONG, "period_type": "monthly"}), book_of(rows)).cells
    assert (cell.period, cell.period_type) == ("2024-03", "monthly")
    (cell,) = read_file(feed_with(LONG), book_of(rows)).cells
    assert (cell.period, cell.period_type) == ("2024-03-01", "point_in_time")


# --- periods ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "given_type", "period", "period_type"),
    [
        ("2020", None, "2020", "annual"),
        ("２０２０年", None, "2020", "annual"),
        ("2020年度", None, "2020", "annual"),
        ("2020年3月", None, "2020-03", "monthly"),
        ("2020-03", None, "2020-03", "monthly"),
        ("2020/3", None, "2020-03", "monthly"),
        ("202003", None, "2020-03", "monthly"),
        ("2020Q1", None, "2020-Q1", "quarterly"),
        ("2020年一季度", None, "2020-Q1", "quarterly"),
        ("2020年第3季度", None, "2020-Q3", "quarterly"),
        ("2020-07-29", None, "2020-07-29", "point_in_time"),
        ("2020年7月29日", None, "2020-07-29", "point_in_time"),
        ("2020年1-3月", None, "2020-03", "year_to_date"),
        ("2020年上半年", None, "2020-06", "year_to_date"),
        ("2020", "year_to_date", "2020-12", "year_to_date"),
        ("2020Q3", "year_to_date", "2020-09", "year_to_date"),
        ("2020-03-31", "year_to_date", "2020-03", "year_to_date"),
        ("2020-12-31", "annual", "2020", "annual"),
        ("2020-01-01", "quarterly", "2020-Q1", "quarterly"),
    ],
)
def test_forms_of_periods(text: str, given_type: str | None, period: str, period_type: str) -> None:
    assert period_of(text, given_type) == (period, period_type)


@pytest.mark.parametrize(
    ("text", "given_type"),
    [
        ("", None), ("3月", None), ("2020.1", None), ("2020-00", None), ("20201", None),
        ("2020Q5", None),
        ("2020-02-30", None), ("1850", None), ("2020年1-13月", None), ("2020", "monthly"),
        ("2020年1-3月", "monthly"), ("2020-03-15", "monthly"), ("2020-03-31", "annual"),
        ("2020年3月", "quarterly"), ("2020-07-29", "year_to_date"),
    ],
)  # fmt: skip
def test_what_is_no_period(text: str, given_type: str | None) -> None:
    with pytest.raises(PeriodError):
        period_of(text, given_type)


# --- records that don't make sense ------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({**LONG, "constants": {}}, "a long table needs"),
        ({**LONG, "values": WIDE["values"]}, "for wide tables"),
        ({**LONG, "columns": {"value": "值", "period": "时间"}}, "columns.region"),
        ({**LONG, "columns": {"value": "值", "region": "地区"}}, "columns.period"),
        ({**LONG, "constants": {**LONG["constants"], "period": "2024"}}, "columns.period"),
        ({**WIDE, "values": {}}, "needs `values`"),
        ({**WIDE, "columns": {"region": "地区", "value": "值"}}, "columns.value"),
        ({**LONG, "skip_rows": ["("]}, "regular expression"),
        ({**LONG, "regions": {"甲": "41"}}, "regions"),
        ({**LONG, "colums": {}}, "colums"),
    ],
)
def test_a_record_that_makes_no_sense(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TableOptions.model_validate(options)


# --- whatever comes ---------------------------------------------------------------------------

WORDS = (
    "河南 河　北省 2024 2024年3月 2024-13 111.1 1,000 =1 -x 合计 注：合成 单位：万户 单位：户 万户 "
    'N/A 地区 时间 宽带用户 移动用户（万户） "'
)
CELLS = st.sampled_from([*MARKS, "9" * 50, *WORDS.split(" ")])


@given(
    st.lists(st.lists(CELLS | st.text(max_size=5), max_size=5), max_size=8),
    st.sampled_from([LONG, {**WIDE, "header_words": ["地区"], "header_rows": 2}, WIDE]),
    st.booleans(),
)
def test_any_rows_are_read_or_refused(
    rows: list[list[str]], options: dict[str, Any], has_head: bool
) -> None:
    head = [["地区", "时间", "宽带用户", "移动用户"]] if has_head else []
    body = "\n".join(",".join(row) for row in [*head, *rows]).encode("utf-8", "replace")
    with suppress(SourceError):
        read_file(feed_with(options), body)


@given(st.binary(max_size=300), st.sampled_from(["", "gb18030", "utf-16"]))
def test_any_bytes_are_read_or_refused(body: bytes, encoding: str) -> None:
    options = {**LONG, "encoding": encoding} if encoding else LONG
    with suppress(SourceError):
        read_file(feed_with(options), body)


@given(st.integers(0, 200), st.binary(max_size=6), st.integers(0, 6))
def test_bytes_changed_in_a_good_file(at: int, inserted: bytes, removed: int) -> None:
    good = csv_of("地区,时间,宽带用户", "河南,2024,111.1", '河北,2023,"1,222.2"', "湖北,2022,—")
    body = good[:at] + inserted + good[at + removed :]
    with suppress(SourceError):
        read_file(feed_with(LONG), body)
