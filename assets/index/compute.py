"""From members to the rows of the three tables of an index."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from assets.index import sensitivity
from assets.index.members import Member, Plan, Scores, by_theme
from assets.index.scores import (
    Composite,
    Nested,
    clipped,
    composite,
    mean_without,
    nested,
    ranks,
    rounded,
)
from assets.index.sensitivity import Drawn, Layout
from schemas.index_records import Index
from schemas.tables_index import TOTAL

Row = dict[str, Any]
POOLED = "pooled"
Band = Mapping[str, float | int | None]
Spread = dict[tuple[str, str], Band]  # (region, part) -> its pooled band


@dataclass(frozen=True)
class Computed:
    """Rows of `index_scores`, `index_members` and `index_sensitivity`, without the year before."""

    scores: list[Row]
    members: list[Row]
    sensitivity: list[Row]


def compute_index(index: Index, plan: Plan, members: Sequence[Member]) -> Computed:
    """All years of an index; one year knows nothing of the others."""
    found = Computed([], [], [])
    ordered = sorted(members, key=lambda m: (m.region_code, m.theme, m.member))
    for year in sorted({member.year for member in members}):
        regions: dict[str, list[Member]] = {}
        for member in ordered:
            if member.year == year:
                regions.setdefault(member.region_code, []).append(member)
        of_year = _Year(index, plan, year, regions)
        spread, rows = of_year.spread()
        found.sensitivity.extend(rows)
        found.scores.extend(of_year.scores(spread))
        found.members.extend(of_year.members())
    return found


class _Year:
    """One year of an index, for all regions."""

    def __init__(
        self, index: Index, plan: Plan, year: int, regions: Mapping[str, list[Member]]
    ) -> None:
        self.index, self.plan, self.year, self.regions = index, plan, year, regions
        self.given = {region: by_theme(found) for region, found in regions.items()}
        self.nested = {region: self._nest(scores) for region, scores in self.given.items()}
        self.parts = sorted({theme for scores in self.given.values() for theme in scores})

    def _nest(self, scores: Scores) -> Nested:
        return nested(
            scores, self.plan.theme_weights, self.plan.member_weights,
            minima=self.index.minima, floor=self.index.floor,
        )  # fmt: skip

    def _ranks(self, part: str) -> dict[str, int]:
        if not self.plan.is_ranked:
            return {}
        return ranks({region: rounded(self._composite(region, part).arithmetic)
                      for region in self.regions})  # fmt: skip

    def _composite(self, region: str, part: str) -> Composite:
        found = self.nested[region]
        if part == TOTAL:
            return found.total
        return found.themes.get(part) or composite({})

    def scores(self, spread: Spread) -> list[Row]:
        """Rows of the whole and of each theme, by region."""
        rows = []
        for part in (TOTAL, *self.parts):
            rank = self._ranks(part)
            for region, members in self.regions.items():
                own = [m for m in members if part in (TOTAL, m.theme)]
                if own:
                    rows.append(self._score_row(region, part, own, rank, spread))
        return rows

    def _score_row(
        self, region: str, part: str, own: list[Member], rank: Mapping[str, int], spread: Spread
    ) -> Row:
        found = self._composite(region, part)
        there = [m for m in own if m.is_scored]
        worst = min(there, key=lambda m: (m.scores[0], m.member), default=None)
        zh, en = self.plan.theme_names.get(part, ("总指数", "the whole index"))
        themes = {m.theme for m in own if m.is_member}
        scored = [t for t in themes if self.nested[region].themes[t].published]
        met = [m.is_met for m in own if m.is_scored and m.is_met is not None]
        band = spread.get((region, part), {})
        return {
            "region_code": region,
            "year": self.year,
            "part": part,
            "part_zh": zh,
            "part_en": en,
            "score": _published(found.arithmetic),
            "geometric": _published(found.geometric),
            "worst_score": _published(worst.scores[0]) if worst else None,
            "worst_member": worst.member if worst else None,
            "worst_zh": worst.name_zh if worst else None,
            "worst_en": worst.name_en if worst else None,
            "members": sum(m.is_member for m in own),
            "members_scored": len(there),
            "members_met": sum(met) if met else None,
            "excluded": sum(not m.is_member for m in own),
            "themes": len(themes),
            "themes_scored": len(scored),
            "coverage": rounded(found.coverage),
            "null_reason": _why_none(found, part, bool(themes)),
            "score_low": band.get("score_low"),
            "score_high": band.get("score_high"),
            "rank": rank.get(region),
            "rank_low": band.get("rank_low"),
            "rank_high": band.get("rank_high"),
            "ranked": len(rank) if region in rank else None,
        }

    def members(self) -> list[Row]:
        """Rows of the members, with what the index would be without each of them."""
        totals = {
            region: score
            for region in self.regions
            if (score := self.nested[region].total.arithmetic) is not None
        }
        counted = {
            region: {t: s for t, s in self.given[region].items() if found.themes[t].published}
            for region, found in self.nested.items()
        }
        names = {m.member for found in self.regions.values() for m in found}
        # One member less is no reason to publish none, so no coverage is asked for here.
        left = {
            name: {
                region: rounded(
                    mean_without(
                        counted[region], name, self.plan.theme_weights, self.plan.member_weights
                    )
                )
                for region in totals
            }
            for name in names
            if totals
        }
        placed = {name: ranks(rest) for name, rest in left.items() if self.plan.is_ranked}
        rows = []
        for region, members in self.regions.items():
            for m in members:
                row = m.row()
                for name in ("score", "score_variant"):
                    row[name] = _published(row[name])
                row["value"] = rounded(m.value)
                row["weight"] = rounded(self.nested[region].shares.get(m.member))
                row["influence"] = row["rank_without"] = None
                rest = left.get(m.member, {}).get(region)
                if row["weight"] is not None and rest is not None:
                    row["influence"] = rounded(totals[region] - rest)
                    row["rank_without"] = placed.get(m.member, {}).get(region)
                rows.append(row)
        return rows

    def spread(self) -> tuple[Spread, list[Row]]:
        """Quantiles over the drawn weights, for each method and for all of them together."""
        themes: dict[str, list[str]] = {}
        for member in chain.from_iterable(self.regions.values()):
            names = themes.setdefault(member.theme, []) if member.is_member else None
            if names is not None and member.member not in names:
                names.append(member.member)
        parts = [theme for theme in (None, *sorted(themes)) if self._published_in(theme)]
        if not parts:
            return {}, []
        layout = Layout(
            themes, self.plan.theme_weights, self.plan.member_weights,
            self.index.minima, self.index.floor,
        )  # fmt: skip
        drawn = [
            sensitivity.draw(
                layout, self._table(layout, method), self.index.draws, self.index.seed, parts
            )
            for method in range(len(self.plan.methods))
        ]
        spread: Spread = {}
        rows: list[Row] = []
        for theme in parts:
            part = theme or TOTAL
            of_part = [found[theme] for found in drawn]
            for row in self._bands(part, of_part, self._published_in(theme)):
                rows.append(row)
                if row["aggregation"] == POOLED:
                    spread[row["region_code"], part] = row
        return spread, rows

    def _published_in(self, theme: str | None) -> list[str]:
        part = theme or TOTAL
        return [region for region in self.regions if self._composite(region, part).published]

    def _table(self, layout: Layout, method: int) -> list[list[float | None]]:
        table = []
        for members in self.regions.values():
            scores = by_theme(members, method)
            flat = {name: score for part in scores.values() for name, score in part.items()}
            table.append([flat.get(name) for name in layout.members])
        return table

    def _bands(self, part: str, drawn: Sequence[Drawn], published: list[str]) -> Iterable[Row]:
        regions = list(self.regions)
        cases = [
            (aggregation, basis, getattr(found, aggregation))
            for aggregation in ("arithmetic", "geometric")
            for basis, found in zip(self.plan.methods, drawn, strict=True)
        ]
        placed = [
            sensitivity.ranks_by_draw(case) if self.plan.is_ranked else None for _, _, case in cases
        ]
        together = np.concatenate([case for _, _, case in cases])
        known = [rank for rank in placed if rank is not None]
        all_ranks = np.concatenate(known) if known else None
        for aggregation, basis, case, rank in [
            *((a, b, c, r) for (a, b, c), r in zip(cases, placed, strict=True)),
            (POOLED, POOLED, together, all_ranks),
        ]:
            of_scores = sensitivity.quantiles(case)
            of_ranks = None if rank is None else sensitivity.quantiles(rank)
            for region in published:
                at = regions.index(region)
                yield {
                    "region_code": region,
                    "year": self.year,
                    "part": part,
                    "aggregation": aggregation,
                    "basis": basis,
                    "draws": len(case),
                    **{f"score_{end}": _published(row[at]) for end, row in of_scores.items()},
                    **({f"rank_{end}": int(row[at]) for end, row in of_ranks.items()}
                       if of_ranks else dict.fromkeys(("rank_low", "rank_median", "rank_high"))),
                }  # fmt: skip


def _published(score: float | None) -> float | None:
    # A mean of hundreds may lie beyond 100 in its last bit.
    return None if score is None else rounded(clipped(score))


def _why_none(found: Composite, part: str, has_members: bool) -> str | None:
    if found.published:
        return None
    if not has_members:
        return "no_members"
    return "themes_missing" if part == TOTAL else "members_missing"
