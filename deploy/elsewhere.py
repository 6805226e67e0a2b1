"""The nightly job with its steps in other processes, on Celery workers or in Kubernetes pods.

The assets stay as they are: one more job over the same graph, with the executor that
DUIBIAO_EXECUTOR names; DUIBIAO_RUN_CONFIG names a YAML file with its settings, as of a run
(docs/deploy.md). All places must share the folder data/.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Final

import dagster as dg
import yaml

from pipelines.definitions import definitions
from pipelines.nightly import SCHEDULE

EXECUTORS: Final = {
    "processes": ("dagster", "multiprocess_executor"),
    "celery": ("dagster_celery", "celery_executor"),
    "k8s": ("dagster_k8s", "k8s_job_executor"),
    "celery_k8s": ("dagster_celery_k8s", "celery_k8s_job_executor"),
}

module, name = EXECUTORS[os.environ.get("DUIBIAO_EXECUTOR", "processes")]
run_config = os.environ.get("DUIBIAO_RUN_CONFIG")

JOB = dg.define_asset_job(
    "nightly_elsewhere",
    selection=dg.AssetSelection.all(),
    description="每晚重建并发布，各步在别处 / the nightly job, its steps elsewhere",
    executor_def=getattr(import_module(module), name),
    config=yaml.safe_load(Path(run_config).read_text(encoding="utf-8")) if run_config else None,
)

# Stopped until somebody starts it: then stop `nightly_at_two`, or both run.
NIGHT = dg.ScheduleDefinition(
    name="elsewhere_at_two",
    job=JOB,
    cron_schedule=SCHEDULE.cron_schedule,
    execution_timezone=SCHEDULE.execution_timezone,
)

defs = dg.Definitions.merge(definitions(), dg.Definitions(jobs=[JOB], schedules=[NIGHT]))
