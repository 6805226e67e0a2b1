"""The statistics bureau's service: what is asked, what comes, what goes wrong on the way."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from assets.catalogue import LiveFeed
from assets.sources.nbs_tables import NbsOptions
from pipelines.http import Policy, Web
from pipelines.readers import Document, PartFailed, Scope
from pipelines.source_errors import (
    Challenged,
    NoData,
    RequestRefused,
    SchemaChanged,
    SourceError,
)
from tests.fixtures.on_record import SCOPE, feed_of, figures, published
from tests.fixtures.replay import Replay, Status
from tests.fixtures.replay_nbs import (
    BROADBAND,
    DATA_CALL,
    EXPRESS,
    INTERNET,
    PAGE,
    SYNTHETIC_GDP_TO_DATE,
    SYNTHETIC_PARCELS,
    NbsSite,
    question,
)

FEED = feed_of("nbs")
assert isinstance(FEED.options, NbsOptions)
OPTIONS = FEED.options


@pytest.fixture
def site(replay: Replay) -> NbsSite:
    site = NbsSite()
    replay.mount("/nbs", site)
    return site


@pytest.fixture
def web(replay: Replay, site: NbsSite) -> Iterator[Web]:
    with Web(f"{replay.url}/nbs", Policy(pace_seconds=0, wait_seconds=0.01)) as web:
        yield web


def only(*tables: str) -> LiveFeed:
    """The source with these tables alone."""
    kept = tuple(table for table in OPTIONS.tables if table.id in tables)
    return replace(FEED, options=OPTIONS.model_copy(update={"tables": kept}))


def fetched(feed: LiveFeed, web: Web, scope: Scope = SCOPE) -> dict[str, Document | SourceError]:
    found: dict[str, Document | SourceError] = {}
    for item in feed.fetch(web, scope):
        assert isinstance(item, Document | PartFailed)
        assert item.part not in found
        found[item.part] = item if isinstance(item, Document) else item.error
    return found


def document(found: dict[str, Document | SourceError], part: str) -> Document:
    item = found[part]
    assert isinstance(item, Document), item
    return item


def questions(replay: Replay) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in replay.log if asked.method == "POST"]


# --- what is asked and read -------------------------------------------------------------------


def test_henan_reads_as_the_published_file_says(web: Web) -> None:
    found = fetched(FEED, web)
    assert set(found) == {
        f"{t}-410000"
        for t in ("gdp", "population", "internet", "telecom_capacity", "ecommerce", "software",
                  "express", "gdp_by_quarter")
    }  # fmt: skip
    readings = {part: FEED.read(document(found, part), SCOPE) for part in found}
    assert all(reading.refused == [] for reading in readings.values())
    internet = published(lambda r: r["nbs_table"] == INTERNET and r["region_code"] == "410000")
    assert figures(readings["internet-410000"]) == internet
    assert ("fixed_broadband_users", "410000", "2024") in internet
    del readings["express-410000"], readings["gdp_by_quarter-410000"]  # synthetic
    assert figures(*readings.values()) == published(lambda r: r["region_code"] == "410000")


def test_all_provinces_read_as_the_published_file_says(web: Web) -> None:
    feed = only("gdp", "population", "internet", "telecom_capacity", "ecommerce", "software")
    found = fetched(feed, web, replace(SCOPE, peers=True))
    assert len(found) == 6 * 31
    readings = [feed.read(document(found, part), SCOPE) for part in found]
    assert figures(*readings) == published()


def test_questions_have_the_one_shape_that_is_answered_rightly(web: Web, replay: Replay) -> None:
    fetched(only("internet", "gdp_by_quarter"), web)
    assert [asked.path for asked in replay.log] == [
        f"/nbs{path}" for path in (PAGE, DATA_CALL, DATA_CALL)
    ]
    annual, quarterly = questions(replay)
    assert annual["cid"] == INTERNET
    assert annual["rootId"] == "c4d82af16c3d4f0cb4f09d4af7d5888e"
    assert BROADBAND in annual["indicatorIds"]
    assert annual["das"] == [{"text": "河南省", "value": "410000000000"}]
    assert (annual["daCatalogId"], annual["showType"]) == ("", "1")
    assert annual["dts"] == ["2016YY-2026YY"]
    assert quarterly["rootId"] == "854f819b04104191a5ae2f2cba270e6c"
    assert quarterly["dts"] == ["201601SS-202604SS"]
    assert all("duibiao" in asked.headers["user-agent"] for asked in replay.log)


def test_cookies_of_the_page_come_back(web: Web, replay: Replay) -> None:
    fetched(only("gdp"), web)
    assert "wzws_sid=replay" in replay.log[-1].headers["cookie"]


def test_every_series_and_period_is_accounted_for(web: Web) -> None:
    reading = FEED.read(document(fetched(only("internet"), web), "internet-410000"), SCOPE)
    assert len(reading.cells) + len(reading.blanks) == 7 * 11
    reasons = {(b.indicator_id, b.period): b.reason for b in reading.blanks}
    assert reasons["fixed_broadband_users", "2025"] == "empty"
    assert reasons["fixed_broadband_users", "2026"] == "future"
    assert reasons["netizens", "2017"] == "empty"
    assert {cell.region_code for cell in reading.cells} == {"410000"}
    assert len({cell.place for cell in reading.cells}) == len(reading.cells)
    assert reading.columns["mobile_internet_traffic"].unit == "万GB"
    broadband = next(c for c in reading.cells if c.indicator_id == "fixed_broadband_users")
    assert broadband.raw["_id"] == BROADBAND
    assert broadband.raw["da"] == "410000000000"
    assert broadband.period_type == "annual"


def test_quarters_run_from_the_start_of_the_year(web: Web) -> None:
    feed = only("gdp_by_quarter")
    reading = feed.read(document(fetched(feed, web), "gdp_by_quarter-410000"), SCOPE)
    assert [(c.period, c.period_type, c.value_printed) for c in reading.cells] == [
        ("2024-12", "year_to_date", SYNTHETIC_GDP_TO_DATE["202404SS"]),
        ("2024-09", "year_to_date", SYNTHETIC_GDP_TO_DATE["202403SS"]),
        ("2024-06", "year_to_date", SYNTHETIC_GDP_TO_DATE["202402SS"]),
        ("2024-03", "year_to_date", SYNTHETIC_GDP_TO_DATE["202401SS"]),
    ]
    reasons = {blank.period: blank.reason for blank in reading.blanks}
    assert (reasons["2026-09"], reasons["2026-12"]) == ("empty", "future")


def test_a_series_without_id_is_found_by_name_and_unit(web: Web, replay: Replay) -> None:
    feed = only("express")
    reading = feed.read(
        document(fetched(feed, web, replace(SCOPE, peers=True)), "express-410000"), SCOPE
    )
    assert [c.value_printed for c in reading.cells] == list(SYNTHETIC_PARCELS.values())[::-1]
    assert {c.indicator_id for c in reading.cells} == {"express_parcels"}
    looked_up = [asked for asked in replay.log if asked.path.endswith("queryIndicatorsByCid")]
    assert [asked.query["cid"] for asked in looked_up] == [EXPRESS]


def test_a_name_that_is_not_in_the_table_fails_its_parts_alone(
    web: Web, site: NbsSite, replay: Replay
) -> None:
    for key, series in site.series.items():
        if series.table == EXPRESS:
            site.series[key] = replace(series, showname="快递业务总量 (万件) ")
    found = fetched(only("express", "internet"), web, replace(SCOPE, peers=True))
    errors = [item for part, item in found.items() if part.startswith("express-")]
    assert len(errors) == 31
    assert {type(error) for error in errors} == {SchemaChanged}
    assert isinstance(errors[0], SchemaChanged)
    assert "快递业务总量" in errors[0].zh
    assert len(replay.log) == 2 + 31  # the page and one look-up, then the other table
    assert isinstance(found["internet-410000"], Document)


# --- how the service behaves ------------------------------------------------------------------


def ask(web: Web, **changes: object) -> list[dict[str, Any]]:
    _, content = web.post_json(DATA_CALL.lstrip("/"), question(**changes))
    assert isinstance(content, dict)
    blocks: list[dict[str, Any]] = content["data"]
    return blocks


def test_without_show_type_or_with_a_bad_range_it_breaks(web: Web) -> None:
    with pytest.raises(RequestRefused):
        ask(web, showType=None)
    with pytest.raises(RequestRefused):
        ask(web, dts=["2016-2024"])


def test_a_range_that_is_no_list_brings_a_page(web: Web) -> None:
    with pytest.raises(Challenged):
        ask(web, dts="2016YY-2024YY")


def test_six_digits_bring_names_and_blanks(web: Web) -> None:
    (block,) = ask(web, dts=["2024YY-2024YY"], das=[{"text": "河南省", "value": "410000"}])
    (cell,) = block["values"]
    assert cell["i_showname"] == "互联网宽带接入用户 (万户) "
    assert cell["value"] == ""


def test_several_regions_bring_the_first_and_a_catalogue_another(web: Web) -> None:
    two = [{"text": "", "value": "410000000000"}, {"text": "", "value": "110000000000"}]
    (block,) = ask(web, dts=["2024YY-2024YY"], das=two)
    assert block["values"][0]["da"] == "410000000000"
    (block,) = ask(web, dts=["2024YY-2024YY"], daCatalogId="a10dceae75d245008bf4b9a0e6fe1d55")
    assert block["values"][0]["da"] == "110000000000"


def test_without_a_range_ten_years_come_newest_first(web: Web) -> None:
    assert [b["code"] for b in ask(web, dts="")] == [f"{y}YY" for y in range(2026, 2016, -1)]


def test_an_unknown_table_is_empty_and_a_wrong_one_is_not(web: Web) -> None:
    assert ask(web, cid="0" * 32) == []
    assert ask(web, cid=EXPRESS)[0]["values"][0]["catalogid"] == INTERNET


# --- what goes wrong on the way ---------------------------------------------------------------


def test_an_empty_answer_is_asked_again(web: Web, site: NbsSite, replay: Replay) -> None:
    site.empty_answers = 1
    found = fetched(only("internet"), web)
    assert figures(FEED.read(document(found, "internet-410000"), SCOPE))
    assert len(questions(replay)) == 2


def test_what_stays_empty_fails_its_part_alone(web: Web, site: NbsSite, replay: Replay) -> None:
    site.empty_answers = 3
    found = fetched(only("internet", "gdp"), web)
    assert type(found["gdp-410000"]) is NoData  # it stands first in the record
    assert isinstance(found["internet-410000"], Document)
    assert len(questions(replay)) == 4


def test_a_table_that_is_gone_fails_its_part_alone(web: Web, site: NbsSite) -> None:
    for key in [key for key, series in site.series.items() if series.table == INTERNET]:
        del site.series[key]
    found = fetched(only("internet", "gdp"), web)
    assert type(found["internet-410000"]) is NoData
    assert isinstance(found["gdp-410000"], Document)


def test_a_broken_table_fails_its_part_alone(web: Web, replay: Replay) -> None:
    replay.fault("/nbs", Status(500), after=1)
    found = fetched(only("internet", "gdp"), web)
    assert type(found["gdp-410000"]) is RequestRefused
    assert isinstance(found["internet-410000"], Document)


def test_a_challenge_ends_the_visit_at_once(web: Web, site: NbsSite, replay: Replay) -> None:
    site.challenge_after = 3
    with pytest.raises(Challenged):
        fetched(FEED, web)
    assert len(replay.log) == 4


def test_requests_keep_their_distance(replay: Replay, site: NbsSite) -> None:
    assert FEED.source.pace_seconds >= 1.3
    start = time.monotonic()
    with Web(f"{replay.url}/nbs", Policy(pace_seconds=0.2, wait_seconds=0.01)) as web:
        fetched(only("gdp", "internet"), web)
    # A request may arrive late, on a busy machine, but never before its time.
    waits = [asked.at - start for asked in replay.log]
    assert len(waits) == 3
    assert all(wait > 0.199 * number for number, wait in enumerate(waits))


def test_a_page_that_moved_does_not_keep_us_from_the_tables(web: Web, replay: Replay) -> None:
    replay.fault("/nbs", Status(404))
    assert isinstance(fetched(only("internet"), web)["internet-410000"], Document)
