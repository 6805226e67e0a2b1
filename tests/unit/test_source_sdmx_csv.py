"""SDMX-CSV 1.0, 2.0 and 2.1. Values: SYNTHETIC, but for those called published."""

import datetime as dt
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assets.sources.sdmx_csv import SdmxOptions
from pipelines.readers import Document, Reading, Seen, Unchanged
from pipelines.source_errors import NoData, NotData, SchemaChanged, SourceError, UnitChanged
from tests.fixtures.articles import asked as ask
from tests.fixtures.replay import Asked, Replay, Reply
from tests.fixtures.tables import (
    csv_of,
    documented,
    feed_with,
    read_document,
    read_file,
    rules_of,
    values_of,
)

FBB, PORTS = "fixed_broadband_users", "broadband_ports"
HENAN = "410000"
# Fixed broadband users of Henan as NBS has published them: 4260.6 in 2023, 4404.0 in 2024 (万户).
PUBLISHED = {(FBB, HENAN, "2023"): "4260.6", (FBB, HENAN, "2024"): "4404.0"}
OPTIONS: dict[str, Any] = {
    "indicators": {
        "FBB_SUBS": {"indicator": FBB, "unit": "万户", "unit_measure": "10K_HH"},
        "FBB_PORTS": {"indicator": PORTS, "unit": "万个"},
    },
    "areas": {"CN-HE": "130000"},
}
DIMENSIONS = "FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,OBS_STATUS"
HEAD = f"STRUCTURE,STRUCTURE_ID,ACTION,{DIMENSIONS}"


def flow(action: str = "I") -> str:
    return f"dataflow,EXAMPLE:TELECOM(1.0),{action}"


def read_rows(*rows: str, **changed: Any) -> Reading:
    """Rows after the three columns of the structure, unless they begin with `dataflow`."""
    lines = [row if row.startswith("dataflow") else f"{flow()},{row}" for row in rows]
    return read_file(feed_with({**OPTIONS, **changed}, "sdmx_csv"), csv_of(HEAD, *lines))


# --- the three forms, and asking --------------------------------------------------------------

OBSERVATIONS = ["A,410000,FBB_SUBS,2023,4260.6,10K_HH,A", "A,410000,FBB_SUBS,2024,4404.0,10K_HH,A"]


