"""What can be wrong with a row of a submitted workbook, in the words of those who filled it in."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from pipelines.faults import Fault, RowFault


class Rule(NamedTuple):
    """What is wrong, in both languages, and what to do; with places for the facts of the case."""

    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


RULES: Final[Mapping[str, Rule]] = {
    # which figure it is
    "unknown_indicator": Rule(
        "指标不在本表应报之列",
        "the indicator is not asked for in this form",
        "恢复指标代码，或删除该行",
        "restore the code, or delete the row",
    ),
    "region_changed": Rule(
        "该指标不报这一地区",
        "the indicator is not asked for this region",
        "恢复地区代码，或删除该行",
        "restore the code, or delete the row",
    ),
    "repeated_row": Rule(
        "与前面一行的指标和地区相同",
        "an earlier row is of the same indicator and region",
        "删除多余的行",
        "delete one of them",
    ),
    "unit_changed": Rule(
        "计量单位被改动，应为“{due}”",
        "the unit was changed: it is {due}",
        "恢复计量单位，并按它填数",
        "restore the unit, and write the figure in it",
    ),
    "period_changed": Rule(
        "时期被改动，应为“{due}”",
        "the period was changed: it is {due}",
        "恢复时期，并按它填数",
        "restore the period, and write its figure",
    ),
    # what stands in the cell
    "formula": Rule(
        "单元格是公式，只收数值或文字",
        "the cell holds a formula; only figures and text are taken",
        "复制后选择性粘贴为数值",
        "paste it as a value",
    ),
    "not_a_number": Rule(
        "不是可识别的数值",
        "not a figure that can be read",
        "只写以“{unit}”为单位的数字，或连同单位写全",
        "write a number in the unit {unit}, or with its whole unit",
    ),
    "not_one_figure": Rule(
        "应填一个数，不收区间或算式",
        "one figure is due, no range and no sum",
        "只填一个数，其余写在说明栏",
        "write one figure, the rest into the note",
    ),
    "date_for_number": Rule(
        "单元格是日期，不是数值",
        "a date, not a number",
        "把单元格格式改为“常规”后重填",
        "set the format to General and write the figure again",
    ),
    "percent_format": Rule(
        "单元格为百分比格式，而计量单位为“{unit}”",
        "the cell is a percentage, but the unit is {unit}",
        "把单元格格式改为“数值”后重填",
        "set the format to Number and write the figure again",
    ),
    "percent_or_fraction": Rule(
        "是 {hundredfold}% 还是 {number}%？百分数不写成小数",
        "is it {hundredfold} % or {number} %?",
        "连同百分号写作“{hundredfold}%”或“{number}%”",
        "write it with its sign: {hundredfold}% or {number}%",
    ),
    "note_needed": Rule(
        "没有数的，须在说明栏写明原因",
        "a mark for no figure needs a reason in the note",
        "填写说明；只是暂时没有的，留空",
        "fill in the note; or leave the cell empty if the figure is yet to come",
    ),
    "unknown_bound": Rule(
        "“确数或界限”不是列表中的选项",
        "not one of the list: {codes}",
        "从下拉列表中选择",
        "choose from the list",
    ),
    # whether it can be right
    "out_of_range": Rule(
        "超出合理范围（{span}）",
        "outside the plausible range ({span})",
        "核对数值和计量单位（{unit}）；确实如此的，请联系登记册维护者",
        "check the figure and its unit ({unit}); if it is right, the register has to be changed",
    ),
    "rank_below_one": Rule("位次不能小于1", "a rank starts at 1", "改正位次", "correct the rank"),
    "not_whole": Rule(
        "折合 {value}，计数应为整数",
        "that is {value}: a count is a whole number",
        "核对数值和计量单位（{unit}）",
        "check the figure and its unit ({unit})",
    ),
    "scale_slip": Rule(
        "折合{value}，与{reference}相差悬殊",
        "that is {value_en}, far from {reference_en}",
        "{slip}；按“{unit}”填写",
        "write it in the unit {unit}",
    ),
    "cumulative_fell": Rule(
        "累计指标不应下降：上期（{when}）为{last}",
        "a cumulative stock does not fall: it was {last} ({when})",
        "核对数值；上期值有误的，请联系数据管理者",
        "check the figure; if the last one is wrong, tell the keepers of the data",
    ),
    "quarter_locked": Rule(
        "本季度已锁定，已接受的数为 {accepted}，改动须写明原因",
        "the quarter is locked; {accepted} was accepted, a change needs a reason",
        "填写“更正原因”，或报送时加 --reason",
        "fill in 更正原因, or submit with --reason",
    ),
}


def fault(rule: str, field: str, value: str | None, /, **facts: str) -> RowFault:
    """A broken rule, to be raised.

    Args:
        field: field of the column at fault; see `submission_workbook.COLUMNS`.
        value: what stands there.
        facts: what the words of the rule have places for.
    """
    words = Rule(*(text.format(**facts) for text in RULES[rule]))
    remedy = f"{words.remedy_zh} / {words.remedy_en}"
    return RowFault(Fault(rule, field, value, words.zh, words.en, remedy))
