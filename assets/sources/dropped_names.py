"""Which part of a source a dropped file is, by its name."""

import hashlib
import re
import unicodedata
from typing import Final

# Browsers number a file that is downloaded again: it is the same part.
_AGAIN: Final = re.compile(r"\s*\([0-9]{1,2}\)$")
_OTHER: Final = re.compile("[^a-z0-9]+")
_LENGTH: Final = 40


def part_of(name: str) -> str:
    """The stem in lower-case letters and digits; a hash stands for what these don't hold.

    `Express 2024 (1).xlsx` is `express-2024`; 快递2024.xlsx is `2024-` and eight digits.
    """
    stem = unicodedata.normalize("NFKC", name.rpartition("/")[2].rsplit(".", 1)[0])
    stem = _AGAIN.sub("", stem).strip().lower()
    slug = _OTHER.sub("-", stem).strip("-")
    if slug and stem.isascii() and len(slug) <= _LENGTH:
        return slug
    digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{slug[:_LENGTH]}-{digest}".lstrip("-")
