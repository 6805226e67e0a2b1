"""data/regions.csv and the function that reads it."""

from pathlib import Path

import polars as pl
import pytest

from assets.regions import RegionsError, load_regions
from schemas.contract import conform, validate
from schemas.tables_core import Regions

FILE = Path(__file__).parents[2] / "data" / "regions.csv"
DIRECT_COUNTIES = {
    "巩义市",
    "兰考县",
    "汝州市",
    "滑县",
    "长垣市",
    "邓州市",
    "永城市",
    "固始县",
    "鹿邑县",
    "新蔡县",
}
# The counties of the code list of a year, as counted in it.
COUNTIES_IN = {2013: 159, 2014: 158, 2019: 158, 2021: 157}


@pytest.fixture(scope="module")
def regions() -> pl.DataFrame:
    return load_regions(FILE)


@pytest.fixture(scope="module")
def current(regions: pl.DataFrame) -> pl.DataFrame:
    return regions.filter(pl.col("successor_code").is_null())


def codes(frame: pl.DataFrame) -> set[str]:
    return set(frame["region_code"])


def test_the_file_keeps_its_contract(regions: pl.DataFrame) -> None:
    validate(conform(regions, Regions), Regions)


def test_provinces_and_peers(current: pl.DataFrame) -> None:
    provinces = current.filter(level="province")
    assert provinces.height == 31
    assert set(provinces["parent_code"]) == {"100000"}
    assert codes(provinces) - codes(provinces.filter("is_peer")) == {"410000"}
    assert current.filter("is_peer").height == 30


def test_seventeen_cities_and_jiyuan_once(current: pl.DataFrame) -> None:
    cities = current.filter(level="prefecture")
    assert cities.height == 17
    assert set(cities["parent_code"]) == {"410000"}
    assert codes(current.filter(reports_as="prefecture")) - codes(cities) == {"419001"}
    jiyuan = current.filter(pl.col("name_zh").str.contains("济源"))
    assert jiyuan.select("region_code", "level", "parent_code", "directly_administered").rows() == [
        ("419001", "county", "410000", True)
    ]


def test_parents_are_one_level_up(regions: pl.DataFrame) -> None:
    level = dict(regions.select("region_code", "level").iter_rows())
    counties = regions.filter(pl.col("level") == "county", pl.col("region_code") != "419001")
    for code, parent in counties.select("region_code", "parent_code").iter_rows():
        assert level[parent] == "prefecture"
        assert parent == code[:4] + "00"


@pytest.mark.parametrize("year", sorted(COUNTIES_IN))
def test_counties_of_a_year(regions: pl.DataFrame, year: int) -> None:
    day = pl.date(year, 12, 31)
    valid = regions.filter(
        pl.col("level") == "county",
        pl.col("valid_from").fill_null(day) <= day,
        pl.col("valid_to").fill_null(day) >= day,
    )
    assert valid.height == COUNTIES_IN[year]


def test_former_codes_lead_to_a_code_that_follows_at_once(regions: pl.DataFrame) -> None:
    former = regions.filter(pl.col("valid_to").is_not_null())
    after = former.join(regions, left_on="successor_code", right_on="region_code", suffix="_next")
    assert after.height == former.height == 9
    assert after["valid_to_next"].is_null().all()
    # 410202 took in 410211 and kept its own code, so it has no first day.
    begun = after.filter(pl.col("successor_code") != "410202")
    gap = begun["valid_from_next"] - begun["valid_to"]
    assert gap.dt.total_days().to_list() == [1] * 8


def test_directly_administered(current: pl.DataFrame) -> None:
    direct = current.filter("directly_administered")
    assert set(direct["name_zh"]) == DIRECT_COUNTIES | {"济源市"}


def test_functional_zones_are_no_counties(current: pl.DataFrame) -> None:
    zones = current.filter(code_system="NBS")
    assert set(zones["level"]) == {"special_area"}
    assert "410173" in codes(zones)


def rewrite(tmp_path: Path, old: str, new: str) -> Path:
    text = FILE.read_text(encoding="utf-8")
    assert text.count(old) == 1
    changed = tmp_path / "regions.csv"
    changed.write_text(text.replace(old, new), encoding="utf-8")
    return changed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n410200,", "\n4102,", "region_code = '4102': must be six digits"),
        ("\n410200,", "\n410100,", "region_code = '410100': is given twice, first in line 34"),
        ("开封市,Kaifeng", "开封市,", "name_en = '': must not be empty"),
        (
            "开封市,Kaifeng,prefecture",
            "开封市,Kaifeng,city",
            "level = 'city': must be one of country, province, prefecture",
        ),
        (
            "开封市,Kaifeng,prefecture,prefecture,410000,false",
            "开封市,Kaifeng,prefecture,prefecture,410000,no",
            "directly_administered = 'no': must be true or false",
        ),
        (
            "开封市,Kaifeng,prefecture,prefecture,410000",
            "开封市,Kaifeng,prefecture,prefecture,419999",
            "parent_code = '419999': must be the region_code of another row",
        ),
        (
            "开封市,Kaifeng,prefecture,prefecture,410000",
            "开封市,Kaifeng,prefecture,prefecture,",
            "parent_code = '': only 100000 may be without a parent",
        ),
        ("2016-01-01", "2016", "valid_from = '2016': must be a date, YYYY-MM-DD"),
        ("2015-12-31,411003", "2015-12-31,", "successor_code = '': a code that ended"),
        ("2015-12-31,411003", "2015-12-31,411099", "successor_code = '411099': must be the"),
        ("2016-01-01,,", "2016-01-01,2015-12-31,410000", "is before valid_from 2016-01-01"),
        ("\n410200,", "\n410200,extra,", "has 14 fields, must have 13"),
        ("region_code,", "code,", "header = 'code,name_zh"),
    ],
)
def test_a_broken_file_is_refused_and_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    changed = rewrite(tmp_path, old, new)
    with pytest.raises(RegionsError) as error:
        load_regions(changed)
    line = FILE.read_text(encoding="utf-8").split(old)[0].count("\n") + 1 + old.count("\n")
    assert f"{changed}, line {line}, " in str(error.value)
    assert message in str(error.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    changed = rewrite(tmp_path, "开封市,Kaifeng,prefecture", "开封市,,city")
    with pytest.raises(RegionsError) as error:
        load_regions(changed)
    assert len(str(error.value).splitlines()) == 2


def test_spreadsheet_encodings(tmp_path: Path, regions: pl.DataFrame) -> None:
    text = FILE.read_text(encoding="utf-8")
    changed = tmp_path / "regions.csv"
    changed.write_text(text, encoding="utf-8-sig")
    assert load_regions(changed).equals(regions)
    changed.write_text(text, encoding="gb18030")
    with pytest.raises(RegionsError, match="must be UTF-8"):
        load_regions(changed)
