"""Tables `index_scores`, `index_members`, `index_sensitivity` of all indices on record."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from assets.index.compute import Computed, compute_index
from assets.index.frozen import Frozen, with_frozen
from assets.index.goal_members import goal_members, goal_plan
from assets.index.province_members import province_members, province_plan
from assets.index.specification import Specifications
from schemas.contract import Table, conform, empty, validate
from schemas.index_records import Index
from schemas.tables_index import TOTAL, IndexMembers, IndexScores, IndexSensitivity

Frames = Mapping[str, pl.DataFrame]


def index_tables(
    found: Specifications, frames: Frames, as_of: dt.date, frozen: Sequence[Frozen] = ()
) -> dict[str, pl.DataFrame]:
    """All indices as of a day.

    Args:
        frames: targets, indicators, regions, observation_vintages, gap_to_goal, gap_history.
        frozen: years that stand as they were; those frozen after the day are not known yet.
    """
    scores: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    spread: list[dict[str, Any]] = []
    for index in found.all:
        computed = _computed(index, found, frames, as_of)
        label = {"index_id": index.id}
        stands = {**label, "spec_version": index.version, "as_of": as_of, "is_frozen": False}
        names = {"index_zh": index.name.zh, "index_en": index.name.en, "frozen_build": None}
        scores += [
            {**row, **stands, **names, "score_restated": row["score"]} for row in computed.scores
        ]
        members += [{**row, **stands} for row in computed.members]
        spread += [{**row, **label} for row in computed.sensitivity]
    tables = with_frozen(
        _frame(scores, IndexScores, ("change", "change_verdict", "same_members")),
        _frame(members, IndexMembers),
        [year for year in frozen if year.as_of <= as_of],
    )
    return {
        "index_scores": _table(with_change(tables.scores, tables.members), IndexScores),
        "index_members": _table(tables.members, IndexMembers),
        "index_sensitivity": _table(_frame(spread, IndexSensitivity), IndexSensitivity),
    }


def _computed(index: Index, found: Specifications, frames: Frames, as_of: dt.date) -> Computed:
    years = range(index.first_year, last_year(as_of) + 1)
    for goal in found.goals:
        if goal is index:
            plan = goal_plan(goal, frames["indicators"])
            return compute_index(goal, plan, goal_members(goal, frames, years))
    province = next(item for item in found.provinces if item is index)
    members = province_members(province, frames, years, as_of)
    return compute_index(province, province_plan(province), members)


def last_year(as_of: dt.date) -> int:
    """The last year that has ended by the day: an index of a year under way would only move."""
    return as_of.year if (as_of.month, as_of.day) == (12, 31) else as_of.year - 1


def with_change(scores: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Compare each year that is not frozen with the year before, as both are published."""
    keys = ["index_id", "region_code", "part"]
    scores = scores.join(_scored(members), on=[*keys, "year"], how="left")
    before = scores.select(
        *keys, pl.col("year") + 1, before="score", before_low="score_low",
        before_high="score_high", before_scored="scored",
    )  # fmt: skip
    is_both = pl.col("before").is_not_null() & pl.col("score").is_not_null()
    low, high = pl.col("score_low"), pl.col("score_high")
    verdict = (
        pl.when(low > pl.col("before_high"))
        .then(pl.lit("rise"))
        .when(high < pl.col("before_low"))
        .then(pl.lit("fall"))
        .when(is_both)
        .then(pl.lit("no_change"))
    )
    same = pl.when(is_both).then(pl.col("scored") == pl.col("before_scored"))
    open_ = ~pl.col("is_frozen")
    change = (pl.col("score") - pl.col("before")).round_sig_figs(12)
    return scores.join(before, on=[*keys, "year"], how="left").with_columns(
        change=pl.when(open_).then(change).otherwise("change"),
        change_verdict=pl.when(open_).then(verdict).otherwise("change_verdict"),
        same_members=pl.when(open_).then(same).otherwise("same_members"),
    )


def _scored(members: pl.DataFrame) -> pl.DataFrame:
    """Which members are scored, as one text a theme and one for the whole."""
    scored = members.filter(pl.col("reason") == "scored").with_columns(part="theme")
    whole = scored.with_columns(part=pl.lit(TOTAL))
    keys = ["index_id", "region_code", "part", "year"]
    return (
        pl.concat([scored, whole]).group_by(keys).agg(scored=pl.col("member").sort().str.join("|"))
    )


def _frame(
    rows: list[dict[str, Any]], model: type[Table], later: Sequence[str] = ()
) -> pl.DataFrame:
    schema = empty(model).schema
    blank = dict.fromkeys(later)
    return pl.DataFrame([{**blank, **row} for row in rows], schema=schema)


def _table(frame: pl.DataFrame, model: type[Table]) -> pl.DataFrame:
    return validate(conform(frame, model), model)
