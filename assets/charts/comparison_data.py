"""Lists of the charts that compare: all goals by attainment, an indicator across the provinces."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from assets.charts.data import ABOUT, Data
from assets.charts.rows import HENAN, LANGUAGES, Drawn, Row, code_label, figure
from assets.charts.scale import axis_unit, magnitude, value_range
from assets.charts.style import SIGNS
from assets.report.book import GOALS, grouped
from assets.report.outcomes import with_outcome
from pipelines.query import rows
from schemas import vocabulary as v

if TYPE_CHECKING:
    import duckdb

_ROW_PX: Final = 38
_YEAR_PX: Final = 34

_PEERS: Final = """
    SELECT o.indicator_id, year(o.period_end) AS year, o.region_code, o.value, o.unit,
           o.source_title, r.name_zh AS region_zh, r.name_en AS region_en,
           rank() OVER (of_year ORDER BY o.value DESC) AS place,
           count(*) OVER of_year AS regions, median(o.value) OVER of_year AS median
    FROM core.observations o JOIN core.regions r USING (region_code)
    WHERE ($1 IS NULL OR o.indicator_id = $1) AND o.period_type = 'annual'
      AND (r.is_peer OR o.region_code = $2)
    WINDOW of_year AS (PARTITION BY o.indicator_id, o.period_end)
    QUALIFY regions > 1 AND bool_or(o.region_code = $2) OVER of_year
    ORDER BY o.period_end DESC, o.region_code
