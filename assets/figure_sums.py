"""Reading of printed figures: ranges (3—5个) and arithmetic (4817.7万个 ÷ 1.118).

Half units go along: a sum has the sum of its terms' half units, a product and a quotient the
largest error that those of the factors allow. Whole numbers without unit are exact (the 1 of
1-14.5%).
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from assets.figure_text import FigureError, Meanings, Term

_OPERATOR: Final = re.compile(r"\s*\)*\s*(?P<sign>[-−+*×÷/])\s*\(*\s*")
_RANGE: Final = re.compile(r"\s*(?:-|[—–~至到]+)\s*")
_MAX_TERMS: Final = 20


def join_terms(original: str, text: str, terms: list[Term], *, is_marked: bool) -> list[Term]:
    """Join terms that belong together: ranges, and arithmetic where it is arithmetic.

    Args:
        original: text as printed, for messages.
        text: normalised text in which `terms` stand.
        terms: numbers in order.
        is_marked: the text says of itself that it is derived, so a hyphen is a minus.

    Raises:
        FigureError: arithmetic that cannot be carried out.
    """
    joined: list[Term] = []
    position = 0
    while position < len(terms):
        last = position
        while last + 1 < len(terms) and _linked(original, text, terms, last, is_marked):
            last += 1
        if last > position:
            joined.append(_evaluate(original, text, terms[position : last + 1]))
        elif position + 1 < len(terms) and _is_range(text, terms[position], terms[position + 1]):
            joined.append(_as_range(original, terms[position], terms[position + 1]))
            last = position + 1
        else:
            joined.append(_after_problem(text, terms[position : position + 2]))
        position = last + 1
    return joined


def _after_problem(text: str, pair: list[Term]) -> Term:
    """The first of two terms; unreadable if it is bare and joined to one that is (3-5公顷)."""
    term = pair[0]
    if len(pair) == 1 or pair[1].problem is None or term.meanings is not None:
        return term
    gap = _gap(text, *pair)
    is_joined = _OPERATOR.fullmatch(gap) or _RANGE.fullmatch(gap)
    return replace(term, problem=pair[1].problem) if is_joined else term


def _gap(text: str, left: Term, right: Term) -> str:
    return text[left.end : right.start]


def _linked(original: str, text: str, terms: list[Term], index: int, is_marked: bool) -> bool:
    """Whether an operator of arithmetic stands between two neighbouring terms."""
    left, right = terms[index], terms[index + 1]
    gap = _gap(text, left, right)
    found = _OPERATOR.fullmatch(gap)
    if found is None or left.problem or right.problem:
        return False
    sign = found.group("sign")
    both_bare = left.is_bare and right.is_bare
    if sign == "/" and both_bare and not is_marked:
        # 779.8/6031.60 alone is a quotient; 24/7 among words is not.
        return text[: left.start].strip("( ") == text[right.end :].strip(") ") == ""
    if sign in "−*×÷/" or is_marked or "(" in gap or ")" in gap:
        return True
    if sign == "+":
        # “1+18” names a structure; 3万户+2万户 is a sum.
        return not both_bare
    if index > 0 and _OPERATOR.fullmatch(_gap(text, terms[index - 1], left)):
        return True
    if both_bare and left.value >= right.value:
        raise FigureError(original, "a hyphen between two numbers: a range or a difference?")
    # 3-5个 is a range; 77%-5.9个百分点 can only be a difference.
    return not both_bare and not left.is_bare and left.value >= right.value


def _is_range(text: str, left: Term, right: Term) -> bool:
    if left.problem or right.problem:
        return False
    from_to = text[max(0, left.start - 1) : left.start] in ("从", "由")
    return not from_to and _RANGE.fullmatch(_gap(text, left, right)) is not None


def _as_range(original: str, left: Term, right: Term) -> Term:
    """3—5个, 2—3万家: the lower end takes unit and scale of the upper one where it has none."""
    factor = right.scale if left.is_bare else Decimal(1)
    low, half = left.value * factor, left.half * factor
    meanings = right.meanings
    if left.meanings is not None and right.meanings is not None:
        meanings = _shared(original, left.meanings, right.meanings)
    if low >= right.value:
        raise FigureError(original, "the range does not rise", f"{low:f} to {right.value:f}")
    return replace(
        right,
        start=left.start,
        value=low,
        high=right.value,
        half=half,
        bound=left.bound or right.bound,
        meanings=meanings,
    )


def _shared(original: str, left: Meanings, right: Meanings) -> Meanings:
    shared = {unit: factor for unit, factor in left.items() if right.get(unit) == factor}
    if not shared:
        raise FigureError(original, f"units do not match: {'/'.join(left)} and {'/'.join(right)}")
    return shared


# --- arithmetic -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Amount:
    value: Decimal
    half: Decimal
    scale: Decimal
    meanings: Meanings | None
    unit_printed: str | None
    is_quotient: bool = False

    @property
    def is_percent(self) -> bool:
        return self.meanings is not None and "percent" in self.meanings

    def as_number(self) -> "_Amount":
        """A percentage as the number that it is: 14.5% is 0.145."""
        if not self.is_percent:
            return self
        return _Amount(self.value / 100, self.half / 100, Decimal(1), None, None)


def _amount(term: Term) -> _Amount:
    exact = term.is_bare and term.is_whole
    half = Decimal(0) if exact else term.half
    return _Amount(term.value, half, term.scale, term.meanings, term.unit_printed)


def _evaluate(original: str, text: str, terms: list[Term]) -> Term:
    """Carry out the arithmetic of a chain of terms, with the usual precedence."""
    if len(terms) > _MAX_TERMS:
        raise FigureError(original, f"arithmetic of more than {_MAX_TERMS} terms")
    tokens: list[_Amount | str] = []
    for index, term in enumerate(terms):
        if index:
            gap = _gap(text, terms[index - 1], term)
            tokens += ["-" if char == "−" else char for char in gap if not char.isspace()]
        tokens.append(_amount(term))
    depth = lowest = highest = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        lowest, highest = min(lowest, depth), max(highest, depth)
    before, after = text[: terms[0].start].rstrip(), text[terms[-1].end :].lstrip()
    opening, closing = -lowest, depth - lowest
    if not before.endswith("(" * opening) or not after.startswith(")" * closing):
        raise FigureError(original, "brackets do not match")
    if highest - lowest > _MAX_TERMS:
        raise FigureError(original, "too many brackets")
    result = _Calculator(original, ["("] * opening + tokens + [")"] * closing).run()
    return Term(
        start=terms[0].start,
        end=terms[-1].end,
        value=result.value,
        half=result.half,
        scale=result.scale,
        unit_printed=result.unit_printed,
        meanings=result.meanings,
        bound=terms[0].bound,
        derived=True,
        is_quotient=result.is_quotient,
    )


class _Calculator:
    """Sums of products of amounts and brackets."""

    def __init__(self, original: str, tokens: list[_Amount | str]) -> None:
        self._original = original
        self._tokens = tokens
        self._next = 0

    def run(self) -> _Amount:
        result = self._sum()
        if self._next < len(self._tokens):
            raise FigureError(self._original, "arithmetic that cannot be read")
        return result

    def _take(self, signs: str) -> str | None:
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            if isinstance(token, str) and token in signs:
                self._next += 1
                return token
        return None

    def _sum(self) -> _Amount:
        result = self._product()
        while sign := self._take("+-"):
            result = self._add(result, self._product(), 1 if sign == "+" else -1)
        return result

    def _product(self) -> _Amount:
        result = self._factor()
        while sign := self._take("*×÷/"):
            right = self._factor()
            result = self._times(result, right) if sign in "*×" else self._over(result, right)
        return result

    def _factor(self) -> _Amount:
        if self._take("("):
            result = self._sum()
            if not self._take(")"):
                raise FigureError(self._original, "brackets do not match")
            return result
        token = self._tokens[self._next] if self._next < len(self._tokens) else ""
        if isinstance(token, str):
            raise FigureError(self._original, "arithmetic that cannot be read")
        self._next += 1
        return token

    def _add(self, left: _Amount, right: _Amount, sign: int) -> _Amount:
        meanings, unit_printed = left.meanings, left.unit_printed
        if left.meanings is None and left.scale == 1 and right.is_percent:
            right = right.as_number()
        elif left.is_percent and right.meanings and "percentage_points" in right.meanings:
            pass
        elif left.meanings is not None and right.meanings is not None:
            meanings = _shared(self._original, left.meanings, right.meanings)
        elif (left.meanings is None) != (right.meanings is None):
            # 8731万张-652.36万: a scale word shows that the unit is the same and left out.
            without = left if left.meanings is None else right
            if without.scale == 1:
                raise FigureError(self._original, "one term of the sum has no unit")
            meanings = left.meanings or right.meanings
            unit_printed = left.unit_printed or right.unit_printed
        if meanings is not None and meanings.keys() == {"rank"}:
            raise FigureError(self._original, "places in a ranking cannot be summed")
        value = left.value + sign * right.value
        return _Amount(value, left.half + right.half, left.scale, meanings, unit_printed)

    def _times(self, left: _Amount, right: _Amount) -> _Amount:
        is_plain = left.meanings is None and left.scale == 1
        if is_plain or (left.is_percent and right.meanings is not None):
            left, right = right, left
        right = right.as_number()
        if right.meanings is not None:
            raise FigureError(self._original, "a product of two amounts with units")
        half = abs(left.value) * right.half + abs(right.value) * left.half + left.half * right.half
        value = left.value * right.value
        return _Amount(value, half, left.scale, left.meanings, left.unit_printed)

    def _over(self, left: _Amount, right: _Amount) -> _Amount:
        result = left
        right = right.as_number()
        if right.meanings is not None:
            _shared(self._original, left.meanings or {}, right.meanings)
            # 50亿元/200亿元 is 0.25, or 25 %.
            share = {"ratio": Decimal(1), "percent": Decimal(100)}
            result = _Amount(left.value, left.half, Decimal(1), share, None)
        lowest = abs(right.value) - right.half
        if lowest <= 0:
            raise FigureError(self._original, "a division by zero or nearly so")
        value = left.value / right.value
        half = (abs(left.value) * right.half + abs(right.value) * left.half) / (
            abs(right.value) * lowest
        )
        is_quotient = result.meanings is None and result.scale == 1
        return replace(result, value=value, half=half, is_quotient=is_quotient)
