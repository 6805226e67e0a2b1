"""Corrections through whole runs: applied, then ended loudly once the source has mended itself.

The corrected figures are synthetic.
"""

from typing import Any

import pytest

from pipelines.builds import open_readonly
from pipelines.run import run
from pipelines.settings import Settings
from tests.conftest import TODAY, Edit

CORRECTIONS = """
- id: C-001
  source: nbs
  indicator: gdp
  region: "410000"
  period: "2022"
  expects: "58807.4"
  action: replace
  value_printed: "58811.1"
  reason: {zh: 合成示例, en: synthetic example}
  citation: {title: synthetic erratum}
  decided_on: "2026-11-01"
- id: C-002
  source: nbs
  indicator: gdp
  region: "410000"
  period: "2021"
  expects: "58071.4"
  action: drop
  reason: {zh: 合成示例, en: synthetic example}
  citation: {title: synthetic erratum}
  decided_on: "2026-11-01"
"""

pytestmark = pytest.mark.slow


def ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with open_readonly(settings) as connection:
        return connection.execute(sql).fetchall()


VALUE = """SELECT value_printed, value FROM core.observations WHERE indicator_id = 'gdp'
    AND region_code = '410000' AND period = '{}' AND source_id = 'nbs'"""


def test_a_correction_ends_loudly_once_the_source_has_mended_itself(
    fresh: Settings, edit: Edit
) -> None:
    capture = fresh.published / "nbs_provincial.csv"
    line = next(row for row in capture.read_text(encoding="utf-8").splitlines()
                if row.startswith("gdp,410000,2021,"))  # fmt: skip
    printed = line.split(",")[3]
    fresh.corrections.write_text(CORRECTIONS.replace("58071.4", printed), encoding="utf-8")
    first = run(fresh, TODAY)
    assert first.failed_inputs == ()
    assert first.rows_in == first.rows_accepted + first.rows_rejected
    assert first.rows_rejected == 1
    assert ask(fresh, "SELECT rule, field_value FROM core.rejected_rows")[0][0] == (
        "dropped_by_correction"
    )
    ((value_printed, value),) = ask(fresh, VALUE.format(2022))
    assert (value_printed, value) == ("58811.1", 58811.1e8)
    assert ask(fresh, VALUE.format(2021)) == []

    edit(capture, "gdp,410000,2022,58807.4,", "gdp,410000,2022,58812.2,")
    second = run(fresh, TODAY)
    assert second.published
    assert second.failed_inputs == ("corrections",)
    ((value_printed, _),) = ask(fresh, VALUE.format(2022))
    assert value_printed == "58812.2"  # the correction is not applied
    ((rule, key, zh, remedy),) = ask(
        fresh,
        "SELECT rule, key, message_zh, remedy FROM meta.checks WHERE table_name = 'corrections'",
    )
    assert rule == "correction_expired"
    assert "C-001" in key
    assert "58812.2" in zh
    assert "retired" in remedy


def test_a_faulty_correction_is_named_and_the_run_goes_on(fresh: Settings) -> None:
    fresh.corrections.write_text("- id: C-001\n  colour: red\n", encoding="utf-8")
    result = run(fresh, TODAY)
    assert result.published
    assert result.failed_inputs == ("corrections",)


def test_without_the_file_nothing_is_corrected(fresh: Settings) -> None:
    fresh.corrections.unlink()
    result = run(fresh, TODAY)
    assert result.published
    assert result.rows_accepted == result.rows_in
