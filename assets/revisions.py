"""Targets as they were known on a day: which of them later ones had taken the place of."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.register_frames import TARGET_ITSELF, with_sources
from schemas.contract import conform, empty
from schemas.tables_core import TargetRevisions, Targets

Frames = Mapping[str, pl.DataFrame]
Row = dict[str, Any]


def register_as_of(frames: Frames, day: dt.date) -> dict[str, pl.DataFrame]:
    """The register as it was known on a day.

    Only documents and reports published by then remain. Targets that none of them prints are
    gone; standing, first issue, baseline year, precision and supersession of the others follow
    from what remains.

    Args:
        frames: documents, targets, target_sources; any other frames are handed through.
        day: the last day of publication that counts.

    Returns:
        The frames, and target_revisions.
    """
    documents = frames["documents"].filter(pl.col("issued_on") <= day)
    sources = frames["target_sources"].filter(pl.col("published_on") <= day)
    core = frames["targets"].select(TARGET_ITSELF)
    targets = conform(with_sources(core, sources, documents), Targets)
    revisions = target_revisions_frame(targets, sources)
    return {
        **frames,
        "documents": documents,
        "targets": _with_supersession(targets, revisions),
        "target_sources": sources,
        "target_revisions": revisions,
    }


def target_revisions_frame(targets: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Table `target_revisions`: goals whose figure or deadline a later goal of theirs changed.

    Goals are of one kind when they share indicator, region, value kind and standing. `figure`:
    the next goal for the same year names another figure. `deadline`: a goal without a year is
    followed by one of the same figure with a year. Nothing changes on one and the same day, whose
    order is not known, nor once the year is over.
    """
    goals = targets.filter("is_goal", "is_quantified").sort(
        "issued_on", "statement_ids", "target_id"
    )
    kinds: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for goal in goals.iter_rows(named=True):
        kinds[
            tuple(goal[c] for c in ("indicator_id", "region_code", "value_kind", "standing"))
        ].append(goal)
    titles = dict(
        sources.sort("target_id", "source_no", descending=True)
        .select("target_id", "title")
        .iter_rows()
    )
    rows = []
    for kind in kinds.values():
        for revision, earlier, later in (*_figures(kind), *_deadlines(kind)):
            change = later["value"] - earlier["value"]
            before = abs(earlier["value"])
            rows.append(
                {
                    "from_target_id": earlier["target_id"],
                    "to_target_id": later["target_id"],
                    "indicator_id": later["indicator_id"],
                    "region_code": later["region_code"],
                    "kind": revision,
                    "year_from": earlier["year"],
                    "year_to": later["year"],
                    "value_from": earlier["value"],
                    "value_to": later["value"],
                    "change_pct": change / before * 100.0 if before else None,
                    "issued_from": earlier["issued_on"],
                    "issued_to": later["issued_on"],
                    "years_between": (later["issued_on"] - earlier["issued_on"]).days / 365.25,
                    "from_source": titles[earlier["target_id"]],
                    "to_source": titles[later["target_id"]],
                }
            )
    # Not validated here, since the metrics ask for many days; the stage validates what is kept.
    frame = pl.DataFrame(rows, schema=empty(TargetRevisions).schema)
    return conform(frame, TargetRevisions)


def _figures(goals: list[Row]) -> Iterator[tuple[str, Row, Row]]:
    """Pairs of goals for one year, of which the later has another figure; in order of issue."""
    by_year = defaultdict(list)
    for goal in goals:
        by_year[goal["year"]].append(goal)
    for year, same_year in by_year.items():
        for position, earlier in enumerate(same_year):
            for later in same_year[position + 1 :]:
                if _follows(earlier, later, year) and _figure(later) != _figure(earlier):
                    yield "figure", earlier, later
                    break


def _deadlines(goals: list[Row]) -> Iterator[tuple[str, Row, Row]]:
    """Pairs of goals of one figure, the first without a year, the later one with one."""
    for position, earlier in enumerate(goals):
        if earlier["year"] is not None:
            continue
        for later in goals[position + 1 :]:
            year = later["year"]
            if year and _follows(earlier, later, year) and _figure(later) == _figure(earlier):
                yield "deadline", earlier, later
                break


def _follows(earlier: Row, later: Row, year: int | None) -> bool:
    before: dt.date = earlier["issued_on"]
    after: dt.date = later["issued_on"]
    return before < after and (year is None or after.year <= year)


def _figure(goal: Row) -> tuple[float, float | None, int | None, int | None]:
    return goal["value"], goal["value_high"], goal["reference_year"], goal["start_year"]


def _with_supersession(targets: pl.DataFrame, revisions: pl.DataFrame) -> pl.DataFrame:
    """Fill in superseded_by and superseded_on: the first goal that took a goal's place."""
    first = revisions.sort("issued_to", "to_target_id").unique(
        "from_target_id", keep="first", maintain_order=True
    )
    took = first.select(
        target_id="from_target_id", superseded_by="to_target_id", superseded_on="issued_to"
    )
    named = targets.drop("superseded_by", "superseded_on").join(took, on="target_id", how="left")
    return conform(named, Targets)
