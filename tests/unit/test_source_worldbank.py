"""The World Bank's service: pages, nulls, messages with status 200. All values are synthetic."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.worldbank import WorldBankOptions
from pipelines.http import Policy, Web
from pipelines.readers import Document, PartFailed, Reading
from pipelines.source_errors import (
    Blocked,
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
from tests.fixtures.on_record import REGISTER, SCOPE, attempt, feed_of
from tests.fixtures.replay import Replay, Status
from tests.fixtures.replay_worldbank import SYNTHETIC_DAY, SYNTHETIC_VALUES, WorldBankSite

FEED = feed_of("worldbank")
assert isinstance(FEED.options, WorldBankOptions)
SERIES = FEED.options.series
ADDRESS = "v2/country/CHN/indicator/IT.NET.BBND"


@pytest.fixture
def site(replay: Replay) -> WorldBankSite:
    site = WorldBankSite()
    replay.mount("/wb", site)
    return site


@pytest.fixture
def web(replay: Replay, site: WorldBankSite) -> Iterator[Web]:
    with Web(f"{replay.url}/wb", Policy(pace_seconds=0, wait_seconds=0.01)) as web:
        yield web


def fetched(web: Web) -> dict[str, Document | SourceError]:
    found: dict[str, Document | SourceError] = {}
    for item in FEED.fetch(web, SCOPE):
        assert isinstance(item, Document | PartFailed)
        found[item.part] = item if isinstance(item, Document) else item.error
    return found


def reading_of(found: dict[str, Document | SourceError], part: str) -> Reading:
    document = found[part]
    assert isinstance(document, Document), document
    return FEED.read(document, SCOPE)


# --- asking and reading -----------------------------------------------------------------------


def test_every_series_is_asked_for_once_and_read_as_served(web: Web, replay: Replay) -> None:
    found = fetched(web)
    assert list(found) == [
        "it.net.bbnd", "it.net.bbnd.p2", "it.cel.sets", "it.net.user.zs", "sp.pop.totl",
    ]  # fmt: skip
    assert [asked.query for asked in replay.log] == [
        {"format": "json", "per_page": "1000", "date": "2010:2026", "page": "1"}
    ] * 5
    for series in SERIES:
        reading = reading_of(found, series.id.lower())
        served = {y: v for y, v in SYNTHETIC_VALUES[series.id].items() if v != "null"}
        assert {c.period: c.value_printed for c in reading.cells} == served
        assert {c.region_code for c in reading.cells} == {"100000"}
        assert {(c.indicator_id, c.unit_printed) for c in reading.cells} == {
            (series.indicator, series.unit)
        }
        assert reading.published_on == dt.date.fromisoformat(SYNTHETIC_DAY)
        assert reading.notes == [f"lastupdated {SYNTHETIC_DAY}"]


def test_null_is_a_blank(web: Web, site: WorldBankSite) -> None:
    site.values["IT.NET.BBND"]["2026"] = "null"
    reading = reading_of(fetched(web), "it.net.bbnd")
    assert {b.period: b.reason for b in reading.blanks} == {
        "2025": "not_published", "2026": "future",
    }  # fmt: skip
    assert reading.rows_in == len(reading.cells) == 3


@pytest.mark.parametrize("per_page", [1, 2, 3])
def test_all_pages_are_read(web: Web, site: WorldBankSite, per_page: int) -> None:
    whole = reading_of(fetched(web), "it.net.bbnd")
    site.per_page = per_page
    found = fetched(web)
    assert reading_of(found, "it.net.bbnd") == whole
    document = found["it.net.bbnd"]
    assert isinstance(document, Document)
    assert len(json.loads(document.body)) == -(-4 // per_page)


def test_the_same_page_twice_fails_its_part(web: Web, site: WorldBankSite, replay: Replay) -> None:
    site.per_page, site.stuck = 3, True
    found = fetched(web)
    assert {type(item) for item in found.values()} == {SchemaChanged}
    assert len(replay.log) == 2 * 5


def test_nothing_found_is_no_data(web: Web, site: WorldBankSite) -> None:
    site.values["IT.NET.BBND"] = {}
    found = fetched(web)
    assert type(found["it.net.bbnd"]) is NoData
    assert isinstance(found["sp.pop.totl"], Document)


def test_a_block_ends_the_visit(web: Web, replay: Replay) -> None:
    replay.fault("/wb", Status(403), after=1)
    with pytest.raises(Blocked):
        fetched(web)
    assert len(replay.log) == 2


# --- how the service behaves ------------------------------------------------------------------


def test_without_format_xml_comes(web: Web) -> None:
    answer = web.get(ADDRESS)
    assert answer.body.startswith(b"<?xml")
    with pytest.raises(NotData):
        FEED.read(document(answer.body), SCOPE)


@pytest.mark.parametrize(
    ("address", "params", "number"),
    [
        ("v2/country/CHN/indicator/NO.SUCH", {"format": "json"}, "175"),
        (ADDRESS, {"format": "json", "per_page": "many"}, "120"),
    ],
)
def test_errors_come_with_status_200(
    web: Web, address: str, params: dict[str, str], number: str
) -> None:
    answer, _ = web.get_json(address, params=params)
    assert answer.status == 200
    with pytest.raises(RequestRefused, match=number):
        FEED.read(document(answer.body), SCOPE)
    with pytest.raises(RequestRefused, match=number):
        FEED.dropped("saved.json", answer.body)


# --- what an answer may not be ----------------------------------------------------------------


def synthetic_answer() -> list[Any]:
    answer: list[Any] = json.loads(WorldBankSite().page("IT.NET.BBND", "2010:2026", 1000, 1).bytes)
    return answer


def document(body: bytes) -> Document:
    return Document("it.net.bbnd", body, "https://example.org/", ".json",
                    context={"series": "IT.NET.BBND"})  # fmt: skip


def changed(
    head: dict[str, object] | None = None, row: dict[str, object] | None = None
) -> list[Any]:
    answer = synthetic_answer()
    answer[0].update(head or {})
    answer[1][1].update(row or {})
    return answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(changed(head={"total": 5}), SchemaChanged, id="rows missing"),
        pytest.param(changed(head={"pages": 2}), SchemaChanged, id="page missing"),
        pytest.param([changed(), changed()], SchemaChanged, id="page twice"),
        pytest.param(changed(head={"lastupdated": None}), SchemaChanged, id="no day"),
        pytest.param(changed(head={"lastupdated": "July"}), SchemaChanged, id="bad day"),
        pytest.param(changed(row={"date": "2025"}), SchemaChanged, id="year twice"),
        pytest.param(changed(row={"date": "2024Q1"}), SchemaChanged, id="quarter"),
        pytest.param(changed(row={"unit": "thousand"}), UnitChanged, id="unit"),
        pytest.param(changed(row={"countryiso3code": "IND"}), RegionChanged, id="country"),
        pytest.param(
            changed(row={"indicator": {"id": "IT.NET.BBND", "value": "Broadband"}}),
            NameChanged,
            id="name",
        ),
        pytest.param(
            changed(row={"indicator": {"id": "IT.CEL.SETS", "value": "?"}}), NameChanged, id="id"
        ),
        pytest.param(changed(row={"value": [1]}), SchemaChanged, id="value"),
        pytest.param([], SchemaChanged, id="nothing"),
        pytest.param({}, SchemaChanged, id="object"),
    ],
)
def test_an_answer_that_changed_is_refused(answer: object, error: type[SourceError]) -> None:
    with pytest.raises(SourceError) as raised:
        FEED.read(document(json.dumps(answer).encode()), SCOPE)
    assert type(raised.value) is error
    assert raised.value.zh


def test_numbers_keep_their_digits_and_text_is_refused() -> None:
    body = json.dumps(changed(row={"value": "n/a"})).replace("222,", "222.10,").encode()
    reading = FEED.read(document(body), SCOPE)
    assert {c.period: c.value_printed for c in reading.cells} == {"2023": "222.10", "2022": "111"}
    (refused,) = reading.refused
    assert (refused.fault.rule, refused.fault.value) == ("unreadable_figure", "n/a")


def test_a_status_becomes_a_note() -> None:
    reading = FEED.read(document(json.dumps(changed(row={"obs_status": "F"})).encode()), SCOPE)
    assert [c.note for c in reading.cells] == ["obs_status=F", None, None]


# --- dropped files and the record -------------------------------------------------------------


def test_a_saved_answer_tells_its_indicator() -> None:
    body = json.dumps(synthetic_answer()).encode()
    (found,) = FEED.dropped("API_CHN.json", body)
    assert (found.part, found.body) == ("it.net.bbnd", body)
    assert FEED.read(found, SCOPE) == FEED.read(document(body), SCOPE)
    with pytest.raises(SourceError, match="one of the indicators"):
        FEED.dropped("x.json", body.replace(b"IT.NET.BBND", b"SE.PRM.NENR"))


def test_the_record_feeds_indicators_of_its_own() -> None:
    own = {e.record.id: e.record.unit for e in REGISTER.entries if "worldbank" in e.record.sources}
    assert {s.indicator for s in SERIES} == set(FEED.source.feeds) == set(own)
    assert all(compatible(s.unit, own[s.indicator]) for s in SERIES)
    assert all(name.startswith("worldbank_") for name in own)


@given(body=st.one_of(mutated(synthetic_answer()), mutated([synthetic_answer()])))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    reading = attempt(lambda: FEED.read(document(body), SCOPE))
    if isinstance(reading, Reading):
        rows = reading.rows_in + len(reading.blanks)
        assert reading.rows_in == len(reading.cells) + len(reading.refused)
        assert body.count(b'"countryiso3code"') == rows
    else:
        assert reading.zh
    documents = attempt(lambda: FEED.dropped("x.json", body))
    assert not isinstance(documents, SourceError) or documents.remedy
