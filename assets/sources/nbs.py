"""National Bureau of Statistics: provincial tables of the JSON service behind data.stats.gov.cn.

One request is one table of one province (showType 1, twelve-digit region, no catalogue of
regions): every other shape of request answers with other regions, the latest period alone, or
blanks. The ids of tables and series are on record, and each is checked by name, unit and region
in every answer, since the service also serves an indicator under a wrong table.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from assets.sources.jsontext import list_of, member, parse_json, record_of, text_at, text_or_none
from assets.sources.nbs_answer import data_of, name_and_unit, periods_of, plain, read
from assets.sources.nbs_tables import NbsOptions, NbsRoots, NbsSeries, NbsTable
from assets.sources.places import CHINA
from pipelines.readers import Document, PartFailed, Scope, Unchanged
from pipelines.source_errors import NoData, RegionChanged, SchemaChanged, SourceError
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web

__all__ = ["OPTIONS", "dropped", "fetch", "read"]

OPTIONS = NbsOptions
HENAN: Final = "410000"
_PAGE: Final = "dg/website/page.html"
_SERVICE: Final = "dg/website/publicrelease/web/external"
# The same empty answer also comes, now and then, for a good request.
_ASKED_WHEN_EMPTY: Final = 3
_TWELVE_DIGITS: Final = re.compile(r"([0-9]{6})000000")
_IN_FILE_NAME: Final = re.compile(r"(?<![0-9])([1-9][0-9]0000)(?:000000)?(?![0-9])")


def fetch(
    source: LiveSource, options: NbsOptions, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Every table of Henan, or of all provinces, one request each.

    Raises:
        SourceError: one that stops the source (blocked, challenged, not reached).
    """
    try:
        web.get(_PAGE)  # a browser comes this way too, and gets its cookies here
    except SourceError as error:
        if error.stops_source:
            raise  # otherwise the page has moved, and the tables may answer all the same
    regions = [code for code in scope.provinces if code != CHINA] if scope.peers else [HENAN]
    for table in options.tables:
        parts = {region: f"{table.id}-{region}" for region in regions}
        try:
            ids = _ids(web, table)
        except SourceError as error:
            if error.stops_source:
                raise
            yield from (PartFailed(part, error) for part in parts.values())
            continue
        for region, part in parts.items():
            try:
                document = _ask(web, options.roots, table, ids, region, scope)
            except SourceError as error:
                if error.stops_source:
                    raise
                yield PartFailed(part, error)
            else:
                yield document


def _ask(
    web: "Web", roots: NbsRoots, table: NbsTable, ids: list[str], region: str, scope: Scope
) -> Document:
    first, last, is_annual = table.first, scope.today.year, table.frequency == "annual"
    question = {
        "cid": table.table,
        "indicatorIds": ids,
        "daCatalogId": "",
        "das": [{"text": scope.provinces[region], "value": f"{region}000000"}],
        "showType": "1",
        "dts": [f"{first}YY-{last}YY" if is_annual else f"{first}01SS-{last}04SS"],
        "rootId": roots.annual if is_annual else roots.quarterly,
    }
    for _ in range(_ASKED_WHEN_EMPTY):
        answer, content = web.post_json(f"{_SERVICE}/stream/esData", question)
        if periods_of(content):
            return Document(
                part=f"{table.id}-{region}",
                body=answer.body,
                url=answer.url,
                suffix=".json",
                context={"table": table.id, "region": region},
            )
    raise NoData(
        f"{table.name}（{scope.provinces[region]}）：询问{_ASKED_WHEN_EMPTY}次均无数据",
        f"{table.name}, {region}: no data, asked {_ASKED_WHEN_EMPTY} times",
    )


def _ids(web: "Web", table: NbsTable) -> list[str]:
    """Ids of the table's series; where the record has none, those of the same name and unit.

    Raises:
        SchemaChanged: a series without id is not in the table, or several fit.
    """
    listed: list[dict[str, object]] = []
    if any(series.id is None for series in table.series):
        asked = {"cid": table.table, "dt": "", "name": ""}
        _, content = web.get_json(f"{_SERVICE}/new/queryIndicatorsByCid", params=asked)
        where = f"{table.name} 指标表"
        found = record_of(data_of(content), where)
        listed = [record_of(i, where) for i in list_of(member(found, "list", where), where)]
    return [series.id or _id_by_name(series, table, listed) for series in table.series]


def _id_by_name(series: NbsSeries, table: NbsTable, listed: list[dict[str, object]]) -> str:
    where = f"{table.name} 指标表"
    wanted = (plain(series.name), plain(series.unit))
    offered = {text_at(i, "_id", where): name_and_unit(i, where) for i in listed}
    fitting = [key for key, offer in offered.items() if offer == wanted]
    if len(fitting) == 1:
        return fitting[0]
    names = "、".join(f"{name}（{unit}）" for name, unit in offered.values())
    what = f"{series.name}（{series.unit}）"
    raise SchemaChanged(
        f"{table.name} 中“{what}”有 {len(fitting)} 个；现有：{names}",
        f"{table.name}: {len(fitting)} series are called {what}; there are: {names}",
        "Correct name and unit in data/sources/nbs.yaml, or give the id",
    )


def dropped(source: LiveSource, options: NbsOptions, name: str, body: bytes) -> list[Document]:
    """The saved answer of `stream/esData`, of one table and one province.

    The province is the one named in the answer; where all is blank, the one in the file's name.

    Raises:
        SourceError: another file, a table that is not on record, or no province to be found.
    """
    content = parse_json(body)
    if isinstance(content, dict) and "returncode" in content:
        raise SourceError(
            f"{name} 是旧版 easyquery 的数据",
            f"{name} is an answer of the former service, easyquery",
            "Put the file into data/dropped/nbs_legacy/",
        )
    values = [
        record_of(value, name)
        for block in periods_of(content)
        for value in list_of(record_of(block, name).get("values") or [], name)
    ]
    table = _table_of(values, options, name)
    region = _region_of(values, name)
    return [
        Document(
            part=f"{table.id}-{region}",
            body=body,
            url=name,
            suffix=".json",
            context={"table": table.id, "region": region},
        )
    ]


def _table_of(values: list[dict[str, object]], options: NbsOptions, name: str) -> NbsTable:
    tables = {text_or_none(value, "catalogid", name) for value in values}
    ids = {text_or_none(value, "_id", name) for value in values} - {None}
    fitting = [table for table in options.tables if table.table in tables] or [
        table for table in options.tables if ids & {series.id for series in table.series}
    ]
    if len(fitting) == 1:
        return fitting[0]
    known = "、".join(table.name for table in options.tables)
    raise SourceError(
        f"{name}：不是登记的表；登记的有：{known}",
        f"{name} is none of the tables on record: {known}",
        "Save the answer of stream/esData for one of these tables and one province",
    )


def _region_of(values: list[dict[str, object]], name: str) -> str:
    served = {text for value in values if (text := text_or_none(value, "da", name))}
    if len(served) > 1:
        raise RegionChanged(
            f"{name} 含多个地区：{'、'.join(sorted(served))}",
            f"{name} holds several regions: {', '.join(sorted(served))}",
            "Save one file a province",
        )
    for text in served:
        if found := _TWELVE_DIGITS.fullmatch(text):
            return CHINA if found[1] == "000000" else found[1]
    if found := _IN_FILE_NAME.search(name):
        return found[1]
    raise SourceError(
        f"{name}：内容和文件名均未写明地区",
        f"neither {name} nor its content tells the province",
        "Name the file by table and province, such as internet-410000.json",
    )
