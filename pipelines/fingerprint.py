"""Did anything change since the last build? Inputs, program and day, hashed.

Imports neither DuckDB nor polars: a run that has nothing to do must find that out fast.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from pipelines.builds import build_record, live_build
from pipelines.files import sha256_of
from pipelines.landing import BUNDLED
from pipelines.settings import PROJECT, Settings
from pipelines.source_state import STATE, load_state

PACKAGES: Final = ("schemas", "assets", "pipelines")

# Libraries whose release can change a figure or the file.
ENGINES: Final = ("duckdb", "polars", "narwhals", "numpy")


@dataclass(frozen=True)
class InputFile:
    """One file that a build is made of; `kind` is a code of the table `inputs`."""

    path: str
    sha256: str
    bytes: int
    kind: str


@dataclass(frozen=True)
class Fingerprint:
    """What a build is made of. Two builds with the same `value` are the same."""

    as_of: dt.date
    files: tuple[InputFile, ...]
    engines: tuple[tuple[str, str], ...]

    @cached_property
    def code_sha256(self) -> str:
        """Of the program and of the libraries that can change a figure."""
        return _digest(
            [*_lines(f for f in self.files if f.kind == "code"), *map(" ".join, self.engines)]
        )

    @cached_property
    def inputs_sha256(self) -> str:
        """Of everything that is not the program."""
        return _digest(_lines(f for f in self.files if f.kind != "code"))

    @cached_property
    def value(self) -> str:
        return _digest([self.code_sha256, self.inputs_sha256, self.as_of.isoformat()])

    def dump(self) -> str:
        """As JSON, for a run whose steps are processes of their own."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def load(cls, text: str) -> "Fingerprint":
        """What `dump` wrote."""
        found = json.loads(text)
        return cls(
            as_of=dt.date.fromisoformat(found["as_of"]),
            files=tuple(InputFile(**file) for file in found["files"]),
            engines=tuple((name, release) for name, release in found["engines"]),
        )


def fingerprint(settings: Settings, as_of: dt.date, code: Path = PROJECT) -> Fingerprint:
    """Hash all inputs below `settings.data` and the program in `code`."""
    files = [*_inputs(settings), *_program(code)]
    return Fingerprint(
        as_of=as_of,
        files=tuple(sorted(files, key=lambda f: f.path)),
        engines=tuple((name, version(name)) for name in ENGINES),
    )


def program_sha256(code: Path = PROJECT) -> str:
    """Of the program's files and the engines that it runs on."""
    files = sorted(_program(code), key=lambda f: f.path)
    engines = [f"{name} {version(name)}" for name in ENGINES]
    return _digest([*_lines(files), *engines])


def live_fingerprint(settings: Settings) -> str | None:
    """Of the live build; None where there is none, or it can't be told."""
    folder = live_build(settings)
    record = build_record(folder) if folder else None
    return str(record["fingerprint"]) if record and "fingerprint" in record else None


def code_version() -> str:
    """Version of the installed project."""
    try:
        return version("duibiao")
    except PackageNotFoundError:
        return "0+uninstalled"


def _inputs(settings: Settings) -> Iterator[InputFile]:
    singles = [settings.data / "regions.csv", settings.corrections, settings.submissions]
    records = [
        *settings.register.glob("*.yaml"),
        *settings.sources.glob("*.yaml"),
        *settings.index.glob("*.yaml"),
        *settings.index.glob("frozen/*.json"),
    ]
    for kind, paths in (
        ("register", [*records, *(p for p in singles if p.is_file())]),
        ("published", _below(settings.published)),
        ("landed", _sidecars(settings)),
    ):
        for path in paths:
            yield _file(path, settings.root, kind)
    yield from _states(settings)


def _sidecars(settings: Settings) -> Iterator[Path]:
    """What the sources delivered. The bundled files are inputs themselves: not their landings."""
    for path in settings.landing.glob("*/*.json"):
        if path.name != STATE and not path.name.endswith(f"-{BUNDLED}.json"):
            yield path


def _states(settings: Settings) -> Iterator[InputFile]:
    """How the sources answered, without the time: the same failure again is no change."""
    for path in settings.landing.glob(f"*/{STATE}"):
        said = load_state(settings.landing, path.parent.name).without_times().encode()
        name = path.relative_to(settings.root).as_posix()
        yield InputFile(name, hashlib.sha256(said).hexdigest(), len(said), "landed")


def _program(code: Path) -> Iterator[InputFile]:
    # Not only *.py: a package may hold SQL, templates and scripts of the report.
    for package in PACKAGES:
        for path in _below(code / package):
            yield _file(path, code, "code")


def _below(folder: Path) -> Iterator[Path]:
    """All files in a folder and its folders, but hidden ones, caches and locks of Office."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(p.startswith((".", "~$")) or p == "__pycache__" for p in parts)
        if not hidden and path.is_file():
            yield path


def _file(path: Path, root: Path, kind: str) -> InputFile:
    name = path.relative_to(root).as_posix()
    return InputFile(name, sha256_of(path), path.stat().st_size, kind)


def _lines(files: Iterable[InputFile]) -> list[str]:
    return [f"{f.path} {f.sha256}" for f in files]


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
