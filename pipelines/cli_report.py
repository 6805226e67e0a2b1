"""The commands of the report: `report`, `serve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from pipelines.console import out, progress
from pipelines.settings import Settings

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

LOOPBACK: Final = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(report)
    app.command()(serve)


def report(
    year: Annotated[
        int | None, typer.Option(help="年度考核版，冻结于该年末 / evaluation edition of a year.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="文件夹 / folder.")] = None,
    restate: Annotated[
        bool, typer.Option("--restate", help="重做已冻结的考核版 / make a frozen edition again.")
    ] = False,
    open_it: Annotated[bool, typer.Option("--open", help="用浏览器打开 / open it.")] = False,
) -> None:
    """静态网页报告（离线可读） / the report as static pages, readable without a network."""
    from pipelines.report import FIRST_PAGE, make_edition, make_report

    settings = Settings.default()
    if year is None and restate:
        raise typer.BadParameter(
            "只用于 --year / only together with --year", param_hint="--restate"
        )
    if year is None:
        folder = make_report(settings, output)
    else:
        with progress() as say:
            folder = make_edition(settings, year, output, restate=restate, say=say)
    first = folder / FIRST_PAGE
    out.print(f"[green]报告 report[/]: {escape(str(first))}")
    if open_it:
        typer.launch(first.resolve().as_uri())


def serve(
    port: Annotated[int, typer.Option(help="端口，0为任选 / port, 0 for any.")] = 8321,
) -> None:
    """在本机浏览报告 / the report on this machine, at 127.0.0.1 only."""
    from pipelines.report import make_report

    settings = Settings.default()
    make_report(settings)
    with server(settings, port) as running:
        address = f"http://{LOOPBACK}:{running.server_address[1]}/"
        out.print(f"报告 report: {address}（Ctrl+C 结束 / ends it）")
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            out.print("已结束 / ended")


def server(settings: Settings, port: int) -> "ThreadingHTTPServer":
    """A server of the newest report: the link is followed at each request."""
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    place = settings.report if settings.report.exists() else None
    if place is None:  # no symbolic links here: the report of the build that is live now
        from pipelines.report import make_report

        place = make_report(settings)

    class Pages(SimpleHTTPRequestHandler):
        def __init__(self, *values: Any, **named: Any) -> None:
            super().__init__(*values, directory=str(place), **named)

        def list_directory(self, path: Any) -> None:
            self.send_error(404)

        def end_headers(self) -> None:
            self.send_header("Cache-Control", "no-cache")  # the next build has the same addresses
            self.send_header("X-Content-Type-Options", "nosniff")
            super().end_headers()

        def log_message(self, format: str, *values: Any) -> None:
            pass

    return ThreadingHTTPServer((LOOPBACK, port), Pages)
