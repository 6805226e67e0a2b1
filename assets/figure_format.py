"""Figures as people read them: 1900000000000 CNY becomes 1.9万亿元, or CNY 1.9 trillion.

The way back of `assets/figures.py`, in a module of its own: `duibiao status` and `show` write
figures and read none, so that they need not load what reads them.
"""

import math
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from schemas.units import canonical_unit

_ZH_SCALES: Final = (
    (Decimal(10) ** 12, "万亿"),
    (Decimal(10) ** 8, "亿"),
    (Decimal(10) ** 4, "万"),
)
_EN_SCALES: Final = (
    (Decimal(10) ** 12, " trillion"),
    (Decimal(10) ** 9, " billion"),
    (Decimal(10) ** 6, " million"),
)
# Units that people scale by 万 and 亿; the others are written out with thousands separators.
_SCALED_DIMENSIONS: Final = {"number", "money", "length", "data_volume"}
_SIGNIFICANT: Final = 5
_MAX_DECIMALS: Final = 6


def _shown(value: Decimal, digits: int = _SIGNIFICANT) -> str:
    """At most two decimals, or five significant digits; never rounded up to another digit more.

    99.96 stays 99.96, and 99.996 becomes 99.99: a goal that is just missed must not look met.
    """
    digits_before = max(value.adjusted() + 1, 1) if abs(value) >= 1 else value.adjusted() + 1
    decimals = min(max(2, digits - digits_before), _MAX_DECIMALS)
    step = Decimal(1).scaleb(-decimals)
    rounded = value.quantize(step, ROUND_HALF_UP)
    if rounded and rounded.adjusted() > value.adjusted():
        rounded = value.quantize(step, ROUND_DOWN)
    text = f"{rounded:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _scaled(
    value: Decimal, scales: Iterable[tuple[Decimal, str]], digits: int = _SIGNIFICANT
) -> str:
    for factor, word in scales:
        if abs(value) >= factor:
            return _shown(value / factor, digits).replace(",", "") + word
    return _shown(value, digits)


def format_figure(
    value: Decimal | float, unit: str, lang: str = "zh", *, digits: int = _SIGNIFICANT
) -> str:
    """Write a value for people: 1.9万亿元 or CNY 1.9 trillion, 85.8%, 26,416 Gbit/s.

    Args:
        value: in the canonical unit.
        unit: canonical unit.
        lang: "zh" or "en".
        digits: significant digits, where two decimals are not enough for them.

    Raises:
        ValueError: the value is not finite, or the language is neither.
        schemas.units.UnitError: `unit` is not in the closed list.
    """
    if lang not in ("zh", "en"):
        raise ValueError(f"language {lang!r}: zh or en")
    known = canonical_unit(unit)
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        raise ValueError(f"{value} cannot be written as a figure")
    scales = _ZH_SCALES if lang == "zh" else _EN_SCALES
    with localcontext() as context:
        context.prec = 400
        scaled = known.dimension in _SCALED_DIMENSIONS
        number = _scaled(exact, scales if scaled else (), digits)
    if known.id == "percent":
        return f"{number}%"
    if known.id == "rank":
        return f"第{number}位" if lang == "zh" else f"rank {number}"
    if lang == "zh":
        latin = known.symbol[:1].isascii() and known.symbol != ""
        return f"{number} {known.symbol}" if latin else f"{number}{known.symbol}"
    if known.id == "CNY":
        return f"-CNY {number[1:]}" if number.startswith("-") else f"CNY {number}"
    return number if known.id in ("count", "index") else f"{number} {known.name_en}"


_SLIPS: Final = {
    -4: ("把亿写成了万，或漏了万", "万 (10^4) entered for 亿 (10^8), or 万 left out"),
    4: ("把万写成了亿，或多乘了一万", "亿 (10^8) entered for 万 (10^4), or 万 applied twice"),
    -8: ("漏了亿", "亿 (10^8) left out"),
    8: ("多乘了一亿", "亿 (10^8) applied twice"),
}


def looks_like_scale_slip(value: float, reference: float) -> str | None:
    """Say so where two positive numbers differ by about 10^4 or 10^8: the 万/亿 mistake.

    Args:
        value: number to be judged.
        reference: what it is compared with: a target, or the last value, in the same unit.

    Returns:
        A suggestion in both languages where log10(value / reference) is within 1 of ±4 or ±8.
    """
    if not (value > 0 and reference > 0 and math.isfinite(value) and math.isfinite(reference)):
        return None
    distance = math.log10(value) - math.log10(reference)
    for power, (zh, en) in _SLIPS.items():
        if abs(distance - power) <= 1 + 1e-9:
            likely = Decimal(repr(value)).scaleb(-power)
            return (
                f"像是{zh}（应为 {_scaled(likely, _ZH_SCALES)}？）/ "
                f"looks like {en} (factor {10 ** abs(power)}; {_scaled(likely, _EN_SCALES)}?)"
            )
    return None
