"""The cases with known answers: published ones, a peer's output, hand-worked ones.

Every case of the fixture is checked here.
"""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from assets.assess.sheet import completion_rate_pct, plan_class_counts
from assets.evaluate import evaluate_file
from assets.index.scores import composite, interval_score
from assets.metrics.yardsticks import istat_class, psa_likelihood
from tests.fixtures.sdg_build import (
    Verdict,
    limit_coefficient,
    sdg_build_score,
    sdg_build_score_of_growth,
)

CASES = {
    row["case_id"]: row
    for row in csv.DictReader(
        (Path(__file__).parents[1] / "fixtures" / "cases.csv").open(encoding="utf-8")
    )
}

OF_A_PLAN = ("P-FP01", "P-FP02")
OF_THE_INDEX = ("H65", "H68")

# Where ours differs from sdg-build on purpose, what ours says (methods, section 3).
DIFFERS = {
    "R11": {"eurostat_ratio": None, "progress_pct": 40.0, "status": "on_track"},  # zero target
    "R14": {"eurostat_ratio": None, "progress_pct": 5.0, "status": "off_track"},  # zero baseline
    "R15": {"progress_pct": 160 / 3, "status": "on_track"},  # sign change
    "R17": {
        "progress_pct": -25.0,
        "status": "moving_away",
    },  # all negative: no CAGR, no verdict of it
    "R19": {"baseline_year": 2014, "baseline_kind": "nearest_observed", "progress_pct": 50.0},
    "R20": {"status": "insufficient_data"},  # an exception there
    "R21": {"status": "insufficient_data"},
    "R23": {"status": "achieved_date_unknown", "first_met_year": 2022},  # plain achieved there
    "R24": {"status": "missed", "progress_pct": None},  # an exception there
    "R26": {"status": "achieved_then_lost", "baseline_met": True, "progress_pct": None},
    "R38": {"status": "insufficient_data"},
    "R41": {"status": "moving_away", "attainment_pct": None, "eurostat_ratio": None},
    "R07": {"status": "achieved_then_lost", "first_met_year": 2020},  # forgotten there
}
REFUSED = {
    "R36": "one_value_a_year",  # an exception that stops the build there
    "R43": "known_operator",  # direction silently taken as decrease there
    "R47": "series_json",  # two series under one tag
}
OWN_THRESHOLDS = ("R34",)  # thresholds of the case's own, which their scores ignore
EUSTAT_CLASS = {
    "significant_progress": "significant_progress",
    "moderate_progress": "moderate_progress",
    "moderate_deterioration": ("insufficient_progress", "moderate_movement_away"),
    "significant_deterioration": ("significant_movement_away", "movement_away"),
}


def evaluate(tmp_path: Path, rows: list[dict[str, str]]) -> dict[str, dict[str, Any]]:
    """Write a table of one's own and evaluate it."""
    path = tmp_path / "cases.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return {record["case_id"]: record for record in evaluate_file(path)}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    rows = []
    for case in CASES.values():
        elsewhere = (*OF_A_PLAN, *BANDS, *OF_THE_INDEX)
        if case["case_id"] in elsewhere or case["method"].startswith(("COINr", "linear required")):
            continue
        given = ("case_id", "series", "operator", "target_value", "target_year", "baseline_year",
                 "baseline_value", "tolerance", "as_of")  # fmt: skip
        rows.append({name: case[name] for name in given})
    return evaluate(tmp_path_factory.mktemp("cases"), rows)


def close(value: object) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value


def ids(prefix: str, method: str = "") -> list[str]:
    return [
        c for c, row in CASES.items() if c.startswith(prefix) and row["method"].startswith(method)
    ]


@pytest.mark.parametrize("case_id", [*ids("H", "gap_to_goal"), "P-XK02"])
def test_hand_worked(case_id: str, answers: dict[str, dict[str, Any]]) -> None:
    expected = json.loads(CASES[case_id]["expected"])
    expected.pop("linear_projection_2020", None)  # a projection
    got = answers[case_id]
    assert {k: got[k] for k in expected} == {k: close(v) for k, v in expected.items()}


def test_hand_worked_yardsticks(answers: dict[str, dict[str, Any]]) -> None:
    expected = {c: json.loads(CASES[c]["expected"]) for c in ("H61", "H62", "H63", "H64")}
    assert answers["H61"]["escap_csi"] == close(expected["H61"]["CSI"])
    assert answers["H62"]["unsd_share"] == close(expected["H62"]["share"])
    assert answers["H62"]["cagr_actual"] == close(expected["H62"]["cagr_actual"])
    assert answers["H62"]["unsd_class"] == "fair_progress"
    assert answers["H63"]["eurostat_ratio"] == close(expected["H63"]["ratio"])
    assert answers["H63"]["eurostat_class"] == "moderate_progress"
    assert answers["H64"]["sdsn_share"] == close(expected["H64"]["share"])
    assert answers["H64"]["sdsn_arrow"] == "moderately_improving"


