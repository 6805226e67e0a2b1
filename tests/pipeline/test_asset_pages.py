"""Dagster's pages: tables, pictures and findings that a reader understands without the code."""

import base64
import datetime as dt
import html
import re
from collections.abc import Iterator

import duckdb
import polars as pl
import pytest

from pipelines.asset_pages import (
    REGISTER,
    attainment_picture,
    findings_table,
    markdown,
    plain,
    preview,
    theme_picture,
    verdict,
)
from pipelines.builds import open_readonly
from pipelines.settings import Settings
from schemas.contract import TABLES, info_of
from schemas.vocabulary import Label
from tests.conftest import TODAY

NAMES = {"ecommerce_transaction_value": "电子商务交易额", "410000": "河南省"}


@pytest.fixture(scope="module")
def connection(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_readonly(published) as opened:
        yield opened


@pytest.fixture(scope="module")
def frames(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Every table of the contracts, as the steps would hand it on."""
    places = {name: info_of(model).schema for name, model in TABLES.items()}
    return {name: connection.sql(f"FROM {schema}.{name}").pl() for name, schema in places.items()}


def drawn(picture: str) -> set[str]:
    """The words of a picture in markdown."""
    found = re.fullmatch(r"!\[[^\]]+\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", picture)
    assert found is not None
    svg = base64.b64decode(found[1]).decode()
    return {html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", svg)}


def test_previews_have_chinese_heads_and_readable_figures(frames: dict[str, pl.DataFrame]) -> None:
    goals = preview("gap_to_goal", frames["gap_to_goal"], NAMES)
    head, _, *rest = goals.splitlines()
    assert "| 指标 | 地区 | 目标年 T |" in head
    row = next(line for line in rest if "电子商务交易额" in line)
    for cell in ("河南省", "2020", "2.6万亿元", "1.9万亿元", "73.1%", "未实现"):
        assert f"| {cell} |" in row
    assert goals.endswith("10 / 204 行 rows")


def test_every_table_has_a_preview(frames: dict[str, pl.DataFrame]) -> None:
    for name, frame in frames.items():
        text = preview(name, frame, NAMES)
        assert "None" not in text, name
        if frame.height:
            assert text.count("\n") >= 2, name
        else:
            assert text == "没有行 / no rows"


def test_frames_of_themes_are_shown_as_figures(frames: dict[str, pl.DataFrame]) -> None:
    vintages = frames["observation_vintages"]
    reached = vintages.filter(pl.col("indicator_id") == "ecommerce_transaction_value")
    text = preview("ecommerce", reached, NAMES)
    assert "| 电子商务交易额 | 河南省 | 2020 | 1.9万亿元 | 突破 1.9万亿元 |" in text


def test_markup_in_texts_stays_text() -> None:
    assert plain("a|b <i> 2*3\n`x` [y]") == r"a\|b \<i> 2\*3 \`x\` \[y]"
    assert markdown(["x"], [["long" * 100]], length=10) == "| x |\n| --- |\n| longlongl… |"


def test_the_picture_of_the_gaps_shows_attainment(frames: dict[str, pl.DataFrame]) -> None:
    words = drawn(attainment_picture(frames, TODAY))
    assert "73.1% 未实现" in words


def test_the_picture_of_a_theme_shows_its_series_and_goals(
    frames: dict[str, pl.DataFrame],
) -> None:
    register = {name: frames[name] for name in REGISTER}
    words = drawn(theme_picture("ecommerce", frames["observation_vintages"], register, TODAY))
    assert {"电子商务交易额", "> 2.6万亿元", "≥ 1.9万亿元", "−13.3%"} <= words
    assert "无数据" not in words


def test_a_theme_without_indicators_has_no_picture(frames: dict[str, pl.DataFrame]) -> None:
    register = {name: frames[name] for name in REGISTER}
    assert theme_picture("none", frames["observation_vintages"], register, TODAY) == ""


SENTENCE = Label("没有被拒绝的行", "no row was refused")


def findings(*severities: str) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "severity": severity,
                "key": f"ecommerce_transaction_value|410000|{2010 + n}",
                "message_zh": f"第{n}项",
                "message_en": f"number {n}",
                "remedy": None if n else "Correct the row",
            }
            for n, severity in enumerate(severities)
        ],
        schema=dict.fromkeys(("severity", "key", "message_zh", "message_en", "remedy"), pl.String),
    )


def test_what_holds_is_said_in_both_languages() -> None:
    assert verdict(SENTENCE, findings(), 0, NAMES) == (
        "没有被拒绝的行：成立。 / no row was refused: holds."
    )
    assert "另有2条提示" in verdict(SENTENCE, findings(), 2, NAMES)
    assert findings_table(findings(), NAMES) == "没有 / none"


def test_what_does_not_hold_names_how_many_and_the_first_few() -> None:
    against = findings("warning", "warning", "warning", "error")
    text = verdict(SENTENCE, against, 0, NAMES)
    assert "1个错误、3个警告" in text
    assert "最先几项：电子商务交易额 河南省 2013：第3项；" in text  # the error first
    assert "第2项" not in text  # a few only
    assert "1 error(s), 3 warning(s)" in text
    table = findings_table(against, NAMES)
    assert table.splitlines()[2].startswith("| 错误 error | 电子商务交易额 河南省 2013 |")
    assert "Correct the row" in table


def test_long_lists_of_findings_say_what_is_left_out() -> None:
    table = findings_table(findings(*["warning"] * 45), NAMES)
    assert table.endswith("还有 5 项，见表 checks / 5 more in table checks")


def test_days_before_any_figure_still_draw(frames: dict[str, pl.DataFrame]) -> None:
    register = {name: frames[name] for name in REGISTER}
    nothing = frames["observation_vintages"].clear()
    words = drawn(theme_picture("ecommerce", nothing, register, dt.date(2013, 1, 1)))
    assert "无数据" in words
