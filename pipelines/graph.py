"""The whole graph, once: each step with what it reads and writes, in the order of the flow.

A step is a plain function from frames to frames. `run.py` calls the steps one after the other in
one process; `definitions.py` shows the same steps as Dagster assets. This is a composition root:
with `definitions.py` the only place in this package that knows the assets.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from assets import flow
from assets.catalogue import load_catalogue
from assets.regions import load_regions, provinces_of
from assets.register import load_themes
from assets.warehouse import MACROS, VIEWS
from pipelines import submit
from pipelines.collect import collect
from pipelines.settings import Settings
from pipelines.source_state import SourceState
from pipelines.yamlfile import RegisterError

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Context:
    """What a step may know beside its frames: where things lie, and the as-of day."""

    settings: Settings
    as_of: dt.date


StepFunction = Callable[[Context, Frames], dict[str, pl.DataFrame]]


@dataclass(frozen=True)
class Step:
    """One step of the flow.

    Attributes:
        name: name of the Dagster asset.
        group: asset group: register, landing, observations, gaps, checks.
        reads, writes: names of frames; those of `schemas` tables keep their contracts.
        zh, en: what it does, for people.
        theme: of a step that judges the rows of one theme.
        by_indicator: the frame that may be divided by indicator, each part with the other frames
            whole; null where the step needs all rows together.
    """

    name: str
    group: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    zh: str
    en: str
    function: StepFunction
    theme: str | None = None
    by_indicator: str | None = None

    def __call__(self, context: Context, frames: Frames) -> dict[str, pl.DataFrame]:
        """Run the step on the frames that it reads."""
        made = self.function(context, {name: frames[name] for name in self.reads})
        assert set(made) == set(self.writes), f"{self.name} made {sorted(made)}"
        return made


# Runs steps that do not read of each other: the frames of all of them.
Engine = Callable[[Sequence[Step], Context, Frames], dict[str, pl.DataFrame]]


def here(group: Sequence[Step], context: Context, frames: Frames) -> dict[str, pl.DataFrame]:
    """The embedded engine: one step after the other, in this process."""
    if len(group) > 1 and all(step.theme for step in group):
        names = [step.theme for step in group if step.theme]
        return flow.themes(names, {name: frames[name] for name in group[0].reads})  # one pass
    return {name: frame for step in group for name, frame in step(context, frames).items()}


__all__ = [
    "MACROS", "VIEWS", "Context", "Engine", "Frames", "Step", "ask_sources", "here", "steps",
]  # fmt: skip

REGISTER_TABLES = (
    "documents", "regions", "indicators", "targets", "target_sources", "target_revisions",
)  # fmt: skip


def steps(settings: Settings) -> Sequence[Step]:
    """All steps in an order in which each finds what it reads."""
    themes = load_themes(settings.register)
    observation_steps = [
        Step(
            name=theme.id,
            group="observations",
            reads=(
                "parsed_rows",
                "indicators",
                "targets_of_register",
                "document_observations",
                "landings",
                "series_breaks",
                "lifted_rules",
            ),
            writes=(f"vintages_{theme.id}", f"refused_{theme.id}"),
            zh=f"{theme.name.zh}：按文件目标检验后的观测值",
            en=f"{theme.name.en}: observations checked against the documented targets",
            function=partial(_theme, theme.id),
            theme=theme.id,
            by_indicator="parsed_rows",
        )
        for theme in themes
    ]
    parts = tuple(name for step in observation_steps for name in step.writes)
    return (
        Step(
            "register", "register", (),
            (*REGISTER_TABLES, "series_breaks", "targets_of_register", "document_observations",
             "statements_of_register", "register_findings"),
            "登记册：文件、条目、指标、目标及其调整",
            "The register: documents, statements, indicators, targets and their revisions",
            lambda c, _: flow.register(c.settings, c.as_of),
        ),
        Step(
            "landing", "landing", (), ("landings", "landing_findings"),
            "落地：每个来源的原始字节、摘要与验收结论",
            "Landing: the bytes of each source, their SHA-256 and the verdict on them",
            lambda c, _: flow.landing(c.settings),
        ),
        Step(
            "parsed_rows", "observations", ("landings", "indicators", "regions"),
            ("parsed_rows", "lifted_rules", "refused_while_parsing", "source_findings", "rows_in"),
            "解析：印刷数值化为基本单位，逐行接受或拒绝",
            "Parsing: printed figures in base units, every row accepted or refused",
            lambda c, f: flow.parse(c.settings, f),
        ),
        *observation_steps,
        Step(
            "observation_vintages", "observations",
            ("rows_in", "document_observations", "refused_while_parsing", *parts),
            ("observation_vintages", "rejected_rows", "ledger"),
            "全部发布值（含历次）、被拒绝的行、行数核对",
            "Everything ever published, the refused rows, and the count of both",
            lambda c, f: flow.vintages(f, c.as_of),
        ),
        Step(
            "observations", "observations", ("observation_vintages",), ("observations",),
            "采用值：每个指标、地区、时期一个，并注明胜过哪些值",
            "The value of record for each indicator, region and period, and what it beat",
            lambda c, f: flow.observations(f, c.as_of),
            by_indicator="observation_vintages",
        ),
        Step(
            "past_errors", "gaps", (*REGISTER_TABLES, "series_breaks", "observation_vintages"),
            ("targets_by_day", "past_errors", "past_quantiles"),
            "每个变化日所知的目标，以及以往预测的误差",
            "By day of change: the goals that were known, and the errors of past projections",
            lambda c, f: flow.past_errors(f, c.as_of),
        ),
        Step(
            "gap_to_goal", "gaps",
            ("targets_by_day", "indicators", "regions", "series_breaks", "observation_vintages",
             "past_errors", "past_quantiles"),
            ("gap_to_goal", "gap_history", "gap_by_day"),
            "目标差距：每个目标一行，另有历次与逐日差距",
            "Gap to goal: one row a target; also at every observation and on every day of change",
            lambda c, f: flow.gaps(f, c.as_of),
            by_indicator="observation_vintages",
        ),
        Step(
            "outlook", "gaps",
            ("observation_vintages", "indicators", "regions", "series_breaks", "gap_to_goal"),
            ("projections", "outlook", "hindcasts", "projection_skill", "outlook_findings"),
            "展望：各序列的预测、区间与概率，以及历史预测的检验",
            "Outlook: projections with intervals and chances, and how past projections fared",
            lambda c, f: flow.outlook(f, c.as_of),
        ),
        Step(
            "trajectories", "gaps",
            ("gap_to_goal", "gap_history", "targets", "indicators", "observation_vintages",
             "series_breaks"),
            ("trajectories",),
            "预期路径：每个目标逐年应达到多少，实际是多少",
            "Trajectories: what each goal asks for year by year, and where the series stood",
            lambda _, f: flow.trajectories(f),
        ),
        Step(
            "index", "gaps",
            ("targets", "indicators", "regions", "observation_vintages", "gap_to_goal",
             "gap_history"),
            ("index_scores", "index_members", "index_sensitivity", "index_findings"),
            "评估指数：得分、成员、稳健性，冻结年份不动",
            "Evaluation indices: scores, members, robustness; frozen years stand as they are",
            lambda c, f: flow.indices(c.settings, f, c.as_of),
        ),
        Step(
            "statements", "checks",
            ("statements_of_register", "documents", "observation_vintages", "targets"),
            ("statements",),
            "文件原文条目及其去向",
            "Every statement of the documents and what became of it",
            lambda _, f: flow.statements(f),
        ),
        Step(
            "revisions", "checks", ("observation_vintages",), ("revisions",),
            "数据修订：发布者改动了自己的哪些数",
            "Revisions: what publishers changed of their own figures",
            lambda _, f: flow.revisions(f),
        ),
        Step(
            "submissions", "checks", (), ("submissions", "owed_figures", "submission_findings"),
            "季度报送：谁该报什么、报了没有",
            "Quarterly submissions: who owes what, and what came",
            _submissions,
        ),
        Step(
            "levels", "checks",
            ("observation_vintages", "observations", "indicators", "targets", "regions",
             "owed_figures"),
            ("rollups", "completeness"),
            "上下级合计与数据齐全程度",
            "Parts against wholes, and which periods are there, late or missing",
            lambda c, f: flow.levels(f, c.as_of),
        ),
        Step(
            "sources", "landing", ("landings", "observation_vintages"),
            ("sources", "answer_findings"),
            "数据源：是否应答、数据多旧、下次何时发布",
            "Sources: how each answered, how old it is, when its next figures are due",
            lambda c, f: flow.sources(c.settings, f, c.as_of),
        ),
        Step(
            "checks", "checks",
            ("register_findings", "landing_findings", "source_findings", "answer_findings",
             "submission_findings", "outlook_findings", "index_findings", "series_breaks",
             "revisions", "rollups",
             "rejected_rows", "observations", "indicators", "regions", "targets", "statements",
             "gap_to_goal"),
            ("checks", "freshness"),
            "检查：需要人看的发现，以及数据新旧",
            "Checks: findings for a human, and the age of each series",
            lambda c, f: flow.checks(f, c.as_of),
        ),
    )  # fmt: skip


def ask_sources(
    settings: Settings,
    *,
    only: Collection[str] = (),
    offline: bool = False,
    peers: bool = False,
    say: Callable[[SourceState], None] = lambda state: None,
) -> list[SourceState]:
    """Ask every source on record, and take in what people dropped; see `collect`."""
    catalogue = load_catalogue(settings.sources)
    provinces = provinces_of(load_regions(settings.data / "regions.csv"))
    return collect(
        settings, catalogue.feeds, provinces, only=only, offline=offline, peers=peers, say=say
    )


def _submissions(context: Context, frames: Frames) -> dict[str, pl.DataFrame]:
    del frames  # the workbooks that landed, and the register's files
    try:
        found = submit.standing(context.settings, context.as_of)
    except (RegisterError, LookupError) as error:  # no reason not to publish everything else
        found = submit.no_standing(error)
    return {
        "submissions": found.table,
        "owed_figures": found.owed,
        "submission_findings": flow.findings_frame(found.findings),
    }


def _theme(theme: str, context: Context, frames: Frames) -> dict[str, pl.DataFrame]:
    del context  # a theme looks at its rows only
    return flow.themes([theme], frames)
