"""Publishing: whole or not at all, whoever reads, kills or competes."""

import datetime as dt
import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines import builds
from pipelines.builds import NothingPublished, live_build, open_readonly
from pipelines.diff import diff_builds
from pipelines.fingerprint import fingerprint, live_fingerprint
from pipelines.locking import RunLocked, run_lock
from pipelines.publish import PublishResult, publish
from pipelines.settings import PROJECT, Settings
from pipelines.warehouse import PublishError
from schemas.tables_core import Indicators, ObservationVintages, Targets
from schemas.tables_meta import META_TABLES
from tests.fixtures.small_tables import (
    CORE,
    RACKS,
    RACKS_TARGET,
    STATIONS,
    TABLES,
    VINTAGE,
    rows,
    small_frames,
)

AS_OF = dt.date(2026, 11, 22)
NEXT_DAY = dt.date(2026, 11, 23)
STEPS = (
    "sweep", "prepare", "build", "check", "parquet", "describe", "sync", "rename", "pointer",
    "link", "prune", "done",
)  # fmt: skip

Publish = Callable[..., PublishResult]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path)
    made.register.mkdir(parents=True)
    (made.register / "computing.yaml").write_text("- id: data_centre_racks_total\n")
    return made


@pytest.fixture
def publish_value(settings: Settings) -> Publish:
    """Publish the small tables with another figure of the racks target."""

    def run(value: float = 70000, as_of: dt.date = AS_OF, **options: object) -> PublishResult:
        made_of = fingerprint(settings, as_of)
        given: dict[str, Any] = {"models": CORE, "force": True, **options}
        return publish(settings, with_value(value), made_of, **given)

    return run


def with_value(value: float) -> dict[str, pl.DataFrame]:
    return small_frames() | {"targets": rows(Targets, RACKS_TARGET | {"value": value})}


def live_value(settings: Settings) -> object:
    with open_readonly(settings) as connection:
        return value_in(connection)


def value_in(connection: duckdb.DuckDBPyConnection) -> object:
    row = connection.execute("SELECT value FROM targets").fetchone()
    return row[0] if row else None


def start(root: Path, day: dt.date, value: float) -> "subprocess.Popen[str]":
    """A publisher in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.publisher", str(root), str(day), str(value)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


Kill = Callable[..., int]


@pytest.fixture(scope="module")
def publish_and_die() -> Iterator[Kill]:
    """A publisher in a process of its own, killed at a step: its return code."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.publisher"],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as publisher:  # fmt: skip
        asked, answers = publisher.stdin, publisher.stdout
        assert asked is not None
        assert answers is not None

        def kill(root: Path, day: dt.date, value: float, step: str) -> int:
            print(json.dumps([str(root), str(day), str(value), step]), file=asked, flush=True)
            return int(answers.readline())

        yield kill


def test_a_build_holds_file_parquet_and_record_and_is_live(
    settings: Settings, publish_value: Publish
) -> None:
    result = publish_value()
    assert builds.BUILD_ID.fullmatch(result.build_id)
    assert result.build_id.endswith(result.content_sha256[:8])
    assert live_build(settings) == result.folder
    assert settings.warehouse_link.resolve() == result.folder / "warehouse.duckdb"
    assert not os.path.isabs(os.readlink(settings.warehouse_link))
    name = settings.warehouse_pointer.read_text().strip()
    assert (settings.data / name).resolve() == result.folder / "warehouse.duckdb"
    assert sorted(p.name for p in result.folder.iterdir()) == [
        "build.json", "parquet", "warehouse.duckdb",
    ]  # fmt: skip
    targets = pl.read_parquet(result.folder / "parquet" / "core" / "targets.parquet")
    assert targets.equals(with_value(70000)["targets"])
    metadata = pl.read_parquet_metadata(result.folder / "parquet" / "core" / "targets.parquet")
    assert (metadata["zh"], metadata["table"]) == ("目标", "core.targets")


