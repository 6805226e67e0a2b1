"""The whole graph on the real input, into a real DuckDB."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.gaps import days_of_change, errors_of, question_of, targets_by_day
from assets.record import known_on
from assets.table_checks import freshness_table
from pipelines.builds import list_builds, live_build, open_readonly
from pipelines.run import compute, run
from pipelines.settings import Settings
from tests.conftest import ROOT, TODAY, Edit
from tests.fixtures.gaps import gaps_as_of
from tests.fixtures.partly import frames_of

REGISTER = ("documents", "regions", "indicators", "targets", "target_sources", "target_revisions")


def one(settings_: Settings, sql: str, *values: object) -> tuple[Any, ...]:
    with open_readonly(settings_) as connection:
        row = connection.execute(sql, values).fetchone()
    assert row is not None
    return tuple(row)


def test_the_regions_are_those_of_the_province(published: Settings) -> None:
    assert one(
        published,
        """SELECT count(*) FILTER (level = 'prefecture' AND NOT is_peer),
                  count(*) FILTER (is_peer), count(*) FILTER (level = 'province'),
                  list(name_zh) FILTER (level = 'county' AND reports_as = 'prefecture')
           FROM regions WHERE valid_to IS NULL""",
    ) == (17, 30, 31, ["济源市"])


def test_no_row_is_lost(published: Settings) -> None:
    assert one(published, "SELECT sum(rows_in), sum(rows_accepted), sum(rows_rejected) FROM "
               "meta.ledger") == (379 + 6045, 379 + 6045, 0)  # fmt: skip
    assert one(published, "SELECT rows_in FROM meta.build") == (6424,)
    assert one(published, "SELECT count(*) FROM rejected_rows") == (0,)


def test_every_statement_has_an_outcome(published: Settings) -> None:
    assert one(
        published,
        """SELECT count(*), count(*) FILTER (outcome = 'target' AND target_id IS NOT NULL),
                  count(*) FILTER (outcome = 'actual' AND observation_id IS NOT NULL),
                  count(*) FILTER (outcome = 'not_quantified' AND reason_zh IS NOT NULL
                                   AND target_id IS NOT NULL)
           FROM statements""",
    ) == (185, 128, 41, 16)


def test_every_related_target_is_cited(published: Settings) -> None:
    assert one(
        published,
        "SELECT count(*), count(DISTINCT source_id) FROM target_sources WHERE kind = 'report'",
    ) == (80, 80)


def test_every_target_has_a_row_with_a_verdict(published: Settings) -> None:
    assert one(
        published,
        """SELECT count(*) = (SELECT count(*) FROM targets), count(DISTINCT target_id) = count(*),
                  bool_and(as_of = ?) FROM gap_to_goal""",
        TODAY,
    ) == (True, True, True)


def test_ecommerce_goal_was_lowered_and_missed_twice(published: Settings) -> None:
    with open_readonly(published) as connection:
        revisions = connection.execute(
            """SELECT value_from, value_to, round(change_pct, 1), from_source, to_source
               FROM target_revisions WHERE indicator_id = 'ecommerce_transaction_value'"""
        ).fetchall()
        missed = connection.execute(
            """SELECT document_id, status, latest_bound, value_at_deadline, round(attainment_pct, 1)
               FROM gap_to_goal WHERE indicator_id = 'ecommerce_transaction_value'
               AND target_year = 2020 AND standing = 'documented' ORDER BY attainment_pct"""
        ).fetchall()
    assert [r[:3] for r in revisions] == [(3e12, 2.6e12, -13.3)]
    assert "信息消费" in revisions[0][4]
    assert missed == [
        ("hn-2013-opinion", "missed", "at_least", 1.9e12, 63.3),
        ("hn-2018-infocon", "missed", "at_least", 1.9e12, 73.1),
    ]


def test_software_revenue_was_missed_in_2016_and_met_in_2019(published: Settings) -> None:
    assert one(
        published,
        """SELECT status, resolved_target, value_at_deadline, shortfall_at_deadline > 0,
                  first_met_year, late_years
           FROM gap_to_goal WHERE indicator_id = 'software_business_revenue'""",
    ) == ("achieved_late", 35e9, 29_635_427_000.0, True, 2019, 3.0)


def test_year_to_date_figures_answer_no_annual_goal(published: Settings) -> None:
    assert one(
        published,
        """SELECT g.status, o.period_type FROM gap_to_goal g JOIN observations o USING
           (indicator_id) WHERE indicator_id = 'online_retail_sales' AND target_year = 2020""",
    ) == ("no_data", "year_to_date")


def test_goals_for_a_year_are_not_answered_by_later_years(published: Settings) -> None:
    """29,816 stations were to be built in 2020; that 51,700 were built in 2021 says nothing."""
    assert one(
        published,
        "SELECT status FROM gap_to_goal WHERE indicator_id = 'base_stations_5g_new' "
        "AND target_year = 2020",
    ) == ("no_data",)


def test_every_observation_leads_to_its_line_in_landed_bytes(published: Settings) -> None:
    with open_readonly(published) as connection:
        landings = connection.execute(
            "SELECT source_id, file, sha256 FROM meta.landings"
        ).fetchall()
        rows = connection.execute(
            "SELECT source_id, source_row, value_printed, landing_sha256 FROM observation_vintages "
            "WHERE source_id IN (SELECT source_id FROM meta.landings)"
        ).fetchall()
    lines = {}
    for source, file, sha in landings:
        data = (published.data / file).read_bytes()
        assert hashlib.sha256(data).hexdigest() == sha
        lines[source] = (sha, data.decode().split("\n"))
    assert len(rows) == 6424
    for source, number, printed, sha in rows:
        assert lines[source][0] == sha
        assert printed.split(",")[0] in lines[source][1][number - 1]


def test_a_second_run_publishes_nothing_and_a_changed_input_does(
    built: Settings, edit: Edit
) -> None:
    live = live_build(built)
    second = run(built, TODAY)
    assert live is not None
    assert not second.published
    assert second.build_id == live.name
    path = built.published / "observations.csv"
    edit(path, ",24024.0,count,24024个,", ",24025.0,count,24025个,")
    third = run(built, TODAY)
    assert third.published
    assert third.build_id != live.name
    changed = one(
        built,
        "SELECT old_value, new_value FROM meta.diff WHERE table_name = 'observations' "
        "AND column_name = 'value'",
    )
    assert changed == ("24024.0", "24025.0")


def test_a_dry_run_publishes_nothing(fresh: Settings) -> None:
    result = run(fresh, TODAY, dry_run=True)
    assert result.rows_in == 6424
    assert list_builds(fresh) == []


def test_adding_an_indicator_touches_one_yaml_and_one_csv(fresh: Settings) -> None:
    """The record and the line that the README shows."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    record, row = (readme.split(f"```{kind}\n")[1].split("```")[0] for kind in ("yaml", "csv"))
    with (fresh.register / "network.yaml").open("a", encoding="utf-8") as file:
        file.write("\n" + record)
    with (fresh.published / "observations.csv").open("a", encoding="utf-8") as file:
        file.write(row)
    made = frames_of(fresh, TODAY, "checks", "gap_to_goal")
    assert "error" not in made["checks"]["severity"]
    goal = made["gap_to_goal"].filter(indicator_id="public_wifi_sites")
    wanted = ("missed", 90.0, "An example")
    assert goal.select("status", "attainment_pct", "obs_source").rows() == [wanted]


