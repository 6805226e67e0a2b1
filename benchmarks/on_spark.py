"""The same steps here and on Spark, on a synthetic panel with faults in it.

    python -m benchmarks.on_spark [--observations 1000000] [--master local[2]] [--parts 8]

Prints how long each took and whether every row of every table is the same.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import polars as pl

from assets import flow
from assets.outlook.pools import students_t
from benchmarks.scale import panel_of
from benchmarks.synthetic import Panel
from pipelines.cluster import Spark
from pipelines.graph import Context, Engine, Step, here, steps
from pipelines.settings import Settings
from schemas.contract import empty
from schemas.tables_core import ObservationVintages
from schemas.tables_meta import Landings

TABLES = ("vintages_synthetic", "refused_synthetic", "observations", "gap_to_goal", "gap_history")


def frames_of(panel: Panel) -> dict[str, pl.DataFrame]:
    """What the steps from parsed rows to gaps read, for a synthetic panel."""
    rows = pl.concat(panel.all_observations())
    targets = pl.concat([panel.targets(number) for number in range(panel.indicators)])
    past = students_t()
    return {
        "parsed_rows": rows.with_columns(raw=pl.lit("{}")).select(*flow.ROW_SCHEMA),
        "indicators": panel.indicators_table,
        "regions": panel.regions,
        "targets_of_register": targets,
        "targets_by_day": targets.with_columns(as_of=pl.lit(panel.as_of)),
        "document_observations": empty(ObservationVintages),
        "landings": empty(Landings),
        "series_breaks": panel.breaks,
        "lifted_rules": pl.DataFrame(schema={"observation_id": pl.String, "rule": pl.String}),
        "past_errors": past.errors,
        "past_quantiles": past.quantiles,
    }


def run(engine: Engine, panel: Panel, given: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Contracts, value of record and gaps on an engine.

    Returns:
        The frames of TABLES, each in the order of its key.
    """
    context = Context(Settings.default(), panel.as_of)
    named = {step.name: step for step in steps(context.settings)}
    contracts = Step(
        "synthetic", "observations",
        next(step for step in named.values() if step.theme).reads,
        ("vintages_synthetic", "refused_synthetic"), "合成", "Synthetic",
        partial(_theme, "synthetic"), theme="synthetic", by_indicator="parsed_rows",
    )  # fmt: skip
    frames = dict(given)
    frames |= engine([contracts], context, frames)
    frames["observation_vintages"] = frames["vintages_synthetic"]
    for name in ("observations", "gap_to_goal"):
        frames |= engine([named[name]], context, frames)
    return {name: frames[name] for name in TABLES}


def _theme(
    theme: str, context: Context, frames: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    del context
    return flow.themes([theme], frames)


def differing(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    """Names of tables that are not the same, row by row and value by value."""
    return [name for name in TABLES if not one[name].equals(other[name])]


def main() -> None:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--observations", type=int, default=1_000_000)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--parts", type=int, default=8)
    told = parser.parse_args()
    panel = panel_of(told.observations)
    given = frames_of(panel)
    start = time.perf_counter()
    ours = run(here, panel, given)
    middle = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        theirs = run(Spark(told.master, str(Path(folder)), told.parts), panel, given)
    end = time.perf_counter()
    found = differing(ours, theirs)
    refused = ours["refused_synthetic"]
    print(f"rows {given['parsed_rows'].height}, refused {refused.height}")
    print(f"refused by rule: {', '.join(sorted(refused['rule'].unique()))}")
    print(f"here {middle - start:.1f} s, Spark {end - middle:.1f} s")
    print("every table is the same" if not found else f"not the same: {', '.join(found)}")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
