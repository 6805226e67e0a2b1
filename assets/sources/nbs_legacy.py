"""National Bureau of Statistics, former service (easyquery QueryData): saved answers only.

The service refuses everybody since 2026; what people saved of it can still be read. Two things
are not in such a file: the database (a code means another indicator in another database) and the
day of the capture. Both stand in the file's name, such as fsnd-2025-12-28-express.json.

A missing figure is `hasdata: false` beside `data: 0.0`. `strdata` is what was shown to people and
is taken; `data`, with more digits, stays in the raw cell.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, Strict

from assets.sources.cells import NOT_PUBLISHED, NUMBER, unreadable
from assets.sources.jsontext import list_of, member, parse_json, record_of, text_at, text_or_none
from assets.sources.places import place_code, without_spaces
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
    RegionChanged,
    RequestRefused,
    SchemaChanged,
    SourceError,
    UnitChanged,
)
from schemas.record_types import OneOf, Record, Slug
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web

_DATABASE: Final = re.compile(r"(?<![a-z])((?:hg|fs|cs|gat|gj)[ynj]d)(?![a-z])")
_DAY: Final = re.compile(r"(?<![0-9])(20[0-9]{2})-?([0-9]{2})-?([0-9]{2})(?![0-9])")
_PROVINCE: Final = re.compile(r"(?<![0-9])([1-9][0-9]0000)(?![0-9])")
_YEAR: Final = re.compile(r"[0-9]{4}")
_REGION: Final = re.compile(r"[0-9]{6}")
_NAMING: Final = "Name it by database and day of capture, such as fsnd-2025-12-28-express.json"


# Provincial annual data: of no other database are codes known.
Database = Annotated[str, OneOf(("fsnd",))]


class LegacySeries(Record):
    """A code of a database, and the indicator of the register that it feeds."""

    indicator: Slug
    dbcode: Database
    code: str
    name: str
    unit: str
    """应答未写单位时用此 / used where the answer names none"""


class LegacyOptions(Record):
    """The series that are read, and the database of files whose names tell none."""

    dbcode: Database
    series: Annotated[tuple[LegacySeries, ...], Strict(False), Field(min_length=1)]


OPTIONS = LegacyOptions


def fetch(
    source: LiveSource, options: LegacyOptions, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Nothing: the service is closed."""
    return iter(())


def dropped(source: LiveSource, options: LegacyOptions, name: str, body: bytes) -> list[Document]:
    """A saved answer of QueryData; its name tells database, day of capture and, at will, province.

    Raises:
        RequestRefused: the saved answer is an error message.
        SourceError: the name tells no day, or no series on record is in the file.
    """
    content = parse_json(body)
    if isinstance(content, dict) and "success" in content:
        raise SourceError(
            f"{name} 是新版接口的数据",
            f"{name} is an answer of the present service",
            "Put the file into data/dropped/nbs/",
        )
    found = _DATABASE.search(name.casefold())
    dbcode = found[1] if found else options.dbcode
    known = {series.code for series in options.series if series.dbcode == dbcode}
    nodes = [node for node in _nodes(_returned(content)) if node.code in known]
    if not nodes:
        raise SourceError(
            f"{name}：没有登记的指标（库 {dbcode}，指标 {'、'.join(sorted(known))}）",
            f"{name} holds no series on record: database {dbcode}, codes {sorted(known)}",
            "Codes differ between databases; a code can be added to data/sources/nbs_legacy.yaml",
        )
    context = {"dbcode": dbcode, "captured_on": _day_of_capture(name).isoformat()}
    if province := _PROVINCE.search(_DAY.sub("", name)):
        context["region"] = province[1]
    regions = {node.region for node in nodes}
    names = [
        dbcode,
        *sorted({node.code for node in nodes}),
        f"{len(regions)}_regions" if len(regions) > 1 else regions.pop() or "no_region",
        min(node.period for node in nodes),
        max(node.period for node in nodes),
    ]
    return [Document("-".join(names).lower(), body, name, ".json", context=context)]


def _day_of_capture(name: str) -> dt.date:
    days = set[dt.date]()
    for found in _DAY.finditer(name):
        try:
            days.add(dt.date(*map(int, found.groups())))
        except ValueError:
            continue  # 2016-2024 is a range of years
    if len(days) != 1:
        raise SourceError(
            f"{name}：文件名须写明采集日",
            f"the name of {name} must tell the day of capture",
            _NAMING,
        )
    return days.pop()


