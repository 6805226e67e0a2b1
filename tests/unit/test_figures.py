"""The parser of printed figures, against every figure that the project holds."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from assets.figures import Figure, FigureError, parse_figure
from schemas.units import canonical_unit

DATA = Path(__file__).parents[2] / "data"
OBSERVATIONS = DATA / "published" / "observations.csv"
NBS = DATA / "published" / "nbs_provincial.csv"
REGISTER = sorted(
    path
    for path in (DATA / "register").glob("*.yaml")
    if path.name not in ("documents.yaml", "themes.yaml")
)

# The only printed figures that hold no figure, with the reason. Their value stands beside them.
NO_FIGURE = {
    "辽宁、河南": "rank read from the order of a list of names",
    "全省行政村寬帶接入": "the excerpt ends before 全覆蓋",
    "城市家庭千兆寬頻": "the excerpt ends before 全覆蓋",
    "農村家庭百兆光纖": "the excerpt ends before 全覆蓋",
    "“1+18”云平台架构": "two numbers of a structure: one main node and 18 others",
}
# A number with a unit that the source got wrong.
UNIT_MISPRINTED = {
    "1,820 giga bytes (GB)": "mistranslation of 1820G, a bandwidth",
    "比全國平均水平高4.8個": "the excerpt breaks off within 個百分點",
}
# Factors of the units in the provincial tables, written out a second time on purpose.
NBS_FACTORS = {
    "亿元": 10**8,
    "万元": 10**4,
    "万个": 10**4,
    "万户": 10**4,
    "万人": 10**4,
    "万GB": 10**4,
    "万公里": 10**4,
    "公里": 1,
    "元": 1,
    "个": 1,
    "%": 1,
}


class Printed(NamedTuple):
    """A printed figure and what it is known to mean."""

    where: str
    text: str
    unit_printed: str | None
    unit: str | None
    value: Decimal
    high: Decimal | None = None
    bounds: tuple[str, ...] = ()
    implied: bool | None = None


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _observations() -> Iterator[tuple[str, Printed]]:
    for line, row in enumerate(_rows(OBSERVATIONS), start=2):
        yield (
            f"observations-{row['indicator_id']}",
            Printed(
                where=f"line {line}",
                text=row["value_printed"],
                unit_printed=row["unit_printed"] or None,
                unit=row["unit"],
                value=Decimal(row["value"]),
                # A bound may stand in the note alone, so exact passes.
                bounds=("exact", row["bound"]),
            ),
        )


def _nbs() -> Iterator[tuple[str, Printed]]:
    for line, row in enumerate(_rows(NBS), start=2):
        printed, unit = row["value_printed"], row["unit_printed"]
        value = Decimal(printed) * NBS_FACTORS[unit]
        yield (
            f"nbs-{row['indicator_id']}",
            Printed(f"line {line}", printed, unit, None, value, bounds=("exact",)),
        )


def _records() -> list[dict[str, Any]]:
    return [
        record for path in REGISTER for record in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _register() -> Iterator[tuple[str, Printed]]:
    kinds = {"multiple": "ratio", "benchmark": "ratio", "growth": "percent", "rank": "rank"}
    for record in _records():
        for target in record.get("targets", []):
            kind = target.get("value_kind")
            high = target.get("value_high")
            for source in [*target.get("statements", []), *target.get("reports", [])]:
                yield (
                    f"register-{record['id']}",
                    Printed(
                        where=source["id"],
                        text=source["printed"],
                        unit_printed=None,
                        unit=kinds.get(kind, record["unit"]),
                        value=Decimal(str(target["value"])),
                        high=None if high is None else Decimal(str(high)),
                        implied=None if kind == "benchmark" else target.get("implied", False),
                    ),
                )
        for actual in record.get("actuals", []):
            yield (
                f"register-{record['id']}",
                Printed(
                    where=actual["statement"]["id"],
                    text=actual["statement"]["printed"],
                    unit_printed=None,
                    unit=record["unit"],
                    value=Decimal(str(actual["value"])),
                    bounds=("exact", actual.get("bound", "exact")),
                ),
            )


def _groups() -> dict[str, list[Printed]]:
    groups: dict[str, list[Printed]] = defaultdict(list)
    for source in (_observations, _nbs, _register):
        for name, printed in source():
            groups[name].append(printed)
    return groups


GROUPS = _groups()


def _rounds_to(figure: Figure, value: Decimal) -> bool:
    """Whether a value in the data is the parsed one, as precisely as the data give it."""
    if figure.derived:
        exponent = value.normalize().as_tuple().exponent
        assert isinstance(exponent, int)
        return abs(figure.value - value) <= Decimal(1).scaleb(exponent) / 2
    if figure.value == value:
        return True
    whole = figure.value.quantize(Decimal(1), ROUND_HALF_UP)
    return figure.value >= 1000 and value == whole


def _fault(printed: Printed) -> str | None:
    """What is wrong with the reading of one figure, if anything."""
    try:
        figure = parse_figure(printed.text, unit_printed=printed.unit_printed, unit=printed.unit)
    except FigureError as error:
        return None if printed.text in {*NO_FIGURE, *UNIT_MISPRINTED} else str(error)
    if printed.text in {*NO_FIGURE, *UNIT_MISPRINTED}:
        return "is listed as unreadable, but was read"
    if not _rounds_to(figure, printed.value) or figure.value_high != printed.high:
        return f"read as {figure.value}..{figure.value_high}, not {printed.value}..{printed.high}"
    if printed.unit is not None and figure.unit != canonical_unit(printed.unit).id:
        return f"unit {figure.unit}, not {printed.unit}"
    if printed.bounds and figure.bound not in printed.bounds:
        return f"bound {figure.bound}, not {printed.bounds}"
    if printed.implied is not None and figure.implied != printed.implied:
        return f"implied {figure.implied}, not {printed.implied}"
    return None


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_every_printed_figure_is_read_as_recorded(name: str) -> None:
    faults = {
        f"{printed.where}: {printed.text}": fault
        for printed in GROUPS[name]
        if (fault := _fault(printed)) is not None
    }
    assert faults == {}


def test_all_files_were_covered() -> None:
    counts: dict[str, int] = defaultdict(int)
    for name, group in GROUPS.items():
        counts[name.partition("-")[0]] += len(group)
    assert counts["observations"] == 379
    assert counts["nbs"] == 6045
    sources = sum(
        len(target.get("statements", [])) + len(target.get("reports", []))
        for record in _records()
        for target in record.get("targets", [])
    )
    assert counts["register"] > sources > 200


def test_exceptions_are_not_stale() -> None:
    texts = {printed.text for group in GROUPS.values() for printed in group}
    assert {*NO_FIGURE, *UNIT_MISPRINTED} <= texts


@pytest.mark.parametrize(("text", "value"), [("1,820 giga bytes (GB)", 1820), ("高4.8個", "4.8")])
def test_misprinted_unit_leaves_a_readable_number(text: str, value: int | str) -> None:
    assert parse_figure(text).value == Decimal(value)


def test_unquantified_statements_print_no_number() -> None:
    printed = [
        item["statement"]["printed"]
        for record in _records()
        for item in record.get("not_quantified", [])
    ]
    read = []
    for text in printed:
        try:
            read.append((text, parse_figure(text)))
        except FigureError:
            continue
    assert printed
    assert [text for text, figure in read if not figure.implied] == []


# --- forms that the data show rarely, or will show later ----------------------------------------

READINGS = [
    # text, expected unit, value, high, unit, bound, half unit
    ("1.9万亿元", None, "1900000000000", None, "CNY", "exact", "50000000000"),
    ("4.5万", "count", "45000", None, "count", "exact", "500"),
    ("2800多万部", None, "28000000", None, "count", "at_least", "5000"),
    ("近3亿部", None, "300000000", None, "count", "approx", "50000000"),
    ("18万ヶ所を突破", None, "180000", None, "count", "at_least", "5000"),
    ("2—3万家", None, "20000", "30000", "count", "exact", "5000"),
    ("3万-5万家", None, "30000", "50000", "count", "exact", "5000"),
    ("不超过5毫秒", "ms", "5", None, "ms", "at_most", "0.5"),
    ("no more than 5 ms", None, "5", None, "ms", "at_most", "0.5"),
    ("全国前5位", None, "5", None, "rank", "at_most", "0.5"),
    ("居全国第 10位", None, "10", None, "rank", "exact", "0.5"),
    ("跃居中部地区首位", None, "1", None, "rank", "exact", "0"),
    ("3年翻两番", None, "4", None, "ratio", "exact", "0"),
    ("零的突破", None, "0", None, "count", "at_least", "0"),
    ("基本实现全覆盖", None, "100", None, "percent", "approx", "0"),
    ("新建4G基站4万个", "count", "40000", None, "count", "exact", "5000"),
    ("36,000 5G base stations", None, "36000", None, "count", "exact", "0.5"),
    ("100M以上", "Gbit/s", "0.1", None, "Gbit/s", "at_least", "0.0005"),
    ("320G", "Gbit/s", "320", None, "Gbit/s", "exact", "0.5"),
    ("97031.6万G", "GB", "970316000", None, "GB", "exact", "500"),
    ("26416G", None, "26416", None, None, "exact", "0.5"),
    ("两千一百家", None, "2100", None, "count", "exact", "0.5"),
    ("百分之八十以上", None, "80", None, "percent", "at_least", "0.5"),
    ("突破亿元", None, "100000000", None, "CNY", "at_least", "50000000"),
    ("上百家", None, "100", None, "count", "at_least", "0.5"),
    ("增速为-3.2%", None, "-3.2", None, "percent", "exact", "0.05"),
    ("2015—2017年1150亿元", None, "115000000000", None, "CNY", "exact", "50000000"),
    ("in 2020, 36,000", "count", "36000", None, "count", "exact", "0.5"),
    ("10亿美元（约70亿元）", "CNY", "7000000000", None, "CNY", "approx", "50000000"),
    ("新增5万个，同比增长20%", "percent", "20", None, "percent", "exact", "0.5"),
    ("RMB 30 billion", None, "30000000000", None, "CNY", "exact", "500000000"),
]


@pytest.mark.parametrize(("text", "wanted", "value", "high", "unit", "bound", "half"), READINGS)
def test_reading(
    text: str,
    wanted: str | None,
    value: str,
    high: str | None,
    unit: str | None,
    bound: str,
    half: str,
) -> None:
    figure = parse_figure(text, unit=wanted)
    assert figure.value == Decimal(value)
    assert figure.value_high == (None if high is None else Decimal(high))
    assert (figure.unit, figure.bound, figure.half_unit) == (unit, bound, Decimal(half))


@pytest.mark.parametrize(
    ("text", "unit", "value", "half"),
    [
        ("24024个 − 13340个", "count", "10684", "1"),
        ("77%-5.9个百分点", "percent", "71.1", "0.55"),
        ("(derived) 8731万张-652.36万", "count", "80786400", "5050"),
        ("(derived) 8121万人*83.8%", "persons", "68053980", None),
        ("50亿元/200亿元", "percent", "25", None),
        ("3万户+2万户", "subscriptions", "50000", "10000"),
        # A whole number without unit is exact: only 83.8 and 14.5 are rounded here.
        ("(derived) 83.8%*(1-14.5%)", "percent", "71.649", None),
    ],
)
def test_arithmetic(text: str, unit: str, value: str, half: str | None) -> None:
    figure = parse_figure(text, unit=unit)
    assert figure.derived
    assert figure.value == Decimal(value)
    assert figure.half_unit == Decimal(half) if half else figure.half_unit > 0


def test_half_unit_of_a_quotient_spans_what_the_digits_allow() -> None:
    figure = parse_figure("18.8万个 ÷ 1.15")
    highest = Decimal("188500") / Decimal("1.145")
    lowest = Decimal("187500") / Decimal("1.155")
    assert figure.value - figure.half_unit <= lowest
    assert figure.value + figure.half_unit == pytest.approx(highest)


@pytest.mark.parametrize(
    ("text", "unit", "missing"),
    [
        ("辽宁、河南", None, "no figure"),
        ("", None, "no figure"),
        ("5G", "Gbit/s", "no figure"),
        ("2020年7月", None, "no figure"),
        ("10亿美元", "CNY", "美元"),
        ("US$5 billion", "CNY", "foreign currency"),
        ("3-5公顷", None, "公顷"),
        ("1,5万个", None, "well-formed"),
        ("数百家", None, "some"),
        ("十几家", None, "some"),
        ("四点五亿部", None, "decimals"),
        ("单位：亿元", None, "unit without a number"),
        ("每百户63.7部", "percent", "部/百户"),
        ("下降3.2%", None, "sign"),
        ("增长2倍", None, "multiple"),
        ("尚未全覆盖", None, "denied"),
        ("4.5万个，300家", "count", "several figures"),
        ("80%的行政村全覆盖", "percent", "several figures"),
        ("由2个到5个", "count", "several figures"),
        ("13-5", None, "range or a difference"),
        ("5个-2台", "CNY", "nothing in it can be CNY"),
        ("9815万", "percent", "nothing in it can be percent"),
        ("5-3个", None, "does not rise"),
        ("1/0", None, "division by zero"),
        ("5个*3个", None, "product"),
        ("3个+2%", None, "do not match"),
        ("((1+2)*3万户", None, "brackets"),
        ("第5位-第3位", None, "cannot be summed"),
        ("7*24小时", None, "breaks off"),
        ("第0位", None, "no place"),
        ("9" * 31, None, "more than 30"),
    ],
)
def test_refuses_rather_than_guesses(text: str, unit: str | None, missing: str) -> None:
    with pytest.raises(FigureError) as caught:
        parse_figure(text, unit=unit)
    assert missing in str(caught.value)
    assert caught.value.text == text


def test_error_says_what_was_understood() -> None:
    with pytest.raises(FigureError) as caught:
        parse_figure("4.5万个，300家", unit="count")
    assert caught.value.understood == "4.5万个; 300家"


def test_unit_from_a_table_head() -> None:
    figure = parse_figure("23110.4", unit_printed="万件", unit="parcels")
    assert (figure.value, figure.half_unit) == (Decimal(231104000), Decimal(500))
    assert figure.unit_printed == "万件"
    # The scale stands in both places: it counts once.
    assert parse_figure("9815万", unit_printed="万人").value == 98150000
    for text, head in [("9815万", "亿元"), ("5个", "亿元"), ("5", "公顷")]:
        with pytest.raises(FigureError):
            parse_figure(text, unit_printed=head)


@pytest.mark.parametrize("text", ["4404.0①", "4²", "1234⑴", "12 ¹", "９⑳"])
def test_a_note_mark_never_becomes_a_digit(text: str) -> None:
    with pytest.raises(FigureError, match="note mark"):
        parse_figure(text, unit_printed="万户", unit="subscriptions")
