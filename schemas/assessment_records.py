"""Typed record of data/assessment/*.yaml: how the yearly score sheets turn outcomes into points."""

from typing import Annotated, Final, Self

from pydantic import Field, Strict, model_validator

from schemas import vocabulary as v
from schemas.record_types import OneOf, Record, Slug, Year, refuse
from schemas.records import Text

TREATMENTS: Final[v.Codes] = {
    "full": v.Label("满分", "all points"),
    "share": v.Label("按固定比例", "a fixed share of the points"),
    "pro_rata": v.Label("按完成率", "by attainment"),
    "not_assessable": v.Label("无法评定", "not assessable"),
    "not_scored": v.Label("不计分", "not scored"),
}
PARTS: Final[v.Codes] = {
    "due": v.Label("当年到期", "due in the year"),
    "earlier": v.Label("此前到期", "due before"),
    "running": v.Label("未到期", "running"),
}

Share = Annotated[float, Field(ge=0, le=1)]


class StatusRule(Record):
    """What a status is worth."""

    rule: Annotated[str, OneOf(tuple(TREATMENTS))]
    share: Share | None = None
    """占满分的份额，仅 share 用 / share of the points, of `share` only"""
    floor_pct: Annotated[float, Field(ge=0, le=100)] | None = None
    """完成率低于此不得分，仅 pro_rata 用 / no points below this attainment, of `pro_rata` only"""
    at_most: Share | None = None
    """最高份额，仅 pro_rata 用 / largest share, of `pro_rata` only"""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        share = (self.rule == "share") == (self.share is not None)
        rated = (self.rule == "pro_rata") == (
            self.floor_pct is not None and self.at_most is not None
        )
        idle = self.rule == "pro_rata" or (self.floor_pct is None and self.at_most is None)
        refuse([*([] if share else ["share_needed"]),
                *([] if rated and idle else ["pro_rata_needed"])])  # fmt: skip
        return self


class Points(Record):
    """A rule for each status: none is left to chance."""

    not_quantified: StatusRule
    scope_mismatch: StatusRule
    no_data: StatusRule
    achieved_early: StatusRule
    achieved_on_time: StatusRule
    achieved_then_lost: StatusRule
    achieved_late: StatusRule
    missed: StatusRule
    achieved_date_unknown: StatusRule
    expired_unverified: StatusRule
    achieved: StatusRule
    insufficient_data: StatusRule
    moving_away: StatusRule
    on_track: StatusRule
    at_risk: StatusRule
    off_track: StatusRule


assert set(Points.model_fields) == set(v.STATUSES)


class Scored(Record):
    """Which goals of a sheet earn points; the others are shown."""

    due: bool
    earlier: bool
    running: bool


class Weights(Record):
    """Weight of a goal by its commitment."""

    plan: Annotated[float, Field(ge=0.01)]
    work_report: Annotated[float, Field(ge=0.01)]


assert set(Weights.model_fields) == set(v.GOAL_COMMITMENTS)


class Band(Record):
    """A grade, and the score from which on it is given."""

    id: Slug
    from_score: Annotated[float, Field(ge=0)]
    name: Text


class RuleSet(Record):
    """Everything that a score sheet is made by; a file holds one record or more."""

    id: Slug
    version: Annotated[int, Field(ge=1)]
    from_year: Year
    """适用起始年度 / first year for which it is used, until a later one takes over"""
    name: Text
    note: Text
    """是谁的设定 / whose setting it is; printed on every sheet"""
    full_mark: Annotated[float, Field(ge=1)]
    minimum_share: Share
    """可评定目标占比低于此则不给总分 / no total where a smaller share of goals could be assessed"""
    scored: Scored
    points: Points
    weights: Weights
    bands: Annotated[tuple[Band, ...], Strict(False), Field(min_length=1)]

    @model_validator(mode="after")
    def _rules(self) -> Self:
        marks, ids = [b.from_score for b in self.bands], [b.id for b in self.bands]
        ordered = marks == sorted(set(marks), reverse=True) and marks[-1] == 0
        refuse([*([] if ordered and marks[0] <= self.full_mark else ["bands_order"]),
                *([] if len(set(ids)) == len(ids) else ["repeated"])])  # fmt: skip
        return self
