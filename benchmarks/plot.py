"""Seconds against observations, both on logarithmic scales: one line a stage."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt

from benchmarks.scale import LABELS


def draw(sizes: Sequence[dict[str, Any]], path: Path) -> list[Path]:
    """Draw the sizes of a run.

    Args:
        sizes: as `benchmarks.scale.one_size` returns them.
        path: where to; the ending is replaced.

    Returns:
        The picture as SVG and as PNG.
    """
    chart = _chart(sizes)
    paths = [path.with_suffix(".svg"), path.with_suffix(".png")]
    for made in paths:
        chart.save(str(made))
    return paths


def _chart(sizes: Sequence[dict[str, Any]]) -> alt.Chart:
    points = [
        {"stage": LABELS[row["stage"]], "rows": size["observations"], "seconds": row["seconds"]}
        for size in sizes
        for row in size["stages"]
        if row["seconds"]
    ]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=points))
        .mark_line(point=True)
        .encode(
            x=alt.X("rows:Q", scale=alt.Scale(type="log"), title="观测值行数 observations, rows"),
            y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="用时（秒） seconds"),
            color=alt.Color(
                "stage:N", title="步骤 stage", sort=list(LABELS.values()),
                scale=alt.Scale(scheme="tableau20"), legend=alt.Legend(labelLimit=400),
            ),
            detail="stage:N",
        )
        .properties(
            width=640, height=480,
            title=alt.TitleParams(
                "合成数据 synthetic data：各步骤用时与规模 time of each stage by size",
            ),
        )
    )  # fmt: skip
    return chart
