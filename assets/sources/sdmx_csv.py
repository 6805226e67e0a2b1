"""SDMX-CSV 1.0, 2.0 and 2.1: one row an observation, its dimensions in columns.

The three differ in what stands before the dimensions: DATAFLOW in 1.0; STRUCTURE, STRUCTURE_ID and
ACTION after it. Codes may come with their labels (`A: Annual`). The delimiter is what follows the
first head; figures have a decimal point and no groups of thousands, whatever the delimiter.

Sources:
    https://github.com/sdmx-twg/sdmx-csv: the field guide of the format.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import Field

from assets.sources.cells import unreadable
from assets.sources.delimited import is_formula, rows_of, text_of
from assets.sources.dropped_names import part_of
from assets.sources.html_tables import Grid
from assets.sources.repeats import refuse_repeats
from assets.sources.sheets import kind_of
from assets.sources.table_options import Name, RegionCode, Series
from pipelines.dates import PeriodError, period_bounds, period_type_of
from pipelines.faults import Fault, RowFault
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
from pipelines.source_errors import NoData, NotData, SchemaChanged, UnitChanged
from schemas.record_types import Record
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web

PART: Final = "observations"
_DELIMITER: Final = re.compile(
    r'"?(?:DATAFLOW|STRUCTURE)(?:\[[^\]]{0,3}\])?(?:: [^",;\t]*)?"?([,;\t])'
)
# 4,404 would be 4.404 where the delimiter is a semicolon: no commas.
_FIGURE: Final = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_FREQUENCIES: Final = {"A": "annual", "Q": "quarterly", "M": "monthly"}
_TIME: Final = re.compile(r"([0-9]{4})(?:-A1|-(Q[1-4])|-M?(0[1-9]|1[0-2]))?")
_CODE: Final = re.compile("[1-9][0-9]{5}")
_ACTIONS: Final = frozenset({"I", "A", "R", "M"})
_NO_FIGURE: Final = {"M": "not_published", "O": "not_published", "L": "not_published"}
_NOTES: Final = {
    "P": "初步数 provisional (OBS_STATUS P)",
    "E": "估计数 estimated (OBS_STATUS E)",
    "B": "序列中断 break in the series (OBS_STATUS B)",
}
_NORMAL: Final = frozenset({"", "A"})


class SdmxSeries(Series):
    """What a code of the indicator dimension stands for."""

    unit_measure: Name | None = None
    """UNIT_MEASURE 应有的代码，不符则停用 / code due; another one stops its use"""
    unit_mult: int | None = Field(default=None, ge=-12, le=15)
    """UNIT_MULT 应有的 10 的幂，已含在 unit 中 / power of ten due, which `unit` includes"""


class Dimensions(Record):
    """Names of the columns."""

    frequency: Name = "FREQ"
    area: Name = "REF_AREA"
    indicator: Name = "INDICATOR"
    time: Name = "TIME_PERIOD"


class SdmxOptions(Record):
    """Where the data are, and what their codes mean."""

    path: str | None = None
    """base_url 之下的路径；无则只收手工文件 / below base_url; none: dropped files only"""
    params: dict[str, str] = Field(default_factory=dict)
    accept: str = "application/vnd.sdmx.data+csv;version=2.0.0, text/csv;q=0.9"
    dimensions: Dimensions = Dimensions()
    indicators: dict[str, SdmxSeries] = Field(min_length=1)
    """代码 → 指标 / code -> indicator"""
    areas: dict[str, RegionCode] = Field(default_factory=dict)
    """六位代码之外的地区代码 / codes of areas other than six digits"""


OPTIONS = SdmxOptions


def fetch(
    source: LiveSource, options: SdmxOptions, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Ask for the observations, if they have changed.

    Raises:
        SourceError: see `pipelines.http.Web`.
    """
    if options.path is None:
        return
    answer = web.get(
        options.path,
        params=options.params,
        headers={"Accept": options.accept},
        seen=scope.seen.get(PART),
    )
    if answer.not_modified:
        yield Unchanged(PART)
        return
    yield Document(
        PART, answer.body, answer.url, ".csv", etag=answer.etag, last_modified=answer.last_modified
    )


