"""The register as tables: documents, indicators, targets and their sources."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from assets.figures import FigureError, parse_figure
from assets.register_files import Register
from pipelines.dates import parse_published
from schemas.contract import Table, conform, empty, validate
from schemas.records import Document, Indicator, NotQuantified, Report, Statement, Target
from schemas.tables_core import Documents, Indicators, Targets, TargetSources
from schemas.vocabulary import GOAL_COMMITMENTS


def table_of(rows: list[dict[str, Any]], model: type[Table]) -> pl.DataFrame:
    """Rows as a table that keeps its contract; what a row does not name is null."""
    frame = pl.DataFrame(rows, schema=empty(model).schema)
    return validate(conform(frame, model), model)


def documents_frame(register: Register) -> pl.DataFrame:
    """Table `documents`."""
    rows = [
        {
            "document_id": document.id,
            "title_zh": document.title.zh,
            "title_en": document.title.en,
            "issuer_zh": document.issuer.zh,
            "issuer_en": document.issuer.en,
            "number": document.number,
            "issued_on": document.issued_on,
            "issued_basis": document.issued_precision,
            "standing": document.standing,
            "baseline_year": document.baseline_year,
            "statement_count": document.statements,
        }
        for document in register.documents
    ]
    return table_of(rows, Documents)


def indicators_frame(register: Register) -> pl.DataFrame:
    """Table `indicators`."""
    themes = {theme.id: theme.name for theme in register.themes}
    rows = []
    for entry in register.entries:
        record = entry.record
        caveat = record.caveat
        rows.append(
            {
                "indicator_id": record.id,
                "name_zh": record.name.zh,
                "name_en": record.name.en,
                "definition_zh": record.definition.zh if record.definition else None,
                "definition_en": record.definition.en if record.definition else None,
                "domain": entry.domain,
                "theme": record.theme,
                "theme_zh": themes[record.theme].zh,
                "theme_en": themes[record.theme].en,
                "unit": record.unit,
                "measure": record.measure,
                "frequency": record.frequency,
                "stale_after_days": record.stale_after_days,
                "plausible_min": record.plausible.min,
                "plausible_max": record.plausible.max,
                "max_step_pct": record.plausible.max_step_pct,
                "is_cumulative": record.cumulative,
                "whole_of": ",".join(record.whole_of) or None,
                "sources": ",".join(record.sources),
                "aliases": ",".join(record.aliases) or None,
                "caveat_zh": caveat.zh if caveat else None,
                "caveat_en": caveat.en if caveat else None,
                "breaks": "; ".join(
                    f"{item.period} {item.note.zh} / {item.note.en}" for item in record.breaks
                )
                or None,
            }
        )
    return table_of(rows, Indicators)


@dataclass(frozen=True)
class Aim:
    """A target or an unquantified aim with the id under which the tables know it."""

    target_id: str
    indicator: Indicator
    item: Target | NotQuantified

    @property
    def statements(self) -> tuple[Statement, ...]:
        item = self.item
        return (item.statement,) if isinstance(item, NotQuantified) else item.statements

    @property
    def reports(self) -> tuple[Report, ...]:
        return () if isinstance(self.item, NotQuantified) else self.item.reports


def aims(register: Register) -> list[Aim]:
    """Every target and unquantified aim, with ids that say indicator, region, year and source.

    Where two ids would be the same, the value kind is added to both, then the figure.
    """
    found = []
    for entry in register.entries:
        items: list[Target | NotQuantified] = [*entry.record.targets, *entry.record.not_quantified]
        for item in items:
            target_id = _plain_id(register, entry.record, item)
            found.append(Aim(target_id, entry.record, item))
    for suffix in (_kind_suffix, _figure_suffix):
        count = Counter(aim.target_id for aim in found)
        found = [
            Aim(f"{aim.target_id}:{suffix(aim)}", aim.indicator, aim.item)
            if count[aim.target_id] > 1
            else aim
            for aim in found
        ]
    return found


def _plain_id(register: Register, indicator: Indicator, item: Target | NotQuantified) -> str:
    aim = Aim("", indicator, item)
    documents = sorted((register.document_of(s) for s in aim.statements), key=lambda d: d.issued_on)
    reports = sorted(aim.reports, key=lambda report: (_published(report)[0], report.id))
    first = documents[0].id if documents else reports[0].id
    return f"{indicator.id}:{item.region}:{item.year or 'open'}:{first}"


def _kind_suffix(aim: Aim) -> str:
    return aim.item.value_kind if isinstance(aim.item, Target) else "not_quantified"


def _figure_suffix(aim: Aim) -> str:
    item = aim.item
    if isinstance(item, NotQuantified):
        return item.statement.id
    figures = (item.value, item.value_high, item.reference_year)
    return "-".join(f"{figure:g}" for figure in figures if figure is not None)


def target_sources_frame(register: Register) -> pl.DataFrame:
    """Table `target_sources`: every statement and report of every target, by date."""
    rows = []
    for aim in aims(register):
        sources = [_of_statement(register, s) for s in aim.statements]
        sources += [_of_report(report) for report in aim.reports]
        sources.sort(
            key=lambda row: (row["published_on"], row["kind"] == "report", row["source_id"])
        )
        rows += [
            {"target_id": aim.target_id, "source_no": number, **source}
            for number, source in enumerate(sources, start=1)
        ]
    return table_of(rows, TargetSources)


def _of_statement(register: Register, statement: Statement) -> dict[str, Any]:
    document = register.document_of(statement)
    return {
        "source_id": statement.id,
        "kind": "statement",
        "document_id": document.id,
        "section": statement.section,
        "printed": statement.printed,
        "title": document.title.zh,
        "publisher": document.issuer.zh,
        "published_on": document.issued_on,
        "published_printed": printed_date(document),
        "url": None,
        "quality": "document",
        "note": statement.note,
    }


def printed_date(document: Document) -> str:
    """As much of the date of issue as is known."""
    issued = document.issued_on
    return issued.isoformat() if document.issued_precision == "day" else str(issued.year)


def _of_report(report: Report) -> dict[str, Any]:
    plan = f"转述规划：{report.plan}" if report.plan else None
    return {
        "source_id": report.id,
        "kind": "report",
        "document_id": None,
        "section": None,
        "printed": report.printed,
        "title": report.title,
        "publisher": report.publisher,
        "published_on": _published(report)[0],
        "published_printed": report.published_printed,
        "url": report.url,
        "quality": report.quality,
        "note": "；".join(part for part in (plan, report.note) if part) or None,
    }


def _published(report: Report) -> tuple[dt.date, str]:
    return parse_published(report.published_printed, report.collected_on)


def targets_frame(register: Register) -> pl.DataFrame:
    """Table `targets` with every source that is registered, whenever it was published.

    `register_as_of` gives it as it was known on a day, and fills in what superseded what.
    """
    rows = [_target_row(aim) for aim in aims(register)]
    schema = {name: kind for name, kind in empty(Targets).schema.items() if name in TARGET_ITSELF}
    core = pl.DataFrame(rows, schema=schema)
    dated = with_sources(core, target_sources_frame(register), documents_frame(register))
    return validate(conform(dated, Targets), Targets)


# The columns of `targets` that don't depend on which of its sources are known.
TARGET_ITSELF = (
    "target_id", "indicator_id", "region_code", "year", "operator", "value", "value_high",
    "value_kind", "unit", "reference_year", "start_year", "is_quantified", "is_implied",
    "deadline_inferred", "commitment", "is_goal", "responsible_units", "note",
)  # fmt: skip


def _target_row(aim: Aim) -> dict[str, Any]:
    item, indicator = aim.item, aim.indicator
    units = dict.fromkeys(unit for s in aim.statements for unit in s.responsible_units)
    row = {
        "target_id": aim.target_id,
        "indicator_id": indicator.id,
        "region_code": item.region,
        "year": item.year,
        "responsible_units": "、".join(units) or None,
    }
    if isinstance(item, NotQuantified):
        return row | {
            "operator": "gt" if item.direction == "up" else "lt",
            "value_kind": indicator.usual_kind,
            "unit": indicator.unit,
            "is_quantified": False,
            "is_implied": False,
            "deadline_inferred": False,
            "commitment": "plan",
            "is_goal": True,
        }
    own_unit = {"multiple": "ratio", "growth": "percent"}
    return row | {
        "operator": item.operator,
        "value": item.value,
        "value_high": item.value_high,
        "value_kind": item.value_kind,
        "unit": own_unit.get(item.value_kind, indicator.unit),
        "reference_year": item.reference_year,
        "start_year": item.start_year,
        "is_quantified": True,
        "is_implied": item.implied,
        "deadline_inferred": item.deadline_inferred,
        "commitment": item.commitment,
        "is_goal": item.commitment in GOAL_COMMITMENTS,
        "note": item.note,
    }


def with_sources(
    core: pl.DataFrame, sources: pl.DataFrame, documents: pl.DataFrame
) -> pl.DataFrame:
    """Give targets what follows from their sources; targets without any are gone.

    Args:
        core: columns TARGET_ITSELF.
        sources: target_sources that are known.
        documents: documents that are known.

    Returns:
        The columns of `targets`; superseded_by and superseded_on are empty.
    """
    is_statement = pl.col("kind") == "statement"
    summary = (
        sources.sort("target_id", "source_no")
        .group_by("target_id", maintain_order=True)
        .agg(
            standing=pl.when(is_statement.any())
            .then(pl.lit("documented"))
            .otherwise(pl.lit("reported")),
            printed=pl.col("printed").drop_nulls().first(),
            document_id=pl.col("document_id").drop_nulls().first(),
            issued_on=pl.col("published_on").min(),
            statement_ids=pl.col("source_id").filter(is_statement).str.join(","),
            source_count=pl.len(),
        )
    )
    counted_from = documents.select("document_id", counted_from="baseline_year")
    dated = core.join(summary, on="target_id").join(counted_from, on="document_id", how="left")
    from_year = pl.coalesce("counted_from", pl.col("issued_on").dt.year() - 1)
    frame = dated.with_columns(
        # A report of a plan that is older than itself: count from the year before the deadline.
        baseline_year=pl.min_horizontal(from_year, pl.col("year") - 1),
        statement_ids=pl.col("statement_ids").replace("", None),
        responsible_units=pl.when(pl.col("document_id").is_not_null()).then("responsible_units"),
        superseded_by=pl.lit(None, pl.String),
        superseded_on=pl.lit(None, pl.Date),
    )
    printed = frame.select("printed", "unit", "value", "value_high", "is_implied").iter_rows()
    tolerance = [printed_tolerance(*row) for row in printed]
    return frame.with_columns(tolerance=pl.Series(tolerance, dtype=pl.Float64))


@cache
def printed_tolerance(
    printed: str, unit: str, value: float | None, value_high: float | None, is_implied: bool
) -> float | None:
    """Half of the last printed digit, in the unit; 0 where the text prints no such figure."""
    if value is None:
        return None
    try:
        figure = parse_figure(printed, unit=unit)
    except FigureError:
        return 0.0
    stated = value if value_high is None else value_high
    read = figure.value if value_high is None else figure.value_high
    agrees = read is not None and abs(float(read) - stated) <= 1e-9 * abs(stated)
    return float(figure.half_unit) if agrees and not is_implied else 0.0
