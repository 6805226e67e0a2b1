"""The chart of an indicator: what was observed, what was asked for, and the way between.

Lists: observations, goals, revisions, paths, curves, breaks, legend and frame (`data`). Colours and
shapes come with the rows, so that one specification serves every indicator.
"""

import altair as alt

from assets.charts.layers import EXPR, colour_of, named_data, parameters, texts, tooltips
from assets.charts.style import (
    BLUE,
    CONFIG,
    DASHES,
    GREY,
    INK,
    LINE,
    ORANGE,
    PURPLE,
    Language,
)


def _x(language: Language, field: str = "t") -> alt.X:
    return alt.X(
        field=field,
        type="quantitative",
        scale=alt.Scale(domain=EXPR("[frame.x0, frame.x1]"), nice=False, zero=False),
        axis=alt.Axis(
            title={"zh": "刻度：各年年末", "en": "ticks: end of the year"}[language],
            titleAnchor="end",
            titlePadding=5,
            format="d",
            grid=False,
            tickMinStep=1,
            tickCount=EXPR("max(2, floor(width / 56))"),
            labelOverlap=True,
            labelFlush=False,
        ),
    )


def _y(field: str, language: Language) -> alt.Y:
    return alt.Y(
        field=field,
        type="quantitative",
        scale=alt.Scale(
            domain=EXPR("[frame.y0, frame.y1]"),
            nice=False,
            zero=False,
            reverse=EXPR("frame.is_reversed"),
        ),
        axis=alt.Axis(
            title=None,
            values=EXPR("frame.ticks"),
            tickCount=EXPR("frame.is_blank ? 0 : 5"),
            tickMinStep=EXPR("frame.least_step"),
            labelExpr=f"format(datum.value / frame.factor_{language}, ',.8~g')",
            domain=False,
            ticks=False,
        ),
    )


def _tags(source: str, x: str, y: str, language: Language, colour: str | None) -> list[alt.Chart]:
    """The labels of points, on the sides that were found free for them."""
    side = f"datum.side_{language}[phone]"
    return texts(
        source,
        text=f"{side} == '' ? '' : datum.tag_{language}",
        colour=GREY,
        colour_field=colour,
        encoding={"x": _x(language, x), "y": _y(y, language)},
        align=EXPR(f"{side} == 'right' ? 'left' : {side} == 'left' ? 'right' : 'center'"),
        baseline=EXPR(f"{side} == 'above' ? 'bottom' : {side} == 'below' ? 'top' : 'middle'"),
        dx=EXPR(f"{side} == 'right' ? 10 : {side} == 'left' ? -10 : 0"),
        dy=EXPR(f"{side} == 'above' ? -9 : {side} == 'below' ? 9 : 0"),
    )


def _breaks(language: Language) -> list[alt.Chart]:
    rule = (
        alt.Chart(named_data("breaks"))
        .mark_rule(color=INK, strokeWidth=1.5, strokeDash=DASHES["break"])
        .encode(
            x=_x(language),
            tooltip=tooltips(
                [("label_", "口径变动", "scope change"), ("note_", "说明", "note")], language
            ),
        )
    )
    names = texts(
        "breaks",
        text=f"datum.label_{language}",
        encoding={"x": _x(language)},
        angle=270,
        y=0,
        align="right",
        baseline="bottom",
        dy=-3,
    )
    return [rule, *names]


def _as_of(language: Language) -> list[alt.Chart]:
    frame = alt.Chart(named_data("frame"))
    rule = frame.mark_rule(color="#999999", strokeWidth=1).encode(x=_x(language, "as_of"))
    name = texts(
        "frame",
        text=f"frame.as_of_{language}",
        colour=GREY,
        encoding={"x": _x(language, "as_of")},
        angle=270,
        y="height",
        align="left",
        baseline="bottom",
        dx=6,
        dy=-3,
    )
    return [rule, *name]


def _paths(language: Language) -> list[alt.Chart]:
    tips = tooltips(
        [
            ("kind_", "路径", "path"),
            ("baseline_", "起点", "from"),
            ("goal_", "目标", "goal"),
            ("pace_", "速度", "pace"),
        ],
        language,
    )
    return [
        alt.Chart(named_data("paths"))
        .transform_filter(f"datum.kind == '{kind}'")
        .mark_rule(color=colour, strokeWidth=width, strokeDash=DASHES[kind])
        .encode(x=_x(language), y=_y("value", language), x2="t2", y2="value2", tooltip=tips)
        for kind, colour, width in (
            ("expected", "#8A8A8A", 1.2),
            ("required", PURPLE, 2.0),
            ("step", BLUE, 1.2),
        )
    ]


