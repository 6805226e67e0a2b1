"""What the specifications share: lists by name, variables, tooltips, text that stays readable."""

from collections.abc import Iterable
from typing import Any, Final

import altair as alt

from assets.charts.style import INK, PAPER, Language

EXPR = alt.ExprRef
# Narrower plots get the labels that were placed for a phone.
_PHONE_PX: Final = 450


def named_data(name: str) -> alt.NamedData:
    """A list that the page brings along."""
    return alt.NamedData(name=name)


def parameters() -> list[alt.Parameter]:
    """Variables of all expressions: the frame, and `phone`, which is 1 on a narrow plot."""
    expressions = {"frame": "data('frame')[0]", "phone": f"width < {_PHONE_PX} ? 1 : 0"}
    return [alt.param(name=name, expr=text) for name, text in expressions.items()]


def tooltips(pairs: Iterable[tuple[str, str, str]], language: Language) -> list[alt.Tooltip]:
    """Lines of a tooltip: (field, Chinese, English); a field `x_` stands for x_zh or x_en."""
    return [
        alt.Tooltip(
            field=f"{field}{language}" if field.endswith("_") else field,
            type="nominal",
            title=zh if language == "zh" else en,
        )
        for field, zh, en in pairs
    ]


def colour_of(field: str = "colour") -> alt.Color:
    return alt.Color(field=field, type="nominal", scale=None)


def texts(
    source: str,
    *,
    text: str,
    where: str | None = None,
    colour: str = INK,
    colour_field: str | None = None,
    encoding: dict[str, Any] | None = None,
    **mark: Any,
) -> list[alt.Chart]:
    """Text on a white edge, so that lines under it do not spoil it.

    Args:
        text: expression. where: expression; rows for which it does not hold show nothing.
        encoding: positions, where they come from fields.
        mark: positions and alignment as properties of the mark.
    """
    layers = []
    for edge in (True, False):
        outline = {"stroke": PAPER, "strokeWidth": 3, "strokeJoin": "round"} if edge else {}
        chart = alt.Chart(named_data(source))
        if where is not None:
            chart = chart.transform_filter(where)
        channels = dict(encoding or {})
        if colour_field is not None and not edge:
            channels["color"] = colour_of(colour_field)
        layers.append(
            chart.mark_text(
                text=EXPR(text), **{"color": PAPER if edge else colour, **outline, **mark}
            ).encode(**channels)
        )
    return layers
