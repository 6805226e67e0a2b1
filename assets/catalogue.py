"""The sources on record, each with the module that reads it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

from pydantic import ValidationError

import assets.sources
from assets.findings import Finding
from pipelines.readers import Document, PartFailed, Reading, Scope, Unchanged
from pipelines.yamlfile import Problem, read_yaml
from schemas.record_types import Record
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web

NEEDED = ("OPTIONS", "fetch", "read", "dropped")


@dataclass(frozen=True)
class LiveFeed:
    """A source on record with its reader and the reader's options; a `pipelines.readers.Feed`."""

    source: LiveSource
    options: Record
    module: ModuleType

    def fetch(self, web: "Web", scope: Scope) -> Iterator[Document | PartFailed | Unchanged]:
        """See `pipelines.readers`."""
        found: Iterator[Document | PartFailed | Unchanged] = self.module.fetch(
            self.source, self.options, web, scope
        )
        return found

    def read(self, document: Document, scope: Scope) -> Reading:
        """See `pipelines.readers`."""
        reading: Reading = self.module.read(self.source, self.options, document, scope)
        return reading

    def dropped(self, name: str, body: bytes) -> list[Document]:
        """See `pipelines.readers`."""
        documents: list[Document] = self.module.dropped(self.source, self.options, name, body)
        return documents


@dataclass(frozen=True)
class Catalogue:
    """What data/sources/ holds, and what is wrong with it: a bad record stops its source only."""

    feeds: tuple[LiveFeed, ...]
    problems: tuple[Problem, ...]


@cache
def readers() -> dict[str, ModuleType]:
    """Name -> module, of everything in `assets.sources` that can be a reader."""
    found = {}
    for info in iter_modules(assets.sources.__path__):
        module = import_module(f"{assets.sources.__name__}.{info.name}")
        if all(hasattr(module, name) for name in NEEDED):
            found[info.name] = module
    return found


def load_catalogue(folder: Path) -> Catalogue:
    """Every record of data/sources/*.yaml, in the order of the ids."""
    feeds: dict[str, LiveFeed] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        loaded = read_yaml(path, LiveSource)
        problems += loaded.problems
        for source in loaded.records:
            fault = _open(source, feeds)
            if fault is not None:
                problems.append(_problem(path, source.id, *fault))
    return Catalogue(tuple(feeds[name] for name in sorted(feeds)), tuple(problems))


def _open(source: LiveSource, feeds: dict[str, LiveFeed]) -> tuple[str, str, str] | None:
    """Add the source to the feeds, or say which field is wrong, its value and why."""
    if source.id in feeds:
        return "id", source.id, "another record has this id"
    module = readers().get(source.reader)
    if module is None:
        return "reader", source.reader, f"no such reader; there are: {', '.join(sorted(readers()))}"
    try:
        options: Record = module.OPTIONS.model_validate(source.options)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["options", *map(str, first["loc"])])
        return field, str(first["input"])[:80], first["msg"]
    feeds[source.id] = LiveFeed(source, options, module)
    return None


def _problem(path: Path, source: str, field: str, value: str, message: str) -> Problem:
    file = "/".join(path.absolute().parts[-3:])
    return Problem(
        file, 1, source, field, value, "source_record", message,
        "Correct the record; the other sources are used", "数据源登记有误",
    )  # fmt: skip


def source_record_finding(problem: Problem) -> Finding:
    """A fault in a record of a source, for people. The other sources are used."""
    what = ".".join(part for part in (problem.record, problem.field) if part)
    return Finding(
        "error", "source_record", "sources", f"{problem.file}|{problem.line}|{what}",
        f"{problem.file} 第{problem.line}行 {what}：{problem.message_zh}", str(problem),
        problem.remedy,
    )  # fmt: skip
