"""Corrections: applied while the source prints what they expect, loud once it does not.

All figures here are synthetic.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.corrections import (
    FAILURES,
    LIFTED_SCHEMA,
    Corrected,
    apply_corrections,
    load_corrections,
    record_findings,
)
from assets.rejections import rejected_rows
from assets.row_checks import _rules, check_rows
from schemas.contract import empty
from schemas.correction_records import ACTIONS, LIFTABLE, Correction
from schemas.tables_core import Indicators, Targets
from schemas.tables_watch import SeriesBreaks
from tests.fixtures.small_tables import rows as table_rows
from tests.fixtures.vintages import SCHEMA, vintage, vintages

ROOT = Path(__file__).parents[2]
ROWS = {**SCHEMA, "raw": pl.String()}


def correction(**about: Any) -> Correction:
    base = {
        "id": "C-001", "source": "s", "indicator": "sales", "region": "410000", "period": "2020",
        "expects": "100元", "action": "drop", "reason": {"zh": "合成", "en": "synthetic"},
        "citation": {"title": "合成勘误"}, "decided_on": dt.date(2022, 1, 1),
    }  # fmt: skip
    return Correction.model_validate(base | about)


REPLACE = {"action": "replace", "value_printed": "1.2万元"}


def row(number: int, **about: Any) -> dict[str, Any]:
    return vintage(number, **about) | {"raw": f'{{"line": "{number}"}}'}


def applied(rows: list[dict[str, Any]], *corrections: Correction) -> Corrected:
    """The outcome; no row is ever lost on the way."""
    done = apply_corrections(pl.DataFrame(rows, schema=ROWS), corrections, {})
    assert done.rows.height + len(done.rejections) == len(rows)
    assert done.rows.schema == pl.Schema(ROWS)
    return done


def rules(done: Corrected) -> list[str]:
    return [f.rule for f in done.findings]


def test_a_replacement_is_read_like_any_printed_figure_and_keeps_the_original() -> None:
    done = applied([row(1), row(2, period="2021")], correction(**REPLACE))
    first, second = done.rows.to_dicts()
    assert (first["value"], first["tolerance"], first["bound"]) == (12_000.0, 500.0, "exact")
    assert first["value_printed"] == "1.2万元"
    assert "C-001" in first["note"]
    assert "100元" in first["note"]
    assert first["observation_id"] == "s:1"
    assert (second["value"], second["note"]) == (100.0, None)
    assert done.findings == []


def test_a_replacement_may_have_its_own_unit_and_adds_to_the_note() -> None:
    about = {"action": "replace", "value_printed": "超3", "unit_printed": "亿元"}
    [found] = applied(
        [row(1, unit_printed="万元", note="原注")], correction(**about)
    ).rows.to_dicts()
    assert (found["value"], found["bound"], found["unit_printed"]) == (3e8, "at_least", "亿元")
    assert found["note"].startswith("原注; ")
    inherited = correction(action="replace", value_printed="3")
    [found] = applied([row(1, unit_printed="万元")], inherited).rows.to_dicts()
    assert found["value"] == 30_000.0


def test_a_dropped_row_is_refused_and_not_lost() -> None:
    done = applied([row(1), row(2, value_printed="101元")], correction())
    assert rejected_rows(done.rejections)["rule"].to_list() == ["dropped_by_correction"]
    assert done.rejections[0].origin.source_row == 1
    assert done.rejections[0].raw == {"line": "1"}
    assert done.rows["observation_id"].to_list() == ["s:2"]  # the other figure of the page
    assert done.findings == []


def test_every_vintage_with_the_misprint_is_corrected() -> None:
    later = {"published_on": dt.date(2022, 3, 1), "landing_sha256": "1" * 64}
    done = applied([row(1), row(2, **later)], correction(**REPLACE))
    assert done.rows["value"].to_list() == [12_000.0, 12_000.0]


MENDED = {"value": 12_000.0, "value_printed": "1.2万元", "published_on": dt.date(2022, 3, 1)}


@pytest.mark.parametrize("action", list(ACTIONS))
def test_once_the_source_has_mended_itself_nothing_is_applied_and_it_is_loud(action: str) -> None:
    about = {"replace": REPLACE, "accept": {"action": "accept", "rule": "not_whole"}}
    given = [row(1), row(2, **MENDED)]
    done = applied(given, correction(**about.get(action, {})))
    assert done.rows.equals(pl.DataFrame(given, schema=ROWS))
    assert done.lifted.is_empty()
    [finding] = done.findings
    assert (finding.severity, finding.rule) == ("error", "correction_expired")
    for part in ("data/corrections.yaml", "C-001", "expects", "100元", "1.2万元"):
        assert part in finding.en
    assert "status: retired" in finding.remedy
    assert finding.rule in FAILURES


def test_a_mended_figure_of_the_same_day_expires_it_too() -> None:
    again = {"value_printed": "120元", "retrieved_at": dt.datetime(2021, 3, 2, 18)}
    assert rules(applied([row(1), row(2, **again)], correction())) == ["correction_expired"]
    assert rules(applied([row(2, **again)], correction())) == ["correction_expired"]


def test_another_publisher_of_a_compiled_file_does_not_expire_it() -> None:
    other = row(2, **MENDED, source_publisher="another")
    done = applied([row(1), other], correction())
    assert done.findings == []
    assert done.rows["observation_id"].to_list() == ["s:2"]


@pytest.mark.parametrize(
    "elsewhere",
    [{"source": "other"}, {"indicator": "other"}, {"region": "410100"}, {"period": "2019"},
     {"period_type": "year_to_date"}],
)  # fmt: skip
def test_a_correction_without_anything_to_correct_is_loud(elsewhere: dict[str, str]) -> None:
    done = applied([row(1)], correction(**elsewhere))
    assert rules(done) == ["correction_unmatched"]
    assert done.rows.height == 1


def test_a_retired_correction_does_nothing_and_says_nothing() -> None:
    done = applied(
        [row(1)], correction(status="retired"), correction(period="1990", status="retired")
    )
    assert (done.findings, done.rejections, done.rows.height) == ([], [], 1)


@pytest.mark.parametrize("second", [{}, REPLACE])
def test_of_two_decisions_about_one_figure_the_second_one_fails(second: dict[str, str]) -> None:
    first = correction(action="replace", value_printed="7元")
    done = applied([row(1)], first, correction(id="C-002", **second))
    assert done.rows["value"].to_list() == [7.0]
    assert rules(done) == ["correction_expired"]
    dropped = applied([row(1)], correction(), correction(id="C-002", **second))
    assert rules(dropped) == ["correction_unmatched"]


def test_a_replacement_that_cannot_be_read_is_not_applied() -> None:
    for text in ("约莫不少", "5人"):
        done = applied([row(1)], correction(action="replace", value_printed=text))
        assert rules(done) == ["correction_unreadable"]
        assert done.rows["value"].to_list() == [100.0]


# --- accept -----------------------------------------------------------------------------------


def refused(rows: list[dict[str, Any]], lifted: pl.DataFrame, **about: Any) -> dict[int, str]:
    indicator = {"indicator_id": "sales", "measure": "stock", "unit": "count",
                 "is_cumulative": False, "stale_after_days": 550} | about  # fmt: skip
    _, gone = check_rows(
        pl.DataFrame(rows, schema=ROWS), table_rows(Indicators, indicator), empty(Targets),
        vintages(), {}, empty(SeriesBreaks), lifted,
    )  # fmt: skip
    return {r.origin.source_row: r.fault.rule for r in gone}


NOTHING = pl.DataFrame(schema=LIFTED_SCHEMA)


def test_an_accepted_row_is_exempt_from_that_rule_alone() -> None:
    rows = [row(1, unit="count", value=2.5), row(2, unit="count", value=2.5, period="2021")]
    assert refused(rows, NOTHING) == {1: "not_whole", 2: "not_whole"}
    lifted = applied(rows, correction(action="accept", rule="not_whole")).lifted
    assert refused(rows, lifted) == {2: "not_whole"}
    assert refused(rows, lifted, plausible_max=2.0) == {1: "out_of_range", 2: "out_of_range"}


def test_a_fall_that_is_accepted_takes_no_other_figure_with_it() -> None:
    values = {"2019": 50.0, "2020": 20.0, "2021": 60.0}
    rows = [row(i, period=p, value=v, unit="count") for i, (p, v) in enumerate(values.items(), 1)]
    assert refused(rows, NOTHING, is_cumulative=True) == {2: "cumulative_fell"}
    lifted = applied(rows, correction(action="accept", rule="cumulative_fell")).lifted
    assert refused(rows, lifted, is_cumulative=True) == {}


def test_what_can_be_lifted_are_rules_of_the_row_checks() -> None:
    assert set(LIFTABLE) <= set(_rules())


# --- the file ---------------------------------------------------------------------------------

RECORD = """\
- id: C-001
  source: s
  indicator: sales
  region: "410000"
  period: "2020"
  expects: "100元"
  action: drop
  reason: {zh: 合成, en: synthetic}
  citation: {title: 合成勘误}
  decided_on: "2022-01-01"
