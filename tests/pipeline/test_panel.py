"""Panels of many regions: nothing is lost, only what changed is computed, and bytes repeat."""

import datetime as dt
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from assets.panel.night import Night, last_night, night, only_night
from assets.panel.part import RESULTS, Reference
from assets.panel.stage import Stage, StageError
from benchmarks.synthetic import Panel
from pipelines.builds import open_readonly
from pipelines.cli import app
from pipelines.settings import PROJECT, Settings
from tests.conftest import TODAY

SYNTHETIC = Panel(indicators=3, years=8, cities=0, counties=9)
STEPS = ("sweep", "compute", "write", "gather", "publish", "record", "prune", "done")


def reference_of(panel: Panel) -> Reference:
    targets = pl.concat([panel.targets(n) for n in range(panel.indicators)])
    return Reference(panel.indicators_table, panel.regions, targets, panel.breaks)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The synthetic panel, nothing computed yet. Read it only."""
    stage = Stage(tmp_path_factory.mktemp("panel"))
    for rows in SYNTHETIC.all_observations():
        stage.land(rows)
    stage.write_reference(reference_of(SYNTHETIC))
    return stage


@pytest.fixture(scope="module")
def computed(landed: Stage, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The synthetic panel after its first night. Read it only."""
    stage = copied(landed, tmp_path_factory.mktemp("computed"))
    night(stage, SYNTHETIC.as_of)
    return stage


def copied(stage: Stage, root: Path) -> Stage:
    shutil.copytree(stage.root, root / "stage", symlinks=True)
    return Stage(root / "stage")


