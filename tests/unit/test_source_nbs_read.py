"""Answers of the statistics bureau's service: what is read, what is refused, what is dropped."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.nbs_tables import NbsOptions
from pipelines.readers import Document, Reading
from pipelines.source_errors import (
    NameChanged,
    NoData,
    NotData,
    RegionChanged,
    RequestRefused,
    SchemaChanged,
    SourceError,
    UnitChanged,
)
from schemas.units import compatible
from tests.fixtures.mutations import mutated
from tests.fixtures.on_record import SCOPE, UNITS, attempt, feed_of, figures, nbs_rows
from tests.fixtures.replay_nbs import BROADBAND, EXPRESS, NbsSite, question

FEED = feed_of("nbs")
assert isinstance(FEED.options, NbsOptions)
OPTIONS = FEED.options


def internet_answer() -> dict[str, Any]:
    reply = NbsSite().data(question(indicatorIds=[], dts=["2022YY-2026YY"]))
    assert reply is not None
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


INTERNET_ANSWER = internet_answer()


def saved(answer: object, region: str = "410000") -> Document:
    return Document(
        part=f"internet-{region}",
        body=json.dumps(answer, ensure_ascii=False).encode(),
        url="https://example.org/",
        suffix=".json",
        context={"table": "internet", "region": region},
    )


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The answer with every cell of the broadband series changed."""
    answer = copy.deepcopy(INTERNET_ANSWER)
    for block in answer["data"]:
        for cell in block["values"]:
            if cell["_id"] == BROADBAND:
                change(cell)
    return answer


def cells(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for block in answer["data"] for cell in block["values"]]


def without_broadband(answer: dict[str, Any]) -> dict[str, Any]:
    answer = copy.deepcopy(answer)
    for block in answer["data"]:
        block["values"] = [c for c in block["values"] if c["_id"] != BROADBAND]
    return answer


def twice(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"data": [answer["data"][0], *answer["data"]]}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(changed(lambda c: c.update(val=c.pop("value"))), SchemaChanged, id="value"),
        pytest.param(changed(lambda c: c.update(id=c.pop("_id"))), SchemaChanged, id="id"),
        pytest.param(changed(lambda c: c.pop("du_name")), SchemaChanged, id="no unit"),
        pytest.param(changed(lambda c: c.update(du_name="户")), UnitChanged, id="unit"),
        pytest.param(
            changed(lambda c: c.update(i_showname="互联网拨号用户 (万户) ")), NameChanged, id="name"
        ),
        pytest.param(changed(lambda c: c.update(da="110000000000")), RegionChanged, id="region"),
        pytest.param(changed(lambda c: c.update(catalogid=EXPRESS)), SchemaChanged, id="table"),
        pytest.param(changed(lambda c: c.update(value=True)), SchemaChanged, id="true"),
        pytest.param(without_broadband(INTERNET_ANSWER), SchemaChanged, id="series removed"),
        pytest.param(twice(INTERNET_ANSWER), SchemaChanged, id="period twice"),
        pytest.param({"rows": [], "success": True}, SchemaChanged, id="envelope"),
        pytest.param(INTERNET_ANSWER | {"data": []}, NoData, id="empty"),
        pytest.param(
            {"data": None, "success": False, "state": 50000, "message": "系统异常"},
            RequestRefused,
            id="success false",
        ),
    ],
)
def test_a_table_that_changed_is_refused(answer: object, error: type[SourceError]) -> None:
    with pytest.raises(SourceError) as raised:
        FEED.read(saved(answer), SCOPE)
    assert type(raised.value) is error
    assert raised.value.zh


def test_a_changed_unit_is_told_with_the_old_one() -> None:
    with pytest.raises(UnitChanged) as raised:
        FEED.read(saved(changed(lambda c: c.update(du_name="户"))), SCOPE)
    assert "“万户”，现为“户”" in raised.value.zh
    assert "万户, it is now 户" in str(raised.value)


def test_a_page_is_no_answer() -> None:
    page = replace(saved({}), body=b"<!DOCTYPE html><html></html>")
    with pytest.raises(NotData):
        FEED.read(page, SCOPE)


def test_keys_that_are_not_used_may_come_and_go() -> None:
    answer = changed(lambda c: c.update(accuracy="1", dead_line_value=None))
    for cell in cells(answer):
        cell.pop("num_accuracy_value")
    assert FEED.read(saved(answer), SCOPE) == FEED.read(saved(INTERNET_ANSWER), SCOPE)


def test_regions_may_be_missing_or_empty_on_blanks() -> None:
    answer = copy.deepcopy(INTERNET_ANSWER)
    for cell in cells(answer):
        cell.setdefault("da", "")
    assert FEED.read(saved(answer), SCOPE) == FEED.read(saved(INTERNET_ANSWER), SCOPE)


