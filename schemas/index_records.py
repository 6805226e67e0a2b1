"""Typed records of data/index/*.yaml: what an evaluation index is made of, and by which rules."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Final, Self

from pydantic import Field, Strict, model_validator

from schemas import vocabulary as v
from schemas.record_types import OneOf, Record, Slug, Year, refuse
from schemas.records import Text

Standing = Annotated[str, OneOf(tuple(v.STANDINGS))]
Weight = Annotated[float, Field(gt=0)]
Share = Annotated[str, Field(pattern=r"^[1-9][0-9]*/[1-9][0-9]*$")]
Version = Annotated[str, Field(pattern=r"^[0-9]{4}\.[0-9]+$")]
Quantile = Annotated[float, Field(ge=0, le=1)]
Pair = Annotated[tuple[float, float], Strict(False)]

GOALPOST_DIGITS: Final = 6  # significant; as the goalposts stand in the file


class Index(Record):
    """What every index states."""

    id: Slug
    version: Version
    """规则版本，改动任何数即换 / of the rules: another one with any change of a number below"""
    name: Text
    first_year: Year
    minimum_coverage: Share
    """主题得分所需的成员覆盖率 / share of a theme's members that must be scored"""
    minimum_themes: Share
    """总分所需的主题覆盖率 / share of the themes that must have a score"""
    floor: Weight
    """几何平均的下限 / the least that a score counts in the geometric mean"""
    draws: int = Field(ge=20)
    """随机权重的次数 / how often the weights are drawn"""
    seed: int = Field(ge=0)

    @property
    def minima(self) -> tuple[float, float]:
        """Coverage that a theme needs, and that the whole needs."""
        return float(Fraction(self.minimum_coverage)), float(Fraction(self.minimum_themes))

    @model_validator(mode="after")
    def _are_shares(self) -> Self:
        if max(self.minima) > 1:
            refuse(["coverage_share"])
        return self


class ThemeWeight(Record):
    """Another weight for a theme than 1."""

    theme: Slug
    weight: Weight


class TargetWeight(Record):
    """Another weight for a target within its theme than 1."""

    target: str
    weight: Weight


class AllowedBounds(Record):
    """How far outside its range a value may lie before a range target scores nothing."""

    target: str
    low: float
    high: float
    reason: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low < self.high:
            refuse(["bounds_order"])
        return self


class GoalIndex(Index):
    """An index of goals: how much of the way to its targets a region has gone."""

    region: str
    standings: Annotated[tuple[Standing, ...], Strict(False)]
    """计入哪些来源性质的目标 / targets of which standing count"""
    theme_weights: Annotated[tuple[ThemeWeight, ...], Strict(False)] = ()
    target_weights: Annotated[tuple[TargetWeight, ...], Strict(False)] = ()
    allowed_bounds: Annotated[tuple[AllowedBounds, ...], Strict(False)] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for names in (
            [item.theme for item in self.theme_weights],
            [item.target for item in self.target_weights],
            [item.target for item in self.allowed_bounds],
        ):
            _refuse_repeated(names)
        return self


class GoalpostRule(Record):
    """How the goalposts of all members were derived: quantiles over the provinces in two years."""

    id: Slug
    zero_year: Year
    zero_quantile: Quantile
    full_year: Year
    full_quantile: Quantile


class ProvinceMember(Record):
    """One indicator, made comparable between provinces of any size."""

    id: Slug
    name: Text
    indicator: Slug
    per: Slug | None = None
    """除以哪个指标 / the indicator by which it is divided"""
    times: Weight = 1.0
    """再乘以 / and multiplied by, such as 100 for a figure per 100 residents"""
    unit: Text
    weight: Weight = 1.0
    full_year: Year | None = None
    """满分年不同于规则时写明 / where the series ends before the rule's year"""
    goalposts: dict[Slug, Pair]
    """每条规则的零分值、满分值 / rule: [value that scores 0, value that scores 100]"""


class IndexTheme(Record):
    """A part of an index, with its members."""

    id: Slug
    name: Text
    weight: Weight = 1.0
    members: Annotated[tuple[ProvinceMember, ...], Strict(False), Field(min_length=1)]


class ProvinceIndex(Index):
    """An index of peer indicators: scores and ranks of provinces between fixed goalposts."""

    goalposts: Annotated[tuple[GoalpostRule, ...], Strict(False), Field(min_length=1)]
    """第一条规则用于得分，其余检验稳健性 / the first one scores, the others are for robustness"""
    themes: Annotated[tuple[IndexTheme, ...], Strict(False), Field(min_length=1)]

    @property
    def members(self) -> list[ProvinceMember]:
        return [member for theme in self.themes for member in theme.members]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _refuse_repeated([theme.id for theme in self.themes])
        _refuse_repeated([member.id for member in self.members])
        rules = {rule.id for rule in self.goalposts}
        broken = []
        if any(set(member.goalposts) != rules for member in self.members):
            broken.append("goalposts_of_rules")
        posts = [pair for member in self.members for pair in member.goalposts.values()]
        if any(zero == full for zero, full in posts):
            broken.append("goalposts_apart")
        refuse(broken)
        return self


def _refuse_repeated(names: Iterable[str]) -> None:
    found = list(names)
    if len(set(found)) < len(found):
        refuse(["repeated"])
