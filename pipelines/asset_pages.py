"""Tables, pictures and findings on Dagster's pages, for readers who program nothing.

A composition root: pictures and figures are written by the assets' own functions.
"""

import base64
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import duckdb
import polars as pl

from assets import charts
from assets.figures import format_figure
from assets.record import observations_table
from assets.warehouse import MACROS
from pipelines.query import rows
from schemas.contract import TABLES, ColumnInfo, Table, columns_of, ddl
from schemas.tables_core import ObservationVintages
from schemas.tables_paths import Trajectories
from schemas.vocabulary import SEVERITIES, Label

PREVIEW_ROWS: Final = 10
PREVIEW_COLUMNS: Final = 8
FIRST_FEW: Final = 3
CELL_LENGTH: Final = 80
MESSAGE_LENGTH: Final = 240
MOST_FINDINGS: Final = 40

_FIGURES: Final = (
    "indicator_id", "region_code", "period", "value", "value_printed", "bound", "quality",
    "source_title", "published_on",
)  # fmt: skip


class Look(NamedTuple):
    """What of a table is worth a look: its columns, and which rows come first."""

    columns: tuple[str, ...]
    first: pl.Expr | None = None
    only: pl.Expr | None = None


LOOKS: Final[dict[str, Look]] = {
    "gap_to_goal": Look(
        ("indicator_id", "region_code", "target_year", "resolved_target", "latest_value",
         "obs_period", "value_at_deadline", "gap_abs", "attainment_pct", "status",
         "evidence_grade"),
        first=pl.col("attainment_pct"),
        only=pl.col("is_live") & pl.col("attainment_pct").is_not_null(),
    ),
    "gap_history": Look(
        ("indicator_id", "region_code", "obs_period", "value", "resolved_target", "gap_abs",
         "attainment_pct", "is_met"),
    ),
    "index_scores": Look(
        ("index_zh", "year", "part_zh", "score", "score_low", "score_high", "rank", "coverage",
         "null_reason", "change_verdict"),
        first=-pl.col("year"),
        only=(pl.col("region_code") == "410000") & (pl.col("part") == "total"),
    ),
    "index_members": Look(
        ("index_id", "year", "name_zh", "theme", "reason", "score", "weight", "influence"),
        first=-pl.col("year"),
        only=(pl.col("region_code") == "410000") & (pl.col("reason") == "scored"),
    ),
    "gap_by_day": Look(
        ("as_of", "indicator_id", "region_code", "target_year", "resolved_target", "latest_value",
         "attainment_pct", "status"),
        first=-pl.col("as_of").to_physical(),
    ),
    "trajectories": Look(
        ("indicator_id", "region_code", "path_kind", "year", "expected_value", "observed_value",
         "expected_gap", "lead_years"),
        first=-pl.col("observed_value").is_not_null().cast(pl.Int8),
        only=pl.col("is_main"),
    ),
    "observations": Look(
        (*_FIGURES, "is_conflict"),
        first=-pl.col("period_end").to_physical(),
        only=pl.col("region_code") == "410000",
    ),
    "targets": Look(
        ("indicator_id", "region_code", "year", "operator", "value", "printed", "commitment",
         "document_id", "superseded_by"),
    ),
    "indicators": Look(("name_zh", "unit", "measure", "theme_zh", "definition_zh")),
    "documents": Look(("title_zh", "issuer_zh", "number", "issued_on", "statement_count")),
    "target_sources": Look(("target_id", "title", "section", "printed", "published_on", "url")),
    "target_revisions": Look(
        ("indicator_id", "year_to", "value_from", "value_to", "change_pct", "kind", "from_source",
         "to_source"),
    ),
    "statements": Look(
        ("statement_id", "document_id", "section", "indicator_id", "printed", "outcome",
         "reason_zh"),
    ),
    "checks": Look(("severity", "table_name", "key", "message_zh", "remedy")),
    "rejected_rows": Look(
        ("source_id", "file", "source_row", "field", "field_value", "message_zh", "remedy"),
    ),
}  # fmt: skip
_THEME_LOOK: Final = Look(_FIGURES, first=-pl.col("period_end").to_physical())


def preview(key: str, frame: pl.DataFrame, names: Mapping[str, str]) -> str:
    """The first rows of a table as markdown: Chinese heads, readable figures, labels for codes.

    Args:
        key: the asset; one that is no table holds figures (columns of `observation_vintages`), or
            numbers between two steps, which are shown as they are.
        names: Chinese names of indicators and regions by id.
    """
    if key not in TABLES and "observation_id" not in frame.columns:
        return _as_it_is(frame)
    model = TABLES.get(key, ObservationVintages)
    known = {c.name: c for c in columns_of(model)}
    look = LOOKS.get(key) or (
        _THEME_LOOK if model is ObservationVintages else _first_columns(model)
    )
    shown = frame if look.only is None else frame.filter(look.only)
    if look.first is not None:
        shown = shown.sort(look.first, maintain_order=True)
    heads = [known[name].zh for name in look.columns]
    cells = (
        [_cell(known[name], row, names) for name in look.columns]
        for row in shown.head(PREVIEW_ROWS).iter_rows(named=True)
    )
    count = f"{min(PREVIEW_ROWS, shown.height)} / {frame.height} 行 rows"
    return f"{markdown(heads, cells)}\n\n{count}" if shown.height else "没有行 / no rows"


