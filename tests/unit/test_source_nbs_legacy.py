"""Saved answers of the statistics bureau's former service, with the traps they hold."""

import copy
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from assets.sources.nbs_legacy import LegacyOptions
from pipelines.readers import Document, Reading
from pipelines.source_errors import (
    NameChanged,
    RegionChanged,
    RequestRefused,
    SchemaChanged,
    SourceError,
    UnitChanged,
)
from schemas.units import compatible
from tests.fixtures.mutations import mutated
from tests.fixtures.on_record import PROVINCES, SCOPE, UNITS, attempt, feed_of, nbs_rows

FEED = feed_of("nbs_legacy")
assert isinstance(FEED.options, LegacyOptions)
SERIES = FEED.options.series
NAME = "fsnd-2025-12-28.json"


def published_gdp(*regions: str) -> dict[tuple[str, str], str]:
    """(region, year) -> GDP in 亿元, as in the published file."""
    return {
        (row["region_code"], row["period"]): row["value_printed"]
        for row in nbs_rows()
        if row["indicator_id"] == "gdp" and row["region_code"] in regions
    }


def answer_of(
    values: dict[tuple[str, str], str | None],
    *,
    code: str = "A020101",
    name: str = "地区生产总值",
    unit: str = "亿元",
    memo: str = "",
) -> dict[str, Any]:
    """QueryData of one indicator; None is a missing figure."""
    regions, years = (sorted({key[i] for key in values}) for i in (0, 1))
    return {
        "returncode": 200,
        "returndata": {
            "datanodes": [_node(code, r, year, text) for (r, year), text in values.items()],
            "freshsort": 0,
            "wdnodes": [
                {"wdcode": "zb", "wdname": "指标", "nodes": [_described(code, name, unit, memo)]},
                {"wdcode": "reg", "wdname": "地区",
                 "nodes": [_described(r, PROVINCES[r], "", "") for r in regions]},
                {"wdcode": "sj", "wdname": "时间",
                 "nodes": [_described(y, f"{y}年", "", "") for y in years]},
            ],
        },
    }  # fmt: skip


def _node(code: str, region: str, year: str, text: str | None) -> dict[str, Any]:
    data = {"data": 0.0, "dotcount": 0, "hasdata": False, "strdata": ""}
    if text is not None:
        # The service keeps more digits than it shows.
        data = {"data": float(text) + 0.001, "dotcount": 1, "hasdata": True, "strdata": text}
    pairs = {"zb": code, "reg": region, "sj": year}
    return {
        "code": f"zb.{code}_reg.{region}_sj.{year}",
        "data": data,
        "wds": [{"valuecode": value, "wdcode": key} for key, value in pairs.items()],
    }


def _described(code: str, name: str, unit: str, memo: str) -> dict[str, Any]:
    return {"cname": name, "code": code, "dotcount": 1, "memo": memo, "name": name, "unit": unit}


HENAN = published_gdp("410000")
ANSWER = answer_of({**HENAN, ("410000", "2025"): None})
SYNTHETIC_PARCELS = {("410000", "2023"): "111.10", ("410000", "2024"): "222.20"}


def read(answer: object, name: str = NAME) -> Reading:
    (document,) = FEED.dropped(name, json.dumps(answer, ensure_ascii=False).encode())
    return FEED.read(document, SCOPE)


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    answer = copy.deepcopy(ANSWER)
    change(answer["returndata"])
    return answer


def without_region(returned: dict[str, Any]) -> None:
    for node in returned["datanodes"]:
        node["wds"] = [pair for pair in node["wds"] if pair["wdcode"] != "reg"]


# --- reading ----------------------------------------------------------------------------------


def test_figures_are_read_as_they_were_shown() -> None:
    reading = read(ANSWER)
    assert {(c.region_code, c.period): c.value_printed for c in reading.cells} == HENAN
    assert len(HENAN) == 9
    first = reading.cells[0]
    assert (first.indicator_id, first.unit_printed, first.period_type) == ("gdp", "亿元", "annual")
    assert first.raw["strdata"] == first.value_printed
    assert first.raw["data"] not in (None, first.value_printed)
    assert reading.published_on == dt.date(2025, 12, 28)


def test_a_missing_figure_is_no_zero() -> None:
    reading = read(ANSWER)
    assert [(b.period, b.reason) for b in reading.blanks] == [("2025", "no_data_flag")]
    assert "2025" not in {cell.period for cell in reading.cells}


def test_several_provinces_are_read_apart() -> None:
    values = published_gdp("410000", "150000")
    reading = read(answer_of(dict(values)))
    assert {(c.region_code, c.period): c.value_printed for c in reading.cells} == values
    assert {c.region_code for c in reading.cells} == {"410000", "150000"}


def test_a_unit_that_is_not_named_is_the_one_on_record() -> None:
    reading = read(answer_of(dict(SYNTHETIC_PARCELS), code="A0G0E01", name="快递量", unit=""))
    assert {(c.indicator_id, c.unit_printed) for c in reading.cells} == {
        ("express_parcels", "万件")
    }
    assert any("万件" in note for note in reading.notes)


def test_a_memo_becomes_a_note() -> None:
    reading = read(answer_of(dict(HENAN), memo="2018年起口径调整"))
    assert {cell.note for cell in reading.cells} == {"2018年起口径调整"}
    assert any("口径调整" in note for note in reading.notes)