"""


def test_the_file_of_the_project_is_read_and_its_example_is_a_good_record(tmp_path: Path) -> None:
    path = ROOT / "data" / "corrections.yaml"
    loaded = load_corrections(path)
    assert loaded.problems == []
    lines = path.read_text(encoding="utf-8").split("figures):\n")[1].splitlines()
    example = tmp_path / "example.yaml"
    body = (line.removeprefix("#").removeprefix(" ") for line in lines if line.startswith("#"))
    example.write_text("\n".join(body) + "\n", encoding="utf-8")
    [record] = load_corrections(example).records
    assert (record.action, record.value_printed) == ("replace", "12.34亿件")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("expects:", "expect:"), "extra_forbidden"),
        (("action: drop", "action: remove"), "unknown_code"),
        (("action: drop", "action: replace"), "replacement_value"),
        (("action: drop", "action: accept"), "lifted_rule"),
        (("action: drop", "action: drop\n  value_printed: 1元"), "replacement_value"),
        (("action: drop", "action: drop\n  unit_printed: 元"), "replacement_unit"),
        (("action: drop", "action: accept\n  rule: duplicate_row"), "unknown_code"),
        (('"2022-01-01"', '"2022-13-01"'), "impossible_date"),
        (("id: C-001", "id: first"), "string_pattern_mismatch"),
        (("  citation: {title: 合成勘误}\n", ""), "missing"),
    ],
)
def test_a_faulty_record_is_refused_and_the_others_are_used(
    change: tuple[str, str], rule: str, tmp_path: Path
) -> None:
    path = tmp_path / "corrections.yaml"
    faulty = RECORD.replace(*change)
    assert faulty != RECORD
    path.write_text(faulty + RECORD.replace("C-001", "C-002"), encoding="utf-8")
    loaded = load_corrections(path)
    assert [c.id for c in loaded.records] == ["C-002"]
    assert rule in {p.rule for p in loaded.problems}
    findings = record_findings(loaded.problems)
    assert {f.rule for f in findings} == {"correction_record"} <= set(FAILURES)
    assert all("data/corrections.yaml:" in f.en and f.severity == "error" for f in findings)


def test_a_finding_names_the_line_of_the_record(tmp_path: Path) -> None:
    path = tmp_path / "corrections.yaml"
    path.write_text(RECORD, encoding="utf-8")
    done = applied([row(1, value_printed="99元")], *load_corrections(path).records)
    assert "line 6 C-001.expects" in done.findings[0].en
