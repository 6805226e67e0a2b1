"""Contracts of schema `core`: documents, register, observations."""

import datetime as dt

from schemas import vocabulary as v
from schemas.contract import Table, column, table

REGION = r"\d{6}(-[A-Z0-9]+)?"
PERIOD = r"\d{4}(-Q[1-4]|-\d{2}(-\d{2})?)?"
SLUG = r"[a-z][a-z0-9_]*"


@table("core", zh="规划文件", en="Planning documents", key=("document_id",))
class Documents(Table):
    document_id: str = column("文件代码", "document id")
    title_zh: str = column("标题", "title, Chinese")
    title_en: str = column("英文标题", "title, English")
    issuer_zh: str = column("发文机关", "issuer, Chinese")
    issuer_en: str = column("发文机关（英文）", "issuer, English")
    number: str = column("文号", "document number", nullable=True)
    issued_on: dt.date = column(
        "印发日期", "date of issue; the last day where only the year is known"
    )
    issued_basis: str = column("日期依据", "what is known of the date", codes=v.DATE_BASES)
    standing: str = column(
        "文件性质：primary 原文，secondary 报道", "primary text or a report of it"
    )
    baseline_year: int = column("基期年", "year from which progress is counted", unit="year")
    statement_count: int = column("载明数值条数", "statements that the document has", ge=0)


@table("core", zh="地区", en="Regions (GB/T 2260)", key=("region_code",), min_rows=1)
class Regions(Table):
    region_code: str = column("地区代码", "GB/T 2260 code or the project's own", pattern=REGION)
    name_zh: str = column("名称", "name, Chinese")
    name_en: str = column("英文名称", "name, English")
    level: str = column("级别", "level", codes=v.REGION_LEVELS)
    reports_as: str = column(
        "统计口径级别", "level at which statistics treat it", codes=v.REGION_LEVELS
    )
    parent_code: str = column("上级代码", "code of the parent", nullable=True)
    directly_administered: bool = column("省直管", "administered directly by the province")
    is_peer: bool = column("是否对比省份", "one of the other 30 provinces")
    code_system: str = column("代码体系", "GB/T 2260, NBS (functional zones) or duibiao")
    valid_from: dt.date = column("启用日期", "first day of validity, where known", nullable=True)
    valid_to: dt.date = column("停用日期", "last day of validity, where it ended", nullable=True)
    successor_code: str = column("后继代码", "code that followed", nullable=True)
    note: str = column("备注", "note", nullable=True)


@table("core", zh="指标", en="Indicators", key=("indicator_id",))
class Indicators(Table):
    indicator_id: str = column("指标代码", "indicator id", pattern=SLUG)
    name_zh: str = column("指标名称", "name, Chinese")
    name_en: str = column("英文名称", "name, English")
    definition_zh: str = column("定义", "definition, Chinese", nullable=True)
    definition_en: str = column("定义（英文）", "definition, English", nullable=True)
    domain: str = column("领域", "domain: the register file that holds it", pattern=SLUG)
    theme: str = column("主题", "theme: the observation asset that holds it", pattern=SLUG)
    theme_zh: str = column("主题名称", "theme, Chinese")
    theme_en: str = column("主题英文名称", "theme, English")
    unit: str = column("计量单位", "canonical unit of all its values")
    measure: str = column("指标类型", "kind of measure", codes=v.MEASURES)
    frequency: str = column("频率", "frequency", codes=v.FREQUENCIES)
    stale_after_days: int = column(
        "陈旧阈值", "age of the latest period at which it is stale", unit="days"
    )
    plausible_min: float = column("合理下限", "smallest plausible value", nullable=True)
    plausible_max: float = column("合理上限", "largest plausible value", nullable=True)
    max_step_pct: float = column(
        "最大变动幅度", "largest plausible yearly change", unit="%", nullable=True
    )
    is_cumulative: bool = column("是否累计", "a stock that does not fall")
    whole_of: str = column(
        "分项指标", "parts that add up to it, separated by commas", nullable=True
    )
    sources: str = column("数据来源", "sources that feed it, separated by commas")
    aliases: str = column("来源中的代码", "ids under which sources carry it", nullable=True)
    caveat_zh: str = column("注意事项", "caveat, Chinese", nullable=True)
    caveat_en: str = column("注意事项（英文）", "caveat, English", nullable=True)
    breaks: str = column(
        "口径变动", "scope breaks: period and note, separated by semicolons", nullable=True
    )


