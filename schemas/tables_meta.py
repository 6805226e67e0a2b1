"""Contracts of schema `meta`: what a build is made of, what its columns mean, what was found."""

import datetime as dt

from schemas import vocabulary as v
from schemas.contract import Table, column, table

SHA256 = "[0-9a-f]{64}"
BUILD_ID = r"\d{8}T\d{6}Z-[0-9a-f]{8}"

INPUT_KINDS: v.Codes = {
    "register": v.Label("登记册", "register, regions, corrections or indices"),
    "published": v.Label("已发布数据", "published data"),
    "landed": v.Label("落地文件", "what sources delivered, and how they answered"),
    "code": v.Label("程序", "program"),
}
CHANGES: v.Codes = {
    "added": v.Label("新增", "added"),
    "removed": v.Label("删除", "removed"),
    "changed": v.Label("改动", "changed"),
}


@table("meta", zh="本次构建", en="This build", key=("build_id",), min_rows=1)
class Build(Table):
    build_id: str = column("构建代码", "build id: moment in UTC and content", pattern=BUILD_ID)
    created_at: dt.datetime = column("构建时间", "moment of the build (Asia/Shanghai)")
    as_of: dt.date = column("截至日", "day as of which everything is computed")
    code_version: str = column("程序版本", "version of the program")
    code_sha256: str = column("程序摘要", "SHA-256 of the program", pattern=SHA256)
    inputs_sha256: str = column("输入摘要", "SHA-256 of all inputs", pattern=SHA256)
    content_sha256: str = column(
        "内容摘要", "SHA-256 of all tables but build, inputs and diff", pattern=SHA256
    )
    duckdb_version: str = column("DuckDB 版本", "version of DuckDB that wrote the file")
    polars_version: str = column("polars 版本", "version of polars that computed it")
    storage_version: str = column("存储格式版本", "oldest DuckDB that opens the file")
    rows_in: int = column("读入行数", "rows read from all sources", unit="rows", ge=0)
    rows_accepted: int = column("采用行数", "rows accepted", unit="rows", ge=0)
    rows_rejected: int = column("拒绝行数", "rows rejected", unit="rows", ge=0)
    previous_build_id: str = column(
        "上一次构建", "build that was live before", nullable=True, pattern=BUILD_ID
    )


@table("meta", zh="输入文件", en="Files that went into this build", key=("path",))
class Inputs(Table):
    path: str = column("路径", "path, relative to the project")
    sha256: str = column("摘要", "SHA-256 of the bytes", pattern=SHA256)
    bytes: int = column("大小", "size", unit="bytes", ge=0)
    kind: str = column("类别", "kind of input", codes=INPUT_KINDS)


@table(
    "meta",
    zh="数据字典",
    en="Dictionary of every column",
    key=("schema_name", "table_name", "column_name"),
    min_rows=1,
)
class Dictionary(Table):
    schema_name: str = column("模式", "schema")
    table_name: str = column("表", "table")
    column_no: int = column("列序", "place in the table, from 1", ge=1)
    column_name: str = column("列", "column")
    sql_type: str = column("类型", "type in DuckDB")
    unit: str = column("单位", "unit of measurement", nullable=True)
    zh: str = column("含义", "meaning, Chinese")
    en: str = column("含义（英文）", "meaning, English")
    formula: str = column("公式", "how it is computed", nullable=True)
    codes: str = column("取值", "codes: code=Chinese/English, by semicolons", nullable=True)
    nullable: bool = column("可为空", "may be null")
    is_key: bool = column("是否主键", "part of the primary key")
    refers_to: str = column("外键", "schema.table.column that holds its values", nullable=True)


@table("meta", zh="代码表", en="Codes and what they mean", key=("vocabulary", "code"), min_rows=1)
class Codes(Table):
    vocabulary: str = column("代码集", "vocabulary")
    code: str = column("代码", "code")
    position: int = column("次序", "place in the vocabulary, from 1", ge=1)
    zh: str = column("含义", "meaning, Chinese")
    en: str = column("含义（英文）", "meaning, English")


@table("meta", zh="检查发现", en="Findings of the checks", key=("check_id",))
class Checks(Table):
    check_id: str = column("发现代码", "finding id")
    severity: str = column("严重程度", "severity", codes=v.SEVERITIES)
    rule: str = column("规则", "rule that found it")
    table_name: str = column("表", "table that it is about", nullable=True)
    key: str = column("主键", "key of the row that it is about", nullable=True)
    message_zh: str = column("说明", "what was found, Chinese")
    message_en: str = column("说明（英文）", "what was found, English")
    remedy: str = column("建议", "what to do", nullable=True)


