"""Publishes a build: whole or not at all.

Everything is made in a hidden folder beside the builds, checked and flushed to disk; then the
folder gets its name, and last of all the link turns. A run that is killed anywhere in between
leaves the last build as it was, and the next run clears up after it.
"""

import datetime as dt
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from pipelines import builds, clock
from pipelines.dictionary import codes_frame, dictionary_frame
from pipelines.diff import diff_builds
from pipelines.files import sync, sync_tree
from pipelines.fingerprint import Fingerprint, code_version, live_fingerprint
from pipelines.locking import run_lock
from pipelines.settings import Settings
from pipelines.stage import write_table
from pipelines.warehouse import (
    STORAGE_VERSION,
    Macro,
    PublishError,
    View,
    build_warehouse,
    check_warehouse,
)
from schemas.contract import (
    ContractError,
    Table,
    broken_references,
    conform,
    empty,
    info_of,
    validate,
)
from schemas.tables import DATA_TABLES
from schemas.tables_meta import META_TABLES, Build, Checks, Diff, Inputs

log = logging.getLogger(__name__)

# Made here; the caller gives all other tables.
MADE_HERE: Final = ("build", "inputs", "dictionary", "codes", "diff")

# They tell of the build, not of the data, and are no part of its content.
_NOT_CONTENT: Final = ("build", "inputs", "diff")


@dataclass(frozen=True)
class PublishResult:
    """What became of it. `changes` counts the rows of `meta.diff`."""

    published: bool
    build_id: str
    folder: Path
    previous_build_id: str | None
    content_sha256: str
    changes: int


def publish(
    settings: Settings,
    frames: Mapping[str, pl.DataFrame],
    made_of: Fingerprint,
    *,
    models: Sequence[type[Table]] = DATA_TABLES,
    views: Mapping[str, View] | None = None,
    macros: Mapping[str, Macro] | None = None,
    force: bool = False,
    on_step: Callable[[str], None] = log.debug,
) -> PublishResult:
    """Build, check and publish a warehouse, unless the live one is made of the very same.

    Waits for another run that is writing; a run that already holds the lock goes straight on.

    Args:
        frames: one frame a table, by name, without those of `MADE_HERE`; others are passed over.
        made_of: inputs, program and day that the frames were computed from.
        models: the tables; those of schema `meta` are added.
        views, macros: of schema `main`.
        force: publish although the live build is made of the very same.
        on_step: is told the name of each step before it begins, and `done` at the end.

    Raises:
        PublishError: a table breaks its contract, or the file is not what it should be.
        FileExistsError: something that is not a link lies at the link's place.
        RunLocked: another run did not end in time.
    """
    with run_lock(settings):
        if not force and live_fingerprint(settings) == made_of.value:
            return _unchanged(settings)
        builds.refuse_foreign_file(settings)
        settings.builds.mkdir(parents=True, exist_ok=True)
        models = tuple(dict.fromkeys((*models, *META_TABLES)))
        draft = _Draft(settings, models, made_of, views or {}, macros or {})
        for name, step in draft.steps(frames):
            on_step(name)
            step()
        on_step("done")
        return draft.result()


@contextmanager
def unpublished(
    settings: Settings,
    frames: Mapping[str, pl.DataFrame],
    made_of: Fingerprint,
    *,
    models: Sequence[type[Table]] = DATA_TABLES,
    views: Mapping[str, View] | None = None,
    macros: Mapping[str, Macro] | None = None,
) -> Iterator[Path]:
    """A warehouse that is built and checked but never published; gone when the block ends.

    Only the holder of the lock may ask for one: what a killed run leaves of it is swept by the
    next.

    Raises:
        PublishError: a table breaks its contract, or the file is not what it should be.
    """
    settings.builds.mkdir(parents=True, exist_ok=True)
    models = tuple(dict.fromkeys((*models, *META_TABLES)))
    draft = _Draft(settings, models, made_of, views or {}, macros or {})
    draft.previous = None  # another day's view: what differs from the live build says nothing
    draft.prepare(frames)
    try:
        draft.build()
        draft.check()
        yield draft.folder / builds.WAREHOUSE
    finally:
        shutil.rmtree(draft.folder, ignore_errors=True)


