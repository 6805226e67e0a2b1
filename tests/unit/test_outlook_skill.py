"""Past projections: what they knew, how they are judged, and what the published ones show."""

import datetime as dt
import json
import statistics
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rich.cells import cell_len
from typer.testing import CliRunner

from assets.metrics.projection import METHODS
from assets.metrics.thresholds import COVER80_BAND, DRIFT_MARGIN
from assets.outlook.hindcasts import SERIES, hindcasts
from assets.outlook.peers_forecast import PAIRS, peer_forecasts, peer_skill, yearly_histories
from assets.outlook.skill import GOAL_STEPS, skill, with_intervals
from assets.outlook.tables import skill_findings
from pipelines.builds import open_readonly
from pipelines.cli import app
from pipelines.query import Row, rows
from pipelines.settings import Settings

DAY = dt.date(2026, 11, 22)
ENDS = ["lo95", "lo80", "hi80", "hi95"]
BOUNDS = pl.DataFrame(
    {"indicator_id": ["i"], "floor": [0.0], "cap": [None], "ceiling": [None], "kind": ["level"]},
    schema_overrides={"cap": pl.Float64, "ceiling": pl.Float64},
)


def answers(values: Sequence[float], region: str = "a", segments: int = 1) -> pl.DataFrame:
    """One value a year from 2015 on; the last half of two segments is of another scope."""
    n = len(values)
    return pl.DataFrame(
        {
            "as_of": [DAY] * n, "indicator_id": "i", "region_code": region,
            "year": range(2015, 2015 + n), "t": [2015.0 + k for k in range(n)],
            "value": [float(v) for v in values],
            "segment": [k * segments // n for k in range(n)],
        }
    )  # fmt: skip


# --- what a past projection knew ----------------------------------------------------------------


def test_a_hindcast_uses_nothing_after_its_origin() -> None:
    plain = hindcasts(answers([10, 12, 15, 19, 24, 30]), BOUNDS)
    other = hindcasts(answers([10, 12, 15, 19, 500, 1]), BOUNDS)
    known = [*METHODS, "projected", "step", "origin_value", "horizon", "n_points"]
    upto = pl.col("origin_year") <= 2018
    assert plain.filter(upto).height == 3 + 2
    assert_frame_equal(plain.filter(upto).select(known), other.filter(upto).select(known))
    assert plain.filter(~upto)["projected"].item() != other.filter(~upto)["projected"].item()


def test_every_origin_with_three_values_is_held_against_every_later_one() -> None:
    made = hindcasts(answers([100, 110, 130, 140, 170]), BOUNDS)
    pairs = [(2017, 2018), (2017, 2019), (2018, 2019)]
    assert list(made.select("origin_year", "year").iter_rows()) == pairs
    first = made.row(1, named=True)
    assert first["projected"] == pytest.approx(157.7875)  # 130 + 16.25*(0.9 + 0.81)
    assert (first["actual"], first["step"], first["n_points"]) == (170.0, 15.0, 3)


def test_no_hindcast_crosses_a_scope_break() -> None:
    made = hindcasts(answers([10, 12, 15, 19, 900, 950, 990, 999], segments=2), BOUNDS)
    assert list(made.select("origin_year", "year").iter_rows()) == [(2017, 2018), (2021, 2022)]
    assert made["projected"].to_list()[1] > 900


def test_hindcasts_are_the_same_whatever_the_order_of_rows() -> None:
    both = pl.concat([answers([10, 12, 15, 19, 24]), answers([5, 4, 4, 3, 1], "b")])
    assert_frame_equal(hindcasts(both, BOUNDS), hindcasts(both.reverse(), BOUNDS))


# --- how they are judged ------------------------------------------------------------------------


def past(errors: dict[str, list[float]], **given_: Any) -> pl.DataFrame:
    """Projections of 100 a year ahead, from 98, with these errors by region; a step is worth 2."""
    frame = pl.DataFrame(
        [(region, e) for region, values in errors.items() for e in values],
        schema={"region_code": pl.String, "_error": pl.Float64}, orient="row",
    )  # fmt: skip
    constants = {
        "kind": "level", "horizon": 1.0, "step": 2.0, "origin_value": 98.0, "projected": 100.0,
        **dict.fromkeys(METHODS, 100.0), "damped_logit": None, "drift": 101.0,
        "floor": 0.0, "cap": None, "as_of": DAY, "indicator_id": "i",
    } | given_  # fmt: skip
    schema = {name: pl.Float64 for name in ("damped_logit", "cap", *METHODS)}
    return frame.with_columns(
        pl.lit(value, schema.get(name)).alias(name) for name, value in constants.items()
    ).with_columns(actual=100.0 + 2.0 * pl.col("_error"))


# Seven regions with eleven errors each, between -2.2 and 2.2 steps, no two alike.
SPREAD = {
    f"r{k}": [(37 * (11 * k + n) % 77 - 38) / 17.0 for n in range(11)] for k in range(7)
}  # fmt: skip


def test_a_region_is_judged_by_the_errors_of_the_others() -> None:
    plain = with_intervals(past(SPREAD))
    wild = with_intervals(past(SPREAD | {"r3": [1000.0 * (-1) ** n for n in range(11)]}))
    own = pl.col("region_code") == "r3"
    # Its own errors do not make its intervals: they stay, and hold none of what came.
    assert_frame_equal(plain.filter(own).select(ENDS), wild.filter(own).select(ENDS))
    inside = pl.col("actual").is_between("lo80", "hi80")
    assert plain.filter(own, inside).height >= 7
    assert wild.filter(own, inside).is_empty()
    # The others' only widen by them.
    assert wild.filter(~own, inside).height >= plain.filter(~own, inside).height
    covers = [skill(past(e)).filter(method="damped")["cover80_pct"].item() for e in (
        SPREAD, SPREAD | {"r3": [1000.0 * (-1) ** n for n in range(11)]})]  # fmt: skip
    assert covers[0] == pytest.approx(plain.filter(inside).height / 77 * 100)
    assert covers[1] == pytest.approx(wild.filter(inside).height / 77 * 100)


def test_intervals_stay_within_floor_and_cap_and_need_sixty_errors_of_others() -> None:
    ends = with_intervals(past(SPREAD, floor=99.5, cap=100.5)).select(ENDS)
    assert ends.min_horizontal().min() == 99.5
    assert ends.max_horizontal().max() == 100.5
    short = SPREAD | {"r6": SPREAD["r6"][:4]}  # 70 errors: 59 are left without a region of 11
    found = with_intervals(past(short, floor=99.5))
    has_ends = found.filter(pl.col("lo80").is_not_null())["region_code"].unique().to_list()
    assert has_ends == ["r6"]
    still = with_intervals(past(SPREAD, step=0.0))  # series that never moved
    assert still.select(pl.all_horizontal(pl.col(ENDS).is_null()).all()).item()


def test_the_record_of_a_method_worked_by_hand() -> None:
    # Errors of 1, -2 and 4 steps of 2: actual 102, 96 and 108 where 100 was projected.
    record = skill(past({"a": [1.0, -2.0], "b": [4.0]}))
    row = record.filter(method="damped").row(0, named=True)
    sizes = [2 / 102, 4 / 96, 8 / 108]
    assert row["median_ape_pct"] == pytest.approx(100 * sizes[1])
    assert row["p90_ape_pct"] == pytest.approx(100 * (sizes[1] + 0.8 * (sizes[2] - sizes[1])))
    assert row["bias_pct"] == pytest.approx(-100 * sizes[0])  # of -1.96, 4.17 and -7.41
    # A straight line said 101: wrong by 0.98, 5.21 and 6.48 %.
    assert row["ratio_to_drift"] == pytest.approx((4 / 96) / (5 / 96))
    assert (row["n"], row["n_regions"], row["is_chosen"]) == (3, 2, True)
    assert row["cover80_pct"] is row["brier"] is None  # too few errors
    assert set(record["method"]) == set(METHODS) - {"damped_logit"}


@pytest.mark.parametrize("origin", [98.0, 102.5])
def test_the_brier_score_step_by_step(origin: float) -> None:
    frame = past(SPREAD, origin_value=origin)
    row = skill(frame).filter(method="damped").row(0, named=True)
    steps_ahead = GOAL_STEPS.tolist()
    towards = 1.0 if origin <= 101.0 else -1.0  # where the straight line leads
    squares, outcomes = [], []
    for region, errors in SPREAD.items():
        others = [e for other, values in SPREAD.items() if other != region for e in values]
        for error in errors:
            for steps in steps_ahead:
                made_up = origin + towards * steps * 2.0  # a goal a year ahead
                met = [towards * (100.0 + 2.0 * e) >= towards * made_up - 1e-12 for e in others]
                outcome = towards * (100.0 + 2.0 * error) >= towards * made_up - 1e-12
                squares.append((statistics.mean(met) - outcome) ** 2)
                outcomes.append(outcome)
    base = statistics.mean(outcomes)
    assert row["brier"] == pytest.approx(statistics.mean(squares))
    assert row["brier_skill"] == pytest.approx(1 - statistics.mean(squares) / (base * (1 - base)))


def test_what_speaks_against_a_method_is_a_finding() -> None:
    def rules(**given_: Any) -> list[str]:
        row = {"method": "damped", "series_kind": "level", "horizon": 3, "is_chosen": True,
               "cover80_pct": 80.0, "ratio_to_drift": 1.0} | given_  # fmt: skip
        return [finding.rule for finding in skill_findings(pl.DataFrame([row]))]

    low, high = COVER80_BAND
    assert rules() == rules(cover80_pct=low) == rules(cover80_pct=high) == []
    assert rules(cover80_pct=low - 0.1) == rules(cover80_pct=high + 0.1) == ["interval_coverage"]
    assert rules(ratio_to_drift=1 + DRIFT_MARGIN) == []
    assert rules(ratio_to_drift=1.11) == ["projection_worse_than_drift"]
    assert rules(cover80_pct=95.0, ratio_to_drift=2.0, is_chosen=False) == []


# --- the published record -----------------------------------------------------------------------


def ask(published: Settings, sql: str) -> list[Row]:
    with open_readonly(published) as connection:
        return rows(connection, sql)


def test_published_intervals_hold_as_often_as_they_say(published: Settings) -> None:
    """Each from the errors of other regions: 75 to 85 % where 80 % is promised."""
    found = ask(
        published,
        """
        SELECT ceil(horizon) AS ahead, count(*) AS n,
               100 * avg((actual BETWEEN lo80 AND hi80)::INT) AS cover80,
               100 * avg((actual BETWEEN lo95 AND hi95)::INT) AS cover95
        FROM gap.hindcasts WHERE series_kind = 'level' AND lo80 IS NOT NULL AND horizon <= 6
        GROUP BY ceil(horizon) ORDER BY ahead
        """,
    )
    assert [row["ahead"] for row in found] == [1, 2, 3, 4, 5, 6]
    assert all(row["n"] > 500 for row in found)
    assert all(75 <= row["cover80"] <= 85 for row in found), found
    assert all(92 <= row["cover95"] <= 98 for row in found), found


def test_the_published_methods_do_not_lose_to_a_straight_line(published: Settings) -> None:
    record = ask(published, "FROM gap.projection_skill WHERE is_chosen ORDER BY horizon")
    levels = [row for row in record if row["series_kind"] == "level" and row["n"] >= 60]
    assert [row["horizon"] for row in levels] == [1, 2, 3, 4, 5, 6]
    assert all(row["ratio_to_drift"] <= 1 + DRIFT_MARGIN for row in levels), levels
    assert all(row["brier_skill"] > 0.2 for row in levels), levels
    rules = "('interval_coverage', 'projection_worse_than_drift')"
    assert ask(published, f"FROM meta.checks WHERE rule IN {rules}") == []


def test_the_view_of_2020_from_2018(published: Settings) -> None:
    found = ask(published, "FROM hindcast('fixed_broadband_users', '410000', 2018)")
    row = next(row for row in found if row["year"] == 2020)
    assert round(row["actual"] / 1e4) == 3091  # the yearbook's 3,091 (10,000 households)
    # 1,767, 2,128 and 2,504 at the ends of 2016 to 2018, and 1,137 in a press report of March
    # 2014: changes of 229, 361 and 376 a year with weights 0.36, 0.6 and 1 make a pace of 344,
    # and 2,504 + 344*1.71 = 3,092. From the three ends of years alone it would be 3,137.
    assert row["n_points"] == 4
    assert row["projected"] == pytest.approx(3.0925e7, rel=1e-3)
    assert abs(row["error_pct"]) < 0.5
    assert row["is_inside_80"]
    assert row["cagr"] > row["hi80"] or row["cagr"] > row["actual"] * 1.1


def test_published_projections_tell_all_of_it(published: Settings) -> None:
    found = ask(
        published,
        """
        SELECT count(*) AS n, count(*) FILTER (
            projection_method IS NULL OR first_year > origin_year OR n_points < 3
            OR past_errors IS NULL OR year < origin_year OR horizon <= 0
            OR concat(sentence_zh, sentence_en) ~ '\\b(None|nan|null)\\b'
            OR NOT contains(sentence_zh, '方法：') OR NOT contains(sentence_zh, origin_year::TEXT)
            OR NOT contains(sentence_en, 'Method: ') OR NOT contains(sentence_en, 'Assurance: ')
        ) AS incomplete,
        count(*) FILTER (lo95 > lo80 OR lo80 > hi80 OR hi80 > hi95
                         OR isnan(projected_value) OR isinf(projected_value)) AS odd
        FROM gap.projections
        """,
    )[0]
    assert found["n"] > 2000
    assert (found["incomplete"], found["odd"]) == (0, 0)
    unclear = ask(
        published,
        "FROM gap.outlook WHERE concat(sentence_zh, sentence_en) ~ '\\b(None|nan|null)\\b' "
        "OR sentence_zh = '' OR sentence_en = ''",
    )
    assert unclear == []


def test_published_tables_name_each_series_of_three_values(published: Settings) -> None:
    keys = ", ".join(SERIES[1:])
    assert ask(published, f"SELECT {keys} FROM gap.outlook EXCEPT SELECT {keys} "
                          "FROM gap.projections") == []  # fmt: skip
    outside = ask(
        published,
        """
        SELECT h.* FROM gap.hindcasts h JOIN core.indicators USING (indicator_id)
        WHERE lo95 < plausible_min OR hi95 > plausible_max
           OR projected NOT BETWEEN coalesce(plausible_min, projected)
                                AND coalesce(plausible_max, projected)
        """,
    )
    assert outside == []


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_the_record_fits_a_terminal(
    words: list[str], published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUIBIAO_ROOT", str(published.root))
    done = CliRunner().invoke(app, ["skill", *words])
    assert done.exit_code == 0
    if words:
        assert {"method", "series_kind", "horizon", "is_chosen"} <= set(json.loads(done.stdout)[0])
        return
    assert max(cell_len(line) for line in done.stdout.splitlines()) <= 100
    assert "数量 level" in done.stdout
    assert "…" not in done.stdout
    marked = [line for line in done.stdout.splitlines() if "✓" in line]
    assert sum("阻尼线性外推 damped " in line for line in marked) >= 6


def test_without_the_extra_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["skill", "--statsforecast"], terminal_width=200)
    assert done.exit_code == 2
    assert "scripts/env.sh forecast" in done.stderr


def test_statsforecast_on_the_same_pairs(published: Settings) -> None:
    with open_readonly(published) as connection:
        tables = [
            pl.from_arrow(
                connection.table(name)
                .filter("region_code IN ('410000', '110000')")
                .filter("indicator_id IN ('broadband_ports', 'gdp', 'fixed_broadband_users')")
                .to_arrow_table()
            )
            for name in ("gap.hindcasts", "core.observations")
        ]
    past_, observed = (table for table in tables if isinstance(table, pl.DataFrame))
    told: list[tuple[int, int]] = []
    made = peer_forecasts(past_, observed, lambda number, total: told.append((number, total)))
    assert told[-1] == (len(told), len(told))
    used = made.join(past_.select(*PAIRS, "n_points"), on=PAIRS)
    theta, ets = pl.col("theta").is_not_null(), pl.col("auto_ets").is_not_null()
    assert used.filter(theta != (pl.col("n_points") >= 4)).is_empty()
    assert used.filter(ets, pl.col("n_points") < 7).is_empty()
    assert used.filter(ets).height > 0
    # Henan's broadband users from 2018 rest on a press report of March 2014: not a whole year.
    key = {"indicator_id": "fixed_broadband_users", "region_code": "410000", "origin_year": 2018}
    assert past_.filter(**key).height > 0
    assert made.filter(**key).is_empty()
    assert made.filter(pl.col("horizon") != pl.col("year") - pl.col("origin_year")).is_empty()
    for row in peer_skill(made).iter_rows(named=True):
        same = made.filter(series_kind=row["series_kind"], horizon=row["horizon"])
        ran = same.filter(pl.col(row["model"]).is_not_null())
        assert (row["n"], row["not_run"]) == (ran.height, same.height - ran.height)
        if ran.height:
            wrong = [
                statistics.median(abs(r[name] / r["actual"] - 1) * 100 for r in ran.to_dicts())
                for name in (row["model"], "projected")
            ]
            assert row["median_ape_pct"] == pytest.approx(wrong[0])
            assert row["ratio"] == pytest.approx(wrong[0] / wrong[1])
        else:
            assert row["ratio"] is None


def test_histories_with_gaps_or_of_two_scopes_are_left_out() -> None:
    def origin(indicator: str, n_points: int, value: float) -> Row:
        return {"indicator_id": indicator, "region_code": "r", "origin_year": 2020, "year": 2022,
                "n_points": n_points, "origin_value": value}  # fmt: skip

    def years(indicator: str, values: dict[int, float]) -> list[Row]:
        return [{"indicator_id": indicator, "region_code": "r", "period_type": "annual",
                 "period_end": dt.date(year, 12, 31), "value": value}
                for year, value in values.items()]  # fmt: skip

    past_ = pl.DataFrame([origin("whole", 3, 5.0), origin("gap", 3, 5.0), origin("scope", 3, 5.0)])
    observed = pl.DataFrame([
        *years("whole", {2018: 3.0, 2019: 4.0, 2020: 5.0, 2021: 9.0}),
        *years("gap", {2017: 3.0, 2019: 4.0, 2020: 5.0}),
        # Two values before a scope break: only the last three count.
        *years("scope", {2016: 80.0, 2017: 90.0, 2018: 3.0, 2019: 4.0, 2020: 5.0}),
    ])  # fmt: skip
    found = yearly_histories(past_, observed)
    assert found["indicator_id"].to_list() == ["scope", "whole"]
    assert found["values"].to_list() == [[3.0, 4.0, 5.0]] * 2
    assert found["ahead"].to_list() == [2, 2]
