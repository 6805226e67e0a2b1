"""The command for panels of many regions: `panel`.

Exit codes: 0 published or nothing changed; 1 nothing published.
"""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from pipelines import clock
from pipelines.console import Json, counted, emit, err, out, short

Day = Annotated[
    dt.datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="截至日期，默认今天 / a day; today."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(panel)


def panel(
    stage: Annotated[Path, typer.Argument(help="分区数据的文件夹 / folder of the partitions.")],
    as_of: Day = None,
    engine: Annotated[
        Literal["polars", "duckdb"],
        typer.Option(help="计算指标的引擎，结果相同 / computes the metrics; same results."),
    ] = "polars",
    batch_rows: Annotated[
        int | None,
        typer.Option(min=1, help="一批的行数，默认一百万 / rows computed at once; a million."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="只看哪些要重算 / say what would be computed, and do nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """大规模分区面板：只算有变化的指标，再发布 / a night over partitions: what changed, no more."""
    from assets.panel.night import BATCH_ROWS, keys_of, missing_of, night
    from assets.panel.stage import Stage

    if not (stage / "vintages").is_dir():
        err.print(
            f"[red]{escape(str(stage))} 不是分区数据 / holds no panel[/]: "
            "vintages/indicator_id=…/*.parquet is missing (docs/scale.md)"
        )
        raise typer.Exit(1)
    place = Stage(stage)
    day = as_of.date() if as_of else clock.today()
    if dry_run:
        wanted = keys_of(place, day)
        missing = [partition.indicator_id for partition, _ in missing_of(place, wanted)]
        if as_json:
            emit({"as_of": day, "indicators": len(wanted), "to_compute": missing})
        else:
            out.print(f"要重算 to compute: {len(missing)} / {len(wanted)}")
            for name in missing[:20]:
                out.print(f"  {escape(name)}")
        return
    with counted("指标 indicators") as say:
        result = night(
            place, day, engine=engine, batch_rows=batch_rows or BATCH_ROWS, say=say,
            notify=lambda message: err.print(f"[yellow]{escape(message)}[/]"),
        )  # fmt: skip
    if as_json:
        emit(
            {
                "as_of": result.as_of, "published": result.published,
                "content_sha256": result.content_sha256, "indicators": len(result.parts),
                "computed": list(result.computed),
                "judged_before": list(result.judged_before), "rows_in": result.rows_in,
                "rows_accepted": result.rows_accepted, "rows_rejected": result.rows_rejected,
            }
        )  # fmt: skip
        return
    word = "已发布 published" if result.published else "无变化，未发布 unchanged, nothing published"
    out.print(f"[green]{word}[/] {result.content_sha256[:8]}（截至 as of {day}）")
    out.print(f"指标 indicators: {len(result.parts)}，重算 computed {len(result.computed)}")
    if result.judged_before:
        out.print(
            f"其中只算差距 gaps only: {len(result.judged_before)}"
            "（两日之间没有新发布 nothing was published between the days）"
        )
    out.print(
        f"行数 rows: 读入 in {result.rows_in} = 接受 accepted {result.rows_accepted}"
        f" + 拒绝 rejected {result.rows_rejected}"
    )
    out.print(f"查询 query: duckdb -readonly {short(stage / 'panel.duckdb')}")
