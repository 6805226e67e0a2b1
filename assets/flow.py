"""The steps of the flow as functions from named frames to named frames.

Each one says which frames it wants and which it gives; the work itself is in the modules that it
calls. The order is that of `pipelines/graph.py`.
"""

import csv
import datetime as dt
import io
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import polars as pl

from assets import table_checks
from assets.findings import Finding, checks_table
from assets.gaps import gap_tables
from assets.published import Known, SourceUnreadable, parse_file
from assets.record import known_on, observations_table
from assets.regions import load_regions
from assets.register import (
    document_observations,
    documents_frame,
    indicators_frame,
    load_register,
    load_sources,
    register_as_of,
    register_findings,
    statements_frame,
    target_sources_frame,
    targets_frame,
)
from assets.rejections import Rejection, rejected_rows
from assets.row_checks import check_rows
from pipelines import clock
from pipelines.landing import Landing, land
from pipelines.settings import Settings
from schemas.contract import conform, empty, validate
from schemas.tables_core import (
    Indicators,
    ObservationVintages,
    Regions,
    RejectedRows,
    Statements,
)
from schemas.tables_meta import Landings, Ledger

Frames = Mapping[str, pl.DataFrame]
ROW_SCHEMA = {**empty(ObservationVintages).schema, "raw": pl.String()}
LEDGER_SCHEMA = {"source_id": pl.String(), "rows_in": pl.Int64()}
FINDING_SCHEMA = {name: pl.String() for name in Finding.__dataclass_fields__}


