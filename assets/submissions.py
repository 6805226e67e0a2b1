"""Who owes which figures at the end of a quarter: from the register and data/submissions.yaml."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

import polars as pl

from assets.findings import Finding
from assets.register_files import Register
from pipelines.quarters import Quarter
from pipelines.yamlfile import load_yaml
from schemas.records import Indicator, Statement, Target
from schemas.submission_records import ReportingUnit, SubmissionSettings
from schemas.units import UNITS

SOURCE_ID: Final = "submissions"

# The unit in which people of the trade write such figures; for the others the unit's own sign.
_USUAL_UNITS: Final = {
    "CNY": "亿元", "subscriptions": "万户", "parcels": "万件", "GB": "万GB", "index": "分",
}  # fmt: skip


class UnknownReporter(LookupError):
    """No unit, or no region of it, of that name; the message lists those that there are."""


@dataclass(frozen=True)
class Last:
    """The last known figure of a series, in the canonical unit, and where it is from."""

    value: float
    period: str
    period_end: dt.date
    source: str
    published_on: dt.date


@dataclass(frozen=True)
class Asked:
    """One figure that is owed, with all that a submitted value is judged by.

    Attributes:
        unit: canonical unit; unit_printed: the one in which the figure is asked.
        plausible_min, plausible_max: bounds of the register, in the canonical unit.
        goal: median of the levels to be reached, a yardstick of magnitude.
        last_value: the last known figure, in the canonical unit; last_printed: its period and
            source, for people; last_ended: that period ended before this quarter did.
        accepted_value: what this reporter submitted for the quarter before, as decimal text in
            the canonical unit; None where there is nothing.
    """

    indicator_id: str
    name_zh: str
    name_en: str
    region_code: str
    region_zh: str
    unit: str
    unit_printed: str
    period: str
    period_type: str
    period_zh: str
    measure: str
    is_cumulative: bool
    plausible_min: float | None
    plausible_max: float | None
    goal: float | None
    last_value: float | None = None
    last_printed: str | None = None
    last_ended: bool = False
    accepted_value: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Indicator and region."""
        return (self.indicator_id, self.region_code)


@dataclass(frozen=True)
class Reporter:
    """Who hands in a workbook: a unit, for the region that it reports for."""

    unit: ReportingUnit
    region_code: str
    region_zh: str
    is_local: bool

    @property
    def zh(self) -> str:
        """省商务厅, or 郑州市 for a local government."""
        return self.region_zh if self.is_local else self.unit.name.zh


@dataclass(frozen=True)
class Roster:
    """Everyone who reports, and what they owe.

    Attributes:
        regions: table `regions`.
    """

    settings: SubmissionSettings
    register: Register
    regions: pl.DataFrame

    def reporters(self, quarter: Quarter) -> list[Reporter]:
        """All that owe anything for the quarter: the units, then the local governments."""
        settings, names = self.settings, self._names()
        local = next(u for u in settings.units if u.id == settings.regions.unit)
        bodies = [
            Reporter(unit, settings.region, names[settings.region], is_local=False)
            for unit in settings.units
            if unit != local
        ]
        regions = [
            Reporter(local, code, names[code], is_local=True)
            for code in self._local_regions(quarter)
        ]
        return [r for r in bodies + regions if any(self._owed(r, quarter))]

    def reporter(self, unit: str | None, region: str | None, quarter: Quarter) -> Reporter:
        """The reporter of that unit and region; a region alone names its government.

        Args:
            unit: id, or a name as the documents print it.
            region: code or name.

        Raises:
            UnknownReporter: there is none, or the unit has several regions and none is named.
        """
        found = self.reporters(quarter)
        mine = [r for r in found if unit in (r.unit.id, r.unit.name.zh, *r.unit.names)]
        if unit is None:
            mine = [r for r in found if r.is_local]
        if not mine:
            known = dict.fromkeys(f"{r.unit.id} {r.unit.name.zh}" for r in found)
            raise UnknownReporter(
                f"{quarter.zh}没有报送单位 / no unit that reports for {quarter}: {unit}; "
                f"可用 known: {', '.join(known)}"
            )
        wanted = [r for r in mine if region in (r.region_code, r.region_zh)]
        if region is None and len(mine) == 1:
            wanted = mine
        if len(wanted) != 1:
            known = dict.fromkeys(f"{r.region_code} {r.region_zh}" for r in mine)
            given = f" / not {region}" if region else ""
            raise UnknownReporter(
                f"请用 --region 指明报送地区 / name the region with --region{given}: "
                f"{', '.join(known)}"
            )
        return wanted[0]

    def due_on(self, quarter: Quarter) -> dt.date:
        """The last day in time."""
        return quarter.end + dt.timedelta(days=self.settings.due_days_after_quarter_end)

    def locked_on(self, quarter: Quarter) -> dt.date:
        """The first day on which a changed figure needs a reason."""
        return self.due_on(quarter) + dt.timedelta(days=self.settings.locked_days_after_due)

    @property
    def first_quarter(self) -> Quarter:
        """The first quarter that is asked for."""
        return Quarter.parse(self.settings.first_quarter)

    def asked(
        self,
        reporter: Reporter,
        quarter: Quarter,
        last: Mapping[tuple[str, str], Last] | None = None,
    ) -> list[Asked]:
        """The figures that a reporter owes for a quarter, in the order of the register.

        A figure stays owed after the year of its target: whether that was met can only be told
        by figures that came later than it.
        """
        names, rows = self._names(), []
        for indicator, region in dict(self._owed(reporter, quarter)).values():
            row = _asked(indicator, region, names[region], quarter)
            rows.append(_with_last(row, (last or {}).get(row.key), quarter))
        return rows

    def findings(self) -> Iterator[Finding]:
        """Printed names that no unit has, names that no document prints, unusable indicators."""
        printed = {name for s in self.register.statements() for name in s.responsible_units}
        answering = {name for _, _, s in self._aims() for name in s.responsible_units}
        listed = {name for unit in self.settings.units for name in unit.names}
        for name in sorted(answering - listed):
            yield _finding("unit_unlisted", name, "文件所印责任单位未列入报送单位",
                           "a responsible unit of the documents is not listed",
                           "Add the name to a unit of data/submissions.yaml")  # fmt: skip
        for name in sorted(listed - printed):
            yield _finding("unit_not_printed", name, "没有文件印有该单位名称",
                           "no document prints this name of a unit",
                           "Remove it from data/submissions.yaml")  # fmt: skip
        measures = {entry.record.id: entry.record.measure for entry in self.register.entries}
        for name in self.settings.regions.indicators:
            if measures.get(name) not in ("stock", "flow"):
                yield _finding("region_indicator", name, "不是已登记的存量或流量指标",
                               "no stock or flow of the register",
                               "Correct the indicators of `regions`")  # fmt: skip

    def _names(self) -> dict[str, str]:
        return dict(self.regions.select("region_code", "name_zh").iter_rows())

    def _local_regions(self, quarter: Quarter) -> list[str]:
        """Codes of the regions that report for themselves."""
        wanted = self.settings.regions
        of_level = pl.col("reports_as").is_in(wanted.levels)
        if wanted.directly_administered:
            of_level |= pl.col("directly_administered")
        found = self.regions.filter(
            of_level
            & pl.col("region_code").str.starts_with(self.settings.region[:2])
            & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= quarter.end))
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= quarter.end))
        )
        return found["region_code"].sort().to_list()

    def _owed(
        self, reporter: Reporter, quarter: Quarter
    ) -> Iterator[tuple[tuple[str, str], tuple[Indicator, str]]]:
        """(indicator id, region) -> indicator and region; what is printed twice comes twice."""
        if reporter.is_local:
            known = {entry.record.id: entry.record for entry in self.register.entries}
            for name in self.settings.regions.indicators:
                if name in known:
                    yield (name, reporter.region_code), (known[name], reporter.region_code)
            return
        names = set(reporter.unit.names)
        for indicator, region, statement in self._aims():
            issued = self.register.document_of(statement).issued_on
            if issued <= quarter.end and names & set(statement.responsible_units):
                yield (indicator.id, region), (indicator, region)

    def _aims(self) -> Iterator[tuple[Indicator, str, Statement]]:
        """Every statement that sets an aim; a figure that was reached obliges nobody."""
        for entry in self.register.entries:
            record = entry.record
            for target in record.targets:
                yield from ((record, target.region, s) for s in target.statements)
            for aim in record.not_quantified:
                yield record, aim.region, aim.statement


