"""Dagster's view of the flow: the steps of `graph.py` as assets, with checks, job and schedule.

A thin shell: no rule and no formula lives here. Each run stages its frames in a folder of its
own, so that two runs never mix.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from pipelines import clock, nightly, stage
from pipelines.fingerprint import Fingerprint, fingerprint
from pipelines.graph import Context, Step, steps
from pipelines.locking import run_lock
from pipelines.run import publish_frames, take_in
from pipelines.settings import Settings, is_offline
from schemas.contract import TABLES, columns_of, comment_of, info_of

OWNERS = ["team:statistics"]
TAKEN_IN = "taken_in"
PREVIEW_ROWS = 10


class AsOf(dg.ConfigurableResource[dt.date]):
    """The as-of day of a run; empty means today in Asia/Shanghai."""

    day: str = ""

    def date(self) -> dt.date:
        """The day, or today."""
        return dt.date.fromisoformat(self.day) if self.day else clock.today()


def key_of(step: Step, frame: str) -> str:
    """The asset that holds a frame: its table, or for frames without a contract the step's own."""
    if step.group == "observations" and frame.startswith(("vintages_", "refused_")):
        return step.name
    return frame if frame in TABLES else home_of(step)


def home_of(step: Step) -> str:
    """The asset of a step that carries what is not a table."""
    if step.name in TABLES or not any(name in TABLES for name in step.writes):
        return step.name
    return next(name for name in step.writes if name in TABLES)


def folder_of(run_id: str) -> Path:
    """The stage of a run."""
    return Settings.default().stage / run_id


def staged(run_id: str, name: str) -> pl.DataFrame:
    """A frame of this run, or of the newest run that has it (when only some assets are run)."""
    own = folder_of(run_id)
    others = (p for p in own.parent.iterdir() if p.is_dir()) if own.parent.is_dir() else ()
    newest_first = sorted(others, key=lambda p: (p == own, p.stat().st_mtime), reverse=True)
    for folder in newest_first:
        if (folder / f"{name}.parquet").is_file():
            return stage.read_frame(folder, name)
    return stage.read_frame(own, name)


def made_of(folder: Path, day: dt.date) -> Fingerprint:
    """The fingerprint of a run: taken by its first step, read by the others.

    So that an input that changes while the run goes on is noticed by the next one.
    """
    path = folder / "made_of.json"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(fingerprint(Settings.default(), day).dump(), encoding="utf-8")
    return Fingerprint.load(path.read_text(encoding="utf-8"))


@dg.asset(
    name=TAKEN_IN,
    group_name="landing",
    owners=OWNERS,
    kinds={"http"},
    description="取数：访问各数据源，收取手工文件与单位报送 / asks the sources, takes in what "
    "people dropped and submitted; one that fails stops no other",
)
def taken_in() -> dg.MaterializeResult[Any]:
    """How each source answered. DUIBIAO_OFFLINE=1: nobody is asked."""
    settings = Settings.default()
    with run_lock(settings):
        taken = take_in(settings, offline=is_offline())
    columns = ("source_id", "outcome", "fetched", "unchanged", "quarantined", "failed", "trouble")
    found = [
        (
            state.source_id,
            state.outcome,
            *(state.count(name) for name in columns[2:6]),
            "; ".join(f"{part} {t.zh} → {t.remedy}" for part, t in state.troubles),
        )
        for state in taken.states
    ]
    frame = pl.DataFrame(found, schema=columns, orient="row")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": frame.height,
            "数据源 sources": dg.MetadataValue.md(markdown(frame)),
            "报送 submissions": ", ".join(f"{r.file}: {r.outcome}" for r in taken.receipts) or "—",
        }
    )


def assets_of(order: Sequence[Step]) -> list[dg.AssetsDefinition]:
    """Each step as a multi-asset: one asset a table, with what it reads as its upstream."""
    holder = {frame: key_of(step, frame) for step in order for frame in step.writes}
    return [_asset_of(step, holder) for step in order]


def _asset_of(step: Step, holder: dict[str, str]) -> dg.AssetsDefinition:
    # What reads no frame reads files: it comes after everything from outside has come in.
    upstream = sorted({holder[name] for name in step.reads}) or [TAKEN_IN]
    keys = list(dict.fromkeys(key_of(step, name) for name in step.writes))
    specs = [
        dg.AssetSpec(
            key,
            deps=upstream,
            group_name=step.group,
            description=_description(step, key),
            owners=OWNERS,
            kinds={"polars", "parquet"},
            metadata=_schema(key),
        )
        for key in keys
    ]

    @dg.multi_asset(specs=specs, name=f"step_{step.name}", can_subset=False)
    def compute(
        context: dg.AssetExecutionContext, as_of: AsOf
    ) -> Iterator[dg.MaterializeResult[Any]]:
        folder = folder_of(context.run.run_id)
        made_of(folder, as_of.date())
        frames = {name: staged(context.run.run_id, name) for name in step.reads}
        with run_lock(Settings.default()):  # the landing writes sidecars
            made = step(Context(Settings.default(), as_of.date()), frames)
        for name, frame in made.items():
            stage.write_frame(folder, name, frame)
        for key in keys:
            shown = made[key] if key in made else made[step.writes[0]]
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(shown))

    return compute


