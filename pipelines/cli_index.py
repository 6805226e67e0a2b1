"""The command for the evaluation indices: `index`."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from pipelines.console import Json, emit, out, short
from pipelines.files import sha256_of
from pipelines.query import Row, rows
from pipelines.settings import Settings
from pipelines.tabular import print_rows

if TYPE_CHECKING:
    import duckdb
    import polars as pl

HENAN: Final = "410000"
# What `index_tables` reads, by schema.
READ: Final = {
    "core": ("targets", "indicators", "regions", "observation_vintages"),
    "gap": ("gap_to_goal", "gap_history"),
}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("index")(index)


def index(
    name: Annotated[str | None, typer.Argument(help="指数代码，默认全部 / an index; all.")] = None,
    year: Annotated[int | None, typer.Option(help="年份 / a year; the last with data.")] = None,
    region: Annotated[str, typer.Option(help="地区代码 / code of a region.")] = HENAN,
    members: Annotated[bool, typer.Option("--members", help="成员及理由 / the members.")] = False,
    freeze: Annotated[
        int | None, typer.Option(metavar="YEAR", help="冻结一个年份的得分 / freeze a year.")
    ] = None,
    restate: Annotated[
        int | None, typer.Option(metavar="YEAR", help="重述已冻结的年份 / replace a frozen year.")
    ] = None,
    as_json: Json = False,
) -> None:
    """评估指数：得分、区间、位次、成员；冻结年份 / the indices: scores, bands, ranks, members."""
    from pipelines.builds import open_readonly

    settings = Settings.default()
    if freeze is not None or restate is not None:
        _freeze(settings, name, freeze, restate)
        return
    with open_readonly(settings) as connection:
        found = [_record(connection, known, region, year) for known in _names(connection, name)]
    if as_json:
        emit([record if members else {**record, "members": None} for record in found])
        return
    for record in found:
        _print(record, members=members)


def _names(connection: "duckdb.DuckDBPyConnection", name: str | None) -> list[str]:
    found = rows(connection, "SELECT DISTINCT index_id FROM gap.index_scores ORDER BY 1")
    known = [row["index_id"] for row in found]
    if name is None:
        return known
    if name not in known:
        raise LookupError(f"{name}: 没有这个指数 / no such index; 有 known: {', '.join(known)}")
    return [name]


def _record(
    connection: "duckdb.DuckDBPyConnection", name: str, region: str, year: int | None
) -> dict[str, Any]:
    years = rows(
        connection,
        "SELECT * FROM main.index_overview WHERE index_id = ? AND region_code = ? "
        "AND part = 'total' AND year = coalesce(?, year) ORDER BY year",
        name, region, year,
    )  # fmt: skip
    if not years:
        raise LookupError(f"{name}: 没有该地区或年份 / no such region or year")
    scored = [row["year"] for row in years if row["members_scored"]]
    shown = max(scored, default=years[-1]["year"])
    return {
        "index_id": name,
        "index_zh": years[0]["index_zh"],
        "index_en": years[0]["index_en"],
        "region_code": region,
        "years": years,
        "year": shown,
        "themes": rows(
            connection,
            "SELECT * FROM main.index_overview WHERE index_id = ? AND region_code = ? "
            "AND year = ? AND part <> 'total' ORDER BY score IS NULL, part",
            name, region, shown,
        ),
        "statuses": rows(
            connection,
            "SELECT s.zh, s.en, count(*) AS members FROM gap.index_members m "
            "JOIN gap.gap_to_goal g ON g.target_id = m.member "
            "JOIN meta.codes s ON s.vocabulary = 'STATUSES' AND s.code = g.status "
            "WHERE m.index_id = ? AND m.region_code = ? AND m.year = ? AND m.is_member "
            "GROUP BY ALL ORDER BY min(s.position)",
            name, region, shown,
        ),
        "members": rows(
            connection,
            "SELECT m.*, r.zh AS reason_zh, r.en AS reason_en, b.zh AS scored_by_zh "
            "FROM gap.index_members m "
            "JOIN meta.codes r ON r.vocabulary = 'MEMBER_REASONS' AND r.code = m.reason "
            "LEFT JOIN meta.codes b ON b.vocabulary = 'SCORED_BY' AND b.code = m.scored_by "
            "WHERE m.index_id = ? AND m.region_code = ? AND m.year = ? "
            "ORDER BY m.score IS NULL, m.is_member DESC, m.theme, m.member",
            name, region, shown,
        ),
    }  # fmt: skip


def _print(record: dict[str, Any], *, members: bool) -> None:
    region = record["years"][0]["region_zh"]
    out.print(f"[bold]{escape(record['index_zh'])}[/] · {escape(region)} / "
              f"{escape(record['index_en'])}（{record['index_id']}）")  # fmt: skip
    print_rows(out, [_line(row) for row in record["years"]])
    out.print(f"{record['year']}年各主题 / themes of {record['year']}")
    shown = [row for row in record["themes"] if row["members_scored"]]
    print_rows(out, [_line(row, of="part_zh") for row in shown])
    if rest := len(record["themes"]) - len(shown):
        out.print(f"另有 {rest} 个主题没有计分成员 / {rest} more without any scored member")
    if record["statuses"]:
        out.print("成员状态（至今） statuses of the members today: " + "，".join(
            f"{row['zh']} {row['members']}" for row in record["statuses"]))  # fmt: skip
    if members:
        print_rows(out, [_member(row) for row in record["members"]])


def _line(row: Row, of: str = "year") -> Row:
    return {
        {"year": "年份 year", "part_zh": "主题 theme"}[of]: row[of],
        "得分 score": row["score"],
        "5%–95%": _range(row["score_low"], row["score_high"]),
        "几何 geometric": row["geometric"],
        "位次 rank": _rank(row),
        "计分 scored": f"{row['members_scored']}/{row['members']}",
        "达到 met": row["members_met"],
        "覆盖 coverage": row["coverage"],
        "最低 worst": row["worst_zh"],
        "变化 change": row["verdict_zh"],
        "说明 note": _note(row),
    }


def _range(low: float | None, high: float | None) -> str | None:
    return None if low is None else f"{low}–{high}"


def _rank(row: Row) -> str | None:
    if row["rank"] is None:
        return None
    return f"{row['rank']}/{row['ranked']}（{row['rank_low']}–{row['rank_high']}）"


def _note(row: Row) -> str | None:
    notes = [row["no_score_zh"]]
    if row["same_members"] is False:
        notes.append("成员与上年不同")
    if row["is_frozen"]:
        notes.append(f"冻结，重算 {row['score_restated']}")
    return "；".join(note for note in notes if note) or None


def _member(row: Row) -> Row:
    return {
        "成员 member": row["name_zh"],
        "主题 theme": row["theme"],
        "得分 score": None if row["score"] is None else round(row["score"], 1),
        "依据 by": row["scored_by_zh"],
        "权重 weight": None if row["weight"] is None else round(row["weight"], 3),
        "影响 influence": None if row["influence"] is None else round(row["influence"], 2),
        "时期 period": row["obs_period"],
        "理由 reason": row["reason_zh"],
    }


def _require_same_rules(settings: Settings, connection: "duckdb.DuckDBPyConnection") -> None:
    """What is frozen names the build that it was published in: the rules must be those of it."""
    for path in sorted(settings.index.glob("*.yaml")):
        name = path.relative_to(settings.root).as_posix()
        built = rows(connection, "SELECT sha256 FROM meta.inputs WHERE path = ?", name)
        if not built or built[0]["sha256"] != sha256_of(path):
            raise ValueError(
                f"{name}: 已变动，先运行 / changed since the build; first: duibiao run"
            )


def frames_of(connection: "duckdb.DuckDBPyConnection") -> "dict[str, pl.DataFrame]":
    """What the indices are computed from, as published."""
    return {
        table: connection.sql(f"FROM {schema}.{table}").pl()
        for schema, tables in READ.items()
        for table in tables
    }


def _freeze(settings: Settings, name: str | None, freeze: int | None, restate: int | None) -> None:
    from assets.index.frozen import Tables, freeze_year
    from assets.index.specification import load_indices
    from assets.index.tables import index_tables
    from pipelines.builds import open_readonly
    from pipelines.locking import run_lock

    if (freeze is None) == (restate is None):
        raise typer.BadParameter("--freeze 与 --restate 只能用一个 / one of them at a time")
    year = freeze if freeze is not None else restate
    assert year is not None
    with run_lock(settings, wait=0.0), open_readonly(settings) as connection:
        _require_same_rules(settings, connection)
        build = rows(connection, "SELECT build_id, as_of FROM meta.build")[0]
        frames = frames_of(connection)
        wanted = _names(connection, name)
        made = index_tables(load_indices(settings.index), frames, build["as_of"])
        tables = Tables(made["index_scores"], made["index_members"])
        for index_id in wanted:
            path = freeze_year(
                settings.index, tables, index_id, year, build["build_id"],
                restate=restate is not None,
            )  # fmt: skip
            word = "已重述 / restated" if restate is not None else "已冻结 / frozen"
            out.print(f"[green]{word}[/] {index_id} {year}: {short(path)}")
    out.print("下次运行采用 / used from the next run on: duibiao run --offline")
