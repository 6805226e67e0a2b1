"""MIIT: what is listed, and which articles are asked for."""

import datetime as dt

import pytest

from pipelines.readers import PartFailed, Unchanged
from pipelines.source_errors import (
    Blocked,
    Challenged,
    NoData,
    SchemaChanged,
    SourceError,
)
from tests.fixtures.articles import (
    asked,
    documents_in,
    feed_of,
    page,
    rows_of,
    scope_of,
    seen_of,
    synthetic,
    values_of,
)
from tests.fixtures.replay import Challenge, CutJson, Replace, Replay, Status
from tests.fixtures.replay_miit import (
    COLUMN,
    LIST,
    MiitSite,
    broadband,
    henan,
    phones,
)

HENAN_ROW = 17
BROADBAND = "fixed_broadband_users"
OCTOBER = broadband("2023年10月", "2023-11-22")


@pytest.fixture
def site(replay: Replay) -> MiitSite:
    """The site with three months of two tables."""
    site = MiitSite()
    for month, day in [("7", "2023-08-21"), ("8", "2023-09-22"), ("9", "2023-10-23")]:
        site.publish(phones(f"2023年{month}月", day))
        site.publish(broadband(f"2023年{month}月", day))
    replay.mount("/miit", site)
    return site


def articles_asked(replay: Replay) -> list[str]:
    return [a.path.removeprefix("/miit") for a in replay.asked("/miit/gxsj/")]


def test_the_list_and_each_article_once(replay: Replay, site: MiitSite) -> None:
    items = asked(feed_of("miit"), f"{replay.url}/miit")
    assert set(documents_in(items)) == {
        f"{name}-2023-{month}" for name in ("broadband", "phones") for month in ("07", "08", "09")
    }
    assert [a.path for a in replay.log].count(f"/miit{LIST}") == 1
    assert sorted(articles_asked(replay)) == sorted(article.path for article in site.articles)
    assert all(a.headers["referer"].endswith(COLUMN) for a in replay.log)
    assert all(a.headers["user-agent"].startswith("duibiao") for a in replay.log)


def test_a_document_keeps_what_the_list_said(replay: Replay, site: MiitSite) -> None:
    document = documents_in(asked(feed_of("miit"), f"{replay.url}/miit"))["broadband-2023-09"]
    assert document.suffix == ".html"
    assert document.etag
    assert document.context == {
        "table": "broadband",
        "period": "2023-09",
        "title": "2023年9月互联网宽带接入用户分省情况",
        "listed_on": "2023-10-23",
    }


def test_a_second_run_asks_for_the_newest_two_on_condition(replay: Replay, site: MiitSite) -> None:
    feed = feed_of("miit")
    seen = seen_of(asked(feed, f"{replay.url}/miit"))
    replay.clear()
    items = asked(feed, f"{replay.url}/miit", seen)
    assert items == [
        Unchanged(f"{name}-2023-{month}")
        for month in ("09", "08")
        for name in ("broadband", "phones")
    ]
    again = replay.asked("/miit/gxsj/")
    assert len(again) == 4
    assert all(a.headers["if-none-match"] for a in again)


def test_next_month_only_the_new_article_is_fetched(replay: Replay, site: MiitSite) -> None:
    feed = feed_of("miit")
    seen = seen_of(asked(feed, f"{replay.url}/miit"))
    site.publish(OCTOBER)
    replay.clear()
    items = asked(feed, f"{replay.url}/miit", seen)
    assert list(documents_in(items)) == ["broadband-2023-10"]
    assert len(articles_asked(replay)) == 4  # with the one before it, and two of the other table


def test_a_corrected_article_comes_again(replay: Replay, site: MiitSite) -> None:
    feed = feed_of("miit")
    seen = seen_of(asked(feed, f"{replay.url}/miit"))
    newest = site.articles[0]
    site.correct(newest, newest.body.replace(synthetic(HENAN_ROW).encode(), b"1234.5"))
    documents = documents_in(asked(feed, f"{replay.url}/miit", seen))
    assert list(documents) == ["broadband-2023-09"]
    reading = feed.read(documents["broadband-2023-09"], scope_of())
    assert values_of(reading, BROADBAND)["410000"] == "1234.5"


def test_a_correction_published_anew_replaces_the_old_article(
    replay: Replay, site: MiitSite
) -> None:
    feed = feed_of("miit")
    seen = seen_of(asked(feed, f"{replay.url}/miit"), landed_on=dt.date(2023, 11, 1))
    corrected = broadband("2023年7月", "2023-11-10", rows=rows_of(2, henan("1234.5", "")))
    site.publish(corrected)
    replay.clear()
    documents = documents_in(asked(feed, f"{replay.url}/miit", seen))
    assert list(documents) == ["broadband-2023-07"]
    assert corrected.path in articles_asked(replay)


