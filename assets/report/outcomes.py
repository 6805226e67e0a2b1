"""What became of a goal, in five groups that a reader takes in at one look."""

from typing import Any, Final, NamedTuple

from schemas.vocabulary import STATUSES, Label

Row = dict[str, Any]


class Group(NamedTuple):
    """Statuses that mean the same to a reader.

    Attributes:
        mark: a sign, so that nothing depends on colour.
        statuses: codes of `STATUSES`.
    """

    id: str
    label: Label
    mark: str
    statuses: tuple[str, ...]


GROUPS: Final = (
    Group(
        "met",
        Label("已实现", "met"),
        "✓",
        ("achieved_early", "achieved_on_time", "achieved", "achieved_date_unknown"),
    ),
    Group("late", Label("逾期实现", "met late"), "◷", ("achieved_late",)),
    Group("missed", Label("未实现", "missed"), "✗", ("missed", "achieved_then_lost")),
    Group(
        "open",
        Label("未到期，进行中", "not due yet, under way"),
        "▷",
        ("on_track", "at_risk", "off_track", "moving_away"),
    ),
    Group(
        "unverified",
        Label("到期未核实、数据不足", "not verifiable from the data"),
        "?",
        ("expired_unverified", "insufficient_data", "scope_mismatch"),
    ),
    Group("no_data", Label("无数据", "no data"), "∅", ("no_data",)),
    Group("not_quantified", Label("未量化", "not quantified"), "–", ("not_quantified",)),
)

GROUP_OF: Final = {status: group for group in GROUPS for status in group.statuses}
assert set(GROUP_OF) == set(STATUSES)

# Groups with a verdict, in the order of a reader's interest; then what has figures but no verdict.
JUDGED: Final = ("missed", "late", "open", "met")
WITH_DATA: Final = (*JUDGED, "unverified")


def with_outcome(goal: Row) -> Row:
    """Add what decided the verdict to a goal's row (`book.GOALS`).

    Adds:
        group: its `Group`.
        shown_value, shown_bound, shown_period, shown_observation, shown_source: the value at the
            deadline where one is known, else the latest; None where nothing is known.
        shown_gap: distance still to go, in the unit of the series; negative: a surplus.
        shown_attainment: [%].
        anchor: id of the goal on its indicator's page.
    """
    at_deadline = bool(goal["deadline_passed"]) and goal["value_at_deadline"] is not None
    pairs = {
        "value": ("value_at_deadline", "latest_value"),
        "bound": ("due_bound", "latest_bound"),
        "period": ("due_period", "obs_period"),
        "observation": ("due_observation", "observation_id"),
        "source": ("due_source", "obs_source"),
        "gap": ("shortfall_at_deadline", "gap_abs"),
        "attainment": ("due_attainment", "attainment_pct"),
    }
    shown = {f"shown_{name}": goal[pair[0 if at_deadline else 1]] for name, pair in pairs.items()}
    return {
        **goal,
        **shown,
        "group": GROUP_OF[goal["status"]],
        "is_at_deadline": at_deadline,
        "anchor": anchor(goal["target_id"]),
    }


def anchor(key: str) -> str:
    """An identifier for HTML of a target, statement or observation."""
    return "".join(c if (c.isalnum() and c.isascii()) or c in "-_" else "-" for c in key)


def counts(goals: list[Row]) -> list[tuple[Group, int]]:
    """How many goals are in each group; groups without any are left out."""
    found = [(group, sum(g["group"] is group for g in goals)) for group in GROUPS]
    return [(group, number) for group, number in found if number]


# In plain words, for the legend; the rules stand in docs/methods.md, section 4.
MEANINGS: Final = {
    "not_quantified": Label(
        "原文没有数字，也推不出数字。", "The text gives no figure, and implies none."
    ),
    "scope_mismatch": Label(
        "已有数据的口径与目标不同，不作比较。", "What was observed has another scope than the goal."
    ),
    "no_data": Label("没有可比的观测值。", "Nothing comparable was observed."),
    "achieved_early": Label("期前已达到，期末仍达到。", "Met before the deadline and at it."),
    "achieved_on_time": Label("期末达到。", "Met at the deadline."),
    "achieved_then_lost": Label(
        "曾达到，期末未达到。", "Met before the deadline, but no longer at it."
    ),
    "achieved_late": Label("期末未达到，之后达到。", "Not met at the deadline, met later."),
    "missed": Label("期末未达到，之后也没有。", "Not met at the deadline, nor since."),
    "achieved_date_unknown": Label(
        "期末没有数据，之后的数据已达到：不知道是否按期。",
        "No figure at the deadline; a later one meets it, so whether in time is not known.",
    ),
    "expired_unverified": Label(
        "已到期，期末及其后没有任何数据，不作判断。",
        "The deadline has passed and nothing was published for it or after it: no verdict.",
    ),
    "achieved": Label("未到期，最新值已达到。", "Not due yet; the latest figure meets it."),
    "insufficient_data": Label(
        "有数据，但不足以判断进度。", "There are figures, but too few to judge progress."
    ),
    "moving_away": Label("最新值比基数离目标更远。", "Further from the goal than the baseline."),
    "on_track": Label("进度不慢于时间。", "As far along as the time that has gone."),
    "at_risk": Label("进度落后于时间。", "Behind the time that has gone."),
    "off_track": Label("进度远落后于时间。", "Far behind the time that has gone."),
}
assert set(MEANINGS) == set(STATUSES)
