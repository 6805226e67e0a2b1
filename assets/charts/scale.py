"""Where things lie on a chart: ranges of the axes, readable magnitudes, labels that do not collide.

Vega-Lite has no placement of labels, so it is worked out here for two nominal sizes of the plot.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from schemas.units import UNITS

# Inner sizes of the plot, in pixels, for which labels are placed: a page, a phone.
WIDE: Final = (600, 300)
NARROW: Final = (230, 300)
FONT_PX: Final = 12

_MAGNITUDES: Final = {
    "zh": ((1e12, "万亿"), (1e8, "亿"), (2e4, "万")),
    "en": ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (2e4, "thousand")),
}
_FACTORS: Final = {"万亿": 1e12, "亿": 1e8, "万": 1e4, "thousand": 1e3}
_SCALED: Final = {"number", "money", "length", "data_volume"}
_MEASURES_FROM_ZERO: Final = ("stock", "flow")


def magnitude(largest: float, unit: str, language: str) -> tuple[float, str]:
    """By what the figures of an axis are divided, and the word for it: (1e8, "亿").

    Args:
        largest: greatest absolute value on the axis, in the canonical unit.
    """
    if UNITS[unit].dimension in _SCALED:
        for threshold, word in _MAGNITUDES[language]:
            if largest >= threshold:
                return _FACTORS.get(word, threshold), word
    return 1.0, ""


def axis_unit(word: str, unit: str, language: str) -> str:
    """The unit of an axis with its magnitude: 万亿元, CNY billion, thousand racks."""
    known = UNITS[unit]
    if language == "zh":
        special = {"rank": "位次（1为最好）", "index": "指数"}
        return special.get(unit, f"{word}{known.symbol}")
    if unit == "percent":
        return "%"
    special = {"rank": "rank, 1 is best", "CNY": f"CNY {word}", "count": word or "number"}
    return special.get(unit, f"{word} {known.name_en}").strip()


class Range(NamedTuple):
    """Ends of an axis, and whether it begins at zero."""

    low: float
    high: float
    from_zero: bool


def value_range(values: Sequence[float], measure: str) -> Range:
    """The range of an axis of values.

    Zero is shown where it means something and does not squeeze the values into the upper third.
    """
    if not values:
        return Range(0.0, 1.0, from_zero=True)
    low, high = min(values), max(values)
    if measure == "rank":
        return Range(0.5, max(high + 0.5, 5.5), from_zero=False)
    near_zero = low <= high * 2 / 3 and measure in _MEASURES_FROM_ZERO
    if low >= 0 and (near_zero or low == high):
        return Range(0.0, high * 1.12 or 1.0, from_zero=True)
    room = (high - low) * 0.15 or abs(high) * 0.1
    bottom = low - room
    if low >= 0 and bottom <= 0:
        return Range(0.0, high + room, from_zero=True)
    return Range(bottom, high + room, from_zero=False)


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Mark(NamedTuple):
    """A mark that no text may cover; x and y in [0, 1], y from the top.

    Attributes:
        nudge: how far it is moved to the right [px].
    """

    x: float
    y: float
    nudge: float = 0


@dataclass(frozen=True)
class Tag:
    """A text next to a point of the plot; x and y in [0, 1], y from the top."""

    text: str
    x: float
    y: float


def text_width(text: str) -> float:
    """Width in pixels at the size of the labels; wide characters count double."""
    return sum(FONT_PX if ord(c) > 0x2E7F else FONT_PX * 0.58 for c in text)


_HALF_MARK: Final = 7.0
_GAP: Final = 10.0


def _around(x: float, y: float) -> Box:
    return Box(x - _HALF_MARK, y - _HALF_MARK, x + _HALF_MARK, y + _HALF_MARK)


def _candidates(x: float, y: float, width: float) -> Iterable[tuple[str, Box]]:
    half = FONT_PX * 0.6
    yield "right", Box(x + _GAP, y - half, x + _GAP + width, y + half)
    yield "left", Box(x - _GAP - width, y - half, x - _GAP, y + half)
    yield "above", Box(x - width / 2, y - _GAP - 2 * half, x + width / 2, y - _GAP)
    yield "below", Box(x - width / 2, y + _GAP, x + width / 2, y + _GAP + 2 * half)


def place(tags: Sequence[Tag], marks: Iterable[Mark], size: tuple[int, int]) -> list[str]:
    """On which side of its point each text goes: right, left, above or below; "" for nowhere.

    Texts that come first are placed first. None covers a mark, another text or leaves the plot.
    """
    width, height = size
    taken = [_around(mark.x * width + mark.nudge, mark.y * height) for mark in marks]
    sides = []
    for tag in tags:
        side = ""
        if tag.text:
            for name, box in _candidates(tag.x * width, tag.y * height, text_width(tag.text)):
                inside = (
                    box.left >= 0 and box.right <= width + 4
                    and box.top >= 0 and box.bottom <= height
                )  # fmt: skip
                if inside and not any(box.meets(other) for other in taken):
                    side = name
                    taken.append(box)
                    break
        sides.append(side)
    return sides


def emptiest(marks: Sequence[Mark]) -> tuple[float, float]:
    """The place of the plot that is farthest from all marks and the texts to their right."""
    spots = [(x / 8, y / 8) for y in (4, 5, 3, 6, 2, 7) for x in (4, 3, 5, 2)]
    near = [(mark.x + shift, mark.y) for mark in marks for shift in (0.0, 0.08, 0.16)]

    def room(spot: tuple[float, float]) -> float:
        return min((math.dist(spot, point) for point in near), default=1.0)

    return max(spots, key=room)
