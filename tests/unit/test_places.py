"""Names of provinces as sources print them."""

from pathlib import Path

import pytest

from assets.regions import load_regions, provinces_of
from assets.sources.places import place_code

PROVINCES = provinces_of(load_regions(Path(__file__).parents[2] / "data" / "regions.csv"))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("河南省", "410000"),
        ("河　南", "410000"),
        ("\u00a0河\u2003南 省\u200b", "410000"),
        ("北京", "110000"),
        ("内蒙古", "150000"),
        ("内蒙古自治区", "150000"),
        ("广 西", "450000"),
        ("西藏", "540000"),
        ("宁夏", "640000"),
        ("新疆维吾尔自治区", "650000"),
        ("全　国", "100000"),
        ("中国", "100000"),
        ("合计", None),
        ("郑州市", None),
        ("河南信阳", None),
        ("省", None),
        ("", None),
    ],
)
def test_a_name_leads_to_one_code(name: str, code: str | None) -> None:
    assert place_code(name, PROVINCES) == code


def test_every_province_is_known_by_both_forms() -> None:
    assert len(PROVINCES) == 32
    for code, long_form in PROVINCES.items():
        assert place_code(long_form, PROVINCES) == code
    shorts = {name[:3] if name[0] in "内黑" else name[:2] for name in PROVINCES.values()}
    assert len({place_code(short, PROVINCES) for short in shorts}) == 32
