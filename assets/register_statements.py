"""What became of every statement of the documents; figures that they print as reached."""

import datetime as dt
import hashlib
from typing import Any, Final

import polars as pl

from assets.register_files import Register
from assets.register_frames import aims, printed_date, printed_tolerance, table_of
from pipelines.dates import period_bounds, period_type_of
from schemas.records import Actual, Indicator, NotQuantified, Statement
from schemas.tables_core import ObservationVintages, Statements

SOURCE_ID: Final = "documents"


def statements_frame(register: Register) -> pl.DataFrame:
    """Table `statements`: each statement with the target or the observation that it became."""
    rows = []
    for aim in aims(register):
        reason = aim.item.reason if isinstance(aim.item, NotQuantified) else None
        became = {
            "outcome": "not_quantified" if reason else "target",
            "target_id": aim.target_id,
            "reason_zh": reason.zh if reason else None,
            "reason_en": reason.en if reason else None,
        }
        rows += [
            _statement(register, statement, aim.indicator, aim.item.region) | became
            for statement in aim.statements
        ]
    for entry in register.entries:
        for actual in entry.record.actuals:
            became = {"outcome": "actual", "observation_id": _observation_id(entry.record, actual)}
            rows.append(
                _statement(register, actual.statement, entry.record, actual.region) | became
            )
    return table_of(rows, Statements)


def _statement(
    register: Register, statement: Statement, indicator: Indicator, region: str
) -> dict[str, Any]:
    return {
        "statement_id": statement.id,
        "document_id": register.document_of(statement).id,
        "section": statement.section,
        "indicator_id": indicator.id,
        "region_code": region,
        "printed": statement.printed,
        "responsible_units": "、".join(statement.responsible_units) or None,
        "note": statement.note,
    }


def document_observations(register: Register) -> pl.DataFrame:
    """Figures that the documents print as reached, as rows of `observation_vintages`.

    The landed file is the register file itself; the row is the line on which the figure begins.
    """
    rows = []
    for entry in register.entries:
        indicator = entry.record
        for actual in indicator.actuals:
            statement = actual.statement
            document = register.document_of(statement)
            kind = actual.period_type or period_type_of(actual.period)
            start, end = period_bounds(actual.period, kind)
            rows.append(
                {
                    "observation_id": _observation_id(indicator, actual),
                    "indicator_id": indicator.id,
                    "region_code": actual.region,
                    "period": actual.period,
                    "period_type": kind,
                    "period_start": start,
                    "period_end": end,
                    "value": actual.value,
                    "unit": indicator.unit,
                    "bound": actual.bound,
                    "tolerance": printed_tolerance(
                        statement.printed, indicator.unit, actual.value, None, False
                    ),
                    "value_printed": statement.printed,
                    "is_derived": False,
                    "source_id": SOURCE_ID,
                    "source_title": f"{document.title.zh} {statement.section}",
                    "source_publisher": document.issuer.zh,
                    "published_on": document.issued_on,
                    "published_basis": document.issued_precision,
                    "published_printed": printed_date(document),
                    "retrieved_at": dt.datetime.combine(document.issued_on, dt.time()),
                    "quality": "document",
                    "landing_sha256": entry.sha256,
                    "source_row": actual.line,
                    "note": statement.note,
                }
            )
    return table_of(rows, ObservationVintages)


def _observation_id(indicator: Indicator, actual: Actual) -> str:
    """Depends on what is stated, not on where in the file it stands."""
    content = actual.model_dump(exclude={"statement": {"note", "responsible_units"}})
    text = "|".join([indicator.id, indicator.unit, str(content)])
    return f"{SOURCE_ID}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
