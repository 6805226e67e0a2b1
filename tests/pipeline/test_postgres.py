"""Dagster's history in PostgreSQL: a real server, the project's job, the files of deploy/."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from secrets import token_urlsafe
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
)

from pipelines import nightly
from pipelines.builds import live_build, open_readonly
from pipelines.definitions import definitions
from pipelines.settings import Settings
from pipelines.stage import read_frame
from tests.conftest import ROOT, TODAY

HOME = ROOT / "deploy" / "dagster.yaml"
PASSWORD = f"{token_urlsafe()}:/@% "  # as awkward in an address as anybody's
AS_OF = {"resources": {"as_of": {"config": {"day": TODAY.isoformat()}}}}


def binaries() -> Path:
    """The newest of Debian's servers; other systems have theirs on the PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("needs PostgreSQL (Debian: apt-get install postgresql)")
    return (found[-1] if found else Path(on_path or "")).parent


class Server:
    """A cluster of PostgreSQL in a folder of its own, on a free port of 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder, binaries()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        # It refuses to be run by root.
        self.owner: dict[str, Any] = {} if os.getuid() else self._somebody()
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self.owner:
            for path in (folder, secret):
                os.chown(path, self.owner["user"], self.owner["group"])
        self._run(
            "initdb", "--pgdata", folder / "data", "--username", "dagster", "--pwfile", secret,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port,
            "unix_socket_directories": self.folder, "fsync": "off",
        }  # fmt: skip
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("pg_ctl", "start", "--pgdata", self.folder / "data", "--wait",
                  "--log", self.folder / "log", "--options", options)  # fmt: skip

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--pgdata", self.folder / "data", "--mode", "immediate")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DUIBIAO_PG_HOST": "127.0.0.1",
            "DUIBIAO_PG_PORT": str(self.port),
            "DUIBIAO_PG_DATABASE": "postgres",
            "DUIBIAO_PG_USER": "dagster",
            "DUIBIAO_PG_PASSWORD": PASSWORD,
        }

    def ask(self, query: str) -> list[str]:
        """What the tables hold, past Dagster: a line a row, fields parted by |."""
        done = subprocess.run(
            [self.programs / "psql", "--no-psqlrc", "--tuples-only", "--no-align",
             "--host", "127.0.0.1", "--port", str(self.port), "--username", "dagster",
             "--dbname", "postgres", "--command", query],
            env=os.environ | {"PGPASSWORD": PASSWORD}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    @staticmethod
    def _somebody() -> dict[str, Any]:
        import pwd  # not on Windows

        found = pwd.getpwnam("nobody")
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [self.programs / program, *map(str, arguments)], **self.owner, cwd=self.folder,
            check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("dagster_postgres", reason="needs the extra `postgres`")
    # Not below pytest's folder, which only its owner may enter; a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        server = Server(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def home(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dagster home with the settings of deploy/; DagsterInstance.get() opens it anew."""
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(HOME, folder / "dagster.yaml")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return folder


def keys_of(*steps: str) -> list[dg.AssetKey]:
    """All assets of these steps."""
    found = [a for a in definitions().assets or () if isinstance(a, dg.AssetsDefinition)]
    return [key for a in found if a.op.name in steps for key in a.keys]


