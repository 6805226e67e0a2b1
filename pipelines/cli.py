"""The `duibiao` command.

Exit codes: 0 published, unchanged or answered; 1 nothing published or no answer; 2 wrong usage;
3 published, but a source failed or was quarantined, a record of the register could not be read,
a correction no longer fits, the report could not be made, or rows of a table of one's own were
refused.
"""

import datetime as dt
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from pipelines import (
    cli_assess,
    cli_exports,
    cli_index,
    cli_notebook,
    cli_panel,
    cli_report,
    cli_skill,
    cli_sql,
    cli_submissions,
    cli_verify,
)
from pipelines.console import Json, emit, err, out, progress, short
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console

app = typer.Typer(
    name="duibiao",
    help="对标：每晚衡量每个规划目标离实现还有多远 / how far each goal still is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Day = Annotated[
    dt.datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="只用该日及以前发布的数据 / a day."),
]


def print_answer(console: "Console", state: Any) -> None:
    """One line a source, as it ends."""
    colours = {"failed": "red", "quarantined": "yellow"}
    words = {"fetched": "已取 fetched", "unchanged": "无变化 unchanged",
             "quarantined": "待定 quarantined", "failed": "失败 failed"}  # fmt: skip
    counts = "，".join(f"{word} {state.count(k)}" for k, word in words.items() if state.count(k))
    colour = colours.get(state.outcome, "green")
    console.print(f"[{colour}]{state.source_id}: {words[state.outcome]}[/] {counts}")
    for part, trouble in state.troubles[:5]:
        where = f"{part}: " if part else ""
        console.print(f"  {escape(where + trouble.zh)} / {escape(trouble.en)}\n"
                      f"  [dim]→ {escape(trouble.remedy)}[/]")  # fmt: skip


