"""SDMX structures: what the two dataflows of the export are made of.

`OBSERVATIONS`: the values of record, by FREQ, REF_AREA, INDICATOR and TIME_PERIOD.
`GOALS`: one row a target, by REF_AREA, INDICATOR and TARGET. It has no time dimension, since a
target is no observation: two documents may set different figures for the same year, and some set
no year at all.

Choices:

* FREQ tells figures from January to a day or month apart from those of that month, and both from
  figures at a day: A, Q and M are those of the SDMX code list CL_FREQ, YTD (year to date) and PIT
  (point in time) are our own. The same TIME_PERIOD never collides.
* OBS_STATUS takes its codes from the SDMX code list CL_OBS_STATUS. B: the first observation of a
  series after a break of its scope. E: computed from printed figures, such as last year's value
  from this year's and the growth rate. V: handed in by a responsible unit and not validated by a
  statistical office. A: all others. P (provisional) is never used: publishers do not say so of
  their figures. A value in the media is not marked by a status: QUALITY tells.
* BOUND keeps the difference between an exact figure and 超、突破 (at least), which SDMX has no
  status for.
* UNIT_MULT is 0 throughout: no value is scaled. DECIMALS is left out, since a value printed in
  亿元 has fewer certain digits than its yuan show; TOLERANCE is half of the last printed digit.
* Version 1.0 of two parts: the code lists of indicators and areas grow with the register, and in
  SDMX 3.0 only artefacts of such a version may change. What a data file was made from is told by
  its BUILD_ID. The number goes up when a component is added, removed or changes its meaning.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pysdmx.model import (
    Code,
    Codelist,
    Component,
    Components,
    Concept,
    ConceptScheme,
    Dataflow,
    DataStructureDefinition,
    DataType,
    ItemReference,
    Role,
    Schema,
)

from assets.exports.content import Content, unit_label
from pipelines.query import rows
from schemas.vocabulary import Label

if TYPE_CHECKING:
    import duckdb

AGENCY: Final = "DUIBIAO"
VERSION: Final = "1.0"
SCHEME: Final = "CS_DUIBIAO"

# pysdmx knows one language. Both names travel in one text and are parted in the finished XML.
PARTING: Final = "\u241f"

FREQUENCIES: Final = {
    "annual": ("A", Label("年度", "Annual")),
    "quarterly": ("Q", Label("季度", "Quarterly")),
    "monthly": ("M", Label("月度", "Monthly")),
    "year_to_date": ("YTD", Label("年初累计", "Year to date")),
    "point_in_time": ("PIT", Label("时点", "Point in time")),
}
OBS_STATUSES: Final = {
    "A": Label("正常值", "Normal value"),
    "B": Label("口径变动后的首个值", "Time series break: first value of a new scope"),
    "E": Label("推算值", "Estimated value: computed from printed figures"),
    "V": Label("未经审定的报送值", "Unvalidated value: as submitted"),
}

Column = tuple[str, Label, DataType, str | None]  # id, name, type, code list

OBSERVATION_DIMENSIONS: Final[tuple[Column, ...]] = (
    ("FREQ", Label("时期类型", "Frequency"), DataType.STRING, "CL_FREQ"),
    ("REF_AREA", Label("地区", "Reference area"), DataType.STRING, "CL_AREA"),
    ("INDICATOR", Label("指标", "Indicator"), DataType.STRING, "CL_INDICATOR"),
    ("TIME_PERIOD", Label("时期", "Time period"), DataType.PERIOD, None),
)
OBSERVATION_MEASURES: Final[tuple[Column, ...]] = (
    ("OBS_VALUE", Label("数值", "Observation value"), DataType.DOUBLE, None),
)
OBSERVATION_ATTRIBUTES: Final[tuple[Column, ...]] = (
    ("UNIT_MEASURE", Label("单位", "Unit of measure"), DataType.STRING, "CL_UNIT"),
    ("UNIT_MULT", Label("单位倍数（10的幂）", "Unit multiplier, power of 10"), DataType.INTEGER,
     None),
    ("OBS_STATUS", Label("观测状态", "Observation status"), DataType.STRING, "CL_OBS_STATUS"),
    ("BOUND", Label("确数或界限", "Exact or bound"), DataType.STRING, "CL_BOUND"),
    ("TOLERANCE", Label("报告精度", "Half of the last printed digit"), DataType.DOUBLE, None),
    ("QUALITY", Label("来源等级", "Quality of the source"), DataType.STRING, "CL_QUALITY"),
    ("PRINTED", Label("原文数值", "Figure as printed"), DataType.STRING, None),
    ("SOURCE", Label("出处", "Source"), DataType.STRING, None),
    ("SOURCE_URL", Label("网址", "Address of the source"), DataType.STRING, None),
    ("PUBLISHED_ON", Label("发布日期", "Day of publication"), DataType.DATE, None),
    ("COMMENT", Label("备注", "Comment"), DataType.STRING, None),
    ("BUILD_ID", Label("构建代码", "Build of the data"), DataType.STRING, None),
)  # fmt: skip
GOAL_DIMENSIONS: Final[tuple[Column, ...]] = (
    *OBSERVATION_DIMENSIONS[1:3],
    ("TARGET", Label("目标代码", "Target"), DataType.STRING, None),
)
GOAL_MEASURES: Final[tuple[Column, ...]] = (
    ("TARGET_VALUE", Label("折算目标值", "Target, in the unit of the series"), DataType.DOUBLE,
     None),
    ("VALUE_AT_DEADLINE", Label("期末值", "Value at the deadline"), DataType.DOUBLE, None),
    ("LATEST_VALUE", Label("最新值", "Latest value"), DataType.DOUBLE, None),
    ("GAP_ABS", Label("最新绝对差距", "Absolute gap of the latest value"), DataType.DOUBLE, None),
    ("ATTAINMENT_PCT", Label("最新完成率（%）", "Attainment by the latest value, per cent"),
     DataType.DOUBLE, None),
)  # fmt: skip
GOAL_ATTRIBUTES: Final[tuple[Column, ...]] = (
    *OBSERVATION_ATTRIBUTES[:2],
    ("DUE_YEAR", Label("目标年", "Year at whose end it is due"), DataType.STRING, None),
    ("OPERATOR", Label("比较方式", "Operator"), DataType.STRING, "CL_OPERATOR"),
    ("VALUE_KIND", Label("目标类型", "Kind of figure"), DataType.STRING, "CL_VALUE_KIND"),
    ("STANDING", Label("来源性质", "Standing"), DataType.STRING, "CL_STANDING"),
    ("COMMITMENT", Label("承诺性质", "Commitment"), DataType.STRING, "CL_COMMITMENT"),
    ("STATUS", Label("状态", "Verdict"), DataType.STRING, "CL_STATUS"),
    ("LATEST_PERIOD", Label("最新时期", "Period of the latest value"), DataType.STRING, None),
    ("BOUND", Label("确数或界限", "Exact or bound"), DataType.STRING, "CL_BOUND"),
    ("PRINTED", Label("原文数值", "Figure as printed"), DataType.STRING, None),
    ("AS_OF", Label("截至日", "Only what was published by this day was used"), DataType.DATE, None),
    ("BUILD_ID", Label("构建代码", "Build of the data"), DataType.STRING, None),
)  # fmt: skip

# Attributes of a whole dataflow or of an indicator; all others belong to the observation.
ATTACHED: Final = {"UNIT_MULT": "D", "BUILD_ID": "D", "AS_OF": "D", "UNIT_MEASURE": "INDICATOR"}
REQUIRED: Final = {"UNIT_MEASURE", "UNIT_MULT", "OBS_STATUS", "BOUND", "QUALITY", "PRINTED",
                   "SOURCE", "PUBLISHED_ON", "OPERATOR", "STATUS", "BUILD_ID", "AS_OF",
                   "OBS_VALUE"}  # fmt: skip
OPTIONAL_IN_GOALS: Final = {"BOUND", "PRINTED"}

FLOWS: Final = {
    "OBSERVATIONS": (
        Label("采用值", "Values of record"),
        OBSERVATION_DIMENSIONS, OBSERVATION_MEASURES, OBSERVATION_ATTRIBUTES,
    ),
    "GOALS": (
        Label("目标及差距", "Targets and their gaps"),
        GOAL_DIMENSIONS, GOAL_MEASURES, GOAL_ATTRIBUTES,
    ),
}  # fmt: skip


def sdmx_id(code: str) -> str:
    """A code as SDMX allows it: Gbit/s is Gbit_s."""
    return code.replace("/", "_")


def codelists(connection: "duckdb.DuckDBPyConnection", content: Content) -> dict[str, Codelist]:
    """All code lists, in both languages."""
    indicators = rows(connection, "SELECT * FROM core.indicators ORDER BY indicator_id")
    regions = rows(connection, "SELECT * FROM core.regions ORDER BY region_code")
    units = sorted(
        {row["unit"] for row in indicators}
        | {row["unit"] for row in rows(connection, "SELECT unit FROM gap.gap_to_goal")}
    )
    lists: dict[str, tuple[Label, Iterable[tuple[str, Label]]]] = {
        "CL_FREQ": (Label("时期类型", "Frequency"), FREQUENCIES.values()),
        "CL_AREA": (
            Label("地区（国标代码及自编代码）", "Areas (GB/T 2260 and own codes)"),
            [(r["region_code"], Label(r["name_zh"], r["name_en"])) for r in regions],
        ),
        "CL_INDICATOR": (
            Label("指标", "Indicators"),
            [(r["indicator_id"], Label(r["name_zh"], r["name_en"])) for r in indicators],
        ),
        "CL_UNIT": (Label("计量单位", "Units"), [(u, unit_label(u)) for u in units]),
        "CL_OBS_STATUS": (Label("观测状态", "Observation status"), OBS_STATUSES.items()),
    }
    for name, vocabulary, label in (
        ("CL_BOUND", "BOUNDS", Label("确数或界限", "Exact or bound")),
        ("CL_QUALITY", "QUALITIES", Label("来源等级", "Quality of the source")),
        ("CL_OPERATOR", "OPERATORS", Label("比较方式", "Operators")),
        ("CL_VALUE_KIND", "VALUE_KINDS", Label("目标类型", "Kinds of figure")),
        ("CL_STANDING", "STANDINGS", Label("来源性质", "Standings")),
        ("CL_COMMITMENT", "COMMITMENTS", Label("承诺性质", "Commitments")),
        ("CL_STATUS", "STATUSES", Label("状态", "Verdicts")),
    ):
        lists[name] = (label, content.codes[vocabulary].items())
    return {
        name: Codelist(
            id=name, name=_both(title), agency=AGENCY, version=VERSION,
            items=[Code(id=sdmx_id(code), name=_both(label)) for code, label in codes],
        )
        for name, (title, codes) in lists.items()
    }  # fmt: skip


def concepts() -> ConceptScheme:
    """One concept a component; components of the same id share theirs."""
    found = {
        name: label
        for _, *groups in FLOWS.values()
        for group in groups
        for name, label, _, _ in group
    }
    return ConceptScheme(
        id=SCHEME, name=_both(Label("对标的概念", "Concepts of duibiao")), agency=AGENCY,
        version=VERSION,
        items=[Concept(id=name, name=_both(label)) for name, label in found.items()],
    )  # fmt: skip


def data_structures(lists: dict[str, Codelist]) -> list[DataStructureDefinition]:
    """The data structure of each dataflow, under the dataflow's own id."""
    found = []
    for flow, (label, dimensions, measures, attributes) in FLOWS.items():
        parts = [
            *(_component(flow, c, Role.DIMENSION, lists) for c in dimensions),
            *(_component(flow, c, Role.MEASURE, lists) for c in measures),
            *(_component(flow, c, Role.ATTRIBUTE, lists) for c in attributes),
        ]
        found.append(
            DataStructureDefinition(
                id=flow, name=_both(label), agency=AGENCY, version=VERSION,
                components=Components(parts),
            )
        )  # fmt: skip
    return found