def dropped(source: LiveSource, options: SdmxOptions, name: str, body: bytes) -> list[Document]:
    """The same part as the network gives, whatever it is called; without one, a part by its name.

    Raises:
        NotData: no text, or not UTF-8.
        SchemaChanged: no SDMX-CSV of the dimensions on record.
    """
    _message(body, options)
    part = PART if options.path else part_of(name)
    return [Document(part, body, name, ".csv", context={"file": name})]


def read(source: LiveSource, options: SdmxOptions, document: Document, scope: Scope) -> Reading:
    """Figures, blanks and refusals, one a row.

    Raises:
        NotData: no text, not UTF-8, or no CSV.
        TooLarge: more cells than a table has.
        SchemaChanged: a column that is needed is not there, or twice.
        UnitChanged: UNIT_MEASURE or UNIT_MULT is not the one on record.
        NoData: no rows.
    """
    message = _message(document.body, options)
    reading = Reading(title=source.title.zh, published_on=None)
    for number, row in enumerate(message.rows, start=2):
        if not any(row):
            continue
        raw = message.raw(row)
        try:
            if len(row) != len(message.names):
                raise RowFault(
                    Fault("ragged_row", None, None,
                          f"有{len(row)}格，表头有{len(message.names)}格",
                          f"{len(row)} cells under {len(message.names)} heads",
                          "See whether the file is whole")
                )  # fmt: skip
            found = _observation(number, raw, options, scope, reading)
        except RowFault as broken:
            reading.refused.append(Refused(number, broken.fault, raw))
        else:
            if isinstance(found, Blank):
                reading.blanks.append(found)
            else:
                reading.cells.append(found)
    if not (reading.cells or reading.blanks or reading.refused):
        raise NoData("没有任何观测值", "no observation in it")
    refuse_repeats(reading)
    return reading


@dataclass(frozen=True)
class _Message:
    """Names of the columns, and the rows below."""

    names: list[str]
    rows: Grid

    def raw(self, row: list[str]) -> dict[str, str | None]:
        """The row by the names of its columns; what is beyond them by its number."""
        named = dict[str, str | None](zip(self.names, row, strict=False))
        return named | {f"[{n + 1}]": row[n] for n in range(len(self.names), len(row))}


