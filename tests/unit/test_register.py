"""The register: reading it with its faults, its tables, what superseded what, and any past day."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from assets.register import (
    Register,
    document_observations,
    documents_frame,
    indicators_frame,
    load_register,
    load_sources,
    load_themes,
    register_as_of,
    register_findings,
    statements_accounted,
    statements_frame,
    target_sources_frame,
    targets_frame,
)
from pipelines.yamlfile import RegisterError

DATA = Path(__file__).parents[2] / "data"
REGIONS = frozenset({"410000", "410100"})
Frames = dict[str, pl.DataFrame]

DOCUMENTS = """\
- id: hn-2013-opinion
  title: {zh: 意见, en: Opinion}
  issuer: {zh: 省政府, en: Government}
  issued_on: 2013-12-20
  issued_precision: day
  standing: primary
  baseline_year: 2013
  baseline_note: {zh: 年底印发, en: Issued in December}
  statement_prefix: "002"
  statements: 3
- id: hn-2018-infocon
  title: {zh: 方案, en: Plan}
  issuer: {zh: 省政府办公厅, en: General office}
  issued_on: 2018-12-31
  issued_precision: year
  standing: primary
  baseline_year: 2017
  baseline_note: {zh: 三年方案, en: A plan of three years}
  statement_prefix: "004"
  statements: 2
"""
THEMES = "- {id: ecommerce, domain: commerce, name: {zh: 电商, en: E-commerce}}\n"
COMMERCE = """\
- id: ecommerce_value
  name: {zh: 交易额, en: Transactions}
  definition: {zh: 当年交易额, en: Transactions of the year}
  theme: ecommerce
  unit: CNY
  measure: flow
  frequency: annual
  stale_after_days: 550
  sources: [published]
  targets:
    - year: 2020
      operator: gt
      value: 3000000000000
      statements: [{id: 002-001, section: 一, printed: 突破3万亿元, responsible_units: [商务厅]}]
      reports:
        - id: R-001
          title: 早报
          published_printed: late 2012 (not printed)
          printed: 3万亿
          quality: media
          plan: 某规划
    - year: 2020
      operator: gt
      value: 2600000000000
      statements: [{id: 004-001, section: 二, printed: 超过2.6万亿元}]
  actuals:
    - {statement: {id: 002-002, section: 一, printed: 突破0.5万亿元}, period: "2013",
       value: 500000000000, bound: at_least}
  not_quantified:
    - {statement: {id: 002-003, section: 一, printed: 提高}, direction: down,
       reason: {zh: 无数值, en: No figure}}
- id: ecommerce_share
  name: {zh: 占比, en: Share}
  definition: {zh: 占比, en: Share}
  theme: ecommerce
  unit: percent
  measure: coverage
  frequency: annual
  stale_after_days: 550
  targets:
    - {operator: ge, value: 80, statements: [{id: 004-002, section: 三, printed: 80%以上}]}
