"""Typed records of data/corrections.yaml: decisions of people about figures of sources."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from schemas import vocabulary as v
from schemas.record_types import IsoDate, OneOf, PeriodType, Record, Slug, refuse
from schemas.records import Text

ACTIONS: Final[v.Codes] = {
    "replace": v.Label("更正", "the figure is another one, and a citation prints it"),
    "accept": v.Label("放行", "the figure is right although a check refuses it"),
    "drop": v.Label("剔除", "the figure is wrong, and the right one is not known"),
}
CORRECTION_STATUSES: Final[v.Codes] = {
    "active": v.Label("生效", "applied"),
    "retired": v.Label("停用", "kept on file, not applied: the source has mended itself"),
}
LIFTABLE: Final[v.Codes] = {
    "out_of_range": v.Label("超出合理范围", "outside the plausible range"),
    "not_whole": v.Label("非整数", "a count that is no whole number"),
    "scale_slip": v.Label("量级不符", "another order of magnitude than its series or targets"),
    "cumulative_fell": v.Label("累计数下降", "a cumulative stock that falls"),
}

Action = Annotated[str, OneOf(tuple(ACTIONS))]
CorrectionStatus = Annotated[str, OneOf(tuple(CORRECTION_STATUSES))]
LiftableRule = Annotated[str, OneOf(tuple(LIFTABLE))]


class Citation(Record):
    """Where it is printed that the correction is right."""

    title: str
    publisher: str | None = None
    published_printed: str | None = None
    """所印日期 / date as printed"""
    url: str | None = None


class Correction(Record):
    """One decision about one cell of one source: indicator, region and period."""

    id: str = Field(pattern=r"^C-[0-9]{3,}$")
    source: Slug
    indicator: Slug
    region: str
    period: str
    period_type: PeriodType | None = None
    """仅年初累计等需区分时写明 / only where a period has several types, such as year_to_date"""
    expects: str
    """预期的原文数值 / the figure as the source prints it; another one ends the correction"""
    action: Action
    value_printed: str | None = None
    """更正后的原文数值 / the right figure as the citation prints it; of replace only"""
    unit_printed: str | None = None
    """更正后的原表单位，缺省同原行 / its unit, default: that of the row; of replace only"""
    rule: LiftableRule | None = None
    """放行的检查 / the check that it lifts; of accept only"""
    reason: Text
    citation: Citation
    decided_on: IsoDate
    status: CorrectionStatus = "active"

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        replaces = self.action == "replace"
        broken = []
        if replaces != (self.value_printed is not None):
            broken.append("replacement_value")
        if self.unit_printed is not None and not replaces:
            broken.append("replacement_unit")
        if (self.action == "accept") != (self.rule is not None):
            broken.append("lifted_rule")
        refuse(broken)
        return self
