"""Corrections: people's decisions about printed figures, applied to rows before they are checked.

A correction names the text that it expects. It ends loudly when the source prints another one.
It holds on every as-of day, as the row checks do: a misprint is one whenever it is found.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from assets.figures import FigureError, parse_figure
from assets.findings import Finding
from assets.rejections import Origin, Rejection
from pipelines.faults import Fault
from pipelines.yamlfile import Loaded, Problem, read_yaml
from schemas.correction_records import Correction

FILE: Final = "data/corrections.yaml"
LIFTED_SCHEMA: Final = {"observation_id": pl.String(), "rule": pl.String()}
# Findings of these rules mean that a decision could not be carried out: the run ends with code 3.
FAILURES: Final = (
    "correction_record",
    "correction_expired",
    "correction_unmatched",
    "correction_unreadable",
)


@dataclass(frozen=True)
class Corrected:
    """What the corrections made of the rows. No row is lost: rows + rejections are those given."""

    rows: pl.DataFrame
    rejections: list[Rejection]  # dropped_by_correction
    lifted: pl.DataFrame  # LIFTED_SCHEMA: checks from which a row is exempt
    findings: list[Finding]


def load_corrections(path: Path) -> Loaded[Correction]:
    """The corrections on file; a faulty one is left out and is among the problems."""
    loaded = read_yaml(path, Correction)
    # Where the project lies must not show in its findings.
    return replace(loaded, file=FILE, problems=[replace(p, file=FILE) for p in loaded.problems])


def record_findings(problems: Iterable[Problem]) -> list[Finding]:
    """What is wrong with the file itself. Its other corrections are applied."""
    return [
        Finding(
            "error",
            "correction_record",
            "corrections",
            f"{p.file}|{p.line}|{p.record}.{p.field}",
            f"{p.file} 第{p.line}行 {p.record}.{p.field}：{p.message_zh}",
            str(p),
            p.remedy,
        )
        for p in problems
    ]


def apply_corrections(
    rows: pl.DataFrame, corrections: Iterable[Correction], files: dict[str, str]
) -> Corrected:
    """Replace, accept or drop the rows that active corrections are about.

    Args:
        rows: columns of `observation_vintages` plus raw; new vintages of all sources.
        corrections: of any status; those retired do nothing.
        files: landing_sha256 -> file name, for dropped rows.
    """
    placed = rows.with_row_index("_place")
    rejections: list[Rejection] = []
    lifted: list[dict[str, str]] = []
    findings = []
    # One after the other: what one decision changed or dropped, another one cannot find any more.
    for correction in corrections:
        if correction.status != "active":
            continue
        cell = placed.filter(_is_of(correction))
        found = cell.filter(_printed() == correction.expects)
        if problem := _problem(correction, cell, found):
            findings.append(problem)
        elif correction.action == "replace":
            try:
                changed = [_replace(row, correction) for row in found.iter_rows(named=True)]
            except FigureError as error:
                findings.append(_unreadable(correction, error))
            else:
                others = placed.join(found, on="_place", how="anti")
                placed = pl.concat([others, pl.DataFrame(changed, schema=placed.schema)])
        elif correction.action == "drop":
            rejections += [_reject(row, correction, files) for row in found.iter_rows(named=True)]
            placed = placed.join(found, on="_place", how="anti")
        else:
            names = found["observation_id"]
            lifted += [{"observation_id": n, "rule": str(correction.rule)} for n in names]
    return Corrected(
        placed.sort("_place").select(rows.columns),
        rejections,
        pl.DataFrame(lifted, schema=LIFTED_SCHEMA),
        findings,
    )


def _printed() -> pl.Expr:
    return pl.col("value_printed").str.strip_chars()


def _is_of(correction: Correction) -> pl.Expr:
    is_of = (
        (pl.col("source_id") == correction.source)
        & (pl.col("indicator_id") == correction.indicator)
        & (pl.col("region_code") == correction.region)
        & (pl.col("period") == correction.period)
    )
    if correction.period_type is not None:
        is_of &= pl.col("period_type") == correction.period_type
    return is_of


def _problem(correction: Correction, cell: pl.DataFrame, found: pl.DataFrame) -> Finding | None:
    """Why the correction does not hold any more: nothing is there, or something else is printed."""
    where = "|".join(
        (correction.source, correction.indicator, correction.region, correction.period)
    )
    if cell.is_empty():
        return _finding(
            correction, "correction_unmatched", "expects",
            f"{where} 没有任何数据，预期原文 {correction.expects}",
            f"{where} has no row; expected the printed figure {correction.expects!r}",
        )  # fmt: skip
    # A compiled file holds many publishers; another one's figure does not mend this one's.
    whose = ["source_publisher", "period_type"]
    own = cell.join(found if found.height else cell, on=whose, how="semi", nulls_equal=True)
    by_time = own.sort("published_on", "retrieved_at", "_place")
    newest = by_time.join(
        by_time.tail(1), on=["published_on", "retrieved_at", "landing_sha256"], how="semi"
    )
    printed = newest.select(_printed()).to_series().to_list()
    if correction.expects in printed:
        return None
    shown = ", ".join(printed)
    return _finding(
        correction, "correction_expired", "expects",
        f"{where} 预期原文 {correction.expects}，最新发布为 {shown}：来源已自行改正，更正未应用",
        f"{where}: expected {correction.expects!r}, the newest vintage prints {shown!r}: the "
        "source has mended itself, and the correction was not applied",
    )  # fmt: skip


def _unreadable(correction: Correction, error: FigureError) -> Finding:
    return _finding(
        correction, "correction_unreadable", "value_printed",
        f"更正值 {correction.value_printed} 无法识别，更正未应用", f"{error}; it was not applied",
        remedy="Write the figure with its unit as the citation prints it",
    )  # fmt: skip


def _finding(
    correction: Correction, rule: str, field: str, zh: str, en: str, remedy: str = ""
) -> Finding:
    line = correction.line_of(field)
    return Finding(
        "error", rule, "corrections", f"{FILE}|{correction.id}|{field}",
        f"{FILE} 第{line}行 {correction.id}.{field}：{zh}",
        f"{FILE} line {line} {correction.id}.{field}: {en}",
        remedy or f"Look at the source, then set `status: retired` in {correction.id}",
    )  # fmt: skip


def _replace(row: dict[str, object], correction: Correction) -> dict[str, object]:
    printed = str(correction.value_printed)
    unit_printed = correction.unit_printed or row["unit_printed"]
    figure = parse_figure(
        printed, unit_printed=str(unit_printed) if unit_printed else None, unit=str(row["unit"])
    )
    original = row["value_printed"]
    note = (
        f"更正 {correction.id}（{correction.decided_on}）：原文 {original} / "
        f"corrected, printed as {original}; {correction.citation.title}"
    )
    return row | {
        "value": float(figure.value),
        "bound": figure.bound,
        "tolerance": float(figure.half_unit),
        "value_printed": printed,
        "unit_printed": unit_printed,
        "note": "; ".join(str(part) for part in (row["note"], note) if part),
    }


def _reject(row: dict[str, object], correction: Correction, files: dict[str, str]) -> Rejection:
    sha, source = str(row["landing_sha256"]), str(row["source_id"])
    fault = Fault(
        "dropped_by_correction", "value_printed", str(row["value_printed"]),
        f"经更正 {correction.id} 剔除：{correction.reason.zh}",
        f"dropped by correction {correction.id}: {correction.reason.en}",
        f"Nothing; to take it in again, set `status: retired` in {correction.id}",
    )  # fmt: skip
    origin = Origin(source, files.get(sha, source), int(str(row["source_row"])), sha)
    return Rejection(origin, fault, json.loads(str(row["raw"])))