@pytest.mark.parametrize(
    ("head", "before"),
    [
        (f"DATAFLOW,{DIMENSIONS}", "EXAMPLE:TELECOM(1.0)"),
        (HEAD, flow("I")),
        (HEAD, flow("M")),
        (f"STRUCTURE[;],STRUCTURE_ID,ACTION,{DIMENSIONS}", flow("R")),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_all_three_forms(head: str, before: str, delimiter: str) -> None:
    rows = [head, *(f"{before},{row}" for row in OBSERVATIONS)]
    if delimiter == ";" and "[;]" in head:
        rows[0] = head.replace("[;]", "[|]")
    body = csv_of(*(row.replace(",", delimiter) for row in rows))
    reading = read_file(feed_with(OPTIONS, "sdmx_csv"), body)
    assert values_of(reading) == PUBLISHED
    assert (reading.refused, reading.blanks) == ([], [])
    assert {cell.unit_printed for cell in reading.cells} == {"万户"}
    assert (reading.columns[FBB].name, reading.columns[FBB].unit) == ("FBB_SUBS", "万户")


def test_the_documented_endpoint(replay: Replay) -> None:
    feed = documented()["example_sdmx"]
    rows = [f"{flow()},{row}" for row in OBSERVATIONS]
    body = csv_of(HEAD, *rows, f"{flow()},A,CN-HA,FBB_SUBS,2022,111.1,10K_HH,A")

    def site(asked: Asked) -> Reply | None:
        if asked.path != "/sdmx/data/EXAMPLE,TELECOM" or asked.query != {"startPeriod": "2020"}:
            return None
        assert asked.headers["accept"].startswith("application/vnd.sdmx.data+csv")
        if asked.headers.get("if-modified-since"):
            return Reply(304)
        headers = {"Last-Modified": "Sun, 22 Nov 2026 00:00:00 GMT"}
        return Reply(200, body, headers, "application/vnd.sdmx.data+csv")

    replay.mount("/site", site)
    (document,) = ask(feed, f"{replay.url}/site")
    assert isinstance(document, Document)
    reading = read_document(feed, document)
    assert values_of(reading) == {**PUBLISHED, (FBB, HENAN, "2022"): "111.1"}
    moment = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    seen = {document.part: Seen(moment, document.etag, document.last_modified)}
    assert ask(feed, f"{replay.url}/site", seen) == [Unchanged("observations")]


# --- rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "time", "period", "period_type"),
    [
        ("A", "2024", "2024", "annual"),
        ("A", "2024-A1", "2024", "annual"),
        ("A: Annual", "2024", "2024", "annual"),
        ("Q", "2024-Q1", "2024-Q1", "quarterly"),
        ("M", "2024-03", "2024-03", "monthly"),
        ("M", "2024-M03", "2024-03", "monthly"),
    ],
)
def test_times(frequency: str, time: str, period: str, period_type: str) -> None:
    (cell,) = read_rows(f"{frequency},410000,FBB_PORTS,{time},1.5,,A").cells
    assert (cell.period, cell.period_type, cell.place) == (period, period_type, 2)


@pytest.mark.parametrize(
    "row",
    [
        "A,410000,FBB_PORTS,2024-Q1,1,,",
        "Q,410000,FBB_PORTS,2024,1,,",
        "M,410000,FBB_PORTS,2024-13,1,,",
        "D,410000,FBB_PORTS,2024-01-01,1,,",
        "A,410000,FBB_PORTS,1024,1,,",
        "A,410000,FBB_PORTS,,1,,",
    ],
)
def test_times_that_are_none(row: str) -> None:
    assert rules_of(read_rows(row)) == ["impossible_period"]


def test_status_and_missing_figures() -> None:
    reading = read_rows(
        "A,410000,FBB_PORTS,2016,1,,A: Normal value",
        "A,410000,FBB_PORTS,2017,2,,P",
        "A,410000,FBB_PORTS,2018,3,,E",
        "A,410000,FBB_PORTS,2019,4,,B",
        "A,410000,FBB_PORTS,2020,,,M",
        "A,410000,FBB_PORTS,2021,NaN,,O",
        "A,410000,FBB_PORTS,2022,5,,M",
        "A,410000,FBB_PORTS,2023,,,",
        "A,410000,FBB_PORTS,2026,,,",
        "A,410000,FBB_PORTS,2024,6,,F",
        "A,410000,FBB_PORTS,2027,7,,A",
        "A,410000,FBB_PORTS,2025,8e3,,A",
        "A,410000,FBB_PORTS,2015,=1,,A",
        "A,410000,FBB_PORTS,2014,1",
    )
    assert [(cell.value_printed, (cell.note or "")[-2:]) for cell in reading.cells] == [
        ("1", ""), ("2", "P)"), ("3", "E)"), ("4", "B)"),
    ]  # fmt: skip
    assert [(blank.period, blank.reason) for blank in reading.blanks] == [
        ("2020", "not_published"), ("2021", "not_published"), ("2022", "not_published"),
        ("2023", "empty"), ("2026", "future"),
    ]  # fmt: skip
    assert rules_of(reading) == [
        "forecast", "forecast", "unreadable_figure", "formula_cell", "ragged_row",
    ]  # fmt: skip


def test_codes_that_are_not_on_record_say_how_to_map_them() -> None:
    reading = read_rows(
        "A,CN-HE: Hebei,FBB_PORTS: Ports,2024,1,,",
        "A,CN-XX,FBB_PORTS,2024,1,,",
        "A,410000,OTHER: Another,2024,1,,",
    )
    assert values_of(reading) == {(PORTS, "130000", "2024"): "1"}
    area, indicator = reading.refused
    assert area.fault.rule == "unknown_region"
    assert 'CN-XX: "410000"' in area.fault.remedy
    assert "`areas`" in area.fault.remedy
    assert indicator.fault.rule == "unknown_indicator"
    assert "OTHER: {indicator" in indicator.fault.remedy


@pytest.mark.parametrize("action", ["D", "X"])
def test_nothing_is_ever_deleted(action: str) -> None:
    reading = read_rows(f"{flow(action)},A,410000,FBB_PORTS,2024,1,,")
    assert (rules_of(reading), reading.cells) == (["action_refused"], [])


def test_observations_that_stand_twice() -> None:
    row = "A,410000,FBB_PORTS,2024,{},,"
    assert rules_of(read_rows(row.format(1), row.format(1))) == ["repeated_row"]
    assert rules_of(read_rows(row.format(1), row.format(2))) == ["conflicting_rows"] * 2


def test_a_row_of_attributes_alone_is_no_observation() -> None:
    reading = read_rows("A,410000,,,,,", "A,410000,FBB_PORTS,2024,1,,")
    assert rules_of(reading) == ["no_observation"]
    assert values_of(reading) == {(PORTS, HENAN, "2024"): "1"}


@pytest.mark.parametrize("figure", ["4,404", "4404,0", "1,234.5"])
def test_a_comma_in_a_figure_has_two_meanings(figure: str) -> None:
    row = f"{flow()},A,410000,FBB_PORTS,2024,X,,A".replace(",", ";").replace("X", figure)
    reading = read_file(feed_with(OPTIONS, "sdmx_csv"), csv_of(HEAD.replace(",", ";"), row))
    assert rules_of(reading) == ["unreadable_figure"]


def test_the_delimiter_follows_the_first_head() -> None:
    head = HEAD.replace("FREQ", "FREQ: by a; b; c; d; e; f; g; h; i; j; k")
    reading = read_file(feed_with(OPTIONS, "sdmx_csv"), csv_of(head, f"{flow()},{OBSERVATIONS[0]}"))
    assert len(reading.cells) == 1


# --- units and columns ------------------------------------------------------------------------


def test_another_unit_stops_the_source() -> None:
    with pytest.raises(UnitChanged, match="10K_HH"):
        read_rows("A,410000,FBB_SUBS,2024,1,HH,A")
    with pytest.raises(UnitChanged, match="10K_HH"):
        read_rows("A,410000,FBB_SUBS,2024,1,,A")


def test_a_power_of_ten_must_be_on_record() -> None:
    head = "DATAFLOW,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT"
    body = csv_of(head, "X,A,410000,FBB_PORTS,2024,1,4")
    with pytest.raises(UnitChanged, match="UNIT_MULT"):
        read_file(feed_with(OPTIONS, "sdmx_csv"), body)
    ports = {"indicator": PORTS, "unit": "万个", "unit_mult": 4}
    feed = feed_with({"indicators": {"FBB_PORTS": ports}}, "sdmx_csv")
    assert values_of(read_file(feed, body)) == {(PORTS, HENAN, "2024"): "1"}
    with pytest.raises(UnitChanged, match="UNIT_MULT"):
        read_file(feed, body.replace(b",4", b",3"))


def test_dimensions_by_other_names_in_any_order() -> None:
    options = {**OPTIONS, "dimensions": {"area": "GEO", "indicator": "SERIES"}}
    body = csv_of(
        "DATAFLOW,SERIES: Series,TIME_PERIOD,GEO,FREQ,COMMENT,OBS_VALUE",
        'X,FBB_PORTS,2024,410000,A,"a, b",1.5',
    )
    assert values_of(read_file(feed_with(options, "sdmx_csv"), body)) == {
        (PORTS, HENAN, "2024"): "1.5"
    }
    with pytest.raises(SchemaChanged, match=r"REF_AREA.*GEO"):
        read_file(feed_with(OPTIONS, "sdmx_csv"), body)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", SchemaChanged),
        (b"<html>", NotData),
        (b'{"data": {}}', SchemaChanged),
        (csv_of(HEAD), NoData),
        (csv_of(DIMENSIONS, OBSERVATIONS[0]), SchemaChanged),
        (csv_of(f"{HEAD},FREQ", "x"), SchemaChanged),
        (csv_of(HEAD, '"open'), NotData),
        (csv_of(HEAD, "合成", encoding="gbk"), NotData),
    ],
)
def test_what_is_no_sdmx_csv(body: bytes, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read_file(feed_with(OPTIONS, "sdmx_csv"), body)


def test_a_record_without_indicators() -> None:
    with pytest.raises(ValidationError, match="indicators"):
        SdmxOptions.model_validate({"indicators": {}})


def test_a_source_without_path_asks_for_nothing(replay: Replay) -> None:
    assert ask(feed_with(OPTIONS, "sdmx_csv"), replay.url) == []


# --- whatever comes ---------------------------------------------------------------------------

FIELDS = st.sampled_from(
    ["A", "Q", "410000", "FBB_SUBS", "FBB_PORTS: x", "2024", "2024-Q1", "4404.0", "10K_HH", "",
     "NaN", "D", "F", "=1", '"', "-", "9" * 50]
)  # fmt: skip


@given(st.lists(st.lists(FIELDS | st.text(max_size=4), min_size=6, max_size=8), max_size=6))
def test_any_rows_are_read_or_refused(rows: list[list[str]]) -> None:
    lines = [f"{flow()},{','.join(row)}" for row in rows]
    with suppress(SourceError):
        read_file(
            feed_with(OPTIONS, "sdmx_csv"),
            "\n".join([HEAD, *lines]).encode("utf-8", "replace"),
        )


@given(st.integers(0, 250), st.binary(max_size=6), st.integers(0, 6))
def test_bytes_changed_in_a_good_file(at: int, inserted: bytes, removed: int) -> None:
    good = csv_of(HEAD, *(f"{flow()},{row}" for row in OBSERVATIONS))
    with suppress(SourceError):
        read_file(feed_with(OPTIONS, "sdmx_csv"), good[:at] + inserted + good[at + removed :])
