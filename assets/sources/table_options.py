"""The `options` of a record that describes a table: where it is, and what its columns mean."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from schemas.record_types import PeriodType, Record, Slug


def _is_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    return text


Name = Annotated[str, Field(min_length=1)]
RegionCode = Annotated[str, Field(pattern=r"^[1-9][0-9]{5}$")]
Pattern = Annotated[str, AfterValidator(_is_pattern)]
Names = Annotated[tuple[Name, ...], Strict(False)]


class Series(Record):
    """What a name in the table stands for."""

    indicator: Slug
    unit: Name
    """表中应有的计量单位，不符则停用 / unit due in the table; another one stops its use"""


class WideSeries(Series):
    """What a column of figures stands for."""

    period: Name | None = None
    """各列为不同时期时填写 / where each column is a period of its own"""


class Columns(Record):
    """Heads of the columns, as printed; a unit in brackets may be left out."""

    indicator: Name | None = None
    region: Name | None = None
    period: Name | None = None
    value: Name | None = None
    unit: Name | None = None
    published_on: Name | None = None
    """逐行的发布日期 / day of publication of each row"""
    note: Name | None = None


class Constants(Record):
    """What holds for the whole table and is no column of it."""

    indicator: Slug | None = None
    unit: Name | None = None
    region: Name | None = None
    period: Name | None = None


class TableOptions(Record):
    """A table: a CSV, a workbook, or a table of a web page."""

    path: str | None = None
    """base_url 之下的路径；无则只收手工文件 / below base_url; none: dropped files only"""
    format: Literal["auto", "csv", "xlsx", "html"] = "auto"
    """auto 按文件内容判断 / auto: by the first bytes"""
    encoding: Name | None = None
    """非 UTF-8 时的编码 / of text that is not UTF-8"""
    delimiter: Literal[",", ";", "|", "tab"] = ","
    sheet: Name | Annotated[int, Field(ge=1)] = 1
    """工作表名或序号 / name or number of the sheet"""
    table: Annotated[int, Field(ge=1)] = 1
    """网页中第几个表 / which table of the page"""
    header_words: Names = ()
    """表头首行必有的词；无则按列名找 / words of the first header row; none: by the columns"""
    header_rows: Annotated[int, Field(ge=1, le=5)] = 1
    """表头行数，上下以“ / ”相连 / rows of the header, joined by " / " """
    layout: Literal["long", "wide"]
    """long 一行一个数；wide 一行一个地区或时期 / a row a figure; a row a region or period"""
    columns: Columns = Columns()
    constants: Constants = Constants()
    indicators: dict[str, Series] = Field(default_factory=dict)
    """long：指标列中的名称 / long: names in the indicator column"""
    values: dict[str, WideSeries] = Field(default_factory=dict)
    """wide：数值列的表头 / wide: heads of the columns of figures"""
    regions: dict[str, RegionCode] = Field(default_factory=dict)
    """省名和六位代码之外的地区名 / names other than of provinces, and other than six digits"""
    period_type: PeriodType | None = None
    """无则按写法判断 / none: by the form of each"""
    skip_rows: Annotated[tuple[Pattern, ...], Strict(False)] = ()
    """首格或指标、地区、时期格整体符合则略过（正则）/ rows whose first cell, or that of indicator,
    region or period, matches as a whole (regular expressions)"""
    missing: Names = ()
    """另外的缺数记号 / further marks for no figure"""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        columns, constants = self.columns, self.constants
        series_given = [
            name
            for name, given in {
                "columns.indicator": columns.indicator,
                "columns.value": columns.value,
                "constants.indicator": constants.indicator,
                "constants.unit": constants.unit,
                "indicators": self.indicators,
            }.items()
            if given
        ]
        if self.layout == "wide":
            if series_given:
                raise ValueError(f"a wide table has no {', '.join(series_given)}: give `values`")
            if not self.values:
                raise ValueError("a wide table needs `values`: header -> indicator and unit")
        else:
            if self.values:
                raise ValueError("`values` is for wide tables")
            by_column = ["columns.indicator", "columns.value", "indicators"]
            if series_given not in (
                by_column,
                ["columns.value", "constants.indicator", "constants.unit"],
            ):
                raise ValueError(
                    "a long table needs columns.value, and either columns.indicator with "
                    "`indicators`, or constants.indicator with constants.unit"
                )
        if bool(columns.region) == bool(constants.region):
            raise ValueError("give columns.region or constants.region, and not both")
        own = [series.period is not None for series in self.values.values()]
        ways = [bool(columns.period), bool(constants.period), any(own)]
        if ways.count(True) != 1 or (any(own) and not all(own)):
            raise ValueError(
                "give one of columns.period, constants.period, or a period to each of `values`"
            )
        return self