@table("core", zh="目标", en="Targets", key=("target_id",))
class Targets(Table):
    target_id: str = column("目标代码", "target id: indicator:region:year:source")
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    year: int = column("目标年", "year at whose end it is due", unit="year", nullable=True)
    operator: str = column("比较方式", "operator; direction is derived from it", codes=v.OPERATORS)
    value: float = column(
        "目标值",
        "figure of the target in the indicator's unit, or factor, or growth",
        nullable=True,
    )
    value_high: float = column("目标上限", "upper end of a range", nullable=True)
    value_kind: str = column("目标类型", "what the figure is", codes=v.VALUE_KINDS)
    unit: str = column("单位", "unit of the figure")
    reference_year: int = column(
        "参照年", "year that a multiple, growth or increment refers to", unit="year", nullable=True
    )
    start_year: int = column(
        "累计起始年", "first year of a sum over a period", unit="year", nullable=True
    )
    tolerance: float = column(
        "报告精度", "half of the last printed digit, in the target's unit", nullable=True, ge=0
    )
    is_quantified: bool = column("是否量化", "a number is printed or implied")
    is_implied: bool = column("是否隐含数值", "the number is implied, not printed (全覆盖 = 100 %)")
    deadline_inferred: bool = column("期限为推定", "the year is not printed in the sentence")
    standing: str = column("来源性质", "documented or reported", codes=v.STANDINGS)
    commitment: str = column("承诺性质", "kind of commitment", codes=v.COMMITMENTS)
    is_goal: bool = column("是否计入目标", "a goal: counts in the headline, may be superseded")
    printed: str = column("原文数值", "figure as printed", nullable=True)
    document_id: str = column(
        "首见文件",
        "first document that prints it",
        nullable=True,
        references="documents.document_id",
    )
    issued_on: dt.date = column("首次发布日期", "day on which it was first issued or reported")
    baseline_year: int = column(
        "基期年", "year from which progress is counted", unit="year", nullable=True
    )
    responsible_units: str = column("责任单位", "responsible units, separated by 、", nullable=True)
    statement_ids: str = column(
        "原文条目", "statements that print it, separated by commas", nullable=True
    )
    source_count: int = column("出处数", "statements and reports that carry it", ge=1)
    superseded_by: str = column("被何目标取代", "target that took its place", nullable=True)
    superseded_on: dt.date = column("被取代日期", "day on which that was issued", nullable=True)
    note: str = column("备注", "note", nullable=True)


@table("core", zh="目标出处", en="Where each target is printed", key=("target_id", "source_no"))
class TargetSources(Table):
    target_id: str = column("目标", "target", references="targets.target_id")
    source_no: int = column("序号", "order by date", ge=1)
    source_id: str = column("条目或报道代码", "statement id or report id")
    kind: str = column("statement 原文条目，report 报道", "statement of a document, or report")
    document_id: str = column("文件", "document", nullable=True, references="documents.document_id")
    section: str = column("章节", "section", nullable=True)
    printed: str = column("原文数值", "figure as printed", nullable=True)
    title: str = column("标题", "title of the source")
    publisher: str = column("发布者", "publisher", nullable=True)
    published_on: dt.date = column("发布日期", "day of publication, conservative")
    published_printed: str = column("所印日期", "date as printed", nullable=True)
    url: str = column("网址", "address", nullable=True)
    quality: str = column("来源等级", "quality of the source", codes=v.QUALITIES)
    note: str = column("备注", "note", nullable=True)


@table("core", zh="目标调整", en="Revisions of targets", key=("from_target_id", "to_target_id"))
class TargetRevisions(Table):
    from_target_id: str = column("原目标", "earlier target", references="targets.target_id")
    to_target_id: str = column("新目标", "later target", references="targets.target_id")
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    kind: str = column("调整类型", "kind of revision", codes=v.REVISION_KINDS)
    year_from: int = column("原目标年", "year of the earlier target", unit="year", nullable=True)
    year_to: int = column("新目标年", "year of the later target", unit="year", nullable=True)
    value_from: float = column("原目标值", "earlier figure", nullable=True)
    value_to: float = column("新目标值", "later figure", nullable=True)
    change_pct: float = column(
        "变动幅度",
        "change of the figure",
        unit="%",
        formula="(value_to - value_from) / |value_from| * 100",
        nullable=True,
    )
    issued_from: dt.date = column("原目标发布日", "issue of the earlier")
    issued_to: dt.date = column("新目标发布日", "issue of the later")
    years_between: float = column(
        "间隔年数", "time between the two issues", unit="years", formula="days / 365.25"
    )
    from_source: str = column("原目标出处", "source of the earlier")
    to_source: str = column("新目标出处", "source of the later")


@table(
    "core",
    zh="全部发布值（含历次）",
    en="Everything ever published, by vintage",
    key=("observation_id",),
)
class ObservationVintages(Table):
    observation_id: str = column("观测代码", "hash of source, row and content")
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    period: str = column("时期", "period measured, ISO 8601", pattern=PERIOD)
    period_type: str = column("时期类型", "type of period", codes=v.PERIOD_TYPES)
    period_start: dt.date = column("时期起", "first day measured")
    period_end: dt.date = column("时期止", "last day measured")
    value: float = column("数值", "value in the indicator's unit")
    unit: str = column("单位", "canonical unit")
    bound: str = column("确数或界限", "exact, bound or approximate", codes=v.BOUNDS)
    tolerance: float = column("报告精度", "half of the last printed digit, in the unit", ge=0)
    value_printed: str = column("原文数值", "figure as printed")
    unit_printed: str = column(
        "原表单位", "unit of the printed table, where the figure has none", nullable=True
    )
    is_derived: bool = column("是否推算", "computed from printed figures, not printed itself")
    source_id: str = column("数据源", "source")
    source_title: str = column("出处标题", "title of the publication")
    source_publisher: str = column("发布者", "publisher", nullable=True)
    source_url: str = column("网址", "address", nullable=True)
    published_on: dt.date = column(
        "发布日期", "day published, conservative: the last day it can be"
    )
    published_basis: str = column("日期依据", "what is known of the date", codes=v.DATE_BASES)
    published_printed: str = column("所印日期", "date as printed", nullable=True)
    retrieved_at: dt.datetime = column(
        "获取时间", "moment retrieved by the project (Asia/Shanghai)"
    )
    quality: str = column("来源等级", "quality of the source", codes=v.QUALITIES)
    landing_sha256: str = column(
        "落地文件摘要", "SHA-256 of the landed bytes", pattern="[0-9a-f]{64}"
    )
    source_row: int = column("行号", "line of the landed file", ge=1)
    note: str = column("备注", "note", nullable=True)


