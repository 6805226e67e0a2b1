"""A goal and what became of it, in words."""

from assets.report.outcomes import Row
from assets.report.text import Language, Words


def sentence(goal: Row, language: Language) -> str:
    """A goal and what became of it, in one sentence."""
    words = Words(language)
    t = words.t
    place = words.region(goal)
    where = t(f"{place}{goal['name_zh']}", f"{goal['name_en']}{f' ({place})' if place else ''}")
    year = goal["year"]
    due = t(
        f"{year}年目标" if year else "目标（无期限）", f"goal for {year}" if year else "goal, open"
    )
    status = words.label("STATUSES", goal["status"])
    if not goal["is_quantified"]:
        return t(f"{where}：{due}没有数字（“{goal['printed']}”）。",
                 f"{where}: {due} has no figure (“{goal['printed']}”).")  # fmt: skip
    superseded = t("（已被取代）", " (superseded)") if goal["superseded_by"] else ""
    aim = f"{due}{superseded} {words.target(goal)}"
    if goal["shown_value"] is None:
        return t(f"{where}：{aim}；{status}。", f"{where}: {aim}; {status}.")
    value = words.sign(goal["shown_bound"]) + words.figure(goal["shown_value"], goal["unit"])
    share, gap = goal["shown_attainment"], goal["shown_gap"]
    parts = [f"{goal['shown_period'] or ''} {value}".strip()]
    if share is not None:
        parts.append(t(f"完成率 {words.percent(share)}", f"{words.percent(share)} of it"))
    if gap is not None:
        parts.append(words.gap(goal))
    found = t("，", ", ").join(parts)
    return t(f"{where}：{aim}；{found}：{status}。", f"{where}: {aim}; {found}: {status}.")
