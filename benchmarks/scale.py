"""How a night scales: each stage by itself, beside what the same machine can do at best.

    python -m benchmarks.scale [--sizes 1,10,100] [--json FILE] [--plot FILE] [--work DIR]
                               [--profile]

Sizes are in millions of observations of a synthetic panel. Every stage runs in an interpreter of
its own, over the whole panel, in the batches of a night. What is compared is measured in the same
run. The panel and all that was made of it is removed in the end.
"""

import json
import math
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.table import Table

from benchmarks.measure import measured
from benchmarks.synthetic import CITIES, COUNTIES, PROVINCES, Panel
from pipelines.console import out

MILLION: Final = 1_000_000
# In the order in which they run: later ones need what earlier ones leave.
LABELS: Final[Mapping[str, str]] = {
    "generate": "生成（不属于流程） generate (not part of the pipeline)",
    "scan_duckdb": "极限：扫描 limit: scan, DuckDB",
    "scan_polars": "极限：扫描 limit: scan, polars",
    "landing": "落地 landing",
    "contracts": "数据契约 contracts",
    "sort": "极限：排序 limit: sort",
    "record": "权威值 value of record",
    "gaps": "目标差距 gaps",
    "night_first": "整夜 whole night",
    "night_again": "无变化重跑 no-op night",
    "copy": "极限：复制 limit: copy",
    "publish": "发布 publish",
    "query_point": "点查询 point query",
    "query_scan": "扫描查询 scan query",
    "pandas": "对照：pandas alternative: pandas",
    "night_increment": "增量 incremental night",
}
COMPARED: Final[Mapping[str, tuple[str, ...]]] = {  # with the fastest of these
    "contracts": ("scan_duckdb", "scan_polars"),
    "gaps": ("scan_duckdb", "scan_polars"),
    "record": ("sort",),
    "publish": ("copy",),
    "night_again": ("night_first",),
    "night_increment": ("night_first",),
    "pandas": ("night_first",),
    "query_scan": ("scan_duckdb",),
}
# They don't read the rows that they answer for.
UNRATED: Final = ("night_again", "night_increment", "query_point")
AT_MOST: Final[Mapping[str, float]] = {"gaps": 2, "contracts": 3, "record": 2, "publish": 2}
GAPS_MB: Final = 2000
PANDAS_FACTOR: Final = 10
PANDAS_AT: Final = 10 * MILLION  # where it is compared; with more it only takes longer
EXPONENT: Final = 1.05
LIBRARIES: Final = ("polars", "duckdb", "pyarrow", "narwhals", "pandera", "pandas", "numpy")

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]


def panel_of(observations: int) -> Panel:
    """A panel of about that many rows: two indicators at least, so fewer regions if need be."""
    share = observations / (2 * Panel(indicators=1).rows_an_indicator)
    if share >= 1:
        return Panel.of_size(observations)
    wanted = max(1, round(share * (PROVINCES + CITIES + COUNTIES)))
    provinces = max(1, min(PROVINCES, wanted))
    cities = min(round(CITIES * share), wanted - provinces)
    return Panel(2, provinces=provinces, cities=cities, counties=wanted - provinces - cities)


