"""Where the time of one batch goes: the project's own functions, by cumulative time."""

import cProfile
import pstats
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from assets.panel.part import gaps_of, judged
from assets.record import known_on, observations_table
from benchmarks.stages import first_batch, generate
from benchmarks.synthetic import Panel
from pipelines.settings import PROJECT

SHOWN: Final = 25  # functions of a stage
OURS: Final = tuple(str(PROJECT / name) for name in ("assets", "schemas", "pipelines"))


def profiled(panel: Panel, work: Path) -> str:
    """Contracts, value of record and gaps of the first batch of a panel.

    Args:
        work: an empty folder for the panel.

    Returns:
        Lines of cumulative seconds, own seconds, calls and function, by stage.
    """
    generate(str(work), asdict(panel))
    rows, reference = first_batch(str(work))
    accepted, _ = judged(rows, reference)  # the first call loads what later ones have at hand
    day = panel.as_of
    stages: dict[str, Callable[[], object]] = {
        "contracts": lambda: judged(rows, reference),
        "record": lambda: observations_table(accepted, day),
        "gaps": lambda: gaps_of(known_on(accepted, [day]), reference, day, "polars"),
    }
    lines = [f"one batch of synthetic data, {rows.height:,} rows"]
    for name, call in stages.items():
        profile = cProfile.Profile()
        profile.runcall(call)
        lines += ["", f"{name}: cumulative s, own s, calls", *_lines(profile)]
    return "\n".join(lines)


def _lines(profile: cProfile.Profile) -> list[str]:
    found = []
    for (file, line, function), numbers in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        _, calls, own, cumulative, _ = numbers
        if file.startswith(OURS):
            where = f"{Path(file).relative_to(PROJECT)}:{line}"
        elif file.endswith(("lazyframe/frame.py", "opt_flags.py")) and function == "collect":
            where = "polars"
        else:
            continue
        found.append((cumulative, f"{cumulative:9.3f} {own:8.3f} {calls:7}  {function} ({where})"))
    return [text for _, text in sorted(found, reverse=True)[:SHOWN]]
