"""What the readers read, to rows of `observation_vintages`: for every source that lands by itself.

A cell that repeats the value of the last vintage of its source makes no new vintage; it counts as
accepted, and confirmed.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from assets.catalogue import LiveFeed
from assets.published import Parsed
from assets.rejections import Origin, Rejection
from assets.row_typing import Known, Row, fault_of, finish, read_common, read_figure
from pipelines.collect import document_of
from pipelines.faults import Fault, RowFault
from pipelines.landing import Landing
from pipelines.readers import Cell, Reading, Scope
from pipelines.source_errors import SourceError
from schemas.source_records import LiveSource


class LandingUnreadable(ValueError):
    """An accepted landing that the present reader does not read; names it and why."""


def parse_landings(
    feed: LiveFeed, landings: Iterable[Landing], known: Known, scope: Scope
) -> tuple[Parsed, list[LandingUnreadable]]:
    """Read the accepted landings of a source in their order.

    Bytes that landed before (a value that was revised and revised back) bring their cells again,
    but not their refused rows, which are on file already.
    """
    parsed, unreadable, seen = Parsed(feed.source.id), [], set[str]()
    for landing in landings:
        try:
            # The day of landing, not that of the run: the same bytes always give the same rows.
            then = replace(scope, today=landing.landed_at.date())
            reading = feed.read(document_of(landing), then)
        except (SourceError, ValueError) as error:
            what = f"{landing.source_id}/{landing.part} ({landing.landed_at:%Y-%m-%d}): {error}"
            unreadable.append(LandingUnreadable(what))
            continue
        _add(parsed, reading, feed.source, landing, known, is_new=landing.sha256 not in seen)
        seen.add(landing.sha256)
    return parsed, unreadable


def _add(
    parsed: Parsed,
    reading: Reading,
    source: LiveSource,
    landing: Landing,
    known: Known,
    *,
    is_new: bool,
) -> None:
    def refuse(place: int, fault: Fault, raw: Row) -> None:
        if is_new:
            parsed.rows_in += 1
            origin = Origin(source.id, landing.origin, place, landing.sha256)
            parsed.rejections.append(Rejection(origin, fault, raw))

    for refused in reading.refused:
        refuse(refused.place, refused.fault, refused.raw)
    for cell in reading.cells:
        try:
            row = _typed(cell, reading, source, landing, known)
        except RowFault as error:
            refuse(cell.place, error.fault, cell.raw)
            continue
        parsed.rows_in += 1
        parsed.rows.append(row)


def _typed(
    cell: Cell, reading: Reading, source: LiveSource, landing: Landing, known: Known
) -> dict[str, Any]:
    row: Row = {
        "indicator_id": cell.indicator_id, "region_code": cell.region_code, "period": cell.period,
        "period_type": cell.period_type, "value_printed": cell.value_printed,
        "unit_printed": cell.unit_printed, "landing": str(landing.number),
    }  # fmt: skip
    found = read_common(row, known)
    figure = read_figure(row, found["unit"])
    if figure is None:
        raise fault_of("value_required", "value_printed", row, "没有数值", "no value",
                       "Leave the cell out, or fill it in")  # fmt: skip
    printed_on = cell.published_on or reading.published_on
    origin = Origin(source.id, landing.origin, cell.place, landing.sha256)
    return finish(
        found
        | {
            "value": float(figure.value),
            "value_printed": cell.value_printed,
            "unit_printed": cell.unit_printed,
            "bound": cell.bound or figure.bound,
            "tolerance": float(figure.half_unit),
            "is_derived": False,
            "quality": cell.quality or source.quality,
            "source_title": reading.title,
            "source_publisher": reading.publisher or source.publisher.zh,
            "source_url": landing.origin if "://" in landing.origin else source.url,
            "published_on": printed_on or landing.landed_at.date(),
            "published_basis": reading.published_basis if printed_on else "captured",
            "published_printed": printed_on.isoformat() if printed_on else None,
            # Naive, on the clock of Asia/Shanghai, as everywhere in the tables.
            "retrieved_at": dt.datetime.combine(landing.landed_at.date(), landing.landed_at.time()),
            "note": cell.note,
        },
        row,
        cell.raw,
        origin,
    )
