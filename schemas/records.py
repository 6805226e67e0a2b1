"""Typed records of the YAML files: documents, themes, indicators with their targets, sources.

One record an item of the file's list. Unknown keys are refused, text is never taken for a number
nor a number for text, and what the codes may be comes from `schemas.vocabulary`. `json_schema`
gives the same rules to an editor.
"""

import copy
import json
from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, Strict, TypeAdapter, field_validator, model_validator

from schemas.record_types import (
    Bound,
    Commitment,
    Direction,
    DocumentId,
    DocumentStanding,
    Frequency,
    IsoDate,
    Layout,
    Measure,
    Operator,
    PeriodType,
    Precision,
    Quality,
    Record,
    ReportId,
    Slug,
    Slugs,
    StatementId,
    Texts,
    ValueKind,
    Year,
    refuse,
)


class Text(Record):
    """Text for readers, in both languages."""

    zh: str
    en: str


class Document(Record):
    """A planning document; its statements are numbered `<statement_prefix>-001` and on."""

    id: DocumentId
    title: Text
    issuer: Text
    number: str | None = None
    issued_on: IsoDate
    """印发日期，只知年份时取年末 / day of issue, the last of the year if no more is known"""
    issued_precision: Precision
    standing: DocumentStanding
    baseline_year: Year
    """规划起始年的上一年 / the year before the plan's first year"""
    baseline_note: Text
    statement_prefix: str = Field(pattern=r"^[0-9]{3}$")
    statements: int = Field(ge=0, le=999)
    """原文条目数 / how many statements the document has"""

    @model_validator(mode="after")
    def _last_day(self) -> Self:
        last_day = (self.issued_on.month, self.issued_on.day) == (12, 31)
        if self.issued_precision == "year" and not last_day:
            refuse(["issued_on_last_day"])
        return self


class Theme(Record):
    """A group of indicators that are observed together."""

    id: Slug
    domain: Slug
    """所在登记文件名 / name of the register file that holds its indicators"""
    name: Text
    description: Text | None = None


class Statement(Record):
    """A sentence of one of the documents; the document follows from the id's prefix."""

    id: StatementId
    section: str
    printed: str
    """原文数值，照录 / the figure as printed"""
    responsible_units: Texts = ()
    note: str | None = None


class Report(Record):
    """A publication that tells of a target of a plan that we do not hold."""

    id: ReportId
    title: str
    publisher: str | None = None
    published_printed: str | None = None
    """所印日期 / date as printed"""
    collected_on: IsoDate | None = None
    """未印日期时的收集日 / day on which an undated report was collected"""
    url: str | None = None
    printed: str
    quality: Quality
    plan: str | None = None
    """所转述的规划 / the plan that it reports"""
    note: str | None = None

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if self.published_printed is None and self.collected_on is None:
            refuse(["undated_report"])
        return self


class Target(Record):
    """One figure to be reached in one region by one year, with everything that prints it."""

    region: str = "410000"
    year: Year | None = None
    """目标年；无期限则不写 / year at whose end it is due; omitted: no deadline"""
    operator: Operator
    value: float
    """目标值，用指标的计量单位 / in the indicator's unit; a factor for a multiple, % for growth"""
    value_high: float | None = None
    """区间上限 / upper end, of a range only"""
    value_kind: ValueKind = "level"
    """默认随指标类型 / default: as the measure for coverage and rank, else level"""
    reference_year: Year | None = None
    start_year: Year | None = None
    implied: bool = False
    """未印数值（全覆盖即100） / no number is printed"""
    deadline_inferred: bool = False
    """句中未印年份 / the year is not printed in the sentence"""
    commitment: Commitment = "plan"
    statements: Annotated[tuple[Statement, ...], Strict(False)] = ()
    reports: Annotated[tuple[Report, ...], Strict(False)] = ()
    note: str | None = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        sourced = self.statements or self.reports
        refuse(
            [*self._range(), *self._years(), *self._figure(), *([] if sourced else ["no_source"])]
        )
        return self

    def _range(self) -> Iterator[str]:
        high = self.value_high
        is_range = self.operator == "range"
        if is_range != (high is not None) or (high is not None and high <= self.value):
            yield "range_bounds"

    def _years(self) -> Iterator[str]:
        kind, reference, start = self.value_kind, self.reference_year, self.start_year
        if kind in ("multiple", "increment") and reference is None:
            yield "reference_year_needed"
        if kind not in ("multiple", "increment", "growth") and reference is not None:
            yield "reference_year_idle"
        if reference is not None and self.year is not None and reference >= self.year:
            yield "reference_year_early"
        if kind == "cumulative" and (start is None or self.year is None or start > self.year):
            yield "start_year_needed"
        if kind != "cumulative" and start is not None:
            yield "start_year_idle"
        if self.deadline_inferred and self.year is None:
            yield "deadline_missing"

    def _figure(self) -> Iterator[str]:
        kind, value = self.value_kind, self.value
        highest = value if self.value_high is None else self.value_high
        if kind == "rank" and (value < 1 or value != int(value)):
            yield "rank_whole"
        if kind == "rank" and self.operator not in ("le", "lt", "eq"):
            yield "rank_operator"
        if kind == "coverage" and (value < 0 or highest > 100):
            yield "coverage_bounds"
        if kind in ("multiple", "benchmark") and value <= 0:
            yield "factor_positive"


