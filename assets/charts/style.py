"""Colours, shapes and dashes of the charts. Nothing is told by colour alone.

The colours are those of Okabe and Ito, darkened where text or thin lines on white need contrast.
"""

from typing import Any, Final, Literal

Language = Literal["zh", "en"]

BLUE: Final = "#0072B2"
ORANGE: Final = "#A66200"
GREEN: Final = "#00805C"
VERMILLION: Final = "#C24E00"
PURPLE: Final = "#A3457F"
GREY: Final = "#6B6B6B"
INK: Final = "#222222"
PAPER: Final = "#FFFFFF"
FONT: Final = 'system-ui, "Noto Sans CJK SC", sans-serif'

SIGNS: Final = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "=", "range": "", "approx": "≈"}
BOUND_SIGNS: Final = {"exact": "", "at_least": "≥", "at_most": "≤", "approx": "≈"}

# A ring with an arrow out of it: the true value lies beyond.
_RING: Final = "M-0.95,0A0.95,0.95,0,1,1,0.95,0A0.95,0.95,0,1,1,-0.95,0Z"
OBSERVATION_SHAPES: Final = {
    "exact": "circle",
    "at_least": f"{_RING}M0,-0.95L0,-3M-0.75,-2.2L0,-3L0.75,-2.2",
    "at_most": f"{_RING}M0,0.95L0,3M-0.75,2.2L0,3L0.75,2.2",
    "approx": "diamond",
}
CROSS: Final = "M-0.9,-0.9L0.9,0.9M-0.9,0.9L0.9,-0.9"
LINE: Final = "M-1,0L1,0"
GOAL_SHAPES: Final = {
    "ge": "triangle-up",
    "gt": "triangle-up",
    "le": "triangle-down",
    "lt": "triangle-down",
    "eq": "square",
    "approx": "diamond",
    "range": "square",
}

DASHES: Final[dict[str, list[int]]] = {
    "solid": [1, 0],
    "expected": [7, 4],
    "milestones": [5, 2],
    "geometric": [8, 3, 2, 3],
    "logistic": [8, 3, 2, 3, 2, 3],
    "required": [2, 3],
    "step": [1, 4],
    "open": [10, 4],
    "region": [4, 2],
    "break": [1, 3],
}

CONFIG: Final[dict[str, Any]] = {
    "background": PAPER,
    "font": FONT,
    "aria": False,
    "view": {"stroke": None},
    "text": {"fontSize": 12, "color": INK},
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titleColor": GREY,
        "labelColor": INK,
        "gridColor": "#E4E4E4",
        "domainColor": "#888888",
        "tickColor": "#888888",
        "labelPadding": 4,
    },
    "title": {
        "fontSize": 15,
        "subtitleFontSize": 12,
        "subtitleColor": "#444444",
        "anchor": "start",
        "frame": "group",
        "color": INK,
        "subtitlePadding": 6,
        "offset": 8,
    },
}

# What became of a goal (`report.outcomes.GROUPS`): colour and shape.
GROUP_STYLES: Final[dict[str, tuple[str, str]]] = {
    "met": (GREEN, "circle"),
    "late": (ORANGE, "diamond"),
    "missed": (VERMILLION, CROSS),
    "open": (BLUE, "triangle-right"),
    "unverified": (GREY, "square"),
    "no_data": (GREY, "square"),
    "not_quantified": (GREY, "square"),
}