def test_the_file_says_what_it_is_made_of(settings: Settings, publish_value: Publish) -> None:
    first = publish_value()
    second = publish_value(80000)
    with open_readonly(settings) as connection:
        [build] = connection.sql("SELECT * FROM meta.build").pl().to_dicts()
        register = connection.execute("SELECT path FROM meta.inputs WHERE kind = 'register'")
        assert register.fetchall() == [("data/register/computing.yaml",)]
        tables = connection.execute("SELECT count(DISTINCT table_name) FROM meta.dictionary")
        assert tables.fetchone() == (len(CORE) + len(META_TABLES),)
    made_of = fingerprint(settings, AS_OF)
    assert build["build_id"] == second.build_id
    assert build["previous_build_id"] == first.build_id
    assert build["inputs_sha256"] == made_of.inputs_sha256
    assert build["code_sha256"] == made_of.code_sha256
    assert build["content_sha256"] == second.content_sha256
    assert (build["rows_in"], build["rows_accepted"], build["rows_rejected"]) == (1, 1, 0)
    assert build["duckdb_version"] == duckdb.__version__


def test_nothing_is_published_when_nothing_changed(settings: Settings) -> None:
    made_of = fingerprint(settings, AS_OF)
    first = publish(settings, small_frames(), made_of)
    assert live_fingerprint(settings) == made_of.value
    again = publish(settings, small_frames(), fingerprint(settings, AS_OF))
    assert not again.published
    assert again.build_id == first.build_id
    assert len(builds.list_builds(settings)) == 1


def test_changed_inputs_are_published_even_when_the_tables_stay_the_same(
    settings: Settings,
) -> None:
    first = publish(settings, small_frames(), fingerprint(settings, AS_OF))
    (settings.data / "corrections.yaml").write_text("[]\n")
    second = publish(settings, small_frames(), fingerprint(settings, AS_OF))
    assert second.published
    assert second.content_sha256 == first.content_sha256
    assert second.build_id != first.build_id
    assert second.changes == 0