def bytes_of(stage: Stage) -> dict[str, str]:
    """SHA-256 of every file of results, by its place in the stage."""
    return {
        path.relative_to(stage.results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in stage.results.rglob("*.parquet")
    }


def ask(stage: Stage, sql: str) -> pl.DataFrame:
    with duckdb.connect(str(stage.root / "panel.duckdb"), read_only=True) as connection:
        found: pl.DataFrame = connection.sql(sql).pl()
        return found


def one_more_month(number: int) -> pl.DataFrame:
    """The first month after the panel of one indicator, as another landing brings it.

    Ids are unique within an indicator only: no result may hang on those of another.
    """
    rows = SYNTHETIC.observations(number)
    last = rows.filter(pl.col("period") == pl.col("period").max())
    last = last.unique("region_code", keep="first", maintain_order=True)
    return last.with_columns(
        observation_id=pl.format("later-{}", "region_code"),
        period=pl.lit("2024-01"),
        period_start=pl.lit(dt.date(2024, 1, 1)),
        period_end=pl.lit(dt.date(2024, 1, 31)),
        published_on=pl.lit(dt.date(2024, 3, 1)),
    )


def test_no_row_is_lost_and_every_fault_is_named(computed: Stage) -> None:
    result = last_night(computed)
    assert result is not None
    given = sum(rows.height for rows in SYNTHETIC.all_observations())
    assert result.rows_in == given == result.rows_accepted + result.rows_rejected
    rules = ask(computed, "SELECT rule, count(*) AS n FROM rejected_rows GROUP BY 1")
    assert set(rules["rule"]) == {"scale_slip", "out_of_range", "not_whole", "duplicate_row"}
    assert rules["n"].sum() == result.rows_rejected
    raw = ask(computed, "SELECT raw FROM rejected_rows LIMIT 1").item()
    assert json.loads(raw)["indicator_id"].startswith("synthetic_")


def test_every_goal_has_a_verdict(computed: Stage) -> None:
    goals = SYNTHETIC.indicators * SYNTHETIC.regions.height
    found = ask(computed, "SELECT count(*) AS n, count(DISTINCT status) AS kinds FROM gap_to_goal")
    assert found["n"].item() == goals
    assert found["kinds"].item() > 5


@pytest.mark.parametrize("column", ["value", "period", "region_code", "unit", "quality"])
def test_a_row_that_breaks_the_contract_is_refused_by_name(
    landed: Stage, tmp_path: Path, column: str
) -> None:
    stage = copied(landed, tmp_path)
    wrong = {"value": float("nan"), "period": "late in 2023", "region_code": "000000",
             "unit": "racks", "quality": "hearsay"}[column]  # fmt: skip
    rows = one_more_month(0).head(1).with_columns(pl.lit(wrong).alias(column))
    stage.land(rows)
    result = night(stage, SYNTHETIC.as_of)
    assert result.rows_in == result.rows_accepted + result.rows_rejected
    found = ask(stage, "SELECT field, field_value, message_zh, remedy, raw FROM rejected_rows"
                       f" WHERE field = '{column}' AND rule NOT IN ('scale_slip', 'not_whole',"
                       " 'out_of_range')").row(0, named=True)  # fmt: skip
    assert found["field_value"] == str(wrong)
    assert column in found["message_zh"]
    assert found["remedy"]
    assert "later-" in found["raw"]


def test_a_second_night_reads_names_only(computed: Stage, tmp_path: Path) -> None:
    stage = copied(computed, tmp_path)
    for path in (stage.root / "vintages").rglob("*.parquet"):
        path.write_bytes(b"not a file of rows any more")
    result = night(stage, SYNTHETIC.as_of)
    assert not result.published
    assert result.computed == ()
    assert bytes_of(stage) == bytes_of(computed)


def test_only_what_changed_is_computed_and_the_bytes_are_those_of_a_full_rebuild(
    computed: Stage, landed: Stage, tmp_path: Path
) -> None:
    stage, anew = copied(computed, tmp_path / "a"), copied(landed, tmp_path / "b")
    for one in (stage, anew):
        assert one.land(one_more_month(1))
    result = night(stage, SYNTHETIC.as_of)
    assert result.computed == ("synthetic_0001",)
    assert result.published
    whole = night(anew, SYNTHETIC.as_of)
    assert len(whole.computed) == 3
    assert whole.content_sha256 == result.content_sha256
    # The night before is kept too; what both name is the same to the byte.
    assert bytes_of(anew).items() <= bytes_of(stage).items()


def test_another_day_computes_gaps_only_where_nothing_was_published_in_between(
    computed: Stage, landed: Stage, tmp_path: Path
) -> None:
    """Forwards, backwards and over a day of publication, each as a full rebuild."""
    stage, anew = copied(computed, tmp_path / "a"), copied(landed, tmp_path / "b")
    late = dt.date(2024, 9, 1)  # after all others
    for one in (stage, anew):
        one.land(one_more_month(1).with_columns(published_on=pl.lit(late)))
    night(stage, SYNTHETIC.as_of)
    everyone = ("synthetic_0000", "synthetic_0001", "synthetic_0002")
    for day, kept in (
        (SYNTHETIC.as_of + dt.timedelta(days=1), everyone),
        (late, everyone),
        (late - dt.timedelta(days=1), (everyone[0], everyone[2])),
        (dt.date(2020, 6, 30), ()),
    ):
        found = night(stage, day)
        assert found.judged_before == kept, day
        assert found.computed == everyone
        assert found.rows_in == found.rows_accepted + found.rows_rejected
        whole = night(Stage(shutil.copytree(anew.root, tmp_path / day.isoformat())), day)
        assert whole.judged_before == ()
        assert whole.content_sha256 == found.content_sha256, day


def test_a_line_number_that_two_rows_share_is_judged_anew_on_another_day(
    landed: Stage, tmp_path: Path
) -> None:
    stage = copied(landed, tmp_path)
    rows = one_more_month(0).head(2)
    value = pl.when(pl.col("region_code") == rows["region_code"][0]).then(-1.0)
    stage.land(
        rows.with_columns(
            value=value.otherwise(pl.col("value")), source_row=pl.lit(1, pl.Int64),
            landing_sha256=pl.lit("e" * 64),
        )
    )  # fmt: skip
    before = night(stage, SYNTHETIC.as_of)
    after = night(stage, SYNTHETIC.as_of + dt.timedelta(days=1))
    assert after.judged_before == ()
    assert (after.rows_accepted, after.rows_rejected) == (
        before.rows_accepted, before.rows_rejected,
    )  # fmt: skip
    anew = copied(landed, tmp_path / "anew")
    for path in (stage.root / "vintages").rglob("*.parquet"):
        anew.land(pl.read_parquet(path, hive_partitioning=False))
    assert night(anew, after.as_of).content_sha256 == after.content_sha256


def test_the_size_of_a_batch_and_the_order_of_landing_change_no_byte(
    computed: Stage, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "stage")
    for number in reversed(range(SYNTHETIC.indicators)):
        rows = SYNTHETIC.observations(number)
        for part in (rows[5_000:], rows[:5_000]):
            stage.land(part)
    stage.write_reference(reference_of(SYNTHETIC))
    alone, together = night(stage, SYNTHETIC.as_of, batch_rows=1), last_night(computed)
    assert together is not None
    assert alone.content_sha256 == together.content_sha256


def test_the_same_rows_land_once(landed: Stage, tmp_path: Path) -> None:
    stage = copied(landed, tmp_path)
    assert stage.land(SYNTHETIC.observations(0)) == []
    with pytest.raises(StageError, match="quality"):
        stage.land(SYNTHETIC.observations(0).drop("quality"))


def test_rows_without_a_register_stop_the_night_with_what_to_do(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.land(SYNTHETIC.observations(0))
    with pytest.raises(StageError, match=r"synthetic_0000.*docs/scale\.md"):
        night(stage, SYNTHETIC.as_of)


def test_duckdb_gives_the_same(computed: Stage, landed: Stage, tmp_path: Path) -> None:
    stage = copied(landed, tmp_path)
    night(stage, SYNTHETIC.as_of, engine="duckdb")
    sql = "FROM gap_to_goal ORDER BY target_id"
    assert_frame_equal(ask(stage, sql), ask(computed, sql), rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "times", "days"),
    [("write", 2, 0), ("publish", 1, 0), ("record", 1, 0), ("write", 3, 1)],
)
def test_a_night_killed_anywhere_ends_as_an_undisturbed_one(
    computed: Stage, tmp_path: Path, step: str, times: int, days: int
) -> None:
    """Two indicators to compute, one after the other; a day later only the gaps of the third."""
    day = SYNTHETIC.as_of + dt.timedelta(days=days)
    stage, undisturbed = copied(computed, tmp_path / "a"), copied(computed, tmp_path / "b")
    for one in (stage, undisturbed):
        for number in (0, 1):
            one.land(one_more_month(number))
    killed = subprocess.run(
        [sys.executable, "-m", "tests.fixtures.panel_night", str(stage.root),
         str(day), step, str(times)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    assert ask(stage, "SELECT count(*) AS n FROM gap_to_goal")["n"].item() > 0  # whole as ever
    told: list[str] = []
    again = night(stage, day, notify=told.append)
    plain = night(undisturbed, day)
    assert [("synthetic_000" in message, "--batch-rows" in message) for message in told] == [
        (True, True)
    ]
    assert plain.judged_before == (("synthetic_0002",) if days else ())
    assert again.content_sha256 == plain.content_sha256
    assert bytes_of(stage) == bytes_of(undisturbed)
    sql = "FROM gap_to_goal ORDER BY target_id"
    assert ask(stage, sql).equals(ask(undisturbed, sql))
    assert not list(stage.results.rglob(".tmp-*"))


def test_a_full_disk_is_said_and_leaves_the_last_night(computed: Stage, tmp_path: Path) -> None:
    """No file may become larger than 20 blocks, as where the disk is full."""
    stage = copied(computed, tmp_path)
    stage.land(one_more_month(1))
    program = "from pipelines.cli import main; main()"
    command = f"ulimit -f 20; exec {sys.executable} -c '{program}' panel {stage.root}"
    failed = subprocess.run(
        ["bash", "-c", f"{command} --as-of {SYNTHETIC.as_of}"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "synthetic_0001" in failed.stderr
    assert "is the disk full?" in failed.stderr.replace("\n", " ")
    assert ask(stage, "SELECT count(*) AS n FROM gap_to_goal")["n"].item() > 0
    assert night(stage, SYNTHETIC.as_of).computed == ("synthetic_0001",)


def test_two_nights_at_once_are_refused(computed: Stage, tmp_path: Path) -> None:
    stage = copied(computed, tmp_path)
    with only_night(stage, print), pytest.raises(StageError, match="another night"):
        night(stage, SYNTHETIC.as_of)


def test_a_reader_keeps_what_it_opened(computed: Stage, tmp_path: Path) -> None:
    stage = copied(computed, tmp_path)
    night(stage, SYNTHETIC.as_of)
    with duckdb.connect(str(stage.root / "panel.duckdb"), read_only=True) as reader:
        before = reader.sql("SELECT sum(latest_value) FROM gap_to_goal").fetchall()
        stage.land(one_more_month(2))
        assert night(stage, SYNTHETIC.as_of).published
        assert reader.sql("SELECT sum(latest_value) FROM gap_to_goal").fetchall() == before


def test_the_register_of_henan_as_a_panel(published: Settings, tmp_path: Path) -> None:
    """The real rows through the panel give the values of record and the gaps of a run."""
    with open_readonly(published) as connection:
        tables = {
            name: connection.sql(f"FROM core.{name}").pl()
            for name in ("observation_vintages", "indicators", "regions", "targets",
                         "series_breaks", "observations")
        }  # fmt: skip
        gaps = connection.sql("FROM gap.gap_to_goal ORDER BY target_id").pl()
    stage = Stage(tmp_path)
    stage.land(tables["observation_vintages"])
    stage.write_reference(
        Reference(tables["indicators"], tables["regions"], tables["targets"],
                  tables["series_breaks"])
    )  # fmt: skip
    result = night(stage, TODAY)
    assert result.rows_rejected == 0
    key = ["indicator_id", "region_code", "period", "period_type"]
    ours = ask(stage, "FROM observations").sort(key)
    assert ours.equals(tables["observations"].sort(key).select(ours.columns))
    # Goals of indicators that nobody observes have no part; chances come from Student's t here.
    there = gaps.join(ours.unique("indicator_id"), on="indicator_id", how="semi")
    found = ask(stage, "FROM gap_to_goal ORDER BY target_id")
    same = [c for c in found.columns if c not in OF_PAST_ERRORS]
    assert_frame_equal(found.select(same), there.select(same), rel_tol=1e-9, abs_tol=1e-9)


OF_PAST_ERRORS = {
    "lo80", "hi80", "lo95", "hi95", "interval_method", "p_on_time", "status", "status_reason",
    "decided_by", "null_reason", "psa_likelihood", "status_previous", "status_changed_at",
}  # fmt: skip


def test_on_the_command_line(landed: Stage, tmp_path: Path) -> None:
    stage = copied(landed, tmp_path)
    words = ["panel", str(stage.root), "--as-of", SYNTHETIC.as_of.isoformat()]
    runner = CliRunner()
    assert "3 / 3" in runner.invoke(app, [*words, "--dry-run"]).stdout
    assert not stage.results.exists()
    first = runner.invoke(app, [*words, "--json"])
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert told["published"]
    assert told["rows_in"] == told["rows_accepted"] + told["rows_rejected"]
    assert "无变化" in runner.invoke(app, words).stdout
    assert runner.invoke(app, ["panel", str(tmp_path / "nothing")]).exit_code == 1


def test_a_night_says_what_it_did(computed: Stage) -> None:
    result = last_night(computed)
    assert isinstance(result, Night)
    assert {part.indicator_id for part in result.parts} == set(result.computed)
    assert set(result.parts[0].files) == set(RESULTS)
