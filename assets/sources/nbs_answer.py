"""An answer of the statistics bureau's service, checked against the table on record, to a reading.

Values are text and keep their trailing zeros: those are the published precision.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from assets.sources.cells import NOT_PUBLISHED, NUMBER, unreadable
from assets.sources.jsontext import list_of, member, parse_json, record_of, text_at, text_or_none
from assets.sources.nbs_tables import NbsOptions, NbsSeries, NbsTable
from assets.sources.places import CHINA, without_spaces
from pipelines.dates import PeriodError, period_bounds
from pipelines.readers import Blank, Cell, Column, Document, Reading, Refused, Scope
from pipelines.source_errors import (
    NameChanged,
    NoData,
    RegionChanged,
    RequestRefused,
    SchemaChanged,
    SourceError,
    UnitChanged,
)
from schemas.source_records import LiveSource
from schemas.units import normalise

# Of the cell as it came, what tells where a figure is from.
_KEPT: Final = ("_id", "i_showname", "du_name", "da", "da_name", "catalogid", "value")
_UNIT_SUFFIX: Final = re.compile(r"\([^()]*\)$")


def read(source: LiveSource, options: NbsOptions, document: Document, scope: Scope) -> Reading:
    """Figures and blanks of the series on record, of one table of one province.

    What else the table holds is left out. Every series on record is accounted for in every
    period of the answer: as a cell, as a blank, or as refused.

    Raises:
        NameChanged, UnitChanged, RegionChanged: not the series that is on record.
        SchemaChanged: keys, periods or series that are due are missing, or come twice.
        NoData: no period at all.
        RequestRefused: the answer says that it is none.
        NotData: not JSON.
    """
    table, region = _addressed(options, document)
    reading = Reading(title=f"{source.title.zh}·{table.name}", published_on=None)
    blocks = periods_of(parse_json(document.body))
    if not blocks:
        raise NoData(f"{table.name}：无数据", f"{table.name}: no data")
    periods = set[str]()
    place = 0
    for item in blocks:
        block = record_of(item, table.name)
        period = _Period.of(text_at(block, "code", table.name), table, scope)
        if period.code in periods:
            raise SchemaChanged(f"{period.code} 重复", f"{period.code} comes twice")
        periods.add(period.code)
        where = f"{table.name} {period.code}"
        pending = {series.indicator: series for series in table.series}
        for value in list_of(member(block, "values", where) or [], f"{where} values"):
            place += 1
            cell = record_of(value, where)
            series = _series_of(cell, table, where)
            if series is None:
                continue
            if pending.pop(series.indicator, None) is None:
                raise SchemaChanged(f"{where}：{series.name} 重复", f"{series.name} comes twice")
            reading.columns[series.indicator] = _checked(cell, series, table, region, where)
            _sort_in(reading, _At(place, series, table, region, period), cell, where)
        reading.blanks += [
            Blank(name, region, period.period, period.why_blank("empty")) for name in pending
        ]
    missing = [s.name for s in table.series if s.indicator not in reading.columns]
    if missing and reading.columns:
        names = "、".join(missing)
        raise SchemaChanged(f"{table.name} 中没有：{names}", f"{table.name} lacks {names}")
    return reading


@dataclass(frozen=True)
class _Period:
    """A period as the service codes it (2024YY, 202403SS: the quarter, not the month)."""

    code: str
    period: str
    period_type: str
    is_over: bool

    @classmethod
    def of(cls, code: str, table: NbsTable, scope: Scope) -> Self:
        if table.frequency == "annual":
            found, kind = re.fullmatch(r"([0-9]{4})YY", code), "annual"
            period = found[1] if found else ""
        else:
            found, kind = re.fullmatch(r"([0-9]{4})0([1-4])SS", code), "year_to_date"
            period = f"{found[1]}-{int(found[2]) * 3:02d}" if found else ""
        try:
            _, end = period_bounds(period, kind)
        except PeriodError as error:
            raise SchemaChanged(
                f"{table.name} 的时期“{code}”不是所要的形式", f"{table.name}: period {code!r}"
            ) from error
        return cls(code, period, kind, is_over=end < scope.today)

    def why_blank(self, reason: str) -> str:
        return reason if self.is_over else "future"


@dataclass(frozen=True)
class _At:
    """Where in the answer a cell stands, and what it measures."""

    place: int
    series: NbsSeries
    table: NbsTable
    region: str
    period: _Period


def _series_of(cell: dict[str, object], table: NbsTable, where: str) -> NbsSeries | None:
    served = text_at(cell, "_id", where)
    for series in table.series:
        if series.id == served:
            return series
    unnamed = [series for series in table.series if series.id is None]
    if not unnamed:
        return None
    offer = name_and_unit(cell, where)
    return next((s for s in unnamed if offer == (plain(s.name), plain(s.unit))), None)


def _checked(
    cell: dict[str, object], series: NbsSeries, table: NbsTable, region: str, where: str
) -> Column:
    """Name and unit as served, after the check that they, table and region are those on record."""
    name, unit = name_and_unit(cell, where)
    what = f"{where} {series.id or series.name}"
    if name != plain(series.name):
        raise NameChanged(
            f"{what} 登记的名称为“{series.name}”，现为“{name}”",
            f"{what} is on record as {series.name}, is now called {name}",
        )
    if unit != plain(series.unit):
        raise UnitChanged(
            f"{what} 登记的计量单位为“{series.unit}”，现为“{unit}”",
            f"{what}: the unit on record is {series.unit}, it is now {unit}",
        )
    served_from = text_or_none(cell, "catalogid", where)
    if served_from and served_from != table.table:
        raise SchemaChanged(
            f"{what} 来自另一张表 {served_from}", f"{what} is served from table {served_from}"
        )
    place = text_or_none(cell, "da", where)  # absent or empty on blanks
    if place and place != _twelve_digits(region):
        raise RegionChanged(
            f"{what} 应为地区 {region}，应答为 {place}", f"{what} is of {place}, not of {region}"
        )
    return Column(name, unit)


def _sort_in(reading: Reading, at: _At, cell: dict[str, object], where: str) -> None:
    """Add the cell to the figures, the blanks or what can't be read."""
    value = member(cell, "value", where)
    text = "" if value is None else text_at(cell, "value", where)
    series, period = at.series, at.period
    raw = {"code": period.code} | {
        key: kept for key in _KEPT if isinstance(kept := cell.get(key), str)
    }
    stripped = text.strip()
    if not stripped or stripped in NOT_PUBLISHED:
        reason = period.why_blank("not_published" if stripped else "empty")
        reading.blanks.append(Blank(series.indicator, at.region, period.period, reason))
    elif NUMBER.fullmatch(stripped):
        reading.cells.append(
            Cell(
                place=at.place,
                indicator_id=series.indicator,
                region_code=at.region,
                period=period.period,
                period_type=period.period_type,
                value_printed=text,
                unit_printed=series.unit,
                raw=raw,
                note=f"nbs_table={at.table.table}; nbs_indicator={raw['_id']}",
            )
        )
    else:
        reading.refused.append(Refused(at.place, unreadable("value", text, series.unit), raw))


