"""State Post Bureau: monthly tables of express delivery by province.

Figures run from January to the month named; a month alone is a difference, which later
corrections can make negative, and is not formed here. Figures have been in 万元 and in 亿元: the
head of the column says which, and they are passed on as served.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from assets.sources.articles import (
    Link,
    Tables,
    chosen,
    day_in,
    dropped_article,
    fetch_articles,
    read_article,
)
from assets.sources.html_tables import plain
from assets.sources.jsontext import list_of, member, record_of, text_at
from assets.sources.province_table import Words
from pipelines.readers import Document, PartFailed, Reading, Scope, Unchanged
from pipelines.source_errors import NoData, SchemaChanged
from schemas.record_types import Record
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web


class SpbOptions(Record):
    """Where the list is, and which articles hold what."""

    list_path: str
    page_size: int = Field(default=20, ge=1)
    """网站固定的每页条数 / rows of a page; the site fixes it, whatever is asked"""
    pages: int = Field(default=2, ge=1, le=50)
    tables: Tables
    other_rows: Words = ()


OPTIONS = SpbOptions


def fetch(
    source: LiveSource, options: SpbOptions, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Read the list, then ask for the articles that are new or may have been corrected.

    Raises:
        SchemaChanged: the list has another form, its pages don't add up, or none of the articles
            on record is in it.
        NoData: the list is empty.
        SourceError: see `pipelines.http.Web`.
    """
    links = _listed(options, web)
    articles = list(chosen(links, options.tables, source.base_url or "", ""))
    if not articles:
        titles = "、".join(title for table in options.tables for title in table.titles)
        raise SchemaChanged(f"列表中没有“{titles}”", f"no article on {titles} is listed")
    yield from fetch_articles(articles, web, scope)


def _listed(options: SpbOptions, web: "Web") -> list[Link]:
    links: list[Link] = []
    before: list[Link] = []
    for number in range(1, options.pages + 1):
        params = {"_isJson": "true", "page": str(number)}
        _, content = web.get_json(options.list_path, params=params)
        page, total = _page(content, number)
        due = min(options.page_size, max(0, total - options.page_size * (number - 1)))
        if len(page) != due:
            raise SchemaChanged(
                f"列表第{number}页有{len(page)}条，按总数{total}应有{due}条",
                f"page {number} of the list has {len(page)} rows; {due} are due of {total}",
            )
        if page and page == before:
            raise SchemaChanged(
                f"列表第{number}页与前一页相同",
                f"page {number} of the list is the one before again",
            )
        links, before = links + page, page
        if options.page_size * number >= total:
            break
    if not links:
        raise NoData("列表中没有任何文章", "the list has no article")
    return links


def _page(content: object, number: int) -> tuple[list[Link], int]:
    """Rows of one page of the list, and how many all pages have."""
    where = "列表"
    data = record_of(member(record_of(content, where), "data", where), where)
    total = _whole(data, "total")
    if "page" in data and _whole(data, "page") != number:
        raise SchemaChanged(
            f"要第{number}页，得第{data['page']}页",
            f"asked for page {number}, got page {data['page']}",
        )
    rows = [record_of(row, where) for row in list_of(member(data, "results", where), where)]
    links = [
        Link(
            text_at(row, "url", where),
            plain(text_at(row, "title", where)),
            day_in(str(row.get("publishedTimeStr") or "")),
        )
        for row in rows
    ]
    return links, total


def _whole(data: dict[str, object], key: str) -> int:
    number = member(data, key, "列表")
    text = str(number)
    if isinstance(number, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise SchemaChanged(
            f"列表的 {key} 不是整数：{text[:40]}", f"{key} of the list: {text[:40]}"
        )
    return int(text)


def read(source: LiveSource, options: SpbOptions, document: Document, scope: Scope) -> Reading:
    """Parcels and revenue from January to the month named, of all provinces.

    Raises:
        SourceError: see `read_article`.
    """
    return read_article(options.tables, document, scope, options.other_rows)


def dropped(source: LiveSource, options: SpbOptions, name: str, body: bytes) -> list[Document]:
    """A saved article.

    Raises:
        SourceError: it is no page, or none of the articles on record.
    """
    return dropped_article(source, options.tables, name, body)