def _as_it_is(frame: pl.DataFrame) -> str:
    rows = ([str(value) for value in row] for row in frame.head(PREVIEW_ROWS).iter_rows())
    count = f"{min(PREVIEW_ROWS, frame.height)} / {frame.height} 行 rows"
    return f"{markdown(frame.columns, rows)}\n\n{count}" if frame.height else "没有行 / no rows"


def _first_columns(model: type[Table]) -> Look:
    return Look(tuple(c.name for c in columns_of(model))[:PREVIEW_COLUMNS])


def _cell(column: ColumnInfo, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    value = row[column.name]
    if value is None:
        return "—"
    if column.name in ("indicator_id", "region_code"):
        return names.get(value, value)
    if column.codes is not None:
        return column.codes[value].zh
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        if column.unit is None and row.get("unit"):
            return format_figure(value, row["unit"], "zh")
        return f"{value:,.1f}%" if column.unit == "%" else f"{value:,.6g}"
    return str(value)


def markdown(heads: list[str], cells: Iterable[list[str]], length: int = CELL_LENGTH) -> str:
    """A table in markdown; what would be taken for markup is written as it is.

    Args:
        length: longer texts are cut off there.
    """
    lines = [heads, ["---"] * len(heads), *([_plain(cell, length) for cell in r] for r in cells)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str, length: int) -> str:
    return plain(text if len(text) <= length else f"{text[: length - 1]}…")


def plain(text: str) -> str:
    """A text in one line, with nothing in it that markdown would take for markup."""
    for mark in "\\|<*`[":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


# --- pictures ---------------------------------------------------------------------------------

_ATTAINMENT: Final = {
    "gap": ("gap_to_goal", "gap_history"),
    "core": ("targets", "indicators", "regions", "target_sources", "observation_vintages",
             "observations"),
}  # fmt: skip
REGISTER: Final = (
    "targets", "target_sources", "target_revisions", "indicators", "regions", "series_breaks",
)  # fmt: skip
_SERIES: Final = {"core": (*REGISTER, "observation_vintages", "observations")}
# Goals as the register states them: when a theme is made, nothing is computed of them yet.
_GOALS_AS_STATED: Final = """
    CREATE SCHEMA gap;
    CREATE VIEW gap.gap_to_goal AS
    SELECT t.target_id, t.indicator_id, t.region_code, t.document_id, t.commitment, t.is_goal,
           t.is_goal AND t.superseded_by IS NULL AS is_live, t.operator, t.value, t.value_high,
           t.value_kind, i.unit, t.year AS target_year,
           CASE WHEN t.unit = i.unit AND t.value_kind <> 'increment' THEN t.value END
               AS resolved_target,
           NULL AS status, NULL AS observation_id, NULL AS baseline_t, NULL AS baseline_value,
           NULL AS required_pace
    FROM core.targets t JOIN core.indicators i USING (indicator_id)
"""
# Of a theme's series the one that tells most: with goals and figures, then by their number.
_MAIN_SERIES: Final = """
    SELECT i.indicator_id, i.name_zh, i.name_en
    FROM core.indicators i
    LEFT JOIN (SELECT indicator_id, count(*) AS goals FROM gap.gap_to_goal
               WHERE is_live AND resolved_target IS NOT NULL GROUP BY 1) g USING (indicator_id)
    LEFT JOIN (SELECT indicator_id, count(*) AS figures FROM core.observations
               WHERE region_code = '410000' GROUP BY 1) o USING (indicator_id)
    WHERE i.theme = $1
    ORDER BY goals IS NOT NULL AND figures IS NOT NULL DESC, goals DESC NULLS LAST,
             figures DESC NULLS LAST, indicator_id
    LIMIT 1
"""


def attainment_picture(frames: Mapping[str, pl.DataFrame], as_of: dt.date) -> str:
    """All goals by attainment, from the frames of the step that makes `gap_to_goal`."""
    observations = observations_table(frames["observation_vintages"], as_of)
    with _opened({**frames, "observations": observations}, _ATTAINMENT) as connection:
        data = charts.attainment_data(connection)
    return _image("attainment", data, "目标完成率 attainment")


def theme_picture(
    theme: str, figures: pl.DataFrame, register: Mapping[str, pl.DataFrame], as_of: dt.date
) -> str:
    """The main series of a theme with its goals; "" where the theme has no indicator.

    Args:
        figures: vintages of the theme and those that the documents print.
        register: the frames REGISTER.
    """
    frames = dict(register) | {
        "observation_vintages": figures,
        "observations": observations_table(figures, as_of),
    }
    with _opened(frames, _SERIES) as connection:
        connection.execute(_GOALS_AS_STATED)
        connection.execute(ddl(Trajectories)[0])  # nor are there paths to them
        connection.execute("CREATE SCHEMA meta")
        connection.execute("CREATE TABLE meta.build AS SELECT $1 AS as_of", [as_of])
        name, scale = "year_end_scale", MACROS["year_end_scale"]
        connection.execute(f"CREATE MACRO {name} {scale.sql}")
        found = rows(connection, _MAIN_SERIES, theme)
        if not found:
            return ""
        data = charts.indicator_data(connection, found[0]["indicator_id"])
    words = f"{found[0]['name_zh']} {found[0]['name_en']}"
    return _image("indicator", data, words)


@contextmanager
def _opened(
    frames: Mapping[str, pl.DataFrame], schemas: Mapping[str, tuple[str, ...]]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Frames of a step as tables in memory: what is being made is not published yet."""
    with duckdb.connect() as connection:
        for schema, tables in schemas.items():
            connection.execute(f"CREATE SCHEMA {schema}")
            for table in tables:
                connection.register(f"frame_{table}", frames[table].to_arrow())
                connection.execute(f"CREATE TABLE {schema}.{table} AS FROM frame_{table}")
        yield connection


def _image(kind: charts.Kind, data: charts.Data, words: str) -> str:
    code = base64.b64encode(charts.svg(kind, "zh", data).encode()).decode()
    return f"![{words}](data:image/svg+xml;base64,{code})"


# --- findings ---------------------------------------------------------------------------------


def verdict(sentence: Label, against: pl.DataFrame, notes: int, names: Mapping[str, str]) -> str:
    """What a check found, in both languages: how much, and the first few in words.

    Args:
        sentence: what should hold.
        against: the findings that it does not hold with, rows of `checks`.
        notes: how many others there are.
        names: Chinese names of indicators and regions by id.
    """
    also = Label(f"；另有{notes}条提示", f"; {notes} notes beside") if notes else Label("", "")
    if against.is_empty():
        return f"{sentence.zh}：成立{also.zh}。 / {sentence.en}: holds{also.en}."
    by_rank = against.sort(pl.col("severity") != "error", maintain_order=True)
    counted = [(code, (against["severity"] == code).sum()) for code in SEVERITIES]
    how_many = [(SEVERITIES[code], n) for code, n in counted if n]
    zh = "、".join(f"{n}个{label.zh}" for label, n in how_many)
    en = ", ".join(f"{n} {label.en}(s)" for label, n in how_many)
    first = by_rank.head(FIRST_FEW)
    few_zh = "；".join(
        f"{_called(key, names)}：{text}" for key, text in first.select("key", "message_zh").rows()
    )
    few_en = "; ".join(f"{key}: {text}" for key, text in first.select("key", "message_en").rows())
    return (
        f"不成立（{sentence.zh}）：{zh}{also.zh}。最先几项：{few_zh}。处理见下表。 / "
        f"Does not hold ({sentence.en}): {en}{also.en}. The first: {few_en}. What to do stands in "
        "the table."
    )


def _called(key: str, names: Mapping[str, str]) -> str:
    """The key of a finding with names instead of ids: 嵌入式系统软件收入 内蒙古自治区 2017."""
    if not names.keys() & set(re.split("[|:]", key)):
        return key
    return " ".join(names.get(part, part) for part in re.split("[|:]", key))


def findings_table(against: pl.DataFrame, names: Mapping[str, str]) -> str:
    """Findings with what to do, errors first."""
    if against.is_empty():
        return "没有 / none"
    heads = ["程度 severity", "对象 what", "发现", "found", "处理 what to do"]
    by_rank = against.sort(pl.col("severity") != "error", maintain_order=True)
    shown = by_rank.select("severity", "key", "message_zh", "message_en", "remedy")
    cells = (
        [f"{SEVERITIES[severity].zh} {SEVERITIES[severity].en}", _called(key, names),
         *(text or "—" for text in texts)]
        for severity, key, *texts in shown.head(MOST_FINDINGS).iter_rows()
    )  # fmt: skip
    table = markdown(heads, cells, MESSAGE_LENGTH)
    left = against.height - MOST_FINDINGS
    return (
        f"{table}\n\n还有 {left} 项，见表 checks / {left} more in table checks"
        if left > 0
        else table
    )
