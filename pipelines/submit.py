"""Quarterly submissions put together: settings, register, landings and the present build.

A composition root, as `graph.py` is: the commands and the nightly run come here, and only here
does this package meet the assets of the submissions.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from assets.catalogue import load_catalogue
from assets.completeness import OWED_SCHEMA
from assets.findings import Finding
from assets.regions import load_regions
from assets.register import Register, load_register
from assets.submission_history import submissions_table
from assets.submissions import SOURCE_ID, Last, Roster, load_settings
from pipelines import clock
from pipelines.builds import NothingPublished, open_readonly
from pipelines.inbox import Receipt, submit, waiting_files
from pipelines.landing import LandingZone
from pipelines.locking import run_lock
from pipelines.quarters import Quarter
from pipelines.settings import Settings
from schemas.contract import empty
from schemas.source_records import LiveSource
from schemas.tables_submissions import Submissions


@dataclass(frozen=True)
class Form:
    """A workbook to be filled in."""

    name: str
    body: bytes
    title: str
    figures: int


def make_template(
    settings: Settings, quarter: Quarter, unit: str | None, region: str | None
) -> Form:
    """The workbook that a unit or a region owes for a quarter.

    Raises:
        LookupError: no such unit or region; the message lists those that there are.
        ValueError: submissions were not asked for yet in that quarter.
    """
    from assets.submission_workbook import write_template

    roster = load_roster(settings)
    if quarter < roster.first_quarter:
        raise ValueError(
            f"{quarter.zh}早于开始收报的季度 / {quarter} is before the first quarter asked for, "
            f"{roster.first_quarter}"
        )
    reporter = roster.reporter(unit, region, quarter)
    rows = roster.asked(reporter, quarter, last_figures(settings, quarter))
    body = write_template(
        reporter, quarter, rows, roster.due_on(quarter), roster.locked_on(quarter)
    )
    name = f"{reporter.zh}-{quarter}-报送表.xlsx"
    return Form(name, body, f"{quarter.zh} {reporter.zh}", len(rows))


def submit_files(
    settings: Settings,
    files: Sequence[Path],
    *,
    reason: str | None = None,
    dry_run: bool = False,
    wait: float = 0.0,
) -> list[Receipt]:
    """Take in workbooks. What is read of them shows from the next run on.

    Raises:
        RunLocked: another run is writing.
    """
    from assets.submission_intake import Intake

    intake = Intake(
        load_roster(settings), _source(settings), LandingZone(settings.landing),
        _cached(settings),
    )  # fmt: skip

    def take() -> list[Receipt]:
        return submit(
            settings, SOURCE_ID, files, now=clock.moment(), today=clock.today(),
            read=intake.read, reason=reason, dry_run=dry_run,
        )  # fmt: skip

    if dry_run:
        return take()
    with run_lock(settings, wait=wait):
        return take()


def submit_inbox(settings: Settings) -> list[Receipt]:
    """Take in what lies in data/inbox/; nothing is loaded where that is empty."""
    files = waiting_files(settings.inbox)
    return submit_files(settings, files) if files else []


@dataclass(frozen=True)
class Standing:
    """How the submissions stand on a day.

    Attributes:
        table: table `submissions`.
        owed: every figure owed for a quarter up to the present one: indicator_id, region_code,
            period, period_type, due_on; the earliest due day where several owe the same figure.
        findings: where data/submissions.yaml does not fit the register.
    """

    table: pl.DataFrame
    owed: pl.DataFrame
    findings: list[Finding]


def standing(settings: Settings, as_of: dt.date) -> Standing:
    """How the submissions stand on a day, from what has landed. No quarter after today is owed.

    Raises:
        RegisterError: data/submissions.yaml has a fault.
    """
    roster, day = load_roster(settings), min(as_of, clock.today())
    table = submissions_table(roster, LandingZone(settings.landing), _source(settings), day)
    rows = [
        (row.indicator_id, row.region_code, row.period, row.period_type, roster.due_on(quarter))
        for quarter in roster.first_quarter.until(Quarter.of(day))
        for reporter in roster.reporters(quarter)
        for row in roster.asked(reporter, quarter)
    ]
    owed = pl.DataFrame(rows, schema=OWED_SCHEMA, orient="row").sort("due_on")
    figure = [name for name in OWED_SCHEMA if name != "due_on"]
    return Standing(table, owed.unique(figure, keep="first"), list(roster.findings()))


def no_standing(error: Exception) -> Standing:
    """Where the settings or the source of the submissions cannot be read: nothing, and why."""
    why = Finding(
        "error", "submission_settings", "submissions", "data/submissions.yaml",
        "季度报送的设置无法读取，本次不统计报送情况", str(error),
        "Correct data/submissions.yaml or data/sources/submissions.yaml; the rest was built",
    )  # fmt: skip
    return Standing(empty(Submissions), pl.DataFrame(schema=OWED_SCHEMA), [why])


def load_roster(settings: Settings) -> Roster:
    """Who owes what.

    Raises:
        RegisterError: data/submissions.yaml has a fault.
    """
    regions = load_regions(settings.data / "regions.csv")
    register = _register(settings.register, frozenset(regions["region_code"]))
    return Roster(load_settings(settings.submissions), register, regions)


# The register that was read last, by all that it depends on: a run and its tests read it often.
_registers: dict[tuple[object, ...], Register] = {}


def _register(folder: Path, regions: frozenset[str]) -> Register:
    """The register as it is now: read again where a byte of it has changed."""
    files = [path for path in sorted(folder.glob("*.yaml")) if path.is_file()]
    digests = tuple((path.name, hashlib.sha256(path.read_bytes()).digest()) for path in files)
    key = (folder.absolute().parts[-2:], digests, regions)  # its problems name their folders
    if key not in _registers:
        _registers.clear()
        _registers[key] = load_register(folder, regions=regions)
    return _registers[key]


def last_figures(settings: Settings, quarter: Quarter) -> dict[tuple[str, str], Last]:
    """The last figure of each series of the present build, up to the end of the quarter.

    A figure that was submitted for the quarter itself is left out: it is what is asked.
    """
    try:
        connection = open_readonly(settings)
    except NothingPublished:
        return {}
    with connection:
        found = connection.execute(
            """SELECT indicator_id, region_code, value, period, period_end, source_title,
                      published_on
               FROM core.observations
               WHERE period_end <= $end AND NOT (period_end = $end AND quality = 'submission')
               ORDER BY period_end, published_on, period_type""",
            {"end": quarter.end},
        ).fetchall()
    # The last of a series comes last and stays.
    return {(indicator, region): Last(*rest) for indicator, region, *rest in found}


def _source(settings: Settings) -> LiveSource:
    for feed in load_catalogue(settings.sources).feeds:
        if feed.source.id == SOURCE_ID:
            return feed.source
    raise LookupError(f"data/sources: 没有可用的登记 / no usable record of source {SOURCE_ID}")


def _cached(settings: Settings) -> Callable[[Quarter], Mapping[tuple[str, str], Last]]:
    @cache
    def figures(quarter: Quarter) -> Mapping[tuple[str, str], Last]:
        return last_figures(settings, quarter)

    return figures