def _message(body: bytes, options: SdmxOptions) -> _Message:
    if (kind := kind_of(body)) != "text":
        raise NotData(f"应为 SDMX-CSV，得到 {kind}", f"SDMX-CSV is due, this is {kind}")
    text = text_of(body, None)
    found = _DELIMITER.match(text)
    head, *rows = rows_of(text, found[1] if found else ",") or [[]]
    names = [_code(name) for name in head]
    due = [*options.dimensions.model_dump().values(), "OBS_VALUE"]
    missing = [name for name in due if name not in names]
    is_sdmx = bool(names) and names[0].partition("[")[0] in ("DATAFLOW", "STRUCTURE")
    if missing or not is_sdmx:
        wanted = "、".join([*([] if is_sdmx else ["DATAFLOW/STRUCTURE"]), *missing])
        raise SchemaChanged(
            f"没有“{wanted}”列；现有：{'、'.join(names)[:1000]}",
            f"no column {wanted}; there are: {', '.join(names)[:1000]}",
            "Set `dimensions` in the record of the source",
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SchemaChanged(f"列名重复：{'、'.join(twice)}", f"columns come twice: {twice}")
    return _Message(names, rows)


def _code(text: str) -> str:
    """`A: Annual` is A; times and figures hold no colon and space."""
    return text.partition(": ")[0].strip()


def _observation(
    number: int,
    row: Mapping[str, str | None],
    options: SdmxOptions,
    scope: Scope,
    reading: Reading,
) -> Cell | Blank:
    """One row. Raises RowFault, UnitChanged."""

    def at(name: str) -> str:
        return _code(row.get(name) or "")

    dimensions = options.dimensions
    for name in (*dimensions.model_dump().values(), "OBS_VALUE", "UNIT_MEASURE", "OBS_STATUS"):
        if is_formula(at(name)):
            raise RowFault(
                Fault("formula_cell", name, at(name)[:200], "单元格是公式",
                      "the cell is a formula", "Ask the publisher for values alone")
            )  # fmt: skip
    _check_action(at("ACTION"))
    value, status = (row["OBS_VALUE"] or "").strip(), at("OBS_STATUS")
    if value == "" and not all(at(name) for name in dimensions.model_dump().values()):
        raise RowFault(
            Fault("no_observation", None, None, "不是一个观测值的行（缺维度，也没有数值）",
                  "no row of one observation: a dimension and the value are empty",
                  "Nothing is lost: such rows carry attributes alone")
        )  # fmt: skip
    series = options.indicators.get(at(dimensions.indicator))
    if series is None:
        raise _unmapped("unknown_indicator", dimensions.indicator, row, "indicators")
    region = options.areas.get(at(dimensions.area)) or at(dimensions.area)
    if not _CODE.fullmatch(region):
        raise _unmapped("unknown_region", dimensions.area, row, "areas")
    period, period_type = _period(at(dimensions.time), at(dimensions.frequency), dimensions.time)
    name = (row.get(dimensions.indicator) or "").strip()
    reading.columns.setdefault(series.indicator, Column(name, series.unit))
    begins, ends = period_bounds(period, period_type)
    if status == "F" or (begins > scope.today and value not in ("", "NaN")):
        raise RowFault(
            Fault("forecast", "OBS_STATUS", status, "预测值不是观测值",
                  "a forecast is no observation", "Leave forecasts out of the request")
        )  # fmt: skip
    if value in ("", "NaN") or status in _NO_FIGURE:
        reason = "future" if ends > scope.today else _NO_FIGURE.get(status, "empty")
        return Blank(series.indicator, region, period, reason)
    _check_unit(series, at("UNIT_MEASURE"), at("UNIT_MULT"))
    if not _FIGURE.fullmatch(value):
        raise RowFault(unreadable("OBS_VALUE", value[:200], series.unit))
    note = None if status in _NORMAL else _NOTES.get(status, f"OBS_STATUS {status}")
    return Cell(
        place=number,
        indicator_id=series.indicator,
        region_code=region,
        period=period,
        period_type=period_type,
        value_printed=value,
        unit_printed=series.unit,
        raw=row,
        note=note,
    )


def _check_action(action: str) -> None:
    if action and action not in _ACTIONS:
        raise RowFault(
            Fault("action_refused", "ACTION", action, "不删除任何数据" if action == "D" else
                  "未知的 ACTION", "nothing is ever deleted" if action == "D" else
                  "no known ACTION", "Only I, A, R and M are taken in; a withdrawn figure goes "
                  "into data/corrections.yaml")
        )  # fmt: skip


def _unmapped(rule: str, name: str, row: Mapping[str, str | None], where: str) -> RowFault:
    code = _code(row.get(name) or "")
    meaning = "{indicator: …, unit: …}" if where == "indicators" else '"410000"'
    return RowFault(
        Fault(rule, name, code, "未登记的代码", "a code that is not on record",
              f"Add to `{where}` in the record of the source: {code}: {meaning}")
    )  # fmt: skip


def _period(text: str, frequency: str, name: str) -> tuple[str, str]:
    """A time and FREQ that fit each other. Raises RowFault."""
    try:
        found = _TIME.fullmatch(text)
        due = _FREQUENCIES.get(frequency)
        if found is None or due is None:
            raise PeriodError(f"{text[:40]!r} with frequency {frequency[:10]!r} is not understood")
        period = "-".join(part for part in found.groups() if part)
        if (shape := period_type_of(period)) != due:
            raise PeriodError(f"{text!r} is {shape}, its frequency {frequency}")
    except PeriodError as error:
        raise RowFault(
            Fault("impossible_period", name, text[:200], "时期无效，或与频率不符", str(error),
                  "Due are 2024, 2024-Q1 or 2024-03, with the frequency A, Q or M")
        ) from error  # fmt: skip
    return period, due


def _check_unit(series: SdmxSeries, measure: str, multiplier: str) -> None:
    """Raises UnitChanged. A power of ten that is not on record must be none."""
    due = series.unit_measure
    if due is not None and measure != due:
        raise UnitChanged(
            f"{series.indicator}：UNIT_MEASURE 应为 {due}，现为“{measure}”",
            f"{series.indicator}: UNIT_MEASURE on record is {due}, it is now {measure!r}",
        )
    power = str(series.unit_mult or 0)
    if (multiplier or "0") != power:
        raise UnitChanged(
            f"{series.indicator}：UNIT_MULT 应为 {power}，现为“{multiplier}”",
            f"{series.indicator}: UNIT_MULT on record is {power}, it is now {multiplier!r}",
        )
