"""Typed records: what they accept, what they refuse, and the JSON Schema made of them."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from pipelines.yamltree import read_tree
from schemas import vocabulary as v
from schemas.record_types import RULES
from schemas.records import Document, Indicator, Plausible, Report, Target, json_schema_text

REGISTER = Path(__file__).parents[2] / "data" / "register"
STATEMENT = {"id": "000-010", "section": "一", "printed": "7万架"}
TARGET: dict[str, Any] = {
    "year": 2020,
    "operator": "ge",
    "value": 70000,
    "statements": [STATEMENT],
}
TEXT = {"zh": "文", "en": "text"}
INDICATOR: dict[str, Any] = {
    "id": "racks_total",
    "name": TEXT,
    "definition": TEXT,
    "theme": "racks",
    "unit": "racks",
    "measure": "stock",
    "frequency": "annual",
    "stale_after_days": 550,
}
DOCUMENT: dict[str, Any] = {
    "id": "hn-2017-26-news",
    "title": TEXT,
    "issuer": TEXT,
    "issued_on": "2017-12-31",
    "issued_precision": "year",
    "standing": "secondary",
    "baseline_year": 2016,
    "baseline_note": TEXT,
    "statement_prefix": "000",
    "statements": 27,
}


def broken_rules(error: ValidationError) -> list[str]:
    return [
        rule for item in error.errors() for rule in item.get("ctx", {}).get("rules", [item["type"]])
    ]


def test_a_target_with_its_defaults() -> None:
    target = Target.model_validate(TARGET)
    assert (target.region, target.value_kind, target.commitment) == ("410000", "level", "plan")
    assert target.value == 70000.0
    assert target.statements[0].responsible_units == ()


@pytest.mark.parametrize(
    ("measure", "kind"),
    [("coverage", "coverage"), ("rank", "rank"), ("stock", "level"), ("rate", "level")],
)
def test_the_measure_decides_the_usual_kind(measure: str, kind: str) -> None:
    target = {**TARGET, "operator": "le", "value": 5}
    record = Indicator.model_validate({**INDICATOR, "measure": measure, "targets": [target]})
    assert record.targets[0].value_kind == record.usual_kind == kind
    assert "value_kind" not in target


def test_a_stated_kind_is_kept() -> None:
    target = {**TARGET, "value_kind": "benchmark", "value": 1}
    record = Indicator.model_validate({**INDICATOR, "measure": "rank", "targets": [target]})
    assert record.targets[0].value_kind == "benchmark"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"operator": "range"}, "range_bounds"),
        ({"operator": "range", "value_high": 70000}, "range_bounds"),
        ({"value_high": 80000}, "range_bounds"),
        ({"value_kind": "multiple", "value": 2}, "reference_year_needed"),
        ({"value_kind": "increment"}, "reference_year_needed"),
        ({"reference_year": 2015}, "reference_year_idle"),
        ({"value_kind": "increment", "reference_year": 2020}, "reference_year_early"),
        ({"value_kind": "cumulative"}, "start_year_needed"),
        ({"value_kind": "cumulative", "start_year": 2021}, "start_year_needed"),
        ({"value_kind": "cumulative", "start_year": 2016, "year": None}, "start_year_needed"),
        ({"start_year": 2016}, "start_year_idle"),
        ({"year": None, "deadline_inferred": True}, "deadline_missing"),
        ({"value_kind": "rank", "operator": "le", "value": 1.5}, "rank_whole"),
        ({"value_kind": "rank", "operator": "le", "value": 0}, "rank_whole"),
        ({"value_kind": "rank", "operator": "ge", "value": 5}, "rank_operator"),
        ({"value_kind": "coverage", "value": 100.1}, "coverage_bounds"),
        ({"value_kind": "coverage", "value": -1}, "coverage_bounds"),
        (
            {"value_kind": "coverage", "operator": "range", "value": 90, "value_high": 110},
            "coverage_bounds",
        ),
        ({"value_kind": "benchmark", "value": 0}, "factor_positive"),
        ({"statements": []}, "no_source"),
        ({"operator": ">="}, "unknown_code"),
        ({"commitment": "promise"}, "unknown_code"),
    ],
)
def test_rules_of_a_target(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Target.model_validate({**TARGET, **change})
    assert broken_rules(refused.value) == [rule]


@pytest.mark.parametrize(
    "change",
    [
        {"operator": "range", "value": 3, "value_high": 5},
        {"value_kind": "multiple", "value": 2, "reference_year": 2019},
        {"value_kind": "increment", "reference_year": 2019},
        {"value_kind": "growth", "value": 11},
        {"value_kind": "growth", "value": 11, "reference_year": 2017},
        {"value_kind": "cumulative", "start_year": 2020},
        {"value_kind": "rank", "operator": "eq", "value": 1, "year": None},
        {"value_kind": "coverage", "value": 100, "implied": True, "deadline_inferred": True},
        {"value": -2.5},
    ],
)
def test_targets_of_every_kind(change: dict[str, Any]) -> None:
    assert Target.model_validate({**TARGET, **change}).operator in v.OPERATORS


def test_every_broken_rule_of_a_target_is_named_at_once() -> None:
    change = {"operator": "range", "reference_year": 2021, "start_year": 2016, "statements": []}
    with pytest.raises(ValidationError) as refused:
        Target.model_validate({**TARGET, **change})
    assert broken_rules(refused.value) == [
        "range_bounds",
        "reference_year_idle",
        "reference_year_early",
        "start_year_idle",
        "no_source",
    ]
    assert RULES["no_source"].en in str(refused.value)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"value": "70000"}, "float_type"),
        ({"value": True}, "float_type"),
        ({"value": float("nan")}, "finite_number"),
        ({"value": float("inf")}, "finite_number"),
        ({"year": "2020"}, "int_type"),
        ({"year": 20200}, "less_than_equal"),
        ({"region": 410000}, "string_type"),
        ({"implied": "yes"}, "bool_type"),
        ({"note": " "}, "string_too_short"),
        ({"target": 1}, "extra_forbidden"),
        ({"statements": STATEMENT}, "tuple_type"),
        ({"statements": [{**STATEMENT, "id": "10"}]}, "string_pattern_mismatch"),
    ],
)
def test_nothing_is_taken_for_something_else(change: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Target.model_validate({**TARGET, **change})
    assert [item["type"] for item in refused.value.errors()] == [kind]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"issued_on": "2017-02-30"}, "impossible_date"),
        ({"issued_on": "2017"}, "not_a_date"),
        ({"issued_on": 20171231}, "not_a_date"),
        ({"issued_on": "2017-11-30"}, "issued_on_last_day"),
        ({"issued_precision": "month"}, "unknown_code"),
    ],
)
def test_rules_of_a_document(change: dict[str, Any], rule: str) -> None:
    assert Document.model_validate(DOCUMENT).issued_on.year == 2017
    with pytest.raises(ValidationError) as refused:
        Document.model_validate({**DOCUMENT, **change})
    assert broken_rules(refused.value) == [rule]


def test_other_rules() -> None:
    report = {"id": "R-001", "title": "题", "printed": "20万个", "quality": "media"}
    assert Report.model_validate({**report, "collected_on": "2026-11-22"}).published_printed is None
    cases: list[tuple[Any, Any, str]] = [
        (Report, report, "undated_report"),
        (Plausible, {"min": 2, "max": 1}, "plausible_order"),
        (Indicator, {**INDICATOR, "aliases": ["a", "a"]}, "repeated"),
    ]
    for model, data, rule in cases:
        with pytest.raises(ValidationError) as refused:
            model.model_validate(data)
        assert broken_rules(refused.value) == [rule]


def test_records_cannot_be_changed() -> None:
    target = Target.model_validate(TARGET)
    with pytest.raises(ValidationError, match="frozen"):
        target.value = 1.0


def test_the_committed_schema_is_current() -> None:
    committed = (REGISTER / "schema.json").read_text(encoding="utf-8")
    assert committed == json_schema_text(), (
        "renew it: python -m schemas.records > data/register/schema.json"
    )


def test_the_schema_takes_its_codes_from_the_vocabulary() -> None:
    target = json.loads(json_schema_text())["$defs"]["Target"]["properties"]
    assert target["operator"]["enum"] == list(v.OPERATORS)
    assert target["value_kind"]["enum"] == list(v.VALUE_KINDS)


def test_the_schema_accepts_the_register_and_finds_a_slip() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(json_schema_text()))
    files = [p for p in REGISTER.glob("*.yaml") if p.stem not in ("documents", "themes")]
    assert len(files) >= 10
    for path in files:
        assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema")
        tree, _ = read_tree(path.read_bytes())
        assert list(validator.iter_errors(tree)) == []
    slip = {**INDICATOR, "targets": [{**TARGET, "operater": "ge"}]}
    assert "operater" in next(validator.iter_errors([slip])).message
