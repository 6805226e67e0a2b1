"""The charts of all goals by attainment, and of an indicator across the provinces.

Their height grows with their rows: it is `height` of the frame.
"""

from typing import Final

import altair as alt

from assets.charts.layers import EXPR, named_data, parameters, texts, tooltips
from assets.charts.style import BLUE, CONFIG, GREY, GROUP_STYLES, INK, Language

# From this attainment on a label has no room to the right of its mark.
_NO_ROOM: Final = 130
_GROUPS: Final = alt.Scale(domain=list(GROUP_STYLES), range=[c for c, _ in GROUP_STYLES.values()])
_SHAPES: Final = alt.Scale(domain=list(GROUP_STYLES), range=[s for _, s in GROUP_STYLES.values()])


def attainment_chart(language: Language) -> alt.LayerChart:
    """Goals by attainment, the least first; lists from `data.attainment_data`.

    100 % is the goal; what is beyond 200 % stands at the edge with an arrow and its figure.
    """
    tips = tooltips(
        [
            ("name_", "目标", "goal"),
            ("goal_", "目标值", "asked for"),
            ("reached_", "结果", "reached"),
            ("period", "时期", "period"),
            ("percent", "完成率", "attainment"),
            ("status_", "结论", "verdict"),
            ("printed", "原文", "as printed"),
            ("source", "文件", "document"),
        ],
        language,
    )
    goals = alt.Chart(named_data("goals")).encode(
        y=alt.Y("position:O", axis=None), tooltip=tips, href="href:N"
    )
    x = alt.X(
        "shown:Q",
        scale=alt.Scale(domain=[0, 200], nice=False),
        axis=alt.Axis(
            title=None, orient="top", values=[0, 50, 100, 150, 200], labelExpr="datum.label + '%'"
        ),
    )
    colour = alt.Color("group:N", scale=_GROUPS, legend=None)
    shape = alt.Shape("group:N", scale=_SHAPES, legend=None)
    above = f"!phone && datum.shown > {_NO_ROOM}"
    line = alt.Chart(named_data("frame")).mark_rule(color=INK, strokeWidth=1.5)
    names = texts(
        "goals",
        text=f"datum.name_{language}",
        encoding={"y": alt.Y("position:O", axis=None), "href": "href:N", "tooltip": tips},
        x=2,
        dy=-9,
        align="left",
        baseline="middle",
        limit=EXPR(f"{above} ? width - 120 : width"),
        cursor="pointer",
    )
    stems = goals.mark_rule(strokeWidth=2, yOffset=9, cursor="pointer").encode(
        x=x, x2=alt.datum(0), color=colour
    )
    marks = goals.mark_point(
        size=100, opacity=1, strokeWidth=2.2, yOffset=9, cursor="pointer"
    ).encode(x=x, color=colour, fill=alt.Fill("group:N", scale=_GROUPS, legend=None), shape=shape)
    values = texts(
        "goals",
        text=f"phone ? datum.label_short : datum.label_{language}",
        encoding={"x": x, "y": alt.Y("position:O", axis=None)},
        align=EXPR(f"datum.shown > {_NO_ROOM} ? 'right' : 'left'"),
        dx=EXPR(f"{above} ? 8 : datum.shown > {_NO_ROOM} ? -10 : 10"),
        dy=EXPR(f"{above} ? -9 : 9"),
        baseline="middle",
    )
    empty = texts(
        "frame",
        text=f"frame.empty_{language}",
        colour=GREY,
        x=EXPR("width / 2"),
        y=20,
        fontSize=16,
    )
    chart: alt.LayerChart = (
        alt.layer(line.encode(x=alt.datum(100)), stems, marks, *names, *values, *empty)
        .properties(
            name=f"attainment_{language}",
            width="container",
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .add_params(*parameters())
        .configure(**CONFIG)
    )
    return chart


def peers_chart(language: Language) -> alt.LayerChart:
    """The provinces' values, one strip a year; lists from `data.peers_data`.

    Henan is a large filled mark with its place from the top, the median a short rule.
    """
    tips = tooltips(
        [
            ("region_", "地区", "province"),
            ("year", "年份", "year"),
            ("label_", "数值", "value"),
            ("place_", "位次（由高到低）", "place from the top"),
            ("source", "来源", "source"),
        ],
        language,
    )
    median_tips = tooltips(
        [("year", "年份", "year"), ("label_", "各省中位数", "median of the provinces")], language
    )
    x = alt.X(
        "value:Q",
        scale=alt.Scale(domain=EXPR("[frame.x0, frame.x1]"), nice=False, zero=False),
        axis=alt.Axis(
            title=None,
            tickCount=EXPR("max(2, floor(width / 90))"),
            labelExpr=f"format(datum.value / frame.factor_{language}, ',.8~g')",
        ),
    )
    y = alt.Y(
        "year:O",
        sort="descending",
        axis=alt.Axis(title=None, domain=False, ticks=False, grid=True),
    )
    peers, medians = alt.Chart(named_data("peers")), alt.Chart(named_data("medians"))
    others = (
        peers.transform_filter("!datum.is_henan")
        .mark_point(shape="circle", size=42, color=GREY, filled=True, opacity=0.45)
        .encode(x=x, y=y, tooltip=tips)
    )
    middle = medians.mark_tick(
        color=INK, thickness=2, size=20, orient="vertical", opacity=1
    ).encode(x=alt.X("median:Q"), y=y, tooltip=median_tips)
    henan = (
        peers.transform_filter("datum.is_henan")
        .mark_point(shape="diamond", size=130, color=BLUE, filled=True, opacity=1)
        .encode(x=x, y=y, tooltip=tips)
    )
    places = texts(
        "medians",
        text=f"datum.place_{language}",
        colour=BLUE,
        encoding={"x": alt.X("henan:Q"), "y": y},
        align="left",
        baseline="bottom",
        dx=6,
        dy=-4,
    )
    head = [
        alt.Chart(named_data("frame")).mark_text(
            text=EXPR(f"frame.{field}_{language}"), x=0, y=y, align="left", baseline="bottom"
        )
        for field, y in (("unit", -26), ("marks", -8))
    ]
    empty = texts(
        "frame",
        text=f"frame.empty_{language}",
        colour=GREY,
        x=EXPR("width / 2"),
        y=12,
        fontSize=16,
    )
    chart: alt.LayerChart = (
        alt.layer(others, middle, henan, *places, *head, *empty)
        .properties(
            name=f"peers_{language}",
            width="container",
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .add_params(*parameters())
        .configure(**CONFIG)
    )
    return chart
