"""What the records are made of: their base, their field types, the rules between their fields."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    Strict,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from schemas import vocabulary as v


class Rule(NamedTuple):
    """A rule that a type cannot express: the field at fault, what is wrong, what to do."""

    field: str
    zh: str
    en: str
    remedy: str


RULES: Final[Mapping[str, Rule]] = {
    "unknown_code": Rule("", "不是已知代码", "not a known code", "use one of the codes"),
    "not_a_date": Rule("", "不是日期", "not a date", "write the date as 2016-03-01"),
    "impossible_date": Rule("", "日历上没有这一天", "not a day of the calendar", "correct the day"),
    "repeated": Rule("", "同一名称列了两次", "a name is listed twice", "remove one of them"),
    "issued_on_last_day": Rule(
        "issued_on",
        "只知年份，应取该年最后一天",
        "only the year is known, so the last day of it is due",
        "write the date as 2017-12-31",
    ),
    "undated_report": Rule(
        "published_printed",
        "报道没有日期",
        "the report has no date",
        "add published_printed as it is printed, or collected_on: the day on which it was found",
    ),
    "range_bounds": Rule(
        "value_high",
        "区间目标须有大于 value 的 value_high，其他目标不得有",
        "a range, and nothing else, has value_high, above value",
        "give the upper end, remove it, or change the operator",
    ),
    "reference_year_needed": Rule(
        "reference_year",
        "倍数或新增目标须有参照年",
        "a multiple or an increment needs reference_year",
        "give the year that it refers to",
    ),
    "reference_year_idle": Rule(
        "reference_year",
        "此类目标没有参照年",
        "only a multiple, an increment or a growth refers to a year",
        "remove reference_year, or correct value_kind",
    ),
    "reference_year_early": Rule(
        "reference_year",
        "参照年须早于目标年",
        "reference_year is not before year",
        "correct one of the years",
    ),
    "start_year_needed": Rule(
        "start_year",
        "累计目标须有起止年，起始年不晚于目标年",
        "a cumulative target needs start_year and year, in this order",
        "give the first year that is summed, and the last",
    ),
    "start_year_idle": Rule(
        "start_year",
        "只有累计目标有起始年",
        "only a cumulative target has start_year",
        "remove start_year, or write value_kind: cumulative",
    ),
    "deadline_missing": Rule(
        "deadline_inferred",
        "没有目标年，无从推定期限",
        "there is no year that could be inferred",
        "give the year, or remove deadline_inferred",
    ),
    "rank_whole": Rule(
        "value", "位次须为不小于1的整数", "a rank is a whole number, 1 or more", "correct the rank"
    ),
    "rank_operator": Rule(
        "operator",
        "位次越小越好，比较方式须为 le、lt 或 eq",
        "a better rank is a smaller number: le, lt or eq",
        "write operator: le (首位 is le 1)",
    ),
    "coverage_bounds": Rule(
        "value",
        "覆盖率须在0至100之间",
        "coverage lies between 0 and 100 percent",
        "correct the figure, or the value_kind",
    ),
    "factor_positive": Rule(
        "value",
        "倍数须大于0",
        "a multiple or a benchmark is a factor above 0",
        "翻一番 is 2, 翻两番 is 4, the average itself is 1",
    ),
    "no_source": Rule(
        "statements",
        "目标没有出处",
        "the target has no source",
        "add the statement or the report that prints it",
    ),
    "plausible_order": Rule("min", "min 大于 max", "min is above max", "exchange them"),
    "replacement_value": Rule(
        "value_printed",
        "更正（replace）须有 value_printed，其他处理不得有",
        "a replacement, and nothing else, has value_printed",
        "give the right figure as the citation prints it, or change the action",
    ),
    "replacement_unit": Rule(
        "unit_printed",
        "只有更正（replace）可写 unit_printed",
        "only a replacement has unit_printed",
        "remove unit_printed, or change the action",
    ),
    "lifted_rule": Rule(
        "rule",
        "放行（accept）须写明所放行的检查，其他处理不得有",
        "an acceptance, and nothing else, has rule",
        "name the check that is lifted, or remove rule",
    ),
    "share_needed": Rule(
        "share",
        "按固定比例（share）须有 share，其他规则不得有",
        "a fixed share, and nothing else, has share",
        "give the share of the points from 0 to 1, or remove it",
    ),
    "pro_rata_needed": Rule(
        "rule",
        "按完成率（pro_rata）须有 floor_pct 和 at_most，其他规则不得有",
        "pro_rata, and nothing else, has floor_pct and at_most",
        "give both of them, or remove them",
    ),
    "bands_order": Rule(
        "bands",
        "等级须由高到低、不重复，最高不超过满分，最后一级从0起",
        "the bands go down from the full mark or less, no two alike, and the last begins at 0",
        "put them in order, and let the last begin at 0",
    ),
    "coverage_share": Rule(
        "minimum_coverage",
        "所需覆盖率不能大于1",
        "a share above 1 can never be reached",
        "write shares such as 2/3 for minimum_coverage and minimum_themes",
    ),
    "bounds_order": Rule(
        "low", "允许下界须小于上界", "low is not below high", "exchange or correct them"
    ),
    "goalposts_of_rules": Rule(
        "themes",
        "每个成员须为每条规则给出零分值和满分值",
        "a member lacks goalposts of a rule, or has some of no rule",
        "give each member one pair for each id under goalposts",
    ),
    "goalposts_apart": Rule(
        "themes",
        "零分值与满分值相同",
        "the value that scores 0 is the one that scores 100",
        "derive the goalposts again",
    ),
}


def refuse(rules: Iterable[str]) -> None:
    """Raise one error that names all the broken rules (keys of RULES).

    Raises:
        PydanticCustomError: there is a broken rule; the context's `rules` holds them all.
    """
    broken = list(rules)
    if broken:
        message = "; ".join(RULES[rule].en for rule in broken)
        context = {"message": message, "rules": broken}
        raise PydanticCustomError(broken[0], "{message}", context)


@dataclass(frozen=True)
class OneOf:
    """Marks text that must be a code of a closed list."""

    codes: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.codes)}

    def _check(self, value: str) -> str:
        if value not in self.codes:
            codes = ", ".join(self.codes)
            context = {"message": f"not one of {codes}", "rules": ["unknown_code"]}
            raise PydanticCustomError("unknown_code", "{message}", context)
        return value


def _iso_date(value: Any) -> Any:
    """Dates are text in YAML 1.2; only the calendar form 2016-03-01 is one."""
    if isinstance(value, dt.date):
        return value
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        refuse(["not_a_date"])
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return refuse(["impossible_date"])


DIRECTIONS: Final[v.Codes] = {"up": v.Label("提高", "to rise"), "down": v.Label("降低", "to fall")}
PRECISIONS: Final[v.Codes] = {code: v.DATE_BASES[code] for code in ("day", "year")}
DOCUMENT_STANDINGS: Final[v.Codes] = {
    "primary": v.Label("原文", "the text itself"),
    "secondary": v.Label("报道", "a report of it"),
}
LAYOUTS: Final[v.Codes] = {
    "observations": v.Label("一行一个观测值，出处随行", "a citation on every row"),
    "panel": v.Label("整表同一出处", "one source for the whole file"),
}

IsoDate = Annotated[dt.date, BeforeValidator(_iso_date)]
Year = Annotated[int, Field(ge=1949, le=2100)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
DocumentId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
StatementId = Annotated[str, Field(pattern=r"^[0-9]{3}-[0-9]{3}$")]
ReportId = Annotated[str, Field(pattern=r"^R-[0-9]{3,}$")]
Operator = Annotated[str, OneOf(tuple(v.OPERATORS))]
ValueKind = Annotated[str, OneOf(tuple(v.VALUE_KINDS))]
Measure = Annotated[str, OneOf(tuple(v.MEASURES))]
Frequency = Annotated[str, OneOf(tuple(v.FREQUENCIES))]
PeriodType = Annotated[str, OneOf(tuple(v.PERIOD_TYPES))]
Quality = Annotated[str, OneOf(tuple(v.QUALITIES))]
Bound = Annotated[str, OneOf(tuple(v.BOUNDS))]
Commitment = Annotated[str, OneOf(tuple(v.COMMITMENTS))]
Direction = Annotated[str, OneOf(tuple(DIRECTIONS))]
Precision = Annotated[str, OneOf(tuple(PRECISIONS))]
DocumentStanding = Annotated[str, OneOf(tuple(DOCUMENT_STANDINGS))]
Layout = Annotated[str, OneOf(tuple(LAYOUTS))]

# YAML gives lists, records keep tuples: only the container is converted, never its items.
Slugs = Annotated[tuple[Slug, ...], Strict(False)]
Texts = Annotated[tuple[str, ...], Strict(False)]


class Record(BaseModel):
    """Base of every record: frozen, no unknown keys, no silent conversion, no empty text."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        str_strip_whitespace=True,
        str_min_length=1,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    _line: int = PrivateAttr(default=0)
    _lines: Mapping[str, int] = PrivateAttr(default_factory=dict)

    @property
    def line(self) -> int:
        """Line of the file on which the record begins; 0 when it was not read from a file."""
        return self._line

    def line_of(self, field: str) -> int:
        """Line of a field, or of the record where the field is not written."""
        return self._lines.get(field, self._line)

    @model_validator(mode="wrap")
    @classmethod
    def _remember_lines(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        record = handler(data)
        record._line = getattr(data, "line", 0)
        record._lines = getattr(data, "lines", {})
        return record
