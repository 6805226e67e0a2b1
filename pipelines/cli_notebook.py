"""The command of the notebooks: `notebook`."""

import ast
import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from pipelines.builds import require_build
from pipelines.console import err, out, short
from pipelines.files import whole
from pipelines.settings import PROJECT, Settings

FOLDER: Final = PROJECT / "notebooks"
LOOPBACK: Final = "127.0.0.1"


class NotebookError(RuntimeError):
    """marimo is not installed, or a notebook could not be exported."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(notebook)


def notebook(
    name: Annotated[
        str | None,
        typer.Argument(help="编号或名字，如 02、indicator；或自己的 .py / number, name or a file."),
    ] = None,
    app: Annotated[
        bool, typer.Option("--app", help="只看不改，不显示代码 / read-only, code hidden.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="导出网页文件 / export a page to a file.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="端口 / port.")] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="不打开浏览器 / open no browser, for servers.")
    ] = False,
) -> None:
    """列出或打开笔记本（marimo，只在本机） / list the notebooks, or open one, at 127.0.0.1 only."""
    if html is not None and (app or headless or port is not None):
        raise typer.BadParameter("不能与 --app、--port、--headless 同用 / not together with them",
                                 param_hint="--html")  # fmt: skip
    if name is None:
        if app or headless or html is not None or port is not None:
            raise typer.BadParameter(f"请指定一个 / name one: {', '.join(known())}",
                                     param_hint="NAME")  # fmt: skip
        _print_list()
        return
    file = find(name)
    if importlib.util.find_spec("marimo") is None:
        raise NotebookError(
            "没有安装 marimo，请运行 make notebook（或安装附加包 duibiao[notebooks]） / marimo is "
            "not installed: run `make notebook`, or install the extra duibiao[notebooks]"
        )
    if html is not None:
        require_build(Settings.default())
        export(file, html)
        out.print(f"[green]已写出 / written[/] {escape(short(html))}")
        err.print("打开它要联网取 marimo 的脚本；不联网请用 --app 或网页报告 / to open it, a "
                  "browser fetches marimo's scripts; without a network: --app, or the report",
                  highlight=False)  # fmt: skip
        return
    command = ["run"] if app else ["edit", "--skip-update-check"]
    options = ["--host", LOOPBACK, *(["--port", str(port)] if port is not None else [])]
    # In this process, so that it ends with whatever ends this command.
    sys.argv = ["marimo", *command, *options, *(["--headless"] if headless else []), str(file)]
    runpy.run_module("marimo", run_name="__main__", alter_sys=True)


def known() -> dict[str, Path]:
    """The notebooks of the project by name, in the order of their numbers."""
    return {path.stem: path for path in sorted(FOLDER.glob("[0-9]*.py"))}


def title_of(file: Path) -> str:
    """The first line of a notebook's docstring."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def find(name: str) -> Path:
    """The notebook that a number, a name or a part of a name means; or the file itself.

    Raises:
        LookupError: none is meant, or more than one.
    """
    if name.endswith(".py") and Path(name).is_file():
        return Path(name)
    there = known()
    wanted = name.removesuffix(".py").casefold()
    if wanted.isdecimal():
        found = [stem for stem in there if int(stem.partition("_")[0]) == int(wanted)]
    else:
        found = [stem for stem in there if wanted and wanted in stem]
    if wanted in there:
        found = [wanted]
    if len(found) != 1:
        what = "不止一个 / more than one is called" if found else "没有笔记本 / no notebook"
        raise LookupError(f"{what} {name}: {', '.join(found or there)}")
    return there[found[0]]


def export(file: Path, page: Path) -> None:
    """Run a notebook and write what it shows, without its code, as one HTML file.

    Raises:
        NotebookError: a cell failed; nothing is written.
    """
    page.parent.mkdir(parents=True, exist_ok=True)
    with whole(page) as temporary:
        command = ["export", "html", "--no-include-code", "--force", "-o", str(temporary)]
        done = subprocess.run(
            [sys.executable, "-m", "marimo", *command, str(file)],
            capture_output=True, text=True, encoding="utf-8", check=False,
            env=os.environ | {"PYTHONUTF8": "1"},
        )  # fmt: skip
        if done.returncode:
            raise NotebookError(
                f"{file.name} 未能导出 / could not be exported:\n{done.stderr.strip()}"
            )


def _print_list() -> None:
    for stem, file in known().items():
        out.print(f"[bold]{stem:<14}[/] {escape(title_of(file))}", highlight=False)
    out.print(
        "打开 open: duibiao notebook 02 · 只看 read-only: duibiao notebook 02 --app · "
        "导出 export: duibiao notebook 02 --html page.html", highlight=False,
    )  # fmt: skip
