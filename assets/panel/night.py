"""One night over a panel: what changed is computed, the rest is named; then all is published.

A result is filed under a key of everything that it hangs on: code, as-of day, the content of the
indicator's files. A night computes the keys that are not there yet, in batches that fit into
memory, and publishes when all are. Killed anywhere, it leaves whole results and the last night;
run again, it goes on where it was and ends with the same files.
"""

import datetime as dt
import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl
from filelock import FileLock, Timeout

from assets.metrics.engine import Engine
from assets.panel.part import Reference, work
from assets.panel.publish import publish_views
from assets.panel.results import (
    UNFINISHED,
    Part,
    earlier_of,
    folder_of,
    gaps_again,
    part_of,
    parts_files,
    write_results,
)
from assets.panel.stage import (
    BY,
    Partition,
    Stage,
    StageError,
    read_reference,
    read_rows,
    sweep,
)
from pipelines import clock
from pipelines.files import whole
from pipelines.fingerprint import program_sha256

BATCH_ROWS: Final = 1_000_000  # landed rows computed at once: below 2 GB of memory
KEPT_NIGHTS: Final = 10
LOCK: Final = "night.lock"
DOING: Final = "night.json"  # there only while a night computes

log = logging.getLogger(__name__)

Say = Callable[[int, int], None]
Work = Callable[[pl.DataFrame, Reference, dt.date], Mapping[str, pl.DataFrame]]


@dataclass(frozen=True)
class Night:
    """How a night ended.

    Attributes:
        content_sha256: of all results together.
        computed: indicators that were computed; the others stood as they were.
        judged_before: those of them of which only the gaps were, since nothing was published
            between another day and this one.
        published: anything changed, and was published.
    """

    as_of: dt.date
    content_sha256: str
    parts: tuple[Part, ...]
    computed: tuple[str, ...]
    judged_before: tuple[str, ...]
    published: bool

    @property
    def rows_in(self) -> int:
        return sum(part.rows_in for part in self.parts)

    @property
    def rows_accepted(self) -> int:
        return sum(part.rows_accepted for part in self.parts)

    @property
    def rows_rejected(self) -> int:
        return sum(part.rows_rejected for part in self.parts)


def night(
    stage: Stage,
    as_of: dt.date,
    *,
    engine: Engine = "polars",
    batch_rows: int = BATCH_ROWS,
    say: Say = lambda done, total: None,
    notify: Callable[[str], None] = log.warning,
    on_step: Callable[[str], None] = lambda name: None,
) -> Night:
    """Compute what changed since the last night, and publish if anything did.

    Args:
        engine: what computes the metrics; the results are the same.
        batch_rows: landed rows computed at once. More is faster and takes more memory; an
            indicator is never divided.
        say: is told how many indicators of those to compute are done.
        notify: is told if the last night was killed.
        on_step: is told the name of each step before it begins.

    Raises:
        StageError: rows have landed that nothing is there to judge by, another night is running,
            or results cannot be written.
        ContractError: rows lack columns or have other types; what was computed before stays.
    """
    with only_night(stage, notify) as doing:
        on_step("sweep")
        sweep(stage.results, f"{BY}=*/{UNFINISHED}*")
        wanted = keys_of(stage, as_of)
        missing = [partition for partition, _ in missing_of(stage, wanted)]
        keys = {partition.indicator_id: key for partition, key in wanted}
        judged = {
            partition.indicator_id: part
            for partition in missing
            if (part := earlier_of(stage, partition, as_of))
        }
        new = [partition for partition in missing if partition.indicator_id not in judged]
        old = [partition for partition in missing if partition.indicator_id in judged]
        done, stood = 0, list[str]()
        for batch in chain(batches(new, batch_rows), batches(old, batch_rows)):
            on_step("compute")
            rows, reference = read_rows(batch), read_reference(batch)
            names = [partition.indicator_id for partition in batch]
            doing(names, rows.height)
            stands = {name: judged[name] for name in names if name in judged}
            results = None
            if stands:
                results = gaps_again(stage, stands.values(), rows, reference, as_of, engine)
            if results is None:
                stands, results = {}, work(rows, reference, as_of, engine)
            on_step("write")
            write_results(stage, batch, keys, as_of, rows, results, stands)
            done += len(batch)
            stood += stands
            say(done, len(missing))
        return finish(
            stage, as_of, wanted, [p.indicator_id for p in missing], on_step, sorted(stood)
        )


@contextmanager
def only_night(
    stage: Stage, notify: Callable[[str], None]
) -> Iterator[Callable[[list[str], int], None]]:
    """Hold the stage; gives what notes which indicators and how many rows are being computed.

    A night that is killed, by want of memory for instance, can say nothing: the next one does.

    Raises:
        StageError: another night is running.
    """
    note = stage.root / DOING
    stage.root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(stage.root / LOCK, timeout=0):
            if note.exists():
                notify(_killed(note))
            try:
                yield lambda names, rows: _note(note, names, rows)
            finally:
                note.unlink(missing_ok=True)
    except Timeout as error:
        raise StageError(
            f"{stage.root}: 另一次运行正在写入 / another night is running here: wait for it"
        ) from error