def test_text_in_a_cell_is_refused_with_its_row_and_a_mark_is_a_blank() -> None:
    marks = iter(["", "无", "约5000", "4404.00", "1,767.2"])
    answer = changed(lambda c: c.update(value=next(marks)))
    reading = FEED.read(saved(answer), SCOPE)
    mine = [c for c in reading.cells if c.indicator_id == "fixed_broadband_users"]
    assert [(c.period, c.value_printed) for c in mine] == [("2023", "4404.00"), ("2022", "1,767.2")]
    blanks = {b.period: b.reason for b in reading.blanks if b.indicator_id == mine[0].indicator_id}
    assert blanks == {"2026": "future", "2025": "not_published"}
    (refused,) = reading.refused
    assert refused.fault.rule == "unreadable_figure"
    assert (refused.fault.value, refused.raw["code"]) == ("约5000", "2024YY")
    assert reading.rows_in == len(reading.cells) + 1


def test_a_period_without_values_is_blank() -> None:
    answer = copy.deepcopy(INTERNET_ANSWER)
    answer["data"][2]["values"] = []
    reading = FEED.read(saved(answer), SCOPE)
    assert {b.indicator_id for b in reading.blanks if b.period == "2024"} == set(reading.columns)
    assert ("fixed_broadband_users", "410000", "2023") in figures(reading)


# --- dropped files ----------------------------------------------------------------------------


def dump(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


def test_a_saved_answer_tells_its_table_and_province() -> None:
    (found,) = FEED.dropped("download (3).json", dump(INTERNET_ANSWER))
    assert found.part == "internet-410000"
    assert FEED.read(found, SCOPE).cells == FEED.read(saved(INTERNET_ANSWER), SCOPE).cells


def test_a_saved_answer_of_blanks_needs_the_province_in_its_name() -> None:
    answer = copy.deepcopy(INTERNET_ANSWER)
    for cell in cells(answer):
        cell["value"] = ""
        cell.pop("da", None)
    (found,) = FEED.dropped("internet-410000-2026-11-22.json", dump(answer))
    assert found.context == {"table": "internet", "region": "410000"}
    with pytest.raises(SourceError) as raised:
        FEED.dropped("internet.json", dump(answer))
    assert "internet-410000.json" in raised.value.remedy


def test_a_saved_answer_of_the_nation_is_the_nations() -> None:
    answer = copy.deepcopy(INTERNET_ANSWER)
    for cell in cells(answer):
        cell["da"] = "000000000000"
    (found,) = FEED.dropped("x.json", dump(answer))
    assert {cell.region_code for cell in FEED.read(found, SCOPE).cells} == {"100000"}


def test_other_files_are_refused_with_a_remedy() -> None:
    with pytest.raises(SourceError) as raised:
        FEED.dropped("x.json", dump({"returncode": 200, "returndata": {}}))
    assert "nbs_legacy" in raised.value.remedy
    unknown = copy.deepcopy(INTERNET_ANSWER)
    for cell in cells(unknown):
        cell.update(catalogid="0" * 32, _id="0" * 32)
    with pytest.raises(SourceError):
        FEED.dropped("x.json", dump(unknown))
    two = changed(lambda c: c.update(da="110000000000"))
    with pytest.raises(RegionChanged):
        FEED.dropped("x.json", dump(two))
    with pytest.raises(NotData):
        FEED.dropped("x.json", b"indicator,region\n")


# --- the record -------------------------------------------------------------------------------


def test_the_record_holds_every_series_of_the_published_file() -> None:
    on_record = {(s.indicator, t.table, s.id, s.unit) for t in OPTIONS.tables for s in t.series}
    assert on_record >= {
        (
            r["indicator_id"],
            r["nbs_table"],
            r["nbs_indicator"],
            r["unit_printed"],
        )
        for r in nbs_rows()
    }


def test_the_record_feeds_known_indicators_in_units_of_theirs() -> None:
    series = [s for t in OPTIONS.tables for s in t.series]
    assert {s.indicator for s in series} == set(FEED.source.feeds)
    assert all(compatible(s.unit, UNITS[s.indicator]) for s in series)


# --- whatever comes ---------------------------------------------------------------------------

SMALL = copy.deepcopy(INTERNET_ANSWER) | {"data": INTERNET_ANSWER["data"][2:4]}


@given(body=mutated(SMALL), name=st.sampled_from(["a.json", "internet-410000.json"]))
def test_whatever_comes_is_read_or_refused(body: bytes, name: str) -> None:
    reading = attempt(lambda: FEED.read(replace(saved({}), body=body), SCOPE))
    if isinstance(reading, Reading):
        accounted = len(reading.cells) + len(reading.refused) + len(reading.blanks)
        assert accounted == 7 * len(json.loads(body)["data"])
        assert reading.rows_in == len(reading.cells) + len(reading.refused)
    else:
        assert reading.zh
    documents = attempt(lambda: FEED.dropped(name, body))
    assert not isinstance(documents, SourceError) or documents.remedy
