"""The stages of a night, each by itself, and the limits beside them: what `scale` measures.

Every function takes `work`, the folder of the run, and `panel`, the fields of a `Panel`, and
returns `seconds` (wall time), `rows` (those that it covered) and what else is worth saying. A
stage starts from Parquet, as its limit does: reading what it works on is part of its time.
"""

import shutil
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from assets.panel.night import (
    BATCH_ROWS,
    batches,
    finish,
    keys_of,
    last_night,
    night,
)
from assets.panel.part import RESULTS, Reference, gaps_of, judged
from assets.panel.publish import LINK
from assets.panel.results import write_results
from assets.panel.stage import BY, Partition, Stage, read_reference, read_rows
from assets.record import GRAIN, known_on, observations_table
from benchmarks.alternatives import pandas_night
from benchmarks.measure import Watch
from benchmarks.synthetic import Panel

Answer = dict[str, Any]
REPEATS: Final = 5  # of a query
YEARLY: Final = (
    "SELECT indicator_id, region_code, year(period_end) AS year, count(*) AS n,"
    " max(value) AS highest, avg(value) AS mean FROM {} GROUP BY ALL"
)


def generate(work: str, panel: dict[str, Any]) -> Answer:
    """Write the synthetic panel into the stage. Not part of the pipeline."""
    made, watch, rows = Panel(**panel), Watch(), 0
    with watch:
        stage = _stage(work)
        targets = pl.concat(made.targets(number) for number in range(made.indicators))
        stage.write_reference(
            Reference(made.indicators_table, made.regions, targets, made.breaks)
        )  # fmt: skip
        for part in made.all_observations():
            stage.land(part)
            rows += part.height
    return {"seconds": watch.seconds, "rows": rows}


def landing(work: str, panel: dict[str, Any]) -> Answer:
    """Read rows back from Parquet and land them in another stage."""
    watch, rows, other = Watch(), 0, Path(work) / "landed"
    for batch in _all(work):
        with watch:
            frame = read_rows(batch)
            Stage(other).land(frame)
        rows += frame.height
    shutil.rmtree(other)
    return {"seconds": watch.seconds, "rows": rows}


def contracts(work: str, panel: dict[str, Any]) -> Answer:
    """The table's contract and the row rules. Leaves the accepted rows for what follows."""
    watch, rows, kept, refused = Watch(), 0, 0, 0
    _accepted(work).mkdir()
    for number, batch in enumerate(_all(work)):
        with watch:
            frame = read_rows(batch)
            accepted, rejected = judged(frame, read_reference(batch))
        accepted.write_parquet(_accepted(work) / f"{number:05}.parquet")
        rows, kept = rows + frame.height, kept + accepted.height
        refused += rejected.height
    return {"seconds": watch.seconds, "rows": rows, "accepted": kept, "rejected": refused}


def record(work: str, panel: dict[str, Any]) -> Answer:
    """The value of record of each period."""
    watch, rows, records = Watch(), 0, 0
    for path in sorted(_accepted(work).glob("*.parquet")):
        with watch:
            frame = pl.read_parquet(path)
            records += observations_table(frame, Panel(**panel).as_of).height
        rows += frame.height
    return {"seconds": watch.seconds, "rows": rows, "records": records}


def gaps(work: str, panel: dict[str, Any]) -> Answer:
    """Every metric of every goal, with Student's t."""
    watch, rows, goals, as_of = Watch(), 0, 0, Panel(**panel).as_of
    for number, batch in enumerate(_all(work)):
        with watch:
            frame = pl.read_parquet(_accepted(work) / f"{number:05}.parquet")
            known = known_on(frame, [as_of])
            goals += gaps_of(known, read_reference(batch), as_of, "polars").height
        rows += frame.height
    return {"seconds": watch.seconds, "rows": rows, "goals": goals}


def publish(work: str, panel: dict[str, Any]) -> Answer:
    """Write the results of the last night again, into another stage, and the views over them."""
    watch, rows, as_of = Watch(), 0, Panel(**panel).as_of
    stage, other = _stage(work), Stage(Path(work) / "published")
    wanted = keys_of(stage, as_of)
    keys = {partition.indicator_id: key for partition, key in wanted}
    for batch in _all(work):
        landed = read_rows(batch).select(BY, "published_on")  # the night has them at hand
        with watch:
            results = {
                name: pl.read_parquet(
                    [_result(stage, p, keys, name) for p in batch], hive_partitioning=False
                )
                for name in RESULTS
            }
            write_results(other, batch, keys, as_of, landed, results)
        rows += landed.height
    with watch:
        done = finish(other, as_of, wanted, list(keys))
    last = last_night(stage)
    same = last is not None and last.content_sha256 == done.content_sha256
    shutil.rmtree(other.root)
    return {"seconds": watch.seconds, "rows": rows, "same_as_the_night": same}


def night_first(work: str, panel: dict[str, Any]) -> Answer:
    """The whole chain: landed files to published results."""
    return _night(work, panel)


def night_again(work: str, panel: dict[str, Any]) -> Answer:
    """A night after which nothing has changed."""
    return _night(work, panel)


def night_increment(work: str, panel: dict[str, Any]) -> Answer:
    """A night after one indicator has landed a revision of its last month."""
    made, stage = Panel(**panel), _stage(work)
    rows = made.observations(0)
    last = rows.filter(pl.col("period_end") == pl.col("period_end").max())
    last = last.unique("region_code", keep="first", maintain_order=True).with_columns(
        observation_id=pl.format("{}-again", "observation_id"),
        value=(pl.col("value") * 1.01).round(),
        published_on=pl.col("published_on") + pl.duration(days=1),
        landing_sha256=pl.lit("f" * 64),
    )
    assert stage.land(last)
    answer = _night(work, panel)
    share = (rows.height + last.height) / answer["rows"]
    return answer | {"landed": last.height, "share_of_rows": round(share, 6)}


