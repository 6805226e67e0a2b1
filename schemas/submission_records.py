"""Typed record of data/submissions.yaml: who reports every quarter, what, and until when."""

from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from schemas.record_types import Record, Slug, Slugs, Texts, refuse
from schemas.records import Text

RegionCode = Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class ReportingUnit(Record):
    """A body that answers for targets."""

    id: Slug
    name: Text
    names: Annotated[Texts, Field(min_length=1)]
    """文件所印名称 / its names as the documents print them"""


class ReportingRegions(Record):
    """The regions that report for their own area, and what."""

    unit: Slug
    """以谁的名义报送 / the unit that they report as"""
    levels: Slugs
    """按统计口径级别选取 / every region that statistics treat as one of these levels"""
    directly_administered: bool
    """省直管县（市）是否也报 / whether counties under the province report as well"""
    indicators: Annotated[Slugs, Field(min_length=1)]


class SubmissionSettings(Record):
    """All settings of the submissions; the file holds one record."""

    id: Slug
    due_days_after_quarter_end: int = Field(ge=0, le=366)
    """季末后多少天内为按时 / days after the quarter's end within which it is in time"""
    locked_days_after_due: int = Field(ge=0, le=3660)
    """到期后多少天锁定 / days after that from which on a changed figure needs a reason"""
    first_quarter: str = Field(pattern=r"^[0-9]{4}-Q[1-4]$")
    """开始收报的季度 / the first quarter that is asked for"""
    region: RegionCode
    """省直单位所报地区 / the region that the units report for"""
    units: Annotated[tuple[ReportingUnit, ...], Strict(False), Field(min_length=1)]
    regions: ReportingRegions

    @model_validator(mode="after")
    def _rules(self) -> Self:
        ids = [unit.id for unit in self.units]
        names = [name for unit in self.units for name in unit.names]
        asked = self.regions.indicators
        repeated = any(len(set(found)) < len(found) for found in (ids, names, asked))
        refuse([*(["repeated"] if repeated else []),
                *([] if self.regions.unit in ids else ["unknown_code"])])  # fmt: skip
        return self
