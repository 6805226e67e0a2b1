"""Rows of the chart of an indicator: observations, goals, revisions and paths."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from assets.charts.style import (
    BLUE,
    BOUND_SIGNS,
    CROSS,
    GOAL_SHAPES,
    GREY,
    INK,
    OBSERVATION_SHAPES,
    PAPER,
    SIGNS,
    VERMILLION,
)
from assets.figures import format_figure
from schemas import vocabulary as v

Row = Mapping[str, Any]
Drawn = dict[str, Any]

HENAN: Final = "410000"
LANGUAGES: Final = ("zh", "en")
# Over more years than this no solid line is drawn from one figure to the next.
LONGEST_STEP: Final = 2.1
# Filled in when the labels are placed: texts, and their sides on a page and on a phone.
NO_TAG: Final = {"tag_zh": "", "tag_en": "", "side_zh": ["", ""], "side_en": ["", ""]}


def code_label(codes: v.Codes, code: str | None, language: str) -> str:
    """What a code means; a dash where there is none."""
    return "—" if code is None else getattr(codes[code], language)


def figure(value: float, unit: str, language: str, sign: str = "") -> str:
    """A value with its sign: ≥ 1.9万亿元."""
    text = format_figure(value, unit, language)
    return f"{sign} {text}" if sign else text


# --- observations -----------------------------------------------------------------------------


def observation_rows(found: Sequence[Row], main: str) -> list[Drawn]:
    """Observations as they are drawn.

    A figure that covers only a part of a year (of a flow: months, quarters, the year to date) is
    drawn apart and never joined to whole years. Of several figures for one day the line takes the
    annual one; the others are drawn as points of their own.
    """
    joined: dict[tuple[str, float], Row] = {}
    for row in found:
        place = (row["region_code"], row["t"])
        if not _is_partial(row) and (place not in joined or row["period_type"] == "annual"):
            joined[place] = row
    drawn = [
        _observation(row, main, is_joined=joined.get((row["region_code"], row["t"])) is row)
        for row in found
    ]
    for before, after in _neighbours(drawn):
        after["run"] = before["run"] + (after["t"] - before["t"] > LONGEST_STEP)
    return drawn


def _neighbours(drawn: Sequence[Drawn]) -> list[tuple[Drawn, Drawn]]:
    """Pairs of joined observations that follow one another in a region and scope."""
    joined = [o for o in drawn if o["is_joined"]]
    return [
        (before, after)
        for before, after in pairwise(joined)
        if (before["region"], before["segment"]) == (after["region"], after["segment"])
    ]


def _is_partial(row: Row) -> bool:
    whole_year = row["t"] == int(row["t"]) and row["t"] - row["t_start"] > 0.99
    is_part = row["measure"] == "flow" or row["period_type"] == "year_to_date"
    return bool(is_part and not whole_year)


def _observation(row: Row, main: str, *, is_joined: bool) -> Drawn:
    is_partial = _is_partial(row)
    is_main = row["region_code"] == main
    colour = BLUE if is_main and not is_partial else GREY
    drawn: Drawn = {
        "observation_id": row["observation_id"],
        "t": row["t"],
        "value": row["value"],
        "region": row["region_code"],
        "segment": row["segment"],
        # Which piece of the line: a step over years without figures starts another.
        "run": 0,
        "is_main": is_main,
        "is_partial": is_partial,
        "is_joined": is_joined,
        "is_conflict": row["is_conflict"],
        "bound": row["bound"],
        "shape": CROSS if is_partial else OBSERVATION_SHAPES[row["bound"]],
        "colour": colour,
        "fill": PAPER if row["bound"] != "exact" else colour,
        "size": 70 if is_main else 45,
        "printed": row["value_printed"],
        "source": row["source_title"],
        "published": str(row["published_on"]),
        "conflict": row["beaten"] if row["is_conflict"] else "—",
    }
    for language in LANGUAGES:
        since = {"zh": "（年初累计）", "en": " (year to date)"}[language]
        mark = since if row["period_type"] == "year_to_date" else ""
        drawn[f"region_{language}"] = row[f"region_{language}"]
        drawn[f"period_{language}"] = f"{row['period']}{mark}"
        drawn[f"label_{language}"] = figure(
            row["value"], row["unit"], language, BOUND_SIGNS[row["bound"]]
        )
        drawn[f"bound_{language}"] = code_label(v.BOUNDS, row["bound"], language)
        drawn[f"quality_{language}"] = code_label(v.QUALITIES, row["quality"], language)
    return drawn | NO_TAG


# --- goals ------------------------------------------------------------------------------------


def level(goal: Row) -> float | None:
    """The goal in the unit of its series: None where it has no figure, or its reference is
    unknown."""
    if goal["operator"] == "range":
        return goal["value"]  # type: ignore[no-any-return]
    return goal["resolved_target"]  # type: ignore[no-any-return]


def goal_rows(found: Sequence[Row], main: str) -> list[Drawn]:
    """Goals as they are drawn: dated ones as points, those without a deadline as levels.

    Goals of one plan with several dates carry its name in `chain` (else None); goals that fall on
    one another are moved apart by `nudge` pixels.
    """
    drawn = [_goal(goal, main) for goal in found if level(goal) is not None]
    dated = [g for g in drawn if not g["is_open"] and g["state"] != "other" and not g["t_start"]]
    plans = Counter((g["region"], g["plan"]) for g in dated)
    for goal in dated:
        if plans[goal["region"], goal["plan"]] > 1:
            goal["chain"] = f"{goal['region']} {goal['plan']}"
    places: Counter[tuple[str, float, float]] = Counter()
    for goal in drawn:
        place = (goal["region"], goal["t"], goal["value"])
        goal["nudge"] = 9 * places[place]
        places[place] += 1
    return drawn


def _goal(goal: Row, main: str) -> Drawn:
    is_main = goal["region_code"] == main
    is_open = goal["target_year"] is None
    state = "live" if goal["is_live"] else "superseded" if goal["is_goal"] else "other"
    colour = GREY
    if is_main and state != "superseded":
        colour = VERMILLION if state == "live" else INK
    is_sum = (
        goal["value_kind"] == "cumulative"
        and not is_open
        and goal["start_year"] is not None
        and goal["start_year"] < goal["target_year"]
    )
    drawn: Drawn = {
        "target_id": goal["target_id"],
        "region": goal["region_code"],
        "is_main": is_main,
        "is_open": is_open,
        "state": state,
        # An open goal has no place in time: its label stands at the axis.
        "t": None if is_open else float(goal["target_year"]),
        "t_start": float(goal["start_year"] - 1) if is_sum else None,
        "value": level(goal),
        "high": goal["value_high"],
        "operator": goal["operator"],
        "shape": GOAL_SHAPES[goal["operator"]],
        "colour": colour,
        "fill": colour if state == "live" else PAPER,
        "plan": goal["document_id"] or goal["title"],
        "chain": None,
        "chain_colour": VERMILLION if is_main else GREY,
        "nudge": 0,
        "printed": goal["printed"],
        "source": goal["title"],
        "citation": " ".join(
            str(part)
            for part in (goal["publisher"], goal["section"], goal["source_id"])
            if part is not None
        ),
        "published": str(goal["published_on"]),
    }
    for language in LANGUAGES:
        drawn[f"region_{language}"] = goal[f"region_{language}"]
        drawn[f"label_{language}"] = _goal_label(goal, language)
        drawn[f"due_{language}"] = _due(goal, language)
        drawn[f"status_{language}"] = code_label(v.STATUSES, goal["status"], language)
        drawn[f"commitment_{language}"] = code_label(v.COMMITMENTS, goal["commitment"], language)
        drawn[f"state_{language}"] = {
            "live": ("有效", "live"),
            "superseded": ("已被后来的文件取代", "superseded by a later document"),
            "other": ("不计入目标", "not counted as a goal"),
        }[state][LANGUAGES.index(language)]
    return drawn | NO_TAG


def _goal_label(goal: Row, language: str) -> str:
    low = level(goal)
    assert low is not None
    text = figure(low, goal["unit"], language, SIGNS[goal["operator"]])
    if goal["operator"] == "range" and goal["value_high"] is not None:
        text = f"{text} – {format_figure(goal['value_high'], goal['unit'], language)}"
    start, end = goal["start_year"], goal["target_year"]
    if goal["value_kind"] == "cumulative" and start is not None and end is not None and start < end:
        text += {"zh": f"（{start}—{end}年合计）", "en": f" (sum of {start}–{end})"}[language]
    return text


def _due(goal: Row, language: str) -> str:
    year = goal["target_year"]
    if year is None:
        return {"zh": "无期限", "en": "no deadline"}[language]
    inferred = {"zh": "（推定）", "en": " (inferred)"}[language]
    return {"zh": f"{year}年年末", "en": f"end of {year}"}[language] + (
        inferred if goal["deadline_inferred"] else ""
    )


# --- revisions and paths ----------------------------------------------------------------------


def revision_rows(found: Sequence[Row], goals: Mapping[str, Drawn]) -> list[Drawn]:
    """Lines from a goal to the goal that took its place; `goals` by target_id."""
    return [
        _revision(row, goals[row["from_target_id"]], goals[row["to_target_id"]])
        for row in found
        if row["from_target_id"] in goals and row["to_target_id"] in goals
    ]


def _revision(row: Row, old: Drawn, new: Drawn) -> Drawn:
    # A goal without deadline had no place in time: its line begins where it was issued.
    begins = old["t"] if old["t"] is not None else row["t_issued_from"]
    ends = new["t"] if new["t"] is not None else row["t_issued_to"]
    change = row["change_pct"]
    drawn: Drawn = {
        "from_target_id": row["from_target_id"],
        "to_target_id": row["to_target_id"],
        "kind": row["kind"],
        "t": begins,
        "value": old["value"],
        "t2": ends,
        "value2": new["value"],
        "t_mid": (begins + ends) / 2,
        "value_mid": (old["value"] + new["value"]) / 2,
        "from_source": row["from_source"],
        "to_source": row["to_source"],
    }
    for language in LANGUAGES:
        percent = "" if change is None else f"{change:+.1f}%".replace("-", "−")
        said = code_label(v.REVISION_KINDS, row["kind"], language)
        drawn[f"label_{language}"] = percent if row["kind"] == "figure" and percent else said
        drawn[f"from_{language}"] = f"{old[f'label_{language}']}, {old[f'due_{language}']}"
        drawn[f"to_{language}"] = f"{new[f'label_{language}']}, {new[f'due_{language}']}"
    return drawn | NO_TAG


def path_rows(found: Sequence[Row], observations: Sequence[Drawn], main: str) -> list[Drawn]:
    """Straight lines: for live goals the way from the baseline, and from the latest value the way
    still to go where one is required; and the steps over years without figures."""
    paths = [path for goal in found if goal["is_live"] for path in _paths(goal, main)]
    return paths + [
        _step(before, after)
        for before, after in _neighbours(observations)
        if before["run"] != after["run"]
    ]


def _step(before: Drawn, after: Drawn) -> Drawn:
    drawn: Drawn = {
        "target_id": None,
        "kind": "step",
        "t": before["t"],
        "value": before["value"],
        "t2": after["t"],
        "value2": after["value"],
        "is_main": before["is_main"],
    }
    for language in LANGUAGES:
        drawn[f"kind_{language}"] = {"zh": "其间无数据", "en": "no data in between"}[language]
        drawn[f"pace_{language}"] = "—"
        drawn[f"goal_{language}"] = "—"
        drawn[f"baseline_{language}"] = before[f"period_{language}"]
    return drawn


def _paths(goal: Row, main: str) -> list[Drawn]:
    value, year = level(goal), goal["target_year"]
    if value is None or year is None:
        return []
    paths = []
    starts, base = goal["baseline_t"], goal["baseline_value"]
    if starts is not None and base is not None and starts < year and not goal["is_across_break"]:
        paths.append(_path(goal, main, "expected", starts, base, value))
    pace, latest = goal["required_pace"], goal["t_latest"]
    if pace and latest is not None and latest < year:
        paths.append(_path(goal, main, "required", latest, goal["latest_value"], value))
    return paths


def _path(goal: Row, main: str, kind: str, begins: float, base: float, value: float) -> Drawn:
    drawn: Drawn = {
        "target_id": goal["target_id"],
        "kind": kind,
        "t": begins,
        "value": base,
        "t2": float(goal["target_year"]),
        "value2": value,
        "is_main": goal["region_code"] == main,
    }
    pace = (value - base) / (goal["target_year"] - begins)
    for language in LANGUAGES:
        each = {"zh": "每年 ", "en": " a year"}
        text = figure(pace, goal["unit"], language) if goal["unit"] != "rank" else f"{pace:+.2g}"
        name = {
            "expected": ("基期到目标的直线路径", "straight path from baseline to goal"),
            "required": ("最新值到目标还需的速度", "pace still required from the latest value"),
        }[kind][LANGUAGES.index(language)]
        drawn[f"kind_{language}"] = name
        drawn[f"pace_{language}"] = each["zh"] + text if language == "zh" else text + each["en"]
        drawn[f"goal_{language}"] = f"{_goal_label(goal, language)}, {_due(goal, language)}"
        drawn[f"baseline_{language}"] = (
            code_label(v.BASELINE_KINDS, goal["baseline_kind"], language)
            if kind == "expected"
            else str(goal["obs_period"])
        )
    return drawn
