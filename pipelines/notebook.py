"""What the notebooks share: the published build, the switch of languages, figures and tables.

A notebook answers from one build from its first cell to its last, also when another is published
meanwhile. Each question opens the file read-only and closes it again.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import altair as alt
import marimo as mo
import polars as pl

from pipelines.builds import WAREHOUSE, NothingPublished, require_build
from pipelines.query import rows
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

Drawing = TypeVar("Drawing", alt.Chart, alt.LayerChart)
MISSING: Final = "—"
_SIGNS: Final = {"exact": "", "at_least": "≥ ", "at_most": "≤ ", "approx": "≈ "}
# Widths of columns in pixels; longer texts are broken into lines.
_NARROWEST: Final = 64
_WIDEST: Final = 260
_CHARACTER: Final = 7


@dataclass(frozen=True)
class Build:
    """A published build.

    Attributes:
        file: its database.
        as_of: day as of which everything in it is computed.
    """

    file: Path
    build_id: str
    as_of: dt.date

    def open(self) -> "duckdb.DuckDBPyConnection":
        """A read-only connection; close it, or use it in a `with` statement."""
        import duckdb

        return duckdb.connect(str(self.file), read_only=True)

    def ask(self, query: str, *values: object) -> pl.DataFrame:
        """The answer to a query; `?` or `$1` in it stand for the values."""
        with self.open() as connection:
            frame: pl.DataFrame = connection.sql(query, params=list(values)).pl()
        return frame

    def masthead(self, zh: str, en: str, about_zh: str, about_en: str) -> mo.Html:
        """Title, which build and day this is, and what is shown: Chinese first."""
        if not mo.running_in_notebook():
            print(f"{zh} / {en}: 版本 build {self.build_id}, 截至 as of {self.as_of}")
        return mo.md(
            f"# {zh} / {en}\n\n"
            f"截至 as of **{self.as_of}** · 版本 build `{self.build_id}`\n\n"
            f"{about_zh}\n\n{about_en}"
        )


def published() -> Build:
    """The live build. Where there is none, the notebook says what to run, and ends."""
    try:
        file = require_build(Settings.default()) / WAREHOUSE
    except NothingPublished as nothing:
        if not mo.running_in_notebook():
            raise SystemExit(str(nothing)) from nothing
        mo.stop(True, mo.callout(mo.md(f"**{nothing}**"), kind="warn"))
    import duckdb

    with duckdb.connect(str(file), read_only=True) as connection:
        [build] = rows(connection, "SELECT build_id, as_of FROM meta.build")
    return Build(file, **build)


def language_switch() -> mo.ui.radio:
    """Language of charts and cells; headings are in both. Its value is zh or en."""
    return mo.ui.radio(
        {"中文": "zh", "English": "en"}, value="中文", inline=True, label="语言 language"
    )


def figures(
    frame: pl.DataFrame, value: str, language: str, *, unit: str = "unit", bound: str | None = None
) -> pl.Series:
    """Values with their units, as people write them: ≥ 1.9万亿元, ≥ CNY 1.9 trillion.

    Args:
        value: column of values in the canonical unit; what is null is missing, not zero.
        unit: column of their units.
        bound: column with the codes of their bounds.
    """
    from assets.figures import format_figure

    def written(row: dict[str, Any]) -> str:
        if row[value] is None:
            return MISSING
        sign = _SIGNS[row[bound] or "exact"] if bound else ""
        return sign + format_figure(row[value], row[unit], language)

    return pl.Series([written(row) for row in frame.iter_rows(named=True)], dtype=pl.String)


def wide(chart: Drawing, row: int | None = None) -> Drawing:
    """The chart as wide as the page, in the look of the report's charts.

    Args:
        row: height of a row of a chart whose y axis has names [px].
    """
    from assets.charts.style import CONFIG

    fitted: Drawing = chart.properties(
        width="container",
        height=alt.Step(row) if row else 300,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    ).configure(**CONFIG | {"legend": {"labelFontSize": 12, "labelLimit": 320}})
    return fitted


def table(frame: pl.DataFrame, empty: str = "无 / none", max_height: int = 420) -> mo.Html:
    """A table to read, sort and search: all rows at once, so that an exported page has them too.

    Args:
        empty: the sentence that stands there where the frame has no rows.
        max_height: in pixels; what is longer is scrolled.
    """
    if frame.is_empty():
        return mo.md(f"*{empty}*")
    formats: dict[str, str | Callable[..., Any]] = dict.fromkeys(frame.columns, _shown)
    widths = {column.name: _width(column) for column in frame}
    return mo.ui.table(
        frame,
        selection=None,
        pagination=False,
        max_height=max_height if len(frame) > 10 else None,
        show_column_summaries=False,
        show_data_types=False,
        format_mapping=formats,
        column_widths=widths,
        wrapped_columns=[name for name, width in widths.items() if width >= _WIDEST],
    )


def _width(column: pl.Series) -> int:
    """Room for the head, which is never broken into lines, and for the longest cell."""
    head = 16 + _CHARACTER * _length(column.name)
    cells = 16 + _CHARACTER * max(_length(str(_shown(value))) for value in column)
    return max(_NARROWEST, head, min(cells, _WIDEST))


def _length(text: str) -> int:
    """Columns of a terminal: wide characters count double."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _shown(value: Any) -> Any:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    if isinstance(value, float):
        return f"{value:,.12g}"
    return str(value)
