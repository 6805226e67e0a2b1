"""Members of an index of provinces: peer indicators per resident or per unit of output."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from assets.index.members import Member, Plan
from assets.index.scores import goalpost_score
from assets.record import known_on
from assets.series import annual_answers
from schemas.index_records import ProvinceIndex, ProvinceMember

Frames = Mapping[str, pl.DataFrame]
Answers = Mapping[tuple[str, str, int], tuple[float, str, str, str]]


def province_plan(index: ProvinceIndex) -> Plan:
    """Themes, weights and the names of the goalposts."""
    return Plan(
        methods=tuple(rule.id for rule in index.goalposts),
        theme_names={theme.id: (theme.name.zh, theme.name.en) for theme in index.themes},
        theme_weights={theme.id: theme.weight for theme in index.themes},
        member_weights={member.id: member.weight for member in index.members},
        is_ranked=True,
    )


def province_answers(index: ProvinceIndex, frames: Frames, as_of: dt.date) -> Answers:
    """(indicator, province, year) -> value, bound, period, vintage; one answer a year."""
    wanted = {member.indicator for member in index.members}
    wanted |= {member.per for member in index.members if member.per}
    provinces = frames["regions"].filter(pl.col("level") == "province")
    rows = (
        frames["observation_vintages"]
        .filter(pl.col("indicator_id").is_in(sorted(wanted)))
        .join(provinces, on="region_code", how="semi")
    )
    measures = frames["indicators"].select("indicator_id", "measure")
    found = annual_answers(known_on(rows, [as_of]), measures).select(
        "indicator_id", "region_code", "year", "value", "bound", "period", "observation_id"
    )
    return {(i, r, y): (v, b, p, o) for i, r, y, v, b, p, o in found.iter_rows()}


def province_members(
    index: ProvinceIndex, frames: Frames, years: range, as_of: dt.date
) -> list[Member]:
    """Every peer indicator of every province and year, with its score or the reason for none.

    Args:
        frames: regions, indicators, observation_vintages.
    """
    provinces = frames["regions"].filter(pl.col("level") == "province")["region_code"].sort()
    answers = province_answers(index, frames, as_of)
    return [
        _of_member(index, theme.id, member, region, year, answers)
        for region in provinces
        for year in years
        for theme in index.themes
        for member in theme.members
    ]


def _of_member(
    index: ProvinceIndex, theme: str, member: ProvinceMember, region: str, year: int,
    answers: Answers,
) -> Member:  # fmt: skip
    answer = answers.get((member.indicator, region, year))
    value = comparable(member, region, year, answers)
    reason = "scored"
    if answer is None:
        reason = "no_observation"
    elif answer[1] == "approx":
        reason = "approximate_observation"
    elif value is None:
        reason = "no_denominator"
    scores: tuple[float, ...] = ()
    if reason == "scored" and value is not None:
        posts = (member.goalposts[rule.id] for rule in index.goalposts)
        scores = tuple(goalpost_score(value, zero, full) for zero, full in posts)
    return Member(
        region_code=region,
        year=year,
        member=member.id,
        theme=theme,
        indicator_id=member.indicator,
        name_zh=member.name.zh,
        name_en=member.name.en,
        reason=reason,
        unit=member.unit.en,
        scored_by="goalposts" if scores else None,
        scores=scores,
        value=value,
        obs_period=answer[2] if answer else None,
        observation_id=answer[3] if answer else None,
    )


def comparable(member: ProvinceMember, region: str, year: int, answers: Answers) -> float | None:
    """The figure that is scored: divided as the record says."""
    answer = answers.get((member.indicator, region, year))
    if answer is None or member.per is None:
        return None if answer is None else answer[0] * member.times
    below = answers.get((member.per, region, year))
    return answer[0] / below[0] * member.times if below and below[0] > 0 else None
