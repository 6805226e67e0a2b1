"""From a chart to what is shown: filled with data, as a picture, as scripts of the report."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal

import altair as alt
import vl_convert

from assets.charts.comparisons import attainment_chart, peers_chart
from assets.charts.indicator import indicator_chart
from assets.charts.scale import text_width
from assets.charts.style import Language

Kind = Literal["indicator", "attainment", "peers"]
_CHARTS: Final[dict[Kind, Callable[[Language], alt.LayerChart]]] = {
    "indicator": indicator_chart,
    "attainment": attainment_chart,
    "peers": peers_chart,
}
PICTURE_WIDTH: Final = 720


def filled(
    chart: alt.LayerChart, data: Mapping[str, Sequence[Mapping[str, Any]]]
) -> alt.LayerChart:
    """The chart with its data, and with its name and notes above it.

    Args:
        data: as the function `…_data` of the same name gives it for this chart.
    """
    _, language = str(chart.name).rsplit("_", 1)
    head = _head(language, data)
    return chart.properties(
        datasets=dict(data), title=alt.TitleParams(**head["title"]), height=head["height"]
    )


def _head(language: str, data: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    (frame,) = data["frame"]
    subtitle = [line for note in frame[f"notes_{language}"] for line in _wrapped(note)]
    title = {"text": frame[f"name_{language}"], "subtitle": subtitle}
    return {"title": title, "height": frame["height"]}


def _wrapped(text: str) -> list[str]:
    """Lines that fit a picture; wide characters count double, Chinese breaks anywhere."""
    lines, line = [], ""
    for piece in re.findall(r"[\u2e80-\uffff]|[^\u2e80-\uffff\s]+\s*|\s", text):
        if line and text_width(line + piece.rstrip()) > PICTURE_WIDTH - 60:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def svg(
    kind: Kind,
    language: Language,
    data: Mapping[str, Sequence[Mapping[str, Any]]],
    width: int = PICTURE_WIDTH,
) -> str:
    """A picture, drawn with the fonts of whoever looks at it. Asks no network.

    Args:
        data: as `…_data` of the same kind gives it.
        width: of the plot in pixels; a chart that keeps a width of its own has that.
    """
    spec = specification(kind, language)
    wide = {"width": width} if spec["width"] == "container" else {}
    picture: str = vl_convert.vegalite_to_svg(
        spec | _head(language, data) | wide | {"datasets": dict(data)}, allowed_base_urls=[]
    )
    return picture


@cache
def specification(kind: Kind, language: Language) -> dict[str, Any]:
    """A chart as Vega-Lite, without data."""
    # Validation takes longer than drawing; that specifications are valid is tested.
    spec: dict[str, Any] = _CHARTS[kind](language).to_dict(validate=False)
    return spec


def specs_js(language: Language) -> str:
    """A script that sets `window.DUIBIAO_SPECS`: specifications without data, by kind."""
    specs = {kind: specification(kind, language) for kind in _CHARTS}
    return f"window.DUIBIAO_SPECS = {json.dumps(specs, ensure_ascii=False)};\n"


def vega_js() -> str:
    """The script of Vega, Vega-Lite and Vega-Embed; it defines `window.vegaEmbed`."""
    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # Were it no function's inside, all other scripts would share its many short names.
    return f"(function () {{\n{script}\n}})();\n"
