"""The command of the projections' record: `skill`."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from pipelines.builds import open_readonly
from pipelines.console import Json, emit, err, out
from pipelines.query import Row, rows
from pipelines.settings import Settings
from pipelines.tabular import MISSING
from schemas.vocabulary import PROJECTION_METHODS

if TYPE_CHECKING:
    import duckdb
    import polars as pl

MODELS: Final = {"theta": "Theta", "auto_ets": "AutoETS"}
# A column of numbers: name, heading, digits.
Number = tuple[str, str, int]
RECORD: Final[Sequence[Number]] = (
    ("n", "次数\nn", 0),
    ("median_ape_pct", "误差中位\nmedian %", 1),
    ("p90_ape_pct", "九成以内\n90 % in", 1),
    ("bias_pct", "偏差\nbias %", 1),
    ("ratio_to_drift", "比直线\n/ line", 2),
    ("cover80_pct", "80%覆盖\ncover 80", 0),
    ("cover95_pct", "95%覆盖\ncover 95", 0),
    ("brier_skill", "概率技巧\nBrier", 2),
)
PEERS: Final[Sequence[Number]] = (
    ("n", "已算\nn", 0),
    ("not_run", "未能算\nnot run", 0),
    ("median_ape_pct", "误差中位\nmedian %", 1),
    ("chosen_median_ape_pct", "所用方法\nchosen %", 1),
    ("ratio", "比值\nratio", 2),
    ("p90_ape_pct", "九成以内\n90 % in", 1),
    ("chosen_p90_ape_pct", "所用方法\nchosen %", 1),
)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(skill)


def skill(
    statsforecast: Annotated[
        bool,
        typer.Option(
            "--statsforecast",
            help="与 Theta、AutoETS 对照，约半分钟 / beside Theta and AutoETS, half a minute.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """预测方法的历史检验 / how the projections' methods fared in the past."""
    if statsforecast and importlib.util.find_spec("statsforecast") is None:
        raise typer.BadParameter(
            "没有安装 statsforecast，请运行 / not installed, run: scripts/env.sh forecast",
            param_hint="--statsforecast",
        )
    with open_readonly(Settings.default()) as connection:
        if statsforecast:
            found = _peers(connection)
        else:
            found = rows(
                connection,
                "FROM gap.projection_skill ORDER BY series_kind, horizon, median_ape_pct, method",
            )
    if as_json:
        emit(found)
    elif statsforecast:
        print_peers(out, found)
    else:
        print_skill(out, found)


def print_skill(console: Console, found: Sequence[Row]) -> None:
    """A table a kind of value; by years ahead the nearest method first, the chosen one marked."""
    from schemas.tables_outlook import SERIES_KINDS

    for kind, label in SERIES_KINDS.items():
        table = _table(f"{label.zh} {kind}", ("提前\nyears", "方法\nmethod"), RECORD)
        before = None
        for row in (row for row in found if row["series_kind"] == kind):
            if before not in (None, row["horizon"]):
                table.add_section()
            method = row["method"]
            name = f"{PROJECTION_METHODS[method].zh} {method}"
            table.add_row(
                "" if row["horizon"] == before else str(row["horizon"]),
                f"[bold green]✓ {name}[/]" if row["is_chosen"] else f"  {name}",
                *_cells(row, RECORD),
            )
            before = row["horizon"]
        console.print(table, soft_wrap=False)
    console.print(
        "✓ 所用方法 the chosen method。误差 error: |预测 projected − 实际 actual| ÷ 实际 actual\n"
        "覆盖：区间由其他地区的误差得出 / cover: intervals made of the errors of other regions",
        highlight=False,
    )


def print_peers(console: Console, found: Sequence[Row]) -> None:
    """A table a kind of value: both models beside the chosen method."""
    from schemas.tables_outlook import SERIES_KINDS

    for kind, label in SERIES_KINDS.items():
        table = _table(f"{label.zh} {kind}", ("模型\nmodel", "提前\nyears"), PEERS)
        for row in (row for row in found if row["series_kind"] == kind):
            table.add_row(MODELS[row["model"]], str(row["horizon"]), *_cells(row, PEERS))
        console.print(table, soft_wrap=False)
    console.print(
        "比值大于1：所用方法更接近实际 / ratio above 1: the chosen method was nearer, on the same "
        "pairs\n"
        "未能算：Theta 少于4个值，AutoETS 少于7个值；不以别的方法代替 / not run: fewer than 4 "
        "values for\nTheta, 7 for AutoETS; no other method stands in",
        highlight=False,
    )


def _table(title: str, labels: Sequence[str], numbers: Sequence[Number]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
                  padding=(0, 0), collapse_padding=True)  # fmt: skip
    for label in labels:
        table.add_column(label, no_wrap=True)
    for _, heading, _ in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _cells(row: Row, numbers: Sequence[Number]) -> Iterator[str]:
    for name, _, digits in numbers:
        value = row[name]
        yield f"[dim]{MISSING}[/]" if value is None else f"{value:.{digits}f}"


def _peers(connection: "duckdb.DuckDBPyConnection") -> list[Row]:
    from assets.outlook.peers_forecast import peer_forecasts, peer_skill

    hindcasts = _frame(connection, "gap.hindcasts")
    observations = _frame(connection, "core.observations")
    with _origins() as say:
        found: list[dict[str, Any]] = peer_skill(
            peer_forecasts(hindcasts, observations, say)
        ).to_dicts()
    return found


def _frame(connection: "duckdb.DuckDBPyConnection", table: str) -> "pl.DataFrame":
    import polars as pl

    frame = pl.from_arrow(connection.table(table).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


@contextmanager
def _origins() -> Iterator[Callable[[int, int], None]]:
    """A bar where somebody looks on; else a line at the beginning."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn("起点 origins"), BarColumn(), MofNCompleteColumn(),
                  console=err, transient=True, disable=not err.is_terminal) as bar:  # fmt: skip
        task = bar.add_task("", total=None)

        def say(number: int, total: int) -> None:
            if number == 1 and not err.is_terminal:
                err.print(f"起点 origins: {total}", markup=False)
            bar.update(task, completed=number, total=total)

        yield say