def test_other_links_are_left_alone(replay: Replay, site: MiitSite) -> None:
    site.others += (
        '<li><a href="/gxsj/tjfx/txy/art/2023/art_1.html">2023年9月通信业经济运行情况</a></li>'
        '<li><a href="https://elsewhere.example/art/2023/art_2.html">'
        "2023年6月电话用户分省情况</a></li>"
    )
    items = asked(feed_of("miit"), f"{replay.url}/miit")
    assert len(items) == len(documents_in(items)) == 6


def test_links_by_http_lead_to_the_same_site(replay: Replay, site: MiitSite) -> None:
    replay.fault(
        "/miit",
        Replace(lambda body: body.replace(b'href=\\"/', b'href=\\"http://www.miit.gov.cn/')),
    )
    assert len(documents_in(asked(feed_of("miit"), f"{replay.url}/miit"))) == 6


def test_a_title_without_a_known_period_is_a_failed_part(replay: Replay, site: MiitSite) -> None:
    site.publish(broadband("2023年第43周", "2023-11-01"))
    items = asked(feed_of("miit"), f"{replay.url}/miit")
    (failed,) = (item for item in items if isinstance(item, PartFailed))
    assert isinstance(failed.error, SchemaChanged)
    assert "第43周" in failed.error.zh
    assert len(documents_in(items)) == 6


def test_further_pages_of_the_list(replay: Replay, site: MiitSite) -> None:
    site.per_page = 4
    assert len(documents_in(asked(feed_of("miit"), f"{replay.url}/miit"))) == 4
    items = asked(feed_of("miit", pages=3), f"{replay.url}/miit")
    assert len(items) == len(documents_in(items)) == 6


def test_the_first_page_again_is_said_and_does_no_harm(replay: Replay, site: MiitSite) -> None:
    site.per_page, site.stuck = 4, True
    items = asked(feed_of("miit", pages=2), f"{replay.url}/miit")
    assert len(documents_in(items)) == 4
    (failed,) = (item for item in items if isinstance(item, PartFailed))
    assert failed.part == "list-page-2"
    assert isinstance(failed.error, SchemaChanged)


def test_an_article_in_prose_is_a_failed_part(replay: Replay, site: MiitSite) -> None:
    site.correct(site.articles[0], page("2023年9月互联网宽带接入用户分省情况", "<p>只有文字"))
    items = asked(feed_of("miit"), f"{replay.url}/miit")
    (failed,) = (item for item in items if isinstance(item, PartFailed))
    assert failed.part == "broadband-2023-09"
    assert isinstance(failed.error, NoData)
    assert len(documents_in(items)) == 5


def test_a_table_that_lost_henan_is_kept_to_be_looked_at(replay: Replay) -> None:
    rows = [row for row in rows_of(2) if row[0] != "河　南"]
    replay.mount("/miit", MiitSite([broadband("2023年10月", "2023-11-22", rows=rows)]))
    feed = feed_of("miit")
    (document,) = documents_in(asked(feed, f"{replay.url}/miit")).values()
    with pytest.raises(SchemaChanged, match="Henan"):
        feed.read(document, scope_of())


def test_an_article_that_is_gone_does_not_touch_the_others(replay: Replay, site: MiitSite) -> None:
    replay.fault("/miit", Status(404), after=1)
    items = asked(feed_of("miit"), f"{replay.url}/miit")
    assert [item.part for item in items if isinstance(item, PartFailed)] == ["broadband-2023-09"]
    assert len(documents_in(items)) == 5


def test_a_challenge_stops_the_source(replay: Replay, site: MiitSite) -> None:
    replay.fault("/miit", Challenge(), after=2)
    with pytest.raises(Challenged):
        asked(feed_of("miit"), f"{replay.url}/miit")
    assert len(replay.log) == 3


def test_without_the_referer_the_site_refuses(replay: Replay, site: MiitSite) -> None:
    feed = feed_of("miit")
    column = feed.options.columns[0].model_copy(update={"page": "gxsj/other.html"})  # type: ignore[attr-defined]
    with pytest.raises(Blocked):
        asked(feed_of("miit", columns=(column,)), f"{replay.url}/miit")


def test_a_cut_list_is_asked_for_again(replay: Replay, site: MiitSite) -> None:
    replay.fault("/miit", CutJson())
    assert len(documents_in(asked(feed_of("miit"), f"{replay.url}/miit"))) == 6


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"success": true, "data": {"html": ""}}', NoData),
        (b'{"success": true, "data": {"html": "<ul><li><a>x</a></li></ul>"}}', NoData),
        (b'{"success": true, "data": {"html": "<a href=/art_1.html>x</a>"}}', SchemaChanged),
        (b'{"success": true, "data": {"text": ""}}', SchemaChanged),
        (b'{"success": true, "data": null}', SchemaChanged),
        (b'{"success": false, "message": "no"}', SchemaChanged),
        (b"[]", SchemaChanged),
        (b"<html><p>shell</p></html>", Challenged),
    ],
)
def test_lists_of_another_form(
    replay: Replay, site: MiitSite, body: bytes, error: type[SourceError]
) -> None:
    replay.fault("/miit", Replace(lambda _: body), times=5)
    with pytest.raises(error):
        asked(feed_of("miit"), f"{replay.url}/miit")
