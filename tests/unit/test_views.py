"""Everyday views, their Chinese twins and the examples, as they are declared."""

import re

import duckdb
import pytest

from assets.chinese_views import TWINS
from assets.examples import EXAMPLES
from assets.warehouse import MACROS, VIEWS

CHINESE = re.compile(r"[\u4e00-\u9fff]")
EVERYDAY = {
    "headline", "missed_targets", "revised_targets", "stale_indicators", "peer_comparison",
    "missing_observations", "series_completeness", "status_counts", "observed_values",
}  # fmt: skip


def is_bilingual(comment: str) -> bool:
    zh, _, en = comment.partition(" / ")
    return bool(CHINESE.search(zh)) and bool(re.search("[a-z]", en))


def test_every_everyday_view_has_a_chinese_twin() -> None:
    assert {twin.of for twin in TWINS.values()} >= EVERYDAY
    assert {"目标差距", "未实现目标", "调整过的目标", "陈旧指标", "各省比较", "数据完整性",
            "状态计数", "观测值"} <= set(TWINS)  # fmt: skip


def test_twins_have_short_chinese_names_and_say_what_they_show() -> None:
    for name, twin in TWINS.items():
        view = VIEWS[name]
        assert set(view.columns) == set(twin.columns)
        for column, source in twin.columns.items():
            assert CHINESE.fullmatch(column[0]), column
            assert len(column) <= 7
            assert f"（{twin.of}.{source.removesuffix('?')}）" in view.columns[column]


def test_comments_are_in_both_languages() -> None:
    for name, view in VIEWS.items():
        assert is_bilingual(f"{view.zh} / {view.en}"), name
        for column, comment in view.columns.items():
            assert is_bilingual(comment), f"{name}.{column}: {comment}"
    for name, macro in MACROS.items():
        assert is_bilingual(f"{macro.zh} / {macro.en}"), name


def test_a_twin_computes_nothing() -> None:
    for name, twin in TWINS.items():
        sql = VIEWS[name].sql
        assert sql.endswith(f" FROM main.{twin.of}")
        plain = re.sub(r"CASE (\w+) WHEN true THEN '是' WHEN false THEN '否' END", r"\1", sql)
        assert re.fullmatch(r"SELECT (\w+ AS \"\w+\"(, )?)+ FROM main\.\w+", plain)


def test_there_are_a_dozen_examples_in_both_languages() -> None:
    assert len(EXAMPLES) >= 12
    assert len({e.sql for e in EXAMPLES}) == len(EXAMPLES)
    for example in EXAMPLES:
        assert CHINESE.search(example.zh)
        assert example.en.isascii()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_one_statement_that_only_reads(number: int) -> None:
    [statement] = duckdb.extract_statements(EXAMPLES[number].sql)
    assert statement.type == duckdb.StatementType.SELECT
