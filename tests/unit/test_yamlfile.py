"""Strict reading of YAML: every error at once, with file, line, field, value, rule and remedy."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.yamlfile import Problem, RegisterError, load_yaml, read_yaml
from pipelines.yamltree import Branch, Items, read_tree
from schemas.records import Indicator, Theme

THEME = "- {id: racks, domain: computing, name: {zh: 机架, en: Racks}}\n"
INDICATOR = """\
- id: racks_total
  name: {zh: 机架, en: Racks}
  definition: {zh: 机架数, en: Number of racks}
  theme: racks
  unit: racks
  measure: stock
  frequency: annual
  stale_after_days: 550
  targets:
    - {operator: ge, value: 70000, year: 2020, statements: [{id: 000-010, section: A, printed: B}]}
    - {year: 2021, operator: ge, value: 8万, statements: [{id: 000-011, section: A, printed: B}]}
"""
NESTED = ("targets", "actuals", "not_quantified")


def problems_of(path: Path, text: str | bytes) -> list[Problem]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RegisterError) as refused:
        load_yaml(path, Theme)
    return refused.value.problems


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "themes.yaml"


def test_a_good_file(path: Path) -> None:
    path.write_text(
        THEME + "- id: ports\n  domain: network\n  name: {zh: 端口, en: Ports}\n", "utf-8"
    )
    themes = load_yaml(path, Theme)
    assert [(theme.id, theme.line) for theme in themes] == [("racks", 1), ("ports", 2)]


def test_every_error_of_the_file_with_its_line(path: Path) -> None:
    text = (
        "- id: racks\n  domain: 7\n  name: {zh: 机架}\n\n"
        "- id: Ports\n  domian: network\n  domain: network\n  name: ports\n"
    )
    found = problems_of(path, text)
    assert [(p.line, p.record, p.field, p.value, p.rule) for p in found] == [
        (2, "racks", "domain", "7", "string_type"),
        (3, "racks", "name.en", "", "missing"),
        (5, "Ports", "id", "Ports", "string_pattern_mismatch"),
        (6, "Ports", "domian", "network", "extra_forbidden"),
        (8, "Ports", "name", "ports", "model_type"),
    ]
    assert all(p.file.endswith("/themes.yaml") and p.remedy and p.message_zh for p in found)
    assert found[3].remedy == "did you mean domain?"
    with pytest.raises(RegisterError) as refused:
        load_yaml(path, Theme)
    said = str(refused.value).splitlines()
    assert len(said) == 5
    assert said[0].endswith(
        "themes.yaml:2: racks.domain = 7: text is due [string_type]; put it in quotes"
    )


@pytest.mark.parametrize(
    ("text", "rule", "line", "said"),
    [
        ("", "empty_file", 1, "empty"),
        ("# 只有注释\n", "empty_file", 1, "empty"),
        ("---\n", "empty_file", 1, "empty"),
        ("id: racks\n", "not_a_list", 1, "list of records"),
        ("racks\n", "not_a_list", 1, "list of records"),
        (THEME + "- [a, b]\n", "model_type", 2, "fields with values"),
        (THEME + "- racks\n", "model_type", 2, "fields with values"),
        (THEME + "-\n", "model_type", 2, "fields with values"),
        (THEME + "- {id: [\n", "bad_yaml", 3, "expected"),
        (THEME + "- id: a\n\tdomain: b\n", "bad_yaml", 3, "cannot start any token"),
        (THEME + "---\n" + THEME, "bad_yaml", 2, "another document"),
        (THEME + "- &x {id: a}\n- *y\n", "bad_yaml", 3, "undefined alias"),
        (THEME + "- id: a\x07\n", "bad_character", 2, "x07"),
        ("[" * 5000, "bad_yaml", 1, "too deeply"),
        (THEME.encode("gb18030"), "not_utf8", 1, "looks like GBK or GB18030"),
        ((THEME * 2).encode("utf-8") + b"- \xff\xff\n", "not_utf8", 3, "not recognised"),
        (THEME.encode("utf-16"), "not_utf8", 1, "UTF-8"),
    ],
)
def test_files_that_cannot_be_read(
    path: Path, text: str | bytes, rule: str, line: int, said: str
) -> None:
    found = problems_of(path, text)
    assert [(p.rule, p.line) for p in found] == [(rule, line)]
    assert said in found[0].message


@pytest.mark.parametrize(
    ("text", "rule", "line", "field"),
    [
        (THEME.replace("}}", "}, id: other}"), "duplicate_key", 1, "id"),
        (
            "- id: racks\n  name: {zh: a, en: b, zh: c}\n  domain: d\n",
            "duplicate_key",
            2,
            "name.zh",
        ),
        (THEME + "- id: &a ports\n  domain: *a\n  name: {zh: a, en: b}\n", "alias", 2, "domain"),
        ("- &a [*a]\n", "alias", 1, "[0]"),
        (THEME.replace("racks,", "!!python/object racks,"), "unknown_tag", 1, "id"),
        (THEME.replace("racks,", "!!int racks,"), "bad_number", 1, "id"),
        (THEME.replace("id: racks", "[id]: racks"), "bad_key", 1, ""),
        (THEME + "- id: racks\n  domain: d\n  name: {zh: a, en: b}\n", "duplicate_id", 2, "id"),
    ],
)
def test_forms_that_are_refused(path: Path, text: str, rule: str, line: int, field: str) -> None:
    first = problems_of(path, text)[0]
    assert (first.rule, first.line, first.field) == (rule, line, field)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    loaded = read_yaml(tmp_path / "none.yaml", Theme)
    assert [p.rule for p in loaded.problems] == ["unreadable_file"]
    assert loaded.records == []


def test_byte_order_mark_and_windows_lines_are_no_problem(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + (THEME + "\n").replace("\n", "\r\n").encode())
    assert [theme.id for theme in load_yaml(path, Theme)] == ["racks"]


def test_a_faulty_nested_item_is_left_out_alone(path: Path) -> None:
    path.write_text(INDICATOR, "utf-8")
    loaded = read_yaml(path, Indicator, NESTED)
    (problem,) = loaded.problems
    assert (problem.line, problem.record, problem.field) == (11, "racks_total", "targets[1].value")
    assert (problem.value, problem.rule) == ("8万", "float_type")
    (record,) = loaded.records
    assert [target.value for target in record.targets] == [70000]
    assert (record.targets[0].line, record.targets[0].statements[0].line) == (10, 10)


def test_a_nested_item_with_a_key_twice_is_left_out_alone(path: Path) -> None:
    path.write_text(INDICATOR.replace("value: 8万", "value: 1, value: 2"), "utf-8")
    loaded = read_yaml(path, Indicator, NESTED)
    assert [(p.rule, p.field) for p in loaded.problems] == [("duplicate_key", "targets[1].value")]
    assert [target.value for target in loaded.records[0].targets] == [70000]


def test_a_fault_elsewhere_leaves_out_the_record(path: Path) -> None:
    path.write_text(INDICATOR.replace("unit: racks", "unit:"), "utf-8")
    loaded = read_yaml(path, Indicator, NESTED)
    assert [p.field for p in loaded.problems] == ["unit", "targets[1].value"]
    assert loaded.records == []


def test_only_plain_numbers_truth_and_null_are_not_text() -> None:
    text = b"[no, on, 12:30, 2016-03-01, 010, 0x1f, 1_000, .nan, 1e3, -2.5, 7, true, ~, '7', <<]"
    tree, faults = read_tree(text)
    assert faults == []
    assert list(tree) == [
        *("no", "on", "12:30", "2016-03-01", "010", "0x1f", "1_000", ".nan"),
        *(1000.0, -2.5, 7, True, None, "7", "<<"),
    ]


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_no_bytes_raise(data: bytes) -> None:
    tree, faults = read_tree(data)
    assert tree is not None or faults
    assert all(fault.line >= 1 for fault in faults)


WORDS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
TREES = st.recursive(
    st.one_of(WORDS, st.integers(), st.booleans(), st.none()),
    lambda part: st.one_of(st.lists(part, max_size=3), st.dictionaries(WORDS, part, max_size=3)),
    max_leaves=8,
)


@given(st.lists(TREES, min_size=1, max_size=4))
def test_what_is_written_is_read(records: list[object]) -> None:
    text = "".join(f"- {json.dumps(record, ensure_ascii=False)}\n" for record in records)
    tree, faults = read_tree(text.encode())
    assert faults == []
    assert tree == records
    assert isinstance(tree, Items)
    assert [tree.lines[n] for n in range(len(records))] == list(range(1, len(records) + 1))
    assert all(isinstance(part, Branch) == isinstance(part, dict) for part in tree)


@pytest.mark.parametrize("sign", ["[", "{a: ", "- ", "? ", "[\n", "-\t"])
def test_nesting_beyond_reason_is_an_error_and_ends_nothing(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "themes.yaml"
    path.write_text(sign * 100_000, encoding="utf-8")
    with pytest.raises(RegisterError):
        load_yaml(path, Theme)