"""


def write(folder: Path, **files: str) -> Path:
    content = {"documents": DOCUMENTS, "themes": THEMES, "commerce": COMMERCE, **files}
    for name, text in content.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, **files: str) -> Register:
    return load_register(write(folder, **files), regions=REGIONS)


def frames_of(register: Register) -> Frames:
    return {
        "documents": documents_frame(register),
        "indicators": indicators_frame(register),
        "targets": targets_frame(register),
        "target_sources": target_sources_frame(register),
    }


def row(frame: pl.DataFrame, target_id: str) -> dict[str, object]:
    return frame.row(by_predicate=pl.col("target_id") == target_id, named=True)


# --- faults -----------------------------------------------------------------------------------


def test_a_register_without_faults(tmp_path: Path) -> None:
    register = read(tmp_path)
    assert register.problems == ()
    assert register_findings(register) == []
    assert [entry.domain for entry in register.entries] == ["commerce", "commerce"]


def changed(old: str, new: str) -> dict[str, str]:
    assert old in COMMERCE
    return {"commerce": COMMERCE.replace(old, new, 1)}


@pytest.mark.parametrize(
    ("files", "rule", "line", "value"),
    [
        (changed("theme: ecommerce", "theme: e_commerce"), "unknown_theme", 4, "e_commerce"),
        (changed("unit: CNY", "unit: 万元"), "unknown_unit", 5, "万元"),
        (changed("unit: percent", "unit: count"), "unit_of_measure", 36, "count"),
        (changed("- year: 2020", "- region: '999999'\n      year: 2020"), "unknown_region", 11,
         "999999"),
        (changed("id: 002-001", "id: 009-001"), "unknown_document", 14, "009-001"),
        (changed("id: 002-002", "id: 002-001"), "duplicate_statement", 27, "002-001"),
        (changed('period: "2013"', 'period: "2013-13"'), "impossible_period", 27, "2013-13"),
        (changed("late 2012 (not printed)", "2012-02-30"), "impossible_date", 18, "2012-02-30"),
        (changed("sources: [published]", "whole_of: [parts]"), "unknown_part", 9, "parts"),
        (changed("sources: [published]", "aliases: [ecommerce_share]"), "ambiguous_alias", 9,
         "ecommerce_share"),
        (changed("sources: [published]", "breaks: [{period: '20', note: {zh: 变, en: b}}]"),
         "impossible_period", 9, "20"),
        (changed("value: 2600000000000", "value: 3000000000000"), "split_target", 24, "3e+12"),
        ({"other": COMMERCE}, "duplicate_indicator", 1, "ecommerce_value"),
        ({"documents": DOCUMENTS.replace('"004"', '"002"')}, "duplicate_prefix", 19, "002"),
        ({"themes": THEMES.replace("domain: commerce", "domain: network")}, "theme_domain", 4,
         "ecommerce"),
        ({"extra": ""}, "empty_file", 1, ""),
        (changed("unit: CNY", "units: CNY"), "extra_forbidden", 5, "CNY"),
    ],
)  # fmt: skip
def test_faults_are_named(
    tmp_path: Path, files: dict[str, str], rule: str, line: int, value: str
) -> None:
    problems = [p for p in read(tmp_path, **files).problems if p.rule == rule]
    assert (problems[0].line, problems[0].value) == (line, value)
    assert problems[0].remedy
    assert problems[0].message_zh


def test_reports_are_told_apart(tmp_path: Path) -> None:
    report = """
      reports:
        - {id: R-001, title: 报, published_printed: "2019", printed: x, quality: media}"""
    text = COMMERCE.replace("printed: 超过2.6万亿元}]", "printed: 超过2.6万亿元}]" + report)
    assert [p.rule for p in read(tmp_path, commerce=text).problems] == ["duplicate_report"]


def test_a_fault_takes_only_its_own_item_along(tmp_path: Path) -> None:
    register = read(tmp_path, **changed("id: 002-001", "id: 009-001"))
    assert [p.rule for p in register.problems] == ["unknown_document"]
    assert targets_frame(register)["value"].to_list() == [80.0, 2.6e12, None]
    lost = [(f.rule, f.key) for f in statements_accounted(register)]
    assert lost == [("statement_unaccounted", "002-001")]
    assert [f.rule for f in register_findings(register)] == [
        "unknown_document",
        "statement_unaccounted",
    ]


def test_a_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "network.yaml").write_bytes("- id: 机架\n".encode("gb18030"))
    (tmp_path / "talent.yaml").write_text("- id: [\n", encoding="utf-8")
    register = load_register(tmp_path, regions=REGIONS)
    assert [(p.rule, p.file.rsplit("/", 1)[-1]) for p in register.problems] == [
        ("not_utf8", "network.yaml"),
        ("bad_yaml", "talent.yaml"),
    ]
    assert len(register.entries) == 2
    finding = register_findings(register)[0]
    assert finding.severity == "error"
    assert "network.yaml 第1行" in finding.zh
    assert "looks like GBK" in finding.en


def test_a_statement_number_that_the_document_does_not_have(tmp_path: Path) -> None:
    register = read(tmp_path, documents=DOCUMENTS.replace("statements: 3", "statements: 2"))
    found = [(f.rule, f.key) for f in statements_accounted(register)]
    assert found == [("statement_unexpected", "002-003")]


def test_an_empty_folder_is_named_and_gives_empty_tables(tmp_path: Path) -> None:
    register = load_register(tmp_path, regions=REGIONS)
    assert [p.rule for p in register.problems] == ["unreadable_file", "unreadable_file"]
    frames = register_as_of(frames_of(register), dt.date(2026, 11, 22))
    assert all(frame.is_empty() for frame in frames.values())
    assert statements_frame(register).is_empty()
    assert document_observations(register).is_empty()


def test_themes_and_sources_refuse_any_fault(tmp_path: Path) -> None:
    write(tmp_path, sources="- {id: a}\n", themes=THEMES.replace("id", "di"))
    with pytest.raises(RegisterError, match="di"):
        load_themes(tmp_path)
    with pytest.raises(RegisterError, match=r"a\.file"):
        load_sources(tmp_path)
    assert [s.id for s in load_sources(DATA / "published")] == ["published", "nbs"]


# --- tables -----------------------------------------------------------------------------------


def test_targets_of_the_small_register(tmp_path: Path) -> None:
    targets = targets_frame(read(tmp_path))
    first = row(targets, "ecommerce_value:410000:2020:hn-2013-opinion")
    assert first["standing"] == "documented"
    assert first["issued_on"] == dt.date(2012, 12, 31)
    assert (first["printed"], first["tolerance"]) == ("3万亿", 5e11)
    assert (first["baseline_year"], first["source_count"]) == (2013, 2)
    assert (first["statement_ids"], first["responsible_units"]) == ("002-001", "商务厅")
    aim = row(targets, "ecommerce_value:410000:open:hn-2013-opinion")
    assert (aim["operator"], aim["value"], aim["tolerance"]) == ("lt", None, None)
    assert (aim["is_quantified"], aim["is_goal"]) == (False, True)
    share = row(targets, "ecommerce_share:410000:open:hn-2018-infocon")
    assert (share["value_kind"], share["year"], share["tolerance"]) == ("coverage", None, 0.5)


def test_a_tolerance_only_where_the_printed_figure_is_the_target(tmp_path: Path) -> None:
    other = targets_frame(read(tmp_path, **changed("printed: 80%以上", "printed: 81%以上")))
    assert row(other, "ecommerce_share:410000:open:hn-2018-infocon")["tolerance"] == 0.0
    implied = changed("value: 80,", "value: 80, implied: true,")
    known = targets_frame(read(tmp_path, **implied))
    assert row(known, "ecommerce_share:410000:open:hn-2018-infocon")["tolerance"] == 0.0
    words = targets_frame(read(tmp_path, **changed("printed: 80%以上", "printed: 大多数")))
    assert row(words, "ecommerce_share:410000:open:hn-2018-infocon")["tolerance"] == 0.0


def test_the_baseline_lies_before_the_deadline(tmp_path: Path) -> None:
    early = changed("- {operator: ge, value: 80,", "- {operator: ge, value: 80, year: 2015,")
    targets = targets_frame(read(tmp_path, **early))
    assert row(targets, "ecommerce_share:410000:2015:hn-2018-infocon")["baseline_year"] == 2014


def test_ids_that_would_be_the_same_say_more(tmp_path: Path) -> None:
    second = (
        "    - {operator: ge, value: 90, statements: [{id: 004-003, section: 三, printed: 90%}]}\n"
        "    - {operator: ge, value: 2, value_kind: benchmark,\n"
        "       statements: [{id: 004-004, section: 三, printed: 两倍}]}\n"
    )
    targets = targets_frame(read(tmp_path, commerce=COMMERCE + second))
    plain = "ecommerce_share:410000:open:hn-2018-infocon"
    ids = targets.filter(pl.col("indicator_id") == "ecommerce_share")["target_id"].to_list()
    assert ids == [f"{plain}:benchmark", f"{plain}:coverage:80", f"{plain}:coverage:90"]


def test_what_became_of_the_statements(tmp_path: Path) -> None:
    register = read(tmp_path)
    statements = statements_frame(register)
    outcomes = dict(statements.select("statement_id", "outcome").iter_rows())
    assert outcomes == {
        "002-001": "target",
        "002-002": "actual",
        "002-003": "not_quantified",
        "004-001": "target",
        "004-002": "target",
    }
    (observation,) = document_observations(register).to_dicts()
    assert observation["observation_id"] in statements["observation_id"].to_list()
    assert (observation["period_type"], observation["period_end"]) == (
        "annual",
        dt.date(2013, 12, 31),
    )
    assert (observation["value"], observation["bound"]) == (5e11, "at_least")
    assert (observation["quality"], observation["tolerance"]) == ("document", 5e10)
    assert (observation["published_on"], observation["source_row"]) == (dt.date(2013, 12, 20), 27)
    assert observation["retrieved_at"] == dt.datetime(2013, 12, 20)


def test_an_observation_keeps_its_id_when_its_line_moves(tmp_path: Path) -> None:
    before = document_observations(read(tmp_path))
    after = document_observations(read(tmp_path, commerce="# 注\n" + COMMERCE))
    assert before["observation_id"].to_list() == after["observation_id"].to_list()
    assert before["source_row"].to_list() != after["source_row"].to_list()
    other = document_observations(read(tmp_path, **changed("value: 500000000000", "value: 5")))
    assert before["observation_id"].to_list() != other["observation_id"].to_list()


# --- revisions and past days ------------------------------------------------------------------


def revisions(register: Register, day: dt.date = dt.date(2026, 11, 22)) -> pl.DataFrame:
    return register_as_of(frames_of(register), day)["target_revisions"]


def test_a_later_figure_supersedes_an_earlier_one_from_its_issue_on(tmp_path: Path) -> None:
    frames = frames_of(read(tmp_path))
    now = register_as_of(frames, dt.date(2026, 11, 22))
    (revision,) = now["target_revisions"].to_dicts()
    assert revision["kind"] == "figure"
    assert revision["change_pct"] == pytest.approx(-13.333333333333334)
    assert revision["years_between"] == pytest.approx(6.0, abs=0.01)
    assert (revision["from_source"], revision["to_source"]) == ("早报", "方案")
    later = "ecommerce_value:410000:2020:hn-2018-infocon"
    first = row(now["targets"], "ecommerce_value:410000:2020:hn-2013-opinion")
    assert (first["superseded_by"], first["superseded_on"]) == (later, dt.date(2018, 12, 31))
    before = register_as_of(frames, dt.date(2018, 12, 30))
    assert before["target_revisions"].is_empty()
    assert row(before["targets"], first["target_id"])["superseded_by"] is None  # type: ignore[arg-type]


def test_a_target_is_documented_from_the_day_on_which_a_document_prints_it(tmp_path: Path) -> None:
    frames = frames_of(read(tmp_path))
    known = {
        day: row(
            register_as_of(frames, day)["targets"], "ecommerce_value:410000:2020:hn-2013-opinion"
        )
        for day in (dt.date(2012, 12, 31), dt.date(2013, 12, 20))
    }
    reported, documented = known.values()
    assert (reported["standing"], reported["document_id"]) == ("reported", None)
    assert (reported["baseline_year"], reported["source_count"]) == (2011, 1)
    assert (reported["statement_ids"], reported["responsible_units"]) == (None, None)
    assert (documented["standing"], documented["baseline_year"]) == ("documented", 2013)
    assert documented["issued_on"] == dt.date(2012, 12, 31)
    assert register_as_of(frames, dt.date(2012, 12, 30))["targets"].is_empty()


TWO_OPEN = (
    COMMERCE
    + """\
    - {operator: ge, value: 80, year: 2022, statements: [{id: 002-004, section: 三, printed: 80%}]}
