"""Monthly articles with a table by province: which to ask for, how to read one, saved ones.

What is common to publishers that put a table a month into an article of its own; how they list
their articles is theirs.
"""

import datetime as dt
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import Field, Strict

from assets.sources.html_tables import Page, page_of
from assets.sources.months import month_before, names
from assets.sources.province_table import (
    Meaning,
    ProvinceColumn,
    Words,
    is_by_province,
    read_provinces,
)
from pipelines.charset import decode
from pipelines.readers import Document, PartFailed, Reading, Scope, Unchanged
from pipelines.source_errors import NameChanged, NoData, NotData, SchemaChanged, SourceError
from schemas.record_types import Record, Slug
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.answers import Answer
    from pipelines.http import Web

log = logging.getLogger(__name__)

# The newest ones may be corrected in place: they are asked again, on condition of a change.
ASKED_AGAIN: Final = 2
_DAY: Final = re.compile(
    r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})"
    r"(?:[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})(?![0-9])"
    r"|年(?P<month>[0-9]{1,2})月(?P<day>[0-9]{1,2})日)"
)
_FIRST_LINES: Final = 20


class ArticleTable(Record):
    """A table that comes every month, in an article of its own or with others."""

    id: Slug
    """落地文件名的前一半 / first half of the names of its landings: broadband-2023-10"""
    titles: Annotated[Words, Field(min_length=1)]
    """标题中紧接时期之后的词，任一 / what follows the period in the title, one of them"""
    period_type: Literal["monthly", "year_to_date"]
    columns: Annotated[tuple[ProvinceColumn, ...], Strict(False), Field(min_length=1)]

    def month_in(self, title: str) -> str | None:
        """The month (2023-10) that a title of this table names; None for any other title."""
        months = (month_before(title, subject) for subject in self.titles)
        return next((month for month in months if month), None)

    def is_named(self, title: str) -> bool:
        """The title is one of this table, whether or not its period can be told."""
        return any(names(title, subject) for subject in self.titles)


Tables = Annotated[tuple[ArticleTable, ...], Strict(False), Field(min_length=1)]


@dataclass(frozen=True)
class Link:
    """A link on a list page; `listed_on` is the day printed beside it."""

    href: str
    title: str
    listed_on: dt.date | None


@dataclass(frozen=True)
class Article:
    """An article with one of the tables."""

    table: ArticleTable
    period: str
    path: str
    link: Link

    @property
    def part(self) -> str:
        """Name of its landings."""
        return f"{self.table.id}-{self.period}"


def day_in(text: str) -> dt.date | None:
    """The first day printed in the text, as 2023-11-22, 2023/11/22 or 2023年11月22日."""
    for found in _DAY.finditer(text):
        month, day = found["m"] or found["month"], found["d"] or found["day"]
        try:
            return dt.date(int(found["year"]), int(month), int(day))
        except ValueError:
            continue
    return None


def path_on(base_url: str, page: str, href: str) -> str | None:
    """Path and query of a link if it leads to the source's own host (by http or https).

    Args:
        base_url: of the source on record.
        page: path of the page that holds the link.
    """
    try:
        link = urlsplit(urljoin(urljoin(base_url, page), href.strip()))
        same = link.hostname == urlsplit(base_url).hostname and link.port in (None, 80, 443)
    except ValueError:
        return None
    if link.scheme not in ("http", "https") or not same:
        return None
    return link.path.lstrip("/") + (f"?{link.query}" if link.query else "")


def chosen(
    links: Iterable[Link], tables: tuple[ArticleTable, ...], base_url: str, page: str
) -> Iterator[Article | PartFailed]:
    """The articles of the tables among the links, the newest period first.

    A period that is listed twice is taken from the link that is newer: a correction. A title of
    which the period cannot be told is a failed part.
    """
    found: dict[str, Article] = {}
    for link in links:
        table = next((table for table in tables if table.is_named(link.title)), None)
        if table is None:
            continue
        period, path = table.month_in(link.title), path_on(base_url, page, link.href)
        if path is None:
            log.warning("link to another host left out: %s (%s)", link.href, link.title)
        elif period is None:
            yield PartFailed(f"{table.id}-unknown", _unknown_period(link.title))
        else:
            article = Article(table, period, path, link)
            earlier = found.get(article.part)
            if earlier is None or _day(earlier) < _day(article):
                found[article.part] = article
    yield from sorted(found.values(), key=lambda article: article.period, reverse=True)


