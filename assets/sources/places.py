"""Provinces by their names as sources print them: 河　南, 河南省 and 河南 are 410000."""

import re
from collections.abc import Mapping
from typing import Final

CHINA: Final = "100000"

# Invisible characters count as white space: they come with text copied from web pages.
_SPACES: Final = re.compile("[\\s\u200b\u200c\u200d\u2060\ufeff]+")
_LONG_FORM: Final = re.compile("(?:维吾尔|壮族|回族)?自治区$|省$|市$")
_NATION: Final = frozenset({"全国", "中国", "中华人民共和国"})


def without_spaces(text: str) -> str:
    """The text without white space of any kind, full-width and non-breaking included."""
    return _SPACES.sub("", text)


def place_code(name: str, provinces: Mapping[str, str]) -> str | None:
    """GB/T 2260 code of a province or of the nation (100000); None for anything else.

    Args:
        name: as printed; the long form, or the short one (内蒙古 for 内蒙古自治区).
        provinces: code -> long form, `Scope.provinces`.
    """
    wanted = without_spaces(name)
    if wanted in _NATION:
        return CHINA
    for code, long_form in provinces.items():
        if code != CHINA and wanted in (long_form, _LONG_FORM.sub("", long_form)):
            return code
    return None
