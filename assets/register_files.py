"""The register's YAML files, read whole: good records are kept, every fault is a problem."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assets.findings import Finding
from assets.register_checks import RULES, Checker, Entry
from pipelines.yamlfile import Problem, load_yaml, read_yaml
from schemas.records import Document, Indicator, Source, Statement, Theme

NESTED: Final = ("targets", "actuals", "not_quantified")


@dataclass(frozen=True)
class Register:
    """All good records of the register, and the problems of the others, which are left out."""

    documents: tuple[Document, ...]
    themes: tuple[Theme, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    def document_of(self, statement: Statement) -> Document:
        """The document that the id of a statement belongs to."""
        prefix = statement.id[:3]
        return next(d for d in self.documents if d.statement_prefix == prefix)

    def statements(self) -> Iterator[Statement]:
        """Every statement that is registered, in the order of the files."""
        for entry in self.entries:
            yield from (s for target in entry.record.targets for s in target.statements)
            yield from (actual.statement for actual in entry.record.actuals)
            yield from (aim.statement for aim in entry.record.not_quantified)


def load_register(folder: Path, *, regions: Collection[str]) -> Register:
    """Read documents.yaml, themes.yaml and every other YAML file of the folder.

    A faulty target, actual or unquantified aim is left out alone, any other faulty record as a
    whole, a broken file entirely; the rest is used. Nothing that the files hold raises.

    Args:
        folder: data/register.
        regions: codes that a region may have.
    """
    documents = read_yaml(folder / "documents.yaml", Document)
    themes = read_yaml(folder / "themes.yaml", Theme)
    paths = sorted(folder.glob("*.yaml"))
    domains = {
        path.stem: read_yaml(path, Indicator, NESTED)
        for path in paths
        if path.stem not in ("documents", "themes")
    }
    checker = Checker(frozenset(regions), {theme.id: theme for theme in themes.records})
    kept = checker.documents(documents)
    entries = [entry for domain, file in domains.items() for entry in checker.entries(domain, file)]
    entries = checker.names(entries)
    problems = [*documents.problems, *themes.problems, *checker.problems]
    problems += [problem for file in domains.values() for problem in file.problems]
    problems.sort(key=lambda problem: (problem.file, problem.line))
    return Register(tuple(kept), tuple(themes.records), tuple(entries), tuple(problems))


def load_themes(folder: Path) -> list[Theme]:
    """The themes of the register, in the order of the file.

    Raises:
        RegisterError: themes.yaml has a fault.
    """
    return load_yaml(folder / "themes.yaml", Theme)


def load_sources(folder: Path) -> list[Source]:
    """The sources described beside the published files.

    Raises:
        RegisterError: sources.yaml has a fault.
    """
    return load_yaml(folder / "sources.yaml", Source)


def statements_accounted(register: Register) -> list[Finding]:
    """One error for each statement of a document that has no place, or has no number there.

    Duplicates cannot occur: the second place of a statement is refused while reading.
    """
    expected = {
        f"{document.statement_prefix}-{number:03}": document.id
        for document in register.documents
        for number in range(1, document.statements + 1)
    }
    found = {statement.id for statement in register.statements()}
    lost = [("statement_unaccounted", name) for name in sorted(expected.keys() - found)]
    surplus = [("statement_unexpected", name) for name in sorted(found - expected.keys())]
    return [
        Finding("error", rule, "statements", name, f"{name}：{RULES[rule].zh}",
                f"{name}: {RULES[rule].en}", RULES[rule].remedy)
        for rule, name in lost + surplus
    ]  # fmt: skip


def register_findings(register: Register) -> list[Finding]:
    """Everything that is wrong with the register, for people: one error a problem."""
    findings = []
    for problem in register.problems:
        what = ".".join(part for part in (problem.record, problem.field) if part)
        shown = f"{what} = {problem.value}" if problem.value else what
        findings.append(
            Finding(
                "error",
                problem.rule,
                "indicators" if problem.record else "register",
                f"{problem.file}|{problem.line}|{what}",
                f"{problem.file} 第{problem.line}行 {shown}：{problem.message_zh}",
                f"{problem.file} line {problem.line} {shown}: {problem.message}",
                problem.remedy,
            )
        )
    return findings + statements_accounted(register)
