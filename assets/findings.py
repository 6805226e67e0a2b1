"""Findings: what a human should look at. A finding never changes a number."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from schemas.contract import conform, empty, validate
from schemas.tables_meta import Checks


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        severity: error, warning or info.
        rule: the rule that found it, a slug.
        table: the table concerned.
        key: the key of the row concerned, parts joined by `|`.
        remedy: what to do.
    """

    severity: str
    rule: str
    table: str
    key: str
    zh: str
    en: str
    remedy: str


def checks_table(findings: Iterable[Finding]) -> pl.DataFrame:
    """Table `meta.checks`: each finding once, ordered by severity, rule and key."""
    rows = {
        _identity(f): {
            "check_id": _identity(f),
            "severity": f.severity,
            "rule": f.rule,
            "table_name": f.table,
            "key": f.key,
            "message_zh": f.zh,
            "message_en": f.en,
            "remedy": f.remedy,
        }
        for f in findings
    }
    if not rows:
        return empty(Checks)
    frame = pl.DataFrame(list(rows.values()), schema=empty(Checks).schema)
    return validate(conform(frame, Checks), Checks)


def _identity(finding: Finding) -> str:
    text = "|".join([finding.rule, finding.table, finding.key, finding.en])
    return f"{finding.rule}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
