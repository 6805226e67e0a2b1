"""The results of one indicator: a folder under its key, whole or not there.

What was judged on another day stands where the same program reads the same files and nothing was
published between the two days: refused rows and values of record are taken over, and only gaps are
computed anew.
"""

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from assets.metrics.engine import Engine
from assets.panel.part import RESULTS, Reference, gaps_of
from assets.panel.stage import BY, Partition, Stage, StageError
from assets.record import known_on
from pipelines.files import sha256_of, sync, sync_tree
from pipelines.fingerprint import program_sha256

PART: Final = "part.json"
UNFINISHED: Final = ".tmp-"
OF_THE_DAY: Final = "gap_to_goal"  # the other tables change with what is known only
LINE: Final = ["landing_sha256", "source_row"]


@dataclass(frozen=True)
class Part:
    """What was made of one indicator.

    Attributes:
        files: SHA-256 of the file of each table.
        rows_key: program and files that it was made of, whatever the day.
        as_of: ISO 8601.
        last_published_on: of the landed rows, ISO 8601; None if no row says.
    """

    indicator_id: str
    key: str
    rows_in: int
    rows_accepted: int
    rows_rejected: int
    files: dict[str, str]
    rows_key: str = ""  # of an older version: unknown
    as_of: str = ""
    last_published_on: str | None = None


def folder_of(stage: Stage, indicator: str, key: str) -> Path:
    """Where the results of an indicator lie."""
    return stage.results / f"{BY}={indicator}" / key


def part_of(folder: Path) -> Part:
    """What a folder of results says of itself."""
    return Part(**json.loads((folder / PART).read_text(encoding="utf-8")))


def parts_files(stage: Stage, parts: Iterable[Part]) -> dict[str, list[Path]]:
    """The files of each table, in the order of the indicators."""
    folders = [folder_of(stage, part.indicator_id, part.key) for part in parts]
    return {table: [folder / f"{table}.parquet" for folder in folders] for table in RESULTS}


def earlier_of(stage: Stage, partition: Partition, as_of: dt.date) -> Part | None:
    """Results of another day that know what this one knows. Reads names and `part.json` only."""
    wanted = partition.rows_key(program_sha256())
    for path in sorted(stage.results.glob(f"{BY}={partition.indicator_id}/*/{PART}")):
        if path.parent.name.startswith(UNFINISHED):
            continue
        part = part_of(path.parent)
        known_by = min(part.as_of, as_of.isoformat())
        last = part.last_published_on
        if part.rows_key == wanted and last is not None and last <= known_by:
            return part
    return None


def gaps_again(
    stage: Stage,
    parts: Iterable[Part],
    rows: pl.DataFrame,
    reference: Reference,
    as_of: dt.date,
    engine: Engine,
) -> dict[str, pl.DataFrame] | None:
    """Table `gap_to_goal` of another day, from rows that were judged before.

    Args:
        parts: see `earlier_of`; of all indicators of the rows.

    Returns:
        None if the refused lines do not tell the accepted rows from the others: judge them anew.
    """
    parts = list(parts)
    refused = pl.read_parquet(parts_files(stage, parts)["rejected_rows"], hive_partitioning=False)
    accepted = rows.join(refused.select(LINE), on=LINE, how="anti", maintain_order="left")
    if accepted.height != sum(part.rows_accepted for part in parts):
        return None
    return {OF_THE_DAY: gaps_of(known_on(accepted, [as_of]), reference, as_of, engine)}


def write_results(
    stage: Stage,
    batch: Sequence[Partition],
    keys: Mapping[str, str],
    as_of: dt.date,
    rows: pl.DataFrame,
    results: Mapping[str, pl.DataFrame],
    stands: Mapping[str, Part] | None = None,
) -> None:
    """File the results of a batch, each indicator under its key.

    Args:
        keys: by indicator.
        rows: the landed rows, of which indicator_id and published_on are read.
        results: tables by name.
        stands: by indicator, results of another day that the tables not in `results` are taken
            from.
    """
    of_rows = rows.group_by(BY).agg(pl.len(), last=pl.col("published_on").max())
    counts = {name: (count, last) for name, count, last in of_rows.iter_rows()}
    split = {name: _by_indicator(frame) for name, frame in results.items()}
    for partition in batch:
        name = partition.indicator_id
        rows_in, last = counts.get(name, (0, None))
        tables: dict[str, pl.DataFrame | Path] = {
            table: parts.get((name,), results[table].clear()) for table, parts in split.items()
        }
        if stands:
            earlier = folder_of(stage, name, stands[name].key)
            tables |= {t: earlier / f"{t}.parquet" for t in RESULTS if t not in results}
            rejected = stands[name].rows_rejected
        else:
            rejected = split["rejected_rows"].get((name,), pl.DataFrame()).height
        made = Part(
            name, keys[name], rows_in, rows_in - rejected, rejected, {},
            partition.rows_key(program_sha256()), as_of.isoformat(), last and last.isoformat(),
        )  # fmt: skip
        _write_part(stage, made, tables)


def _write_part(stage: Stage, part: Part, tables: Mapping[str, pl.DataFrame | Path]) -> None:
    """File the results of one indicator under its key: all of them, or none."""
    folder = folder_of(stage, part.indicator_id, part.key)
    draft = folder.with_name(f"{UNFINISHED}{part.key}")
    draft.mkdir(parents=True)
    try:
        for table in RESULTS:
            made, path = tables[table], draft / f"{table}.parquet"
            if isinstance(made, Path):
                shutil.copyfile(made, path)
            else:
                made.write_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise StageError(
            f"{part.indicator_id}: 结果无法写入 / the results cannot be written below "
            f"{stage.results} ({error}): is the disk full? What was published stays; make room "
            "and run again"
        ) from error
    files = {table: sha256_of(draft / f"{table}.parquet") for table in RESULTS}
    (draft / PART).write_text(json.dumps(asdict(replace(part, files=files))), encoding="utf-8")
    sync_tree(draft)
    draft.rename(folder)
    sync(folder.parent)


def _by_indicator(frame: pl.DataFrame) -> dict[tuple[object, ...], pl.DataFrame]:
    if BY in frame.columns:
        return frame.partition_by(BY, as_dict=True)
    # A refused row names its indicator as it came.
    named = frame.with_columns(pl.col("raw").str.json_path_match(f"$.{BY}").alias(BY))
    return named.partition_by(BY, as_dict=True, include_key=False)
