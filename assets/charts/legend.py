"""The legend of an indicator's chart: only what the chart really shows, in the order of interest.

It is drawn as marks below the plot, in as many columns as fit: Vega's own legends can neither mix
points with lines nor leave out what is not there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assets.charts.scale import text_width
from assets.charts.style import (
    BLUE,
    CROSS,
    DASHES,
    GOAL_SHAPES,
    GREY,
    INK,
    OBSERVATION_SHAPES,
    ORANGE,
    PAPER,
    PURPLE,
    VERMILLION,
)
from schemas.vocabulary import BOUNDS

Drawn = dict[str, Any]
_SYMBOL_ROOM: Final = 34
_BETWEEN: Final = 18


def legend_rows(data: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Drawn]:
    """One row for each kind of mark on the chart; `position` counts from 0."""
    observations, goals = data["observations"], data["goals"]
    whole = [o for o in observations if not o["is_partial"]]
    names = {o["is_main"]: o for o in whole}
    entries: list[Drawn] = []
    if True in names:
        o = names[True]
        entries.append(
            _entry(
                o["region_zh"],
                o["region_en"],
                shape="circle",
                colour=BLUE,
                dash="solid" if sum(o["is_joined"] for o in whole) > 1 else None,
            )
        )
    if False in names:
        entries.append(
            _entry("其他地区", "other regions", shape="circle", colour=GREY, dash="region")
        )
    colour = BLUE if any(o["is_main"] for o in observations) else GREY
    for bound in ("at_least", "at_most", "approx"):
        if any(o["bound"] == bound for o in whole):
            shape = OBSERVATION_SHAPES[bound]
            entries.append(_entry(*BOUNDS[bound], shape=shape, colour=colour, hollow=True))
    if any(o["is_conflict"] for o in observations):
        entries.append(
            _entry("各来源不一致", "sources disagree", shape="circle", colour=ORANGE, hollow=True)
        )
    if any(o["is_partial"] for o in observations):
        entries.append(_entry("不足一年的数", "part of a year", shape=CROSS, colour=GREY))
    entries += _goals(goals)
    if any(g["chain"] for g in goals):
        entries.append(
            _entry("同一文件的分年目标", "goals of one document", colour=VERMILLION, dash="solid")
        )
    if data["revisions"]:
        entries.append(_entry("目标调整", "revision of a goal", colour=GREY, dash="solid"))
    for kind, zh, en in (
        ("milestones", "各年目标连成的路径", "path from goal to goal"),
        ("geometric", "等比增长的路径", "path of constant growth"),
        ("logistic", "S形路径", "S-shaped path"),
    ):
        found = [c for c in data["curves"] if c["kind"] == kind]
        if found:
            main = any(c["is_main"] for c in found)
            entries.append(_entry(zh, en, colour=VERMILLION if main else GREY, dash=kind))
    for kind, colour, zh, en in (
        ("expected", GREY, "基期到目标的路径", "path from baseline to goal"),
        ("step", BLUE, "其间无数据", "no data in between"),
        ("required", PURPLE, "自最新值起所需速度", "pace required from the latest value"),
    ):
        if any(p["kind"] == kind for p in data["paths"]):
            entries.append(_entry(zh, en, colour=colour, dash=kind))
    return [entry | {"position": position} for position, entry in enumerate(entries)]


def _goals(goals: Sequence[Mapping[str, Any]]) -> list[Drawn]:
    entries = []
    live = [g for g in goals if g["state"] == "live"]
    dated = [g for g in live if not g["is_open"]]
    has_main = any(g["is_main"] for g in goals)
    colour = VERMILLION if has_main else GREY
    for operator, zh, en in (
        ("ge", "目标：不低于或超过", "goal: at least, or more than"),
        ("le", "目标：不高于或低于", "goal: at most, or less than"),
        ("approx", "目标：左右", "goal: about"),
        ("range", "目标：等于或区间", "goal: exactly, or a range"),
    ):
        shape = GOAL_SHAPES[operator]
        if any(g["shape"] == shape and (g["is_main"] or not has_main) for g in dated):
            entries.append(_entry(zh, en, shape=shape, colour=colour))
    away = [g for g in live if not g["is_main"] and has_main]
    if away:
        shape = away[0]["shape"]
        entries.append(_entry("其他地区的目标", "goal of another region", shape=shape, colour=GREY))
    if any(g["is_open"] for g in live):
        entries.append(_entry("无期限的目标", "goal without deadline", colour=colour, dash="open"))
    for state, colour, zh, en in (
        ("superseded", GREY, "已被取代的目标", "superseded goal"),
        ("other", INK, "预计、愿景或建议", "forecast, aspiration or proposal"),
    ):
        found = [g for g in goals if g["state"] == state]
        if found:
            entries.append(_entry(zh, en, shape=found[0]["shape"], colour=colour, hollow=True))
    return entries


def _entry(
    zh: str,
    en: str,
    *,
    colour: str,
    shape: str | None = None,
    dash: str | None = None,
    hollow: bool = False,
) -> Drawn:
    return {
        "label_zh": zh,
        "label_en": en,
        "shape": shape,
        "colour": colour,
        "fill": PAPER if hollow else colour,
        "dash": None if dash is None else DASHES[dash],
    }


def legend_width(entries: Sequence[Mapping[str, Any]]) -> Drawn:
    """Width of a column of the legend [px], for the frame."""
    return {
        f"legend_{language}": round(
            max((text_width(e[f"label_{language}"]) for e in entries), default=0)
            + _SYMBOL_ROOM
            + _BETWEEN
        )
        for language in ("zh", "en")
    }
