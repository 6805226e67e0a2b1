"""The arithmetic of an index, as functions of plain numbers. Nothing is imputed.

`math.fsum` rounds once, so a sum does not depend on the order of what is added.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

TWO_THIRDS: Final = 2 / 3
DIGITS: Final = 12  # significant; what is beyond differs between machines
SLACK: Final = 1e-9  # a coverage of two thirds must not fail in its last bit


def interval_score(x: float, low: float, high: float, least: float, most: float) -> float:
    """Score of a range target (小康监测): 1 within low..high, falling to 0 at the allowed bounds.

    Raises:
        ValueError: the allowed bounds do not lie around the range.
    """
    span = max(low - least, most - high)
    if span <= 0:
        raise ValueError(f"the bounds {least:g}..{most:g} leave no room around {low:g}..{high:g}")
    return max(0.0, 1 - max(low - x, x - high, 0.0) / span)


def goalpost_score(x: float, zero: float, full: float) -> float:
    """0 at the zero point, 100 at the full one, nothing beyond; full may be the lower figure."""
    return clipped((x - zero) / (full - zero) * 100)


def clipped(score: float) -> float:
    """Within 0..100."""
    return min(max(score, 0.0), 100.0)


def rounded(value: float | None) -> float | None:
    """To the digits that are published."""
    return None if value is None else float(f"{value:.{DIGITS - 1}e}")


@lru_cache(maxsize=16384)
def ln(value: float) -> float:
    """Natural logarithm, correctly rounded: libraries of C differ in the last bit."""
    with localcontext() as context:
        context.prec = 25
        return float(Decimal(value).ln())


@lru_cache(maxsize=16384)
def exp(value: float) -> float:
    """Exponential, correctly rounded."""
    with localcontext() as context:
        context.prec = 25
        return float(Decimal(value).exp())


@dataclass(frozen=True)
class Composite:
    """What a set of scores comes to.

    Attributes:
        arithmetic, geometric: None where too little of the weight is there.
        worst: name of the lowest score, the first in the alphabet of several.
        coverage: share of the weights that is there.
    """

    arithmetic: float | None
    geometric: float | None
    worst: str | None
    coverage: float
    published: bool


def composite(
    scores: Mapping[str, float | None],
    weights: Mapping[str, float] | None = None,
    *,
    geometric: Mapping[str, float | None] | None = None,
    minimum: float = TWO_THIRDS,
    floor: float = 1.0,
) -> Composite:
    """Weighted mean of the scores that are there, if enough of them are.

    Args:
        scores: name -> score, None where there is none.
        weights: name -> weight, any scale; 1 for those that are not named.
        geometric: what the geometric mean is taken of, where that is something else.
        minimum: share of the weights that must be there.
        floor: the least that a score counts in the geometric mean.
    """
    weight = {name: (weights or {}).get(name, 1.0) for name in scores}
    there = {name: score for name, score in scores.items() if score is not None}
    whole, part = math.fsum(weight.values()), math.fsum(weight[name] for name in there)
    coverage = part / whole if whole else 0.0
    worst = min(there, key=lambda name: (there[name], name), default=None)
    if not there or coverage < minimum - SLACK:
        return Composite(None, None, worst, coverage, False)
    logs = {
        name: ln(max(score, floor))
        for name, score in (there if geometric is None else geometric).items()
        if score is not None
    }
    return Composite(
        _mean(there, weight),
        exp(math.fsum(weight[name] * log for name, log in logs.items()) / part),
        worst,
        coverage,
        True,
    )


@dataclass(frozen=True)
class Nested:
    """An index of themes: the whole, each theme, and the share of each member in the whole."""

    total: Composite
    themes: Mapping[str, Composite]
    shares: Mapping[str, float]


def nested(
    scores: Mapping[str, Mapping[str, float | None]],
    theme_weights: Mapping[str, float] | None = None,
    member_weights: Mapping[str, float] | None = None,
    *,
    minima: tuple[float, float] = (TWO_THIRDS, TWO_THIRDS),
    floor: float = 1.0,
) -> Nested:
    """Members within themes, themes within the whole; the same rules on both levels.

    Args:
        scores: theme -> member -> score.
        minima: coverage that a theme needs, and that the whole needs.
    """
    theme_weights, member_weights = theme_weights or {}, member_weights or {}
    themes = {
        theme: composite(members, member_weights, minimum=minima[0], floor=floor)
        for theme, members in sorted(scores.items())
    }
    total = composite(
        {theme: found.arithmetic for theme, found in themes.items()},
        theme_weights,
        geometric={theme: found.geometric for theme, found in themes.items()},
        minimum=minima[1],
        floor=floor,
    )
    there = {
        (theme, member): theme_weights.get(theme, 1.0) * member_weights.get(member, 1.0)
        for theme, found in themes.items()
        for member, score in scores[theme].items()
        if found.published and score is not None
    }
    sums = {
        theme: math.fsum(member_weights.get(member, 1.0) for of, member in there if of == theme)
        for theme, _ in there
    }
    whole = math.fsum(theme_weights.get(theme, 1.0) for theme in sums)
    shares = {member: weight / sums[theme] / whole for (theme, member), weight in there.items()}
    return Nested(total, themes, shares if total.published else {})


def mean_without(
    scores: Mapping[str, Mapping[str, float | None]],
    member: str,
    theme_weights: Mapping[str, float],
    member_weights: Mapping[str, float],
) -> float | None:
    """The arithmetic index of what is there but one member; its theme goes where it was alone."""
    themes = {}
    for theme, members in scores.items():
        there = {
            name: score for name, score in members.items() if score is not None and name != member
        }
        if there:
            themes[theme] = _mean(there, member_weights)
    return _mean(themes, theme_weights) if themes else None


def _mean(scores: Mapping[str, float], weights: Mapping[str, float]) -> float:
    weight = {name: weights.get(name, 1.0) for name in scores}
    products = (weight[name] * score for name, score in scores.items())
    return math.fsum(products) / math.fsum(weight.values())


def ranks(scores: Mapping[str, float | None]) -> dict[str, int]:
    """1 for the highest; equals share the better rank; none where there is no score."""
    there = {name: score for name, score in scores.items() if score is not None}
    return {
        name: 1 + sum(other > score for other in there.values()) for name, score in there.items()
    }
