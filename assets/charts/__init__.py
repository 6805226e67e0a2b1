"""The charts of the report, the notebooks and Dagster: one specification a kind and language.

A specification holds no data, only the names of its lists; `…_data` reads the lists from a
published file. In the browser Vega draws them, for Dagster's pages `svg` does: both without any
network.

    data.py, rows.py, curves.py    an indicator: what the file says -> rows that can be drawn
    comparison_data.py   all goals by attainment; an indicator across the provinces
    indicator.py, comparisons.py   the specifications        layers.py   what they share
    scale.py, legend.py, style.py  ranges and labels; legend; colours, shapes and dashes
    output.py            pictures, and scripts for the report
"""

from assets.charts.comparison_data import attainment_data, every_peers_data, peers_data
from assets.charts.comparisons import attainment_chart, peers_chart
from assets.charts.data import Data, every_indicator_data, indicator_data
from assets.charts.indicator import indicator_chart
from assets.charts.output import Kind, filled, specs_js, svg, vega_js
from assets.charts.style import Language

__all__ = [
    "Data",
    "Kind",
    "Language",
    "attainment_chart",
    "attainment_data",
    "every_indicator_data",
    "every_peers_data",
    "filled",
    "indicator_chart",
    "indicator_data",
    "peers_chart",
    "peers_data",
    "specs_js",
    "svg",
    "vega_js",
]
