"""What becomes of a row that breaks a rule: kept as it came, with the rule and the remedy."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.faults import Fault
from schemas.contract import conform, empty, validate
from schemas.tables_core import RejectedRows


@dataclass(frozen=True)
class Origin:
    """The line of a landed file that a row came from."""

    source_id: str
    file: str
    source_row: int
    landing_sha256: str


@dataclass(frozen=True)
class Rejection:
    """A refused row: its origin, the fault that was found first, the row as it came.

    Attributes:
        indicator_id: of a row that could be read.
    """

    origin: Origin
    fault: Fault
    raw: Mapping[str, str | None]
    indicator_id: str | None = None


def rejected_rows(rejections: Iterable[Rejection]) -> pl.DataFrame:
    """Table `rejected_rows`."""
    rows = [
        {
            "source_id": r.origin.source_id,
            "file": r.origin.file,
            "source_row": r.origin.source_row,
            "field": r.fault.field,
            "field_value": r.fault.value,
            "rule": r.fault.rule,
            "message_zh": r.fault.zh,
            "message_en": r.fault.en,
            "remedy": r.fault.remedy,
            "raw": json.dumps(dict(r.raw), ensure_ascii=False),
            "landing_sha256": r.origin.landing_sha256,
        }
        for r in rejections
    ]
    if not rows:
        return empty(RejectedRows)
    schema = empty(RejectedRows).schema
    return validate(conform(pl.DataFrame(rows, schema=schema), RejectedRows), RejectedRows)
