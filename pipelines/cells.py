"""What a spreadsheet program takes for a formula, and how text is kept from being one."""

from typing import Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def plain_text(text: str) -> str:
    """Text that no spreadsheet program takes for a formula, whatever it begins with."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