def dataflows(structures: Sequence[DataStructureDefinition]) -> list[Dataflow]:
    """One dataflow a data structure."""
    return [
        Dataflow(id=s.id, name=s.name, agency=AGENCY, version=VERSION, structure=s)
        for s in structures
    ]


def schema_of(structure: DataStructureDefinition) -> Schema:
    """What a data file of the dataflow may hold."""
    return Schema(
        context="dataflow", agency=AGENCY, id=structure.id, version=VERSION,
        components=structure.components,
    )  # fmt: skip


def _component(flow: str, column: Column, role: Role, lists: dict[str, Codelist]) -> Component:
    name, label, kind, codes = column
    required = name in REQUIRED and not (flow == "GOALS" and name in OPTIONAL_IN_GOALS)
    more: dict[str, Any] = {"local_codes": lists[codes]} if codes else {"local_dtype": kind}
    if role == Role.ATTRIBUTE:
        more["attachment_level"] = ATTACHED.get(name, "O")
    return Component(
        id=name,
        required=role == Role.DIMENSION or required,
        role=role,
        concept=ItemReference("Concept", AGENCY, SCHEME, VERSION, name),
        name=label.en,
        **more,
    )


def _both(label: Label) -> str:
    return f"{label.en}{PARTING}{label.zh}"