def register(settings: Settings, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """The register as it was known on the day, and what is wrong with its files."""
    regions = validate(conform(load_regions(settings.data / "regions.csv"), Regions), Regions)
    loaded = load_register(settings.register, regions=frozenset(regions["region_code"]))
    if not (loaded.documents and loaded.entries):
        # What remains would be a build without goals: the last one is worth more.
        why = "data/register: no document or no indicator can be used, so nothing is built"
        first = [p for p in loaded.problems if p.file.endswith("/documents.yaml")]
        raise ValueError("\n".join([why, *map(str, first or loaded.problems)]))
    frames = {
        "documents": documents_frame(loaded),
        "regions": regions,
        "indicators": validate(conform(indicators_frame(loaded), Indicators), Indicators),
        "targets": targets_frame(loaded),
        "target_sources": target_sources_frame(loaded),
    }
    return {
        **register_as_of(frames, as_of),
        "targets_of_register": frames["targets"],
        "document_observations": document_observations(loaded),
        "statements_of_register": statements_frame(loaded),
        "register_findings": findings_frame(register_findings(loaded)),
    }


def landing(settings: Settings) -> dict[str, pl.DataFrame]:
    """Land the bundled files: bytes and sidecar; table `landings`."""
    rows = []
    for source in load_sources(settings.published):
        path = settings.published / source.file
        if not path.is_file():
            continue  # reported while parsing, where the source is missed
        data = path.read_bytes()
        landed = land(
            settings.landing, source.id, data, origin=f"published/{source.file}",
            suffix=path.suffix, now=clock.now(),
        )  # fmt: skip
        rows.append(
            {
                "source_id": source.id,
                "file": landed.path.relative_to(settings.data).as_posix(),
                "sha256": landed.sha256,
                "bytes": landed.size,
                "rows": count_rows(data),
                "collected_on": source.collected_on,
                "verdict": landed.verdict,
                "origin": landed.origin,
            }
        )
    frame = pl.DataFrame(rows, schema=empty(Landings).schema)
    return {"landings": validate(conform(frame, Landings), Landings)}


def count_rows(data: bytes) -> int:
    """Rows of data in a CSV file, header and empty lines not counted; also of an unreadable one."""
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig", errors="replace"), newline=""))
    found = 0
    with suppress(csv.Error):  # reported while parsing; what follows cannot be told apart
        for cells in lines:
            found += bool(cells)
    return max(0, found - 1)


def parse(settings: Settings, frames: Frames) -> dict[str, pl.DataFrame]:
    """Read every landed file. A file that cannot be read is a finding; the others go on."""
    known = _known(frames)
    rows: list[dict[str, Any]] = []
    refused: list[Rejection] = []
    findings: list[Finding] = []
    counts = []
    landed = {row["source_id"]: row for row in frames["landings"].iter_rows(named=True)}
    for source in load_sources(settings.published):
        found = landed.get(source.id)
        try:
            if found is None:
                raise SourceUnreadable(f"{source.file}: no such file in data/published")
            path = settings.data / found["file"]
            landing_ = Landing(source.id, found["origin"], path, found["sha256"], found["bytes"],
                               clock.now(), found["verdict"])  # fmt: skip
            parsed = parse_file(source, landing_, known)
        except ValueError as error:
            findings.append(_source_failed(source.id, str(error)))
            continue
        rows += parsed.rows
        refused += parsed.rejections
        counts.append({"source_id": source.id, "rows_in": parsed.rows_in})
        if not parsed.rows:
            rules = ", ".join(sorted({r.fault.rule for r in parsed.rejections}))
            why = f"every row was refused ({rules})" if rules else "no rows below the header"
            findings.append(_source_failed(source.id, f"{source.file}: {why}"))
    return {
        "parsed_rows": pl.DataFrame(rows, schema=ROW_SCHEMA),
        "refused_while_parsing": rejected_rows(refused),
        "source_findings": findings_frame(findings),
        "rows_in": pl.DataFrame(counts, schema=LEDGER_SCHEMA),
    }


def _known(frames: Frames) -> Known:
    unit_of, indicator_of = {}, {}
    for row in frames["indicators"].iter_rows(named=True):
        unit_of[row["indicator_id"]] = row["unit"]
        for name in (row["indicator_id"], *(row["aliases"] or "").split(",")):
            if name:
                indicator_of[name] = row["indicator_id"]
    return Known(indicator_of, unit_of, frozenset(frames["regions"]["region_code"]))


def _source_failed(source_id: str, why: str) -> Finding:
    return Finding("error", "source_failed", "landings", source_id, f"数据源 {source_id} 无法读取",
                   why, "Mend the file; the other sources were used")  # fmt: skip


def theme(name: str, frames: Frames) -> dict[str, pl.DataFrame]:
    """The observations of one theme, checked row by row against the documented targets."""
    indicators = frames["indicators"].filter(pl.col("theme") == name)
    rows = frames["parsed_rows"].join(indicators, on="indicator_id", how="semi")
    files = dict(frames["landings"].select("sha256", "origin").iter_rows())
    reached = frames["document_observations"].join(indicators, on="indicator_id", how="semi")
    accepted, refused = check_rows(rows, indicators, frames["targets_of_register"], reached, files)
    return {
        f"vintages_{name}": validate(conform(accepted, ObservationVintages), ObservationVintages),
        f"refused_{name}": rejected_rows(refused),
    }


def vintages(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """All themes together; nothing may be lost on the way: rows in = accepted + refused."""
    named = sorted(frames)
    accepted = pl.concat([frames[n] for n in named if n.startswith("vintages_")])
    refused = pl.concat([frames[n] for n in named if n.startswith("refused_")])
    ledger = frames["rows_in"]
    for column, part in (("rows_accepted", accepted), ("rows_rejected", refused)):
        counted = part.group_by("source_id").agg(pl.len().cast(pl.Int64).alias(column))
        ledger = ledger.join(counted, on="source_id", how="left").with_columns(
            pl.col(column).fill_null(0)
        )
    lost = ledger.filter(pl.col("rows_in") != pl.col("rows_accepted") + pl.col("rows_rejected"))
    if lost.height:
        raise AssertionError(f"rows were lost or doubled on the way: {lost.to_dicts()}")
    every = pl.concat([accepted, frames["document_observations"]])
    known = known_on(every, [as_of]).drop("as_of")
    return {
        "observation_vintages": validate(conform(known, ObservationVintages), ObservationVintages),
        "rejected_rows": validate(conform(refused, RejectedRows), RejectedRows),
        "ledger": validate(conform(ledger, Ledger), Ledger),
    }


def observations(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """The value of record of each period."""
    return {"observations": observations_table(frames["observation_vintages"], as_of)}


def statements(frames: Frames) -> dict[str, pl.DataFrame]:
    """The statements of the documents issued by the as-of day."""
    table = frames["statements_of_register"].join(frames["documents"], on="document_id", how="semi")
    known_targets = frames["targets"]["target_id"].implode()
    known_values = frames["observation_vintages"]["observation_id"].implode()
    issued = table.filter(
        pl.col("target_id").is_in(known_targets) | pl.col("observation_id").is_in(known_values)
    )
    return {"statements": validate(conform(issued, Statements), Statements)}


def gaps(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """Tables `gap_to_goal`, `gap_history`, `gap_by_day`."""
    return gap_tables(frames, frames["observation_vintages"], as_of)


def checks(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """Every finding of the run, and the age of each series."""
    observed, indicators = frames["observations"], frames["indicators"]
    freshness = table_checks.freshness_table(observed, indicators, as_of)
    reported = pl.concat([frames["register_findings"], frames["source_findings"]])
    found = [
        *(Finding(**row) for row in reported.iter_rows(named=True)),
        *table_checks.refused(frames["rejected_rows"]),
        *table_checks.disagreements(observed),
        *table_checks.jumps(observed, indicators),
        *table_checks.parts_and_wholes(observed, indicators),
        *table_checks.regions_within_regions(observed, indicators, frames["regions"]),
        *table_checks.missing_years(observed),
        *table_checks.stale(freshness, frames["targets"]),
        *table_checks.unanswered(frames["gap_to_goal"]),
    ]
    return {"checks": checks_table(found), "freshness": freshness}


def findings_frame(findings: list[Finding]) -> pl.DataFrame:
    """Findings as a frame, to be passed from step to step."""
    return pl.DataFrame([vars(f) for f in findings], schema=FINDING_SCHEMA)