AS_OF_DAYS = [
    dt.date(2013, 1, 1), dt.date(2013, 12, 20), dt.date(2016, 3, 1), dt.date(2018, 2, 8),
    dt.date(2020, 12, 31), dt.date(2021, 1, 1), dt.date(2024, 6, 30),
]  # fmt: skip


AS_OF_TABLES = (
    "documents", "targets", "target_sources", "target_revisions", "observation_vintages",
    "observations", "gap_to_goal", "gap_history", "gap_by_day", "indicators",
)  # fmt: skip


@pytest.mark.parametrize("day", AS_OF_DAYS, ids=str)
def test_as_of_sees_no_future_and_the_macro_says_the_same(
    day: dt.date, published: Settings
) -> None:
    frames = frames_of(published, day, *AS_OF_TABLES)
    frames["freshness"] = freshness_table(frames["observations"], frames["indicators"], day)
    for name in (*AS_OF_TABLES, "freshness"):
        for column in frames[name].select(pl.selectors.date()).iter_columns():
            if not column.name.startswith(("period_", "latest_period_")):
                assert column.drop_nulls().le(day).all(), f"{name}.{column.name}"
    assert frames["gap_by_day"].filter(pl.col("obs_published_on") > pl.col("as_of")).is_empty()
    expected = frames["gap_to_goal"].sort("target_id")
    with open_readonly(published) as connection:
        macro = connection.sql("FROM gap_as_of(?)", params=[day]).pl().sort("target_id")
    assert macro.height == expected.height
    for name in expected.columns:
        ours, theirs = expected[name].to_list(), macro[name].to_list()
        if expected.schema[name] == pl.Float64:
            assert theirs == [pytest.approx(x) if x is not None else None for x in ours], name
        else:
            assert theirs == ours, name


