"""The score sheet of a year: one line a goal, sums for the province, each unit and each region.

A goal with several responsible units counts in full for each of them, and once in the whole. All
rows are plain mappings, as they are frozen.
"""

import datetime as dt
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from assets.assess.rules import DECIMALS, Rules, mark
from assets.report.book import GOALS
from assets.report.outcomes import GROUP_OF, with_outcome
from pipelines.query import Row, rows
from schemas.assessment_records import PARTS, RuleSet
from schemas.submission_records import ReportingUnit
from schemas.vocabulary import PLAN_CLASSES_ZH

FORMAT: Final = 1
NOT_STATED: Final = "not_stated"
IN_LINE_OR_FASTER: Final = ("提前实现", "快于预期", "基本符合预期")

# Of a goal's row as the report reads it; what was reached follows under names of its own.
_OF_GOAL: Final = (
    "target_id", "indicator_id", "name_zh", "name_en", "theme", "region_code", "region_zh",
    "region_en", "year", "operator", "value", "value_high", "value_kind", "unit", "target_unit",
    "resolved_target", "is_quantified", "printed", "commitment", "standing", "status",
    "status_reason", "plan_class_zh", "progress_pct", "evidence_grade",
)  # fmt: skip
_BUILD: Final = (
    "content_sha256", "inputs_sha256", "code_sha256", "code_version", "rows_in", "rows_accepted",
    "rows_rejected",
)  # fmt: skip


def read_goals(connection: Any) -> list[Row]:
    """Live goals of plans with their outcome, as the report shows them."""
    return [with_outcome(g) for g in rows(connection, GOALS) if g["is_live"]]


def make_sheet(
    year: int,
    goals: Iterable[Row],
    units: Sequence[ReportingUnit],
    rules: Rules,
    build: Row,
    build_id: str,
) -> Row:
    """The whole sheet of a year.

    Args:
        goals: rows of `read_goals`.
        units: bodies with their printed names, of data/submissions.yaml.
        build: the row of `meta.build` that the goals are from.
        build_id: the published build that was live; the goals may be of another day's view.
    """
    kept = [g for g in goals if _belongs(g, year)]
    known = _units(units, kept)
    by_name = {name: unit["id"] for unit in known for name in unit["names"]}
    lines = [_line(g, year, rules.record, by_name) for g in kept]
    order = list(PARTS)
    lines.sort(key=lambda x: (order.index(x["part"]), x["year"] or 9999, x["indicator_id"],
                              x["region_code"], x["target_id"]))  # fmt: skip
    regions = {g["region_code"]: {"id": g["region_code"], "zh": g["region_zh"],
                                  "en": g["region_en"]} for g in kept}  # fmt: skip
    return {
        "format": FORMAT,
        "year": year,
        "as_of": str(build["as_of"]),
        "build": {"build_id": build_id, **{name: build[name] for name in _BUILD}},
        "rules": {"file": rules.file, "sha256": rules.sha256, **rules.record.model_dump()},
        "units": known,
        "regions": [regions[code] for code in sorted(regions)],
        "summary": summarise(lines, rules.record),
        "lines": lines,
        "restated": None,
    }


def part_of(goal_year: int | None, year: int) -> str:
    """Code of `PARTS`: is the goal due in the year, before it or later?"""
    if goal_year == year:
        return "due"
    return "earlier" if goal_year is not None and goal_year < year else "running"


def summarise(lines: Sequence[Row], rules: RuleSet) -> Row:
    """Sums of lines. The total is None where too few of the goals could be assessed."""
    scored = [x for x in lines if x["treatment"] == "scored"]
    open_ = sum(x["treatment"] == "not_assessable" for x in lines)
    earned = round(math.fsum(x["points"] for x in scored), DECIMALS)
    assessable = round(math.fsum(x["max_points"] for x in scored), DECIMALS)
    share = len(scored) / (len(scored) + open_) if scored else None
    score = None
    if share is not None and share >= rules.minimum_share:
        score = round(rules.full_mark * earned / assessable, DECIMALS)
    met = sum(GROUP_OF[x["status"]].id == "met" for x in scored)
    return {
        "goals": len(lines),
        "scored": len(scored),
        "not_assessable": open_,
        "not_scored": len(lines) - len(scored) - open_,
        "assessed_share": None if share is None else round(share, 4),
        "points": earned if scored else None,
        "max_points": assessable if scored else None,
        "score": score,
        "band": None if score is None else _band(score, rules),
        "met": met,
        "completion_rate_pct": completion_rate_pct(met, len(scored)),
        "plan_classes": plan_class_counts(
            x["plan_class_zh"] for x in lines if x["part"] != "earlier"
        ),
    }


def completion_rate_pct(met: int, judged: int) -> float | None:
    """Goals met among those judged [%]; None where none was judged."""
    return None if judged == 0 else round(100 * met / judged, 1)


def plan_class_counts(classes: Iterable[str | None]) -> dict[str, int]:
    """How many goals stand in each class of the plan vocabulary; what has none is not counted."""
    found = Counter(name for name in classes if name is not None)
    return {
        **{name: found[name] for name in PLAN_CLASSES_ZH},
        "total": found.total(),
        "in_line_or_faster": sum(found[name] for name in IN_LINE_OR_FASTER),
    }


def _belongs(goal: Row, year: int) -> bool:
    """A goal that is not due yet belongs to a year only if it was issued by its end."""
    known: bool = goal["issued_on"] <= dt.date(year, 12, 31)
    return known or part_of(goal["year"], year) != "running"


def _line(goal: Row, year: int, rules: RuleSet, by_name: dict[str, str]) -> Row:
    part = part_of(goal["year"], year)
    quality = goal["due_quality" if goal["is_at_deadline"] else "obs_quality"]
    units = dict.fromkeys(by_name[name] for name in _printed(goal)) or {NOT_STATED: None}
    line = {
        "part": part,
        **{name: goal[name] for name in _OF_GOAL},
        "attainment_pct": goal["shown_attainment"],
        "reached": goal["shown_value"],
        "reached_bound": goal["shown_bound"],
        "reached_period": goal["shown_period"],
        "observation_id": goal["shown_observation"],
        "evidence_source": goal["shown_source"] if goal["shown_value"] is not None else None,
        "evidence_quality": quality if goal["shown_value"] is not None else None,
        "citation": {
            "kind": goal["goal_source_kind"],
            "id": goal["goal_source_id"],
            "document_id": goal["document_id"],
            "title": goal["goal_source"],
            "section": goal["goal_section"],
            "published_on": str(goal["goal_published_on"]),
            "url": goal["goal_url"],
        },
        "units": list(units),
        "shared_with": len(units) - 1,
    }
    return {**line, **mark(line, part, rules)._asdict()}


def _printed(goal: Row) -> list[str]:
    return goal["responsible_units"].split("、") if goal["responsible_units"] else []


def _units(units: Sequence[ReportingUnit], goals: Iterable[Row]) -> list[Row]:
    """All units on record; a printed name that none of them has stands by itself."""
    found = [{"id": u.id, "zh": u.name.zh, "en": u.name.en, "names": list(u.names)} for u in units]
    listed = {name for unit in units for name in unit.names}
    for name in sorted({name for g in goals for name in _printed(g)} - listed):
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        found.append({"id": f"unlisted_{digest}", "zh": name, "en": name, "names": [name]})
    return [*found, {"id": NOT_STATED, "zh": "未注明", "en": "not stated", "names": []}]


def _band(score: float, rules: RuleSet) -> str:
    return next(band.id for band in rules.bands if score >= band.from_score)