class _Draft:
    """A build on its way to being published."""

    def __init__(
        self,
        settings: Settings,
        models: tuple[type[Table], ...],
        made_of: Fingerprint,
        views: Mapping[str, View],
        macros: Mapping[str, Macro],
    ) -> None:
        self.settings = settings
        self.models = models
        self.made_of = made_of
        self.views = views
        self.macros = macros
        self.previous = builds.live_build(settings)
        self.frames: dict[str, pl.DataFrame] = {}
        self.hashes: dict[str, str] = {}
        self.content_sha256 = ""
        self.build_id = ""

    def steps(
        self, frames: Mapping[str, pl.DataFrame]
    ) -> Sequence[tuple[str, Callable[[], object]]]:
        """All steps in their order. None before `link` touches what readers get."""
        settings = self.settings
        return (
            ("sweep", lambda: builds.sweep(settings)),
            ("prepare", lambda: self.prepare(frames)),
            ("build", self.build),
            ("check", self.check),
            ("parquet", self.export),
            ("describe", self.describe),
            ("sync", lambda: sync_tree(self.folder)),
            ("rename", self.rename),
            ("pointer", lambda: builds.point(settings, self.build_id)),
            ("link", lambda: builds.link(settings, self.build_id)),
            ("prune", lambda: builds.prune(settings)),
        )

    @property
    def folder(self) -> Path:
        """Where it is made, out of the readers' sight."""
        return self.settings.builds / f"{builds.UNFINISHED}{self.build_id}"

    @property
    def final(self) -> Path:
        return self.settings.builds / self.build_id

    def prepare(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Complete and check the tables; nothing is written yet."""
        given = {
            **frames,
            "inputs": _inputs_frame(self.made_of),
            "dictionary": dictionary_frame(self.models),
            "codes": codes_frame(self.models),
        }
        problems = [f"{name} is made by publish" for name in frames if name in MADE_HERE]
        kept = [m for m in self.models if m not in (Build, Diff)]
        for model in kept:
            name = info_of(model).name
            if name not in given:
                problems.append(f"{name}: no frame given")
                continue
            try:
                self.frames[name] = validate(conform(given[name], model), model)
            except ContractError as error:
                problems.append(str(error))
        if not problems:
            problems = broken_references(self.frames, kept)
        if problems:
            raise PublishError(problems)
        self.hashes = {
            name: hashlib.sha256(frame.write_csv().encode()).hexdigest()
            for name, frame in sorted(self.frames.items())
            if name not in _NOT_CONTENT
        }
        self.content_sha256 = hashlib.sha256(
            "\n".join(f"{name} {sha}" for name, sha in self.hashes.items()).encode()
        ).hexdigest()
        self.compare()
        created = self.choose_id()
        self.frames["build"] = conform(pl.DataFrame([self.build_row(created)]), Build)

    def compare(self) -> None:
        """Fill `meta.diff`. A comparison that fails is a finding, and no reason not to publish."""
        old = self.previous / builds.WAREHOUSE if self.previous else None
        try:
            difference = diff_builds(old, self.frames, self.models)
        except Exception as error:
            log.warning("no comparison with the last build: %s", error)
            difference = empty(Diff)
            finding = pl.DataFrame([_no_comparison(error)], schema=empty(Checks).schema)
            checks = pl.concat([self.frames["checks"], finding])
            self.frames["checks"] = validate(conform(checks, Checks), Checks)
        self.frames["diff"] = validate(conform(difference, Diff), Diff)

    def choose_id(self) -> dt.datetime:
        """Moment and content make the id; a second one in the same second waits for the next."""
        while True:
            created = clock.now()
            moment = created.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
            self.build_id = f"{moment}-{self.content_sha256[:8]}"
            if not self.final.exists():
                return created
            time.sleep(0.05)

    def build_row(self, created: dt.datetime) -> dict[str, Any]:
        """The one row of `meta.build`."""
        ledger = self.frames["ledger"]
        return {
            "build_id": self.build_id,
            "created_at": created.replace(tzinfo=None, microsecond=0),
            "as_of": self.made_of.as_of,
            "code_version": code_version(),
            "code_sha256": self.made_of.code_sha256,
            "inputs_sha256": self.made_of.inputs_sha256,
            "content_sha256": self.content_sha256,
            "duckdb_version": duckdb.__version__,
            "polars_version": pl.__version__,
            "storage_version": STORAGE_VERSION,
            "rows_in": ledger["rows_in"].sum(),
            "rows_accepted": ledger["rows_accepted"].sum(),
            "rows_rejected": ledger["rows_rejected"].sum(),
            "previous_build_id": self.previous.name if self.previous else None,
        }

    def build(self) -> None:
        self.folder.mkdir()
        build_warehouse(
            self.folder / builds.WAREHOUSE, self.frames, self.models, self.views, self.macros
        )

    def check(self) -> None:
        check_warehouse(
            self.folder / builds.WAREHOUSE, self.frames, self.models, self.views, self.macros
        )

    def export(self) -> None:
        """The same tables as Parquet, for readers without DuckDB."""
        for model in self.models:
            info = info_of(model)
            path = self.folder / "parquet" / info.schema / f"{info.name}.parquet"
            write_table(path, model, self.frames[info.name])

    def describe(self) -> None:
        """`build.json`: what `meta.build` says, and what tells whether anything changed since."""
        errors = self.frames["checks"].filter(pl.col("severity") == "error")
        record = self.frames["build"].row(0, named=True) | {
            "fingerprint": self.made_of.value,
            "changes": self.frames["diff"].height,
            "errors": errors.select("rule", "table_name", "key").rows(),
            "tables": {
                name: {"rows": frame.height, "sha256": self.hashes.get(name)}
                for name, frame in sorted(self.frames.items())
            },
        }
        text = json.dumps(record, ensure_ascii=False, indent=2, default=str)
        (self.folder / builds.RECORD).write_text(f"{text}\n", encoding="utf-8")

    def rename(self) -> None:
        os.rename(self.folder, self.final)
        sync(self.settings.builds)

    def result(self) -> PublishResult:
        return PublishResult(
            published=True,
            build_id=self.build_id,
            folder=self.final,
            previous_build_id=self.previous.name if self.previous else None,
            content_sha256=self.content_sha256,
            changes=self.frames["diff"].height,
        )


def _unchanged(settings: Settings) -> PublishResult:
    folder = builds.live_build(settings)
    record = builds.build_record(folder) if folder else None
    if folder is None or record is None:  # the fingerprint was read from this very record
        raise PublishError(["the live build disappeared while it was looked at"])
    return PublishResult(
        published=False,
        build_id=folder.name,
        folder=folder,
        previous_build_id=record["previous_build_id"],
        content_sha256=record["content_sha256"],
        changes=0,
    )


def _inputs_frame(made_of: Fingerprint) -> pl.DataFrame:
    rows = [{"path": f.path, "sha256": f.sha256, "bytes": f.bytes, "kind": f.kind}
            for f in made_of.files]  # fmt: skip
    return pl.DataFrame(rows, schema=empty(Inputs).schema)


def _no_comparison(error: Exception) -> dict[str, str | None]:
    return {
        "check_id": "diff_failed",
        "severity": "warning",
        "rule": "diff_failed",
        "table_name": "diff",
        "key": None,
        "message_zh": f"无法与上一次构建比较：{error}",
        "message_en": f"the last build could not be compared: {error}",
        "remedy": "None needed: the next build is compared with this one.",
    }
