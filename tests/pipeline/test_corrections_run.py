"""Corrections through whole runs: applied, then ended loudly once the source has mended itself.

The corrected figures are synthetic.
"""

from typing import Any

import polars as pl
import pytest

from pipelines.builds import open_readonly
from pipelines.run import run
from pipelines.settings import Settings
from tests.conftest import TODAY, Edit
from tests.fixtures.partly import frames_of

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
    names = ("source_findings", "ledger", "rejected_rows", "observations")
    first = frames_of(fresh, TODAY, *names)
    assert first["source_findings"].is_empty()
    assert counted(first["ledger"], "rows_rejected") == 1
    assert counted(first["ledger"], "rows_in") == counted(first["ledger"], "rows_accepted") + 1
    assert first["rejected_rows"]["rule"].to_list() == ["dropped_by_correction"]
    gdp = first["observations"].filter(
        indicator_id="gdp", region_code="410000", source_id="nbs", period_type="annual"
    )
    assert gdp.filter(period="2022").select("value_printed", "value").rows() == [
        ("58811.1", 58811.1e8)
    ]
    assert gdp.filter(period="2021").is_empty()

    # One is faulty as well: that holds back neither the run nor the others.
    with fresh.corrections.open("a", encoding="utf-8") as file:
        file.write("- id: C-003\n  colour: red\n")
    edit(capture, "gdp,410000,2022,58807.4,", "gdp,410000,2022,58812.2,")
    second = run(fresh, TODAY)
    assert second.published
    assert second.failed_inputs == ("corrections",)
    ((value_printed, _),) = ask(fresh, VALUE.format(2022))
    assert value_printed == "58812.2"  # the correction is not applied
    assert ask(fresh, VALUE.format(2021)) == []
    expired, *faulty = ask(
        fresh,
        """SELECT rule, key, message_zh, remedy, severity FROM meta.checks
           WHERE table_name = 'corrections' ORDER BY rule = 'correction_expired' DESC""",
    )
    rule, key, zh, remedy, severity = expired
    assert (rule, severity) == ("correction_expired", "error")
    assert "C-001" in key
    assert "58812.2" in zh
    assert "retired" in remedy
    assert faulty
    assert all("C-003" in key and severity == "error" for _, key, _, _, severity in faulty)


def test_without_the_file_nothing_is_corrected(fresh: Settings) -> None:
    fresh.corrections.unlink()
    made = frames_of(fresh, TODAY, "source_findings", "ledger")
    assert made["source_findings"]["rule"].to_list() == ["correction_record"]  # it is missed
    assert counted(made["ledger"], "rows_accepted") == counted(made["ledger"], "rows_in") == 6424


def counted(ledger: pl.DataFrame, column: str) -> int:
    return int(ledger[column].sum())
