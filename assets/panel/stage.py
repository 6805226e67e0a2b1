"""The stage of a panel: Parquet in one folder an indicator, each file named by its content.

    reference/regions-<sha>.parquet
    reference/indicator_id=<id>/{indicators,targets,series_breaks}-<sha>.parquet
    vintages/indicator_id=<id>/<sha>.parquet            what landed: columns of observation_vintages
    results/indicator_id=<id>/<key>/<table>.parquet     what was made of it; part.json beside
    nights/<time>-<content>.json                        which results belong together
    panel.duckdb                                        views over the newest night's results

An indicator is the unit: its whole series are needed to judge a row and to measure a pace, and
nothing else is. The folders are what Spark, DuckDB and polars know as partitions.
"""

import datetime as dt
import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from assets.panel.part import Reference
from pipelines.files import sha256_of, sync
from schemas.contract import Table, conform, empty, validate
from schemas.tables_core import Indicators, ObservationVintages, Regions, Targets
from schemas.tables_watch import SeriesBreaks

BY = "indicator_id"
NAME_LENGTH = 32  # characters of a SHA-256 that name a file
_BY_INDICATOR: dict[str, type[Table]] = {
    "indicators": Indicators, "targets": Targets, "series_breaks": SeriesBreaks,
}  # fmt: skip


class StageError(RuntimeError):
    """The stage is not what it should be; the message says what to do."""


@dataclass(frozen=True)
class Partition:
    """What is known of one indicator without reading a row.

    Attributes:
        vintages, reference: its files, whose names tell their content.
    """

    indicator_id: str
    vintages: tuple[Path, ...]
    reference: tuple[Path, ...]

    @property
    def rows(self) -> int:
        """Number of landed rows."""
        found: int = pl.scan_parquet(list(self.vintages)).select(pl.len()).collect().item()
        return found

    def key(self, code: str, as_of: dt.date) -> str:
        """What its results hang on: code, as-of day and the content of its files."""
        return self._key(code, as_of.isoformat())

    def rows_key(self, code: str) -> str:
        """What the judging of its rows hangs on: code and the content of its files."""
        return self._key(code)

    def _key(self, *of: str) -> str:
        names = sorted(path.name for path in (*self.vintages, *self.reference))
        return hashlib.sha256("\n".join([*of, *names]).encode()).hexdigest()


@dataclass(frozen=True)
class Stage:
    """A folder with the layout above."""

    root: Path

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def nights(self) -> Path:
        return self.root / "nights"

    def land(self, rows: pl.DataFrame) -> list[Path]:
        """Take in rows, one file an indicator. The same rows land once.

        Args:
            rows: columns of `observation_vintages`; judged by the next night, not here.

        Returns:
            The files that are new.

        Raises:
            StageError: a column is missing, or an id of an indicator.
        """
        wanted = empty(ObservationVintages).columns
        if missing := [name for name in wanted if name not in rows.columns]:
            raise StageError(f"the rows lack the column(s) {', '.join(missing)}: nothing landed")
        if rows[BY].null_count():
            raise StageError(f"{rows[BY].null_count()} row(s) without {BY}: nothing landed")
        made = [
            self._write(self.root / "vintages", str(indicator), "", part)
            for (indicator,), part in rows.select(wanted).partition_by(BY, as_dict=True).items()
        ]
        return [path for path, is_new in made if is_new]

    def write_reference(self, reference: Reference) -> None:
        """What the indicators are judged by; takes the place of what is on file for them."""
        folder = self.root / "reference"
        regions = validate(conform(reference.regions, Regions), Regions)
        self._only(self._named(folder, "regions-", regions)[0], "regions-")
        frames = {
            "indicators": reference.indicators,
            "targets": reference.targets,
            "series_breaks": reference.breaks,
        }
        parts = {
            name: validate(conform(frame, _BY_INDICATOR[name]), _BY_INDICATOR[name]).partition_by(
                BY, as_dict=True
            )
            for name, frame in frames.items()
        }
        for indicator in reference.indicators[BY]:
            for name, model in _BY_INDICATOR.items():
                part = parts[name].get((indicator,), empty(model))
                path, _ = self._write(folder, indicator, f"{name}-", part)
                self._only(path, f"{name}-")

    def partitions(self) -> list[Partition]:
        """All indicators of which rows have landed, by id.

        Raises:
            StageError: rows without anything to judge them by.
        """
        reference = self.root / "reference"
        regions = sorted(reference.glob("regions-*.parquet"))
        found = []
        for folder in sorted((self.root / "vintages").glob(f"{BY}=*")):
            indicator = folder.name.removeprefix(f"{BY}=")
            ours = sorted((reference / folder.name).glob("*.parquet"))
            if len(ours) != len(_BY_INDICATOR) or len(regions) != 1:
                raise StageError(
                    f"{indicator}: rows have landed, but the stage has no reference for it: "
                    "write its register first (docs/scale.md)"
                )
            vintages = tuple(sorted(folder.glob("*.parquet")))
            found.append(Partition(indicator, vintages, (*regions, *ours)))
        return found

    def _write(
        self, folder: Path, indicator: str, prefix: str, part: pl.DataFrame
    ) -> tuple[Path, bool]:
        return self._named(folder / f"{BY}={indicator}", prefix, part)

    def _named(self, folder: Path, prefix: str, part: pl.DataFrame) -> tuple[Path, bool]:
        """Write a file under the name of its content: whole, or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{prefix}draft.tmp"  # one writer at a time: what a killed one left goes
        part.write_parquet(draft)
        path = folder / f"{prefix}{sha256_of(draft)[:NAME_LENGTH]}.parquet"
        if path.exists():
            draft.unlink()
            return path, False
        sync(draft)
        draft.rename(path)
        sync(folder)
        return path, True

    def _only(self, kept: Path, prefix: str) -> None:
        for path in kept.parent.glob(f"{prefix}*.parquet"):
            if path != kept:
                path.unlink()


def read_rows(partitions: Iterable[Partition]) -> pl.DataFrame:
    """The landed rows of some indicators."""
    files = [path for partition in partitions for path in partition.vintages]
    return pl.read_parquet(files, hive_partitioning=False)


def read_reference(partitions: Iterable[Partition]) -> Reference:
    """What some indicators are judged by."""
    files = {path for partition in partitions for path in partition.reference}

    def read(name: str) -> pl.DataFrame:
        named = sorted(path for path in files if path.name.startswith(f"{name}-"))
        return pl.read_parquet(named, hive_partitioning=False)

    return Reference(
        read("indicators"), read("regions"), read("targets"), read("series_breaks")
    )  # fmt: skip


def sweep(folder: Path, pattern: str) -> None:
    """Remove what killed runs left."""
    for leftover in folder.glob(pattern):
        shutil.rmtree(leftover, ignore_errors=True)