def name_and_unit(cell: dict[str, object], where: str) -> tuple[str, str]:
    """互联网宽带接入用户 (万户) and 万户 to the plain name and the plain unit."""
    shown = text_or_none(cell, "i_showname", where) or text_at(cell, "_name", where)
    return _UNIT_SUFFIX.sub("", plain(shown)), plain(text_at(cell, "du_name", where))


def plain(name: str) -> str:
    """Half-width, without white space, and without the line that some labels have before 累计值."""
    return without_spaces(normalise(name)).replace("_", "")


def _twelve_digits(region: str) -> str:
    return "0" * 12 if region == CHINA else f"{region}000000"


def periods_of(content: object) -> list[object]:
    """The periods of an answer of `stream/esData`; none where it is empty.

    Raises:
        SourceError: see `data_of`.
    """
    return list_of(data_of(content) or [], "data")


def data_of(content: object) -> object:
    """What is in the envelope.

    Raises:
        RequestRefused: success is not true.
        SchemaChanged: there is no such envelope.
    """
    envelope = record_of(content, "应答 answer")
    if member(envelope, "success", "应答 answer") is not True:
        state, message = envelope.get("state"), envelope.get("message")
        raise RequestRefused(
            f"国家统计局应答：{message}（{state}）", f"the service answered {state}: {message}"
        )
    return member(envelope, "data", "应答 answer")


def _addressed(options: NbsOptions, document: Document) -> tuple[NbsTable, str]:
    name, region = document.context.get("table"), document.context.get("region")
    table = next((table for table in options.tables if table.id == name), None)
    if table is None or region is None:
        raise SourceError(
            f"{document.part}：登记中没有表“{name}”", f"{document.part}: no table {name} on record"
        )
    return table, region
