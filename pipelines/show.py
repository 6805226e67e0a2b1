"""`duibiao show INDICATOR`: one indicator's goals, outcomes and figures, each with its source."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assets.figure_format import format_figure
from pipelines.query import Row, rows
from schemas import vocabulary as v

if TYPE_CHECKING:
    import duckdb


def print_headline(console: Console, connection: "duckdb.DuckDBPyConnection") -> None:
    """The live goals that can be judged, documented ones first, then the counts by verdict."""
    judged = rows(
        connection,
        """SELECT *, coalesce(value_at_deadline, latest_value) AS shown FROM main.headline
           WHERE status NOT IN ('no_data', 'not_quantified', 'insufficient_data')
           ORDER BY standing, target_year, name_zh, resolved_target""",
    )
    table = Table(title="有据可判的有效目标 / live goals with evidence", title_justify="left",
                  box=None, header_style="dim")  # fmt: skip
    for name in ("目标年", "指标 indicator", "目标 goal", "结果 reached", "状态 verdict", "证据"):
        right = name.startswith(("目标 ", "结果"))
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in judged:
        table.add_row(
            str(row["target_year"] or "—"),
            escape(row["name_zh"])
            + ("" if row["region_code"] == "410000" else f"（{row['region_zh']}）"),
            f"{SIGNS[row['operator']]}{format_figure(row['resolved_target'], row['unit'])}",
            format_figure(row["shown"], row["unit"]),
            f"[{colour_of(row['status'])}]{row['status_zh']}[/]",
            f"{row['evidence_grade'] or ''} {v.STANDINGS[row['standing']].zh}",
        )
    console.print(table)
    counts = rows(connection, "SELECT * FROM main.status_counts")
    total = sum(row["targets"] for row in counts)
    console.print(f"\n有效目标 live goals {total}：" + "，".join(
        f"{row['status_zh']} {row['targets']}" for row in counts))  # fmt: skip


SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "=", "range": "", "approx": "≈"}


def colour_of(status: str) -> str:
    """Green for met, red for not met, yellow for what nobody can say."""
    if status in ("missed", "achieved_then_lost", "moving_away", "off_track"):
        return "red"
    if status.startswith("achieved") or status == "on_track":
        return "green"
    return "yellow"


def indicator_record(connection: "duckdb.DuckDBPyConnection", indicator_id: str) -> Row:
    """Everything that is shown of an indicator: for --json, and for the text below.

    Raises:
        LookupError: no such indicator; names the nearest.
    """
    found = rows(connection, "SELECT * FROM core.indicators WHERE indicator_id = ?", indicator_id)
    if not found:
        near = rows(
            connection,
            "SELECT indicator_id, name_zh FROM core.indicators "
            "WHERE contains(name_zh, ?) OR jaro_winkler_similarity(indicator_id, ?) > 0.7 "
            "ORDER BY jaro_winkler_similarity(indicator_id, ?) DESC LIMIT 5",
            indicator_id, indicator_id, indicator_id,
        )  # fmt: skip
        names = ", ".join(f"{r['indicator_id']}（{r['name_zh']}）" for r in near) or "none"
        raise LookupError(f"没有指标 / no indicator {indicator_id}. 相近 / nearest: {names}")
    targets = rows(
        connection,
        """WITH due AS (  -- the observation at the deadline, which is not always the latest
               SELECT h.target_id, any_value(o.source_title) AS due_source,
                      any_value(h.bound) AS due_bound,
                      any_value(h.attainment_pct) AS due_attainment
               FROM gap.gap_history h JOIN gap.gap_to_goal g USING (target_id)
               JOIN core.observation_vintages o ON o.observation_id = h.observation_id
               WHERE h.obs_year = g.target_year AND h.value = g.value_at_deadline
               GROUP BY ALL)
           SELECT t.*, due_source, due_bound, due_attainment,
                  g.unit AS series_unit,
                  g.* EXCLUDE (target_id, indicator_id, region_code, operator, value,
                  value_high, value_kind, unit, document_id, standing, commitment, is_goal,
                  superseded_by, tolerance, baseline_year),
                  r.name_zh AS region_zh, r.name_en AS region_en,
                  list({'title': s.title, 'section': s.section, 'date': s.published_on,
                        'printed': s.printed, 'url': s.url, 'source_id': s.source_id}
                       ORDER BY s.source_no) AS citations
           FROM core.targets t JOIN gap.gap_to_goal g USING (target_id)
           JOIN core.regions r ON r.region_code = t.region_code
           JOIN core.target_sources s ON s.target_id = t.target_id
           LEFT JOIN due ON due.target_id = t.target_id
           WHERE t.indicator_id = ? GROUP BY ALL ORDER BY t.region_code, t.year, t.issued_on""",
        indicator_id,
    )
    revisions = rows(
        connection,
        "SELECT * FROM core.target_revisions WHERE indicator_id = ? ORDER BY issued_to",
        indicator_id,
    )
    observations = rows(
        connection,
        """SELECT o.*, v.unit_printed, r.name_zh AS region_zh FROM core.observations o
           JOIN core.observation_vintages v USING (observation_id)
           JOIN core.regions r ON r.region_code = o.region_code
           WHERE o.indicator_id = ? AND NOT r.is_peer
           ORDER BY o.region_code, o.period_end, o.period_type""",
        indicator_id,
    )
    return {"indicator": found[0], "targets": targets, "revisions": revisions,
            "observations": observations}  # fmt: skip


def print_indicator(console: Console, record: Row) -> None:
    """Goals first, then revisions, then the figures, Chinese before English."""
    indicator = record["indicator"]
    console.print(f"\n[bold]{escape(indicator['name_zh'])}[/]  {escape(indicator['name_en'])}  "
                  f"[dim]{indicator['indicator_id']} · {indicator['unit']}[/]")  # fmt: skip
    for language in ("definition_zh", "definition_en", "caveat_zh", "caveat_en"):
        if indicator[language]:
            console.print(f"  [dim]{escape(indicator[language])}[/]")
    for target in record["targets"]:
        _print_target(console, target)
    for revision in record["revisions"]:
        _print_revision(console, revision, indicator["unit"])
    _print_series(console, record["observations"])


def _both(value: float | None, unit: str) -> str:
    if value is None:
        return "—"
    return f"{format_figure(value, unit, 'zh')}（{format_figure(value, unit, 'en')}）"


def _print_target(console: Console, t: Row) -> None:
    year = t["year"] or "无期限"
    goal = "未量化 / not quantified" if not t["is_quantified"] else _both(t["value"], t["unit"])
    if t["value_high"] is not None:
        goal = f"{_both(t['value'], t['unit'])} – {_both(t['value_high'], t['unit'])}"
    sign = v.OPERATORS[t["operator"]].zh
    tags = [v.STANDINGS[t["standing"]].zh, v.COMMITMENTS[t["commitment"]].zh]
    if t["superseded_by"]:
        tags.append(f"已被取代 superseded by {t['superseded_by']}")
    console.print(f"\n[bold]● {year} {t['region_zh']}  目标 {sign} {goal}[/]  "
                  f"[dim]{' · '.join(tags)}[/]")  # fmt: skip
    if t["value_kind"] in ("multiple", "increment", "growth", "cumulative"):
        console.print(f"  {v.VALUE_KINDS[t['value_kind']].zh} {v.VALUE_KINDS[t['value_kind']].en}"
                      f" → {_both(t['resolved_target'], t['series_unit'])}")  # fmt: skip
    console.print(f"  {escape(_verdict(t))}")
    for c in t["citations"]:
        place = f" {c['section']}" if c["section"] else ""
        link = f" {c['url']}" if c["url"] else ""
        text = f"{c['title']}{place}（{c['date']}）“{c['printed']}” {c['source_id']}{link}"
        console.print(f"  [dim]出处 source: {escape(text)}[/]")


def _verdict(t: Row) -> str:
    """The verdict in words: outcome, value, attainment, when first met, on what evidence."""
    label = v.STATUSES[t["status"]]
    parts = [f"{label.zh} / {label.en}"]
    source = t["obs_source"]
    if t["deadline_passed"] and t["value_at_deadline"] is not None:
        value, source = t["value_at_deadline"], t["due_source"]
        met = t["status"] in ("achieved_early", "achieved_on_time")
        outcome = "达到 met" if met else "未达到 missed"
        parts.append(f"{t['year']}年 {_both(value, t['series_unit'])}{_bound(t['due_bound'])}，"
                     f"期末{outcome}{_attained(t['due_attainment'])}")  # fmt: skip
    elif t["latest_value"] is not None:
        value = t["latest_value"]
        parts.append(f"最新 latest {t['obs_period']}: {_both(value, t['series_unit'])}"
                     f"{_bound(t['latest_bound'])}{_attained(t['attainment_pct'])}")  # fmt: skip
    if t["first_met_year"] is not None:
        parts.append(f"{t['first_met_year']}年首次达到 first met in {t['first_met_year']}")
    if source:
        parts.append(f"证据 evidence {t['evidence_grade']}: {source}")
    return "；".join(parts)


def _bound(bound: str | None) -> str:
    words = {"at_least": "at least", "at_most": "at most", "approx": "about"}
    return f"〔{v.BOUNDS[bound].zh} {words[bound]}〕" if bound in words else ""


def _attained(share: float | None) -> str:
    return "" if share is None else f"，完成率 attainment {floor_tenth(share)} %"


def floor_tenth(share: float) -> str:
    """One decimal; never rounds a share below 100 up to 100."""
    text = f"{share:.1f}"
    return "99.9" if share < 100 and text == "100.0" else text


def _print_revision(console: Console, r: Row, unit: str) -> None:
    change = "" if r["change_pct"] is None else f"（{r['change_pct']:+.1f} %）"
    console.print(f"\n[yellow]△ 目标调整 revision {r['year_to'] or ''}[/]: "
                  f"{_both(r['value_from'], unit)} → {_both(r['value_to'], unit)} {change}\n"
                  f"  [dim]{escape(r['from_source'])}（{r['issued_from']}） → "
                  f"{escape(r['to_source'])}（{r['issued_to']}）[/]")  # fmt: skip


def _print_series(console: Console, observations: list[Row]) -> None:
    if not observations:
        console.print("\n没有观测值 / no observations")
        return
    console.print("\n[bold]观测值（采用值）/ observations, values of record[/]")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("地区", "时期 period", "数值 value", "原文 printed", "来源 source"):
        table.add_column(
            name, overflow="fold", justify="right" if name.startswith("数值") else "left"
        )
    for o in observations:
        bound = "" if o["bound"] == "exact" else f"〔{v.BOUNDS[o['bound']].zh}〕"
        table.add_row(
            o["region_zh"],
            o["period"] + ("*" if o["period_type"] == "year_to_date" else ""),
            format_figure(o["value"], o["unit"], "zh"),
            escape(o["value_printed"] + (o["unit_printed"] or "") + bound),
            escape(f"{v.QUALITIES[o['quality']].zh}{' ⚠' if o['is_conflict'] else ''} "
                   f"{o['published_on']} {o['source_title']}"),
        )  # fmt: skip
    console.print(table)
    console.print("[dim]* 年初累计 year to date；⚠ 各来源不一致 sources disagree[/]")
