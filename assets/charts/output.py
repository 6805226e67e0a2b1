"""From a chart to what is shown: filled with data, as a picture, as scripts of the report."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import vl_convert

from assets.charts.comparisons import attainment_chart, peers_chart
from assets.charts.indicator import indicator_chart
from assets.charts.scale import text_width
from assets.charts.style import Language

PICTURE_WIDTH: Final = 720
PNG_SCALE: Final = 2.0


def filled(
    chart: alt.LayerChart, data: Mapping[str, Sequence[Mapping[str, Any]]]
) -> alt.LayerChart:
    """The chart with its data, and with its name and notes above it.

    Args:
        data: as the function `…_data` of the same name gives it for this chart.
    """
    (frame,) = data["frame"]
    _, language = str(chart.name).rsplit("_", 1)
    title = alt.TitleParams(
        text=frame[f"name_{language}"],
        subtitle=[line for note in frame[f"notes_{language}"] for line in _wrapped(note)],
    )
    return chart.properties(datasets=dict(data), title=title, height=frame["height"])


def _wrapped(text: str) -> list[str]:
    """Lines that fit a picture; wide characters count double, Chinese breaks anywhere."""
    lines, line = [], ""
    for piece in re.findall(r"[\u2e80-\uffff]|[^\u2e80-\uffff\s]+\s*|\s", text):
        if line and text_width(line + piece.rstrip()) > PICTURE_WIDTH - 60:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def png(chart: alt.LayerChart) -> bytes:
    """A picture of a filled chart. Asks no network; needs a font for Chinese on this machine."""
    picture: bytes = vl_convert.vegalite_to_png(
        _drawn(chart), scale=PNG_SCALE, allowed_base_urls=[]
    )
    return picture


def svg(chart: alt.LayerChart) -> str:
    """The same as SVG: much smaller, and written with the fonts of whoever looks at it."""
    picture: str = vl_convert.vegalite_to_svg(_drawn(chart), allowed_base_urls=[])
    return picture


def _drawn(chart: alt.LayerChart) -> dict[str, Any]:
    """The specification of a picture: a page gives a chart its width, a picture must have one."""
    # Validation takes longer than drawing; that specifications are valid is tested.
    spec = chart.to_dict(validate=False)
    return spec | {"width": PICTURE_WIDTH} if spec["width"] == "container" else spec


def specs_js(language: Language) -> str:
    """A script that sets `window.DUIBIAO_SPECS`: specifications without data, by kind."""
    charts = {
        "indicator": indicator_chart(language),
        "attainment": attainment_chart(language),
        "peers": peers_chart(language),
    }
    # The tests validate them: here it would double the time.
    specs = {kind: chart.to_dict(validate=False) for kind, chart in charts.items()}
    return f"window.DUIBIAO_SPECS = {json.dumps(specs, ensure_ascii=False)};\n"


def vega_js() -> str:
    """The script of Vega, Vega-Lite and Vega-Embed; it defines `window.vegaEmbed`."""
    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # Were it no function's inside, all other scripts would share its many short names.
    return f"(function () {{\n{script}\n}})();\n"
