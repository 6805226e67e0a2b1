"""The closed list of units and its printed spellings."""

import pytest

from assets.figures import parse_figure
from schemas.units import SPELLINGS, UNITS, UnitError, canonical_unit, compatible


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_every_spelling_is_read_behind_a_number(spelling: str) -> None:
    for unit, factor in SPELLINGS[spelling].items():
        assert compatible(spelling, unit)
        assert unit in UNITS
        assert parse_figure(f"5 {spelling}", unit=unit).value == 5 * factor


def test_compatibility() -> None:
    assert compatible("万户", "subscriptions")
    assert compatible("萬戶", "households")
    assert compatible("billion yuan", "CNY")
    assert not compatible("个百分点", "percent")
    assert not compatible("公顷", "km")
    assert not compatible("GB", "Gbit/s")


def test_canonical_unit() -> None:
    assert canonical_unit("index_points").id == "index"
    with pytest.raises(UnitError, match="near matches: racks"):
        canonical_unit("Rack")
    with pytest.raises(UnitError, match="printed unit; canonical: CNY"):
        canonical_unit("万元")