def load_settings(path: Path) -> SubmissionSettings:
    """Read data/submissions.yaml.

    Raises:
        RegisterError: it has a fault.
        ValueError: it does not hold exactly one record.
    """
    records = load_yaml(path, SubmissionSettings)
    if len(records) != 1:
        raise ValueError(f"{path.name}: one record is due, it has {len(records)}")
    return records[0]


def printed_unit_of(unit: str) -> str:
    """The unit in which a figure is asked: 亿元 for yuan, 万户 for subscriptions."""
    return _USUAL_UNITS.get(unit) or UNITS[unit].symbol


def rows_hash(rows: Iterable[Asked]) -> str:
    """What tells whether a template still asks what is owed now."""
    lines = [f"{r.indicator_id}|{r.region_code}|{r.unit_printed}|{r.period}" for r in rows]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def dump_rows(rows: Iterable[Asked]) -> str:
    """As JSON, to be kept beside the landed workbook."""
    return json.dumps([asdict(row) for row in rows], ensure_ascii=False)


def load_rows(text: str) -> list[Asked]:
    """What `dump_rows` wrote."""
    return [Asked(**row) for row in json.loads(text)]


def _asked(indicator: Indicator, region: str, region_zh: str, quarter: Quarter) -> Asked:
    is_flow = indicator.measure == "flow"
    month = quarter.last_month
    span = f"1—{month}月累计" if is_flow else f"{month}月末"
    return Asked(
        indicator_id=indicator.id,
        name_zh=indicator.name.zh,
        name_en=indicator.name.en,
        region_code=region,
        region_zh=region_zh,
        unit=indicator.unit,
        unit_printed=printed_unit_of(indicator.unit),
        period=f"{quarter.year}-{month:02}" if is_flow else str(quarter),
        period_type="year_to_date" if is_flow else "quarterly",
        period_zh=f"{quarter.year}年{span}",
        measure=indicator.measure,
        is_cumulative=indicator.cumulative,
        plausible_min=indicator.plausible.min,
        plausible_max=indicator.plausible.max,
        goal=_goal(t for t in indicator.targets if t.region == region),
    )


def _with_last(row: Asked, last: Last | None, quarter: Quarter) -> Asked:
    if last is None:
        return row
    return replace(
        row,
        last_value=last.value,
        last_printed=f"{last.period}，{last.source}，{last.published_on} 发布",
        last_ended=last.period_end < quarter.end,
    )


def _goal(targets: Iterable[Target]) -> float | None:
    levels = [t.value for t in targets if t.value_kind == "level" and t.value > 0]
    return median(levels) if levels else None


def _finding(rule: str, key: str, zh: str, en: str, remedy: str) -> Finding:
    return Finding("error", rule, "submissions", key, f"{key}：{zh}", f"{key}: {en}", remedy)