def query_point(work: str, panel: dict[str, Any]) -> Answer:
    """One goal's gap and one series of record, from `panel.duckdb`; the median of a few."""
    made = Panel(**panel)
    of = [made.indicator_id(made.indicators - 1), made.regions["region_code"][0]]
    where = "WHERE indicator_id = ? AND region_code = ?"
    return _queries(
        work, [f"SELECT * FROM gap_to_goal {where}", f"SELECT * FROM observations {where}"], of
    )


def query_scan(work: str, panel: dict[str, Any]) -> Answer:
    """Count, maximum and mean by indicator, region and year, from `panel.duckdb`."""
    sql = f"SELECT count(*), sum(n), max(highest), max(mean) FROM ({YEARLY.format('observations')})"
    return _queries(work, [sql], [])


def scan_duckdb(work: str, panel: dict[str, Any]) -> Answer:
    """Limit: the landed files grouped by indicator, region and year in DuckDB."""
    files = _text(str(_stage(work).root / "vintages" / "*" / "*.parquet"))
    watch = Watch()
    with duckdb.connect() as connection, watch:
        source = f"read_parquet({files}, hive_partitioning = false)"
        connection.execute(f"CREATE TEMP TABLE yearly AS {YEARLY.format(source)}")
        (rows,) = connection.execute("SELECT sum(n) FROM yearly").fetchall()[0]
    return {"seconds": watch.seconds, "rows": int(rows)}


def scan_polars(work: str, panel: dict[str, Any]) -> Answer:
    """Limit: the same, streamed by polars."""
    watch = Watch()
    with watch:
        files = [path for partition in _stage(work).partitions() for path in partition.vintages]
        found = (
            pl.scan_parquet(files, hive_partitioning=False)
            .group_by("indicator_id", "region_code", pl.col("period_end").dt.year())
            .agg(pl.len(), highest=pl.col("value").max(), mean=pl.col("value").mean())
            .collect(engine="streaming")
        )
    return {"seconds": watch.seconds, "rows": int(found["len"].sum())}


def sort(work: str, panel: dict[str, Any]) -> Answer:
    """Limit: the accepted rows sorted by grain and day of publication, in the same batches."""
    watch, rows = Watch(), 0
    for path in sorted(_accepted(work).glob("*.parquet")):
        with watch:
            rows += pl.read_parquet(path).sort(*GRAIN, "published_on").height
    return {"seconds": watch.seconds, "rows": rows}


def copy(work: str, panel: dict[str, Any]) -> Answer:
    """Limit: the files of the night's results, read and written."""
    watch, stage = Watch(), _stage(work)
    folder, rows = Path(work) / "copied", sum(p.rows for p in stage.partitions())
    folder.mkdir()
    for number, path in enumerate(sorted(stage.results.glob("*/*/*.parquet"))):
        with watch:
            frame = pl.read_parquet(path, hive_partitioning=False)
            frame.write_parquet(folder / f"{number}.parquet")
    shutil.rmtree(folder)
    return {"seconds": watch.seconds, "rows": rows}


def pandas(work: str, panel: dict[str, Any]) -> Answer:
    """What a user would do instead; see `alternatives`. Leaves its tables beside the stage."""
    watch, done = Watch(), Counter[str]()
    for partition in _stage(work).partitions():
        (targets,) = (p for p in partition.reference if p.name.startswith("targets-"))
        folder = Path(work) / "pandas" / partition.indicator_id
        with watch:
            done.update(pandas_night(partition.vintages, targets, Panel(**panel).as_of, folder))
    return {"seconds": watch.seconds, **done}


def first_batch(work: str) -> tuple[pl.DataFrame, Reference]:
    """Rows of the first batch and what they are judged by."""
    batch = next(_all(work))
    return read_rows(batch), read_reference(batch)


def _stage(work: str) -> Stage:
    return Stage(Path(work) / "stage")


def _accepted(work: str) -> Path:
    return Path(work) / "accepted"


def _all(work: str) -> Iterator[list[Partition]]:
    """Every indicator, in the batches of a night."""
    return batches(_stage(work).partitions(), BATCH_ROWS)


def _result(stage: Stage, partition: Partition, keys: dict[str, str], table: str) -> Path:
    name = partition.indicator_id
    return stage.results / f"{BY}={name}" / keys[name] / f"{table}.parquet"


def _night(work: str, panel: dict[str, Any]) -> Answer:
    watch, as_of = Watch(), Panel(**panel).as_of
    with watch:
        done = night(_stage(work), as_of)
    return {
        "seconds": watch.seconds,
        "rows": done.rows_in,
        "accepted": done.rows_accepted,
        "rejected": done.rows_rejected,
        "computed": len(done.computed),
        "published": done.published,
        "content_sha256": done.content_sha256,  # equal for the same panel, whatever the machine
    }


def _queries(work: str, statements: list[str], values: list[str]) -> Answer:
    times: list[float] = []
    with duckdb.connect(str((_stage(work).root / LINK).resolve()), read_only=True) as connection:
        for _ in range(REPEATS):
            watch = Watch()
            with watch:
                found = [connection.execute(sql, values).fetchall() for sql in statements]
            times.append(watch.seconds)
        (rows,) = connection.execute("SELECT count(*) FROM observations").fetchall()[0]
    return {
        "seconds": statistics.median(times),
        "first_seconds": times[0],
        "rows": int(rows),
        "found": sum(len(rows_found) for rows_found in found),
    }


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
