"""What analysts get, on the published file: views, twins, macros, examples, dictionary, clients.

The JDBC driver of DBeaver and others is no dependency of this project. In its place it is asserted
what the driver asks the database for: REMARKS of a table
or view is the comment in `duckdb_tables()` or `duckdb_views()`, REMARKS of a column the one in
`duckdb_columns()`, of views too; `information_schema` says the same.
"""

import json
import re
import shutil
import statistics
import subprocess
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.chinese_views import TWINS
from assets.data_views import FEWEST_PROVINCES
from assets.dictionary_markdown import to_markdown
from assets.dictionary_page import read_dictionary
from assets.examples import EXAMPLES
from assets.warehouse import MACROS, VIEWS
from pipelines.builds import live_build, open_readonly
from pipelines.query import rows
from pipelines.settings import Settings
from tests.conftest import ROOT

Connection = duckdb.DuckDBPyConnection
PAGE = ROOT / "docs" / "dictionary.md"


@pytest.fixture
def connection(published: Settings) -> Iterator[Connection]:
    with open_readonly(published) as opened:
        yield opened


@pytest.fixture(scope="module")
def file(published: Settings) -> Path:
    folder = live_build(published)
    assert folder is not None
    return folder / "warehouse.duckdb"


@pytest.fixture
def writable(file: Path, tmp_path: Path) -> Iterator[Connection]:
    """A copy of the file whose figures a test may change."""
    with duckdb.connect(str(shutil.copy(file, tmp_path / "copy.duckdb"))) as opened:
        yield opened


def one(connection: Connection, sql: str, *values: object) -> dict[str, Any]:
    [row] = rows(connection, sql, *values)
    return row


# Views of goals


def test_the_headline_has_one_row_a_live_goal_and_says_what_gap_to_goal_says(
    connection: Connection,
) -> None:
    headline = {r["target_id"]: r for r in rows(connection, "FROM headline")}
    gaps = {r["target_id"]: r for r in rows(connection, "FROM gap.gap_to_goal WHERE is_live")}
    assert set(headline) == set(gaps)
    assert len(rows(connection, "FROM headline")) == len(gaps)
    for target_id, row in headline.items():
        for name in row.keys() & gaps[target_id].keys():
            assert row[name] == gaps[target_id][name], f"{target_id} {name}"
        for name in (
            "name_zh",
            "name_en",
            "region_zh",
            "unit_zh",
            "status_zh",
            "status_en",
            "reason_zh",
            "reason_en",
            "standing_zh",
            "operator_zh",
            "target_source",
        ):
            assert row[name], f"{target_id} {name}"  # fmt: skip
        assert (row["latest_bound_zh"] is None) == (row["latest_value"] is None)


def test_the_headline_leads_to_the_sources_of_goal_and_figure(connection: Connection) -> None:
    row = one(
        connection, "FROM headline WHERE target_id LIKE 'ecommerce_transaction_value:%:2020:%'"
    )
    assert (row["name_zh"], row["printed"], row["status_en"]) == (
        "电子商务交易额", "超过2.6万亿元", "missed",
    )  # fmt: skip
    assert (row["reached"], row["reached_bound"], row["unit_zh"]) == (1.9e12, "at_least", "元")
    assert row["latest_printed"] == "突破 1.9万亿元"
    assert row["target_section"] == "一(二)"
    reported = rows(connection, "FROM headline WHERE standing = 'reported'")
    assert reported
    urls = [r["target_url"] for r in reported if r["target_url"]]
    assert len(urls) > len(reported) / 2
    assert all(url.startswith("http") for url in urls)


def test_the_result_of_a_target_is_that_of_its_deadline_else_the_latest(
    connection: Connection,
) -> None:
    results = {r["target_id"]: r for r in rows(connection, "FROM target_results")}
    history = {
        (r["target_id"], r["obs_period"]): r for r in rows(connection, "FROM gap.gap_history")
    }
    gaps = rows(connection, "FROM gap.gap_to_goal")
    assert len(results) == len(gaps)
    at_deadline = 0
    for gap in gaps:
        found = results[gap["target_id"]]
        if gap["value_at_deadline"] is None:
            assert not found["at_deadline"]
            expected = (gap["latest_value"], gap["obs_period"], gap["latest_bound"],
                        gap["attainment_pct"], gap["observation_id"])  # fmt: skip
        else:
            at_deadline += 1
            assert found["at_deadline"]
            of_then = history[gap["target_id"], found["reached_period"]]
            assert of_then["obs_year"] == gap["target_year"]
            expected = (gap["value_at_deadline"], of_then["obs_period"], of_then["bound"],
                        of_then["attainment_pct"], of_then["observation_id"])  # fmt: skip
        names = ("reached", "reached_period", "reached_bound", "reached_pct", "observation_id")
        assert tuple(found[name] for name in names) == expected
    assert at_deadline > 5


def test_a_goal_missed_by_a_value_that_came_later_tells_the_value_of_the_deadline(
    connection: Connection,
) -> None:
    missed = {r["target_id"]: r for r in rows(connection, "FROM missed_targets")}
    row = missed["software_business_revenue:410000:2016:hn-2016-20"]
    assert (row["reached_period"], row["reached_pct"], row["status_zh"]) == (
        "2016", 84.7, "逾期实现",
    )  # fmt: skip
    assert (row["first_met_year"], row["reached_printed"]) == (2019, "2963542.7")
    assert [r["reached_pct"] for r in missed.values()] == sorted(
        r["reached_pct"] for r in missed.values()
    )


def test_a_sum_over_years_shows_no_printed_figure_of_one_year(writable: Connection) -> None:
    target = "ecommerce_transaction_value:410000:2020:hn-2018-infocon"
    assert one(writable, "FROM target_results WHERE target_id = ?", target)["reached_printed"]
    writable.execute("UPDATE gap.gap_history SET value = 5e12 WHERE target_id = ?", [target])
    writable.execute(
        "UPDATE gap.gap_to_goal SET value_at_deadline = 5e12 WHERE target_id = ?", [target]
    )
    row = one(writable, "FROM target_results WHERE target_id = ?", target)
    assert (row["reached"], row["reached_printed"]) == (5e12, None)


def test_revised_targets_and_counts_agree_with_their_tables(connection: Connection) -> None:
    revised = rows(connection, "FROM revised_targets")
    assert len(revised) == one(connection, "SELECT count(*) AS n FROM core.target_revisions")["n"]
    [changed] = [r for r in revised if r["indicator_id"] == "ecommerce_transaction_value"]
    assert (changed["printed_from"], changed["printed_to"]) == ("突破3万亿元", "超过2.6万亿元")
    assert (changed["kind_zh"], round(changed["change_pct"], 1)) == ("数值调整", -13.3)
    counts = rows(connection, "FROM status_counts")
    for row in counts:
        assert row["targets"] == row["documented"] + row["reported"]
    live = one(connection, "SELECT count(*) AS n FROM gap.gap_to_goal WHERE is_live")["n"]
    assert sum(r["targets"] for r in counts) == live


def test_every_statement_has_its_outcome(connection: Connection) -> None:
    found = rows(connection, "FROM statement_outcomes")
    assert len(found) == one(connection, "SELECT count(*) AS n FROM core.statements")["n"] == 185
    for row in found:
        assert (row["outcome"] == "actual") == (row["target_id"] is None)
        assert (row["status"] is None) == (row["status_zh"] is None) == (row["target_id"] is None)


# Views of the data


def test_stale_indicators_are_those_with_goals_whose_data_are_old_or_absent(
    connection: Connection,
) -> None:
    aims: dict[tuple[str, str], int] = defaultdict(int)
    for gap in rows(connection, "FROM gap.gap_to_goal WHERE is_live"):
        aims[gap["indicator_id"], gap["region_code"]] += 1
    ages = {
        (r["indicator_id"], r["region_code"]): r for r in rows(connection, "FROM meta.freshness")
    }
    found = {
        (r["indicator_id"], r["region_code"]): r for r in rows(connection, "FROM stale_indicators")
    }
    for series, goals in aims.items():
        age = ages.get(series)
        if age is None or age["latest_period"] is None:
            assert found[series]["finding"] == "never_observed"
            assert found[series]["latest_period"] is None
        elif age["age_days"] > age["stale_after_days"]:
            assert found[series]["finding"] == "stale"
            assert found[series]["age_days"] == age["age_days"]
        else:
            assert series not in found
        if series in found:
            assert found[series]["goals"] == goals
    assert set(found) <= set(aims)
    assert {r["finding"] for r in found.values()} == {"stale", "never_observed"}
    assert set(aims) - set(found)  # some are neither


def test_provinces_are_ranked_as_a_reader_would_rank_them(connection: Connection) -> None:
    groups: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for row in rows(
        connection,
        "SELECT o.* FROM core.observations o JOIN core.regions r USING (region_code) "
        "WHERE r.level = 'province' AND o.period_type = 'annual'",
    ):
        groups[row["indicator_id"], row["period_end"].year][row["region_code"]] = row["value"]
    wanted = {key: found for key, found in groups.items() if len(found) >= FEWEST_PROVINCES}
    ranking = rows(connection, "FROM province_ranking")
    assert len(ranking) == sum(len(found) for found in wanted.values())
    for row in ranking:
        values = wanted[row["indicator_id"], row["obs_year"]]
        assert row["value"] == values[row["region_code"]]
        assert row["rank"] == 1 + sum(value > row["value"] for value in values.values())
        assert row["provinces"] == len(values) <= 31
        assert row["best_value"] == max(values.values())
        assert row["median"] == pytest.approx(statistics.median(values.values()))
        assert row["gap_to_best"] == pytest.approx(row["best_value"] - row["value"], abs=1e-9)
        assert row["gap_to_median"] == pytest.approx(row["median"] - row["value"], abs=1e-9)
    henan = [r for r in ranking if r["region_code"] == "410000"]
    assert henan
    assert [{k: v for k, v in r.items() if k != "is_peer"} for r in henan] == rows(
        connection, "FROM peer_comparison"
    )


def test_the_sense_of_a_ranking_is_that_of_the_targets_and_never_assumed(
    connection: Connection,
) -> None:
    found = {
        r["indicator_id"]: r for r in rows(connection, "FROM peer_comparison WHERE obs_year = 2020")
    }
    assert found["software_business_revenue"]["ranked_by"] == "more_is_better"
    assert found["resident_population_rural"]["ranked_by"] == "value_only"
    assert "方向未定" in found["resident_population_rural"]["ranked_by_zh"]
    aimed = {
        r["indicator_id"] for r in rows(connection, "SELECT DISTINCT indicator_id FROM gap_to_goal")
    }
    for indicator, row in found.items():
        assert (row["ranked_by"] == "value_only") == (indicator not in aimed)


def test_where_less_is_better_the_smallest_value_is_the_best(writable: Connection) -> None:
    writable.execute(
        "UPDATE gap.gap_to_goal SET direction = -1 WHERE indicator_id = 'software_business_revenue'"
    )
    ranking = rows(writable, "FROM peers('software_business_revenue', 2020)")
    values = [r["value"] for r in ranking]
    assert values == sorted(values)
    assert ranking[0]["rank"] == 1
    assert {r["ranked_by"] for r in ranking} == {"less_is_better"}
    assert {r["best_value"] for r in ranking} == {min(values)}
    assert all(r["gap_to_best"] >= 0 for r in ranking)
    last = ranking[-1]
    assert last["gap_to_median"] == pytest.approx(last["value"] - last["median"])


@pytest.mark.parametrize("directions", [[-1], [0], [-1, 0]], ids=str)
def test_where_targets_disagree_or_want_a_range_nothing_is_called_better(
    writable: Connection, directions: list[int]
) -> None:
    for number, direction in enumerate(directions):
        writable.execute(
            "INSERT INTO gap.gap_to_goal SELECT * REPLACE (target_id || ? AS target_id,"
            " ? AS direction) FROM gap.gap_to_goal"
            " WHERE target_id = 'software_business_revenue:410000:2016:hn-2016-20'",
            [f":{number}", direction],
        )
    ranking = rows(writable, "FROM peers('software_business_revenue', 2020)")
    assert {r["ranked_by"] for r in ranking} == {"value_only"}
    assert [r["value"] for r in ranking] == sorted((r["value"] for r in ranking), reverse=True)


def test_equal_values_share_a_rank_and_a_few_provinces_are_not_ranked(
    writable: Connection,
) -> None:
    place = "WHERE indicator_id = 'software_business_revenue' AND period = '2020'"
    first = rows(writable, "FROM peers('software_business_revenue', 2020)")[:3]
    writable.execute(
        f"UPDATE core.observations SET value = ? {place} AND region_code IN (?, ?)",
        [first[0]["value"], first[1]["region_code"], first[2]["region_code"]],
    )
    ranking = rows(writable, "FROM peers('software_business_revenue', 2020)")
    assert [r["rank"] for r in ranking[:5]] == [1, 1, 1, 4, 5]
    assert len(ranking[3]["best_region_zh"].split("、")) == 3
    writable.execute(
        f"DELETE FROM core.observations {place} AND region_code IN "
        f"(SELECT region_code FROM core.observations {place} AND region_code <> '410000' LIMIT 20)"
    )
    assert len(rows(writable, "FROM peers('software_business_revenue', 2020)")) == 10
    writable.execute(f"DELETE FROM core.observations {place} AND region_code = '410000'")
    assert rows(writable, "FROM peers('software_business_revenue', 2020)") == []


def test_what_is_due_and_not_there_is_what_completeness_says(connection: Connection) -> None:
    cells = rows(connection, "FROM core.completeness")
    absent = [c for c in cells if c["status"] in ("late", "missing")]
    missing = rows(connection, "FROM missing_observations")
    key = ("indicator_id", "region_code", "period", "period_type", "status")
    assert sorted(tuple(c[k] for k in key) for c in absent) == sorted(
        tuple(m[k] for k in key) for m in missing
    )
    series: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        series[cell["indicator_id"], cell["region_code"], cell["period_type"]].append(cell)
    summary = rows(connection, "FROM series_completeness")
    assert len(summary) == len(series)
    for row in summary:
        found = series[row["indicator_id"], row["region_code"], row["period_type"]]
        count = {s: sum(c["status"] == s for c in found) for s in {c["status"] for c in found}}
        assert row["periods_there"] == count.get("there", 0)
        assert row["periods_late"] == count.get("late", 0)
        assert row["periods_missing"] == count.get("missing", 0)
        assert row["periods_to_come"] == count.get("not_yet_due", 0)
        due = len(found) - row["periods_to_come"]
        assert row["periods_due"] == due
        assert (row["there_pct"] is None) == (due == 0)
        gone = [c for c in found if c["status"] in ("late", "missing")]
        assert (row["absent_periods"] or "").split("、") == [
            c["period"] for c in sorted(gone, key=lambda c: c["period_end"])
        ] or not gone
    assert summary[0]["has_goal"]


# Chinese twins


def test_a_twin_shows_what_its_view_shows(connection: Connection) -> None:
    for name, twin in TWINS.items():
        theirs = rows(connection, f"FROM main.{twin.of}")
        ours = rows(connection, f'FROM "{name}"')
        assert len(ours) == len(theirs) > 0, name
        for mine, other in zip(ours, theirs, strict=True):
            for column, source in twin.columns.items():
                value = other[source.removesuffix("?")]
                expected = (
                    {True: "是", False: "否", None: None}[value] if source.endswith("?") else value
                )
                assert mine[column] == expected, f"{name}.{column}"


def test_twins_show_labels_in_place_of_codes(connection: Connection) -> None:
    codes = {r["code"] for r in rows(connection, "FROM meta.codes")} | {
        r["unit"] for r in rows(connection, "SELECT unit FROM units WHERE symbol <> unit")
    }
    for name, twin in TWINS.items():
        for row in rows(connection, f'FROM "{name}"'):
            for column in twin.columns.keys() - {"证据等级"}:  # A to D are their own labels
                assert row[column] not in codes, f"{name}.{column}: {row[column]}"


# Macros


def test_trend_and_target_history_give_what_the_tables_hold(connection: Connection) -> None:
    trend = rows(connection, "FROM trend('software_business_revenue', '410000')")
    held = rows(
        connection,
        "SELECT * FROM core.observations WHERE indicator_id = 'software_business_revenue'"
        " AND region_code = '410000' ORDER BY period_end, period_type",
    )
    assert [(r["period"], r["value"], r["source_title"]) for r in trend] == [
        (r["period"], r["value"], r["source_title"]) for r in held
    ]
    history = rows(connection, "FROM target_history('ecommerce_transaction_value')")
    assert {r["target_id"] for r in history} == {
        r["target_id"]
        for r in rows(
            connection,
            "FROM core.targets WHERE indicator_id = 'ecommerce_transaction_value'",
        )
    }


def test_peers_are_all_provinces_of_one_indicator_and_year(connection: Connection) -> None:
    peers = rows(connection, "FROM peers('software_business_revenue', 2020)")
    ranking = rows(
        connection,
        "FROM province_ranking WHERE indicator_id = 'software_business_revenue'"
        " AND obs_year = 2020",
    )
    assert len(peers) == len(ranking) == 30
    for mine, other in zip(peers, ranking, strict=True):
        assert mine == {name: other[name] for name in mine}
    assert rows(connection, "FROM peers('software_business_revenue', 1999)") == []
    assert rows(connection, "FROM peers('no_such_indicator', 2020)") == []


# Examples


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_answers(number: int, connection: Connection) -> None:
    assert rows(connection, EXAMPLES[number].sql)


# Comments, and what clients read of them

CHINESE_THEN_ENGLISH = re.compile(r"[^/]*[\u4e00-\u9fff].* / .*[A-Za-z].*", re.DOTALL)
JDBC_TABLES = """
    SELECT schema_name, table_name AS name, comment AS remarks FROM duckdb_tables()
    WHERE database_name = current_database() AND NOT internal
    UNION ALL
    SELECT schema_name, view_name, comment FROM duckdb_views()
    WHERE database_name = current_database() AND NOT internal
"""
JDBC_COLUMNS = """
    SELECT schema_name, table_name, column_name, comment AS remarks FROM duckdb_columns()
    WHERE database_name = current_database() AND NOT internal
"""


def test_remarks_of_every_table_view_and_column_are_in_both_languages(
    connection: Connection,
) -> None:
    tables, columns = rows(connection, JDBC_TABLES), rows(connection, JDBC_COLUMNS)
    names = {(r["schema_name"], r["name"]) for r in tables}
    assert {("main", name) for name in VIEWS} <= names
    assert {(r["schema_name"], r["table_name"]) for r in columns} == names
    for row in (*tables, *columns):
        assert CHINESE_THEN_ENGLISH.fullmatch(row["remarks"] or ""), row
    for row in rows(connection, "FROM duckdb_functions() WHERE NOT internal"):
        assert CHINESE_THEN_ENGLISH.fullmatch(row["comment"] or ""), row["function_name"]


def test_the_information_schema_says_the_same(connection: Connection) -> None:
    said = rows(
        connection,
        "SELECT table_schema, table_name, column_name, COLUMN_COMMENT AS remarks"
        " FROM information_schema.columns WHERE table_catalog = current_database()"
        " AND table_schema IN ('main', 'core', 'gap', 'meta')",
    )
    assert sorted(map(str, (tuple(r.values()) for r in said))) == sorted(
        map(str, (tuple(r.values()) for r in rows(connection, JDBC_COLUMNS)))
    )


def ask_the_older_client(file: Path, sql: str) -> Any:
    command = Path(sysconfig.get_path("scripts")) / "duckdb"
    done = subprocess.run(
        [command, "-readonly", "-json", file, sql], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_the_older_command_line_client_answers_every_view_and_macro(file: Path) -> None:
    asked = [f"SELECT '{name}' AS name, count(*) AS n FROM {name}" for name in VIEWS]
    asked += [
        f"SELECT '{name}' AS name, count(*) AS n FROM "
        + (macro.example if "AS TABLE" in macro.sql else f"(SELECT {macro.example})")
        for name, macro in MACROS.items()
    ]
    [version] = ask_the_older_client(file, "SELECT version() AS v")
    assert version["v"].startswith("v1.")
    answered = ask_the_older_client(file, " UNION ALL ".join(asked))
    assert {r["name"] for r in answered} == {*VIEWS, *MACROS}
    assert all(r["n"] for r in answered)
    assert ask_the_older_client(file, f"{JDBC_COLUMNS} AND coalesce(comment, '') = ''") == []


def test_views_answer_where_the_file_is_attached_to_another_database(file: Path) -> None:
    with duckdb.connect() as elsewhere:
        elsewhere.execute(f"ATTACH '{file}' AS published (READ_ONLY)")
        for name in VIEWS:
            elsewhere.execute(f"FROM published.{name}").fetchone()
        elsewhere.execute("USE published")
        assert elsewhere.execute("FROM peers('software_business_revenue', 2020)").fetchall()


# The dictionary page


def test_the_dictionary_knows_every_table_view_macro_and_code(connection: Connection) -> None:
    dictionary = read_dictionary(connection)
    held = {(r["schema_name"], r["name"]) for r in rows(connection, JDBC_TABLES)}
    plain = {("main", t.name) for t in dictionary.tables}
    listed = (*dictionary.tables, *dictionary.views, *dictionary.chinese_views)
    assert {(r.schema, r.name) for r in listed} == held - plain
    assert {m.name for m in dictionary.macros} == set(MACROS)
    assert {m.example for m in dictionary.macros} == {m.example for m in MACROS.values()}
    codes = {(c.name, code.code) for c in dictionary.code_lists for code in c.codes}
    assert codes == {(r["vocabulary"], r["code"]) for r in rows(connection, "FROM meta.codes")}
    [gap] = dictionary.find("gap_to_goal")
    assert gap.place == "gap.gap_to_goal"
    pace = next(c for c in gap.columns if c.name == "pace_ratio")
    assert (pace.zh, pace.unit, pace.formula) == (
        "进度比", "ratio", "progress_pct/time_elapsed_pct",
    )  # fmt: skip
    status = next(c for c in gap.columns if c.name == "status")
    assert status.codes == "STATUSES"
    assert "gap.gap_to_goal.status" in next(
        c.used_by for c in dictionary.code_lists if c.name == "STATUSES"
    )


def test_a_column_of_a_view_is_told_as_that_of_its_table(connection: Connection) -> None:
    dictionary = read_dictionary(connection)
    [headline], [gap] = dictionary.find("headline"), dictionary.find("gap.gap_to_goal")
    known = {c.name: c for c in gap.columns}
    for column in headline.columns:
        if column.name in ("gap_abs", "attainment_pct", "gap_pct", "target_year"):
            same = known[column.name]
            assert (column.zh, column.en, column.unit, column.formula, column.sql_type) == (
                same.zh, same.en, same.unit, same.formula, same.sql_type,
            )  # fmt: skip


def test_every_column_with_codes_leads_to_its_list(connection: Connection) -> None:
    spelled = rows(connection, "FROM meta.dictionary WHERE codes IS NOT NULL")
    told = {
        (t.schema, t.name, c.name): c.codes
        for t in read_dictionary(connection).tables
        for c in t.columns
    }
    for row in spelled:
        assert told[row["schema_name"], row["table_name"], row["column_name"]], row["column_name"]


def test_the_dictionary_page_is_that_of_the_file(connection: Connection) -> None:
    page = to_markdown(read_dictionary(connection))
    assert PAGE.read_text(encoding="utf-8") == page, (
        "docs/dictionary.md is not what the tables say now. Make it again:"
        " duibiao run && duibiao dictionary --markdown > docs/dictionary.md"
    )
