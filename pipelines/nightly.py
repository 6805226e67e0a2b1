"""The night: one job over the whole graph at 02:00 Asia/Shanghai, and a report when it fails."""

import shutil
from pathlib import Path
from typing import Final

import dagster as dg

from pipelines import clock
from pipelines.settings import Settings

STAGES_KEPT: Final = 3

# In one process: ten light steps cost seconds so, and most of a minute in a process each.
JOB = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="每晚重建并发布 / rebuild everything and publish",
    executor_def=dg.in_process_executor,
)

SCHEDULE = dg.ScheduleDefinition(
    name="nightly_at_two",
    job=JOB,
    cron_schedule="0 2 * * *",
    execution_timezone="Asia/Shanghai",
    description="每天北京时间02:00 / every day at 02:00 Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.run_failure_sensor(
    name="report_failure",
    description="运行失败时写一份可读的报告 / writes a readable report when a run fails",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def report_failure(context: dg.RunFailureSensorContext) -> None:
    """Write data/failures/<run>.md: what failed, why, what stays published, what to do."""
    path = write_failure_report(
        Settings.default(),
        run_id=context.dagster_run.run_id,
        job=context.dagster_run.job_name,
        message=context.failure_event.message or "",
        steps=[
            (event.step_key or "", event.step_failure_data.error_display_string)
            for event in context.get_step_failure_events()
        ],
    )
    context.log.error(f"report: {path}")


def write_failure_report(
    settings: Settings, *, run_id: str, job: str, message: str, steps: list[tuple[str, str]]
) -> Path:
    """The failure of a run as a page that a person can act on.

    Args:
        steps: (step, error) of each step that failed.
    """
    folder = settings.data / "failures"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run_id}.md"
    parts = [
        f"# 运行失败 / run failed: {job}",
        f"- 时间 time: {clock.now().isoformat(timespec='seconds')} (Asia/Shanghai)",
        f"- 运行 run: {run_id}",
        f"- 原因 reason: {message}",
        "- 已发布的版本不受影响，查询者看到的仍是上一版本 / the published build is untouched:"
        " readers still see the last one",
        "- 处理 what to do: 改正下列错误后执行 `duibiao run` / mend the error below, then"
        " `duibiao run`",
    ]
    for step, error in steps:
        parts += ["", f"## {step}", "```", error.strip(), "```"]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return path


def prune_stage(folder: Path, keep: Path) -> None:
    """Remove the stages of old runs: the newest few and `keep` stay."""
    stages = sorted((p for p in folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for old in stages[:-STAGES_KEPT]:
        if old != keep:
            shutil.rmtree(old, ignore_errors=True)