def read(source: LiveSource, options: LegacyOptions, document: Document, scope: Scope) -> Reading:
    """Figures and blanks of the codes on record; other codes of the file are left out.

    Raises:
        NameChanged, UnitChanged: the code means something else here: another database, perhaps.
        RegionChanged: figures without a province (a filter that was ignored), or of another one.
        RequestRefused: an error message, or a code that the service did not know.
        SchemaChanged: keys that are due are missing; a figure is there twice.
        NotData: not JSON.
    """
    dbcode, captured_on = _name_tells(document)
    returned = _returned(parse_json(document.body))
    series_of = {series.code: series for series in options.series if series.dbcode == dbcode}
    labels = _labels(returned)
    reading = Reading(
        title=f"{source.title.zh}·{dbcode}", published_on=captured_on, published_basis="captured"
    )
    seen = set[tuple[str, str | None, str]]()
    for place, node in enumerate(_nodes(returned), start=1):
        series = series_of.get(node.code)
        if series is None:
            continue
        if node.key in seen:
            raise SchemaChanged(f"{node.raw_code} 重复", f"{node.raw_code} comes twice")
        seen.add(node.key)
        label = labels.get(("zb", node.code))
        if label is None:
            raise SchemaChanged(f"未说明指标 {node.code}", f"code {node.code} is not described")
        if series.indicator not in reading.columns:
            reading.columns[series.indicator] = _checked(series, label, reading)
        region = _region(node, labels, document.context.get("region"), scope)
        _sort_in(reading, place, node, series, region, label)
    return reading


def _name_tells(document: Document) -> tuple[str, dt.date]:
    """Database and day of capture, as `dropped` took them from the file's name."""
    try:
        return document.context["dbcode"], dt.date.fromisoformat(document.context["captured_on"])
    except (KeyError, ValueError) as error:
        raise SourceError(
            f"{document.part}：未写明库名和采集日",
            f"{document.part}: neither database nor day of capture is known",
            _NAMING,
        ) from error


# --- the answer taken apart -------------------------------------------------------------------


@dataclass(frozen=True)
class _Node:
    """A figure of the answer: indicator, region (None: the answer has none), year."""

    raw_code: str
    code: str
    region: str | None
    period: str
    data: dict[str, object]

    @property
    def key(self) -> tuple[str, str | None, str]:
        return self.code, self.region, self.period


@dataclass(frozen=True)
class _Label:
    """How the answer describes a code."""

    name: str
    unit: str
    memo: str


def _returned(content: object) -> dict[str, object]:
    answer = record_of(content, "应答 answer")
    code = text_at(answer, "returncode", "应答 answer")
    if code != "200":
        message = answer.get("returndata")
        raise RequestRefused(
            f"国家统计局应答 {code}：{message}", f"the service answered {code}: {message}"
        )
    return record_of(member(answer, "returndata", "应答 answer"), "returndata")


def _nodes(returned: dict[str, object]) -> list[_Node]:
    nodes = []
    for item in list_of(member(returned, "datanodes", "returndata"), "datanodes"):
        node = record_of(item, "datanodes")
        raw_code = text_at(node, "code", "datanodes")
        codes: dict[str, str] = {}
        for entry in list_of(member(node, "wds", raw_code), f"{raw_code} wds"):
            pair = record_of(entry, f"{raw_code} wds")
            dimension = text_at(pair, "wdcode", raw_code)
            if dimension in codes:
                raise SchemaChanged(
                    f"{raw_code}：{dimension} 重复", f"{raw_code}: {dimension} comes twice"
                )
            codes[dimension] = text_at(pair, "valuecode", raw_code)
        code, period = (text_at(codes, key, f"{raw_code} wds") for key in ("zb", "sj"))
        region = codes.get("reg")
        is_year = _YEAR.fullmatch(period) is not None
        if not is_year or not (region is None or _REGION.fullmatch(region)):
            raise SchemaChanged(
                f"{raw_code} 不是分省年度数据", f"{raw_code} is no annual figure of a province"
            )
        data = record_of(member(node, "data", raw_code), f"{raw_code} data")
        nodes.append(_Node(raw_code, code, region, period, data))
    return nodes


