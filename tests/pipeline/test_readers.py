"""Readers while builds are published: each sees one whole build, and keeps the one it opened."""

import datetime as dt
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.builds import KEPT, open_readonly
from pipelines.fingerprint import fingerprint
from pipelines.publish import publish
from pipelines.settings import PROJECT, Settings
from schemas.tables_core import (
    Documents,
    Indicators,
    Observations,
    ObservationVintages,
    Regions,
    Targets,
)
from tests.fixtures.reader import PAUSE, look
from tests.fixtures.small_tables import OBSERVATION, RACKS_TARGET, VINTAGE, rows, small_frames

AS_OF = dt.date(2026, 11, 22)
PUBLISHES = 6
OTHERS = KEPT - 3  # builds of a clock that was ahead: they outlive what is published here
# Fewer tables are published faster; these have a figure to tell builds apart, or are referred to.
MODELS = (Documents, Regions, Indicators, Targets, ObservationVintages, Observations)


def publish_figure(settings: Settings, value: float) -> str:
    """Publish a build whose tables all hold one figure; its id."""
    frames = small_frames() | {
        "targets": rows(Targets, RACKS_TARGET | {"value": value}),
        "observations": rows(Observations, OBSERVATION | {"value": value}),
        "observation_vintages": rows(ObservationVintages, VINTAGE | {"value": value}),
    }
    made_of = fingerprint(settings, AS_OF)
    return publish(settings, frames, made_of, models=MODELS, force=True).build_id


class Readers:
    """A thread of this process and a process of its own that read again and again."""

    def __init__(self, settings: Settings, stop: Path) -> None:
        self.stop = stop
        self.of_thread: list[list[object]] = []
        self.of_process: list[list[object]] = []
        self.fault: BaseException | None = None
        self._has_begun = threading.Event()
        self._settings = settings
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fixtures.reader", str(settings.warehouse_link),
             str(stop)],
            cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        # What the process prints is read while it runs: a full pipe would stop it.
        self._threads = [threading.Thread(target=t) for t in (self._read, self._listen)]
        for thread in self._threads:
            thread.start()
        assert self._has_begun.wait(60)

    def finish(self) -> None:
        """Let them stop, and wait for them."""
        self.stop.touch()
        for thread in self._threads:
            thread.join(60)
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            assert self._process.wait(60) == 0, stream.read()

    def _read(self) -> None:
        try:
            while not self.stop.exists():
                with open_readonly(self._settings) as connection:
                    self.of_thread.append(look(connection))
                time.sleep(PAUSE)
        except BaseException as error:
            self.fault = error

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self.of_process.append(json.loads(line))
                self._has_begun.set()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path / "root")
    made.register.mkdir(parents=True)
    return made


@pytest.fixture
def readers(settings: Settings, tmp_path: Path) -> Iterator[Readers]:
    publish_figure(settings, 1)
    stop = tmp_path / "stop"
    try:
        yield Readers(settings, stop)
    finally:
        stop.touch()


@pytest.mark.slow
def test_readers_see_only_whole_builds_while_many_are_published(
    settings: Settings, readers: Readers
) -> None:
    for day in range(1, OTHERS + 1):
        (settings.builds / f"299901{day:02}T000000Z-00000000").mkdir()
    with open_readonly(settings) as early:
        first = look(early)
        figures = {first[0]: first[1]}
        for value in range(2, PUBLISHES + 2):
            figures[publish_figure(settings, value)] = float(value)
            assert look(early) == first  # what was opened stays, though its build is pruned
        assert not (settings.builds / str(first[0])).exists()
    with open_readonly(settings) as late:
        assert look(late)[1] == PUBLISHES + 1
    readers.finish()
    assert readers.fault is None
    for seen in (readers.of_thread, readers.of_process):
        assert len({row[0] for row in seen}) > 2  # they did read meanwhile
        for build_id, *tables in seen:
            assert tables == [figures[build_id]] * 3 + first[4:]


def test_an_open_connection_keeps_its_build_though_the_link_has_turned(settings: Settings) -> None:
    publish_figure(settings, 1)
    with duckdb.connect(str(settings.warehouse_link), read_only=True) as early:
        before = look(early)
        publish_figure(settings, 2)
        assert look(early) == before
    with duckdb.connect(str(settings.warehouse_link), read_only=True) as late:
        assert look(late)[1:4] == [2.0, 2.0, 2.0]
