"""World Bank, World Development Indicators: the nation alone, as context.

The values are compiled from ITU and others and need not equal those of the statistics bureau;
they feed indicators of their own. There are no provinces.

Errors come with status 200, as a list that holds a message; without `format=json` XML comes.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, Strict

from assets.sources.cells import NUMBER, unreadable
from assets.sources.jsontext import list_of, member, parse_json, record_of, text_at, text_or_none
from assets.sources.places import CHINA
from pipelines.dates import PeriodError, period_bounds
from pipelines.readers import (
    Blank,
    Cell,
    Column,
    Document,
    PartFailed,
    Reading,
    Refused,
    Scope,
    Unchanged,
)
from pipelines.source_errors import (
    NameChanged,
    NoData,
    RegionChanged,
    RequestRefused,
    SchemaChanged,
    SourceError,
    UnitChanged,
)
from schemas.record_types import Record, Slug, Year
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web

_PER_PAGE: Final = 1000
_MOST_PAGES: Final = 20
_COUNTRY: Final = "CHN"
_WHOLE: Final = re.compile(r"[0-9]{1,6}")


class WorldBankSeries(Record):
    """An indicator of the World Bank, and the one of the register that it feeds."""

    indicator: Slug
    id: Annotated[str, Field(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)+$")]
    name: str
    unit: str
    """应答不写单位，用此 / the answers name no unit: this one is used"""


class WorldBankOptions(Record):
    """The series to ask for, from which year on."""

    first: Year
    series: Annotated[tuple[WorldBankSeries, ...], Strict(False), Field(min_length=1)]


OPTIONS = WorldBankOptions


def fetch(
    source: LiveSource, options: WorldBankOptions, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Every series, with all its pages.

    Raises:
        SourceError: one that stops the source.
    """
    for series in options.series:
        part = series.id.lower()
        try:
            document = _ask(web, series, part, options.first, scope)
        except SourceError as error:
            if error.stops_source:
                raise
            yield PartFailed(part, error)
        else:
            yield document


def _ask(web: "Web", series: WorldBankSeries, part: str, first: int, scope: Scope) -> Document:
    path = f"v2/country/{_COUNTRY}/indicator/{series.id}"
    question = {
        "format": "json",
        "per_page": str(_PER_PAGE),
        "date": f"{first}:{scope.today.year}",
    }
    bodies: list[bytes] = []
    url, pages = "", 1
    while len(bodies) < pages:
        number = len(bodies) + 1
        answer, _ = web.get_json(path, params=question | {"page": str(number)})
        head, _ = _page(parse_json(answer.body))
        url, pages = url or answer.url, _whole(head, "pages")
        if _whole(head, "page") != number or pages > _MOST_PAGES:
            raise SchemaChanged(
                f"{series.id} 第{number}页的应答为第{head['page']}页，共{pages}页",
                f"{series.id}: asked for page {number}, got {head['page']} of {pages}",
            )
        bodies.append(answer.body)
    # One page is kept as it came; several as a list of them, each as it came.
    body = bodies[0] if pages == 1 else b"[" + b",".join(bodies) + b"]"
    return Document(part, body, url, ".json", context={"series": series.id})


def dropped(
    source: LiveSource, options: WorldBankOptions, name: str, body: bytes
) -> list[Document]:
    """A saved answer of one indicator for China, all on one page.

    Raises:
        SourceError: an error message, an indicator that is not on record, or something else.
    """
    rows = [row for _, page in _pages(parse_json(body)) for row in page]
    ids = {_indicator(row)[0] for row in rows}
    known = {series.id for series in options.series}
    if len(ids) != 1 or not ids <= known:
        listed = "、".join(sorted(known))
        raise SourceError(
            f"{name}：应为一个登记的指标（{listed}）",
            f"{name} must hold one of the indicators on record ({listed}), and only one",
        )
    (found,) = ids
    return [Document(found.lower(), body, name, ".json", context={"series": found})]


def read(
    source: LiveSource, options: WorldBankOptions, document: Document, scope: Scope
) -> Reading:
    """Figures and blanks of one indicator; `lastupdated` is the day of publication.

    Raises:
        NameChanged, UnitChanged, RegionChanged: not the series that is on record.
        SchemaChanged: pages and rows don't add up, keys are gone, a year comes twice.
        RequestRefused: the answer is an error message.
        NoData: no rows.
        NotData: not JSON.
    """
    wanted = document.context.get("series")
    series = next((series for series in options.series if series.id == wanted), None)
    if series is None:
        raise SourceError(
            f"{document.part}：登记中没有“{wanted}”", f"{document.part}: no {wanted} on record"
        )
    pages = _pages(parse_json(document.body))
    updated = _added_up(pages)
    reading = Reading(
        title=f"{source.title.zh}·{series.name}",
        published_on=updated,
        columns={series.indicator: Column(series.name, series.unit)},
        notes=[f"lastupdated {updated}"],
    )
    years = set[str]()
    for place, row in enumerate((row for _, rows in pages for row in rows), start=1):
        _check(row, series)
        year = text_at(row, "date", series.id)
        if year in years:
            raise SchemaChanged(f"{series.id}：{year} 重复", f"{series.id}: {year} comes twice")
        years.add(year)
        _sort_in(reading, place, row, year, series, scope)
    return reading


