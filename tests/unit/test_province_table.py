"""Tables by province: what is read of an article or a saved page, and what is refused."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers import Blank, Document
from pipelines.source_errors import (
    NameChanged,
    NotData,
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
    page,
    read_dropped,
    rows_of,
    scope_of,
    spaced,
    synthetic,
    table,
    values_of,
)
from tests.fixtures.replay import Replay
from tests.fixtures.replay_miit import (
    BROADBAND_HEAD,
    MiitSite,
    broadband,
    henan,
    phones,
)

HENAN_ROW = 17
BROADBAND, PHONES = "fixed_broadband_users", "mobile_phone_users"
OCTOBER = broadband("2023年10月", "2023-11-22")


def test_all_provinces_and_the_nation() -> None:
    reading = read_dropped(feed_of("miit"), OCTOBER.body)
    values = values_of(reading, BROADBAND)
    assert len(values) == 32
    assert values["410000"] == synthetic(HENAN_ROW)
    assert values["100000"] == synthetic(1)
    assert reading.refused == []
    assert reading.published_on == dt.date(2023, 11, 22)
    assert reading.title == OCTOBER.title
    (cell,) = (cell for cell in reading.cells if cell.region_code == "410000")
    assert (cell.period, cell.period_type, cell.unit_printed) == ("2023-10", "monthly", "万户")
    assert reading.columns[BROADBAND].name == "互联网宽带接入用户 / 合计"


def test_every_column_of_the_telephone_table() -> None:
    reading = read_dropped(feed_of("miit"), phones("2024年1－12月", "2025-01-26").body)
    wanted = {"fixed_phone_users": 1, PHONES: 2, "users_5g": 3}
    for indicator, column in wanted.items():
        assert values_of(reading, indicator)["410000"] == synthetic(HENAN_ROW, column)
    assert {cell.period for cell in reading.cells} == {"2024-12"}


def read(head: str, rows: list[list[str]], before: str = "<p>单位：万户</p>") -> dict[str, str]:
    article = broadband("2023年10月", "2023-11-22", head, rows, before)
    return values_of(read_dropped(feed_of("miit"), article.body), BROADBAND)


def test_reordered_and_added_columns() -> None:
    head = (
        "<tr><td>序号</td><td>地区</td><td>比上年末净增</td><td>100M以上宽带接入用户占比</td>"
        "<td>互联网宽带接入用户</td><td>备注</td></tr>"
    )
    rows = [
        [str(n), spaced(name), "1.1", "98", value, "x"]
        for n, (name, value, _) in enumerate(rows_of(2), 1)
    ]
    assert read(head, rows)["410000"] == synthetic(HENAN_ROW)


def test_a_group_column_and_rows_of_groups() -> None:
    head = "<tr><td colspan=2>地区</td><td>互联网宽带接入用户</td></tr>"
    rows = rows_of(1)
    body = (
        f"<tr><td colspan=2>全国</td><td>{rows[0][1]}</td></tr>"
        f"<tr><td rowspan=32>各省</td><td>东部地区</td><td>1</td></tr>"
        + "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows[1:])
    )
    article = broadband("2023年10月", "2023-11-22", head + body, [])
    reading = read_dropped(feed_of("miit"), article.body)
    assert len(values_of(reading, BROADBAND)) == 32
    assert reading.refused == []
    assert any("东部地区" in note for note in reading.notes)


@pytest.mark.parametrize("name", ["河南", "河　南", "河 南", "河&nbsp;南", "河南省", "<b>河</b>南"])
def test_spellings_of_the_province(name: str) -> None:
    rows = rows_of(2)
    rows[HENAN_ROW - 1][0] = name
    assert read(BROADBAND_HEAD, rows)["410000"] == synthetic(HENAN_ROW)


@pytest.mark.parametrize(
    ("head", "before"),
    [
        ("<tr><td>地区</td><td>互联网宽带接入用户（万户）</td></tr>", ""),
        ("<tr><td>地区</td><td>互联网宽带接入用户<br>万户</td></tr>", ""),
        ("<tr><td>地区</td><td>互联网宽带接入用户</td></tr><tr><td></td><td>(万户)</td></tr>", ""),
        ("<tr><td colspan=2>单位：万户</td></tr><tr><td>地区</td><td>宽带接入用户</td></tr>", ""),
        ("<tr><td>单 位:万户</td></tr><tr><td>地区</td><td>宽带接入用户</td></tr>", ""),
        ("<tr><td colspan=2>互联网宽带接入用户分省情况</td></tr>"
         "<tr><td>地区</td><td>宽带接入用户</td></tr>", "<p>计量单位：万户</p>"),
    ],
)  # fmt: skip
def test_where_the_unit_may_stand(head: str, before: str) -> None:
    assert read(head, rows_of(1), before)["410000"] == synthetic(HENAN_ROW)


@pytest.mark.parametrize(
    ("head", "before", "error"),
    [
        ("宽带接入用户", "<p>单位：户</p>", UnitChanged),
        ("宽带接入用户（户）", "<p>单位：万户</p>", UnitChanged),
        ("宽带接入用户（%）", "", UnitChanged),
        ("宽带接入用户", "<p>单位：万户</p><p>单位：亿户</p>", UnitChanged),
        ("宽带接入用户", "", SchemaChanged),
        ("固定电话用户（万户）", "", SchemaChanged),
        ("其中：1000M宽带接入用户（万户）", "", SchemaChanged),
        ("宽带接入用户（万户）</td><td>移动宽带接入用户（万户）", "", SchemaChanged),
    ],
)
def test_another_unit_or_head_is_refused(head: str, before: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read(f"<tr><td>地区</td><td>{head}</td></tr>", rows_of(2), before)


def test_no_head_at_all() -> None:
    with pytest.raises(SchemaChanged):
        read("", rows_of(2))


def test_no_row_of_henan() -> None:
    with pytest.raises(SchemaChanged, match="Henan"):
        read(BROADBAND_HEAD, [row for row in rows_of(2) if row[0] != "河　南"])


def test_two_blocks_side_by_side_are_refused_not_half_read() -> None:
    rows = rows_of(1)
    beside = [left + right for left, right in zip(rows[:16], rows[16:], strict=True)]
    head = "<tr><td>地区</td><td>宽带接入用户</td><td>地区</td><td>宽带接入用户</td></tr>"
    with pytest.raises(SchemaChanged):
        read(head, beside)


@pytest.mark.parametrize(
    ("mark", "reason"),
    [("", "empty"), ("—", "not_published"), ("…", "not_published"), ("－－", "not_published")],
)
def test_a_blank_is_no_zero(mark: str, reason: str) -> None:
    article = broadband("2023年10月", "2023-11-22", rows=rows_of(2, henan(mark, "")))
    reading = read_dropped(feed_of("miit"), article.body)
    assert reading.blanks == [Blank(BROADBAND, "410000", "2023-10", reason)]
    assert "410000" not in values_of(reading, BROADBAND)


@pytest.mark.parametrize("text", ["约4000", "4,04.0", "1.2.3", "4404.0①", "4²", "NaN", "1e5"])
def test_text_in_place_of_a_figure_is_refused(text: str) -> None:
    article = broadband("2023年10月", "2023-11-22", rows=rows_of(2, henan(text, "")))
    reading = read_dropped(feed_of("miit"), article.body)
    (refused,) = reading.refused
    assert refused.fault.rule == "unreadable_figure"
    assert refused.raw["数值"] == text
    assert len(reading.cells) == 31


def test_full_width_digits_are_a_figure() -> None:
    article = broadband("2023年10月", "2023-11-22", rows=rows_of(2, henan("４，４０４．０", "")))
    reading = read_dropped(feed_of("miit"), article.body)
    assert values_of(reading, BROADBAND)["410000"] == "４，４０４．０"


def test_an_unknown_place_is_refused_and_a_footer_is_not() -> None:
    rows = [*rows_of(2), ["某　地", "1.1", ""], ["合计", "", ""]]
    after = "<tr><td colspan=3>注：数据为快报数。</td></tr>"
    article = broadband("2023年10月", "2023-11-22", rows=rows)
    body = article.body.replace(b"</tbody>", f"{after}</tbody>".encode(), 2)
    reading = read_dropped(feed_of("miit"), body)
    (refused,) = reading.refused
    assert (refused.fault.rule, refused.fault.value) == ("unknown_region", "某 地")
    assert reading.rows_in == 33


def test_a_place_that_comes_twice_is_refused_the_second_time() -> None:
    rows = [*rows_of(2), ["河南", "9.9", ""]]
    reading = read_dropped(feed_of("miit"), broadband("2023年10月", "2023-11-22", rows=rows).body)
    assert [refused.fault.rule for refused in reading.refused] == ["duplicate_region"]
    assert values_of(reading, BROADBAND)["410000"] == synthetic(HENAN_ROW)


def test_a_table_in_two_parts() -> None:
    rows, head = rows_of(2), BROADBAND_HEAD
    after = "<p>续表</p>" + table(head, rows[20:])
    article = broadband("2023年10月", "2023-11-22", head, rows[:20], after=after)
    with pytest.raises(SchemaChanged, match="several columns"):
        read_dropped(feed_of("miit"), article.body)


def test_a_note_on_scope_goes_to_the_figures() -> None:
    after = "<p>注：1.数据为快报数。</p><p>2.自本月起统计口径有所变化。</p>"
    reading = read_dropped(feed_of("miit"), broadband("2023年10月", "2023-11-22", after=after).body)
    assert reading.notes[:2] == ["注：1.数据为快报数。", "2.自本月起统计口径有所变化。"]
    assert {cell.note for cell in reading.cells} == {"2.自本月起统计口径有所变化。"}
    assert {cell.note for cell in read_dropped(feed_of("miit"), OCTOBER.body).cells} == {None}


def test_places_that_are_missing_are_told() -> None:
    rows = [row for row in rows_of(2) if row[0] != "西　藏"]
    article = broadband("2023年10月", "2023-11-22", rows=rows)
    reading = read_dropped(feed_of("miit"), article.body)
    assert any("西藏自治区" in note for note in reading.notes)


def test_without_a_day_of_its_own_the_list_s_day_counts(replay: Replay) -> None:
    title = OCTOBER.title
    body = page(title, "单位：万户" + table(BROADBAND_HEAD, rows_of(2)))
    replay.mount("/miit", MiitSite([replace(OCTOBER, body=body)]))
    feed = feed_of("miit")
    (document,) = documents_in(asked(feed, f"{replay.url}/miit")).values()
    assert feed.read(document, scope_of()).published_on == dt.date(2023, 11, 22)
    assert read_dropped(feed, body).published_on is None


def test_an_article_of_another_month_than_listed_is_refused() -> None:
    feed = feed_of("miit")
    (document,) = feed.dropped("saved.html", OCTOBER.body)
    other = replace(document, context={**document.context, "period": "2023-09"})
    with pytest.raises(NameChanged):
        feed.read(other, scope_of())


def test_a_landing_of_a_table_no_longer_on_record() -> None:
    document = Document("x", OCTOBER.body, "x.html", ".html", context={"table": "other"})
    with pytest.raises(NotData):
        feed_of("miit").read(document, scope_of())


# --- dropped files ---


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "utf-16"])
def test_a_saved_page_in_any_encoding(charset: str) -> None:
    content = "单位：万户" + table(BROADBAND_HEAD, rows_of(2))
    body = page(OCTOBER.title, content, charset=charset)
    assert values_of(read_dropped(feed_of("miit"), body), BROADBAND)["410000"]


def test_the_title_may_stand_in_the_text_or_in_the_name_of_the_file() -> None:
    feed = feed_of("miit")
    content = "单位：万户" + table(BROADBAND_HEAD, rows_of(2))
    in_text = page("工业和信息化部", f"<h1>{OCTOBER.title}</h1>{content}")
    assert feed.dropped("saved.html", in_text)[0].part == "broadband-2023-10"
    (document,) = feed.dropped(f"{OCTOBER.title}.htm", page("工业和信息化部", content))
    assert document.part == "broadband-2023-10"
    assert document.url == f"{OCTOBER.title}.htm"
    assert feed.read(document, scope_of()).cells


@pytest.mark.parametrize(
    "body", [b"", b"PK\x03\x04\x00\x00", b"\xff\xfe\x00", b"%PDF-1.7", b"<p>2023", b"\x81" * 99]
)
def test_a_file_that_is_no_article(body: bytes) -> None:
    with pytest.raises(SourceError):
        feed_of("miit").dropped("file.html", body)


# --- fuzz ---


@given(html=mutated(OCTOBER.body.decode()))
def test_a_broken_page_is_read_soundly_or_refused(html: str) -> None:
    feed = feed_of("miit")
    document = Document(
        "broadband-2023-10", html.encode(), "x.html", ".html",
        context={"table": "broadband", "period": "2023-10", "title": OCTOBER.title},
    )  # fmt: skip
    try:
        reading = feed.read(document, scope_of())
    except SourceError:
        return
    check_sound(reading, html)


@given(cut=st.integers(0, len(OCTOBER.body)), noise=st.binary(max_size=20))
def test_cut_bytes_are_read_soundly_or_refused(cut: int, noise: bytes) -> None:
    body = OCTOBER.body[:cut] + noise
    try:
        reading = read_dropped(feed_of("miit"), body)
    except SourceError:
        return
    check_sound(reading, body.decode("utf-8", "replace"))