@table("meta", zh="数据新旧", en="Age of the latest figure", key=("indicator_id", "region_code"))
class Freshness(Table):
    indicator_id: str = column("指标", "indicator", references="indicators.indicator_id")
    region_code: str = column("地区", "region", references="regions.region_code")
    latest_period: str = column("最新时期", "latest period observed", nullable=True)
    latest_period_end: dt.date = column("最新时期止", "last day of that period", nullable=True)
    age_days: int = column(
        "数据年龄", "age of the latest period", unit="days",
        formula="as_of - latest_period_end", nullable=True,
    )  # fmt: skip
    stale_after_days: int = column("陈旧阈值", "age at which it is stale", unit="days", ge=0)
    is_stale: bool = column("是否陈旧", "older than that", formula="age_days > stale_after_days")
    latest_published_on: dt.date = column("最近发布日期", "latest publication", nullable=True)
    observation_count: int = column("观测数", "periods observed", ge=0)


@table(
    "meta",
    zh="落地文件",
    en="Bytes that each source delivered, and how they were judged",
    key=("source_id", "landing_no"),
)
class Landings(Table):
    source_id: str = column("数据源", "source")
    landing_no: int = column(
        "落地序号", "order of the landings of the source; 0 for a file of the project", ge=0
    )
    part: str = column("部分", "what of the source it is: a table of one region, an article")
    file: str = column("文件", "file, relative to the data folder")
    sha256: str = column("摘要", "SHA-256 of the bytes", pattern=SHA256)
    bytes: int = column("大小", "size", unit="bytes", ge=0)
    landed_at: dt.datetime = column(
        "落地时间", "moment of landing (Asia/Shanghai); of a file of the project: day of collection"
    )
    verdict: str = column("验收结论", "verdict on the landing", codes=v.VERDICTS)
    reason: str = column("理由", "why it was quarantined, or accepted by hand", nullable=True)
    origin: str = column("来路", "where the bytes came from")


@table("meta", zh="数据源", en="Sources and how they answered", key=("source_id",))
class Sources(Table):
    source_id: str = column("数据源", "source")
    title_zh: str = column("名称", "title, Chinese")
    title_en: str = column("英文名称", "title, English")
    publisher_zh: str = column("发布者", "publisher, Chinese")
    publisher_en: str = column("发布者（英文）", "publisher, English")
    terms_zh: str = column("许可或条件", "licence or terms, Chinese")
    terms_en: str = column("许可或条件（英文）", "licence or terms, English")
    cadence_zh: str = column("更新频率", "cadence, Chinese")
    cadence_en: str = column("更新频率（英文）", "cadence, English")
    url: str = column("网址", "page for people", nullable=True)
    feeds: str = column("供数指标", "indicators that it feeds, separated by commas", nullable=True)
    state: str = column("状态", "how it answered when it was last asked", codes=v.SOURCE_STATES)
    last_good_on: dt.date = column("最近验收日", "day of its last accepted landing", nullable=True)
    age_days: int = column(
        "验收距今", "age of that landing", unit="days", formula="as_of - last_good_on",
        nullable=True,
    )  # fmt: skip
    latest_period: str = column("最新时期", "latest period that it measured", nullable=True)
    latest_period_end: dt.date = column("最新时期止", "last day of that period", nullable=True)
    next_expected_on: dt.date = column(
        "预计下次发布", "day on which its next figures are due", nullable=True
    )
    error_zh: str = column("最近错误", "what went wrong last, Chinese", nullable=True)
    error_en: str = column("最近错误（英文）", "what went wrong last, English", nullable=True)
    remedy: str = column("建议", "what to do about it", nullable=True)


@table("meta", zh="行数核对", en="Rows in = rows accepted + rows rejected", key=("source_id",))
class Ledger(Table):
    source_id: str = column("数据源", "source")
    rows_in: int = column("读入行数", "rows read", unit="rows", ge=0)
    rows_accepted: int = column("采用行数", "rows accepted", unit="rows", ge=0)
    rows_confirmed: int = column(
        "其中重复确认", "of these: repeat the last vintage, and make no new one", unit="rows", ge=0
    )
    rows_rejected: int = column("拒绝行数", "rows rejected", unit="rows", ge=0)


@table("meta", zh="与上一次构建的差异", en="Changes since the last build", key=("diff_id",))
class Diff(Table):
    diff_id: str = column("差异代码", "difference id: table|key|column or change")
    table_name: str = column("表", "table")
    key: str = column("主键", "key of the row, its columns joined by |")
    change: str = column("变动", "kind of change", codes=CHANGES)
    column_name: str = column("列", "column that changed", nullable=True)
    old_value: str = column("旧值", "value in the last build", nullable=True)
    new_value: str = column("新值", "value in this build", nullable=True)


META_TABLES: tuple[type[Table], ...] = (
    Build, Inputs, Dictionary, Codes, Checks, Freshness, Landings, Sources, Ledger, Diff,
)  # fmt: skip

__all__ = [m.__name__ for m in META_TABLES] + ["META_TABLES"]
