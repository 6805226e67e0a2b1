"""Ministry of Industry and Information Technology: monthly tables by province, of telecoms.

The column page is a shell; its list comes as HTML inside JSON and is served only to requests that
name the column page as their referer. The figures stand in the tables of single articles. They
are quick monthly counts: the yearly report replaces that of December.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, Strict

from assets.sources.articles import (
    Article,
    Link,
    Tables,
    chosen,
    day_in,
    dropped_article,
    fetch_articles,
    read_article,
)
from assets.sources.html_tables import links_of
from assets.sources.jsontext import record_of, text_at
from assets.sources.province_table import Words
from pipelines.readers import Document, PartFailed, Reading, Scope, Unchanged
from pipelines.source_errors import NoData, SchemaChanged
from schemas.record_types import Record
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web

_LIST: Final = "api-gateway/jpaas-publish-server/front/page/build/unit"
_IS_ARTICLE: Final = "/art_"

PlatformId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class MiitColumn(Record):
    """A column of the site, such as 通信业."""

    page: str
    """栏目页路径，作为 Referer / path of the column page, the referer of its list"""
    page_id: PlatformId


class MiitOptions(Record):
    """What the list call needs, and which articles hold what."""

    web_id: PlatformId
    template_set_id: PlatformId
    tag_id: str
    columns: Annotated[tuple[MiitColumn, ...], Strict(False), Field(min_length=1)]
    pages: int = Field(default=1, ge=1, le=50)
    """每栏读取的列表页数 / list pages that are read of each column"""
    tables: Tables
    other_rows: Words = ()
    """不收的合计行 / rows of groups of provinces, which are left out"""


OPTIONS = MiitOptions


def fetch(
    source: LiveSource, options: MiitOptions, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Read the lists, then ask for the articles that are new or may have been corrected.

    Raises:
        SchemaChanged: a list has another form, or no article of the tables on record is in any.
        NoData: a list is empty.
        SourceError: see `pipelines.http.Web`.
    """
    base_url, found = source.base_url or "", False
    for column in options.columns:
        headers = {"Referer": f"{base_url}/{column.page}"}
        links, failed = _listed(options, column, web, headers)
        articles = list(chosen(links, options.tables, base_url, column.page))
        found = found or any(isinstance(article, Article) for article in articles)
        yield from failed
        yield from fetch_articles(articles, web, scope, headers)
    if not found:
        titles = "、".join(title for table in options.tables for title in table.titles)
        raise SchemaChanged(f"列表中没有“{titles}”", f"no article on {titles} is listed")


def _listed(
    options: MiitOptions, column: MiitColumn, web: "Web", headers: dict[str, str]
) -> tuple[list[Link], list[PartFailed]]:
    """Links of the list's pages, and what is wrong with a page after the first.

    How pages are asked for is not documented: a site that answers every time with the first page
    has still told what is new.
    """
    links: list[Link] = []
    first: list[Link] = []
    for number in range(1, options.pages + 1):
        params = {
            "parseType": "buildstatic",
            "webId": options.web_id,
            "tplSetId": options.template_set_id,
            "pageType": "column",
            "tagId": options.tag_id,
            "editType": "null",
            "pageId": column.page_id,
        } | ({"pageNo": str(number)} if number > 1 else {})
        _, content = web.get_json(_LIST, params=params, headers=headers)
        page = _links(content, column)
        if number > 1 and page == first:
            error = SchemaChanged(
                f"列表第{number}页与第1页相同", f"page {number} of the list is page 1 again",
                "Set pages: 1, or see how the site asks for further pages now",
            )  # fmt: skip
            return links, [PartFailed(f"list-page-{number}", error)]
        if not page and number > 1:
            break
        first = first or page
        links += page
    if not links:
        raise NoData("列表中没有任何文章", "the list has no article")
    return links, []


def _links(content: object, column: MiitColumn) -> list[Link]:
    """Articles of one list page; links to anything else (yearbooks) are left out."""
    where = f"列表 {column.page}"
    answer = record_of(content, where)
    if answer.get("success") is not True:
        message = str(answer.get("message"))[:200]
        raise SchemaChanged(f"{where} 未成功：{message}", f"the list call failed: {message}")
    data = record_of(answer.get("data"), f"{where} data")
    return [
        Link(href, title, day_in(beside))
        for href, title, beside in links_of(text_at(data, "html", where))
        if _IS_ARTICLE in href and title
    ]


def read(source: LiveSource, options: MiitOptions, document: Document, scope: Scope) -> Reading:
    """The stocks at the end of the month, of all provinces.

    Raises:
        SourceError: see `read_article`.
    """
    return read_article(options.tables, document, scope, options.other_rows)


def dropped(source: LiveSource, options: MiitOptions, name: str, body: bytes) -> list[Document]:
    """A saved article.

    Raises:
        SourceError: it is no page, or none of the articles on record.
    """
    return dropped_article(source, options.tables, name, body)
