"""The commands for evaluators: `bundle`, `verify`.

Exit codes of `verify`: 0 no difference; 1 differences, or a bundle that is not whole; 2 usage.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.console import Json, emit, err, out, short
from pipelines.settings import Settings

if TYPE_CHECKING:
    from assets.evidence.verify import Verification

SHOWN = 30


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(bundle)
    app.command()(verify)


def bundle(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="zip 文件 / file.")] = None,
) -> None:
    """评估包：数据、登记册、版本、结果、重算用的 SQL / everything behind the gaps in one zip."""
    settings = Settings.default()
    target, left_out = _write(settings, output)
    out.print(f"[green]评估包 bundle[/]: {short(target)}（{target.stat().st_size / 1e6:.1f} MB）")
    if left_out:
        err.print(f"[yellow]已变动而未收入的输入 / inputs that changed since and are not in it[/]: "
                  f"{escape(', '.join(left_out))}")  # fmt: skip
    out.print(f"核对 to check it: duibiao verify {short(target)}")


def verify(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[BUNDLE]",
            exists=True,
            dir_okay=False,
            help="评估包；默认当前版本 / a bundle; the live build.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """用另一条路（纯 SQL）重算每个差距并比较 / every gap again by plain SQL, and any difference."""
    from assets.evidence.archive import BundleError
    from assets.evidence.verify import verify_bundle

    with tempfile.TemporaryDirectory() as temporary:
        place = file or _write(Settings.default(), Path(temporary) / "live.zip")[0]
        try:
            found = verify_bundle(place)
        except BundleError as error:
            if as_json:
                emit({"problems": error.problems})
            else:
                for problem in error.problems:
                    err.print(f"[red]{escape(problem)}[/]", highlight=False)
            raise typer.Exit(1) from None
    comparison = found.comparison
    if as_json:
        emit({"build": found.build, "other_sql": found.other_sql, "values": comparison.values,
              "differences": [vars(d) for d in comparison.differences],
              "tables": [vars(t) for t in comparison.tables]})  # fmt: skip
    else:
        _print(found)
    if comparison.differences:
        raise typer.Exit(1)


def _print(found: "Verification") -> None:
    comparison = found.comparison
    different = len(comparison.differences)
    out.print(f"版本 build {found.build['build_id']}，截至 as of {found.build['as_of']}")
    if found.other_sql:
        names = escape(", ".join(found.other_sql))
        out.print(f"[yellow]评估包里的 SQL 与本程序的不同，已用后者 / the bundle's SQL differs, "
                  f"the program's was run[/]: {names}")  # fmt: skip
    if different:
        table = Table(title="不一致 / differences", title_justify="left")
        for name in ("表 table", "键 key", "列 column", "已发布 published", "重算 recomputed",
                     "差 difference"):  # fmt: skip
            table.add_column(name, overflow="fold")
        for d in comparison.differences[:SHOWN]:
            values = (_shown(value) for value in (d.published, d.recomputed, d.difference))
            table.add_row(d.table, escape(d.key), d.column, *values)
        out.print(table)
        if different > SHOWN:
            out.print(f"另有 / and {different - SHOWN} more: --json")
    for t in comparison.tables:
        out.print(f"{t.table}: {t.rows} 行 rows × {len(t.covered)} 列 columns")
        if t.all_null:
            out.print(f"[dim]  两边都无值 no value on either side: {', '.join(t.all_null)}[/]")
        if t.others:
            out.print(f"[dim]  未重算 not recomputed: {', '.join(t.others)}[/]")
    colour = "red" if different else "green"
    out.print(f"[{colour}]重算 recomputed {comparison.values} 个值 values，"
              f"不一致 different {different}[/]")  # fmt: skip


def _shown(value: object) -> str:
    return "—" if value is None else escape(str(value))


def _write(settings: Settings, output: Path | None) -> tuple[Path, list[str]]:
    from assets.evidence.bundle import write_bundle
    from pipelines.builds import open_build, require_build

    build = require_build(settings)
    target = output or settings.exports / f"duibiao-bundle-{build.name}.zip"
    with open_build(build) as connection:
        return target, write_bundle(connection, settings.root, target)
