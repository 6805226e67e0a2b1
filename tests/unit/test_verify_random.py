"""Both routes on registers that nobody has seen: all operators, kinds, scopes and part-years.

The first route is `gaps_as_of`, as every run calls it; the second is the SQL that evaluators get.
"""

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assets.evidence.recompute import Comparison, compare
from assets.record import observations_table
from assets.register import register_as_of
from schemas import vocabulary as v
from schemas.tables_gap import STATUS_REASONS
from tests.fixtures.gaps import gaps_as_of
from tests.fixtures.random_goals import AS_OF, random_register
from tests.fixtures.second_route import by_sql

# Nothing says of a goal that it has another scope, other than its breaks (methods, section 5).
UNREACHED = {"scope_differs"}


def both(seed: int, goals: int) -> tuple[pl.DataFrame, Comparison]:
    """gap_to_goal of the first route, and how all of it compares with the second."""
    register, vintages = random_register(seed, goals)
    first = gaps_as_of(register, vintages, AS_OF)
    frames = {
        "observation_vintages": vintages,
        "targets": register_as_of(register, AS_OF)["targets"],
        **{name: register[name] for name in ("indicators", "regions", "series_breaks")},
        "build": pl.DataFrame({"as_of": [AS_OF]}),
        "gap_to_goal": first["gap_to_goal"],
        "gap_history": first["gap_history"],
        "observations": observations_table(vintages, AS_OF),
    }
    with by_sql(frames) as connection:
        return first["gap_to_goal"], compare(connection)


# Each goal is by itself: a failing batch names the goals, making it smaller would take minutes.
@settings(max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_both_routes_agree_on_registers_nobody_has_seen(seed: int) -> None:
    gaps, comparison = both(seed, 120)
    assert gaps.height == 120
    assert comparison.differences == []


def test_they_agree_on_every_verdict_and_not_only_on_what_is_missing() -> None:
    gaps, comparison = both(3, 500)
    assert comparison.differences == []
    reached = {column: set(gaps[column]) for column in gaps.columns}
    assert reached["status_reason"] == set(STATUS_REASONS) - UNREACHED
    assert reached["plan_class_zh"] == {*v.PLAN_CLASSES_ZH, None}
    # Ahead of time needs a time.
    ahead = gaps.filter(pl.col("plan_class_zh") == "提前实现")
    assert ahead["target_year"].null_count() == 0
    assert reached["trend_flag"] == {"eroding", None}
    assert reached["evidence_grade"] == {*v.EVIDENCE_GRADES, None}
    assert reached["baseline_kind"] == set(v.BASELINE_KINDS)
    assert reached["projection_method"] == {"damped", "damped_logit", None}
    # Of some kinds and years there are sixty past errors, of others there are not.
    assert reached["interval_method"] == {*v.INTERVAL_METHODS, None}
    assert reached["operator"] == set(v.OPERATORS)
    assert reached["value_kind"] == set(v.VALUE_KINDS)
    # No goal of these takes the place of another; all else has a value somewhere.
    assert {column for column in gaps.columns if reached[column] == {None}} == {"superseded_by"}
