"""Read-only tests of the published file; analysts can run them on theirs.

    python -m pytest tests/data

They read the live build of DUIBIAO_ROOT where that is set, else a build of the committed data.
"""

import os
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.builds import open_readonly
from pipelines.settings import ROOT_VARIABLE, Settings
from schemas.contract import TABLES, columns_of, info_of
from schemas.tables import DATA_TABLES
from schemas.tables_meta import META_TABLES

MODELS = [*DATA_TABLES, *META_TABLES]
NAMES = [info_of(m).name for m in MODELS]


@pytest.fixture(scope="module")
def file(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    named = os.environ.get(ROOT_VARIABLE)
    settings = Settings.default() if named else request.getfixturevalue("published")
    connection = open_readonly(settings)
    yield connection
    connection.close()


def rows(file: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return file.execute(sql).fetchall()


@pytest.mark.parametrize("name", NAMES)
def test_codes_keys_references_and_numbers(name: str, file: duckdb.DuckDBPyConnection) -> None:
    model = TABLES[name]
    info = info_of(model)
    table = f"{info.schema}.{info.name}"
    key = ", ".join(f'"{k}"' for k in info.key)
    assert rows(file, f"SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1") == []
    for c in columns_of(model):
        quoted = f'"{c.name}"'
        if not c.nullable:
            assert rows(file, f"SELECT 1 FROM {table} WHERE {quoted} IS NULL LIMIT 1") == []
        if c.codes is not None:
            found = {r[0] for r in rows(file, f"SELECT DISTINCT {quoted} FROM {table}")}
            assert found - {None} <= set(c.codes)
        if c.references is not None:
            parent, field = c.references
            place = f"{info_of(TABLES[parent]).schema}.{parent}"
            known = f'SELECT "{field}" FROM {place}'
            assert rows(file, f"SELECT 1 FROM {table} WHERE {quoted} NOT IN ({known})") == []
        if c.sql_type == "DOUBLE":
            assert rows(file, f"SELECT 1 FROM {table} WHERE NOT isfinite({quoted}) LIMIT 1") == []


def test_everything_is_explained_in_both_languages(file: duckdb.DuckDBPyConnection) -> None:
    comments = rows(
        file,
        """SELECT comment FROM duckdb_tables() WHERE NOT internal
           UNION ALL SELECT comment FROM duckdb_views() WHERE NOT internal
           UNION ALL SELECT comment FROM duckdb_columns() WHERE NOT internal""",
    )
    assert len(comments) > 300
    assert all(" / " in (comment or "") for (comment,) in comments)


def test_every_target_has_one_row_and_superseded_ones_name_another(
    file: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(file, "FROM core.targets ANTI JOIN gap.gap_to_goal USING (target_id)") == []
    assert rows(
        file,
        """SELECT a.target_id FROM core.targets a LEFT JOIN core.targets b
           ON b.target_id = a.superseded_by WHERE a.superseded_by IS NOT NULL
           AND (b.target_id IS NULL OR b.indicator_id <> a.indicator_id)""",
    ) == []  # fmt: skip
    assert rows(file, "FROM core.targets WHERE superseded_by = target_id") == []


def test_the_gap_by_a_second_route(file: duckdb.DuckDBPyConnection) -> None:
    """Gap, attainment and progress recomputed in plain SQL from the columns of the row."""
    assert rows(
        file,
        """
        WITH again AS (
            SELECT target_id, gap_abs, attainment_pct, progress_pct,
                   CASE WHEN operator = 'eq' THEN abs(resolved_target - latest_value)
                        ELSE direction * (resolved_target - latest_value) END AS gap,
                   CASE WHEN resolved_target > 0 AND direction = 1
                        THEN latest_value / resolved_target * 100
                        WHEN resolved_target > 0 AND latest_value > 0
                        THEN resolved_target / latest_value * 100 END AS attainment,
                   CASE WHEN NOT baseline_met AND target_year > baseline_year
                        THEN (latest_value - baseline_value)
                             / (resolved_target - baseline_value) * 100 END AS progress
            FROM gap.gap_by_day WHERE operator <> 'range')
        SELECT * FROM again
        WHERE abs(gap - gap_abs) > 1e-9 * abs(gap) OR (gap IS NULL) <> (gap_abs IS NULL)
           OR abs(attainment - attainment_pct) > 1e-9 * abs(attainment)
           OR (attainment IS NULL) <> (attainment_pct IS NULL)
           OR abs(progress - progress_pct) > 1e-9 * abs(progress) + 1e-9
        """,
    ) == []  # fmt: skip


def test_a_missing_progress_has_its_reason(file: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        file,
        """SELECT target_id FROM gap.gap_to_goal WHERE progress_pct IS NULL
           AND NOT coalesce(contains(null_reason, 'progress_pct='), false)""",
    ) == []  # fmt: skip


def test_status_and_outcome_agree(file: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        file,
        """SELECT target_id, status FROM gap.gap_to_goal WHERE
           (status IN ('missed', 'expired_unverified', 'achieved_late') AND NOT deadline_passed)
           OR (status IN ('on_track', 'at_risk', 'off_track', 'achieved') AND deadline_passed)
           OR (status = 'no_data') <> (status <> 'not_quantified' AND n_obs = 0)
        """,
    ) == []  # fmt: skip


def test_the_last_day_of_change_is_the_gap_today(file: duckdb.DuckDBPyConnection) -> None:
    today = "FROM gap.gap_by_day WHERE as_of = (SELECT as_of FROM meta.build)"
    assert rows(file, f"({today}) EXCEPT (FROM gap.gap_to_goal)") == []
    assert rows(file, f"(FROM gap.gap_to_goal) EXCEPT ({today})") == []


def test_rows_are_conserved(file: duckdb.DuckDBPyConnection) -> None:
    assert rows(file, "FROM meta.ledger WHERE rows_in <> rows_accepted + rows_rejected") == []
    assert rows(
        file,
        """SELECT b.rows_in FROM meta.build b WHERE
           (b.rows_in, b.rows_accepted, b.rows_rejected) IS DISTINCT FROM (SELECT
               (sum(rows_in), sum(rows_accepted), sum(rows_rejected)) FROM meta.ledger)
           OR b.rows_rejected <> (SELECT count(*) FROM core.rejected_rows)""",
    ) == []  # fmt: skip


def test_every_value_of_record_is_one_of_the_most_trusted_known(
    file: duckdb.DuckDBPyConnection,
) -> None:
    """A second route: quality in the order of the vocabulary, then the latest publication."""
    assert rows(
        file,
        """WITH ranked AS (
             SELECT v.observation_id, v.value, c.position, v.published_on,
                    row_number() OVER (PARTITION BY indicator_id, region_code, period, period_type
                                       ORDER BY c.position, v.published_on DESC,
                                                v.source_id, v.source_row) AS place
             FROM core.observation_vintages v
             JOIN meta.codes c ON c.vocabulary = 'QUALITIES' AND c.code = v.quality)
           SELECT observation_id FROM ranked LEFT JOIN core.observations o USING (observation_id)
           WHERE (place = 1) IS DISTINCT FROM (o.observation_id IS NOT NULL)
              OR (place = 1 AND o.value <> ranked.value)""",
    ) == []  # fmt: skip


def test_nothing_was_published_after_the_day_of_the_build(
    file: duckdb.DuckDBPyConnection,
) -> None:
    for table in ("observation_vintages", "target_sources"):
        assert rows(
            file,
            f"SELECT 1 FROM core.{table} WHERE published_on > (SELECT as_of FROM meta.build)",
        ) == []  # fmt: skip