def test_as_of_a_day_it_is_all_the_same_whether_later_lines_are_there(
    published: Settings, fresh: Settings
) -> None:
    day = dt.date(2021, 1, 1)
    with open_readonly(published) as connection:
        found = connection.execute(
            "SELECT source_row FROM observation_vintages "
            "WHERE source_id = 'published' AND published_on > ?", [day],
        ).fetchall()  # fmt: skip
    later = {row[0] for row in found}
    path = fresh.published / "observations.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for number, line in enumerate(lines, 1) if number not in later]
    assert 1 < len(kept) < len(lines) / 2
    path.write_text("".join(kept), encoding="utf-8")
    answers = ("gap_to_goal", "gap_history", "gap_by_day", "targets", "statements")
    figures = ("observations", "observation_vintages")
    whole, part = (frames_of(s, day, *answers, *figures) for s in (published, fresh))
    for name in answers:
        assert part[name].equals(whole[name]), name
    place = ("landing_sha256", "source_row")
    for name in figures:
        assert part[name].drop(place, strict=False).equals(whole[name].drop(place, strict=False))


@pytest.mark.parametrize("day", [dt.date(1990, 1, 1), dt.date(2099, 12, 31)], ids=str)
def test_days_before_and_after_everything_have_an_answer(day: dt.date, published: Settings) -> None:
    frames = compute(published, day, lambda *_: None)
    known = day.year > 2000
    assert (frames["targets"].height > 0) is known
    assert frames["gap_to_goal"].height == frames["targets"].height
    assert frames["ledger"]["rows_in"].sum() == 6424


@pytest.fixture(scope="module")
def tables(published: Settings) -> dict[str, pl.DataFrame]:
    with open_readonly(published) as connection:
        names = (*REGISTER, "series_breaks", "observation_vintages")
        return {name: connection.sql(f"FROM core.{name}").pl() for name in names}


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=st.dates(dt.date(2016, 1, 1), dt.date(2026, 1, 1)), value=st.floats(1, 1e15))
def test_what_is_published_later_changes_nothing_as_of_a_day(
    tables: dict[str, pl.DataFrame], day: dt.date, value: float
) -> None:
    vintages = tables["observation_vintages"]
    sample = vintages.filter(pl.col("indicator_id") == "ecommerce_transaction_value").head(1)
    later = sample.with_columns(
        observation_id=pl.lit("later"), value=pl.lit(value), quality=pl.lit("official"),
        published_on=pl.lit(day + dt.timedelta(days=1)),
    )  # fmt: skip
    before = gaps_as_of(tables, vintages, day)["gap_to_goal"]
    after = gaps_as_of(tables, pl.concat([vintages, later]), day)["gap_to_goal"]
    assert before.equals(after)


def test_each_goal_is_asked_once_a_day(tables: dict[str, pl.DataFrame]) -> None:
    vintages = tables["observation_vintages"]
    days = days_of_change(tables, vintages, TODAY)[-3:]
    question = question_of(
        targets_by_day(tables, days), tables, known_on(vintages, days),
        errors_of(tables, vintages, days),
    )  # fmt: skip
    assert question.goals["goal_id"].is_unique().all()
    assert question.series.select("goal_id", "t").is_unique().all()


def test_an_analyst_keeps_a_whole_snapshot_while_an_as_of_run_is_published(
    built: Settings,
) -> None:
    day = dt.date(2013, 1, 1)
    reader = open_readonly(built)
    before = reader.execute("SELECT build_id FROM meta.build").fetchone()
    assert run(built, day).published
    assert reader.execute("SELECT build_id FROM meta.build").fetchone() == before
    assert reader.execute("SELECT count(*) FROM gap_to_goal").fetchone() != (0,)
    reader.close()
    build_id, as_of = one(built, "SELECT build_id, as_of FROM meta.build")
    assert (build_id,) != before
    assert as_of == day
    assert one(built, "SELECT count(*), count(DISTINCT standing) FROM targets") == (2, 1)


def test_parquet_lies_beside_the_file(published: Settings) -> None:
    folder = live_build(published)
    assert folder is not None
    files = {p.relative_to(folder / "parquet").as_posix() for p in folder.rglob("*.parquet")}
    assert {"core/observations.parquet", "gap/gap_to_goal.parquet", "meta/checks.parquet"} <= files
    path: Path = folder / "parquet/gap/gap_to_goal.parquet"
    with duckdb.connect() as connection:
        count = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
    assert count == one(published, "SELECT count(*) FROM gap_to_goal")
