"""How far scores and ranks depend on the weights and methods: the same to the last bit anywhere.

Only raw integers of PCG64, sums in a fixed order, products and quotients are used: each of them is
the same on every machine, which libraries' logarithms, exponentials and fast sums are not.
"""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.index.scores import SLACK, ln

Array = NDArray[np.float64]

SHARES: Final = {"low": Fraction(1, 20), "median": Fraction(1, 2), "high": Fraction(19, 20)}
HALVINGS: Final = 6
TERMS: Final = 12


@lru_cache(maxsize=512)
def flat_weights(seed: int, name: str, draws: int, size: int) -> Array:
    """Rows of weights that sum to 1, drawn evenly over all possible ones: a flat Dirichlet.

    The gaps between sorted even draws are such weights, without any logarithm.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    raw = np.random.PCG64([seed, key]).random_raw(draws * (size - 1))
    even = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    cuts = np.sort(even.reshape(draws, size - 1), axis=1)
    edges = [np.zeros((draws, 1)), cuts, np.ones((draws, 1))]
    weights = np.diff(np.concatenate(edges, axis=1), axis=1)
    weights.setflags(write=False)
    return weights


def exponential(x: Array) -> Array:
    """e^x for 0..5 to about 13 digits, by Taylor's series of x/64, squared six times."""
    small = x / 2**HALVINGS
    found = np.ones_like(small)
    for term in range(TERMS, 0, -1):
        found = 1 + found * small / term
    for _ in range(HALVINGS):
        found = found * found
    return found


@dataclass(frozen=True)
class Layout:
    """Which members make which theme, with their weights; all in a fixed order."""

    themes: Mapping[str, Sequence[str]]
    theme_weights: Mapping[str, float]
    member_weights: Mapping[str, float]
    minima: tuple[float, float]
    floor: float

    @property
    def members(self) -> list[str]:
        return [member for theme in sorted(self.themes) for member in sorted(self.themes[theme])]


@dataclass(frozen=True)
class Drawn:
    """Scores by draw and region, NaN where there is none."""

    arithmetic: Array
    geometric: Array


def draw(
    layout: Layout,
    scores: Sequence[Sequence[float | None]],
    draws: int,
    seed: int,
    parts: Collection[str | None],
) -> dict[str | None, Drawn]:
    """Scores of themes, and of the whole under None, for each draw of the weights.

    Args:
        scores: by region, in the order of `layout.members`.
        parts: what is wanted; the whole needs every theme.
    """
    table = np.array([[math.nan if x is None else x for x in row] for row in scores]).T
    logs = np.array(
        [[math.nan if x is None else ln(max(x, layout.floor)) for x in row] for row in scores]
    ).T
    columns = {member: number for number, member in enumerate(layout.members)}
    names = [theme for theme in sorted(layout.themes) if None in parts or theme in parts]
    found: dict[str | None, Drawn] = {}
    theme_logs: list[Array] = []
    for theme in names:
        members = sorted(layout.themes[theme])
        drawn = flat_weights(seed, f"member|{theme}", draws, len(members))
        base = [layout.member_weights.get(member, 1.0) for member in members]
        at = [columns[member] for member in members]
        plain, log = _means(
            [table[i][None, :] for i in at], [logs[i][None, :] for i in at], drawn, base,
            layout.minima[0],
        )  # fmt: skip
        found[theme] = Drawn(plain, exponential(log))
        theme_logs.append(log)
    if None not in parts:
        return found
    drawn = flat_weights(seed, "theme", draws, len(names))
    base = [layout.theme_weights.get(theme, 1.0) for theme in names]
    plain, log = _means(
        [found[theme].arithmetic for theme in names], theme_logs, drawn, base, layout.minima[1]
    )
    found[None] = Drawn(plain, exponential(log))
    return found


def _means(
    values: Sequence[Array], logs: Sequence[Array], drawn: Array, base: Sequence[float],
    minimum: float,
) -> tuple[Array, Array]:  # fmt: skip
    """Weighted means over what is there; what is there must suffice by the weights on file."""
    size = (drawn.shape[0], values[0].shape[1])
    total, total_log, weight, there = (np.zeros(size) for _ in range(4))
    for number, (value, log) in enumerate(zip(values, logs, strict=True)):
        is_there = ~np.isnan(value)
        share = np.where(is_there, drawn[:, number, None] * base[number], 0.0)
        total = total + share * np.where(is_there, value, 0.0)
        total_log = total_log + share * np.where(is_there, log, 0.0)
        weight = weight + share
        there = there + np.where(is_there, base[number], 0.0)
    enough = (there >= (minimum - SLACK) * math.fsum(base)) & (weight > 0)
    safe = np.where(weight > 0, weight, 1.0)
    blank = np.full(size, math.nan)
    return np.where(enough, total / safe, blank), np.where(enough, total_log / safe, blank)


def ranks_by_draw(scores: Array) -> Array:
    """Rank of each region in each draw: 1 and the number of those above it; NaN without score."""
    above = np.zeros(scores.shape, dtype=np.int16)
    for region in range(scores.shape[1]):
        above += scores[:, region, None] > scores
    return np.where(np.isnan(scores), math.nan, above + 1)


def quantiles(values: Array) -> dict[str, list[float]]:
    """Low, median and high of each column: the least value that is not below that share of all.

    It is always one of the values, so quantiles of ranks are ranks. NaN where a column has any.
    """
    ordered = np.sort(values, axis=0)  # NaN last
    whole = ~np.isnan(ordered[-1])
    found = {}
    for name, share in SHARES.items():
        at = -(-share.numerator * len(values) // share.denominator) - 1
        found[name] = np.where(whole, ordered[max(at, 0)], math.nan).tolist()
    return found
