"""What stands in a cell of a source: a figure, a mark for no figure, or something else."""

import re
from typing import Final

from pipelines.faults import Fault

NUMBER: Final = re.compile(r"-?[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")
"""A plain number in text, thousands grouped or not."""

NOT_PUBLISHED: Final = frozenset({"无", "—", "－", "-", "--", "…", "...", "null", "NA"})
"""Marks that sources print where they publish no figure; never zero."""


def unreadable(field: str, value: str, unit: str) -> Fault:
    """Text where a number in that unit was due."""
    return Fault(
        "unreadable_figure",
        field,
        value,
        f"不是数值（计量单位：{unit}）",
        f"not a number (unit: {unit})",
        "See what the publisher means; a mark for missing figures can be added to "
        "assets/sources/cells.py",
    )
