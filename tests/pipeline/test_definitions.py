"""Dagster's view: the graph loads, a newcomer finds the statistics, the night runs and reports."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from pipelines import nightly
from pipelines.asset_guides import GUIDES
from pipelines.builds import build_record, list_builds, live_build
from pipelines.definitions import PICTURE, PREVIEW, definitions
from pipelines.graph import steps
from pipelines.run import run
from pipelines.settings import Settings
from schemas.contract import TABLES, columns_of
from tests.conftest import ROOT, TODAY
from tests.fixtures.bad_rows import BAD_ROWS, append_bad_rows, spoilt_build


@pytest.fixture(scope="module")
def graph() -> Any:
    return definitions().resolve_asset_graph()


def test_every_asset_says_what_it_is_and_whose(graph: Any) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert " / " in node.description, key  # Chinese / English
        assert node.owners, key
        assert node.group_name != "default", key


def test_every_asset_says_what_to_look_at(graph: Any) -> None:
    names = {key.path[-1] for key in graph.get_all_asset_keys()}
    themes = {s.name for s in steps(Settings.default()) if f"vintages_{s.name}" in s.writes}
    assert names - themes == set(GUIDES)
    for key in graph.get_all_asset_keys():
        description = graph.get(key).description
        assert "看什么" in description, key
        assert "ook " in description, key


def test_formulas_of_columns_are_not_taken_for_markup(graph: Any) -> None:
    schema = graph.get(dg.AssetKey("gap_to_goal")).metadata["dagster/column_schema"]
    target = next(c for c in schema.columns if c.name == "resolved_target")
    assert r"factor\*Y_ref" in target.description


@pytest.mark.parametrize(
    "name", ["base_stations_5g", "bandwidth", "ecommerce", "data_centre_racks", "gap_to_goal"]
)
def test_a_newcomer_finds_the_named_statistics(name: str, graph: Any) -> None:
    assert dg.AssetKey(name) in graph.get_all_asset_keys()


def test_data_flow_from_the_register_to_the_warehouse(graph: Any) -> None:
    def parents(name: str) -> set[str]:
        return {key.path[-1] for key in graph.get(dg.AssetKey(name)).parent_keys}

    assert {"observations", "gap_to_goal", "checks", "statements"} <= parents("warehouse")
    assert {"observation_vintages", "past_errors"} <= parents("gap_to_goal")
    assert {"observation_vintages", "targets"} <= parents("past_errors")
    assert {"ecommerce", "base_stations_5g"} <= parents("observation_vintages")
    assert {"parsed_rows", "indicators"} <= parents("ecommerce")


def test_tables_show_the_columns_of_their_contracts(graph: Any) -> None:
    shown = 0
    for key in graph.get_all_asset_keys():
        schema = graph.get(key).metadata.get("dagster/column_schema")
        if schema is not None:
            table = TABLES[key.path[-1]]
            assert [c.name for c in schema.columns] == [c.name for c in columns_of(table)]
            shown += 1
    assert shown >= 15


def test_the_night_is_at_two_in_shanghai() -> None:
    assert nightly.SCHEDULE.cron_schedule == "0 2 * * *"
    assert nightly.SCHEDULE.execution_timezone == "Asia/Shanghai"
    assert nightly.SCHEDULE.job_name == "nightly"


def night(pictures: bool = True, *steps: str) -> dg.ExecuteInProcessResult:
    """The nightly job, or some steps of it."""
    found = [a for a in definitions().assets or () if isinstance(a, dg.AssetsDefinition)]
    config = {
        "as_of": {"config": {"day": TODAY.isoformat()}},
        "pages": {"config": {"pictures": pictures}},
    }
    return definitions().resolve_job_def("nightly").execute_in_process(
        run_config={"resources": config}, raise_on_error=False,
        asset_selection=[k for a in found if a.op.name in steps for k in a.keys] or None,
    )  # fmt: skip


@pytest.mark.slow
def test_a_night_with_refused_rows_publishes_what_a_plain_run_does(
    fresh: Settings, shared: Path
) -> None:
    append_bad_rows(fresh)
    result = night(pictures=False)
    assert result.success
    assert_pages_are_readable(result)
    assert_refused_rows_fail_their_check(result)
    ours, plain = live_build(fresh), live_build(spoilt_build(shared))
    assert ours is not None
    assert plain is not None
    content = "content_sha256"
    assert (build_record(ours) or {})[content] == (build_record(plain) or {})[content]
    # Made of the same: nothing to publish. A night asks the very same before its last step.
    assert not run(fresh, TODAY).published
    assert len(list_builds(fresh)) == 1
    # Some assets alone take the rest from that night; pictures are drawn unless told otherwise.
    again = night(True, "step_ecommerce", "step_gap_to_goal")
    assert again.success
    shown = metadata_of(again)
    assert "电子商务交易额" in shown["gap_to_goal"][PREVIEW]
    for name in ("gap_to_goal", "ecommerce"):
        assert shown[name][PICTURE].startswith("![")


def metadata_of(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, str]]:
    """What the pages of the assets show, by asset and label."""
    return {
        event.asset_key.path[-1]: {
            label: str(entry.value)
            for label, entry in event.step_materialization_data.materialization.metadata.items()
        }
        for event in result.all_events
        if event.is_step_materialization and event.asset_key is not None
    }


def assert_pages_are_readable(result: dg.ExecuteInProcessResult) -> None:
    shown = metadata_of(result)
    assert "电子商务交易额" in shown["gap_to_goal"][PREVIEW]
    assert not any(PICTURE in labels for labels in shown.values())
    page = Path(shown["report"]["首页 first page"])
    assert page.is_file()
    assert shown["report"]["在浏览器里打开 open in a browser"] == page.as_uri()


def assert_refused_rows_fail_their_check(result: dg.ExecuteInProcessResult) -> None:
    verdicts = {e.asset_key.path[-1]: e for e in result.get_asset_check_evaluations()}
    refused = verdicts["rejected_rows"]
    assert not refused.passed
    assert refused.severity is dg.AssetCheckSeverity.ERROR
    number = len(BAD_ROWS) + 1
    assert f"不成立（没有被拒绝的行）：{number}个错误" in (refused.description or "")
    assert f"Does not hold (no row was refused): {number} error(s)" in (refused.description or "")
    assert "把亿写成了万" in str(refused.metadata)
    assert verdicts["statements"].passed


@pytest.mark.slow
def test_a_failed_night_leaves_the_last_build_and_a_readable_report(built: Settings) -> None:
    live = live_build(built)
    assert live is not None
    regions = built.data / "regions.csv"
    regions.write_text(regions.read_text(encoding="utf-8").replace("410100,", "41010,", 1))
    result = night()
    assert not result.success
    assert live_build(built) == live
    failure = next(e for e in result.all_events if e.is_step_failure)
    path = nightly.write_failure_report(
        built,
        run_id=result.run_id,
        job="nightly",
        message="a step failed",
        steps=[(failure.step_key or "", failure.step_failure_data.error_display_string)],
    )
    report = path.read_text(encoding="utf-8")
    for words in ("nightly", "regions.csv", "duibiao run", "已发布的版本不受影响"):
        assert words in report


def test_the_sensor_writes_the_report(fresh: Settings) -> None:
    @dg.op
    def broken() -> None:
        raise ValueError("no such column: 41010")

    @dg.job(name="nightly")
    def job() -> None:
        broken()

    with dg.instance_for_test() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="report_failure",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        nightly.report_failure(context)
    reports = list((fresh.data / "failures").glob("*.md"))
    assert len(reports) == 1
    assert "no such column: 41010" in reports[0].read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_workspace_loads_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w",
         str(ROOT / "workspace.yaml")],
        cwd=tmp_path, capture_output=True, text=True, env=os.environ, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "passed validation" in done.stdout + done.stderr


def test_telemetry_is_off() -> None:
    text = (ROOT / ".dagster_home" / "dagster.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["telemetry"] == {"enabled": False}
