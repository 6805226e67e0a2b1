"""What is shown of a sheet: all of it, one unit's goals, one region's, or both together."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from assets.assess.sheet import summarise
from pipelines.query import Row
from schemas.assessment_records import RuleSet


class UnknownName(LookupError):
    """No unit, or no region, of that name; the message lists those that there are."""


@dataclass(frozen=True)
class View:
    """Part of a sheet.

    Attributes:
        unit, region: rows of the sheet's lists; None: all.
    """

    sheet: Row
    unit: Row | None
    region: Row | None

    @cached_property
    def rules(self) -> RuleSet:
        return rules_of(self.sheet)

    @cached_property
    def lines(self) -> list[Row]:
        return [
            x for x in self.sheet["lines"]
            if (self.unit is None or self.unit["id"] in x["units"])
            and (self.region is None or self.region["id"] == x["region_code"])
        ]  # fmt: skip

    @cached_property
    def summary(self) -> Row:
        return summarise(self.lines, self.rules)

    @cached_property
    def by_unit(self) -> list[Row]:
        """The units that have goals here, each with its sums."""
        return self._sums(self.sheet["units"], lambda line, key: key in line["units"])

    @cached_property
    def by_region(self) -> list[Row]:
        """The regions that have goals here, each with its sums."""
        return self._sums(self.sheet["regions"], lambda line, key: key == line["region_code"])

    def part(self, part: str) -> list[Row]:
        """Lines of a part: `due`, `earlier`, `running`."""
        return [x for x in self.lines if x["part"] == part]

    def title(self, language: str) -> str:
        """Whom it is of: 省商务厅; 全部责任单位 for all."""
        named = [row[language] for row in (self.unit, self.region) if row is not None]
        everything = {"zh": "全部责任单位", "en": "all responsible units"}
        return " · ".join(named) or everything[language]

    def record(self) -> Row:
        """As JSON gives it: the sheet with the lines and sums of this view."""
        return {
            **{k: v for k, v in self.sheet.items() if k not in ("lines", "summary")},
            "unit": self.unit and self.unit["id"],
            "region": self.region and self.region["id"],
            "summary": self.summary,
            "by_unit": {row["id"]: row["summary"] for row in self.by_unit},
            "by_region": {row["id"]: row["summary"] for row in self.by_region},
            "lines": self.lines,
        }

    def _sums(self, owners: Iterable[Row], owns: Any) -> list[Row]:
        found = []
        for owner in owners:
            lines = [x for x in self.lines if owns(x, owner["id"])]
            if lines:
                found.append({**owner, "summary": summarise(lines, self.rules)})
        return found


_BESIDE_RULES: Final = ("file", "sha256")


def rules_of(sheet: Row) -> RuleSet:
    """The rule set that a sheet was made by."""
    given = {k: v for k, v in sheet["rules"].items() if k not in _BESIDE_RULES}
    return RuleSet.model_validate(given)


def view_of(sheet: Row, unit: str | None = None, region: str | None = None) -> View:
    """What a unit and a region have in a sheet.

    Args:
        unit: id, name, or any printed name.
        region: code or name.

    Raises:
        UnknownName: see there.
    """
    return View(
        sheet,
        _find(sheet["units"], unit, "责任单位", "responsible unit"),
        _find(sheet["regions"], region, "有目标的地区", "region with goals"),
    )


def _find(known: list[Row], name: str | None, zh: str, en: str) -> Row | None:
    if name is None:
        return None
    for row in known:
        if name.strip() in (row["id"], row["zh"], row["en"], *row.get("names", ())):
            return row
    listed = "，".join(f"{row['id']} {row['zh']}" for row in known)
    raise UnknownName(f"没有{zh} / no {en}: {name}；可用 known: {listed}")
