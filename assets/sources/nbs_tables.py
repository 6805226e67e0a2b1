"""The `options` of the record of the statistics bureau: which tables, which series of them."""

from collections import Counter
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from schemas.record_types import OneOf, Record, Slug, Year

NbsId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class NbsSeries(Record):
    """A series of a table, and the indicator of the register that it feeds."""

    indicator: Slug
    id: NbsId | None = None
    """无则按名称和单位查找 / where it is not known: found by name and unit"""
    name: str
    unit: str


class NbsTable(Record):
    """A provincial table; quarterly tables hold figures from the start of the year."""

    id: Slug
    """落地文件名的前一半 / first half of the names of its landings: internet-410000"""
    table: NbsId
    name: str
    frequency: Annotated[str, OneOf(("annual", "quarterly"))]
    first: Year
    series: Annotated[tuple[NbsSeries, ...], Strict(False), Field(min_length=1)]


class NbsRoots(Record):
    """Roots of the trees that the tables hang on."""

    annual: NbsId
    quarterly: NbsId


class NbsOptions(Record):
    """The tables to ask for."""

    roots: NbsRoots
    tables: Annotated[tuple[NbsTable, ...], Strict(False), Field(min_length=1)]

    @model_validator(mode="after")
    def _no_repeats(self) -> Self:
        ids = [table.id for table in self.tables]
        fed = [(s.indicator, table.frequency) for table in self.tables for s in table.series]
        asked = [(s.id, table.table) for table in self.tables for s in table.series if s.id]
        for names in (ids, fed, asked):
            if repeated := [str(name) for name, n in Counter(names).items() if n > 1]:
                raise ValueError(f"given twice: {', '.join(repeated)}")
        return self
