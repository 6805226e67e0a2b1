"""`duibiao sources`: how each source answered, how old it is, what to do about it."""

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.landing import LandingZone
from pipelines.query import Row, rows
from pipelines.settings import Settings
from pipelines.source_state import load_state
from schemas.vocabulary import SOURCE_STATES


def source_records(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Row]:
    """The sources of the published build, each with when it was last asked."""
    found = rows(
        connection,
        """SELECT s.*, l.rows_in, l.rows_accepted, l.rows_confirmed, l.rows_rejected
           FROM meta.sources s LEFT JOIN meta.ledger l USING (source_id) ORDER BY source_id""",
    )
    zone = LandingZone(settings.landing)
    for row in found:
        state = load_state(settings.landing, row["source_id"])
        row["last_asked_at"] = state.checked_at
        row["last_ok_at"] = state.ok_at
        row["waiting"] = [f"{e.part}: {e.reason}" for e in zone.waiting(row["source_id"])]
    return found


def print_sources(out: Console, found: list[Row]) -> None:
    """A row a source; what went wrong, and what to do, below."""
    colours = {"failed": "red", "quarantined": "yellow", "ok": "green"}
    table = Table(title="数据源 sources")
    for name in ("数据源 source", "发布者 publisher", "状态 state", "验收 last good",
                 "距今天数 age", "最新时期 latest", "预计下次 next due", "行数 rows"):  # fmt: skip
        table.add_column(name)
    for row in found:
        state = row["state"]
        counted = f"{row['rows_in']} = {row['rows_accepted']} + {row['rows_rejected']}"
        table.add_row(
            row["source_id"], escape(row["publisher_zh"]),
            f"[{colours.get(state, 'default')}]{SOURCE_STATES[state].zh} {state}[/]",
            *(_cell(row[k]) for k in ("last_good_on", "age_days", "latest_period",
                                      "next_expected_on")),
            counted if row["rows_in"] is not None else "",
        )  # fmt: skip
    out.print(table)
    for row in found:
        if row["error_zh"]:
            zh, en, remedy = (escape(row[name]) for name in ("error_zh", "error_en", "remedy"))
            out.print(f"[red]{row['source_id']}[/] {zh} / {en}\n  [dim]→ {remedy}[/]")
        for waiting in row["waiting"]:
            out.print(f"[yellow]{row['source_id']} 待定 waiting[/] {escape(waiting)}\n"
                      f"  [dim]→ duibiao accept {row['source_id']} "
                      f"{waiting.split(':')[0]} --reason …[/]")  # fmt: skip
    out.print("[dim]行数 rows: 读入 in = 接受 accepted + 拒绝 rejected[/]")


def _cell(value: object) -> str:
    return "" if value is None else escape(str(value))
