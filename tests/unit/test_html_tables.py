"""HTML pages: merged cells, spaces, notes, encodings, and what is refused."""

import pytest

from assets.sources.html_tables import MAX_CELLS, links_of, page_of, plain
from pipelines.source_errors import NotData, SchemaChanged


def grid(html: str) -> list[list[str]]:
    (only,) = page_of(html).tables
    return only


def test_merged_cells_stand_in_each_place_that_they_cover() -> None:
    html = """<table>
      <tr><td rowspan=2>地区</td><td colspan="2">用户</td></tr>
      <tr><td>合计</td><td>其中</td></tr>
      <tr><td>河南</td><td>1</td><td>2</td></tr></table>"""
    assert grid(html) == [["地区", "用户", "用户"], ["地区", "合计", "其中"], ["河南", "1", "2"]]


def test_a_tall_and_a_wide_cell_that_meet() -> None:
    html = """<table><tr><td>a<td rowspan=2>b<td rowspan=3>c</tr>
      <tr><td colspan=2>d</tr><tr><td>e<td>f</tr></table>"""
    assert grid(html) == [["a", "b", "c"], ["d", "b", "c"], ["e", "f", "c"]]


@pytest.mark.parametrize("rowspan", ["0", "65534", "999999999"])
def test_a_cell_reaches_to_the_last_row_at_most(rowspan: str) -> None:
    html = f"<table><tr><td rowspan={rowspan}>a<td>1</tr><tr><td>2</tr></table>"
    assert grid(html) == [["a", "1"], ["a", "2"]]


@pytest.mark.parametrize("span", ["-3", "x", "", "1.5", "0"])
def test_a_span_that_is_none_is_one(span: str) -> None:
    assert grid(f'<table><tr><td colspan="{span}">a<td>b</table>') == [["a", "b"]]


def test_rows_are_made_equally_long() -> None:
    assert grid("<table><tr><td>a<td>b<td>c<tr><td>d</table>") == [["a", "b", "c"], ["d", "", ""]]


def test_a_span_of_a_million_is_cut_short() -> None:
    (row,) = grid("<table><tr><td colspan=1000000>a</td></tr></table>")
    assert len(row) == 1000


@pytest.mark.parametrize(
    "html",
    [
        "<table>" + "<tr><td rowspan=65534>a" * 2000 + "</table>",
        "<table><tr>" + "<td colspan=1000>a" * 600 + "</table>",
    ],
)
def test_a_table_larger_than_any_that_is_printed_is_refused(html: str) -> None:
    with pytest.raises(SchemaChanged, match=str(MAX_CELLS)):
        page_of(html)


def test_spaces_breaks_and_blocks_in_a_cell() -> None:
    cell = "<p>快递业务量<br/>累计</p>\n (万&nbsp;件)\u3000<span>4</span><span>04.0</span>\u200b"
    assert grid(f"<table><tr><td>{cell}</td><td>&nbsp;</td></tr></table>") == [
        ["快递业务量 累计 (万 件) 404.0", ""]
    ]


def test_a_table_inside_a_cell_is_a_table_of_its_own() -> None:
    html = """<table><tr><td>outer <table><tr><td>inner</td></tr></table> end</td></tr>
      <tr><td>last</td></tr></table>"""
    assert page_of(html).tables == [[["outer end"], ["last"]], [["inner"]]]


def test_script_and_comment_are_no_text() -> None:
    html = (
        "<table><tr><td><script>var x='1'</script>4<!-- 5 --><style>b{}</style></td></tr></table>"
    )
    assert grid(html) == [["4"]]


def test_title_day_and_content() -> None:
    html = """<html><head><meta name="pubdate" content=" 2023-11-22 10:00 "><title>标题 </title>
      </head><body><table><tr><td>首页</td></tr></table>
      <div class="x ccontent y">单位：万户<table><tr><td>河南</td></tr></table></div></body>"""
    page = page_of(html)
    assert (page.title, page.published) == ("标题", "2023-11-22 10:00")
    assert page.tables == [[["河南"]]]
    assert page.text == "单位：万户\n河南"


def test_the_article_s_own_title_is_preferred() -> None:
    html = '<meta name="ArticleTitle" content="文章"><title>文章_某部网站</title><p>x'
    assert page_of(html).title == "文章"


def test_a_container_without_table_gives_way_to_one_with() -> None:
    html = """<body><div class="article">导语</div><div><table><tr><td>河南</td></tr></table>"""
    assert page_of(html).tables == [[["河南"]]]


def test_notes_with_the_numbered_lines_that_follow() -> None:
    html = """<p>正文。</p><p>注:1.从本月开始,上年末数据为年报数据。</p>
      <p>2.统计口径有所变化。</p><p>附：3</p><p>3.不是注</p>"""
    assert page_of(html).notes == ["注:1.从本月开始,上年末数据为年报数据。", "2.统计口径有所变化。"]


def test_an_encoding_named_in_the_text_no_longer_counts() -> None:
    assert page_of('<meta charset="gb2312"><p>河南㑇').text == "河南㑇"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "<!-- nothing -->",
        "<div>" * 1000 + "x",
        "<table><tr><td>" * 1000 + "x",
        "<p>" + "x" * 10_500_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</p>",
    ],
    ids=["empty", "blank", "comment", "deep", "deep tables", "long text", "attributes"],
)
def test_what_is_no_page_is_refused(text: str) -> None:
    with pytest.raises(NotData):
        page_of(text)


def test_no_entity_of_the_page_is_expanded_and_nothing_is_fetched() -> None:
    html = """<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">
      <!ENTITY f SYSTEM "file:///etc/hostname">]><table><tr><td>&b;&f;</td></tr></table>"""
    assert grid(html) == [["&b;&f;"]]


def test_a_picture_inside_the_page_is_no_long_tag() -> None:
    html = f'<img src="data:image/png;base64,{"iVBORw0K" * 10_000}"><table><tr><td>河南</table>'
    assert grid(html) == [["河南"]]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\ud800<p>a", "?\na"),
        ("no tag at all", "no tag at all"),
        ('<?xml version="1.0" encoding="gb2312"?><p>河南', "河南"),
    ],
)
def test_odd_text_is_read_as_a_browser_would(text: str, read: str) -> None:
    page = page_of(text)
    assert (page.text, page.tables) == (read, [])


def test_links_with_their_title_and_what_stands_beside_them() -> None:
    html = """<ul><li><a href="/a.html" title="题目&nbsp;一">…</a><span>2023-11-22</span></li>
      <li><a href=" b.html ">二</a></li><li><a>三</a></li></ul>"""
    assert links_of(html) == [("/a.html", "题目 一", "2023-11-22"), ("b.html", "二", "")]
    assert links_of(" ") == []


def test_plain() -> None:
    assert plain(" 河\u3000南\xa0省\u200b\n") == "河 南 省"
