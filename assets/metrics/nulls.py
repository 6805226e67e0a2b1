"""Why a number is missing: `null_reason` names each null metric with the rule that made it so."""

import narwhals as nw

from assets.metrics.expressions import NO_TEXT, Frame, is_true


def with_null_reason(frame: Frame) -> Frame:
    """Add null_reason: `metric=reason; …` in a fixed order, null when nothing is missing."""
    col = nw.col
    no_figure = ~col("is_quantified")
    unresolved = col("is_quantified") & col("resolved_target").is_null()
    no_data = col("n_obs") == 0
    no_baseline = col("baseline_value").is_null()
    baseline_met = col("baseline_met")
    no_deadline = col("target_year").is_null()
    bad_dates = is_true(col("target_year") <= col("baseline_t"))
    is_range = col("operator") == "range"
    past = is_true(col("t") >= col("target_year"))
    broken = col("is_across_break")
    is_sum = col("value_kind") == "cumulative"
    # A goal has one recent observation, or one since the scope changed.
    single = [(col("n_obs") < 2, "one_observation"), (col("n_obs") >= 2, "scope_break")]
    common = [
        (no_figure, "not_quantified"),
        (col("reference_across_break"), "scope_break"),
        (unresolved, "reference_unknown"),
        (no_data, "no_observation"),
    ]
    start = [
        *common,
        (no_baseline, "no_baseline"),
        (bad_dates, "target_year_not_after_baseline"),
        (baseline_met, "baseline_met"),
        (is_true(col("t") < col("baseline_t")), "observed_before_baseline"),
        (broken, "scope_break"),
    ]
    zero_target = [(is_true(col("resolved_target") == 0.0), "target_zero")]
    rules: dict[str, list[tuple[nw.Expr, str]]] = {
        "gap_abs": common,
        "gap_pct": [*common, *zero_target],
        "attainment_pct": [*common, (is_range, "range"), *zero_target,
                           (~no_data, "not_positive")],
        "progress_pct": [*start, (~no_data, "no_distance")],
        "time_elapsed_pct": [(no_data, "no_observation"), (no_deadline, "no_deadline"),
                             (no_baseline, "no_baseline"),
                             (bad_dates, "target_year_not_after_baseline")],
        "pace_ratio": [*start, (no_deadline, "no_deadline"),
                       (is_true(col("t") == col("baseline_t")), "observed_at_baseline")],
        "lead_years": [*start, (no_deadline, "no_deadline"), (past, "deadline_passed")],
        "cagr_ratio": [*start, (no_deadline, "no_deadline"), (is_range, "range"),
                       (is_true(col("t") == col("baseline_t")), "observed_at_baseline"),
                       (~no_data, "not_positive")],
        "recent_pace": [(no_data, "no_observation"), *single],
        "required_pace": [*common, (no_deadline, "no_deadline"), (is_range, "range"),
                          (past, "deadline_passed")],
        "accel_factor": [*common, (no_deadline, "no_deadline"), (is_range, "range"),
                         (past, "deadline_passed"),
                         *((is_true(col("recent_pace").is_null() & c), why) for c, why in single),
                         (~no_data, "reverse")],
        "projected_value": [*common, (no_deadline, "no_deadline"), (past, "deadline_passed"),
                            (is_sum, "sum_over_period"),
                            (is_true(col("points") < 3) | col("points").is_null(),
                             "fewer_than_three_points"),
                            (~no_data, "older_scope")],
        "p_on_time": [(col("projected_value").is_null(), "no_projection"), *common,
                      (col("operator") == "eq", "two_sided"),
                      (col("interval_method").is_null(), "no_past_errors")],
        "eta_year": [*common, (col("met_within_tolerance"), "met"),
                     (col("operator").is_in(["range", "eq"]), "two_sided"),
                     (is_sum, "sum_over_period"),
                     (is_true(col("points") < 3) | col("points").is_null(),
                      "fewer_than_three_points"),
                     (~col("_usable"), "older_scope"),
                     (~no_data, "never")],
        "value_at_deadline": [(no_deadline, "no_deadline"), (no_data, "no_observation"),
                              (~col("seen_at"), "not_observed_at_deadline")],
    }  # fmt: skip
    parts = []
    for name, branches in rules.items():
        (condition, reason), *rest = branches
        chain = nw.when(col(name).is_null() & condition).then(nw.lit(f"{name}={reason}"))
        for condition, reason in rest:
            chain = chain.when(col(name).is_null() & condition).then(nw.lit(f"{name}={reason}"))
        parts.append(chain.otherwise(NO_TEXT))
    joined = nw.concat_str(*parts, separator="; ", ignore_nulls=True)
    return frame.with_columns(null_reason=nw.when(joined == "").then(NO_TEXT).otherwise(joined))