@app.command()
def run(
    as_of: Day = None,
    dry_run: Annotated[bool, typer.Option(help="只计算检查，不发布 / publish nothing.")] = False,
    force: Annotated[bool, typer.Option(help="未变化也发布 / publish although unchanged.")] = False,
    wait: Annotated[bool, typer.Option(help="等待另一次运行 / wait for another run.")] = True,
    offline: Annotated[
        bool, typer.Option("--offline", help="不访问网络 / ask no source on the network.")
    ] = False,
    source: Annotated[
        list[str] | None,
        typer.Option(help="只访问这些数据源（可重复）/ ask these sources only; may be repeated."),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="取全部31省 / all 31 provinces, not Henan alone.")
    ] = False,
    report: Annotated[bool, typer.Option(help="同时生成网页报告 / make the report too.")] = True,
    engine: Annotated[
        Literal["polars", "spark"],
        typer.Option(help="在本机或在Spark上计算，结果相同 / here or on Spark; same results."),
    ] = "polars",
    master: Annotated[
        str | None,
        typer.Option(
            help="Spark的地址，默认本机 / spark://…, yarn, k8s://…, local[*]; sc://… for Connect."
        ),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            help="Spark各机器都能访问的文件夹或网址 / where Spark reads and writes: path or s3a://…."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """取数、检验、建库、发布 / ask the sources, check, build and publish everything."""
    from pipelines.builds import live_build, open_readonly
    from pipelines.locking import UNATTENDED_WAIT
    from pipelines.run import run as run_all

    settings = Settings.default()
    if engine != "spark" and (master or stage):
        raise typer.BadParameter("--master and --stage belong to --engine spark")
    on = None
    if engine == "spark":
        from pipelines.cluster import Spark

        on = Spark(master, stage or str(settings.stage / "spark"))

    with progress() as say:
        result = run_all(
            settings,
            as_of.date() if as_of else None,
            dry_run=dry_run,
            force=force,
            offline=offline,
            only=source or (),
            peers=peers,
            wait=UNATTENDED_WAIT if wait else 0.0,
            engine=on,
            say=say,
            answered=lambda state: print_answer(err, state),
            received=lambda receipt: cli_submissions.print_receipt(err, receipt),
            notify=lambda message: err.print(f"[yellow]{escape(message)}[/]"),
        )
    if as_json:
        emit(vars(result) | {"sources": [_brief(state) for state in result.sources]})
    elif not result.published and not dry_run:
        word = "无变化，未发布新版本 / unchanged, nothing published"
        out.print(f"[green]{word}[/]: {result.build_id}（截至 as of {result.as_of}）")
    else:
        _print_run(result, dry_run)
    if not dry_run and not as_json and live_build(settings) is not None:
        with open_readonly(settings) as connection:
            _print_headline(settings, connection)
    has_report = dry_run or not report or _make_report(settings, quiet=as_json)
    if result.failed_inputs:
        err.print(
            "[red]未能完整读取，沿用上次数据 / not read in full, the last good data stay in use: "
            f"{', '.join(result.failed_inputs)}[/]（duibiao sources · duibiao check）"
        )
        if not dry_run:
            _print_ages(settings, result.failed_inputs)
    if result.failed_inputs or not has_report:
        raise typer.Exit(3)


def _make_report(settings: Settings, *, quiet: bool) -> bool:
    """The pages of the live build, if they are not there yet. The figures are out without them."""
    from pipelines.report import FIRST_PAGE, make_report

    try:
        folder = make_report(settings)
    except Exception as error:
        why = escape(f"{type(error).__name__}: {error}")
        err.print("[red]数据已发布，但报告未能生成 / published, but the report could not be made"
                  f"[/]: {why}（duibiao report）")  # fmt: skip
        return False
    if not quiet:
        shown = settings.report if settings.report.exists() else folder
        out.print(f"报告 report: {short(shown / FIRST_PAGE)}")
    return True


def _print_ages(settings: Settings, failed: tuple[str, ...]) -> None:
    """How old the data are that stay in use."""
    from pipelines.builds import open_readonly
    from pipelines.query import rows

    with open_readonly(settings) as connection:
        found = rows(connection, "SELECT source_id, last_good_on, age_days FROM meta.sources")
    for row in found:
        if row["source_id"] in failed:
            age = (
                f"沿用 {row['last_good_on']} 的数据，已 {row['age_days']} 天 / in use: data of "
                f"{row['last_good_on']}, {row['age_days']} days old"
                if row["last_good_on"]
                else "尚无任何数据 / no data of it yet"
            )
            err.print(f"  {row['source_id']}: {age}")


def _brief(state: Any) -> dict[str, Any]:
    return {
        "source_id": state.source_id,
        "outcome": state.outcome,
        **{name: state.count(name) for name in ("fetched", "unchanged", "quarantined", "failed")},
        "troubles": [{"part": part, **vars(trouble)} for part, trouble in state.troubles],
    }


def _print_run(result: Any, dry_run: bool) -> None:
    word = (
        "试运行，未发布 / dry run, nothing published"
        if dry_run
        else (f"已发布 / published {result.build_id}")
    )
    found = result.findings or {}
    out.print(f"[green]{word}[/]（截至 as of {result.as_of}）")
    out.print(f"行数 rows: 读入 in {result.rows_in} = 接受 accepted {result.rows_accepted} + "
              f"拒绝 rejected {result.rows_rejected}")  # fmt: skip
    errors, warnings, notes = (found.get(s, 0) for s in ("error", "warning", "info"))
    out.print(f"检查 findings: 错误 errors {errors}，警告 warnings {warnings}，"
              f"提示 notes {notes}（duibiao check）")  # fmt: skip


def _print_headline(settings: Settings, connection: "duckdb.DuckDBPyConnection") -> None:
    from pipelines.show import print_headline

    print_headline(out, connection)
    out.print(f"数据库 database: {short(settings.warehouse_link)}\n"
              "下一步 next: duibiao show ecommerce_transaction_value · duibiao check · "
              "duibiao sql \"FROM headline\"")  # fmt: skip


@app.command()
def status(as_json: Json = False) -> None:
    """当前版本、截至日、状态计数 / the live build, its day, counts by status."""
    from pipelines.builds import open_readonly
    from pipelines.query import rows

    settings = Settings.default()
    with open_readonly(settings) as connection:
        build = rows(connection, "SELECT * FROM meta.build")[0]
        counts = rows(connection, "SELECT * FROM main.status_counts")
        findings = rows(connection, "SELECT severity, count(*) AS n FROM meta.checks GROUP BY 1")
        if as_json:
            emit({"build": build, "status_counts": counts, "findings": findings})
            return
        out.print(f"版本 build {build['build_id']}，截至 as of {build['as_of']}，"
                  f"程序 code {build['code_version']}，行数 rows {build['rows_in']} = "
                  f"{build['rows_accepted']} + {build['rows_rejected']}")  # fmt: skip
        out.print("检查 findings: " + "，".join(f"{r['severity']} {r['n']}" for r in findings))
        _print_headline(settings, connection)


@app.command()
def show(indicator: str, as_json: Json = False) -> None:
    """一个指标的目标、结果和数据 / one indicator: goals, outcomes, figures, sources."""
    from pipelines.builds import open_readonly
    from pipelines.show import indicator_record, print_indicator

    with open_readonly(Settings.default()) as connection:
        record = indicator_record(connection, indicator)
    if as_json:
        emit(record)
    else:
        print_indicator(out, record)


@app.command()
def check(
    severity: Annotated[
        Literal["error", "warning", "info"] | None, typer.Option(help="只列一级 / only these.")
    ] = None,
    as_json: Json = False,
) -> None:
    """检查发现 / the findings of the checks. 有错误时退出码为1 / exit code 1 on errors."""
    from pipelines.builds import open_readonly
    from pipelines.query import rows

    with open_readonly(Settings.default()) as connection:
        found = rows(
            connection,
            "SELECT * FROM meta.checks WHERE severity = coalesce(?, severity) "
            "ORDER BY list_position(['error', 'warning', 'info'], severity), rule, key",
            severity,
        )
        ledger = rows(connection, "SELECT * FROM meta.ledger ORDER BY source_id")
    if as_json:
        emit({"checks": found, "ledger": ledger})
    else:
        colours = {"error": "red", "warning": "yellow", "info": "dim"}
        for f in found:
            text = {name: escape(value or "") for name, value in f.items()}
            out.print(f"[{colours[f['severity']]}]{text['severity']:<7}[/] {text['rule']} "
                      f"[bold]{text['key']}[/] {text['message_zh']} / {text['message_en']} "
                      f"[dim]→ {text['remedy']}[/]")  # fmt: skip
        for row in ledger:
            out.print(f"{row['source_id']}: 读入 in {row['rows_in']} = 接受 accepted "
                      f"{row['rows_accepted']} + 拒绝 rejected {row['rows_rejected']}")  # fmt: skip
    if any(f["severity"] == "error" for f in found):
        raise typer.Exit(1)


@app.command()
def diff(as_json: Json = False) -> None:
    """与上一版本的差异 / what changed since the last build."""
    from pipelines.builds import open_readonly
    from pipelines.query import rows
    from pipelines.tabular import print_rows

    with open_readonly(Settings.default()) as connection:
        previous = rows(connection, "SELECT previous_build_id FROM meta.build")[0]
        found = rows(connection, "SELECT * FROM meta.diff ORDER BY table_name, key, column_name")
    if as_json:
        emit({**previous, "changes": found})
        return
    out.print(f"与 {previous['previous_build_id'] or '（无上一版本 / none before）'} 相比 compared")
    print_rows(out, found)


@app.command()
def sources(as_json: Json = False) -> None:
    """数据源的状态、新旧、错误、下次发布 / the sources: state, age, errors, next release."""
    from pipelines.builds import open_readonly
    from pipelines.show_sources import print_sources, source_records

    settings = Settings.default()
    with open_readonly(settings) as connection:
        found = source_records(connection, settings)
    if as_json:
        emit(found)
    else:
        print_sources(out, found)


@app.command()
def accept(
    source: str,
    part: str,
    reason: Annotated[str, typer.Option(help="为什么可信 / why it may be believed.")],
) -> None:
    """接受一份待定的落地文件 / accept a quarantined landing after looking at it."""
    from pipelines.collect import accept_by_hand
    from pipelines.locking import run_lock

    settings = Settings.default()
    with run_lock(settings, wait=0.0):
        landed = accept_by_hand(settings, source, part, reason)
    out.print(f"[green]已接受 / accepted[/] {source}/{part} {landed.sha256[:12]}；"
              "下次运行采用 / used from the next run on: duibiao run --offline")  # fmt: skip


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="CSV 文件 / a CSV file.")],
) -> None:
    """对自备表格计算各项指标 / the metrics on a table of one's own, without any register.

    列 columns: case_id, series (JSON [[year, value], …]), operator, target_value, value_high,
    target_year, baseline_year, baseline_value, ceiling, as_of（默认最后观测年 / default: the year
    of the last observation）；可选 optional: tolerance, value_kind, reference_year.
    每行输出一个 JSON 对象 / one JSON object a line; 有行被拒绝时退出码为3 / exit code 3 when
    rows were refused.
    """
    from assets.evaluate import evaluate_file

    refused = 0
    for record in evaluate_file(file):
        refused += "error" in record
        print(json.dumps(record, ensure_ascii=False, default=str))
    if refused:
        err.print(f"[yellow]{refused} 行被拒绝 / row(s) refused: see `error`[/]")
        raise typer.Exit(3)


for commands in (
    cli_assess,
    cli_exports,
    cli_index,
    cli_notebook,
    cli_panel,
    cli_report,
    cli_skill,
    cli_sql,
    cli_submissions,
    cli_verify,
):
    commands.register(app)


def main() -> None:
    """Entry point: known errors become one sentence and exit code 1, never a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        app()
    except Exception as error:
        import duckdb

        if not isinstance(error, (ValueError, LookupError, OSError, RuntimeError, duckdb.Error)):
            raise
        err.print(f"[red]错误 / error:[/] {escape(str(error))}", highlight=False)
        sys.exit(1)
