"""Chinese numerals."""

from typing import Final

NUMERAL_CHARACTERS: Final = "零〇一二两三四五六七八九十百千万亿"
MAX_LENGTH: Final = 30

DIGITS: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_TENS: Final = {"千": 1000, "百": 100, "十": 10}


def chinese_number(word: str) -> int | None:
    """Value of a Chinese numeral (两千一百, 万亿), or None where it is not a well-formed one."""
    if len(word) > MAX_LENGTH:
        return None
    for big, factor in (("亿", 10**8), ("万", 10**4)):
        head, found, tail = word.rpartition(big)
        if not found:
            continue
        high = chinese_number(head) if head else 1
        low = chinese_number(tail.removeprefix("零")) if tail else 0
        # 一万二 is 12,000 in speech: a digit alone after a scale word has to have its 零.
        loose = len(tail) == 1 and tail in DIGITS
        if high is None or low is None or loose or low >= factor:
            return None
        return high * factor + low
    total, last = 0, 10_000
    digit: int | None = None
    for position, char in enumerate(word):
        if char in _TENS:
            if _TENS[char] >= last or digit == 0 or (digit is None and position > 0):
                return None
            last = _TENS[char]
            total += (1 if digit is None else digit) * last
            digit = None
        elif digit is not None and digit != 0:
            return None
        else:
            digit = DIGITS[char]
            follows_scale = position > 0 and word[position - 1] in _TENS
            if follows_scale and digit and position == len(word) - 1 and last > 10:
                return None
    return total + (digit or 0) if word else None