def register(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """The step of the night that reads the register."""
    return definitions().resolve_job_def("nightly").execute_in_process(
        run_config=AS_OF, instance=instance, asset_selection=keys_of("step_register")
    )  # fmt: skip


def test_a_run_and_what_it_made_are_read_back_by_another_process(
    fresh: Settings, home: Path, server: Server
) -> None:
    with dg.DagsterInstance.get() as instance:
        assert "Postgres" in type(instance.run_storage).__name__
        run_id = register(instance).run_id
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.SUCCESS
        made = instance.get_latest_materialization_event(dg.AssetKey("targets"))
        assert made is not None
        assert made.run_id == run_id
        assert made.asset_materialization is not None
        staged = read_frame(fresh.stage / run_id, "targets")
        shown = made.asset_materialization.metadata["dagster/row_count"].value
        assert shown == staged.height > 0
    where = f"WHERE run_id = '{run_id}'"
    assert server.ask(f"SELECT pipeline_name, status FROM runs {where}") == ["nightly|SUCCESS"]
    count = f"SELECT count(*) FROM event_logs {where} AND dagster_event_type"
    made_of_it = [str(len(keys_of("step_register")))]
    assert server.ask(f"{count} = 'ASSET_MATERIALIZATION'") == made_of_it
    assert server.ask(f"{count} = 'PIPELINE_SUCCESS'") == ["1"]
    assert not list(home.rglob("*.db")), "something is kept in SQLite still"


@pytest.mark.slow
def test_a_step_in_another_process_finds_what_others_staged_in_the_shared_folder(
    fresh: Settings, home: Path
) -> None:
    with dg.DagsterInstance.get() as instance:
        here = part("step_register", "step_landing").execute_in_process(
            run_config=AS_OF, instance=instance
        )
        there = dg.execute_job(
            dg.reconstructable(parsing_elsewhere), instance=instance, run_config=AS_OF
        )
        assert here.success
        assert there.success
        (started,) = instance.get_records_for_run(
            there.run_id, of_type=dg.DagsterEventType.STEP_WORKER_STARTED
        ).records
    worker = started.event_log_entry.get_dagster_event().engine_event_data
    assert worker.metadata["pid"].value != str(os.getpid())
    assert (fresh.stage / there.run_id / "parsed_rows.parquet").is_file()


def part(*steps: str) -> dg.JobDefinition:
    """These steps, without checks, with the executor of deploy/elsewhere.py."""
    found = run_path(str(ROOT / "deploy" / "elsewhere.py"))
    whole = found["defs"].resolve_job_def("nightly_elsewhere")
    assert whole.executor_def.name == "multiprocess"
    job = dg.define_asset_job(
        "part",
        selection=dg.AssetSelection.assets(*keys_of(*steps)).without_checks(),
        executor_def=whole.executor_def,
    )
    return dg.Definitions.merge(found["defs"], dg.Definitions(jobs=[job])).resolve_job_def("part")


def parsing_elsewhere() -> dg.JobDefinition:
    """What the child process makes again."""
    return part("step_parsed_rows")


def test_what_somebody_stopped_stays_stopped(home: Path, server: Server) -> None:
    where = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("duibiao"), "__repository__")
    origin = RemoteInstigatorOrigin(where, nightly.SCHEDULE.name)
    with dg.DagsterInstance.get() as instance:
        assert not instance.all_instigator_state()
        state = InstigatorState(
            origin,
            InstigatorType.SCHEDULE,
            InstigatorStatus.STOPPED,
            ScheduleInstigatorData("0 2 * * *"),
        )
        instance.add_instigator_state(state)
    with dg.DagsterInstance.get() as instance:
        assert instance.all_instigator_state() == [state]
        assert instance.get_instigator_state(state.instigator_origin_id, state.selector_id) == state
    assert server.ask("SELECT status, instigator_type FROM instigators") == ["STOPPED|SCHEDULE"]


@pytest.mark.slow
def test_a_database_that_dies_costs_the_run_and_neither_build_nor_history(
    built: Settings, home: Path, server: Server
) -> None:
    from dagster_postgres.utils import DagsterPostgresException

    live = live_build(built)
    with dg.DagsterInstance.get() as instance:
        earlier = register(instance).run_id
        server.stop()
        try:
            with pytest.raises(DagsterPostgresException, match="too many retries"):
                register(instance)
        finally:
            server.start()
    assert live_build(built) == live
    with open_readonly(built) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM gap_to_goal").fetchall() == [(True,)]
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(earlier)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.SUCCESS
