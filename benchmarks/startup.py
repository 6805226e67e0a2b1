"""How fast the commands answer, beside what importing DuckDB alone takes, and what they import.

    python -m benchmarks.startup [--repeats N] [--json FILE]

Each measurement is a fresh interpreter. The exit code is 1 where `duibiao status` imports more
modules than the budget allows.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from pipelines import clock
from pipelines.console import out
from pipelines.run import run
from pipelines.settings import OFFLINE_VARIABLE, PROJECT, ROOT_VARIABLE, Settings
from pipelines.tabular import print_rows

# The command of this tree, which an installed `duibiao` need not be.
DUIBIAO: Final = ("-c", "from pipelines.cli import main; main()")
YARDSTICK: Final = "import duckdb"
MEASURED: Final[Mapping[str, Sequence[str]]] = {
    "python -c pass": ("-c", "pass"),
    YARDSTICK: ("-c", "import duckdb"),
    "duibiao status": (*DUIBIAO, "status"),
    "duibiao show": (*DUIBIAO, "show", "ecommerce_transaction_value"),
    "duibiao run --offline, nothing to do": (*DUIBIAO, "run", "--offline"),
}

STANDARD: Final = "(standard library)"
# Modules that `duibiao status` may import, beyond those of a bare interpreter. A package that is
# not listed may import none.
BUDGET: Final[Mapping[str, int]] = {
    STANDARD: 180,
    "rich": 50,
    "pydantic": 50,  # typer reads arguments by it
    "pydantic_core": 4,
    "annotated_types": 1,
    "typing_extensions": 1,
    "typing_inspection": 4,
    "typer": 30,
    "annotated_doc": 2,
    "shellingham": 3,
    "duckdb": 22,
    "_duckdb": 4,
    "pipelines": 24,
    "assets": 2,
    "schemas": 4,
}
_LINE: Final = re.compile(r"import time:\s+(?P<own>\d+) \|\s+\d+ \| *(?P<module>\S+)")


def prepared(root: Path) -> Settings:
    """The committed data in a folder of their own, built and published as of today."""
    for name in ("register", "published", "sources", "index", "assessment"):
        shutil.copytree(PROJECT / "data" / name, root / "data" / name)
    for name in ("regions.csv", "corrections.yaml", "submissions.yaml"):
        shutil.copy(PROJECT / "data" / name, root / "data" / name)
    settings = Settings(root)
    run(settings, clock.today(), offline=True)
    return settings


def startup(repeats: int = 5, settings: Settings | None = None) -> list[dict[str, Any]]:
    """Time each of `MEASURED` in fresh interpreters, in turn, so that load strikes all alike.

    Args:
        repeats: measurements of each, after one that does not count.
        settings: a published build; by default one is made, and removed in the end.

    Returns:
        One record each: `command`; `median` and `fastest`, wall time in seconds; `ratio`, the
        median as a multiple of that of `import duckdb`.
    """
    if settings is None:
        with tempfile.TemporaryDirectory() as folder:
            return startup(repeats, prepared(Path(folder)))
    times = defaultdict[str, list[float]](list)
    for number in range(repeats + 1):  # the first fills caches, and makes the report
        for name, words in MEASURED.items():
            began = time.perf_counter()
            _interpreter(settings, *words)
            if number:
                times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return [
        {
            "command": name,
            "median": round(median, 3),
            "fastest": round(min(times[name]), 3),
            "ratio": round(median / medians[YARDSTICK], 2),
        }
        for name, median in medians.items()
    ]


def imports(settings: Settings) -> list[dict[str, Any]]:
    """What `duibiao status` imports beyond a bare interpreter, by top-level package.

    Returns:
        One record a package: `package`; `modules`, their number; `milliseconds`, what they took
        themselves, without what they import in turn; `budget`, the number allowed; `over`.
    """
    bare = _imported(settings, *MEASURED["python -c pass"])
    found = _imported(settings, *MEASURED["duibiao status"])
    own = defaultdict[str, list[float]](list)
    for module, seconds in found.items():
        if module not in bare:
            top = module.partition(".")[0]
            own[STANDARD if _is_standard(top) else top].append(seconds)
    return [
        {
            "package": package,
            "modules": len(times),
            "milliseconds": round(1000 * sum(times), 1),
            "budget": BUDGET.get(package, 0),
            "over": len(times) > BUDGET.get(package, 0),
        }
        for package, times in sorted(own.items(), key=lambda item: -sum(item[1]))
    ]


def _is_standard(top: str) -> bool:
    # `copy` and `pickle` look for Jython's `org`; the data of `sysconfig` are named by platform.
    return top in sys.stdlib_module_names or top == "org" or top.startswith("_sysconfigdata")


def _imported(settings: Settings, *words: str) -> dict[str, float]:
    """Modules in order, each with the seconds that it took itself."""
    said = _interpreter(settings, "-X", "importtime", *words)
    return {found["module"]: int(found["own"]) / 1e6 for found in _LINE.finditer(said)}


def _interpreter(settings: Settings, *words: str) -> str:
    """Run Python on a build; gives what it says on standard error."""
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True, text=True, check=True, encoding="utf-8", cwd=PROJECT,
        env=os.environ | {
            ROOT_VARIABLE: str(settings.root), OFFLINE_VARIABLE: "1", "PYTHONUTF8": "1",
            clock.TODAY_VARIABLE: clock.today().isoformat(),
        },
    )  # fmt: skip
    return done.stderr


def main(
    repeats: Annotated[int, typer.Option(min=1, help="measurements of each command.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="write them there too.")] = None,
) -> None:
    """Measure, print two tables, and fail where the budget of imports is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        settings = prepared(Path(folder))
        timed, packages = startup(repeats, settings), imports(settings)
    out.print(f"seconds, of {repeats} fresh interpreters each; ratio to `{YARDSTICK}`")
    print_rows(out, timed)
    out.print("modules that `duibiao status` imports")
    print_rows(out, packages)
    if json_file:
        record = {"repeats": repeats, "startup": timed, "imports": packages}
        json_file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if over := [row["package"] for row in packages if row["over"]]:
        out.print(f"[red]over budget[/]: {', '.join(over)}")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