def test_each_input_the_day_and_the_program_change_the_fingerprint(
    settings: Settings, tmp_path: Path
) -> None:
    code = tmp_path / "program"
    (code / "assets").mkdir(parents=True)
    (code / "assets" / "report.html").write_text("<html>")
    seen = [fingerprint(settings, AS_OF, code).value]
    for path in (
        settings.register / "network.yaml",
        settings.published / "observations.csv",
        settings.data / "regions.csv",
        settings.data / "corrections.yaml",
        settings.submissions,
        settings.sources / "nbs.yaml",
        settings.landing / "nbs" / "000001-internet-410000.json",
        code / "assets" / "report.html",
        code / "schemas" / "units.py",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("other")
        seen.append(fingerprint(settings, AS_OF, code).value)
    seen.append(fingerprint(settings, AS_OF + dt.timedelta(days=1), code).value)
    assert len(set(seen)) == len(seen)
    for path in (
        settings.published / "~$observations.csv",
        settings.landing / "nbs" / "000002-bundled.json",  # the file itself is in data/published
        settings.inbox / "form.xlsx",  # counts once it has landed
        code / "schemas" / "__pycache__" / "u.pyc",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of no account")
    assert fingerprint(settings, AS_OF + dt.timedelta(days=1), code).value == seen[-1]


def test_the_unchanged_path_loads_no_engine() -> None:
    heavy = {"duckdb", "polars", "pandera", "dagster"}
    code = (
        "import sys, pipelines.fingerprint, pipelines.builds, pipelines.locking, pipelines.clock;"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_reader_keeps_its_snapshot_and_the_next_one_sees_the_new_build(
    settings: Settings, publish_value: Publish
) -> None:
    publish_value(70000)
    with open_readonly(settings) as early:
        publish_value(80000)
        assert value_in(early) == 70000.0
        with open_readonly(settings) as late:  # in the same process, while the first is open
            assert value_in(late) == 80000.0
        assert value_in(early) == 70000.0


def test_a_published_file_can_not_be_written_through_open_readonly(
    settings: Settings, publish_value: Publish
) -> None:
    publish_value()
    with (
        open_readonly(settings) as connection,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("DELETE FROM core.targets")


def test_without_a_build_the_reader_is_told_what_to_do(settings: Settings) -> None:
    with pytest.raises(NothingPublished, match="duibiao run"):
        open_readonly(settings)


@pytest.mark.slow
@pytest.mark.parametrize("step", [*STEPS, "inside-build"])
def test_a_run_killed_at_any_step_leaves_a_whole_build_and_no_obstacle(
    settings: Settings, publish_value: Publish, publish_and_die: Kill, step: str
) -> None:
    first = publish_value(70000)
    assert publish_and_die(settings.root, NEXT_DAY, 80000, step) == -9
    finished = step in ("prune", "done")
    assert live_value(settings) == (80000.0 if finished else 70000.0)
    for folder in builds.list_builds(settings):
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
            assert value_in(connection) in (70000.0, 80000.0)

    live = live_build(settings)
    assert live is not None
    assert (live == first.folder) is not finished
    third = publish_value(90000)
    assert live_value(settings) == 90000.0
    assert third.previous_build_id == live.name
    assert not list(settings.builds.glob(".tmp-*"))
    assert not list(settings.data.glob("*.tmp"))


def test_the_steps_are_the_ones_that_the_kill_test_goes_through(publish_value: Publish) -> None:
    told: list[str] = []
    publish_value(on_step=told.append)
    assert tuple(told) == STEPS


def test_ten_builds_are_kept_and_the_live_one_always(
    settings: Settings, publish_value: Publish
) -> None:
    live = publish_value()
    foreign = settings.builds / "notes"
    foreign.mkdir()
    for day in range(1, 13):  # of a clock that was ahead: all newer than the live one
        (settings.builds / f"299901{day:02}T000000Z-00000000").mkdir()
    removed = builds.prune(settings)
    assert removed == ["29990101T000000Z-00000000", "29990102T000000Z-00000000"]
    kept = [p.name for p in builds.list_builds(settings)]
    assert kept[0] == live.build_id
    assert len(kept) == 11
    assert foreign.is_dir()
    assert live_value(settings) == 70000.0


def test_publishing_prunes_the_oldest(settings: Settings, publish_value: Publish) -> None:
    settings.builds.mkdir()
    for day in range(1, 12):
        (settings.builds / f"201901{day:02}T000000Z-00000000").mkdir()
    result = publish_value()
    kept = [p.name for p in builds.list_builds(settings)]
    assert len(kept) == 10
    assert kept[0] == "20190103T000000Z-00000000"
    assert kept[-1] == result.build_id


def test_two_publishers_at_once_both_publish_one_after_the_other(settings: Settings) -> None:
    first, second = start(settings.root, AS_OF, 70000), start(settings.root, NEXT_DAY, 80000)
    values = {}
    for process, value in ((first, 70000.0), (second, 80000.0)):
        out, err = process.communicate()
        assert process.returncode == 0, err
        values[out.strip()] = value
    found = builds.list_builds(settings)
    assert {p.name for p in found} == set(values)
    assert live_build(settings) == found[-1]
    assert live_value(settings) == values[found[-1].name]
    with open_readonly(settings) as connection:
        row = connection.execute("SELECT previous_build_id FROM meta.build").fetchone()
    assert row == (found[0].name,)


def test_a_second_run_declines_at_once_or_waits_and_says_for_whom(settings: Settings) -> None:
    said: list[str] = []
    caught: list[RunLocked] = []

    def compete() -> None:
        try:
            with run_lock(settings, wait=0):
                pass
        except RunLocked as error:
            caught.append(error)
        with run_lock(settings, wait=60, notify=heard, every=0.05):
            said.append("got it")

    let_go = threading.Event()

    def heard(message: str) -> None:
        said.append(message)
        let_go.set()

    competitor = threading.Thread(target=compete)
    with run_lock(settings), run_lock(settings):  # the holder itself may nest it
        competitor.start()
        assert let_go.wait(60)
    competitor.join(60)
    assert f"pid {os.getpid()} since 20" in str(caught[0])
    assert str(caught[0]) == said[0]
    assert said[-1] == "got it"


def test_the_lock_of_a_killed_run_is_free(settings: Settings, publish_and_die: Kill) -> None:
    assert publish_and_die(settings.root, AS_OF, 70000, "link") == -9
    with run_lock(settings, wait=0):
        pass


def test_a_broken_contract_publishes_nothing_and_names_every_fault(
    settings: Settings, publish_value: Publish
) -> None:
    publish_value(70000)
    frames = with_value(80000)
    frames["targets"] = frames["targets"].with_columns(
        operator=pl.lit("about"), indicator_id=pl.lit("never_registered")
    )
    del frames["ledger"]
    frames["diff"] = frames["checks"]
    made_of = fingerprint(settings, AS_OF + dt.timedelta(days=1))
    with pytest.raises(PublishError) as caught:
        publish(settings, frames, made_of)
    problems = "\n".join(caught.value.problems)
    assert "targets: operator: isin" in problems
    assert "ledger: no frame given" in problems
    assert "diff is made by publish" in problems
    assert live_value(settings) == 70000.0


def test_a_reference_into_another_schema_that_leads_nowhere_publishes_nothing(
    settings: Settings,
) -> None:
    frames = small_frames()
    frames["freshness"] = pl.DataFrame(
        [("never_registered", "410000", 550, False, 0)],
        schema=["indicator_id", "region_code", "stale_after_days", "is_stale", "observation_count"],
        orient="row",
    ).with_columns(
        latest_period=None, latest_period_end=None, age_days=None, latest_published_on=None
    )
    with pytest.raises(PublishError, match=r"never_registered.* not in indicators"):
        publish(settings, frames, fingerprint(settings, AS_OF))
    assert live_build(settings) is None


def test_a_file_of_somebody_else_at_the_place_of_the_link_is_left_alone(
    settings: Settings,
) -> None:
    settings.warehouse_link.write_text("not ours")
    with pytest.raises(FileExistsError, match="move it away"):
        publish(settings, small_frames(), fingerprint(settings, AS_OF))
    assert settings.warehouse_link.read_text() == "not ours"


def test_where_links_do_not_exist_the_pointer_tells_the_live_build(
    settings: Settings, publish_value: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_value(70000)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    result = publish_value(80000)
    assert not settings.warehouse_link.is_symlink()
    assert live_build(settings) == result.folder
    assert live_value(settings) == 80000.0


def test_the_diff_names_rows_added_removed_and_values_changed(
    settings: Settings, publish_value: Publish
) -> None:
    old = publish_value(70000).folder / "warehouse.duckdb"
    new = with_value(80000)
    other = RACKS_TARGET | {"target_id": "other", "value": 1.0}
    new["targets"] = pl.concat([new["targets"], rows(Targets, other)])
    new["statements"] = new["statements"].clear()
    found = diff_builds(old, new, TABLES).select(pl.exclude("diff_id")).rows()
    key = RACKS_TARGET["target_id"]
    assert found == [
        ("statements", "000-010", "removed", None, None, None),
        ("targets", key, "changed", "value", "70000.0", "80000.0"),
        ("targets", "other", "added", None, None, None),
    ]
    assert diff_builds(None, new, TABLES).is_empty()


def test_the_diff_passes_over_the_last_digits_of_a_sum(publish_value: Publish) -> None:
    old = publish_value(0.1 + 0.2).folder / "warehouse.duckdb"
    assert diff_builds(old, with_value(0.3), TABLES).is_empty()
    assert diff_builds(old, with_value(0.31), TABLES).height == 1


def test_the_diff_is_published_with_the_build(settings: Settings, publish_value: Publish) -> None:
    assert publish_value(70000).changes == 0
    assert publish_value(80000).changes == 1
    with open_readonly(settings) as connection:
        row = connection.execute("SELECT column_name, old_value, new_value FROM meta.diff")
        assert row.fetchone() == ("value", "70000.0", "80000.0")


def test_a_last_build_that_can_not_be_read_is_a_finding_and_no_obstacle(
    settings: Settings, publish_value: Publish
) -> None:
    first = publish_value(70000)
    (first.folder / "warehouse.duckdb").write_bytes(b"not a database")
    assert publish_value(80000).published
    with open_readonly(settings) as connection:
        found = connection.execute("SELECT rule, severity FROM meta.checks").fetchall()
    assert found == [("diff_failed", "warning")]
    assert live_value(settings) == 80000.0


def test_the_record_beside_the_file_agrees_with_it(
    settings: Settings, publish_value: Publish
) -> None:
    result = publish_value()
    record = json.loads((result.folder / "build.json").read_text())
    assert record["fingerprint"] == fingerprint(settings, AS_OF).value
    assert record["tables"]["targets"]["rows"] == 1
    with open_readonly(settings) as connection:
        for name, said in record["tables"].items():
            place = connection.execute(
                "SELECT schema_name FROM meta.dictionary WHERE table_name = ?", [name]
            ).fetchone()
            assert place is not None
            count = connection.execute(f"SELECT count(*) FROM {place[0]}.{name}").fetchone()
            assert count == (said["rows"],), name


def test_content_hashes_do_not_depend_on_the_order_of_rows(publish_value: Publish) -> None:
    first = publish_value()
    frames = small_frames()
    frames["indicators"] = rows(Indicators, RACKS, STATIONS)
    frames["observation_vintages"] = rows(ObservationVintages, VINTAGE)
    settings = Settings(first.folder.parents[2])
    second = publish(settings, frames, fingerprint(settings, AS_OF), models=CORE, force=True)
    assert second.content_sha256 == first.content_sha256
