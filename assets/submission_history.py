"""What was submitted, read again from the landings, and table `submissions` made of it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.figures import parse_figure
from assets.sources import submission
from assets.submissions import SOURCE_ID, Asked, Reporter, Roster, load_rows
from pipelines.landing import ACCEPTED, Landing, LandingZone
from pipelines.quarters import Quarter
from pipelines.readers import Document, Reading, Scope
from pipelines.source_errors import SourceError
from schemas.contract import conform, empty, validate
from schemas.source_records import LiveSource
from schemas.tables_submissions import Submissions

Key = tuple[str, str]


@dataclass(frozen=True)
class Submitted:
    """One usable workbook, as it was judged when it came."""

    landing: Landing
    received_on: dt.date
    rows: Sequence[Asked]
    reading: Reading

    def values(self) -> dict[Key, str]:
        """Accepted figures as decimal text in the canonical unit, by indicator and region."""
        units = {row.key: row.unit for row in self.rows}
        found = {}
        for cell in self.reading.cells:
            key = (cell.indicator_id, cell.region_code)
            figure = parse_figure(
                cell.value_printed, unit_printed=cell.unit_printed, unit=units[key]
            )
            found[key] = f"{figure.value:f}"
        return found


def submitted(
    zone: LandingZone, source: LiveSource, reporter: Reporter, quarter: Quarter
) -> list[Submitted]:
    """The usable workbooks of one reporter and quarter, in the order of landing."""
    return _of(_usable(zone, source), reporter, quarter)


def accepted_values(history: Iterable[Submitted]) -> dict[Key, str]:
    """What stands accepted of each figure: a later workbook supersedes, a blank changes nothing."""
    found: dict[Key, str] = {}
    for one in history:
        found |= one.values()
    return found


def submissions_table(
    roster: Roster, zone: LandingZone, source: LiveSource, as_of: dt.date
) -> pl.DataFrame:
    """Table `submissions`: all quarters from the first that is asked for to the present one."""
    usable = [s for s in _usable(zone, source) if s.received_on <= as_of]
    rows = [
        _row(roster, reporter, quarter, _of(usable, reporter, quarter), as_of)
        for quarter in roster.first_quarter.until(Quarter.of(as_of))
        for reporter in roster.reporters(quarter)
    ]
    frame = pl.DataFrame(rows, schema=empty(Submissions).schema)
    return validate(conform(frame, Submissions), Submissions)


def _usable(zone: LandingZone, source: LiveSource) -> list[Submitted]:
    found = []
    for landing in zone.landings(SOURCE_ID, ACCEPTED):
        document = Document(
            landing.part, landing.read(), landing.origin, landing.path.suffix,
            context=landing.context,
        )  # fmt: skip
        scope = Scope(today=landing.landed_at.date(), provinces={})
        try:
            reading = submission.read(source, submission.Options(), document, scope)
        except (SourceError, ValueError):
            continue  # reported where the rows are parsed: `source_failed`
        received_on = dt.date.fromisoformat(landing.context["received_on"])
        rows = load_rows(landing.context["asked"])
        found.append(Submitted(landing, received_on, rows, reading))
    return found


def _of(found: Iterable[Submitted], reporter: Reporter, quarter: Quarter) -> list[Submitted]:
    wanted = (reporter.unit.id, reporter.region_code, str(quarter))
    names = ("unit", "region", "quarter")
    return [s for s in found if tuple(s.landing.context[name] for name in names) == wanted]


def _row(
    roster: Roster,
    reporter: Reporter,
    quarter: Quarter,
    history: Sequence[Submitted],
    as_of: dt.date,
) -> dict[str, Any]:
    owed = {row.key for row in roster.asked(reporter, quarter)}
    there: set[Key] = set()
    completed_on = None
    for one in history:
        there |= owed & one.values().keys()
        if there == owed and completed_on is None:
            completed_on = one.received_on
    due_on = roster.due_on(quarter)
    newest = history[-1] if history else None
    return {
        "unit_id": reporter.unit.id,
        "unit_zh": reporter.unit.name.zh,
        "unit_en": reporter.unit.name.en,
        "region_code": reporter.region_code,
        "quarter": str(quarter),
        "due_on": due_on,
        "locked_on": roster.locked_on(quarter),
        "indicators_owed": len({indicator for indicator, _ in owed}),
        "figures_owed": len(owed),
        "figures_accepted": len(there),
        "figures_refused": len(newest.reading.refused) if newest else 0,
        "received_on": history[0].received_on if history else None,
        "last_received_on": newest.received_on if newest else None,
        "resubmissions": max(0, len(history) - 1),
        "status": _status(quarter, due_on, completed_on, as_of, anything=bool(there)),
        "landing_sha256": newest.landing.sha256 if newest else None,
    }


def _status(
    quarter: Quarter,
    due_on: dt.date,
    completed_on: dt.date | None,
    as_of: dt.date,
    *,
    anything: bool,
) -> str:
    if completed_on is not None:
        return "received" if completed_on <= due_on else "late"
    if anything:
        return "partial"
    if as_of < quarter.end:
        return "not_due"
    return "due" if as_of <= due_on else "missing"
