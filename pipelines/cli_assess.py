"""The command `assess`: the score sheet of a year, of all units, one unit or one region.

Exit codes: 0 shown; 1 no answer: no build, no goals; 2 wrong usage.
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.console import Json, emit, out, progress, short
from pipelines.settings import Settings

if TYPE_CHECKING:
    from assets.assess.view import View

WIDEST: Final = 100
OUTCOMES: Final = {
    "frozen": "已冻结 / frozen",
    "made": "新算并冻结 / made and frozen",
    "restated": "已重算 / restated",
    "unchanged": "重算结果相同，未改动 / made anew and the same, left as it was",
}
DRY: Final = "试算，未写入 / dry run, nothing written"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(assess)


def assess(
    year: Annotated[int, typer.Option(help="年度 / year.", min=1949, max=2100)],
    unit: Annotated[
        str | None, typer.Option(help="责任单位名称或代码 / a unit, by name or id.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="地区代码或名称 / a region, by code or name.")
    ] = None,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            help="只用该日及以前发布的数据，默认年末 / a day, default the year's last.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="文件 / file: .csv .xlsx .json .html."),
    ] = None,
    restate: Annotated[
        bool, typer.Option("--restate", help="重算已冻结的考核表 / make a frozen sheet anew.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="只计算，不写入 / write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """年度目标考核：各责任单位（地区）的目标、结果、证据、得分 / score sheet of a year.

    第一次计算后冻结在 data/assessments/<年度>/ / the first call freezes it.
    退出码 exit code: 0 已显示 shown; 1 没有构建或目标 no build or goals; 2 用法错误 usage.
    """
    from assets.assess.view import UnknownName
    from pipelines.assess import ENDINGS, write_view
    from pipelines.assess import assess as make

    if output is not None and dry_run:
        raise typer.BadParameter("不能与 --output 同用 / not with --output", param_hint="--dry-run")
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"须以 {' '.join(ENDINGS)} 结尾 / must end so", param_hint="-o")
    settings = Settings.default()
    try:
        with progress() as say:
            found = make(
                settings, year, as_of.date() if as_of else None, unit, region,
                restate=restate, dry_run=dry_run, say=say,
            )  # fmt: skip
    except UnknownName as error:
        raise typer.BadParameter(str(error)) from None
    view = found.view
    written = write_view(settings, view, output) if output else []
    if as_json:
        emit(view.record())
        return
    print_view(out, view)
    word = DRY if dry_run and found.outcome != "frozen" else OUTCOMES[found.outcome]
    out.print(f"[green]{word}[/]" + ("" if word == DRY else f": {escape(short(found.folder))}"))
    for path in written:
        out.print(f"[green]已写出 / written[/] {escape(str(path))}")


def print_view(console: Console, view: "View") -> None:
    """The sums, the goals due with their points, and the units where all are asked for."""
    sheet, rules = view.sheet, view.rules
    width = min(WIDEST, console.width)
    console.print(f"[bold]{sheet['year']}年度目标考核[/] {escape(view.title('zh'))} / "
                  f"{escape(view.title('en'))}", width=width)  # fmt: skip
    console.print(f"截至 as of {sheet['as_of']}，构建 build {sheet['build']['build_id']}，"
                  f"规则 rules {rules.id} {rules.version} {sheet['rules']['sha256'][:12]}",
                  width=width, highlight=False)  # fmt: skip
    _print_sums(console, view, width)
    due = [x for x in view.part("due") if x["treatment"] == "scored"]
    others = [x for x in view.part("due") if x["treatment"] != "scored"]
    named = view.unit is not None or view.region is not None
    _print_lines(console, f"{sheet['year']}年到期 due", [*due, *(others if named else [])], width)
    if sheet["as_of"] == f"{sheet['year']}-12-31" and view.summary["not_assessable"]:
        text = "年末时当年的数多未公布 / at its end few figures of the year are out"
        console.print(f"[yellow]{text}[/]: --as-of", width=width)
    if others and not named:
        text = "另有当年到期、没有得分的 / more goals due, without points:"
        console.print(f"{text} {len(others)}（--unit, --json, -o）", width=width, highlight=False)
    running = [x for x in view.part("running") if x["progress_pct"] is not None]
    _print_lines(console, "未到期、有进展数据 running, with progress", running, width)
    console.print(
        f"未到期 running {len(view.part('running'))}，此前到期 due before "
        f"{len(view.part('earlier'))}：只列不计的见 all of them: --json, -o", width=width,
    )  # fmt: skip
    if not named:
        _print_units(console, view, width)
    if sheet["restated"]:
        _print_restated(console, sheet["restated"], width)
    console.print(f"[dim]{escape(rules.note.zh)} / {escape(rules.note.en)}[/]", width=width)


def _print_sums(console: Console, view: "View", width: int) -> None:
    from assets.assess.page import shown_mark

    s, rules = view.summary, view.rules
    if s["score"] is None:
        share = "—" if s["assessed_share"] is None else f"{s['assessed_share']:.1%}"
        console.print(f"[yellow]不给总分 no total[/]：可评定 assessable {share} < "
                      f"{rules.minimum_share:.1%}", width=width, highlight=False)  # fmt: skip
    else:
        band = next(b.name for b in rules.bands if b.id == s["band"])
        console.print(f"总分 score [bold]{shown_mark(s['score'])}[/] / {rules.full_mark:g}，"
                      f"等级 grade {band.zh} {band.en}", width=width, highlight=False)  # fmt: skip
    rate = "—" if s["completion_rate_pct"] is None else f"{s['completion_rate_pct']} %"
    console.print(
        f"得分 points {shown_mark(s['points'])} / {shown_mark(s['max_points'])}；"
        f"计分 scored {s['scored']}，已实现 met {s['met']}，目标完成率 completed {rate}，"
        f"无法评定 not assessable {s['not_assessable']}", width=width, highlight=False,
    )  # fmt: skip


def _print_lines(console: Console, title: str, lines: list[dict[str, Any]], width: int) -> None:
    from assets.assess.page import shown_mark
    from assets.assess.sheet import NOT_STATED
    from assets.assess.table import treatment
    from assets.report.text import Words
    from schemas.vocabulary import STATUSES

    if not lines:
        return
    words = Words("zh")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, width=width,
                  pad_edge=False)  # fmt: skip
    for name in ("指标\nindicator", "目标\ngoal", "结果\nreached", "完成率\n%", "结论\nverdict",
                 "得分\npoints", "证据\nevidence", "条目\nstatement", "单位\nunits"):  # fmt: skip
        right = name.startswith(("目标", "结果", "完成", "得分", "单位"))
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for x in lines:
        reached = words.figure(x["reached"], x["unit"])
        when = "" if x["reached"] is None else f" {x['reached_period'] or ''}"
        scored = x["treatment"] == "scored"
        table.add_row(
            escape(" ".join(filter(None, (x["name_zh"], words.region(x))))),
            escape(words.target(x)), escape(f"{reached}{when}"),
            words.percent(x["attainment_pct"]).rstrip("%"), STATUSES[x["status"]].zh,
            f"{shown_mark(x['points'])}/{shown_mark(x['max_points'])}" if scored
            else f"[dim]{treatment(x).zh}[/]",
            x["evidence_grade"] or "—", x["citation"]["id"],
            "—" if NOT_STATED in x["units"] else str(len(x["units"])),
        )  # fmt: skip
    console.print(table)


def _print_units(console: Console, view: "View", width: int) -> None:
    from assets.assess.page import shown_mark

    bands = {b.id: b.name.zh for b in view.rules.bands}
    table = Table(title="责任单位 responsible units", title_justify="left", box=box.SIMPLE_HEAD,
                  width=width, pad_edge=False)  # fmt: skip
    for name in ("单位\nunit", "代码\nid", "总分\nscore", "等级\ngrade", "得分\npoints",
                 "计分\nscored", "无法评定\nnot assessable"):  # fmt: skip
        left = name.startswith(("单位", "代码", "等级"))
        table.add_column(name, justify="left" if left else "right", overflow="fold")
    with_due = [
        row for row in view.by_unit if row["summary"]["not_scored"] < row["summary"]["goals"]
    ]
    for row in with_due:
        s = row["summary"]
        got = "—" if s["points"] is None else (
            f"{shown_mark(s['points'])}/{shown_mark(s['max_points'])}"
        )  # fmt: skip
        table.add_row(escape(row["zh"]), row["id"], shown_mark(s["score"]),
                      bands.get(s["band"], "—"), got, str(s["scored"]),
                      str(s["not_assessable"]))  # fmt: skip
    console.print(table)


def _print_restated(console: Console, restated: dict[str, Any], width: int) -> None:
    from assets.assess.page import shown_mark
    from assets.assess.restate import CAUSES

    console.print(f"[yellow]重算 restated[/]：前一版 former {restated['former']}，得分变动 points "
                  f"changed {len(restated['changes'])}", width=width)  # fmt: skip
    for c in restated["changes"]:
        why = "；".join(f"{CAUSES[w['field']].zh} {w['before']} → {w['after']}" for w in c["why"])
        before, after = shown_mark(c["points_before"]), shown_mark(c["points_after"])
        console.print(f"  {c['year'] or ''} {escape(c['name_zh'])} {before} → {after} "
                      f"[dim]{escape(why)}[/]", width=width, highlight=False)  # fmt: skip