def _curves(language: Language) -> list[alt.Chart]:
    tips = tooltips([("kind_", "路径", "path"), ("region_", "地区", "region")], language)
    return [
        alt.Chart(named_data("curves"))
        .transform_filter(f"datum.kind == '{kind}'")
        .mark_line(
            strokeWidth=1.6,
            strokeDash=DASHES[kind],
            interpolate="linear" if kind == "milestones" else "monotone",
        )
        .encode(
            x=_x(language),
            y=_y("value", language),
            detail="path:N",
            color=colour_of(),
            tooltip=tips,
        )
        for kind in ("milestones", "geometric", "logistic")
    ]


def _revisions(language: Language) -> list[alt.Chart]:
    tips = tooltips(
        [
            ("label_", "目标调整", "revision"),
            ("from_", "原目标", "from"),
            ("from_source", "原文件", "printed in"),
            ("to_", "新目标", "to"),
            ("to_source", "新文件", "printed in"),
        ],
        language,
    )
    line = (
        alt.Chart(named_data("revisions"))
        .mark_rule(color=GREY, strokeWidth=2)
        .encode(x=_x(language), y=_y("value", language), x2="t2", y2="value2", tooltip=tips)
    )
    return [line, *_tags("revisions", "t_mid", "value_mid", language, None)]


def _goals(language: Language) -> list[alt.Chart]:
    tips = tooltips(
        [
            ("label_", "目标", "goal"),
            ("due_", "期限", "due"),
            ("region_", "地区", "region"),
            ("printed", "原文", "as printed"),
            ("source", "文件", "document"),
            ("citation", "出处", "citation"),
            ("published", "发布日", "published"),
            ("status_", "结论", "verdict"),
            ("commitment_", "性质", "kind"),
            ("state_", "效力", "standing"),
        ],
        language,
    )
    goals = alt.Chart(named_data("goals"))
    value = _y("value", language)
    high = _y("high", language)
    dated = goals.transform_filter("!datum.is_open")
    chain = (
        dated.transform_filter("datum.chain != null")
        .mark_line(interpolate="step-after", strokeWidth=1, opacity=0.6)
        .encode(x=_x(language), y=value, detail="chain:N", color=colour_of("chain_colour"))
    )
    levels = [
        goals.transform_filter(f"datum.is_open && datum.{field} != null")
        .mark_rule(strokeWidth=1.8, strokeDash=DASHES["open"])
        .encode(y=y, color=colour_of(), tooltip=tips)
        for field, y in (("value", value), ("high", high))
    ]
    level_names = texts(
        "goals",
        where="datum.is_open",
        text=f"datum.label_{language} + ' · ' + datum.due_{language}",
        colour_field="colour",
        encoding={"y": value},
        x=6,
        align="left",
        baseline="bottom",
        dy=-4,
    )
    sums = (
        dated.transform_filter("datum.t_start != null")
        .mark_rule(strokeWidth=5, opacity=0.35)
        .encode(x=_x(language, "t_start"), x2="t", y=value, color=colour_of(), tooltip=tips)
    )
    ranges = (
        dated.transform_filter("datum.high != null")
        .mark_rule(strokeWidth=6, opacity=0.6)
        .encode(x=_x(language), y=value, y2="high", color=colour_of(), tooltip=tips)
    )
    ends = (
        dated.transform_filter("datum.high != null")
        .mark_point(shape="square", size=70, opacity=1, xOffset=EXPR("datum.nudge"))
        .encode(
            x=_x(language),
            y=high,
            color=colour_of(),
            fill=alt.Fill("fill:N", scale=None),
            tooltip=tips,
        )
    )
    points = dated.mark_point(
        size=110, opacity=1, strokeWidth=1.8, xOffset=EXPR("datum.nudge")
    ).encode(
        x=_x(language),
        y=value,
        shape=alt.Shape("shape:N", scale=None),
        color=colour_of(),
        fill=alt.Fill("fill:N", scale=None),
        tooltip=tips,
    )
    names = _tags("goals", "t", "value", language, "colour")
    return [chain, *levels, *level_names, sums, ranges, ends, points, *names]


