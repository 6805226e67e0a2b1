"""Rules between the records of the register, and with the closed lists outside of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from pipelines.dates import parse_published, period_bounds, period_type_of
from pipelines.yamlfile import Loaded, Problem
from schemas.records import Actual, Document, Indicator, NotQuantified, Statement, Target, Theme
from schemas.units import UnitError, canonical_unit


class Rule(NamedTuple):
    """A rule between records, or between a record and the closed lists outside of the register."""

    zh: str
    en: str
    remedy: str


RULES: Final[Mapping[str, Rule]] = {
    "duplicate_prefix": Rule(
        "条目编号前缀重复",
        "another document has this statement_prefix",
        "give every document its own prefix",
    ),
    "duplicate_indicator": Rule(
        "指标代码重复", "another file has an indicator of this id", "merge them, or rename one"
    ),
    "unknown_theme": Rule("未登记的主题", "no such theme", "use an id of themes.yaml"),
    "theme_domain": Rule(
        "主题属于另一个登记文件",
        "the theme belongs to another file",
        "move the indicator, or correct its theme",
    ),
    "unknown_unit": Rule("未知计量单位", "no such unit", "use a unit of schemas/units.py"),
    "unit_of_measure": Rule(
        "计量单位与指标类型不符",
        "coverage is in percent, a rank in rank",
        "correct the unit or the measure",
    ),
    "ambiguous_alias": Rule(
        "来源代码已属于另一指标", "the alias is another indicator's", "remove it from one of them"
    ),
    "unknown_part": Rule(
        "未登记的分项指标", "whole_of names no indicator", "correct the id, or register the part"
    ),
    "unknown_region": Rule("未登记的地区代码", "no such region", "use a code of regions.csv"),
    "unknown_document": Rule(
        "条目不属于任何已登记的文件",
        "the statement belongs to no document",
        "use the statement_prefix of a document of documents.yaml",
    ),
    "duplicate_statement": Rule(
        "条目已登记", "the statement is registered elsewhere", "keep it in one place"
    ),
    "duplicate_report": Rule(
        "报道已登记", "the report is registered elsewhere", "keep it in one place, or renumber it"
    ),
    "impossible_period": Rule(
        "时期无效", "not a period", "write 2020, 2020-Q3, 2020-07 or 2020-07-29"
    ),
    "impossible_date": Rule(
        "日期无效", "not a date", "write 2018-05-16, 2018-05 or 2018, remarks in brackets"
    ),
    "split_target": Rule(
        "同一目标写了两次",
        "another target of the indicator has the same region, year, kind and figure",
        "write them as one target with several statements or reports",
    ),
    "statement_unaccounted": Rule(
        "原文条目没有去向",
        "the statement has become neither target nor actual nor not_quantified",
        "register it in data/register, or correct `statements` of its document",
    ),
    "statement_unexpected": Rule(
        "条目编号超出文件的条目数",
        "the document has no statement of that number",
        "correct the id, or `statements` of its document",
    ),
}


# What makes two targets of one indicator the same, whoever prints them.
FIGURE: Final = {"region", "year", "value_kind", "value", "value_high", "reference_year"}


@dataclass(frozen=True)
class Entry:
    """An indicator and where it was found; the stem of its file is its domain."""

    record: Indicator
    domain: str
    file: str
    sha256: str


@dataclass
class Checker:
    """Takes records in the order of reading; of two that exclude each other the first stays."""

    regions: frozenset[str]
    themes: Mapping[str, Theme]
    problems: list[Problem] = field(default_factory=list)
    prefixes: set[str] = field(default_factory=set)
    indicators: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    file: str = ""
    record: str = ""

    def documents(self, loaded: Loaded[Document]) -> list[Document]:
        """The documents whose statements can be told apart by their prefix."""
        self.file = loaded.file
        kept = []
        for document in loaded.records:
            self.record = document.id
            prefix = document.statement_prefix
            if prefix in self.prefixes:
                self._report(
                    "duplicate_prefix",
                    document.line_of("statement_prefix"),
                    "statement_prefix",
                    prefix,
                )
            else:
                self.prefixes.add(prefix)
                kept.append(document)
        return kept

    def entries(self, domain: str, loaded: Loaded[Indicator]) -> Iterator[Entry]:
        """The good indicators of a file, without their faulty items."""
        self.file = loaded.file
        for record in loaded.records:
            self.record = record.id
            if not self._indicator(record, domain):
                continue
            self.indicators.add(record.id)
            checked = {
                "unit": canonical_unit(record.unit).id,
                "targets": tuple(self._targets(record)),
                "actuals": tuple(item for item in record.actuals if self._actual(item)),
                "not_quantified": tuple(
                    item for item in record.not_quantified if self._aim(item, "not_quantified")
                ),
            }
            yield Entry(record.model_copy(update=checked), domain, loaded.file, loaded.sha256)

    def names(self, entries: list[Entry]) -> list[Entry]:
        """The entries without aliases that lead elsewhere and without parts that are nowhere."""
        owners = {name: name for name in self.indicators}
        checked = []
        for entry in entries:
            record = entry.record
            self.file, self.record = entry.file, record.id
            aliases = []
            for alias in record.aliases:
                if owners.setdefault(alias, record.id) == record.id and alias != record.id:
                    aliases.append(alias)
                else:
                    self._report("ambiguous_alias", record.line_of("aliases"), "aliases", alias)
            parts = []
            for part in record.whole_of:
                if part in self.indicators and part != record.id:
                    parts.append(part)
                else:
                    self._report("unknown_part", record.line_of("whole_of"), "whole_of", part)
            update = {"aliases": tuple(aliases), "whole_of": tuple(parts)}
            checked.append(replace(entry, record=record.model_copy(update=update)))
        return checked

    def _indicator(self, record: Indicator, domain: str) -> bool:
        theme = self.themes.get(record.theme)
        unit_of = {"coverage": "percent", "rank": "rank"}
        good = True
        if record.id in self.indicators:
            good = self._report("duplicate_indicator", record.line_of("id"), "id", record.id)
        if theme is None:
            good = self._report("unknown_theme", record.line_of("theme"), "theme", record.theme)
        elif theme.domain != domain:
            good = self._report(
                "theme_domain", record.line_of("theme"), "theme", record.theme, theme.domain
            )
        try:
            unit = canonical_unit(record.unit).id
        except UnitError as error:
            return self._report(
                "unknown_unit", record.line_of("unit"), "unit", record.unit, str(error)
            )
        if unit_of.get(record.measure, unit) != unit:
            good = self._report("unit_of_measure", record.line_of("unit"), "unit", record.unit)
        for item in record.breaks:
            good &= self._period(item.period, item.line_of("period"), "breaks.period")
        return good

    def _targets(self, record: Indicator) -> Iterator[Target]:
        seen = set()
        for target in record.targets:
            figure = target.model_dump(include=FIGURE).values()
            if tuple(figure) in seen:
                self._report(
                    "split_target", target.line_of("value"), "targets.value", f"{target.value:g}"
                )
            elif self._target(target):
                seen.add(tuple(figure))
                yield target

    def _target(self, target: Target) -> bool:
        good = self._region(target, "targets")
        for statement in target.statements:
            good &= self._statement(statement, "targets")
        for report in target.reports:
            if report.id in self.sources:
                good = self._report("duplicate_report", report.line, "targets.reports", report.id)
            self.sources.add(report.id)
            try:
                parse_published(report.published_printed, report.collected_on)
            except ValueError as error:
                printed = report.published_printed or ""
                where = "targets.reports.published_printed"
                good = self._report(
                    "impossible_date",
                    report.line_of("published_printed"),
                    where,
                    printed,
                    str(error),
                )
        return good

    def _actual(self, actual: Actual) -> bool:
        good = self._aim(actual, "actuals")
        stated = actual.period_type
        return (
            self._period(actual.period, actual.line_of("period"), "actuals.period", stated) and good
        )

    def _period(self, period: str, line: int, field: str, stated: str | None = None) -> bool:
        try:
            period_bounds(period, stated or period_type_of(period))
        except ValueError as error:
            return self._report("impossible_period", line, field, period, str(error))
        return True

    def _aim(self, item: Actual | NotQuantified, field: str) -> bool:
        good = self._region(item, field)
        return self._statement(item.statement, field) and good

    def _region(self, item: Target | Actual | NotQuantified, field: str) -> bool:
        region, line = item.region, item.line_of("region")
        return region in self.regions or self._report(
            "unknown_region", line, f"{field}.region", region
        )

    def _statement(self, statement: Statement, field: str) -> bool:
        where = f"{field}.statement"
        if statement.id in self.sources:
            return self._report("duplicate_statement", statement.line, where, statement.id)
        self.sources.add(statement.id)
        return statement.id[:3] in self.prefixes or self._report(
            "unknown_document", statement.line, where, statement.id
        )

    def _report(self, rule: str, line: int, field: str, value: str, detail: str = "") -> bool:
        zh, en, remedy = RULES[rule]
        message = f"{en}: {detail}" if detail else en
        self.problems.append(
            Problem(self.file, line, self.record, field, value, rule, message, remedy, zh)
        )
        return False