def test_a_mark_is_a_blank_and_text_is_refused() -> None:
    values: dict[tuple[str, str], str | None] = {**HENAN}
    answer = answer_of(values)
    for node, text in zip(answer["returndata"]["datanodes"], ("无", "约", ""), strict=False):
        node["data"]["strdata"] = text
    reading = read(answer)
    assert [b.reason for b in reading.blanks] == ["not_published"]
    assert [(r.fault.rule, r.fault.value) for r in reading.refused] == [
        ("unreadable_figure", "约"),
        ("unreadable_figure", ""),
    ]
    assert reading.rows_in == len(reading.cells) + 2 == 8


# --- what the file's name tells ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "database", "day"),
    [
        ("fsnd-2025-12-28.json", "fsnd", dt.date(2025, 12, 28)),
        ("FSND_A020101_20220201.json", "fsnd", dt.date(2022, 2, 1)),
        ("gdp 2016-2024, saved 2023-08-09.json", "fsnd", dt.date(2023, 8, 9)),
    ],
)
def test_the_name_tells_database_and_day(name: str, database: str, day: dt.date) -> None:
    (document,) = FEED.dropped(name, json.dumps(ANSWER).encode())
    assert document.context == {"dbcode": database, "captured_on": day.isoformat()}
    assert document.part == "fsnd-a020101-410000-2016-2025"
    assert FEED.read(document, SCOPE).published_on == day


@pytest.mark.parametrize("name", ["fsnd.json", "fsnd-2016-2024.json", "2025-12-28 2025-12-29.json"])
def test_without_a_day_an_old_capture_would_pass_for_todays(name: str) -> None:
    with pytest.raises(SourceError) as raised:
        FEED.dropped(name, json.dumps(ANSWER).encode())
    assert "fsnd-2025-12-28" in raised.value.remedy


def test_codes_mean_something_else_in_another_database() -> None:
    with pytest.raises(SourceError, match="hgnd"):
        read(ANSWER, "hgnd-2025-12-28.json")
    with pytest.raises(NameChanged):
        read(answer_of(dict(HENAN), name="国民总收入"))


def test_a_province_in_the_name_is_held_against_the_content() -> None:
    assert read(ANSWER, "fsnd-410000-2025-12-28.json") == read(ANSWER)
    with pytest.raises(RegionChanged):
        read(ANSWER, "fsnd-110000-2025-12-28.json")


# --- what a saved answer may not be -----------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(
            {"returncode": 501, "returndata": "对不起，未能找到符合查询条件的信息。"},
            RequestRefused,
            id="501",
        ),
        pytest.param(
            changed(lambda r: r["wdnodes"][0].update(nodes=[None])), RequestRefused, id="null node"
        ),
        pytest.param(changed(without_region), RegionChanged, id="filter ignored"),
        pytest.param(
            changed(lambda r: r["wdnodes"][1]["nodes"][0].update(cname="北京")),
            RegionChanged,
            id="region name",
        ),
        pytest.param(
            changed(lambda r: r["wdnodes"][0]["nodes"][0].update(unit="万元")),
            UnitChanged,
            id="unit",
        ),
        pytest.param(
            changed(lambda r: r["datanodes"].append(r["datanodes"][0])), SchemaChanged, id="twice"
        ),
        pytest.param(
            changed(lambda r: r["datanodes"][0]["data"].pop("hasdata")), SchemaChanged, id="flag"
        ),
        pytest.param(
            changed(lambda r: r["datanodes"][0]["wds"][2].update(valuecode="202412")),
            SchemaChanged,
            id="month",
        ),
        pytest.param(changed(lambda r: r.pop("wdnodes")), SchemaChanged, id="no labels"),
        pytest.param(
            changed(lambda r: r["wdnodes"][0].update(nodes=[])), SchemaChanged, id="no label"
        ),
        pytest.param(changed(lambda r: r.update(datanodes=[])), SourceError, id="empty"),
        pytest.param({"data": [], "success": True}, SourceError, id="present service"),
    ],
)
def test_a_saved_answer_that_is_none_is_refused(answer: object, error: type[SourceError]) -> None:
    with pytest.raises(SourceError) as raised:
        read(answer)
    assert type(raised.value) is error
    assert raised.value.zh


def test_region_names_may_be_short() -> None:
    answer = changed(lambda r: r["wdnodes"][1]["nodes"][0].update(cname="河　南"))
    assert read(answer) == read(ANSWER)


def test_the_network_is_never_asked() -> None:
    assert FEED.source.base_url is None


def test_the_record_feeds_known_indicators_in_units_of_theirs() -> None:
    assert {s.indicator for s in SERIES} == set(FEED.source.feeds)
    assert all(compatible(s.unit, UNITS[s.indicator]) for s in SERIES)


SMALL = answer_of({**dict(list(HENAN.items())[:2]), ("410000", "2025"): None})
CONTEXT = {"dbcode": "fsnd", "captured_on": "2025-12-28"}


@given(body=mutated(SMALL))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    document = Document("x", body, NAME, ".json", context=CONTEXT)
    reading = attempt(lambda: FEED.read(document, SCOPE))
    if isinstance(reading, Reading):
        known = sum(
            "A020101" in {pair["valuecode"] for pair in node["wds"] if pair["wdcode"] == "zb"}
            for node in json.loads(body)["returndata"]["datanodes"]
        )
        assert reading.rows_in == len(reading.cells) + len(reading.refused)
        assert reading.rows_in + len(reading.blanks) == known
    else:
        assert reading.zh
    documents = attempt(lambda: FEED.dropped(NAME, body))
    assert not isinstance(documents, SourceError) or documents.remedy