def one_size(
    panel: Panel, work: Path, asked: int, call: Call = measured, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Measure every stage on one panel.

    Args:
        work: an empty folder for the panel and what is made of it.
        asked: observations that were asked for; the panel has about as many.
        call: what runs a stage: `measured`, unless a test wants it here.
        say: is told how long each stage took, what is left out, and why.

    Returns:
        asked, observations (rows landed), panel (its fields), stages (see `_row`), targets (see
        `judged`).
    """
    rows: dict[str, Row] = {}
    for stage in LABELS:
        if stage == "pandas" and asked > PANDAS_AT:
            say(f"pandas left out: above {PANDAS_AT:,} observations it repeats itself for long")
            continue
        answer = call(f"benchmarks.stages:{stage}", work=str(work), panel=asdict(panel))
        say(f"{asked:>11,}  {stage}: {answer['seconds']:.3f} s")
        rows[stage] = _row(stage, answer, rows)
    return {
        "asked": asked,
        "observations": rows["generate"]["rows"],
        "panel": asdict(panel),
        "stages": list(rows.values()),
        "targets": judged(rows, asked),
    }


def _row(stage: str, answer: Row, before: Mapping[str, Row]) -> Row:
    """stage, seconds, rows (covered), rows_per_second, peak_mb (MiB), ratio, against, more.

    The ratio is a multiple of the seconds of `against`.
    """
    against = min(COMPARED.get(stage, ()), key=lambda name: before[name]["seconds"], default=None)
    seconds, rows = answer["seconds"], answer["rows"]
    return {
        "stage": stage,
        "seconds": round(seconds, 6),
        "rows": rows,
        "rows_per_second": None if stage in UNRATED else round(rows / seconds),
        "peak_mb": answer["peak_mb"],
        "ratio": round(seconds / before[against]["seconds"], 3) if against else None,
        "against": against,
        "more": {k: v for k, v in answer.items() if k not in ("seconds", "rows", "peak_mb")},
    }


def judged(rows: Mapping[str, Row], asked: int) -> list[Row]:
    """The project's targets: target, measured, limit, met (null: not measured at this size)."""
    found = [
        {
            "target": f"{stage}: multiple of {rows[stage]['against']}, at most",
            "measured": rows[stage]["ratio"],
            "limit": limit,
            "met": rows[stage]["ratio"] <= limit,
        }
        for stage, limit in AT_MOST.items()
    ]
    peak = rows["gaps"]["peak_mb"]
    found.append(
        {"target": "gaps: peak MB, under", "measured": peak, "limit": GAPS_MB,
         "met": peak < GAPS_MB}
    )  # fmt: skip
    ratio = rows["pandas"]["ratio"] if asked == PANDAS_AT else None
    found.append(
        {"target": "pandas: multiple of the whole night at 10 million, at least",
         "measured": ratio, "limit": PANDAS_FACTOR,
         "met": None if ratio is None else ratio >= PANDAS_FACTOR}
    )  # fmt: skip
    return found


def exponents(sizes: Sequence[dict[str, Any]]) -> list[Row]:
    """How time grows with rows: stage, exponent of the least squares line on log-log, met.

    Only stages that every size ran. The target concerns the pipeline's own stages.
    """
    found = []
    for stage in LABELS:
        points = [
            (math.log(size["observations"]), math.log(max(row["seconds"], 1e-4)))
            for size in sizes
            for row in size["stages"]
            if row["stage"] == stage
        ]
        if len(points) < max(2, len(sizes)):
            continue
        middle_x = sum(x for x, _ in points) / len(points)
        middle_y = sum(y for _, y in points) / len(points)
        width = sum((x - middle_x) ** 2 for x, _ in points)
        if not width:
            continue
        slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / width
        own = not LABELS[stage].startswith(("生成", "极限", "对照"))
        found.append(
            {"stage": stage, "exponent": round(slope, 3), "limit": EXPONENT if own else None,
             "met": slope <= EXPONENT if own else None}
        )  # fmt: skip
    return found


def machine() -> Row:
    """Cores, memory, load and versions; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def benchmark(
    panels: Sequence[tuple[int, Panel]],
    folder: Path | None = None,
    call: Call = measured,
    json_file: Path | None = None,
) -> dict[str, Any]:
    """Measure and print every size.

    Args:
        panels: observations asked for, and the panel.
        folder: where to work; by default the system's folder for temporary files.
        json_file: where to keep it, from the first size on.

    Returns:
        What `--json` writes: synthetic, machine, sizes, exponents.
    """
    report: dict[str, Any] = {"synthetic": True, "machine": machine(), "sizes": [], "exponents": []}
    for asked, panel in panels:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            size = one_size(panel, Path(work), asked, call, out.print)
        report["sizes"].append(size)
        report["exponents"] = exponents(report["sizes"]) if len(report["sizes"]) > 1 else []
        if json_file:
            json_file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        _print_size(size)
    if report["exponents"]:
        _print("时间随规模的指数 exponent of time by rows", report["exponents"])
    return report


def _print_size(size: Mapping[str, Any]) -> None:
    title = f"合成数据 synthetic data, {size['observations']:,} observations"
    shown = [
        {"stage": LABELS[row["stage"]], "seconds": row["seconds"], "rows/s": row["rows_per_second"],
         "peak MB": row["peak_mb"], "ratio": row["ratio"], "against": row["against"]}
        for row in size["stages"]
    ]  # fmt: skip
    _print(title, shown)
    share = size["stages"][-1]["more"]["share_of_rows"]
    out.print(f"incremental night: one indicator, {share:.2%} of the rows")
    _print("目标 targets of the project", size["targets"])


def _print(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name, value in rows[0].items():
        table.add_column(name, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    out.print(table)


def _cell(name: str, value: Any) -> str:
    if name == "met":
        return {True: "[green]met[/]", False: "[red]not met[/]", None: "—"}[value]
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def main(
    sizes: Annotated[str, typer.Option(help="millions of observations, by comma.")] = "1,10,100",
    json_file: Annotated[Path | None, typer.Option("--json", help="write all of it there.")] = None,
    plot: Annotated[Path | None, typer.Option(help="write SVG and PNG there; two sizes.")] = None,
    work: Annotated[Path | None, typer.Option(help="folder to work in, not below data/.")] = None,
    profile: Annotated[bool, typer.Option(help="where the time of one batch goes.")] = False,
) -> None:
    """Measure each size, print tables, and remove what was made."""
    if work is not None:
        if Path("data").resolve() in [work.resolve(), *work.resolve().parents]:
            raise typer.BadParameter("synthetic panels are never written below data/")
        work.mkdir(parents=True, exist_ok=True)
    asked = [round(float(size) * MILLION) for size in sizes.split(",")]
    panels = [(number, panel_of(number)) for number in asked]
    if profile:
        from benchmarks.profiling import profiled

        with tempfile.TemporaryDirectory(dir=work) as folder:
            out.print(profiled(panels[0][1], Path(folder)), markup=False, highlight=False)
        return
    free = shutil.disk_usage(work or tempfile.gettempdir()).free
    out.print(f"{free / 2**30:.0f} GB free in the folder of work")
    report = benchmark(panels, work, json_file=json_file)
    if plot and len(panels) > 1:
        from benchmarks.plot import draw

        for path in draw(report["sizes"], plot):
            out.print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
