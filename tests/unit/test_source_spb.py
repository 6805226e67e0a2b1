"""SPB: the list and its pages, the table of provinces among others, units and encodings."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given

from pipelines.readers import Document, PartFailed, Unchanged
from pipelines.source_errors import (
    Challenged,
    NoData,
    RedirectRefused,
    SchemaChanged,
    SourceError,
    UnitChanged,
)
from tests.fixtures.articles import (
    asked,
    check_sound,
    documents_in,
    feed_of,
    mutated,
    read_dropped,
    rows_of,
    scope_of,
    seen_of,
    synthetic,
    values_of,
)
from tests.fixtures.replay import Challenge, Redirect, Replace, Replay
from tests.fixtures.replay_spb import (
    LIST,
    SpbArticle,
    SpbSite,
    express,
    first_half_of_2016,
    prose,
    published_of_henan,
)

HENAN_ROW = 17
PARCELS, REVENUE = "express_parcels", "express_revenue"


@pytest.fixture
def site(replay: Replay) -> SpbSite:
    """The site with three months, in two units."""
    site = SpbSite(
        [
            express("2023年前三季度", "0004", "2023-10-18", unit="亿元"),
            express("2023年1-8月", "0003", "2023-09-15", unit="亿元"),
            first_half_of_2016(),
        ]
    )
    replay.mount("/spb", site)
    return site


def many(count: int) -> list[SpbArticle]:
    """Articles of as many months, newest first."""
    months = [(2020 + n // 12, n % 12 + 1) for n in range(count)]
    return [
        express(f"{year}年{month}月", f"{year}{month:02}", f"{year + 1}-01-15")
        for year, month in reversed(months)
    ]


# --- asking ---


def test_the_list_and_each_article(replay: Replay, site: SpbSite) -> None:
    documents = documents_in(asked(feed_of("spb"), f"{replay.url}/spb"))
    assert list(documents) == ["express-2023-09", "express-2023-08", "express-2016-06"]
    assert [a.path for a in replay.log] == [
        f"/spb{LIST}",
        *(f"/spb{article.path}" for article in site.articles),
    ]
    assert documents["express-2016-06"].context["listed_on"] == "2016-07-14"
    assert documents["express-2016-06"].last_modified == "Thu, 14 Jul 2016 07:00:00 GMT"


def test_a_second_run_asks_for_the_newest_two_on_condition(replay: Replay, site: SpbSite) -> None:
    feed = feed_of("spb")
    seen = seen_of(asked(feed, f"{replay.url}/spb"))
    replay.clear()
    items = asked(feed, f"{replay.url}/spb", seen)
    assert items == [Unchanged("express-2023-09"), Unchanged("express-2023-08")]
    assert len(replay.log) == 3
    assert all(a.headers["if-modified-since"] for a in replay.asked("/spb/gjyzj"))


def test_next_month_only_the_new_article_is_fetched(replay: Replay, site: SpbSite) -> None:
    feed = feed_of("spb")
    seen = seen_of(asked(feed, f"{replay.url}/spb"))
    site.articles.insert(0, express("2023年1-10月", "0005", "2023-11-15", unit="亿元"))
    replay.clear()
    items = asked(feed, f"{replay.url}/spb", seen)
    assert list(documents_in(items)) == ["express-2023-10"]
    assert Unchanged("express-2023-09") in items
    assert len(replay.asked("/spb/gjyzj")) == 2


def test_all_pages_of_the_list_up_to_the_number_on_record(replay: Replay) -> None:
    replay.mount("/spb", SpbSite(many(41)))
    for pages, count in ((1, 20), (9, 41)):
        replay.clear()
        items = asked(feed_of("spb", pages=pages), f"{replay.url}/spb")
        assert len(documents_in(items)) == count
        assert len(replay.asked(f"/spb{LIST}")) == min(pages, 3)


def test_the_same_page_again_stops_the_source(replay: Replay) -> None:
    replay.mount("/spb", SpbSite(many(40), stuck=True))
    with pytest.raises(SchemaChanged, match="the one before again"):
        asked(feed_of("spb"), f"{replay.url}/spb")
    assert len(replay.log) == 2


@pytest.mark.parametrize("total", [2, 4, 0])
def test_a_total_that_the_rows_do_not_reach_stops_the_source(
    replay: Replay, site: SpbSite, total: int
) -> None:
    site.total = total
    with pytest.raises(SchemaChanged, match="are due"):
        asked(feed_of("spb"), f"{replay.url}/spb")


ROW = {"title": "国家邮政局公布2023年1-8月邮政行业运行情况", "url": "/x.shtml"}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"total": 0, "page": 1, "results": []}, NoData),
        ({"total": 1, "page": 2, "results": [ROW]}, SchemaChanged),
        ({"total": "1a", "page": 1, "results": [ROW]}, SchemaChanged),
        ({"total": True, "page": 1, "results": [ROW]}, SchemaChanged),
        ({"page": 1, "results": [ROW]}, SchemaChanged),
        ({"total": 1, "page": 1, "results": {"0": ROW}}, SchemaChanged),
        ({"total": 1, "page": 1, "results": [{"title": ROW["title"]}]}, SchemaChanged),
        ({"total": 1, "page": 1, "results": [{"title": "别的", "url": "/x"}]}, SchemaChanged),
        (None, SchemaChanged),
    ],
)
def test_lists_of_another_form(
    replay: Replay, site: SpbSite, data: Any, error: type[SourceError]
) -> None:
    body = json.dumps({"data": data}).encode()
    replay.fault("/spb", Replace(lambda _: body))
    with pytest.raises(error):
        asked(feed_of("spb"), f"{replay.url}/spb")


def test_a_page_where_the_list_is_due(replay: Replay, site: SpbSite) -> None:
    replay.fault("/spb", Challenge())
    with pytest.raises(Challenged):
        asked(feed_of("spb"), f"{replay.url}/spb")


def test_a_redirect_on_the_same_host_is_followed(replay: Replay, site: SpbSite) -> None:
    path = site.articles[0].path
    site.moved[path] = f"/spb/moved{path}"
    documents = documents_in(asked(feed_of("spb"), f"{replay.url}/spb"))
    assert documents["express-2023-09"].url.endswith(f"/spb/moved{path}")


def test_a_redirect_to_another_host_stops_the_source(replay: Replay, site: SpbSite) -> None:
    replay.fault("/spb", Redirect("https://elsewhere.example/"), after=1)
    with pytest.raises(RedirectRefused):
        asked(feed_of("spb"), f"{replay.url}/spb")


def test_prose_alone_is_a_failed_part_and_not_the_end(replay: Replay, site: SpbSite) -> None:
    site.articles.insert(0, prose("2026年1-8月", "0009", "2026-09-15"))
    items = asked(feed_of("spb"), f"{replay.url}/spb")
    (failed,) = (item for item in items if isinstance(item, PartFailed))
    assert failed.part == "express-2026-08"
    assert isinstance(failed.error, NoData)
    assert len(documents_in(items)) == 3


# --- reading ---


def test_the_published_figures_of_henan() -> None:
    reading = read_dropped(feed_of("spb"), first_half_of_2016().body)
    printed = published_of_henan("2016-06")
    assert printed == {PARCELS: "35448.8", REVENUE: "420859.6"}
    cells = {c.indicator_id: c for c in reading.cells if c.region_code == "410000"}
    for indicator, unit in ((PARCELS, "万件"), (REVENUE, "万元")):
        cell = cells[indicator]
        assert (cell.value_printed, cell.unit_printed) == (printed[indicator], unit)
        assert (cell.period, cell.period_type) == ("2016-06", "year_to_date")


def test_only_the_table_of_provinces_is_read() -> None:
    """Not that of cities, where 北京市 is a city, nor that of the nation."""
    reading = read_dropped(feed_of("spb"), express("2023年1-8月", "1", "2023-09-15").body)
    assert len(values_of(reading, PARCELS)) == 32
    assert values_of(reading, PARCELS)["110000"] == synthetic(2)
    assert values_of(reading, REVENUE)["100000"] == synthetic(1, 3)
    assert reading.refused == []


@pytest.mark.parametrize("unit", ["万元", "亿元"])
def test_revenue_in_either_unit_as_served(unit: str) -> None:
    article = express("2023年1-8月", "1", "2023-09-15", unit=unit)
    reading = read_dropped(feed_of("spb"), article.body)
    assert reading.columns[REVENUE].unit == unit
    assert {c.unit_printed for c in reading.cells if c.indicator_id == REVENUE} == {unit}
    assert values_of(reading, REVENUE)["410000"] == synthetic(HENAN_ROW, 3)


def test_another_unit_is_refused() -> None:
    with pytest.raises(UnitChanged):
        read_dropped(feed_of("spb"), express("2023年1-8月", "1", "2023-09-15", unit="元").body)


def test_a_page_that_declares_gb2312_and_is_gb18030(replay: Replay) -> None:
    article = first_half_of_2016(charset="gb2312")
    body = article.body.replace("河　南".encode("gb18030"), "河　南㑇".encode("gb18030"))
    with pytest.raises(UnicodeDecodeError):
        body.decode("gb2312")
    site = SpbSite([article])
    replay.mount("/spb", site)
    feed = feed_of("spb")
    (document,) = documents_in(asked(feed, f"{replay.url}/spb")).values()
    assert document.body == article.body
    assert values_of(feed.read(document, scope_of()), PARCELS)["410000"] == "35448.8"
    with pytest.raises(SchemaChanged):  # read as text, and no longer Henan
        read_dropped(feed, body)


def test_the_day_of_publication_is_that_of_the_list(replay: Replay, site: SpbSite) -> None:
    feed = feed_of("spb")
    documents = documents_in(asked(feed, f"{replay.url}/spb"))
    reading = feed.read(documents["express-2016-06"], scope_of())
    assert reading.published_on == dt.date(2016, 7, 14)
    assert reading.title == "国家邮政局公布2016年上半年邮政行业运行情况"


def test_growth_columns_are_never_taken() -> None:
    head = (
        "<tr><td rowspan=2>省份</td><td colspan=2>快递业务量（万件）</td>"
        "<td colspan=2>快递业务收入（亿元）</td></tr>"
        "<tr><td>同比增长（%）</td><td>累计</td><td>累计</td><td>同比增长（%）</td></tr>"
    )
    article = express("2023年1-8月", "1", "2023-09-15")
    old_head = article.body.decode().split("<tbody>")[2].split("<tr><td>全　国")[0]
    body = article.body.decode().replace(old_head, head).encode()
    reading = read_dropped(feed_of("spb"), body)
    assert values_of(reading, PARCELS)["410000"] == synthetic(HENAN_ROW, 2)
    assert values_of(reading, REVENUE)["410000"] == synthetic(HENAN_ROW, 3)
    assert reading.columns[PARCELS].name == "快递业务量（万件） / 累计"


@pytest.mark.parametrize("word", ["快递业务量累计", "快递收入累计"])
def test_a_head_that_is_gone(word: str) -> None:
    body = express("2023年1-8月", "1", "2023-09-15").body.decode().replace(word, "其他")
    with pytest.raises(SchemaChanged):
        read_dropped(feed_of("spb"), body.encode())


def test_a_negative_month_is_not_formed() -> None:
    """The figures are cumulative; a smaller one than last month's is a correction, not an error."""
    rows = {"河南": ["1.1", "-99", "2.2", "-99"]}
    body = express("2023年1-9月", "1", "2023-10-15", values=rows).body
    reading = read_dropped(feed_of("spb"), body)
    assert values_of(reading, PARCELS)["410000"] == "1.1"
    assert {cell.period_type for cell in reading.cells} == {"year_to_date"}


def test_the_rows_of_the_fixture_are_synthetic() -> None:
    figures = {value for row in rows_of(2) for value in row[1:]}
    assert not figures & set(published_of_henan("2016-06").values())


ARTICLE = express("2023年1-8月", "1", "2023-09-15")


@given(html=mutated(ARTICLE.body.decode()))
def test_a_broken_page_is_read_soundly_or_refused(html: str) -> None:
    feed = feed_of("spb")
    document = Document(
        "express-2023-08", html.encode(), "x.html", ".html",
        context={"table": "express", "period": "2023-08", "title": ARTICLE.title},
    )  # fmt: skip
    try:
        reading = feed.read(document, scope_of())
    except SourceError:
        return
    check_sound(reading, html)
