"""One document, one figure: what a table says twice."""

from collections import defaultdict

from pipelines.faults import Fault
from pipelines.readers import Cell, Reading, Refused


def refuse_repeats(reading: Reading) -> None:
    """Keep the first of equal figures for the same thing; refuse all where they differ.

    The same thing: indicator, region, period, its type, and the day of publication.
    """
    groups = defaultdict[object, list[Cell]](list)
    for cell in reading.cells:
        key = (cell.indicator_id, cell.region_code, cell.period, cell.period_type)
        groups[key, cell.published_on].append(cell)
    kept = []
    for cells in groups.values():
        values = {cell.value_printed for cell in cells}
        if len(values) == 1:
            kept.append(cells[0])
            repeated = cells[1:]
            rule, zh, en = "repeated_row", "与前面的一行重复", "an earlier row says the same"
        else:
            repeated = cells
            rule = "conflicting_rows"
            zh, en = "同一数值有多行且不一致", "rows for the same figure differ"
        for cell in repeated:
            shown = "、".join(sorted(values))[:200]
            fault = Fault(rule, "value", shown, zh, en, "Ask the publisher which one is right, or "
                          "leave rows out with skip_rows")  # fmt: skip
            reading.refused.append(Refused(cell.place, fault, cell.raw))
    reading.cells = sorted(kept, key=lambda cell: cell.place)
    reading.refused.sort(key=lambda row: row.place)