def _observations(language: Language) -> list[alt.Chart]:
    tips = tooltips(
        [
            ("label_", "数值", "value"),
            ("period_", "时期", "period"),
            ("region_", "地区", "region"),
            ("printed", "原文", "as printed"),
            ("bound_", "界限", "bound"),
            ("source", "来源", "source"),
            ("published", "发布日", "published"),
            ("quality_", "等级", "quality"),
            ("conflict", "不一致的来源", "other sources"),
        ],
        language,
    )
    seen = alt.Chart(named_data("observations"))
    place = {"x": _x(language), "y": _y("value", language)}
    lines = [
        seen.transform_filter(f"datum.is_joined && {condition}")
        .mark_line(strokeWidth=width, strokeDash=DASHES[dash])
        .encode(**place, color=colour_of(), detail=["region:N", "segment:N", "run:N"])
        for condition, width, dash in (
            ("!datum.is_main", 1.5, "region"),
            ("datum.is_main", 2.2, "solid"),
        )
    ]
    rings = (
        seen.transform_filter("datum.is_conflict")
        .mark_point(
            shape="circle", size=230, color=ORANGE, strokeWidth=1.8, opacity=1, filled=False
        )
        .encode(**place, tooltip=tips)
    )
    points = seen.mark_point(opacity=1, strokeWidth=1.8).encode(
        **place,
        shape=alt.Shape("shape:N", scale=None),
        color=colour_of(),
        fill=alt.Fill("fill:N", scale=None),
        size=alt.Size("size:Q", scale=None),
        tooltip=tips,
    )
    return [*lines, rings, points, *_tags("observations", "t", "value", language, "colour")]


def _words(language: Language) -> list[alt.Chart]:
    """The unit above the axis, and that there are no data where there are none."""
    unit = alt.Chart(named_data("frame")).mark_text(
        text=EXPR(f"frame.unit_{language}"), x=0, y=-10, align="left", baseline="bottom"
    )
    empty = texts(
        "frame",
        text=f"frame.empty_{language}",
        colour=GREY,
        x=EXPR("width * frame.empty_x"),
        y=EXPR("height * frame.empty_y"),
        align="center",
        fontSize=16,
    )
    return [unit, *empty]


def _legend(language: Language) -> list[alt.Chart]:
    columns = f"max(1, floor((width + 20) / frame.legend_{language}))"
    left = f"(datum.position % {columns}) * frame.legend_{language}"
    top = f"height + 58 + 19 * floor(datum.position / {columns})"
    entries = alt.Chart(named_data("legend"))
    lines = (
        entries.transform_filter("datum.dash != null")
        .mark_point(
            shape=LINE, size=26**2, strokeWidth=2, strokeDash=EXPR("datum.dash"), opacity=1,
            x=EXPR(f"{left} + 13"), y=EXPR(top),
        )
        .encode(color=colour_of())
    )  # fmt: skip
    points = (
        entries.transform_filter("datum.shape != null")
        .mark_point(size=70, opacity=1, strokeWidth=1.8, x=EXPR(f"{left} + 13"), y=EXPR(top))
        .encode(
            shape=alt.Shape("shape:N", scale=None),
            color=colour_of(),
            fill=alt.Fill("fill:N", scale=None),
        )
    )
    names = entries.mark_text(
        text=EXPR(f"datum.label_{language}"),
        x=EXPR(f"{left} + 34"),
        y=EXPR(top),
        align="left",
        baseline="middle",
    )
    return [lines, points, names]


def indicator_chart(language: Language) -> alt.LayerChart:
    """The chart of any indicator; its lists come from `data.indicator_data`."""
    layers = [
        *_as_of(language),
        *_breaks(language),
        *_paths(language),
        *_curves(language),
        *_goals(language),
        *_revisions(language),
        *_observations(language),
        *_words(language),
        *_legend(language),
    ]
    chart: alt.LayerChart = (
        alt.layer(*layers)
        .properties(
            name=f"indicator_{language}",
            width="container",
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .add_params(*parameters())
        .configure(**CONFIG)
    )
    return chart
