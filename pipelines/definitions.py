"""Dagster's view of the flow: the steps of `graph.py` as assets, with checks, job and schedule.

A thin shell: no rule and no formula lives here. Each run stages its frames in a folder of its
own, so that two runs never mix.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import polars as pl

from pipelines import clock, nightly, stage
from pipelines.asset_guides import described
from pipelines.asset_pages import (
    REGISTER,
    attainment_picture,
    findings_table,
    markdown,
    plain,
    preview,
    theme_picture,
    verdict,
)
from pipelines.fingerprint import Fingerprint, fingerprint
from pipelines.graph import Context, Frames, Step, steps
from pipelines.locking import run_lock
from pipelines.report import FIRST_PAGE, make_report
from pipelines.run import publish_frames, take_in
from pipelines.settings import Settings, is_offline
from schemas.contract import TABLES, columns_of, comment_of, info_of
from schemas.vocabulary import SEVERITIES, Label

OWNERS = ["team:statistics"]
TAKEN_IN = "taken_in"
PREVIEW = "预览 preview"
PICTURE = "图 picture"


class AsOf(dg.ConfigurableResource[dt.date]):
    """The as-of day of a run; empty means today in Asia/Shanghai."""

    day: str = ""

    def date(self) -> dt.date:
        """The day, or today."""
        return dt.date.fromisoformat(self.day) if self.day else clock.today()


class Pages(dg.ConfigurableResource[bool]):
    """What the pages of the assets show.

    Attributes:
        pictures: draw them; a night without is shorter.
    """

    pictures: bool = True


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
    description=described(
        TAKEN_IN,
        Label(
            "取数：访问各数据源，收取手工文件与单位报送",
            "Taking in: asks the sources, takes what people dropped and submitted",
        ),
    ),
)
def taken_in() -> dg.MaterializeResult[Any]:
    """How each source answered. DUIBIAO_OFFLINE=1: nobody is asked."""
    settings = Settings.default()
    with run_lock(settings):
        taken = take_in(settings, offline=is_offline())
    heads = ["数据源 source", "结果 outcome", "新取 fetched", "无变化 unchanged",
             "待定 quarantined", "失败 failed", "问题与处理 trouble, what to do"]  # fmt: skip
    cells = [
        [
            state.source_id,
            state.outcome,
            *(str(state.count(name)) for name in ("fetched", "unchanged", "quarantined", "failed")),
            "; ".join(f"{part} {t.zh} → {t.remedy}" for part, t in state.troubles) or "—",
        ]
        for state in taken.states
    ]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(cells),
            "数据源 sources": dg.MetadataValue.md(markdown(heads, cells)),
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
        context: dg.AssetExecutionContext, as_of: AsOf, pages: Pages
    ) -> Iterator[dg.MaterializeResult[Any]]:
        folder = folder_of(context.run.run_id)
        frames = {name: staged(context.run.run_id, name) for name in step.reads}
        # The landing writes sidecars, and steps may be processes side by side.
        with run_lock(Settings.default()):
            made_of(folder, as_of.date())
            made = step(Context(Settings.default(), as_of.date()), frames)
        for name, frame in made.items():
            stage.write_frame(folder, name, frame)
        names = _names(context.run.run_id)
        for key in keys:
            shown = made[key] if key in made else made[step.writes[0]]
            metadata: dict[str, Any] = {
                "dagster/row_count": shown.height,
                PREVIEW: dg.MetadataValue.md(preview(key, shown, names)),
            }
            if pages.pictures:
                picture = _picture(step, key, frames | made, context.run.run_id, as_of.date())
                if picture:
                    metadata[PICTURE] = dg.MetadataValue.md(picture)
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    return compute


def _picture(step: Step, key: str, frames: Frames, run_id: str, as_of: dt.date) -> str:
    """What an asset looks like, in markdown; "" for those that are better read as tables."""
    is_theme = f"vintages_{step.name}" in step.writes
    if key != "gap_to_goal" and not is_theme:
        return ""
    register = {name: staged(run_id, name) for name in REGISTER}
    if not is_theme:
        return attainment_picture(register | dict(frames), as_of)
    figures = pl.concat([frames[f"vintages_{step.name}"], frames["document_observations"]])
    return theme_picture(step.name, figures, register, as_of)


def _names(run_id: str) -> dict[str, str]:
    """Chinese names of indicators and regions by id, where the register has been read."""
    try:
        indicators, regions = staged(run_id, "indicators"), staged(run_id, "regions")
    except stage.StageError:  # steps that need no register may come before it
        return {}
    return dict(
        [*indicators.select("indicator_id", "name_zh").iter_rows(),
         *regions.select("region_code", "name_zh").iter_rows()]
    )  # fmt: skip


def _description(step: Step, key: str) -> str:
    if key not in TABLES:
        return described(key, Label(step.zh, step.en))
    info = info_of(TABLES[key])
    return described(key, Label(info.zh, info.en))


def _schema(key: str) -> dict[str, Any]:
    if key not in TABLES:
        return {}
    found = [
        dg.TableColumn(c.name, c.sql_type, description=plain(comment_of(c)),
                       constraints=dg.TableColumnConstraints(nullable=c.nullable))
        for c in columns_of(TABLES[key])
    ]  # fmt: skip
    return {"dagster/column_schema": dg.TableSchema(found)}


def warehouse_asset(order: Sequence[Step]) -> dg.AssetsDefinition:
    """The last asset: every staged table into one DuckDB file, published whole or not at all."""
    holder = {frame: key_of(step, frame) for step in order for frame in step.writes}

    @dg.asset(
        name="warehouse",
        group_name="warehouse",
        deps=sorted({holder[f] for f in holder if f in TABLES}),
        owners=OWNERS,
        kinds={"duckdb"},
        description=described(
            "warehouse",
            Label(
                "数据仓库：一个 DuckDB 文件，整体发布",
                "The warehouse: one DuckDB file, published whole or not at all",
            ),
        ),
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


@dg.asset(
    name="report",
    group_name="warehouse",
    deps=["warehouse"],
    owners=OWNERS,
    kinds={"html"},
    description=described(
        "report",
        Label("报告：给人看的网页，中英文", "The report: web pages for people, two languages"),
    ),
)
def report() -> dg.MaterializeResult[Any]:
    """The pages of the live build."""
    page = make_report(Settings.default()) / FIRST_PAGE
    return dg.MaterializeResult(
        metadata={
            "首页 first page": dg.MetadataValue.path(str(page)),
            "在浏览器里打开 open in a browser": dg.MetadataValue.url(page.as_uri()),
        }
    )


class Promise(NamedTuple):
    """What a table is checked for.

    Attributes:
        zh, en: the sentence that should hold.
        broken_by: severities of the findings that it does not hold with.
    """

    zh: str
    en: str
    broken_by: tuple[str, ...] = ("error", "warning")


CHECKED = {
    "rejected_rows": Promise("没有被拒绝的行", "no row was refused"),
    "observations": Promise("各来源一致、数据不陈旧", "sources agree and nothing is stale"),
    "gap_to_goal": Promise("每个有效目标都有数据", "every live goal has data", tuple(SEVERITIES)),
    "statements": Promise("每条原文都有去向", "every statement is accounted for"),
    "landings": Promise("每个来源都能读取", "every source could be read"),
    "sources": Promise("每个来源都应答并通过验收", "every source answered and was accepted"),
    "submissions": Promise("报送表都能读取", "every submission could be read"),
}


def check_of(table: str, promise: Promise) -> dg.AssetChecksDefinition:
    """The findings of a table as an asset check: an error fails it, anything else warns."""

    @dg.asset_check(
        asset=table,
        name="findings",
        description=f"{promise.zh} / {promise.en}",
        additional_deps=["checks"],
    )
    def findings(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        found = staged(context.run.run_id, "checks").filter(pl.col("table_name") == table)
        against = found.filter(pl.col("severity").is_in(promise.broken_by))
        names = _names(context.run.run_id)
        has_errors = "error" in against["severity"]
        return dg.AssetCheckResult(
            passed=against.is_empty(),
            severity=dg.AssetCheckSeverity.ERROR if has_errors else dg.AssetCheckSeverity.WARN,
            description=verdict(
                Label(promise.zh, promise.en), against, found.height - against.height, names
            ),
            metadata={"发现与处理 findings": dg.MetadataValue.md(findings_table(against, names))},
        )

    return findings


@cache
def definitions() -> dg.Definitions:
    """Everything that Dagster loads: assets, checks, the nightly job, its schedule and sensor."""
    order = steps(Settings.default())
    return dg.Definitions(
        assets=[taken_in, *assets_of(order), warehouse_asset(order), report],
        asset_checks=[check_of(table, promise) for table, promise in CHECKED.items()],
        jobs=[nightly.JOB],
        schedules=[nightly.SCHEDULE],
        sensors=[nightly.report_failure],
        resources={"as_of": AsOf(), "pages": Pages()},
        executor=dg.in_process_executor,
    )


defs = definitions()