"""

MOST_SHOWN: Final = 200.0


def attainment_data(connection: "duckdb.DuckDBPyConnection") -> Data:
    """The lists of `charts.attainment_chart`: live goals that have an attainment, worst first.

    Returns:
        goals: attainment [%], shown (at most MOST_SHOWN), group, labels and a relative `href`
        into the report; frame: one row.
    """
    found = [with_outcome(g) for g in rows(connection, GOALS) if g["is_live"]]
    known = [g for g in found if g["shown_attainment"] is not None]
    known.sort(key=lambda g: (g["shown_attainment"], g["target_id"]))
    goals = [_attained(goal, position) for position, goal in enumerate(known)]
    return {"goals": goals, "frame": [_attainment_frame(len(goals))]}


def _attainment_frame(count: int) -> Drawn:
    return {
        "has_data": bool(count),
        "height": _ROW_PX * max(count, 1),
        "empty_zh": "" if count else "无数据",
        "empty_en": "" if count else "no data",
        "notes_zh": [],
        "notes_en": [],
        "name_zh": "目标完成率",
        "name_en": "Attainment of the goals",
    }


def _attained(goal: Row, position: int) -> Drawn:
    attainment = goal["shown_attainment"]
    group = goal["group"]
    percent = f"{attainment:.1f}%"
    if attainment < 100 and percent == "100.0%":
        percent = "99.9%"  # what is just missed must not look met
    arrow = " →" if attainment > MOST_SHOWN else ""
    drawn: Drawn = {
        "target_id": goal["target_id"],
        "position": position,
        "attainment": attainment,
        "shown": min(attainment, MOST_SHOWN),
        "percent": percent,
        "group": group.id,
        "href": f"indicators/{goal['indicator_id']}.html#{goal['anchor']}",
        "printed": goal["printed"],
        "source": goal["goal_source"],
        "period": goal["shown_period"] or "—",
        "label_short": f"{percent} {group.mark}{arrow}",
    }
    year = goal["target_year"]
    for language in LANGUAGES:
        region = "" if goal["region_code"] == HENAN else f"{goal[f'region_{language}']} "
        due = {"zh": f"{year}年" if year else "无期限", "en": str(year or "open")}[language]
        comma = {"zh": "，", "en": ", "}[language]
        wanted = figure(goal["resolved_target"], goal["unit"], language, SIGNS[goal["operator"]])
        drawn[f"name_{language}"] = f"{region}{goal[f'name_{language}']}{comma}{due} {wanted}"
        drawn[f"goal_{language}"] = wanted
        drawn[f"status_{language}"] = code_label(v.STATUSES, goal["status"], language)
        drawn[f"label_{language}"] = f"{percent} {getattr(group.label, language)}{arrow}"
        value = goal["shown_value"]
        drawn[f"reached_{language}"] = (
            "—" if value is None else figure(value, goal["unit"], language)
        )
    return drawn


# --- provinces --------------------------------------------------------------------------------


def peers_data(
    connection: "duckdb.DuckDBPyConnection", indicator_id: str, year: int | None = None
) -> Data:
    """The lists of `charts.peers_chart`: the provinces' annual values, latest year first.

    Args:
        year: this calendar year alone; None for all in which Henan and another province have one.

    Returns:
        peers: one row a province and year with its place from the top; medians: one a year with
        Henan's place; frame: one row. All empty but the frame where there is nothing to compare.

    Raises:
        KeyError: there is no such indicator.
    """
    return _peers(connection, indicator_id, year)[indicator_id]


def every_peers_data(connection: "duckdb.DuckDBPyConnection") -> dict[str, Data]:
    """`peers_data` of all indicators, in two queries."""
    return _peers(connection, None, None)


def _peers(
    connection: "duckdb.DuckDBPyConnection", indicator_id: str | None, year: int | None
) -> dict[str, Data]:
    found = grouped(
        (r for r in rows(connection, _PEERS, indicator_id, HENAN) if year in (None, r["year"])),
        "indicator_id",
    )
    return {
        about["indicator_id"]: _provinces(about, found[about["indicator_id"]])
        for about in rows(connection, ABOUT, indicator_id)
    }


def _provinces(about: Row, found: Sequence[Row]) -> Data:
    peers = [_peer(row) for row in found]
    medians = [_median(row) for row in found if row["region_code"] == HENAN]
    values = [row["value"] for row in found]
    largest = max((abs(value) for value in values), default=0.0)
    ends = value_range(values, about["measure"])
    frame: Drawn = {
        "has_data": bool(peers),
        "height": _YEAR_PX * max(len(medians), 1),
        "x0": ends.low,
        "x1": ends.high,
    }
    for language in LANGUAGES:
        factor, word = magnitude(largest, about["unit"], language)
        frame[f"factor_{language}"] = factor
        unit = axis_unit(word, about["unit"], language)
        frame[f"unit_{language}"] = {"zh": f"单位：{unit}", "en": f"Unit: {unit}"}[language]
        frame[f"marks_{language}"] = {
            "zh": "◆ 河南　● 其他省份　┃ 中位数",
            "en": "◆ Henan   ● other provinces   ┃ median",
        }[language]
        frame[f"name_{language}"] = about[f"name_{language}"]
        frame[f"empty_{language}"] = "" if peers else {"zh": "无数据", "en": "no data"}[language]
        frame[f"notes_{language}"] = []
    return {"peers": peers, "medians": medians, "frame": [frame]}


def _peer(row: Row) -> Drawn:
    drawn: Drawn = {
        "year": str(row["year"]),
        "region": row["region_code"],
        "is_henan": row["region_code"] == HENAN,
        "value": row["value"],
        "source": row["source_title"],
    }
    for language in LANGUAGES:
        drawn[f"region_{language}"] = row[f"region_{language}"]
        drawn[f"label_{language}"] = figure(row["value"], row["unit"], language)
        drawn[f"place_{language}"] = _place(row, language)
    return drawn


def _median(row: Row) -> Drawn:
    drawn: Drawn = {"year": str(row["year"]), "median": row["median"], "henan": row["value"]}
    for language in LANGUAGES:
        drawn[f"label_{language}"] = figure(row["median"], row["unit"], language)
        drawn[f"place_{language}"] = _place(row, language)
    return drawn


def _place(row: Row, language: str) -> str:
    place, regions = row["place"], row["regions"]
    return {"zh": f"第{place}位（共{regions}个）", "en": f"no. {place} of {regions}"}[language]
