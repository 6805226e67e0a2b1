"""What an index is made of in one region and year: scored, or with the reason why not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.tables_index import EXCLUDED

Scores = dict[str, dict[str, float | None]]  # theme -> member -> score


@dataclass(frozen=True)
class Member:
    """One line of `index_members`.

    Attributes:
        scores: by the main method, then by each other one; empty where it is not scored.
    """

    region_code: str
    year: int
    member: str
    theme: str
    indicator_id: str
    name_zh: str
    name_en: str
    reason: str
    unit: str
    scored_by: str | None = None
    scores: tuple[float, ...] = ()
    is_met: bool | None = None
    value: float | None = None
    obs_period: str | None = None
    observation_id: str | None = None

    @property
    def is_member(self) -> bool:
        return self.reason not in EXCLUDED

    @property
    def is_scored(self) -> bool:
        return self.reason == "scored"

    def row(self) -> dict[str, Any]:
        """Its columns of `index_members` that need no other member."""
        names = ("region_code", "year", "member", "theme", "indicator_id", "name_zh",
                 "name_en", "reason", "unit", "scored_by", "is_met", "value",
                 "obs_period", "observation_id")  # fmt: skip
        first, second = (*self.scores[:2], None, None)[:2]
        return {
            **{name: getattr(self, name) for name in names},
            "is_member": self.is_member,
            "score": first,
            "score_variant": second,
        }


def by_theme(members: Iterable[Member], method: int = 0) -> Scores:
    """Scores of the members, scored or not, by one method."""
    found: Scores = {}
    for item in members:
        if item.is_member:
            score = item.scores[method] if item.is_scored else None
            found.setdefault(item.theme, {})[item.member] = score
    return found


@dataclass(frozen=True)
class Plan:
    """How the members of an index come together: the parts of its record that both kinds share."""

    methods: tuple[str, ...]  # names of the scores of a member
    theme_names: Mapping[str, tuple[str, str]]  # theme -> Chinese, English
    theme_weights: Mapping[str, float]
    member_weights: Mapping[str, float]
    is_ranked: bool
