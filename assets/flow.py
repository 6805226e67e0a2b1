"""The steps of the flow as functions from named frames to named frames.

Each one says which frames it wants and which it gives; the work itself is in the modules that it
calls. The order is that of `pipelines/graph.py`.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from assets import table_checks
from assets.breaks import scope_breaks, series_breaks_frame
from assets.catalogue import load_catalogue, source_record_finding
from assets.completeness import completeness_table
from assets.corrections import apply_corrections, load_corrections, record_findings
from assets.findings import Finding, checks_table
from assets.gaps import days_of_change, errors_of, gap_tables, targets_by_day
from assets.index.frozen import load_frozen
from assets.index.specification import load_indices, specification_findings
from assets.index.tables import index_tables
from assets.levels import rollup_findings, rollups_table
from assets.metrics.engine import PastFrames
from assets.outlook.tables import outlook_tables
from assets.published import Parsed, SourceUnreadable, check_readable, parse_file
from assets.readings import parse_landings
from assets.record import known_on, observations_table
from assets.regions import load_regions, provinces_of
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
from assets.row_typing import Known
from assets.source_table import source_findings, sources_table
from assets.trajectories import trajectories_table
from assets.vintages import new_vintages, revised, revisions_table
from pipelines import clock
from pipelines.landing import ACCEPTED, BUNDLED, Landing, LandingZone
from pipelines.readers import Scope
from pipelines.settings import Settings
from pipelines.source_state import load_state
from schemas.contract import conform, empty, validate
from schemas.records import Source
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
LEDGER_SCHEMA = {"source_id": pl.String(), "rows_in": pl.Int64(), "rows_confirmed": pl.Int64()}
REPORTED = (
    "register_findings", "landing_findings", "source_findings", "answer_findings",
    "submission_findings", "outlook_findings", "index_findings",
)  # fmt: skip
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
    breaks = series_breaks_frame(loaded)
    return {
        **register_as_of(frames, as_of),
        "targets_of_register": frames["targets"],
        "series_breaks": breaks,
        "document_observations": document_observations(loaded),
        "statements_of_register": statements_frame(loaded),
        "register_findings": findings_frame(register_findings(loaded)),
    }


def landing(settings: Settings) -> dict[str, pl.DataFrame]:
    """What has landed: the bundled files (landed here) and what the sources delivered before.

    Frames `landings` and `landing_findings`.
    """
    zone = LandingZone(settings.landing)
    rows, findings = [], []
    for source in load_sources(settings.published):
        landed, error = _land_bundled(zone, source, settings)
        if error:
            findings.append(_source_failed(source.id, error, landed))
        if landed:
            collected = dt.datetime.combine(source.collected_on, dt.time())
            # Where the project lies and when it ran must not show in its own files' rows.
            rows.append(_landing_row(replace(landed, number=0, landed_at=collected), settings))
    catalogue = load_catalogue(settings.sources)
    findings += [source_record_finding(problem) for problem in catalogue.problems]
    for feed in catalogue.feeds:
        findings += [_sidecar_damaged(feed.source.id, why) for why in zone.damaged(feed.source.id)]
        rows += [
            _landing_row(landed, settings)
            for landed in zone.landings(feed.source.id)
            if landed.part != BUNDLED
        ]
    frame = pl.DataFrame(rows, schema=empty(Landings).schema)
    return {
        "landings": validate(conform(frame, Landings), Landings),
        "landing_findings": findings_frame(findings),
    }


def _sidecar_damaged(source_id: str, why: str) -> Finding:
    return Finding(
        "error", "source_failed", "landings", source_id,
        f"数据源 {source_id} 的一份落地记录已损坏，未采用", why,
        "Restore data/landing from a backup, or delete the sidecar; the others were used",
    )  # fmt: skip


def _land_bundled(
    zone: LandingZone, source: Source, settings: Settings
) -> tuple[Landing | None, str | None]:
    """The landing of a bundled file that is in use, and why it is not the present one."""
    path = settings.published / source.file
    try:
        if not path.is_file():
            raise SourceUnreadable(f"{source.file}: no such file in data/published")
        data = path.read_bytes()
        check_readable(source, data)
    except SourceUnreadable as error:
        return zone.last_accepted(source.id).get(BUNDLED), str(error)
    landed = zone.keep(
        source.id, BUNDLED, data, origin=f"published/{source.file}", suffix=path.suffix,
        now=clock.moment(),
    )  # fmt: skip
    return landed, None


def _landing_row(landed: Landing, settings: Settings) -> dict[str, Any]:
    return {
        "source_id": landed.source_id,
        "landing_no": landed.number,
        "part": landed.part,
        "file": landed.path.relative_to(settings.data).as_posix(),
        "sha256": landed.sha256,
        "bytes": landed.size,
        "landed_at": dt.datetime.combine(landed.landed_at.date(), landed.landed_at.time()),
        "verdict": landed.verdict,
        "reason": landed.reason,
        "origin": landed.origin,
    }


def parse(settings: Settings, frames: Frames) -> dict[str, pl.DataFrame]:
    """Read everything that was accepted. What cannot be read is a finding; the rest goes on.

    Frames `parsed_rows` (new vintages only), `refused_while_parsing`, `source_findings`,
    `rows_in` (source_id, rows_in, rows_confirmed).
    """
    known = _known(frames)
    scope = Scope(today=clock.today(), provinces=provinces_of(frames["regions"]))
    zone = LandingZone(settings.landing)
    bundled = {source.id: source for source in load_sources(settings.published)}
    feeds = {feed.source.id: feed for feed in load_catalogue(settings.sources).feeds}
    landed = {
        name: part.sort("landing_no").filter(pl.col("verdict") == ACCEPTED)
        for (name,), part in frames["landings"].partition_by("source_id", as_dict=True).items()
    }
    kept: list[pl.DataFrame] = []
    refused: list[Rejection] = []
    findings: list[Finding] = []
    counts = []
    for name in sorted(landed):
        parsed = Parsed(name)
        numbers = set(landed[name]["landing_no"])
        if 0 in numbers:
            parsed = _parse_bundled(bundled[name], landed[name].row(0, named=True), settings, known)
            if not parsed.rows:
                findings.append(_nothing_usable(bundled[name], parsed))
        if name in feeds:
            found = [e for e in zone.landings(name, ACCEPTED) if e.number in numbers]
            live = [e for e in found if e.part != BUNDLED]
            more, unreadable = parse_landings(feeds[name], live, known, scope)
            parsed = parsed.and_then(more)
            findings += [_landing_unreadable(name, str(error)) for error in unreadable]
        rows = pl.DataFrame(parsed.rows, schema=ROW_SCHEMA)
        confirmed = 0
        if name in feeds:
            rows, repeated = new_vintages(rows)
            confirmed = repeated.height
        kept.append(rows)
        refused += parsed.rejections
        counts.append({"source_id": name, "rows_in": parsed.rows_in, "rows_confirmed": confirmed})
    rows = pl.concat(kept) if kept else pl.DataFrame(schema=ROW_SCHEMA)
    corrections = load_corrections(settings.corrections)
    corrected = apply_corrections(rows, corrections.records, _files(frames["landings"]))
    findings += [*record_findings(corrections.problems), *corrected.findings]
    return {
        "parsed_rows": corrected.rows,
        "lifted_rules": corrected.lifted,
        "refused_while_parsing": rejected_rows(refused + corrected.rejections),
        "source_findings": findings_frame(findings),
        "rows_in": pl.DataFrame(counts, schema=LEDGER_SCHEMA),
    }


def _parse_bundled(
    source: Source, row: Mapping[str, Any], settings: Settings, known: Known
) -> Parsed:
    path = settings.data / row["file"]
    return parse_file(
        source,
        Landing(source.id, 0, BUNDLED, row["origin"], path, row["sha256"], row["bytes"],
                row["landed_at"]),
        known,
    )  # fmt: skip


def _nothing_usable(source: Source, parsed: Parsed) -> Finding:
    rules = ", ".join(sorted({r.fault.rule for r in parsed.rejections}))
    why = f"every row was refused ({rules})" if rules else "no rows below the header"
    return _source_failed(source.id, f"{source.file}: {why}", None)


def _landing_unreadable(source_id: str, why: str) -> Finding:
    return Finding(
        "error", "source_failed", "landings", source_id,
        f"数据源 {source_id} 的一份落地文件已无法读取", why,
        "The reader or its record changed: mend it, or fetch again; the other landings were used",
    )  # fmt: skip


def _known(frames: Frames) -> Known:
    unit_of, indicator_of = {}, {}
    for row in frames["indicators"].iter_rows(named=True):
        unit_of[row["indicator_id"]] = row["unit"]
        for name in (row["indicator_id"], *(row["aliases"] or "").split(",")):
            if name:
                indicator_of[name] = row["indicator_id"]
    return Known(indicator_of, unit_of, frozenset(frames["regions"]["region_code"]))


def _source_failed(source_id: str, why: str, in_use: Landing | None) -> Finding:
    zh, en = f"数据源 {source_id} 无法读取", why
    remedy = "Mend the file; the other sources were used"
    if in_use:
        day = in_use.landed_at.date()
        zh, en = f"{zh}，沿用 {day} 的数据", f"{why}; the landing of {day} stays in use"
    return Finding("error", "source_failed", "landings", source_id, zh, en, remedy)


def themes(names: Collection[str], frames: Frames) -> dict[str, pl.DataFrame]:
    """The observations of some themes, checked row by row against the documented targets."""
    indicators = frames["indicators"].filter(pl.col("theme").is_in(list(names)))
    rows = frames["parsed_rows"].join(indicators, on="indicator_id", how="semi")
    reached = frames["document_observations"].join(indicators, on="indicator_id", how="semi")
    accepted, refused = check_rows(
        rows, indicators, frames["targets_of_register"], reached, _files(frames["landings"]),
        frames["series_breaks"], frames["lifted_rules"],
    )  # fmt: skip
    accepted = validate(conform(accepted, ObservationVintages), ObservationVintages)
    theme_of = dict(indicators.select("indicator_id", "theme").iter_rows())
    found: dict[str, pl.DataFrame] = {}
    for name in names:
        ours = [indicator for indicator, theme in theme_of.items() if theme == name]
        found[f"vintages_{name}"] = accepted.filter(pl.col("indicator_id").is_in(ours))
        found[f"refused_{name}"] = rejected_rows(r for r in refused if r.indicator_id in ours)
    return found


def _files(landings: pl.DataFrame) -> dict[str, str]:
    return dict(landings.select("sha256", "origin").iter_rows())


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
    # What repeats the last vintage is accepted as well; it only makes no new one.
    ledger = ledger.with_columns(pl.col("rows_accepted") + pl.col("rows_confirmed"))
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


def revisions(frames: Frames) -> dict[str, pl.DataFrame]:
    """What publishers changed of their own figures."""
    return {"revisions": revisions_table(frames["observation_vintages"])}


def levels(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """Parts against wholes, and which periods are there: tables `rollups`, `completeness`."""
    indicators, vintages_ = frames["indicators"], frames["observation_vintages"]
    return {
        "rollups": rollups_table(frames["observations"], indicators, frames["regions"]),
        "completeness": completeness_table(
            vintages_, indicators, frames["targets"], as_of, frames["owed_figures"]
        ),
    }


def statements(frames: Frames) -> dict[str, pl.DataFrame]:
    """The statements of the documents issued by the as-of day."""
    table = frames["statements_of_register"].join(frames["documents"], on="document_id", how="semi")
    known_targets = frames["targets"]["target_id"].implode()
    known_values = frames["observation_vintages"]["observation_id"].implode()
    issued = table.filter(
        pl.col("target_id").is_in(known_targets) | pl.col("observation_id").is_in(known_values)
    )
    return {"statements": validate(conform(issued, Statements), Statements)}


def past_errors(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """What is known by the day: `targets_by_day`, `past_errors` and `past_quantiles`."""
    vintages_ = frames["observation_vintages"]
    days = days_of_change(frames, vintages_, as_of)
    past = errors_of(frames, vintages_, days)
    return {
        "targets_by_day": targets_by_day(frames, days),
        "past_errors": past.errors,
        "past_quantiles": past.quantiles,
    }


def gaps(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """Tables `gap_to_goal`, `gap_history`, `gap_by_day`."""
    past = PastFrames(frames["past_errors"], frames["past_quantiles"])
    return gap_tables(frames["targets_by_day"], frames, frames["observation_vintages"], as_of, past)


def outlook(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """Tables `projections`, `outlook`, `hindcasts`, `projection_skill`, and their findings."""
    tables, findings = outlook_tables(frames, as_of)
    return {**tables, "outlook_findings": findings_frame(findings)}


def trajectories(frames: Frames) -> dict[str, pl.DataFrame]:
    """What the paths to the goals ask for, year by year."""
    table = trajectories_table(
        frames["gap_to_goal"], frames["gap_history"], frames["targets"], frames["indicators"],
        frames["observation_vintages"], frames["series_breaks"],
    )  # fmt: skip
    return {"trajectories": table}


def indices(settings: Settings, frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """Tables `index_scores`, `index_members`, `index_sensitivity`; faults of their files."""
    found = load_indices(settings.index)
    frozen, unreadable = load_frozen(settings.index)
    wrong = specification_findings(found, frames["indicators"], frames["targets"])
    return {
        **index_tables(found, frames, as_of, frozen),
        "index_findings": findings_frame([*wrong, *unreadable]),
    }


def sources(settings: Settings, frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """How each source answered, and how old it is; what went wrong there, as findings."""
    live = [feed.source for feed in load_catalogue(settings.sources).feeds]
    states = {source.id: load_state(settings.landing, source.id) for source in live}
    table = sources_table(
        load_sources(settings.published), live, states, frames["landings"],
        frames["observation_vintages"], as_of,
    )  # fmt: skip
    last_good = dict(table.select("source_id", "last_good_on").drop_nulls().iter_rows())
    found = list(source_findings(states.values(), last_good, as_of))
    return {"sources": table, "answer_findings": findings_frame(found)}


def checks(frames: Frames, as_of: dt.date) -> dict[str, pl.DataFrame]:
    """Every finding of the run, and the age of each series."""
    observed, indicators = frames["observations"], frames["indicators"]
    freshness = table_checks.freshness_table(observed, indicators, as_of)
    reported = pl.concat(frame for name, frame in sorted(frames.items()) if name in REPORTED)
    found = [
        *(Finding(**row) for row in reported.iter_rows(named=True)),
        *table_checks.refused(frames["rejected_rows"]),
        *table_checks.disagreements(observed),
        *table_checks.jumps(observed, indicators, frames["series_breaks"]),
        *scope_breaks(observed, frames["series_breaks"]),
        *revised(frames["revisions"], frames["targets"]),
        *table_checks.parts_and_wholes(observed, indicators),
        *table_checks.regions_within_regions(observed, indicators, frames["regions"]),
        *rollup_findings(frames["rollups"]),
        *table_checks.missing_years(observed),
        *table_checks.stale(freshness, frames["targets"]),
        *table_checks.unanswered(frames["gap_to_goal"]),
    ]
    return {"checks": checks_table(found), "freshness": freshness}


def findings_frame(findings: list[Finding]) -> pl.DataFrame:
    """Findings as a frame, to be passed from step to step."""
    return pl.DataFrame([vars(f) for f in findings], schema=FINDING_SCHEMA)