"""
)


def test_an_aim_that_gets_a_deadline_later_is_superseded(tmp_path: Path) -> None:
    swapped = TWO_OPEN.replace("id: 004-002", "id: 002-005").replace("id: 002-004", "id: 004-003")
    found = revisions(read(tmp_path, commerce=swapped)).filter(pl.col("kind") == "deadline")
    assert found.select("year_from", "year_to", "change_pct").rows() == [(None, 2022, 0.0)]


def test_a_deadline_that_was_there_first_supersedes_nothing(tmp_path: Path) -> None:
    assert "deadline" not in revisions(read(tmp_path, commerce=TWO_OPEN))["kind"].to_list()


@pytest.mark.parametrize(
    "change",
    [
        ("id: 004-001", "id: 002-004"),  # the same day: their order is not known
        ("value: 2600000000000", "value: 2600000000000\n      region: '410100'"),
        ("value: 2600000000000", "value: 2600000000000\n      commitment: forecast"),
        (
            "value: 2600000000000",
            "value: 2\n      value_kind: multiple\n      reference_year: 2017",
        ),
    ],
)
def test_goals_that_are_not_of_one_kind_supersede_nothing(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    text = COMMERCE.replace("late 2012 (not printed)", "2014")
    assert change[0] in text
    assert revisions(read(tmp_path, commerce=text.replace(*change))).is_empty()


def test_a_figure_that_is_named_after_the_year_is_no_revision(tmp_path: Path) -> None:
    text = COMMERCE.replace("year: 2020", "year: 2017")
    assert revisions(read(tmp_path, commerce=text)).is_empty()