def _description(step: Step, key: str) -> str:
    if key in TABLES:
        info = info_of(TABLES[key])
        return f"{info.zh} / {info.en}"
    return f"{step.zh} / {step.en}"


def _schema(key: str) -> dict[str, Any]:
    if key not in TABLES:
        return {}
    found = [
        dg.TableColumn(c.name, c.sql_type, description=comment_of(c),
                       constraints=dg.TableColumnConstraints(nullable=c.nullable))
        for c in columns_of(TABLES[key])
    ]  # fmt: skip
    return {"dagster/column_schema": dg.TableSchema(found)}


def _metadata(frame: pl.DataFrame) -> dict[str, Any]:
    return {
        "dagster/row_count": frame.height,
        "预览 preview": dg.MetadataValue.md(markdown(frame.head(PREVIEW_ROWS))),
    }


def markdown(frame: pl.DataFrame, columns: int = 12) -> str:
    """A small markdown table of the first columns."""
    names = frame.columns[:columns]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in frame.select(names).iter_rows():
        cells = ("" if value is None else str(value).replace("|", "\\|")[:80] for value in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def warehouse_asset(order: Sequence[Step]) -> dg.AssetsDefinition:
    """The last asset: every staged table into one DuckDB file, published whole or not at all."""
    holder = {frame: key_of(step, frame) for step in order for frame in step.writes}

    @dg.asset(
        name="warehouse",
        group_name="warehouse",
        deps=sorted({holder[f] for f in holder if f in TABLES}),
        owners=OWNERS,
        kinds={"duckdb"},
        description="数据仓库：一个 DuckDB 文件，整体发布 / the warehouse: one DuckDB file, "
        "published whole or not at all",
    )
    def warehouse(context: dg.AssetExecutionContext, as_of: AsOf) -> dg.MaterializeResult[Any]:
        settings = Settings.default()
        frames = {f: staged(context.run.run_id, f) for f in holder if f in TABLES}
        folder = folder_of(context.run.run_id)
        result = publish_frames(settings, made_of(folder, as_of.date()), frames)
        nightly.prune_stage(settings.stage, keep=folder_of(context.run.run_id))
        return dg.MaterializeResult(
            metadata={
                "版本 build": result.build_id,
                "是否新发布 published": result.published,
                "文件 file": dg.MetadataValue.path(str(settings.warehouse_link)),
                "dagster/row_count": frames["gap_to_goal"].height,
            }
        )

    return warehouse


CHECKED = {
    "rejected_rows": "没有被拒绝的行 / no row was refused",
    "observations": "各来源一致、数据不陈旧 / sources agree and nothing is stale",
    "gap_to_goal": "每个有效目标都有数据 / every live goal has data",
    "statements": "每条原文都有去向 / every statement is accounted for",
    "landings": "每个来源都能读取 / every source could be read",
    "sources": "每个来源都应答并通过验收 / every source answered and was accepted",
}


def check_of(table: str, sentence: str) -> dg.AssetChecksDefinition:
    """The findings of a table as an asset check: an error fails it, a warning warns."""

    @dg.asset_check(asset=table, name="findings", description=sentence, additional_deps=["checks"])
    def findings(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        found = staged(context.run.run_id, "checks").filter(pl.col("table_name") == table)
        serious = found.filter(pl.col("severity") != "info")
        has_errors = "error" in serious["severity"]
        shown = serious.select("severity", "rule", "key", "message_zh", "message_en").head(30)
        return dg.AssetCheckResult(
            passed=serious.is_empty(),
            severity=dg.AssetCheckSeverity.ERROR if has_errors else dg.AssetCheckSeverity.WARN,
            description=f"{sentence}：{found.height} 项发现 finding(s)",
            metadata={"发现 findings": dg.MetadataValue.md(markdown(shown))},
        )

    return findings


@cache
def definitions() -> dg.Definitions:
    """Everything that Dagster loads: assets, checks, the nightly job, its schedule and sensor."""
    order = steps(Settings.default())
    return dg.Definitions(
        assets=[taken_in, *assets_of(order), warehouse_asset(order)],
        asset_checks=[check_of(table, sentence) for table, sentence in CHECKED.items()],
        jobs=[nightly.JOB],
        schedules=[nightly.SCHEDULE],
        sensors=[nightly.report_failure],
        resources={"as_of": AsOf()},
        executor=dg.in_process_executor,
    )


defs = definitions()
