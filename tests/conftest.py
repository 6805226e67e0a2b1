"""Settings of every test run, and the one build that many tests read."""

import datetime as dt
import os
import shutil
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from hypothesis import settings

from pipelines.report import make_report
from pipelines.run import run
from pipelines.settings import Settings

if TYPE_CHECKING:
    from tests.fixtures.replay import Replay

ROOT = Path(__file__).parents[1]
TODAY = dt.date(2026, 11, 22)

# Machines differ in speed: an example that takes long is no failure.
settings.register_profile("duibiao", deadline=None, max_examples=20)
settings.load_profile("duibiao")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where DUIBIAO_SKIP_NOTHING is set (.ci/run), what would be skipped has failed."""
    report = yield
    if report.skipped and os.environ.get("DUIBIAO_SKIP_NOTHING"):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Dagster home of the run's own, with the project's settings: no telemetry, no traces."""
    home = tmp_path_factory.mktemp("dagster_home")
    shutil.copy(ROOT / ".dagster_home" / "dagster.yaml", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        yield home


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """No test talks to another machine, and no run asks a source unless a test says so."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            assert host in ("127.0.0.1", "::1", "localhost"), f"a test connects to {host}"
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setenv("DUIBIAO_OFFLINE", "1")
        yield


@pytest.fixture
def replay() -> "Iterator[Replay]":
    """A real server on 127.0.0.1; what nobody foresaw being asked for fails the test."""
    from tests.fixtures.replay import Replay

    with Replay() as server:
        yield server
    assert not server.unexpected


def copy_of_the_data(root: Path) -> Settings:
    """The committed data in a folder of its own: nothing that a run made comes along."""
    for name in ("register", "published", "sources", "index", "assessment"):
        shutil.copytree(ROOT / "data" / name, root / "data" / name)
    for name in ("regions.csv", "corrections.yaml", "submissions.yaml"):
        if (ROOT / "data" / name).is_file():
            shutil.copy(ROOT / "data" / name, root / "data" / name)
    return Settings(root)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The committed data, nothing built yet; also for child processes."""
    monkeypatch.setenv("DUIBIAO_ROOT", str(tmp_path))
    monkeypatch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
    return copy_of_the_data(tmp_path)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all workers of a test run; who holds it makes what is not there yet."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


def made_once(folder: Path, name: str, make: Callable[[Path], object]) -> Path:
    """What is in the folder by that name: made by the first worker that asks for it."""
    wanted, unfinished = folder / name, folder / f"{name}.unfinished"
    with FileLock(folder / f"{name}.lock"):
        if not wanted.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(wanted)
    return wanted


@pytest.fixture(scope="session")
def published(shared: Path) -> Settings:
    """The committed data, built and published as of a fixed day. Read it only."""

    def publish(root: Path) -> None:
        assert run(copy_of_the_data(root), TODAY).published

    return Settings(made_once(shared, "published", publish))


@pytest.fixture(scope="session")
def report(published: Settings, shared: Path) -> Path:
    """The report of the committed data, in both languages. Read it only."""
    pages = made_once(shared, "pages", lambda folder: make_report(published, folder / "report"))
    return pages / "report"


@pytest.fixture
def built(published: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The committed data with their build, to be changed at will; also for child processes."""
    root = tmp_path / "built"
    shutil.copytree(published.root, root, symlinks=True)
    monkeypatch.setenv("DUIBIAO_ROOT", str(root))
    monkeypatch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
    return Settings(root)


Edit = Callable[[Path, str, str], None]


@pytest.fixture
def edit() -> Edit:
    """Replace a text in a file that must hold it."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace
