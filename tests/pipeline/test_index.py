"""The indices on the committed data: goalposts, members, bands, faulty files, the command."""

import datetime as dt
import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assets import flow
from assets.index.frozen import FreezeError
from assets.index.specification import Specifications, load_indices, specification_findings
from assets.index.tables import index_tables, last_year
from pipelines.builds import open_readonly
from pipelines.cli import app
from pipelines.cli_index import frames_of
from pipelines.settings import Settings
from schemas.index_records import GOALPOST_DIGITS
from tests.conftest import TODAY, Edit

GOALS, PROVINCES = "informatization_goals", "informatization_provinces"
Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def frames(published: Settings) -> Frames:
    with open_readonly(published) as connection:
        made = ("index_scores", "index_members", "index_sensitivity")
        published_ones = {name: connection.sql(f"FROM gap.{name}").pl() for name in made}
        return frames_of(connection) | published_ones


@pytest.fixture(scope="module")
def computed(published: Settings, frames: Frames) -> Frames:
    return index_tables(load_indices(published.index), frames, TODAY)


def total(scores: pl.DataFrame, index: str, **equal: object) -> pl.DataFrame:
    return scores.filter(pl.col("index_id") == index, pl.col("part") == "total").filter(**equal)


def test_the_same_twice_and_in_any_order_of_rows(
    published: Settings, frames: Frames, computed: Frames
) -> None:
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=7)
                for name, frame in frames.items()}  # fmt: skip
    again = index_tables(load_indices(published.index), shuffled, TODAY)
    for name, frame in computed.items():
        assert again[name].equals(frame), name
        assert again[name].write_csv() == frame.write_csv()
        assert frames[name].sort(frame.columns[:5]).equals(frame.sort(frame.columns[:5])), name


def test_goalposts_are_derived_again_from_the_data(published: Settings) -> None:
    """By plain SQL, from the values of record: the quantiles of the rule, and nothing else."""
    (index,) = load_indices(published.index).provinces
    sql = """
        SELECT quantile_cont(a.value / coalesce(b.value, 1) * ?, ?)
        FROM core.observations a JOIN core.regions r USING (region_code)
        LEFT JOIN core.observations b ON b.indicator_id = ? AND b.region_code = a.region_code
             AND b.period = a.period AND b.period_type = 'annual'
        WHERE r.level = 'province' AND a.period_type = 'annual' AND a.indicator_id = ?
          AND a.period = ? AND (? IS NULL OR b.value IS NOT NULL)
    """
    with open_readonly(published) as connection:
        for member in index.members:
            for rule in index.goalposts:
                ends = [(rule.zero_year, rule.zero_quantile),
                        (member.full_year or rule.full_year, rule.full_quantile)]  # fmt: skip
                found = []
                for year, share in ends:
                    values = [member.times, share, member.per, member.indicator, str(year),
                              member.per]  # fmt: skip
                    row = connection.execute(sql, values).fetchone()
                    assert row is not None
                    found.append(float(f"{row[0]:.{GOALPOST_DIGITS}g}"))
                assert tuple(found) == member.goalposts[rule.id], f"{member.id} {rule.id}"


def test_provinces_by_plain_sql(published: Settings) -> None:
    """Score and rank of the whole once more, from the published members alone."""
    sql = """
        WITH themes AS (
            SELECT region_code, year, theme, avg(score) AS score,
                   count(score) >= 2 / 3 * count(*) - 1e-9 AS is_enough
            FROM gap.index_members WHERE index_id = ? GROUP BY ALL),
        totals AS (
            SELECT region_code, year, avg(score) AS score FROM themes
            GROUP BY ALL HAVING bool_and(is_enough)),
        placed AS (SELECT *, rank() OVER (PARTITION BY year ORDER BY score DESC) AS rank
                   FROM totals)
        SELECT count(*), count(p.score), max(abs(s.score - p.score)),
               count(*) FILTER (s.rank IS DISTINCT FROM p.rank)
        FROM gap.index_scores s LEFT JOIN placed p USING (region_code, year)
        WHERE s.index_id = ? AND s.part = 'total'
    """
    with open_readonly(published) as connection:
        found = connection.execute(sql, [PROVINCES, PROVINCES]).fetchone()
    assert found is not None
    regions_years, scored, difference, other_ranks = found
    assert regions_years == 31 * 10
    assert scored > 31 * 7
    assert difference < 1e-9
    assert other_ranks == 0


def test_scores_lie_in_their_bounds_and_bands(computed: Frames) -> None:
    scores = computed["index_scores"].filter(pl.col("score").is_not_null())
    assert scores.height > 800
    # A score of equal weights may lie outside a band of methods only where all of them differ.
    assert scores.select((pl.col("score_low") <= pl.col("score_high")).all()).item()
    assert scores.select((pl.col("rank_low") <= pl.col("rank_high")).all()).item()
    ranked = total(scores, PROVINCES, year=2020)
    assert sorted(ranked["rank"]) == sorted(ranked["score"].rank("min", descending=True).cast(int))
    draws = computed["index_sensitivity"]
    assert set(draws.filter(pl.col("aggregation") == "pooled")["draws"]) == {4000}
    assert set(draws.filter(pl.col("aggregation") != "pooled")["draws"]) == {1000}


def test_missing_members_are_not_imputed(computed: Frames) -> None:
    """The panel of enterprises ends in 2023; Tibet has no software revenue."""
    scores = total(computed["index_scores"], PROVINCES)
    henan = scores.filter(pl.col("region_code") == "410000", pl.col("year") == 2024).row(
        0, named=True
    )
    assert (henan["members"], henan["members_scored"], henan["same_members"]) == (8, 7, False)
    tibet = scores.filter(pl.col("region_code") == "540000", pl.col("year") == 2024).row(
        0, named=True
    )
    assert (tibet["score"], tibet["rank"], tibet["null_reason"]) == (None, None, "themes_missing")
    assert henan["ranked"] == 30


def test_goals_are_listed_with_their_reasons(frames: Frames, computed: Frames) -> None:
    members = computed["index_members"].filter(
        pl.col("index_id") == GOALS, pl.col("year") == last_year(TODAY)
    )
    year_end = dt.date(last_year(TODAY), 12, 31)
    goals = frames["targets"].filter(pl.col("is_goal"), pl.col("issued_on") <= year_end)
    assert set(members["member"]) == set(goals["target_id"])
    by_id = {row["member"]: row for row in members.iter_rows(named=True)}
    for goal in goals.iter_rows(named=True):
        row = by_id[goal["target_id"]]
        if goal["superseded_by"]:
            assert row["reason"] == "superseded"
        elif not goal["is_quantified"]:
            assert row["reason"] == "not_quantified"
        elif goal["operator"] == "approx":
            assert row["reason"] == "approx_wording"
        elif goal["standing"] != "documented":
            assert row["reason"] == "standing"
        else:
            assert row["is_member"]
    missed = by_id["ecommerce_transaction_value:410000:2020:hn-2018-infocon"]
    assert missed["scored_by"] == "attainment"
    assert missed["score"] == pytest.approx(1.9 / 2.6 * 100)
    phones = by_id["mobile_phone_output:410000:2020:hn-2017-26-news"]
    assert (phones["scored_by"], phones["score"]) == ("progress", 0)  # further off than it began
    start = by_id["provincial_smart_factories_and_workshops:410000:2025:hn-145-plan"]
    assert (start["reason"], start["score"]) == ("only_baseline", None)
    whole = total(computed["index_scores"], GOALS, year=last_year(TODAY)).row(0, named=True)
    assert (whole["score"], whole["null_reason"]) == (None, "themes_missing")
    assert whole["members"] == members["is_member"].sum()
    assert whole["excluded"] == members.height - whole["members"]


def test_only_what_was_observed_by_the_year_counts(frames: Frames, computed: Frames) -> None:
    members = computed["index_members"]
    assert members.select(
        (pl.col("obs_period").str.slice(0, 4).cast(int) <= pl.col("year")).all()
    ).item()
    issued = dict(frames["targets"].select("target_id", "issued_on").iter_rows())
    for row in members.filter(pl.col("index_id") == GOALS).iter_rows(named=True):
        assert issued[row["member"]].year <= row["year"]


def test_a_document_of_later_moves_no_year_before(published: Settings, frames: Frames) -> None:
    early = {
        **frames,
        "targets": frames["targets"].filter(pl.col("issued_on") < dt.date(2020, 1, 1)),
    }
    found = load_indices(published.index)
    goals = [Specifications(found.goals, (), ())] * 2
    one, two = (index_tables(spec, given, TODAY)["index_members"].filter(pl.col("year") < 2020)
                for spec, given in zip(goals, (early, frames), strict=True))  # fmt: skip
    assert one.height > 0
    assert one.select("year", "member", "score").equals(two.select("year", "member", "score"))


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("provinces.yaml", "floor: 1.0", "flor: 1.0",
         r"data/index/provinces.yaml:\d+: informatization_provinces.flor = 1.0: .*"
         r"\[extra_forbidden\]; did you mean floor\?"),
        ("provinces.yaml", "minimum_themes: 3/3", "minimum_themes: 4/3",
         r"minimum_coverage = 2/3: a share above 1 .*\[coverage_share\]; write shares"),
        ("provinces.yaml", "p05_p95: [33.6651, 114.726]", "p05_p95: [33.6651, 33.6651]",
         r"the value that scores 0 .*\[goalposts_apart\]; derive"),
        ("provinces.yaml", "p05_p95: [33.6651, 114.726]", "p06_p94: [33.6651, 114.726]",
         r"lacks goalposts of a rule.*\[goalposts_of_rules\]; give each"),
        ("provinces.yaml", "id: broadband_ports_per_100", "id: optical_cable_per_1000",
         r"\[repeated\]"),
        ("goals.yaml", "standings: [documented]", "standings: [rumoured]",
         r"goals.yaml:\d+: informatization_goals.standings\[0\] = rumoured: .*\[unknown_code\]"),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_is_named_and_the_other_index_goes_on(
    published: Settings, frames: Frames, tmp_path: Path, edit: Edit,
    file: str, old: str, new: str, told: str,
) -> None:  # fmt: skip
    shutil.copytree(published.index, tmp_path / "index")
    edit(tmp_path / "index" / file, old, new)
    found = load_indices(tmp_path / "index")
    assert len(found.all) == 1

    assert any(re.search(told, str(problem)) for problem in found.problems), found.problems
    findings = list(specification_findings(found, frames["indicators"], frames["targets"]))
    assert {f.severity for f in findings} == {"error"}
    assert all(f.remedy for f in findings)


def test_names_that_the_register_does_not_know(
    published: Settings, frames: Frames, tmp_path: Path, edit: Edit
) -> None:
    settings = Settings(tmp_path)
    shutil.copytree(published.index, settings.index)
    edit(settings.index / "goals.yaml", "theme_weights: []",
         "theme_weights: [{theme: commerce_of_the_moon, weight: 2.0}]")  # fmt: skip
    (settings.index / "provinces.yaml").unlink()
    found = flow.indices(settings, frames, TODAY)
    (finding,) = found["index_findings"].iter_rows(named=True)
    assert finding["key"] == f"{GOALS}|theme|commerce_of_the_moon"
    assert set(found["index_scores"]["index_id"]) == {GOALS}


def test_no_folder_no_index(frames: Frames, tmp_path: Path) -> None:
    found = flow.indices(Settings(tmp_path), frames, TODAY)
    assert all(frame.is_empty() for frame in found.values())


def test_command(built: Settings, edit: Edit) -> None:
    run = CliRunner().invoke
    shown = run(app, ["index"])
    assert shown.exit_code == 0
    assert "各省信息化发展水平" in shown.output
    assert "主题覆盖率不足" in shown.output
    found = json.loads(run(app, ["index", PROVINCES, "--year", "2020", "--json"]).output)
    (record,) = found
    assert record["years"][0]["rank"] >= 1
    assert record["members"] is None
    assert len(record["themes"]) == 3
    listed = run(app, ["index", GOALS, "--members"]).output
    assert "目标为约数" in listed
    assert "成员状态" in listed
    done = run(app, ["index", PROVINCES, "--freeze", "2020"])
    assert done.exit_code == 0, done.output
    record = json.loads((built.index / "frozen" / f"{PROVINCES}-2020.json").read_text("utf-8"))
    assert len(record["members"]) == 31 * 8
    assert record["spec_version"] == "2026.1"
    assert isinstance(run(app, ["index", PROVINCES, "--freeze", "2020"]).exception, FreezeError)
    assert isinstance(run(app, ["index", "no_such"]).exception, LookupError)
    assert run(app, ["index", "--freeze", "2019", "--restate", "2020"]).exit_code == 2
    edit(built.index / "provinces.yaml", "seed: 20261122", "seed: 1")
    changed = run(app, ["index", PROVINCES, "--freeze", "2019"])
    assert "data/index/provinces.yaml" in str(changed.exception)
