"""Reads a published file once into what the pages show. All rows are plain mappings."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from assets.report.outcomes import with_outcome
from pipelines.query import Row, rows

if TYPE_CHECKING:
    import duckdb

# The row that answers a goal at its deadline is not always the latest one: it is looked up.
GOALS: Final = """
    WITH due AS (
        SELECT h.target_id, any_value(h.observation_id) AS due_observation,
               any_value(o.source_title) AS due_source, any_value(h.bound) AS due_bound,
               any_value(h.obs_period) AS due_period,
               any_value(o.quality) AS due_quality,
               any_value(h.attainment_pct) AS due_attainment
        FROM gap.gap_history h JOIN gap.gap_to_goal g USING (target_id)
        JOIN core.observation_vintages o ON o.observation_id = h.observation_id
        WHERE h.obs_year = g.target_year AND h.value = g.value_at_deadline
        GROUP BY ALL),
    seen AS (
        SELECT h.target_id, list({'ends': o.period_end, 'value': h.value, 'segment': h.segment}
                                 ORDER BY o.period_end) AS history
        FROM gap.gap_history h JOIN core.observation_vintages o USING (observation_id)
        GROUP BY h.target_id)
    SELECT g.*, due.* EXCLUDE (target_id), seen.history,
           t.year, t.printed, t.unit AS target_unit, t.is_quantified, t.is_implied,
           t.deadline_inferred, t.issued_on, t.responsible_units, t.note, t.reference_year,
           t.start_year, t.superseded_on,
           i.name_zh, i.name_en, i.theme, i.theme_zh, i.theme_en, i.measure,
           r.name_zh AS region_zh, r.name_en AS region_en,
           (SELECT max(o.period_end) FROM core.observations o
            WHERE o.indicator_id = g.indicator_id AND o.region_code = g.region_code
              AND year(o.period_end) = g.baseline_year AND o.value = g.baseline_value)
               AS baseline_on,
           s.title AS goal_source, s.section AS goal_section, s.source_id AS goal_source_id,
           s.url AS goal_url, s.published_on AS goal_published_on, s.kind AS goal_source_kind
    FROM gap.gap_to_goal g JOIN core.targets t USING (target_id)
    JOIN core.indicators i ON i.indicator_id = g.indicator_id
    JOIN core.regions r ON r.region_code = g.region_code
    JOIN core.target_sources s ON s.target_id = g.target_id AND s.source_no = 1
    LEFT JOIN due ON due.target_id = g.target_id
    LEFT JOIN seen ON seen.target_id = g.target_id
    ORDER BY t.year NULLS LAST, i.indicator_id, t.region_code, t.issued_on, t.target_id
"""

OBSERVATIONS: Final = """
    SELECT o.*, v.unit_printed, v.source_publisher, v.published_printed, v.published_basis, v.note,
           r.name_zh AS region_zh, r.name_en AS region_en, r.is_peer
    FROM core.observations o JOIN core.observation_vintages v USING (observation_id)
    JOIN core.regions r ON r.region_code = o.region_code
    ORDER BY r.is_peer, o.region_code, o.period_end DESC, o.period_type
"""

TRAJECTORIES: Final = """
    SELECT p.*, r.name_zh AS region_zh, r.name_en AS region_en
    FROM gap.trajectories p JOIN gap.gap_to_goal g USING (target_id)
    JOIN core.regions r ON r.region_code = p.region_code
    WHERE p.is_main AND g.is_live
    ORDER BY p.path_kind <> 'milestones', p.region_code <> '410000', p.path_id, p.year
"""

# What was published of a cell beside its value of record.
OTHER_VINTAGES: Final = """
    SELECT v.*, r.name_zh AS region_zh, r.name_en AS region_en
    FROM core.observation_vintages v
    JOIN core.observations o USING (indicator_id, region_code, period, period_type)
    JOIN core.regions r ON r.region_code = v.region_code
    WHERE v.observation_id <> o.observation_id
    ORDER BY v.period_end DESC, v.published_on DESC, v.observation_id