# --- the answer taken apart -------------------------------------------------------------------

_Page = tuple[dict[str, object], list[dict[str, object]]]


def _pages(content: object) -> list[_Page]:
    """An answer, or a list of answers, each with its head and its rows."""
    parts = list_of(content, "应答 answer")
    is_several = bool(parts) and isinstance(parts[0], list)
    return [_page(part) for part in parts] if is_several else [_page(content)]


def _page(content: object) -> _Page:
    parts = list_of(content, "应答 answer")
    head = record_of(parts[0] if parts else None, "第一项 first item")
    if "message" in head:
        told = json.dumps(head["message"], ensure_ascii=False)
        raise RequestRefused(f"世界银行应答：{told}", f"the World Bank answered {told}")
    if len(parts) != 2:
        raise SchemaChanged("应答应有两项", f"the answer has {len(parts)} parts, not 2")
    if _whole(head, "total") == 0:
        raise NoData("世界银行应答：无数据", "the World Bank has no rows for this")
    rows = [record_of(row, "行 row") for row in list_of(parts[1], "第二项 second item")]
    return head, rows


def _whole(head: dict[str, object], key: str) -> int:
    text = text_at(head, key, "页首 head")
    if not _WHOLE.fullmatch(text):
        raise SchemaChanged(f"{key} 为“{text}”", f"{key} is {text!r}, not a whole number")
    return int(text)


def _added_up(pages: list[_Page]) -> dt.date:
    """Day of the last update, after the check that every row is there, once."""
    totals, counts, days = set(), set(), set()
    for head, _ in pages:
        totals.add(_whole(head, "total"))
        counts.add(_whole(head, "pages"))
        days.add(text_at(head, "lastupdated", "页首 head"))
    numbers = [_whole(head, "page") for head, _ in pages]
    rows = sum(len(rows) for _, rows in pages)
    if totals != {rows} or counts != {len(pages)} or numbers != list(range(1, len(pages) + 1)):
        raise SchemaChanged(
            f"页码或行数不符：第{numbers}页，共{rows}行，应为{sorted(totals)}行",
            f"pages {numbers} hold {rows} rows, they tell of {sorted(counts)} pages and "
            f"{sorted(totals)} rows",
            f"Save the answer with per_page={_PER_PAGE}: all rows on one page",
        )
    day = days.pop()
    try:
        if days:
            raise ValueError("it differs between the pages")
        return dt.date.fromisoformat(day)
    except ValueError as error:
        raise SchemaChanged(f"lastupdated 为“{day}”", f"lastupdated is {day!r}: {error}") from error


def _indicator(row: dict[str, object]) -> tuple[str, str]:
    indicator = record_of(member(row, "indicator", "行 row"), "indicator")
    return text_at(indicator, "id", "indicator"), text_at(indicator, "value", "indicator").strip()


def _check(row: dict[str, object], series: WorldBankSeries) -> None:
    found, name = _indicator(row)
    if (found, name) != (series.id, series.name):
        raise NameChanged(
            f"{series.id} 登记的名称为“{series.name}”，应答为 {found}“{name}”",
            f"{series.id} is on record as {series.name!r}, the answer is {found} {name!r}",
        )
    country = text_at(row, "countryiso3code", series.id)
    if country != _COUNTRY:
        raise RegionChanged(
            f"{series.id} 应为 {_COUNTRY}，应答为 {country}",
            f"{series.id} is of {country}, not of {_COUNTRY}",
        )
    unit = text_or_none(row, "unit", series.id)
    if unit and unit != series.unit:
        raise UnitChanged(
            f"{series.id} 登记的计量单位为“{series.unit}”，现为“{unit}”",
            f"{series.id}: the unit on record is {series.unit}, it is now {unit}",
        )


def _sort_in(
    reading: Reading,
    place: int,
    row: dict[str, object],
    year: str,
    series: WorldBankSeries,
    scope: Scope,
) -> None:
    try:
        _, end = period_bounds(year, "annual")
    except PeriodError as error:
        raise SchemaChanged(f"{series.id}：“{year}”不是年份", f"{series.id}: {error}") from error
    if member(row, "value", series.id) is None:
        reason = "not_published" if end < scope.today else "future"
        reading.blanks.append(Blank(series.indicator, CHINA, year, reason))
        return
    text = text_at(row, "value", series.id)
    raw = {"indicator": series.id, "date": year, "value": text}
    status = text_or_none(row, "obs_status", series.id)
    if NUMBER.fullmatch(text):
        reading.cells.append(
            Cell(
                place=place,
                indicator_id=series.indicator,
                region_code=CHINA,
                period=year,
                period_type="annual",
                value_printed=text,
                unit_printed=series.unit,
                raw=raw | {"obs_status": status},
                note=f"obs_status={status}" if status else None,
            )
        )
    else:
        reading.refused.append(Refused(place, unreadable("value", text, series.unit), raw))
