"""One run from the sources to the published warehouse, in one process.

What `duibiao run` does, and what the last step of the nightly job does with staged frames.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines import clock
from pipelines.builds import build_record, live_build
from pipelines.fingerprint import Fingerprint, fingerprint, live_fingerprint
from pipelines.locking import UNATTENDED_WAIT, run_lock
from pipelines.settings import Settings, is_offline

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from pipelines.graph import Engine
    from pipelines.inbox import Receipt
    from pipelines.publish import PublishResult
    from pipelines.source_state import SourceState

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
        failed_inputs: sources that did not answer or could not be read, `register` where records
            had to be left out, `corrections` where one no longer fits, `inbox` where a submitted
            file was not loaded whole; the others were used.
        sources: how the sources answered that were asked in this run.
    """

    build_id: str | None
    published: bool
    as_of: dt.date
    rows_in: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    findings: Mapping[str, int] | None = None
    failed_inputs: tuple[str, ...] = ()
    sources: tuple["SourceState", ...] = ()


def run(
    settings: Settings,
    as_of: dt.date | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    offline: bool = False,
    only: Collection[str] = (),
    peers: bool = False,
    wait: float = UNATTENDED_WAIT,
    engine: "Engine | None" = None,
    say: Say = lambda group, name, number, total: None,
    answered: Callable[["SourceState"], None] = lambda state: None,
    received: Callable[["Receipt"], None] = lambda receipt: None,
    notify: Callable[[str], None] = lambda message: None,
) -> RunResult:
    """Ask the sources, build everything as of a day, publish it if anything changed.

    Args:
        as_of: only what was published by this day is used; default today in Asia/Shanghai.
        dry_run: compute and check what has landed; ask nobody, publish nothing.
        force: publish although nothing changed.
        offline: ask nobody; files that people dropped or submitted are taken in.
        only: ids of the sources to ask; empty: all.
        peers: fetch all provinces where a source has them, not Henan alone.
        answered: is told how each source answered.
        received: is told what became of each file in the inbox.
        wait: seconds to wait for another run.
        engine: what runs the steps; see `compute`.
        say: is told the group and name of each step, its number and how many there are.

    Raises:
        RunLocked, ContractError, PublishError: nothing was published; the last build stays.
        UnknownSource: `only` names a source that is not on record.
    """
    day = as_of or clock.today()
    with run_lock(settings, wait=wait, notify=notify):
        taken = TakenIn()
        if not dry_run:
            taken = take_in(
                settings, offline=offline or is_offline(), only=only, peers=peers, say=answered
            )
        for receipt in taken.receipts:
            received(receipt)
        made_of = fingerprint(settings, day)
        live = live_build(settings)
        if not force and not dry_run and live and live_fingerprint(settings) == made_of.value:
            return RunResult(
                live.name, published=False, as_of=day, sources=taken.states,
                failed_inputs=_together(taken, _failed(live)),
            )  # fmt: skip
        frames = compute(settings, day, say, engine)
        if dry_run:
            return _result(live.name if live else None, False, day, frames, taken)
        published = publish_frames(settings, made_of, frames, force=force)
        return _result(published.build_id, True, day, frames, taken)


@dataclass(frozen=True)
class TakenIn:
    """What came from outside in one run: how the sources answered, what was submitted."""

    states: tuple["SourceState", ...] = ()
    receipts: tuple["Receipt", ...] = ()

    @property
    def failed(self) -> list[str]:
        """Sources that did not answer in full, and `inbox` where a file was not loaded whole."""
        refused = [r for r in self.receipts if r.outcome in ("partly", "refused", "failed")]
        return [*(s.source_id for s in self.states if not s.is_ok), *(["inbox"] if refused else [])]


