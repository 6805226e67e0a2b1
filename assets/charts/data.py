"""What the charts show, from a published file: lists of plain mappings for Vega-Lite.

All rows of a list have the same keys. Texts come in both languages (`…_zh`, `…_en`); `t` is time on
the scale on which 31 December of a year is the number of that year. Values are in canonical units.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from assets.charts.curves import curve_rows, passed
from assets.charts.legend import legend_rows, legend_width
from assets.charts.rows import (
    HENAN,
    LANGUAGES,
    Drawn,
    Row,
    goal_rows,
    level,
    observation_rows,
    path_rows,
    revision_rows,
)
from assets.charts.scale import (
    NARROW,
    WIDE,
    Mark,
    Tag,
    axis_unit,
    emptiest,
    magnitude,
    place,
    value_range,
)
from assets.report.book import grouped
from pipelines.query import rows
from schemas.units import UNITS

if TYPE_CHECKING:
    import duckdb

Data = dict[str, list[Drawn]]

_OBSERVATIONS: Final = """
    SELECT o.*, year_end_scale(o.period_end) AS t, year_end_scale(o.period_start) AS t_start,
           r.name_zh AS region_zh, r.name_en AS region_en, i.measure,
           (SELECT count(DISTINCT b.starts_on) FROM core.series_breaks b
            WHERE b.indicator_id = o.indicator_id AND b.starts_on <= o.period_end) AS segment
    FROM core.observations o
    JOIN core.regions r USING (region_code) JOIN core.indicators i USING (indicator_id)
    WHERE ($1 IS NULL OR o.indicator_id = $1)
      AND (o.region_code = $2 OR NOT r.is_peer AND (o.indicator_id, o.region_code) IN
           (SELECT (indicator_id, region_code) FROM core.targets))
    ORDER BY o.region_code, o.period_end, o.period_type
"""
_GOALS: Final = """
    SELECT g.*, t.printed, t.start_year, t.deadline_inferred,
           s.title, s.section, s.publisher, s.source_id, s.published_on,
           r.name_zh AS region_zh, r.name_en AS region_en,
           year_end_scale(o.period_end) AS t_latest
    FROM gap.gap_to_goal g
    JOIN core.targets t USING (target_id)
    JOIN core.target_sources s ON s.target_id = g.target_id AND s.source_no = 1
    JOIN core.regions r ON r.region_code = g.region_code
    LEFT JOIN core.observation_vintages o ON o.observation_id = g.observation_id
    WHERE $1 IS NULL OR g.indicator_id = $1
    ORDER BY g.region_code, g.target_year NULLS LAST, t.issued_on, g.target_id
"""
_REVISIONS: Final = """
    SELECT *, year_end_scale(issued_from) AS t_issued_from, year_end_scale(issued_to) AS t_issued_to
    FROM core.target_revisions WHERE $1 IS NULL OR indicator_id = $1 ORDER BY ALL
"""
_TRAJECTORIES: Final = """
    SELECT indicator_id, region_code, path_id, path_kind, target_id, year, is_baseline, is_target,
           expected_value
    FROM gap.trajectories WHERE $1 IS NULL OR indicator_id = $1 ORDER BY path_id, path_kind, year
"""
_BREAKS: Final = """
    SELECT indicator_id, starts_on, year_end_scale(starts_on) AS t_start, note_zh, note_en
    FROM core.series_breaks WHERE $1 IS NULL OR indicator_id = $1 ORDER BY starts_on
"""
ABOUT: Final = """
    SELECT i.indicator_id, i.name_zh, i.name_en, i.unit, i.measure,
           b.as_of, year_end_scale(b.as_of) AS t_as_of
    FROM core.indicators i, meta.build b WHERE $1 IS NULL OR i.indicator_id = $1