class Actual(Record):
    """A figure that a document prints as reached: it becomes an observation."""

    statement: Statement
    region: str = "410000"
    period: str
    """时期 / 2020, 2020-Q3, 2020-07 or 2020-07-29, in quotes"""
    period_type: PeriodType | None = None
    """仅年初累计需写明 / only year_to_date needs to be stated"""
    period_inferred: bool = False
    value: float
    bound: Bound = "exact"


class NotQuantified(Record):
    """An aim without a number, printed or implied."""

    statement: Statement
    region: str = "410000"
    year: Year | None = None
    direction: Direction
    reason: Text


class Plausible(Record):
    """What a value may be before somebody should look at it."""

    min: float | None = None
    max: float | None = None
    max_step_pct: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            refuse(["plausible_order"])
        return self


class Break(Record):
    """A period from which on values are not comparable with earlier ones."""

    period: str
    note: Text


class Indicator(Record):
    """What is measured, with every target, reached figure and unquantified aim set for it."""

    id: Slug
    name: Text
    definition: Text | None = None
    theme: Slug
    unit: str
    """计量单位，所有数值均用此单位 / canonical unit of all its values"""
    measure: Measure
    frequency: Frequency = "annual"
    stale_after_days: int = Field(default=550, gt=0)
    """默认一年半：年度数据多在次年年中公布 / annual figures come by the middle of the next year"""
    plausible: Plausible = Plausible()
    cumulative: bool = False
    """累计数，只增不减 / a stock that does not fall"""
    aliases: Slugs = ()
    """来源文件中的代码 / ids under which source files carry it"""
    whole_of: Slugs = ()
    """加总等于本指标的分项 / parts that add up to it"""
    sources: Slugs = ()
    caveat: Text | None = None
    breaks: Annotated[tuple[Break, ...], Strict(False)] = ()
    targets: Annotated[tuple[Target, ...], Strict(False)] = ()
    actuals: Annotated[tuple[Actual, ...], Strict(False)] = ()
    not_quantified: Annotated[tuple[NotQuantified, ...], Strict(False)] = ()

    @property
    def usual_kind(self) -> str:
        """Value kind of a target that states none."""
        return _usual_kind(self.measure)

    @model_validator(mode="before")
    @classmethod
    def _default_kinds(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("targets"), list):
            return data
        targets = []
        for item in data["targets"]:
            if isinstance(item, dict) and "value_kind" not in item:
                item = copy.copy(item)  # keeps the line that the file reader put on it
                item["value_kind"] = _usual_kind(data.get("measure"))
            targets.append(item)
        data = copy.copy(data)
        data["targets"] = targets
        return data

    @field_validator("aliases", "whole_of", "sources")
    @classmethod
    def _no_repeats(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            refuse(["repeated"])
        return names


def _usual_kind(measure: object) -> str:
    return measure if measure in ("coverage", "rank") and isinstance(measure, str) else "level"


class Source(Record):
    """A file of published figures in data/published/, or a publisher that is fetched."""

    id: Slug
    file: str
    title: Text
    publisher: Text
    url: str | None = None
    terms: Text
    cadence: Text
    collected_on: IsoDate
    quality: Quality | None = None
    """来源等级，行内未写时用此 / of rows that state none"""
    layout: Layout
    constants: dict[str, str] = Field(default_factory=dict)
    """各行共同的字段 / fields that all rows share"""


def json_schema() -> dict[str, Any]:
    """JSON Schema of a domain file of the register: a list of indicators."""
    schema = TypeAdapter(list[Indicator]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def json_schema_text() -> str:
    """The schema as committed in data/register/schema.json."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    print(json_schema_text(), end="")
