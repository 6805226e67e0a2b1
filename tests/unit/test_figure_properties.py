"""What holds for every printed figure, and figures written for people."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assets.figures import FigureError, format_figure, looks_like_scale_slip, parse_figure
from schemas.units import SPELLINGS, UNITS

NUMBERS = st.decimals(0, 10**7, places=2).map(lambda number: f"{number.normalize():f}")
SCALE_POWERS = st.sampled_from(
    [
        *[("百", 2), ("千", 3), ("万", 4), ("亿", 8), ("千亿", 11), ("万亿", 12)],
        *[(" thousand", 3), (" million", 6), (" billion", 9), (" trillion", 12)],
    ]
)
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
TRADITIONAL = str.maketrans("万亿个张户过余", "萬億個張戶過餘")


@settings(deadline=None)
@given(NUMBERS, SCALE_POWERS)
def test_scale_words_multiply(number: str, scale: tuple[str, int]) -> None:
    word, power = scale
    plain, scaled = parse_figure(f"{number} yuan"), parse_figure(f"{number}{word} yuan")
    assert scaled.value == plain.value * 10**power
    assert scaled.half_unit == plain.half_unit * 10**power


@settings(deadline=None)
@given(
    st.sampled_from(["", "超过", "约", "不低于", "more than "]),
    st.integers(0, 10**9).flatmap(lambda n: st.sampled_from([str(n), f"{n:,}", f"{n / 100:.2f}"])),
    st.sampled_from(["个", "万个", "%", "亿元", "万张", "Gbps", " million", "户", "余家"]),
)
def test_width_and_script_do_not_matter(before: str, number: str, after: str) -> None:
    text = before + number + after
    figure = parse_figure(text)
    assert parse_figure(text.translate(FULL_WIDTH)) == figure
    assert parse_figure(text.translate(TRADITIONAL)) == figure


@settings(deadline=None)
@given(
    st.decimals(-(10**14), 10**14, places=4),
    st.sampled_from(sorted(set(UNITS) - {"rank"})),
    st.sampled_from(["zh", "en"]),
)
@example(Decimal("99999999.99"), "count", "zh")
def test_what_is_written_can_be_read(value: Decimal, unit: str, lang: str) -> None:
    figure = parse_figure(format_figure(value, unit, lang), unit=unit)
    assert abs(figure.value - value) <= 2 * figure.half_unit
    assert figure.unit == unit


@settings(deadline=None)
@given(st.decimals(0, 100, places=6).filter(lambda share: share < 100))
@example(Decimal("99.96"))
@example(Decimal("99.999999"))
def test_a_share_short_of_100_never_looks_full(share: Decimal) -> None:
    assert Decimal(format_figure(share, "percent").rstrip("%")) < 100


FRAGMENTS = st.sampled_from(
    [
        *"0123456789.,%-−+*×÷/()—~至到第前每约近超多余级的年月 ",
        *"零一二两三十百千万亿几数点个户元位倍番",
        *SPELLINGS,
        *["全覆盖", "百分之", "(derived) ", "million", "CNY ", "翻", "下降", "5G"],
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(FRAGMENTS, max_size=12).map("".join)))
@example("(" * 500 + "1+2万个")
@example("亿" * 5000 + "个")
@example("1+" * 500 + "1万个")
@example("1万+" + "(" * 500 + "2万" + ")" * 500 + "+3万")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        figure = parse_figure(text)
    except FigureError:
        return
    assert figure.value.is_finite()
    assert figure.half_unit >= 0
    assert figure.value_high is None or figure.value_high > figure.value


# --- for people ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (1.9e12, "CNY", "1.9万亿元", "CNY 1.9 trillion"),
        (70000, "racks", "7万架", "70,000 racks"),
        (26416, "Gbit/s", "26,416 Gbit/s", "26,416 Gbit/s"),
        (85.8, "percent", "85.8%", "85.8%"),
        (Decimal("99.9996"), "percent", "99.999%", "99.999%"),
        (45000, "count", "4.5万个", "45,000"),
        (101440000, "count", "1.0144亿个", "101.44 million"),
        (10, "rank", "第10位", "rank 10"),
        (2, "ratio", "2倍", "2 times"),
        (75, "index", "75", "75"),
        (-1.2e9, "CNY", "-12亿元", "-CNY 1.2 billion"),
        (0, "count", "0个", "0"),
    ],
)
def test_format(value: Decimal | float, unit: str, zh: str, en: str) -> None:
    assert format_figure(value, unit) == zh
    assert format_figure(value, unit, "en") == en


def test_format_refuses_what_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nan"):
        format_figure(float("nan"), "count")
    with pytest.raises(ValueError, match="zh or en"):
        format_figure(1, "count", "fr")


@pytest.mark.parametrize(
    ("value", "reference", "expected"),
    [
        (1.9e8, 1.9e12, "应为 1.9万亿？"),
        (7e8, 7e4, "应为 7万？"),
        (19000, 1.9e12, "漏了亿"),
        (1.9e20, 1.9e12, "多乘了一亿"),
        (1e3, 1, "把万写成了亿"),
        (1e5, 1, "把万写成了亿"),
        (999, 1, None),
        (1e6, 1, None),
        (1e10, 1, None),
        (1.5, 1, None),
        (0, 1, None),
        (1, -1, None),
        (float("inf"), 1, None),
    ],
)
def test_scale_slip(value: float, reference: float, expected: str | None) -> None:
    message = looks_like_scale_slip(value, reference)
    if expected is None:
        assert message is None
    else:
        assert message is not None
        assert expected in message
        assert "looks like" in message
