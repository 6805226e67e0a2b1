"""The commands of the quarterly submissions: `template`, `submit`, `submissions`.

Exit codes of `submit`: 0 all figures loaded; 3 some were refused; 1 nothing was loaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.console import Json, emit, out
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.inbox import Receipt

QuarterText = Annotated[str | None, typer.Option("--quarter", help="季度 / quarter: 2026Q3.")]

OUTCOMES = {
    "accepted": ("green", "全部接受 accepted"),
    "partly": ("yellow", "部分接受 partly accepted"),
    "already": ("cyan", "此前已收到 already received"),
    "refused": ("red", "未采用 refused"),
    "failed": ("red", "未能收入 not taken in"),
}
STATUS_COLOURS = {"missing": "red", "late": "yellow", "partial": "yellow", "received": "green"}


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(template)
    app.command()(submit)
    app.command()(submissions)


def template(
    quarter: Annotated[str, typer.Option(help="季度 / quarter: 2026Q3.")],
    unit: Annotated[
        str | None, typer.Option(help="责任单位名称或代码 / a unit, by name or id.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="地区代码或名称 / a region, by code or name: 410100.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="文件 / file.")] = None,
) -> None:
    """下载季度报送表 / the workbook that a unit or a region has to fill in."""
    from pipelines.files import whole
    from pipelines.quarters import Quarter
    from pipelines.submit import make_template

    if unit is None and region is None:
        raise ValueError("请指明 --unit 或 --region / name a unit or a region")
    form = make_template(Settings.default(), Quarter.parse(quarter), unit, region)
    path = output or Path(form.name)
    with whole(path) as temporary:
        temporary.write_bytes(form.body)
    out.print(f"[green]已写出 / written[/] {escape(str(path))}：{escape(form.title)}，"
              f"应报 {form.figures} 个数 / {form.figures} figures")  # fmt: skip


def submit(
    files: Annotated[list[Path], typer.Argument(help="填好的报送表 / filled-in workbooks.")],
    reason: Annotated[
        str | None, typer.Option(help="更正原因（已锁定季度）/ why figures are changed.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="只校验，不收入 / judge only.")] = False,
    as_json: Json = False,
) -> None:
    """校验并收入季度报送表，写出回执 / check and take in workbooks, and write receipts.

    退出码 exit code: 0 全部收入 all loaded; 3 部分被拒 some refused; 1 未收入 nothing loaded.
    """
    from pipelines.submit import submit_files

    why = reason.strip() if reason else None
    receipts = submit_files(Settings.default(), files, reason=why or None, dry_run=dry_run)
    if as_json:
        emit([_brief(r) for r in receipts])
    else:
        for receipt in receipts:
            print_receipt(out, receipt)
        if not dry_run and any(r.accepted for r in receipts):
            out.print("下次运行后计入 / counted from the next run on: duibiao run --offline")
    if code := exit_code(receipts):
        raise typer.Exit(code)


def submissions(
    quarter: QuarterText = None,
    unit: Annotated[
        str | None, typer.Option(help="责任单位名称或代码 / a unit, by name or id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """谁该报、报了没有 / who owes what for a quarter, and what came in."""
    from pipelines import clock
    from pipelines.quarters import Quarter
    from pipelines.submit import load_roster, standing

    settings = Settings.default()
    wanted = Quarter.parse(quarter) if quarter else None
    found = standing(settings, clock.today()).table.to_dicts()
    roster = load_roster(settings)
    names = dict(roster.regions.select("region_code", "name_zh").iter_rows())
    if wanted is not None:
        found = [r for r in found if r["quarter"] == str(wanted)]
    if unit is not None:
        ids = {u.id for u in roster.settings.units if unit in (u.id, u.name.zh, *u.names)}
        if not ids:
            known = ", ".join(f"{u.id} {u.name.zh}" for u in roster.settings.units)
            raise LookupError(f"没有单位 / no unit {unit}; 可用 known: {known}")
        found = [r for r in found if r["unit_id"] in ids]
    if as_json:
        emit(found)
    else:
        _print_submissions(found, names)


def exit_code(receipts: "list[Receipt]") -> int:
    """0 where every figure of every file is loaded, 1 where none is, 3 in between."""
    usable = [r for r in receipts if r.outcome in ("accepted", "partly", "already")]
    if not usable:
        return 1
    return 0 if len(usable) == len(receipts) and not any(r.refused for r in usable) else 3


def _brief(receipt: "Receipt") -> dict[str, Any]:
    refused = receipt.reading.refused if receipt.reading else []
    error = receipt.error
    return {
        "file": receipt.file, "outcome": receipt.outcome, "title": receipt.title,
        "accepted": receipt.accepted, "refused": receipt.refused, "blank": receipt.blank,
        "error_zh": error.zh if error else None, "error_en": str(error) if error else None,
        "receipt": str(receipt.answer) if receipt.answer else None,
        "landing_sha256": receipt.landing.sha256 if receipt.landing else None,
        "refusals": [{"row": r.place, **vars(r.fault)} for r in refused],
    }  # fmt: skip


def print_receipt(console: Console, receipt: "Receipt") -> None:
    """How one file was received: each refused row with the reason, and where the receipt is."""
    colour, word = OUTCOMES[receipt.outcome]
    counted = (f"接受 accepted {receipt.accepted}，拒绝 refused {receipt.refused}，"
               f"未报 not given {receipt.blank}")  # fmt: skip
    console.print(f"[{colour}]{escape(receipt.file)}: {word}[/] {escape(receipt.title)}：{counted}")
    if receipt.error:
        console.print(f"  {escape(receipt.error.zh)} / {escape(str(receipt.error))}\n"
                  f"  [dim]→ {escape(receipt.error.remedy)}[/]")  # fmt: skip
    for refused in receipt.reading.refused if receipt.reading else []:
        fault = refused.fault
        console.print(f"  第{refused.place}行 {escape(refused.raw['indicator_id'] or '')} "
                  f"“{escape(fault.value or '')}”：{escape(fault.zh)} / {escape(fault.en)} "
                  f"[dim]→ {escape(fault.remedy)}[/]")  # fmt: skip
    for note in receipt.reading.notes if receipt.reading else []:
        console.print(f"  [yellow]{escape(note)}[/]")
    if receipt.answer:
        console.print(f"  回执 receipt: {escape(str(receipt.answer))}")


def _print_submissions(found: list[dict[str, Any]], names: dict[str, str]) -> None:
    from schemas.tables_submissions import SUBMISSION_STATUSES

    table = Table(title="季度报送 quarterly submissions")
    for name in ("季度 quarter", "责任单位 unit", "地区 region", "截止 due", "状态 status",
                 "应报 owed", "接受 accepted", "拒绝 refused", "收到 received",
                 "最近 last"):  # fmt: skip
        table.add_column(name)
    for row in found:
        status = row["status"]
        colour = STATUS_COLOURS.get(status, "default")
        table.add_row(
            row["quarter"], f"{row['unit_zh']} {row['unit_id']}",
            f"{names[row['region_code']]} {row['region_code']}", str(row["due_on"]),
            f"[{colour}]{SUBMISSION_STATUSES[status].zh} {status}[/]",
            *(str(row[k] if row[k] is not None else "")
              for k in ("figures_owed", "figures_accepted", "figures_refused", "received_on",
                        "last_received_on")),
        )  # fmt: skip
    out.print(table)
    out.print(f"[dim]{len(found)} 行 rows[/]")