@pytest.mark.parametrize("case_id", ids("P-EU"))
def test_published_by_eustat(case_id: str, answers: dict[str, dict[str, Any]]) -> None:
    expected, got = json.loads(CASES[case_id]["expected"]), answers[case_id]
    if CASES[case_id]["target_value"]:
        assert got["eurostat_ratio"] == close(expected["progress_value"])
    else:
        sign = 1 if CASES[case_id]["operator"] == "ge" else -1
        assert sign * got["cagr_actual"] == close(expected["progress_value"])
    assert got["eurostat_score"] == close(expected["score"])
    assert got["eurostat_class"] in EUSTAT_CLASS[expected["status"]]


@pytest.mark.parametrize("case_id", [*ids("P-SC"), *ids("P-CI"), *ids("P-OS")])
def test_published_by_statcan_and_open_sdg(
    case_id: str, answers: dict[str, dict[str, Any]]
) -> None:
    """The ratio is theirs to the last digit, and by their own rule so are status and score."""
    case, got = CASES[case_id], answers[case_id]
    expected = json.loads(case["expected"])
    verdict = theirs(case, got)
    if expected["progress_value"] is not None or not case["target_value"]:
        assert theirs_of_progress(case, got) == close(expected["progress_value"])
    if "score" in expected:
        assert verdict.score == close(expected["score"])
        assert verdict.status == expected["status"]
    if case["target_value"] and expected.get("score") is not None:
        # Our column has the slopes unrounded.
        assert got["eurostat_score"] == pytest.approx(expected["score"], abs=2e-4)


DEFAULT = [c for c in ids("R") if c not in {*DIFFERS, *REFUSED, *OWN_THRESHOLDS}]


@pytest.mark.parametrize("case_id", DEFAULT)
def test_scores_as_sdg_build_gives_them(case_id: str, answers: dict[str, dict[str, Any]]) -> None:
    """Their score of every series that they and we judge alike, near a limit and away from it."""
    series = json.loads(CASES[case_id]["expected"])["series"]["x-x-x"]
    verdict = theirs(CASES[case_id], answers[case_id])
    assert (verdict.status, verdict.score) == (series["status"], close(series["score"]))


def theirs_of_progress(case: dict[str, str], got: dict[str, Any]) -> Any:
    """What sdg-build calls the progress value, from columns of ours."""
    if case["target_value"]:
        return got["eurostat_ratio"]
    sign = 1 if case["operator"] == "ge" else -1
    return None if got["cagr_actual"] is None else sign * got["cagr_actual"]


def theirs(case: dict[str, str], got: dict[str, Any]) -> Verdict:
    value = theirs_of_progress(case, got)
    if case["target_value"]:
        return sdg_build_score(value, is_met=got["met_latest"])
    is_limited = "limit 100" in case["method"] + case["note"]
    near = limit_coefficient(got["baseline_value"], 100.0) if is_limited else 1.0
    return sdg_build_score_of_growth(value, near)


def test_near_a_lower_limit_the_thresholds_shrink_as_near_an_upper_one() -> None:
    """1 - ((2 * 50 - 60) / 50)^4.44 with 0.8^4.44 = e^(4.44 ln 0.8)."""
    assert limit_coefficient(60.0, 50.0) == close(1 - math.exp(4.44 * math.log(0.8)))
    assert limit_coefficient(60.0, 50.0) == limit_coefficient(40.0, 50.0)
    assert (limit_coefficient(100.0, 50.0), limit_coefficient(50.0, 50.0)) == (1.0, 0.0)
    assert sdg_build_score_of_growth(0.01, 0.0) == ("substantial_progress", 5.0)


BANDS = {"P-IS01": (istat_class, "class"), "P-PS01": (psa_likelihood, "likelihood")}


@pytest.mark.parametrize("case_id", BANDS)
def test_bands_as_printed(case_id: str) -> None:
    rule, name = BANDS[case_id]
    values = [value for _, value in json.loads(CASES[case_id]["series"])]
    expected = json.loads(CASES[case_id]["expected"])[name]
    assert banded(rule, values) == [band.lower().replace(" ", "_") for band in expected]
    # A boundary is one whatever the rounding of the last digits.
    for nudge in (-1e-12, 1e-12):
        assert banded(rule, [v + nudge for v in values]) == banded(rule, values)
    assert banded(rule, [None]) == [None]


def banded(rule: Callable[[nw.Expr], nw.Expr], values: list[float | None]) -> list[str | None]:
    frame = nw.from_native(pl.DataFrame({"x": values}, {"x": pl.Float64}))
    return nw.to_native(frame.select(band=rule(nw.col("x"))))["band"].to_list()


@pytest.mark.parametrize("case_id", [c for c in ids("R") if c not in DIFFERS | REFUSED])
def test_same_as_sdg_build(case_id: str, answers: dict[str, dict[str, Any]]) -> None:
    series = json.loads(CASES[case_id]["expected"])["series"]["x-x-x"]
    got = answers[case_id]
    if CASES[case_id]["target_value"]:
        assert got["eurostat_ratio"] == close(series["progress_value"])
    else:
        assert got["cagr_actual"] == close(series["progress_value"])
    assert got["baseline_year"] == series["base_year"]


