"""The rule set of a year, and what it makes of one goal."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipelines.yamlfile import Problem, RegisterError, read_yaml
from schemas.assessment_records import RuleSet

DECIMALS: Final = 2


class NoRules(LookupError):
    """No rule set is in force in the year."""


@dataclass(frozen=True)
class Rules:
    """A rule set with the file it stands in and the SHA-256 of that file's bytes."""

    record: RuleSet
    file: str
    sha256: str


class Mark(NamedTuple):
    """What a goal gets.

    Attributes:
        treatment: `scored`, `not_assessable`, or `not_scored`.
        max_points, points: None unless it is scored.
    """

    treatment: str
    weight: float
    max_points: float | None
    points: float | None


def load_rules(folder: Path, year: int) -> Rules:
    """The rule set in force in a year: of all files, the one with the latest `from_year` up to it.

    Raises:
        RegisterError: a file has a fault, or two rule sets begin in one year.
        NoRules: there is none for the year.
    """
    found: list[Rules] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        loaded = read_yaml(path, RuleSet)
        problems += loaded.problems
        for record in loaded.records:
            found.append(Rules(record, loaded.file, loaded.sha256))
    for number, rules in enumerate(found):
        if any(rules.record.from_year == r.record.from_year for r in found[:number]):
            problems.append(_twice(rules))
    if problems:
        raise RegisterError(problems)
    in_force = [r for r in found if r.record.from_year <= year]
    if not in_force:
        first = min((r.record.from_year for r in found), default=None)
        raise NoRules(
            f"{year} 年没有评分规则（data/assessment），最早从 {first or '—'} 年起 / "
            f"no rule set for {year}; the first begins in {first or '—'}"
        )
    return max(in_force, key=lambda r: r.record.from_year)


def _twice(rules: Rules) -> Problem:
    record = rules.record
    return Problem(
        rules.file, record.line_of("from_year"), record.id, "from_year", str(record.from_year),
        "repeated_year", "another rule set begins in this year", "give one of them another year",
        "另一套规则也从这一年起",
    )  # fmt: skip


def mark(goal: dict[str, Any], part: str, rules: RuleSet) -> Mark:
    """Points of a goal.

    Args:
        goal: `status`, `commitment`, `attainment_pct` (at the deadline where that is known).
        part: code of `PARTS`.
    """
    weight: float = getattr(rules.weights, goal["commitment"])
    rule = getattr(rules.points, goal["status"])
    if not getattr(rules.scored, part) or rule.rule == "not_scored":
        return Mark("not_scored", weight, None, None)
    if rule.rule == "not_assessable":
        return Mark("not_assessable", weight, None, None)
    if rule.rule == "pro_rata":
        share = _pro_rata(goal["attainment_pct"], rule.floor_pct, rule.at_most)
    else:
        share = 1.0 if rule.rule == "full" else rule.share
    most = round(rules.full_mark * weight, DECIMALS)
    return Mark("scored", weight, most, round(most * share, DECIMALS))


def _pro_rata(attainment: float | None, floor: float, at_most: float) -> float:
    """Where no ratio can be formed the goal is missed all the same, and earns nothing."""
    if attainment is None or attainment < floor:
        return 0.0
    return min(at_most, attainment / 100)
