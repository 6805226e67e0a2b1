"""What differs between a frozen sheet and one that is made anew."""

from typing import Final

from pipelines.query import Row
from schemas import vocabulary as v

# What can have changed the points of a goal, in the order in which it is told.
CAUSES: Final[v.Codes] = {
    "part": v.Label("类别", "part"),
    "status": v.Label("结论", "verdict"),
    "status_reason": v.Label("理由", "reason"),
    "attainment_pct": v.Label("完成率", "attainment"),
    "reached": v.Label("结果", "reached"),
    "reached_period": v.Label("时期", "period"),
    "observation_id": v.Label("数据出处", "observation"),
    "value": v.Label("目标值", "goal"),
    "value_high": v.Label("目标上限", "upper end of the goal"),
    "resolved_target": v.Label("折算目标值", "goal in the unit of the series"),
    "commitment": v.Label("承诺性质", "commitment"),
    "weight": v.Label("权重", "weight"),
    "units": v.Label("责任单位", "responsible units"),
    "rules": v.Label("评分规则", "rule set"),
}
_POINTS: Final = ("treatment", "max_points", "points")

# They tell what a sheet was made from, not what it says.
_MADE_FROM: Final = ("build", "restated")


def says_the_same(former: Row, sheet: Row) -> bool:
    """Apart from what they were made from, two sheets are equal."""
    before, after = ({k: v for k, v in s.items() if k not in _MADE_FROM} for s in (former, sheet))
    return before == after


def changes(former: Row, sheet: Row) -> list[Row]:
    """The goals whose points changed, came or went, each with the reasons."""
    before = {x["target_id"]: x for x in former["lines"]}
    after = {x["target_id"]: x for x in sheet["lines"]}
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old and new and all(old[k] == new[k] for k in _POINTS):
            continue
        line = new or old or {}
        found.append({
            "target_id": name,
            "name_zh": line["name_zh"],
            "name_en": line["name_en"],
            "year": line["year"],
            "change": "changed" if old and new else "added" if new else "removed",
            **_values("treatment", old, new),
            **_values("points", old, new),
            "why": _why(old, new, former, sheet),
        })  # fmt: skip
    return found


def _values(field: str, old: Row | None, new: Row | None) -> Row:
    return {f"{field}_before": old and old[field], f"{field}_after": new and new[field]}


def _why(old: Row | None, new: Row | None, former: Row, sheet: Row) -> list[Row]:
    if not (old and new):
        return []
    found = [
        {"field": k, "before": old[k], "after": new[k]}
        for k in CAUSES
        if k in old and old[k] != new[k]
    ]
    if former["rules"]["sha256"] != sheet["rules"]["sha256"]:
        before, after = (
            f"{s['rules']['id']} {s['rules']['version']} {s['rules']['sha256'][:12]}"
            for s in (former, sheet)
        )
        found.append({"field": "rules", "before": before, "after": after})
    return found