"""


def indicator_data(connection: "duckdb.DuckDBPyConnection", indicator_id: str) -> Data:
    """The lists of `charts.indicator_chart`: Henan, and the other regions that have goals.

    Returns:
        observations, goals, revisions, paths, curves; breaks; legend; and frame, one row with the
        ranges and units of the axes and the notes.

    Raises:
        KeyError: there is no such indicator.
    """
    return _indicators(connection, indicator_id)[indicator_id]


def every_indicator_data(connection: "duckdb.DuckDBPyConnection") -> dict[str, Data]:
    """`indicator_data` of all indicators, in six queries instead of six for each."""
    return _indicators(connection, None)


def _indicators(
    connection: "duckdb.DuckDBPyConnection", indicator_id: str | None
) -> dict[str, Data]:
    def read(sql: str, *more: object) -> dict[str, list[Row]]:
        return grouped(rows(connection, sql, indicator_id, *more), "indicator_id")

    goals, observed = read(_GOALS), read(_OBSERVATIONS, HENAN)
    revisions, breaks, trajectories = read(_REVISIONS), read(_BREAKS), read(_TRAJECTORIES)
    return {
        key: _indicator(
            about, goals[key], observed[key], revisions[key], breaks[key], trajectories[key]
        )
        for key, (about,) in read(ABOUT).items()
    }


def _indicator(
    about: Row,
    registered: Sequence[Row],
    observed: Sequence[Row],
    revisions: Sequence[Row],
    breaks: Sequence[Row],
    trajectories: Sequence[Row],
) -> Data:
    regions = {row["region_code"] for row in (*observed, *registered)}
    main = HENAN if HENAN in regions or not regions else min(regions)
    goals = goal_rows(registered, main)
    observations = observation_rows(observed, main)
    data: Data = {
        "observations": observations,
        "goals": goals,
        "revisions": revision_rows(revisions, {g["target_id"]: g for g in goals}),
        "paths": path_rows(
            [g for g in registered if g["target_id"] not in passed(trajectories)],
            observations,
            main,
        ),
        "curves": curve_rows(trajectories, registered, main),
        "breaks": [_break(b) for b in breaks] if observed else [],
    }
    frame = _frame(about, data)
    _place_tags(data, frame)
    data["legend"] = legend_rows(data)
    data["frame"] = [frame | legend_width(data["legend"]) | _notes(data, registered)]
    return data


def _break(row: Row) -> Drawn:
    # The first year of the new scope; the rule stands between two year ends, on neither.
    year = row["starts_on"].year
    is_new_year = row["starts_on"].timetuple().tm_yday == 1
    return {
        "t": year - 0.5 if is_new_year else row["t_start"],
        "year": year,
        "label_zh": f"{year}年起口径变动",
        "label_en": f"scope changes {year}",
        "note_zh": row["note_zh"],
        "note_en": row["note_en"],
    }


def _frame(about: Row, data: Data) -> Drawn:
    """Ranges and units of the axes; `is_blank` where nothing at all can be drawn."""
    values = [row["value"] for name in ("observations", "goals") for row in data[name]]
    values += [g["high"] for g in data["goals"] if g["high"] is not None]
    values += [row["value"] for name in ("paths", "curves") for row in data[name]]
    drawn = ("observations", "goals", "paths", "curves")
    times = [row["t"] for name in drawn for row in data[name]]
    times += [about["t_as_of"]]
    known = [t for t in times if t is not None]
    ends = value_range(values, about["measure"])
    frame: Drawn = {
        "height": WIDE[1],
        "x0": math.floor(min(known) - 0.01) - 0.4,
        "x1": math.ceil(max(known)) + 0.4,
        "y0": ends.low,
        "y1": ends.high,
        "is_reversed": about["measure"] == "rank",
        "least_step": 1 if UNITS[about["unit"]].dimension in ("number", "rank") else 0,
        "ticks": _ticks(ends.high) if about["measure"] == "rank" and values else None,
        "is_blank": not values,
        "as_of": about["t_as_of"],
        "has_data": bool(data["observations"]),
    }
    largest = max((abs(value) for value in values), default=0.0)
    for language in LANGUAGES:
        factor, word = magnitude(largest, about["unit"], language)
        squeezed = {"zh": "；纵轴不从零起", "en": "; axis does not start at zero"}[language]
        is_squeezed = not ends.from_zero and about["measure"] != "rank"
        unit = axis_unit(word, about["unit"], language)
        head = {"zh": "单位：", "en": "Unit: "}[language]
        frame[f"factor_{language}"] = factor
        frame[f"unit_{language}"] = (
            f"{head}{unit}{squeezed if is_squeezed else ''}" if values else ""
        )
        frame[f"name_{language}"] = about[f"name_{language}"]
        frame[f"empty_{language}"] = (
            "" if frame["has_data"] else {"zh": "无数据", "en": "no data"}[language]
        )
        day = about["as_of"]
        frame[f"as_of_{language}"] = {"zh": f"截至{day}", "en": f"as of {day}"}[language]
    return frame


def _ticks(last: float) -> list[int]:
    """Ranks on the axis: the best, and every fifth."""
    return [1, *range(5, math.ceil(last), 5)]


def _notes(data: Data, registered: Sequence[Row]) -> Drawn:
    """What the picture leaves out, or shows apart, in sentences."""
    partial = sum(o["is_partial"] for o in data["observations"])
    unquantified = sum(g["value"] is None for g in registered)
    unresolved = sum(g["value"] is not None and level(g) is None for g in registered)
    said = [
        (
            partial,
            f"{partial}个非全年的数（年初累计、季度或月度）画作叉号，不与全年的数相连。",
            f"{partial} figure(s) for part of a year (year to date, quarters, months) are crosses, "
            "not joined to whole years.",
        ),
        (
            unquantified,
            f"{unquantified}条目标原文没有数值，图中未画。",
            f"{unquantified} goal(s) without a figure in the text are not drawn.",
        ),
        (
            unresolved,
            f"{unresolved}条目标按参照年的倍数或增量表述，参照年数值未知，图中未画。",
            f"{unresolved} goal(s) refer to the value of a year that is not known and are not "
            "drawn.",
        ),
        *(
            (1, f"{b['label_zh']}：{b['note_zh']}", f"{b['label_en']}: {b['note_en']}")
            for b in data["breaks"]
        ),
    ]
    return {
        "notes_zh": [zh for count, zh, _ in said if count],
        "notes_en": [en for count, _, en in said if count],
    }


def _place_tags(data: Data, frame: Drawn) -> None:
    """Choose what is labelled and on which side, for both languages, on a page and on a phone."""

    def at(t: float, value: float) -> tuple[float, float]:
        x = (t - frame["x0"]) / (frame["x1"] - frame["x0"])
        y = (value - frame["y0"]) / (frame["y1"] - frame["y0"])
        return x, y if frame["is_reversed"] else 1 - y

    goals = [g for g in data["goals"] if not g["is_open"]]
    marks = [Mark(*at(o["t"], o["value"])) for o in data["observations"]]
    marks += [Mark(*at(g["t"], g["value"]), nudge=g["nudge"]) for g in goals]
    marks += [Mark(*at(p["t_mid"], p["value_mid"])) for p in data["revisions"]]
    x, y = emptiest(marks)
    frame |= {"empty_x": x, "empty_y": y}
    joined = [o for o in data["observations"] if o["is_joined"]]
    last = {o["region"]: o for o in joined}  # in the order of time
    firsts = {o["region"]: o for o in reversed(joined)}
    seen: set[tuple[str, float, str]] = set()
    tagged: list[tuple[Drawn, Callable[[Row, str], str], tuple[float, float]]] = []
    for observation in last.values():
        tagged.append((observation, _named, at(observation["t"], observation["value"])))
    by_interest = sorted(goals, key=lambda g: (g["state"] != "live", not g["is_main"], -g["t"]))
    for goal in by_interest:
        key = (goal["region"], goal["t"], goal["label_zh"])
        if key not in seen:
            tagged.append((goal, _named, at(goal["t"], goal["value"])))
        seen.add(key)
    live = sum(row["state"] == "live" for row, _, _ in tagged if "state" in row)
    tagged[len(last) + live : len(last) + live] = [
        (revision, _plain, at(revision["t_mid"], revision["value_mid"]))
        for revision in data["revisions"]
    ]
    for observation in firsts.values():
        if observation not in last.values():
            tagged.append((observation, _plain, at(observation["t"], observation["value"])))
    for language in LANGUAGES:
        tags = [Tag(text(row, language), *where) for row, text, where in tagged]
        sides = [place(tags, marks, size) for size in (WIDE, NARROW)]
        for (row, _, _), tag, wide, narrow in zip(tagged, tags, *sides, strict=True):
            row[f"tag_{language}"] = tag.text
            row[f"side_{language}"] = [wide, narrow]


def _plain(row: Row, language: str) -> str:
    return str(row[f"label_{language}"])


def _named(row: Row, language: str) -> str:
    """The figure, with the name of its region where that is not the one the chart is about."""
    label = _plain(row, language)
    if row.get("state") == "other":
        label += {"zh": f"（{row['commitment_zh']}）", "en": f" ({row['commitment_en']})"}[language]
    return label if row["is_main"] else f"{row[f'region_{language}']} {label}"
