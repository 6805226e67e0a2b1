"""The indices on record in data/index, and what is wrong with their files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from assets.findings import Finding
from pipelines.yamlfile import Problem, read_yaml
from schemas.index_records import GoalIndex, Index, ProvinceIndex

GOALS: Final = "goals.yaml"
PROVINCES: Final = "provinces.yaml"
RULE: Final = "index_specification"
TABLE: Final = "data/index"

I = TypeVar("I", bound=Index)  # noqa: E741 - the usual name of a type


@dataclass(frozen=True)
class Specifications:
    """What could be read; an index with a fault is left out and is among the problems."""

    goals: tuple[GoalIndex, ...]
    provinces: tuple[ProvinceIndex, ...]
    problems: tuple[Problem, ...]

    @property
    def all(self) -> tuple[Index, ...]:
        return (*self.goals, *self.provinces)


def load_indices(folder: Path) -> Specifications:
    """Read the specifications. Where there is no such file, there is no such index."""
    goals, wrong_goals = _read(folder / GOALS, GoalIndex)
    provinces, wrong_provinces = _read(folder / PROVINCES, ProvinceIndex)
    return Specifications(goals, provinces, (*wrong_goals, *wrong_provinces))


def _read(path: Path, model: type[I]) -> tuple[tuple[I, ...], list[Problem]]:
    if not path.is_file():
        return (), []
    loaded = read_yaml(path, model)
    # Where the project lies must not show in its findings.
    file = f"{TABLE}/{path.name}"
    return tuple(loaded.records), [replace(p, file=file) for p in loaded.problems]


def specification_findings(
    found: Specifications, indicators: pl.DataFrame, targets: pl.DataFrame
) -> Iterator[Finding]:
    """Faults of the files, and names in them that the register does not know."""
    for p in found.problems:
        yield Finding(
            "error", RULE, TABLE, f"{p.file}|{p.line}|{p.record}.{p.field}",
            f"{p.file} 第{p.line}行 {p.record}.{p.field}：{p.message_zh}", str(p), p.remedy,
        )  # fmt: skip
    known = {
        "indicator": set(indicators["indicator_id"]),
        "theme": set(indicators["theme"]),
        "target": set(targets["target_id"]),
    }
    for index, kind, name, line in _names(found):
        if name not in known[kind]:
            yield Finding(
                "error", RULE, TABLE, f"{index}|{kind}|{name}",
                f"指数 {index}（第{line}行）：登记册中没有 {name}",
                f"{index}, line {line}: the register knows no {kind} {name}",
                "Correct the name; until then it counts as a member without data",
            )  # fmt: skip


def _names(found: Specifications) -> Iterator[tuple[str, str, str, int]]:
    for goal in found.goals:
        yield from ((goal.id, "theme", w.theme, w.line) for w in goal.theme_weights)
        yield from ((goal.id, "target", w.target, w.line) for w in goal.target_weights)
        yield from ((goal.id, "target", b.target, b.line) for b in goal.allowed_bounds)
    for province in found.provinces:
        for member in province.members:
            yield province.id, "indicator", member.indicator, member.line_of("indicator")
            if member.per:
                yield province.id, "indicator", member.per, member.line_of("per")
