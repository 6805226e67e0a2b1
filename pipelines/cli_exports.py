"""The command `export`: the published build as CSV, Excel, Parquet, Data Package, SDMX and DCAT.

Exit codes: 0 all written; 3 written but for a format whose library is missing; 1 nothing written.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.console import err, out
from pipelines.files import sync, sync_tree
from pipelines.settings import Settings

if TYPE_CHECKING:
    from assets.exports.write import Export


class Format(StrEnum):
    """What can be asked for. `all` is everything."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    FRICTIONLESS = "frictionless"
    SDMX = "sdmx"
    DCAT = "dcat"
    ALL = "all"


WORDS = {
    "csv": "CSV 每表一个文件 / one file a table",
    "frictionless": "数据包 / Data Package",
    "xlsx": "Excel 工作簿 / workbook",
    "parquet": "Parquet 每表一个文件 / one file a table",
    "sdmx": "SDMX 数据与结构 / data and structure",
    "dcat": "DCAT 目录与 DuckDB 库 / catalogue and DuckDB file",
    "notes": "说明与校验和 / notes and checksums",
}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(export)


def export(
    formats: Annotated[
        list[Format] | None, typer.Option("--format", help="格式，可多次 / format, repeatable.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="文件夹 / folder.")] = None,
    force: Annotated[bool, typer.Option(help="覆盖已有的导出 / replace an export.")] = False,
) -> None:
    """导出当前版本：CSV、Excel、Parquet、数据包、SDMX、DCAT / export the live build.

    默认写入 data/exports/<构建>/，全部格式。退出码 exit code: 0 全部写出 all written;
    3 缺少某格式的程序库 a library is missing; 1 未写出 nothing written.
    """
    from assets.exports.write import FORMATS, write_exports
    from pipelines.builds import open_readonly
    from pipelines.query import rows

    settings = Settings.default()
    wanted = formats or [Format.ALL]
    names = FORMATS if Format.ALL in wanted else tuple(f.value for f in wanted)
    with open_readonly(settings) as connection:
        build_id = rows(connection, "SELECT build_id FROM meta.build")[0]["build_id"]
        folder = Path(os.path.abspath(output or settings.exports / build_id))
        with whole_folder(folder, replace=force) as temporary, progress() as say:
            written = write_exports(connection, temporary, names, say)
            table = _table(written, temporary)
    out.print(table)
    out.print(f"[green]已写出 / written[/] {escape(str(folder))}：构建 build "
              f"{written.content.build_id}，截至 as of {written.content.as_of}")  # fmt: skip
    for reason in written.missing.values():
        err.print(f"[yellow]未写出 / not written:[/] {escape(reason)}")
    if written.missing:
        raise typer.Exit(3)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """What is being made: in place where somebody looks on, else a line a format."""
    with err.status("导出 / exporting") as status:

        def say(name: str) -> None:
            if err.is_terminal:
                status.update(WORDS[name])
            else:
                err.print(WORDS[name])

        yield say


@contextmanager
def whole_folder(folder: Path, *, replace: bool) -> Iterator[Path]:
    """A temporary folder beside `folder` that takes its place when the block ends.

    Raises:
        FileExistsError: something lies there, and `replace` is not set or it is no whole export.
    """
    refuse_to_overwrite(folder, replace=replace)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".tmp-{folder.name}")
    old = folder.with_name(f".old-{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        sync_tree(temporary)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.rename(folder, old)
        try:
            os.rename(temporary, folder)
        except OSError:
            if old.exists():
                os.rename(old, folder)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    sync(folder.parent)


def refuse_to_overwrite(folder: Path, *, replace: bool) -> None:
    """Raise FileExistsError unless the folder is free, or an export that may be replaced.

    Only what an export wrote is ever removed: a folder without checksums, or with files that they
    do not list, is somebody's own.
    """
    from assets.exports.notes import SUMS, listed

    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not replace:
        raise FileExistsError(
            f"{folder} 已存在，未覆盖；加 --force 覆盖，或用 -o 另选文件夹 / exists and was not "
            "overwritten: use --force, or -o for another folder"
        )
    try:
        known = {*listed(folder), SUMS}
    except OSError:
        raise FileExistsError(
            f"{folder} 不是一次导出（没有 {SUMS}），不能覆盖 / is no export, so --force does not "
            "remove it: choose another folder"
        ) from None
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    if foreign := sorted(found - known):
        raise FileExistsError(
            f"{folder} 里有不是导出写的文件，不能覆盖 / holds a file that no export wrote, so "
            f"--force does not remove it: {foreign[0]}"
        )


def _table(written: "Export", folder: Path) -> Table:
    table = Table(title="导出 / export", title_justify="left")
    table.add_column("格式 format")
    table.add_column("内容 content")
    table.add_column("文件 files", justify="right")
    table.add_column("大小 size", justify="right")
    table.add_column("位置 place")
    for name, paths in written.files.items():
        places = dict.fromkeys(p.relative_to(folder).parts[0] for p in paths)
        size = sum(p.stat().st_size for p in paths)
        table.add_row(name, WORDS[name], str(len(paths)), f"{size / 1000:,.0f} kB",
                      "，".join(places))  # fmt: skip
    return table
