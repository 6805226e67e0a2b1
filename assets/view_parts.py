"""What the everyday views share: comments of their columns, joins to labels, names and units."""

from typing import Final

from schemas.contract import Table, columns_of, comment_of

# What no table has under the same name and meaning.
OWN: Final = {
    "name_zh": "指标名称 / indicator, Chinese",
    "name_en": "指标英文名称 / indicator, English",
    "region_zh": "地区名称 / region, Chinese",
    "region_en": "地区英文名称 / region, English",
    "unit_zh": "单位（中文） / unit, Chinese",
    "unit_en": "单位（英文） / unit, English",
    "operator_zh": "比较方式（中文） / operator, Chinese",
    "operator_en": "比较方式（英文） / operator, English",
    "status_zh": "状态（中文） / verdict, Chinese",
    "status_en": "状态（英文） / verdict, English",
    "reason_zh": "状态理由（中文） / why that verdict, Chinese",
    "reason_en": "状态理由（英文） / why that verdict, English",
    "standing_zh": "来源性质（中文） / documented or reported, Chinese",
    "standing_en": "来源性质（英文） / documented or reported, English",
    "evidence_zh": "证据等级含义 / what the evidence grade means, Chinese",
    "evidence_en": "证据等级含义（英文） / what the evidence grade means, English",
    "latest_bound_zh": "最新值界限（中文） / bound of the latest value, Chinese",
    "latest_bound_en": "最新值界限（英文） / bound of the latest value, English",
    "latest_printed": "最新值原文；累计目标为空 / latest value as printed; null for a sum",
    "obs_url": "最新值网址 / address of the publication of the latest value",
    "target_source": "目标出处 / title of the source of the target",
    "target_section": "目标出处章节 / section of that source",
    "target_url": "目标出处网址，无则为空 / address of that source, where there is one",
    "target_published_on": "目标出处发布日 / day on which that source was published, conservative",
    "at_deadline": "是否期末值 / the value is that of the deadline, not the latest one",
    "reached": "期末值，无则最新值 / value at the deadline, else the latest",
    "reached_period": "该值时期 / period of that value",
    "reached_bound": "该值界限 / exact, a bound or approximate",
    "reached_bound_zh": "该值界限（中文） / bound of that value, Chinese",
    "reached_bound_en": "该值界限（英文） / bound of that value, English",
    "reached_printed": "该值原文；累计目标为空 / that value as printed; null for a sum",
    "reached_pct": "达到目标的百分比 / share of the target that was reached [%]"
    " = A/Y_T*100; less is better: Y_T/A*100",
    "reached_source": "该值出处 / publication of that value",
    "reached_url": "该值网址 / address of that publication",
    "reached_published_on": "该值发布日 / day of that publication",
    "targets": "有效目标数 / live targets",
    "documented": "其中文件载明 / of these, documented",
    "reported": "其中媒体转述 / of these, reported of another plan",
    "kind_zh": "调整类型（中文） / kind of revision, Chinese",
    "kind_en": "调整类型（英文） / kind of revision, English",
    "path_kind_zh": "路径类型（中文） / shape of the path, Chinese",
    "path_kind_en": "路径类型（英文） / shape of the path, English",
    "observed_bound_zh": "观测值界限（中文） / bound of the observed value, Chinese",
    "observed_bound_en": "观测值界限（英文） / bound of the observed value, English",
    "dimension": "量纲 / dimension",
    "symbol": "数后符号，无则为空 / what follows a number in Chinese text",
    "goals": "有效目标数 / live goals of the series",
    "target_years": "目标年 / years at whose end they are due",
    "finding": "结论：stale 陈旧，never_observed 从无数据 / what is found",
    "finding_zh": "结论（中文） / what is found, Chinese",
    "finding_en": "结论（英文） / what is found, English",
    "absent_count": "应有而没有的时期数 / periods that are due and not there",
    "absent_periods": "应有而没有的时期 / periods that are due and not there, separated by 、",
    "periods_due": "应有时期数 / periods that are due",
    "periods_there": "其中已有 / of these, observed",
    "periods_late": "其中迟到 / of these, late",
    "periods_missing": "其中缺失 / of these, missing",
    "periods_to_come": "未到期时期数 / periods owed and not due yet",
    "there_pct": "齐全率 / share of the due periods that is there [%]"
    " = periods_there/periods_due*100",
    "first_period": "首个应有时期 / first period that is due",
    "last_period": "最后应有时期 / last period that is due",
    "last_there": "最后已有时期 / last period that is there",
    "period_type_zh": "时期类型（中文） / type of period, Chinese",
    "period_type_en": "时期类型（英文） / type of period, English",
    "bound_zh": "确数或界限（中文） / exact, bound or approximate, Chinese",
    "bound_en": "确数或界限（英文） / exact, bound or approximate, English",
    "quality_zh": "来源等级（中文） / quality of the source, Chinese",
    "quality_en": "来源等级（英文） / quality of the source, English",
    "outcome_zh": "去向（中文） / what became of it, Chinese",
    "outcome_en": "去向（英文） / what became of it, English",
    "document_zh": "文件标题 / title of the document, Chinese",
    "document_en": "文件英文标题 / title of the document, English",
}


def explained(*models: type[Table], **own: str) -> dict[str, str]:
    """Comments of columns: of the models, the first counting most, then what is said here."""
    found: dict[str, str] = {}
    for model in reversed(models):
        found |= {c.name: comment_of(c) for c in columns_of(model)}
    return found | OWN | own


def label(alias: str, vocabulary: str, code: str) -> str:
    """The join that puts a label beside a code."""
    return (
        f"LEFT JOIN meta.codes {alias} ON {alias}.vocabulary = '{vocabulary}'"
        f" AND {alias}.code = {code}"
    )


NAMES: Final = "i.name_zh, i.name_en"
REGION: Final = "r.name_zh AS region_zh, r.name_en AS region_en"
UNIT: Final = "coalesce(u.symbol, u.name_zh) AS unit_zh, u.name_en AS unit_en"