@pytest.mark.parametrize(("case_id", "ours"), DIFFERS.items())
def test_differs_from_sdg_build_on_purpose(
    case_id: str, ours: dict[str, Any], answers: dict[str, dict[str, Any]]
) -> None:
    assert {k: answers[case_id][k] for k in ours} == {k: close(v) for k, v in ours.items()}


@pytest.mark.parametrize(("case_id", "rule"), REFUSED.items())
def test_refused_with_a_rule(case_id: str, rule: str, answers: dict[str, dict[str, Any]]) -> None:
    error = answers[case_id]["error"]
    assert error["rule"] == rule
    assert error["remedy"]


@pytest.mark.parametrize("case_id", ids("P-CO"))
def test_coinr_normalisation_is_progress_from_its_zero_point(case_id: str, tmp_path: Path) -> None:
    """COINr starts from the extreme of the sample or a goalpost; we from a documented baseline."""
    case = CASES[case_id]
    pairs, target = json.loads(case["series"]), float(case["target_value"])
    values = [value for _, value in pairs]
    upward = case["operator"] == "ge"
    goalpost = "goalposts" in case["method"]
    zero, target = (0.0, 10.0) if goalpost else (min(values) if upward else max(values), target)
    if goalpost and not upward:
        zero, target = 10.0, 0.0
    rows = [
        {"case_id": str(i), "series": f"[[2021, {value}]]", "operator": case["operator"],
         "target_value": str(target), "target_year": "2025", "baseline_year": "2020",
         "baseline_value": str(zero)}
        for i, value in enumerate(values)
    ]  # fmt: skip
    shares = [r["progress_pct"] / 100 for r in evaluate(tmp_path, rows).values()]
    if goalpost or "cap_max=TRUE" in case["method"] or case["method"].endswith(" cap"):
        shares = [min(max(share, 0.0), 1.0) for share in shares]
    expected = json.loads(case["expected"])["normalised"]
    assert shares == pytest.approx(expected if isinstance(expected, list) else [expected])


def test_required_pace_as_published_for_xiaokang(tmp_path: Path) -> None:
    """57.05 in 2000, 100 wanted by 2020: 2.15 a year needed, 2.0 a year reached by 2006."""
    case = CASES["P-XK01"]
    row = {k: case[k] for k in ("operator", "target_value", "target_year", "baseline_year")}
    rows = [
        {"case_id": "base", "series": "[[2000, 57.05]]", **row},
        {"case_id": "latest", "series": case["series"], **row},
    ]
    got, expected = evaluate(tmp_path, rows), json.loads(case["expected"])
    assert got["base"]["gap_abs"] == pytest.approx(expected["gap_at_base"])
    assert round(got["base"]["required_pace"], 2) == expected["required_per_year"]
    assert got["latest"]["recent_pace"] == pytest.approx(expected["actual_per_year"])


def test_completion_rate_as_published_for_the_twelfth_plan() -> None:
    counts = dict(json.loads(CASES["P-FP01"]["series"]))
    expected = json.loads(CASES["P-FP01"]["expected"])
    assert completion_rate_pct(counts["met"], counts["all"]) == expected["completion_rate_pct"]


def test_counts_by_plan_class_as_published_for_the_fourteenth_plan() -> None:
    words = {
        "achieved_early": "提前实现",
        "faster_than_expected": "快于预期",
        "in_line": "基本符合预期",
        "lagging": "滞后",
    }
    given = dict(json.loads(CASES["P-FP02"]["series"]))
    found = plan_class_counts(words[name] for name, n in given.items() for _ in range(n))
    expected = json.loads(CASES["P-FP02"]["expected"])
    assert {name: found[words[name]] for name in given} == given
    assert {name: found[name] for name in expected} == expected


def test_interval_score_of_the_index() -> None:
    case = CASES["H65"]
    low, high = json.loads(case["target_value"])
    scores = [interval_score(x, low, high, 1, 8) for _, x in json.loads(case["series"])]
    assert scores == pytest.approx(json.loads(case["expected"])["score"])


def test_composite_with_a_missing_member() -> None:
    case = CASES["H68"]
    found = composite(dict(json.loads(case["series"])))
    expected = json.loads(case["expected"])
    assert {name: getattr(found, name) for name in expected} == {
        name: close(value) for name, value in expected.items()
    }


def test_every_case_is_checked() -> None:
    checked = {
        *ids("H", "gap_to_goal"), "H61", "H62", "H63", "H64", "P-XK01", "P-XK02", *OF_THE_INDEX,
        *OF_A_PLAN,
        *ids("P-EU"), *ids("P-SC"), *ids("P-CI"), *ids("P-OS"), *ids("P-CO"), *ids("R"),
        *BANDS,
    }  # fmt: skip
    assert checked == set(CASES)
