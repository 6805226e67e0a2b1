"""Typed records of data/sources/*.yaml: one file a publisher that is fetched or dropped by hand."""

from typing import Annotated, Any

from pydantic import Field, Strict

from schemas.record_types import Frequency, Quality, Record, Slug
from schemas.records import Text

# JSON Schema has no tuples: a list in YAML, a tuple in the record.
Feeds = Annotated[tuple[Slug, ...], Strict(False)]


class Release(Record):
    """When the next figures are to be expected."""

    frequency: Frequency
    lag_days: int = Field(ge=0, le=1000)
    """时期结束后多少天公布 / days from the end of the period to its publication"""


class LiveSource(Record):
    """A publisher whose figures come in by themselves, or as files that people drop.

    The id is part of environment variables: DUIBIAO_SOURCE_<ID>_BASE_URL.
    """

    id: Slug
    reader: Slug
    """assets/sources/ 中的模块 / module of assets/sources/ that fetches and reads it"""
    title: Text
    publisher: Text
    terms: Text
    """许可或使用条件 / licence or terms"""
    cadence: Text
    url: str
    """供人查看的页面 / page for people"""
    base_url: str | None = None
    """程序访问的地址；无则只收手工文件 / where the program asks; none: dropped files only"""
    quality: Quality = "official"
    feeds: Feeds
    """供数的指标 / indicators that it feeds"""
    release: Release | None = None
    enabled: bool = True
    pace_seconds: float = Field(default=1.0, ge=0)
    """两次请求的最短间隔 / least time between two requests"""
    deadline_seconds: float = Field(default=60.0, gt=0)
    """一次应答的总时限 / longest time for one answer"""
    max_bytes: int = Field(default=20_000_000, gt=0)
    options: dict[str, Any] = Field(default_factory=dict)
    """由读取模块检验 / checked by the reader's own model"""