def _labels(returned: dict[str, object]) -> dict[tuple[str, str], _Label]:
    """(wdcode, code) -> description.

    Raises:
        RequestRefused: `nodes: [null]`, the answer to a code that the service does not know.
    """
    labels = {}
    for item in list_of(member(returned, "wdnodes", "returndata"), "wdnodes"):
        dimension = record_of(item, "wdnodes")
        wdcode = text_at(dimension, "wdcode", "wdnodes")
        for node in list_of(member(dimension, "nodes", wdcode), f"{wdcode} nodes"):
            if node is None:
                raise RequestRefused(
                    f"应答不含所问的 {wdcode} 代码", f"a {wdcode} code was not known to the service"
                )
            described = record_of(node, f"{wdcode} nodes")
            name, unit, memo = (
                text_or_none(described, key, wdcode) or "" for key in ("name", "unit", "memo")
            )
            cname = text_or_none(described, "cname", wdcode) or name
            labels[wdcode, text_at(described, "code", wdcode)] = _Label(cname, unit, memo)
    return labels


# --- checks -----------------------------------------------------------------------------------


def _checked(series: LegacySeries, label: _Label, reading: Reading) -> Column:
    name, unit = without_spaces(label.name), without_spaces(label.unit)
    what = f"{series.dbcode} {series.code}"
    if name != series.name:
        raise NameChanged(
            f"{what} 登记的名称为“{series.name}”，文件中为“{name}”",
            f"{what} is on record as {series.name}, in the file it is {name}",
            "Codes differ between databases: check the database in the file's name",
        )
    if unit and unit != series.unit:
        raise UnitChanged(
            f"{what} 登记的计量单位为“{series.unit}”，文件中为“{unit}”",
            f"{what}: the unit on record is {series.unit}, in the file it is {unit}",
        )
    if not unit:
        reading.notes.append(f"{what}: no unit in the file, {series.unit} is on record")
    if label.memo:
        reading.notes.append(f"{what}: {label.memo}")
    return Column(name, series.unit)


def _region(
    node: _Node, labels: Mapping[tuple[str, str], _Label], asked: str | None, scope: Scope
) -> str:
    what = node.raw_code
    if node.region is None:
        raise RegionChanged(
            f"{what} 没有地区：可能是全国数据",
            f"{what} has no region: the filter was ignored, the figure may be the nation's",
        )
    if asked and node.region != asked:
        raise RegionChanged(
            f"{what} 应为地区 {asked}", f"{what} is of {node.region}, the file's name says {asked}"
        )
    label = labels.get(("reg", node.region))
    named = place_code(label.name, scope.provinces) if label else node.region
    if label and named != node.region:
        raise RegionChanged(
            f"{what} 的地区名为“{label.name}”",
            f"{what}: region {node.region} is named {label.name}",
        )
    return node.region


def _sort_in(
    reading: Reading, place: int, node: _Node, series: LegacySeries, region: str, label: _Label
) -> None:
    has_data = member(node.data, "hasdata", node.raw_code)
    if not isinstance(has_data, bool):
        raise SchemaChanged(
            f"{node.raw_code} hasdata", f"{node.raw_code}: hasdata must be a boolean"
        )
    if not has_data:  # data is 0.0 then
        reading.blanks.append(Blank(series.indicator, region, node.period, "no_data_flag"))
        return
    text = text_at(node.data, "strdata", node.raw_code)
    raw = {
        "code": node.raw_code,
        "name": label.name,
        "unit": label.unit,
        "strdata": text,
        "data": text_or_none(node.data, "data", node.raw_code),
    }
    stripped = text.strip()
    if stripped in NOT_PUBLISHED:
        reading.blanks.append(Blank(series.indicator, region, node.period, "not_published"))
    elif NUMBER.fullmatch(stripped):
        reading.cells.append(
            Cell(
                place=place,
                indicator_id=series.indicator,
                region_code=region,
                period=node.period,
                period_type="annual",
                value_printed=text,
                unit_printed=series.unit,
                raw=raw,
                note=label.memo or None,
            )
        )
    else:
        reading.refused.append(Refused(place, unreadable("strdata", text, series.unit), raw))