def take_in(
    settings: Settings,
    *,
    offline: bool,
    only: Collection[str] = (),
    peers: bool = False,
    say: Callable[["SourceState"], None] = lambda state: None,
) -> TakenIn:
    """Everything that comes from outside: what sources answer, what people drop and submit."""
    if offline and not (_holds_files(settings.dropped) or _holds_files(settings.inbox)):
        return TakenIn()  # without loading anything: a run with nothing to do ends at once
    from pipelines.graph import ask_sources
    from pipelines.submit import submit_inbox
    from pipelines.yamlfile import RegisterError

    receipts: tuple[Receipt, ...] = ()
    # With faulty settings the files stay in the inbox; the step `submissions` reports the fault.
    with suppress(RegisterError, LookupError):
        receipts = tuple(submit_inbox(settings))
    states = tuple(ask_sources(settings, only=only, offline=offline, peers=peers, say=say))
    return TakenIn(states, receipts)


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(path.name != "done" for path in folder.iterdir())


def compute(
    settings: Settings, day: dt.date, say: Say, engine: "Engine | None" = None
) -> dict[str, "pl.DataFrame"]:
    """Run all steps in order; the frames of all of them.

    Args:
        engine: what runs them; here and now unless told.
    """
    from pipelines.graph import Context, here, steps

    context = Context(settings, day)
    order = steps(settings)
    frames: dict[str, pl.DataFrame] = {}
    number = 0
    # The themes are one pass over the rows where the engine takes them together.
    for _, together in groupby(order, key=lambda step: "themes" if step.theme else step.name):
        group = list(together)
        say(group[0].group, group[0].name, number + 1, len(order) + 1)
        frames |= (engine or here)(group, context, frames)
        number += len(group)
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

    return publish(settings, _tables(frames), made_of, views=VIEWS, macros=MACROS, force=force)


@contextmanager
def build_as_of(
    settings: Settings, day: dt.date, say: Say
) -> Iterator["duckdb.DuckDBPyConnection"]:
    """The warehouse as of a day, computed from what has landed and open read-only; not published.

    Only the holder of the lock may ask for it.
    """
    import duckdb

    from pipelines.graph import MACROS, VIEWS
    from pipelines.publish import unpublished

    made_of = fingerprint(settings, day)
    tables = _tables(compute(settings, day, say))
    with (
        unpublished(settings, tables, made_of, views=VIEWS, macros=MACROS) as path,
        duckdb.connect(str(path), read_only=True) as connection,
    ):
        yield connection


def _tables(frames: Mapping[str, "pl.DataFrame"]) -> dict[str, "pl.DataFrame"]:
    from schemas.contract import TABLES

    return {name: frame for name, frame in frames.items() if name in TABLES}


def _result(
    build_id: str | None,
    published: bool,
    day: dt.date,
    frames: Mapping[str, "pl.DataFrame"],
    taken: TakenIn,
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
        failed_inputs=_together(
            taken,
            _failed_inputs(
                checks.filter(checks["severity"] == "error")
                .select("rule", "table_name", "key")
                .rows()
            ),
        ),
        sources=taken.states,
    )


def _failed(live: Path) -> tuple[str, ...]:
    """What the live build could not read: a run that finds nothing changed says it again.

    From the record beside the file: opening that takes longer than all else such a run does.
    """
    return _failed_inputs((build_record(live) or {}).get("errors", ()))


def _failed_inputs(errors: Iterable[tuple[str, str, str]]) -> tuple[str, ...]:
    found = list(errors)
    sources = sorted(key for rule, _, key in found if rule == "source_failed")
    of_register = any(table in FINDINGS_OF_REGISTER for _, table, _ in found)
    of_sources = any(rule == "source_record" for rule, _, _ in found)
    of_submissions = any(rule == "submission_settings" for rule, _, _ in found)
    of_indices = any(table == "data/index" for _, table, _ in found)
    of_corrections = any(table == "corrections" for _, table, _ in found)
    return (
        *sources,
        *(["data/sources"] if of_sources else []),
        *(["register"] if of_register else []),
        *(["corrections"] if of_corrections else []),
        *(["data/index"] if of_indices else []),
        *(["data/submissions.yaml"] if of_submissions else []),
    )


def _together(taken: TakenIn, failed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*taken.failed, *failed]))
