"""Contract of table `submissions`: who owes what at the end of a quarter, and what came in."""

import datetime as dt
from typing import Final

from schemas.contract import Table, column, table
from schemas.tables_core import REGION, SLUG
from schemas.vocabulary import Codes, Label

SUBMISSION_STATUSES: Final[Codes] = {
    "not_due": Label("未到期", "the quarter has not ended"),
    "due": Label("待报", "due, still in time"),
    "received": Label("已报", "every figure came in time"),
    "partial": Label("部分已报", "some of the figures came"),
    "late": Label("迟报", "every figure came, the last of them late"),
    "missing": Label("缺报", "nothing came, and it is late"),
}


@table(
    "core",
    zh="季度报送：谁该报什么、何时报、报了没有",
    en="Quarterly submissions: who owes what, until when, and what came",
    key=("unit_id", "region_code", "quarter"),
)
class Submissions(Table):
    unit_id: str = column("责任单位代码", "id of the responsible unit", pattern=SLUG)
    unit_zh: str = column("责任单位", "responsible unit, as the documents print it")
    unit_en: str = column("责任单位（英文）", "responsible unit, English")
    region_code: str = column(
        "报送地区",
        "region that it reports for",
        pattern=REGION,
        references="regions.region_code",
    )
    quarter: str = column("季度", "quarter", pattern=r"\d{4}-Q[1-4]")
    due_on: dt.date = column(
        "截止日期", "last day in time", formula="end of quarter + due_days_after_quarter_end"
    )
    locked_on: dt.date = column(
        "锁定日期",
        "day from which on a changed figure needs a reason",
        formula="due_on + locked_days_after_due",
    )
    indicators_owed: int = column("应报指标数", "indicators that are owed", ge=0)
    figures_owed: int = column("应报数值个数", "figures that are owed: indicator by region", ge=0)
    figures_accepted: int = column("已接受个数", "owed figures that were accepted so far", ge=0)
    figures_refused: int = column("被拒绝个数", "rows refused in the newest workbook", ge=0)
    received_on: dt.date = column(
        "首次收到日期", "day on which the first usable workbook came", nullable=True
    )
    last_received_on: dt.date = column(
        "最近收到日期", "day on which the newest usable workbook came", nullable=True
    )
    resubmissions: int = column("重报次数", "usable workbooks after the first", ge=0)
    status: str = column("状态", "status as of the day", codes=SUBMISSION_STATUSES)
    landing_sha256: str = column(
        "最近落地文件摘要",
        "SHA-256 of the newest usable workbook",
        nullable=True,
        pattern="[0-9a-f]{64}",
    )


SUBMISSION_TABLES: tuple[type[Table], ...] = (Submissions,)

__all__ = ["SUBMISSION_STATUSES", "SUBMISSION_TABLES", "Submissions"]
