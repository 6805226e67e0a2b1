"""One run from the bundled files to the published warehouse, in one process.

What `duibiao run` does, and what the last step of the nightly job does with staged frames.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipelines import clock
from pipelines.builds import live_build, open_readonly
from pipelines.fingerprint import Fingerprint, fingerprint, live_fingerprint
from pipelines.locking import UNATTENDED_WAIT, run_lock
from pipelines.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from pipelines.publish import PublishResult

# Tables that findings about the register name.
FINDINGS_OF_REGISTER: Final = ("register", "indicators", "statements")

Say = Callable[[str, str, int, int], None]


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        build_id: the live build after it; None after a dry run of the first.
        published: a new build was published.
        rows_in, rows_accepted, rows_rejected: of all sources; zero when nothing was done.
        failed_inputs: sources that could not be read, and `register` where records had to be left
            out; the others were used.
    """

    build_id: str | None
    published: bool
    as_of: dt.date
    rows_in: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    findings: Mapping[str, int] | None = None
    failed_inputs: tuple[str, ...] = ()


def run(
    settings: Settings,
    as_of: dt.date | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    wait: float = UNATTENDED_WAIT,
    say: Say = lambda group, name, number, total: None,
    notify: Callable[[str], None] = lambda message: None,
) -> RunResult:
    """Build everything as of a day and publish it, unless nothing changed since the live build.

    Args:
        as_of: only what was published by this day is used; default today in Asia/Shanghai.
        dry_run: compute and check everything, publish nothing.
        force: publish although nothing changed.
        wait: seconds to wait for another run.
        say: is told the group and name of each step, its number and how many there are.

    Raises:
        RunLocked, ContractError, PublishError: nothing was published; the last build stays.
    """
    day = as_of or clock.today()
    with run_lock(settings, wait=wait, notify=notify):
        made_of = fingerprint(settings, day)
        live = live_build(settings)
        if not force and not dry_run and live and live_fingerprint(settings) == made_of.value:
            return RunResult(live.name, published=False, as_of=day, failed_inputs=_failed(settings))
        frames = compute(settings, day, say)
        if dry_run:
            return _result(live.name if live else None, False, day, frames)
        published = publish_frames(settings, made_of, frames, force=force)
        return _result(published.build_id, True, day, frames)


def compute(settings: Settings, day: dt.date, say: Say) -> dict[str, "pl.DataFrame"]:
    """Run all steps in order; the frames of all of them."""
    from pipelines.graph import Context, steps

    context = Context(settings, day)
    order = steps(settings)
    frames: dict[str, pl.DataFrame] = {}
    for number, step in enumerate(order, 1):
        say(step.group, step.name, number, len(order) + 1)
        frames |= step(context, frames)
    say("warehouse", "warehouse", len(order) + 1, len(order) + 1)
    return frames


def publish_frames(
    settings: Settings,
    made_of: Fingerprint,
    frames: Mapping[str, "pl.DataFrame"],
    *,
    force: bool = False,
) -> "PublishResult":
    """Build the warehouse from the frames of all steps, check it, switch to it.

    Args:
        made_of: taken before the first step, so that an input that changes meanwhile is noticed.
    """
    from pipelines.graph import MACROS, VIEWS
    from pipelines.publish import publish
    from schemas.contract import TABLES

    tables = {name: frame for name, frame in frames.items() if name in TABLES}
    return publish(settings, tables, made_of, views=VIEWS, macros=MACROS, force=force)


def _result(
    build_id: str | None, published: bool, day: dt.date, frames: Mapping[str, "pl.DataFrame"]
) -> RunResult:
    ledger, checks = frames["ledger"], frames["checks"]
    return RunResult(
        build_id=build_id,
        published=published,
        as_of=day,
        rows_in=int(ledger["rows_in"].sum()),
        rows_accepted=int(ledger["rows_accepted"].sum()),
        rows_rejected=int(ledger["rows_rejected"].sum()),
        findings=dict(checks.group_by("severity").len().iter_rows()),
        failed_inputs=_failed_inputs(
            checks.filter(checks["severity"] == "error").select("rule", "table_name", "key").rows()
        ),
    )


def _failed(settings: Settings) -> tuple[str, ...]:
    """What the live build could not read: a run that finds nothing changed says it again."""
    with open_readonly(settings) as connection:
        return _failed_inputs(
            connection.execute(
                "SELECT rule, table_name, key FROM meta.checks WHERE severity = 'error'"
            ).fetchall()
        )


def _failed_inputs(errors: Iterable[tuple[str, str, str]]) -> tuple[str, ...]:
    found = list(errors)
    sources = sorted(key for rule, _, key in found if rule == "source_failed")
    of_register = any(table in FINDINGS_OF_REGISTER for _, table, _ in found)
    return (*sources, *(["register"] if of_register else []))
