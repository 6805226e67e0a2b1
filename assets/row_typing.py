"""One row of published figures to the columns of `observation_vintages`, or the fault in it.

Shared by every way in: bundled files, live sources, submissions.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assets.figures import Figure, FigureError, parse_figure
from assets.rejections import Origin
from pipelines.dates import period_bounds, period_type_of
from pipelines.faults import Fault, RowFault
from schemas.vocabulary import PERIOD_TYPES

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Known:
    """What a row may refer to: indicators (by id and alias) with their unit, and regions."""

    indicator_of: Mapping[str, str]
    unit_of: Mapping[str, str]
    regions: frozenset[str]


def read_common(row: Row, known: Known) -> dict[str, Any]:
    """Indicator, region, unit and period.

    Raises:
        RowFault: one of them is not known or not possible.
    """
    indicator = known.indicator_of.get(row["indicator_id"] or "")
    if indicator is None:
        raise fault_of(
            "unknown_indicator",
            "indicator_id",
            row,
            "未登记的指标",
            "not in the register",
            "Add the indicator to data/register/*.yaml, or correct the id",
        )
    if row["region_code"] not in known.regions:
        raise fault_of(
            "unknown_region",
            "region_code",
            row,
            "未登记的地区代码",
            "not in data/regions.csv",
            "Use a GB/T 2260 code of data/regions.csv",
        )
    unit = known.unit_of[indicator]
    if row.get("unit") not in (None, "", unit):
        raise fault_of(
            "unit_differs",
            "unit",
            row,
            f"计量单位应为 {unit}",
            f"the indicator's unit is {unit}",
            f"Convert the value to {unit}",
        )
    period = row["period"] or ""
    try:
        period_type = row.get("period_type") or period_type_of(period)
        start, end = period_bounds(period, period_type)
    except ValueError as error:
        raise fault_of(
            "impossible_period",
            "period",
            row,
            "时期无效",
            str(error),
            "Write the period as 2020, 2020-Q3, 2020-07 or 2020-07-29",
        ) from error
    if period_type not in PERIOD_TYPES:
        raise fault_of(
            "unknown_code",
            "period_type",
            row,
            "时期类型无效",
            "not one of " + ", ".join(PERIOD_TYPES),
            "Correct the period type",
        )
    return {
        "indicator_id": indicator, "region_code": row["region_code"], "unit": unit,
        "period": period, "period_type": period_type, "period_start": start, "period_end": end,
    }  # fmt: skip


def read_figure(row: Row, unit: str) -> Figure | None:
    """The printed figure in the unit; None where there is none, or only a printed form of words.

    Raises:
        RowFault: it cannot be read, or is not finite.
    """
    text = (row["value_printed"] or "").strip()
    if not text:
        return None
    try:
        figure = _parsed(text, row["unit_printed"] or None, unit)
    except FigureError as error:
        if row.get("value"):  # a printed form without a figure (a list of names): value decides
            return None
        raise fault_of(
            "unreadable_figure",
            "value_printed",
            row,
            "无法识别的数值",
            str(error),
            "Write the figure with its unit as printed, or fill in value",
        ) from error
    if not math.isfinite(float(figure.value)):
        raise fault_of(
            "not_finite",
            "value_printed",
            row,
            "不是有限数",
            "not a finite number",
            "Correct the figure",
        )
    return figure


@lru_cache(maxsize=16384)  # more than the bundled files hold
def _parsed(text: str, unit_printed: str | None, unit: str) -> Figure:
    return parse_figure(text, unit_printed=unit_printed, unit=unit)


def finish(
    found: dict[str, Any], row: Row, raw: Mapping[str, str | None], origin: Origin
) -> dict[str, Any]:
    """Add where the row came from, and an id that depends on its content alone.

    Args:
        found: what was read of the row.
        row: what the id is made of.
        raw: the row as it came.

    Raises:
        RowFault: it was published before its period began.
    """
    if found["published_on"] < found["period_start"]:
        raise fault_of(
            "published_before_period",
            "period",
            row,
            f"发布于 {found['published_on']}，早于所测时期",
            f"published on {found['published_on']}, before the period began",
            "Correct the period or the date; a forecast is no observation",
        )
    content = "|".join([origin.source_id, *(f"{k}={row[k]}" for k in sorted(row))])
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return found | {
        "observation_id": f"{origin.source_id}:{digest}",
        "source_id": origin.source_id,
        "landing_sha256": origin.landing_sha256,
        "source_row": origin.source_row,
        "raw": json.dumps(dict(raw), ensure_ascii=False),
    }


def fault_of(rule: str, name: str, row: Row, zh: str, en: str, remedy: str) -> RowFault:
    """A fault in one field of a row."""
    return RowFault(Fault(rule, name, row.get(name), zh, en, remedy))
