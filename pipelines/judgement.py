"""May a new landing be believed? It is held against the last accepted one of the same part.

What is readable but too different is put aside for a person to look at; the last good landing
stays in use. Revised values are no reason to refuse: they become new vintages.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from pipelines.readers import Cell, Reading
from pipelines.source_errors import NameChanged, NoData, SourceError, Suspicious, UnitChanged

# A fifth of the figures may go missing (a table that is being refilled), no more.
CELLS_LOST: Final = 0.2
# Bytes may grow or shrink threefold for the same number of rows; small files may do as they like.
SIZE_FACTOR: Final = 3.0
SIZE_FLOOR: Final = 8192
# Half of a series changed by half, or by a power of ten, is no revision.
REVISED_SHARE: Final = 0.5
REVISED_BY: Final = 0.5

Key = tuple[str, str, str, str]


def judge(
    new: Reading, old: Reading | None, *, new_size: int, old_size: int
) -> tuple[SourceError | None, list[str]]:
    """Why the new landing must not be used (or None), and what is odd but no reason to refuse.

    Args:
        old: the last accepted landing of the part, read by the same reader; None for the first.
        new_size, old_size: bytes.
    """
    if not new.cells:
        if new.refused:
            return Suspicious(
                f"{len(new.refused)} 行全部无法读取：{new.refused[0].fault.zh}",
                f"none of {len(new.refused)} rows can be read: {new.refused[0].fault.en}",
            ), []
        if old is None or old.cells:
            return NoData("没有任何数值", "no figure in it"), []
    if old is None:
        return None, []
    for verdict in (
        _columns(new, old),
        _refused(new, old),
        _lost(new, old),
        _size(new, old, new_size, old_size),
        _rescaled(new, old),
    ):
        if verdict is not None:
            return verdict, []
    return None, _notes(new, old)


def key_of(cell: Cell) -> Key:
    """What a cell measures."""
    return (cell.indicator_id, cell.region_code, cell.period, cell.period_type)


def _columns(new: Reading, old: Reading) -> SourceError | None:
    for indicator, before in old.columns.items():
        now = new.columns.get(indicator)
        if now is None:
            continue
        if (now.unit or "") != (before.unit or ""):
            return UnitChanged(
                f"{indicator} 的计量单位由“{before.unit}”变为“{now.unit}”",
                f"the unit of {indicator} was {before.unit}, is now {now.unit}",
            )
        if now.name != before.name:
            return NameChanged(
                f"{indicator} 的名称由“{before.name}”变为“{now.name}”",
                f"{indicator} was called {before.name}, is now called {now.name}",
            )
    return None


def _refused(new: Reading, old: Reading) -> SourceError | None:
    share = len(new.refused) / max(1, new.rows_in)
    if share <= 0.5 or len(old.refused) / max(1, old.rows_in) > 0.5:
        return None
    return Suspicious(
        f"{new.rows_in} 行中 {len(new.refused)} 行无法读取，上次为 {len(old.refused)} 行",
        f"{len(new.refused)} of {new.rows_in} rows can't be read; last time {len(old.refused)}",
    )


def _lost(new: Reading, old: Reading) -> SourceError | None:
    here, before = {key_of(c) for c in new.cells}, {key_of(c) for c in old.cells}
    if columns := sorted({k[0] for k in before} - {k[0] for k in here}):
        return Suspicious(
            f"缺少整列：{'、'.join(columns)}", f"whole column(s) are missing: {', '.join(columns)}"
        )
    lost = before - here
    if len(lost) <= CELLS_LOST * len(before):
        return None
    return Suspicious(
        f"上次的 {len(before)} 个数值缺少 {len(lost)} 个",
        f"{len(lost)} of the last {len(before)} figures are missing",
    )


def _size(new: Reading, old: Reading, new_size: int, old_size: int) -> SourceError | None:
    if max(new_size, old_size) < SIZE_FLOOR:
        return None
    weight = (new_size / _cells(new)) / (old_size / _cells(old))
    if 1 / SIZE_FACTOR <= weight <= SIZE_FACTOR:
        return None
    return Suspicious(
        f"大小由 {old_size} 字节变为 {new_size} 字节，与行数不符",
        f"the size went from {old_size} to {new_size} bytes, which the rows do not explain",
    )


def _cells(reading: Reading) -> int:
    return max(1, reading.rows_in + len(reading.blanks))


def _rescaled(new: Reading, old: Reading) -> SourceError | None:
    ratios: dict[str, list[Decimal]] = {}
    for before, now in _common(new, old):
        ratios.setdefault(before.indicator_id, []).append(_ratio(before, now))
    for indicator, found in sorted(ratios.items()):
        tens = [r for r in found if r > 0 and r != 1 and _is_power_of_ten(r)]
        far = [r for r in found if abs(r - 1) > Decimal(REVISED_BY)]
        if len(tens) > REVISED_SHARE * len(found):
            return UnitChanged(
                f"{indicator} 的 {len(found)} 个旧值中 {len(tens)} 个变为 {tens[0]:g} 倍，"
                "疑为单位变化",
                f"{len(tens)} of {len(found)} past values of {indicator} are {tens[0]:g} times "
                "what they were: the unit seems to have changed",
            )
        if len(found) >= 4 and len(far) > REVISED_SHARE * len(found):
            return Suspicious(
                f"{indicator} 的 {len(found)} 个旧值中 {len(far)} 个变动超过50%",
                f"{len(far)} of {len(found)} past values of {indicator} changed by more than half",
            )
    return None


def _common(new: Reading, old: Reading) -> list[tuple[Cell, Cell]]:
    before = {key_of(c): c for c in old.cells}
    return [(before[key_of(c)], c) for c in new.cells if key_of(c) in before]


def _ratio(before: Cell, now: Cell) -> Decimal:
    old, new = _number(before.value_printed), _number(now.value_printed)
    if old is None or new is None or old == 0:
        return Decimal(1)
    return new / old


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_power_of_ten(ratio: Decimal) -> bool:
    power = ratio.log10()
    return round(power) != 0 and abs(power - round(power)) < Decimal("0.001")


def _notes(new: Reading, old: Reading) -> list[str]:
    here: Mapping[Key, str] = {key_of(c): c.value_printed for c in new.cells}
    lost = [key_of(c) for c in old.cells if key_of(c) not in here]
    revised = [1 for before, now in _common(new, old) if before.value_printed != now.value_printed]
    notes = []
    if lost:
        first = " ".join(lost[0][:3])
        notes.append(f"{len(lost)} figure(s) of last time are missing, such as {first}; kept")
    if revised:
        notes.append(f"{len(revised)} past value(s) revised")
    return notes