def _note(path: Path, names: list[str], rows: int) -> None:
    record = {"indicators": names, "rows": rows, "since": clock.now().isoformat(timespec="seconds")}
    path.write_text(json.dumps(record), encoding="utf-8")


def _killed(path: Path) -> str:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        names, rows, since = ", ".join(told["indicators"]), told["rows"], told["since"]
    except (ValueError, KeyError, TypeError):
        names, rows, since = "?", "?", "?"
    return (
        f"上一次运行在计算 {names}（{rows} 行，{since}）时被终止；内存不足则调小 --batch-rows / "
        f"the last night was killed while computing {names} ({rows} rows, {since}); if memory ran "
        "out, lower --batch-rows. What it had published stays"
    )


def keys_of(stage: Stage, as_of: dt.date) -> list[tuple[Partition, str]]:
    """Every indicator with the key of its results. Reads names of files only."""
    code = program_sha256()
    return [(partition, partition.key(code, as_of)) for partition in stage.partitions()]


def missing_of(
    stage: Stage, wanted: Sequence[tuple[Partition, str]]
) -> list[tuple[Partition, str]]:
    """Those whose results are not there yet."""
    return [
        (part, key) for part, key in wanted if not folder_of(stage, part.indicator_id, key).is_dir()
    ]


def finish(
    stage: Stage,
    as_of: dt.date,
    wanted: Sequence[tuple[Partition, str]],
    computed: Sequence[str],
    on_step: Callable[[str], None] = lambda name: None,
    judged_before: Sequence[str] = (),
) -> Night:
    """Name the results that belong together, publish them, remove what nothing names any more."""
    on_step("gather")
    parts = tuple(
        part_of(folder_of(stage, partition.indicator_id, key)) for partition, key in wanted
    )
    content = _content(as_of, parts)
    last = last_night(stage)
    published = last is None or last.content_sha256 != content
    result = Night(as_of, content, parts, tuple(computed), tuple(judged_before), published)
    if published:
        on_step("publish")
        publish_views(stage, parts_files(stage, parts), content)
        on_step("record")
        _record(stage, result)
    on_step("prune")
    _prune(stage)
    on_step("done")
    return result


def last_night(stage: Stage) -> Night | None:
    """The newest night that was published."""
    found = sorted(stage.nights.glob("*.json"))
    return _night(found[-1]) if found else None


def batches(partitions: Sequence[Partition], limit: int) -> Iterator[list[Partition]]:
    """Indicators together as long as their rows stay below the limit."""
    batch: list[Partition] = []
    rows = 0
    for partition in partitions:
        if batch and rows + partition.rows > limit:
            yield batch
            batch, rows = [], 0
        batch.append(partition)
        rows += partition.rows
    if batch:
        yield batch


def _content(as_of: dt.date, parts: Iterable[Part]) -> str:
    lines = [as_of.isoformat()]
    for part in parts:
        lines += [f"{part.indicator_id} {table} {sha}" for table, sha in sorted(part.files.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _record(stage: Stage, result: Night) -> None:
    moment = clock.now().strftime("%Y%m%dT%H%M%S%f")
    record = asdict(result) | {"as_of": result.as_of.isoformat()}
    with whole(stage.nights / f"{moment}-{result.content_sha256[:8]}.json") as temporary:
        temporary.write_text(json.dumps(record), encoding="utf-8")


def _night(path: Path) -> Night:
    record = json.loads(path.read_text(encoding="utf-8"))
    return Night(
        dt.date.fromisoformat(record["as_of"]),
        record["content_sha256"],
        tuple(Part(**part) for part in record["parts"]),
        tuple(record["computed"]),
        tuple(record.get("judged_before", ())),
        published=record["published"],
    )


def _prune(stage: Stage) -> None:
    """Remove old nights, and results that no night names any more."""
    nights = sorted(stage.nights.glob("*.json"))
    for path in nights[:-KEPT_NIGHTS]:
        path.unlink()
    named = {
        (part.indicator_id, part.key)
        for path in nights[-KEPT_NIGHTS:]
        for part in _night(path).parts
    }
    shown = {f"panel-{path.stem.rpartition('-')[2]}" for path in nights[-KEPT_NIGHTS:]}
    for path in stage.nights.glob("panel-*.duckdb"):
        if path.stem[:14] not in shown:
            path.unlink()
    for folder in stage.results.glob(f"{BY}=*/*"):
        if (folder.parent.name.removeprefix(f"{BY}="), folder.name) not in named:
            shutil.rmtree(folder)