def _day(article: Article) -> dt.date:
    return article.link.listed_on or dt.date.min


def _unknown_period(title: str) -> SchemaChanged:
    return SchemaChanged(
        f"标题“{title}”中的时期无法识别", f"the period in the title {title!r} can't be told"
    )


def fetch_articles(
    articles: Iterable[Article | PartFailed],
    web: "Web",
    scope: Scope,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Document | PartFailed | Unchanged]:
    """Ask for the articles that have not landed, were listed since, or are among the newest.

    Raises:
        SourceError: one that stops the source.
    """
    asked_again: dict[str, int] = {}
    for article in articles:
        if isinstance(article, PartFailed):
            yield article
            continue
        rank = asked_again.setdefault(article.table.id, 0)
        asked_again[article.table.id] += 1
        seen = scope.seen.get(article.part)
        is_newer = seen is not None and _day(article) > seen.landed_at.date()
        if seen is None or is_newer or rank < ASKED_AGAIN:
            try:
                answer = web.get(article.path, headers=headers, seen=None if is_newer else seen)
                yield _taken(article, answer, scope)
            except SourceError as error:
                if error.stops_source:
                    raise
                yield PartFailed(article.part, error)


def _taken(article: Article, answer: "Answer", scope: Scope) -> Document | Unchanged:
    if answer.not_modified:
        return Unchanged(article.part)
    if not is_by_province(page_of(decode(answer.body)), scope.provinces):
        title = article.link.title
        raise NoData(
            f"“{title}”没有分省表格，可能只有文字",
            f"{title!r} has no table by province: prose alone?",
            "Figures are not taken from prose; read them there and enter them by hand",
        )  # fmt: skip
    day = article.link.listed_on
    return Document(
        part=article.part,
        body=answer.body,
        url=answer.url,
        suffix=".html",
        etag=answer.etag,
        last_modified=answer.last_modified,
        context=_context(article.table, article.period, article.link.title)
        | ({"listed_on": day.isoformat()} if day else {}),
    )


def _context(table: ArticleTable, period: str, title: str) -> dict[str, str]:
    return {"table": table.id, "period": period, "title": title}


def read_article(
    tables: tuple[ArticleTable, ...], document: Document, scope: Scope, other_rows: tuple[str, ...]
) -> Reading:
    """The figures of one article.

    Raises:
        NoData: it has no table by province.
        NameChanged: its title is of another period than the list said.
        SourceError: see `read_provinces`.
    """
    page = page_of(decode(document.body))
    context = document.context
    table = next((table for table in tables if table.id == context.get("table")), None)
    if table is None or "period" not in context:
        raise NotData(
            f"{document.part}：来源登记中没有这张表", f"{document.part}: no such table on record"
        )
    period = context["period"]
    if table.is_named(page.title) and table.month_in(page.title) != period:
        raise NameChanged(
            f"列表所列为 {period}，正文标题为“{page.title}”",
            f"listed as {period}, but its title is {page.title!r}",
        )
    printed = page.published or context.get("listed_on", "")
    meaning = Meaning(
        context.get("title") or page.title, day_in(printed), period, table.period_type
    )
    return read_provinces(page, table.columns, meaning, scope.provinces, other_rows)


def dropped_article(
    source: LiveSource, tables: tuple[ArticleTable, ...], name: str, body: bytes
) -> list[Document]:
    """A saved article, told by its title, its first lines or the name of the file.

    Raises:
        SourceError: it is no page, or none of the articles on record.
    """
    page = page_of(decode(body))
    stem = name.rsplit(".", 1)[0]
    for title in (page.title, *_first_lines(page), stem):
        for table in tables:
            if period := table.month_in(title):
                context = _context(table, period, title)
                return [Document(f"{table.id}-{period}", body, name, ".html", context=context)]
    known = "、".join(subject for table in tables for subject in table.titles)
    raise NotData(
        f"{name}：不是登记的文章（{known}），或标题中没有时期",
        f"{name} is none of the articles on record ({known}), or its title names no period",
        f"Save the article from {source.url} as HTML, with its title in the name of the file",
    )


def _first_lines(page: Page) -> list[str]:
    return page.text.split("\n")[:_FIRST_LINES]