@table(
    "core",
    zh="采用值",
    en="The value of record for each indicator, region and period",
    key=("indicator_id", "region_code", "period", "period_type"),
)
class Observations(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    period: str = column("时期", "period measured, ISO 8601", pattern=PERIOD)
    period_type: str = column("时期类型", "type of period", codes=v.PERIOD_TYPES)
    period_start: dt.date = column("时期起", "first day measured")
    period_end: dt.date = column("时期止", "last day measured")
    value: float = column("数值", "value of record in the indicator's unit")
    unit: str = column("单位", "canonical unit")
    bound: str = column("确数或界限", "exact, bound or approximate", codes=v.BOUNDS)
    tolerance: float = column("报告精度", "half of the last printed digit, in the unit", ge=0)
    value_printed: str = column("原文数值", "figure as printed")
    is_derived: bool = column("是否推算", "computed from printed figures, not printed itself")
    quality: str = column("来源等级", "quality of the source", codes=v.QUALITIES)
    observation_id: str = column(
        "采用的观测",
        "vintage that is the value of record",
        references="observation_vintages.observation_id",
    )
    source_id: str = column("数据源", "source")
    source_title: str = column("出处标题", "title of the publication")
    source_url: str = column("网址", "address", nullable=True)
    published_on: dt.date = column("发布日期", "day published")
    first_published_on: dt.date = column(
        "首次发布日期", "day on which the period was first published"
    )
    vintage_count: int = column("发布次数", "vintages of the period", ge=1)
    beaten: str = column(
        "未采用的值",
        "the values that it beat: printed = value (quality, day), by semicolons",
        nullable=True,
    )
    max_difference_pct: float = column(
        "最大差异",
        "largest difference to a beaten value",
        unit="%",
        formula="max |beaten - value| / |value| * 100",
        nullable=True,
    )
    is_conflict: bool = column("是否冲突", "a beaten value differs beyond the printed precision")


@table(
    "core",
    zh="被拒绝的行",
    en="Rows that were refused, as they came",
    key=("source_id", "landing_sha256", "source_row"),
)
class RejectedRows(Table):
    source_id: str = column("数据源", "source")
    file: str = column("文件", "file, relative to the data folder")
    source_row: int = column("行号", "line of the file", ge=1)
    field: str = column("字段", "column at fault", nullable=True)
    field_value: str = column("字段值", "value at fault, as it came", nullable=True)
    rule: str = column("规则", "rule that was broken", pattern=SLUG)
    message_zh: str = column("说明", "what is wrong, Chinese")
    message_en: str = column("说明（英文）", "what is wrong, English")
    remedy: str = column("建议", "what to do")
    raw: str = column("原始行", "the row as it came, JSON")
    landing_sha256: str = column("落地文件摘要", "SHA-256 of the landed bytes")


@table(
    "core",
    zh="文件原文条目及其去向",
    en="Every statement of the documents and what became of it",
    key=("statement_id",),
)
class Statements(Table):
    statement_id: str = column("条目代码", "statement id", pattern=r"\d{3}-\d{3}")
    document_id: str = column("文件", "document", references="documents.document_id")
    section: str = column("章节", "section")
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    printed: str = column("原文", "figure as printed")
    outcome: str = column("去向", "what became of it", codes=v.OUTCOMES)
    target_id: str = column(
        "对应目标", "target that it states", nullable=True, references="targets.target_id"
    )
    observation_id: str = column(
        "对应观测",
        "observation that it became",
        nullable=True,
        references="observation_vintages.observation_id",
    )
    reason_zh: str = column("未量化原因", "why it is not quantified, Chinese", nullable=True)
    reason_en: str = column(
        "未量化原因（英文）", "why it is not quantified, English", nullable=True
    )
    responsible_units: str = column("责任单位", "responsible units, separated by 、", nullable=True)
    note: str = column("备注", "note", nullable=True)


CORE_TABLES: tuple[type[Table], ...] = (
    Documents, Regions, Indicators, Targets, TargetSources, TargetRevisions,
    ObservationVintages, Observations, RejectedRows, Statements,
)  # fmt: skip

__all__ = [m.__name__ for m in CORE_TABLES] + ["CORE_TABLES"]