"""


@dataclass(frozen=True)
class Book:
    """Everything that the pages are made from.

    Attributes:
        build: the row of `meta.build`.
        goals: one row a target (`GOALS` with `with_outcome`), forecasts and superseded included.
        citations: all sources of the targets (`core.target_sources`).
        trajectories: paths from goal to goal, then the main path of each live goal, by year.
        observations: values of record; others: what else was published of the same cells.
        changes: rows of `meta.diff`.
        outlooks, projections, hindcasts: of Henan and of the places that have goals.
    """

    build: Row
    indicators: list[Row]
    goals: list[Row]
    citations: list[Row]
    revisions: list[Row]
    trajectories: list[Row]
    observations: list[Row]
    others: list[Row]
    documents: list[Row]
    statements: list[Row]
    regions: dict[str, Row]
    checks: list[Row]
    sources: list[Row]
    ledger: list[Row]
    rejected: list[Row]
    freshness: list[Row]
    completeness: list[Row]
    changes: list[Row]
    outlooks: list[Row]
    projections: list[Row]
    hindcasts: list[Row]

    @cached_property
    def indicator(self) -> dict[str, Row]:
        return {i["indicator_id"]: i for i in self.indicators}

    @cached_property
    def goal(self) -> dict[str, Row]:
        return {g["target_id"]: g for g in self.goals}

    @cached_property
    def live(self) -> list[Row]:
        """Goals that count: of plans, and not superseded."""
        return [g for g in self.goals if g["is_live"]]

    @cached_property
    def goals_of(self) -> dict[str, list[Row]]:
        return grouped(self.goals, "indicator_id")

    @cached_property
    def citations_of(self) -> dict[str, list[Row]]:
        return grouped(self.citations, "target_id")

    @cached_property
    def outlooks_of(self) -> dict[str, list[Row]]:
        return grouped(self.outlooks, "indicator_id")

    @cached_property
    def projections_of(self) -> dict[str, list[Row]]:
        return grouped(self.projections, "indicator_id")

    @cached_property
    def hindcasts_of(self) -> dict[str, list[Row]]:
        return grouped(self.hindcasts, "indicator_id")

    @cached_property
    def revisions_of(self) -> dict[str, list[Row]]:
        return grouped(self.revisions, "indicator_id")

    @cached_property
    def trajectories_of(self) -> dict[str, list[Row]]:
        return grouped(self.trajectories, "indicator_id")

    @cached_property
    def observations_of(self) -> dict[str, list[Row]]:
        return grouped(self.observations, "indicator_id")

    @cached_property
    def others_of(self) -> dict[str, list[Row]]:
        return grouped(self.others, "indicator_id")

    @cached_property
    def statements_of(self) -> dict[str, list[Row]]:
        return grouped(self.statements, "document_id")

    @cached_property
    def observation(self) -> dict[str, Row]:
        """Values of record and all others, by their id."""
        return {o["observation_id"]: o for o in (*self.observations, *self.others)}

    @cached_property
    def statement_of_observation(self) -> dict[str, Row]:
        """Statements that were registered as figures already reached."""
        return {s["observation_id"]: s for s in self.statements if s["observation_id"]}

    @cached_property
    def checks_of(self) -> dict[str, list[Row]]:
        """Findings by indicator, or by `""` where they tell of something else."""
        found: dict[str, list[Row]] = defaultdict(list)
        for check in self.checks:
            owner = (check["key"] or "").replace(":", "|").split("|")[0]
            found[owner if owner in self.indicator else ""].append(check)
        return found

    @cached_property
    def themes(self) -> list[Row]:
        """One row a theme in the order of the register, with its indicators."""
        found: dict[str, Row] = {}
        for i in self.indicators:
            theme = found.setdefault(
                i["theme"],
                {"theme": i["theme"], "name_zh": i["theme_zh"], "name_en": i["theme_en"],
                 "domain": i["domain"], "indicators": []},
            )  # fmt: skip
            theme["indicators"].append(i)
        return list(found.values())

    @cached_property
    def stale(self) -> list[Row]:
        """Series of Henan with goals whose latest figure is older than they allow, oldest first."""
        with_goals = {(g["indicator_id"], g["region_code"]) for g in self.live}
        return [
            f for f in self.freshness
            if f["is_stale"] and (f["indicator_id"], f["region_code"]) in with_goals
        ]  # fmt: skip


def read_book(connection: "duckdb.DuckDBPyConnection") -> Book:
    """Read a published file (schemas core, gap, meta) that is open read-only."""

    def table(name: str, order: str) -> list[Row]:
        return rows(connection, f"SELECT * FROM {name} ORDER BY {order}")

    def of_home(name: str, order: str) -> list[Row]:
        return rows(
            connection,
            f"""SELECT p.*, r.name_zh AS region_zh, r.name_en AS region_en
                FROM gap.{name} p JOIN core.regions r USING (region_code)
                WHERE NOT r.is_peer ORDER BY indicator_id, r.level, region_code, {order}""",
        )

    return Book(
        build=rows(connection, "SELECT * FROM meta.build")[0],
        indicators=table("core.indicators", "domain, theme, rowid"),
        goals=[with_outcome(g) for g in rows(connection, GOALS)],
        citations=table("core.target_sources", "target_id, source_no"),
        revisions=table("core.target_revisions", "indicator_id, issued_to, from_target_id"),
        trajectories=rows(connection, TRAJECTORIES),
        observations=rows(connection, OBSERVATIONS),
        others=rows(connection, OTHER_VINTAGES),
        documents=table("core.documents", "issued_on"),
        statements=table("core.statements", "statement_id"),
        regions={r["region_code"]: r for r in table("core.regions", "region_code")},
        checks=table(
            "meta.checks",
            "list_position(['error', 'warning', 'info'], severity), rule, key, check_id",
        ),
        sources=table("meta.sources", "source_id"),
        ledger=table("meta.ledger", "source_id"),
        rejected=table("core.rejected_rows", "source_id, source_row, field, rule"),
        freshness=table("meta.freshness", "age_days DESC, indicator_id, region_code"),
        completeness=rows(
            connection,
            """SELECT c.*, i.name_zh, i.name_en, r.name_zh AS region_zh, r.name_en AS region_en
               FROM core.completeness c JOIN core.indicators i USING (indicator_id)
               JOIN core.regions r USING (region_code)
               WHERE c.has_goal AND c.status IN ('late', 'missing')
               ORDER BY c.indicator_id, c.region_code, c.period_end DESC""",
        ),
        changes=table("meta.diff", "table_name, key, column_name, diff_id"),
        outlooks=of_home("outlook", "target_id"),
        projections=of_home("projections", "year"),
        hindcasts=of_home("hindcasts", "origin_year, year"),
    )


def grouped(found: Iterable[Mapping[str, Any]], key: str) -> dict[str, list[Any]]:
    """Rows by the value of a column; a missing key gives an empty list."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in found:
        groups[row[key]].append(row)
    return groups
