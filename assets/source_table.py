"""The sources for people: how they answered, how old they are, when the next figures are due."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from assets.findings import Finding
from pipelines.dates import next_period_end
from pipelines.source_state import SourceState
from schemas.contract import conform, empty, validate
from schemas.records import Source
from schemas.source_records import LiveSource
from schemas.tables_meta import Sources

# A source that has not delivered for so long is an error, not a warning.
STALE_AFTER_DAYS = 45


def sources_table(
    bundled: Iterable[Source],
    live: Iterable[LiveSource],
    states: dict[str, SourceState],
    landings: pl.DataFrame,
    vintages: pl.DataFrame,
    as_of: dt.date,
) -> pl.DataFrame:
    """Table `meta.sources`: one row a source; a source on record wins over its bundled file.

    Args:
        landings: table `landings`.
        vintages: table `observation_vintages`, as known on the day.
    """
    rows: dict[str, dict[str, Any]] = {}
    for file in bundled:
        rows[file.id] = {**_described(file), "url": file.url, "feeds": None, "state": "bundled"}
    for source in live:
        state = states[source.id]
        troubles = state.troubles
        first = troubles[0][1] if troubles else None
        rows[source.id] = {
            **_described(source),
            "url": source.url,
            "feeds": ",".join(source.feeds) or None,
            "state": _state(source, state, is_bundled=source.id in rows),
            "error_zh": first.zh if first else None,
            "error_en": first.en if first else None,
            "remedy": first.remedy if first else None,
        }
    frame = pl.DataFrame(list(rows.values()), schema_overrides=dict(empty(Sources).schema))
    good = (
        landings.filter(pl.col("verdict") == "accepted")
        .group_by("source_id")
        .agg(last_good_on=pl.col("landed_at").max().dt.date())
    )
    latest = (
        vintages.sort("period_end", "period")
        .group_by("source_id")
        .agg(latest_period=pl.col("period").last(), latest_period_end=pl.col("period_end").last())
    )
    frame = frame.join(good, on="source_id", how="left").join(latest, on="source_id", how="left")
    releases = {source.id: source.release for source in live if source.release}
    due = [
        next_period_end(end, releases[name].frequency) + dt.timedelta(days=releases[name].lag_days)
        if end and name in releases
        else None
        for name, end in frame.select("source_id", "latest_period_end").iter_rows()
    ]
    age = (pl.lit(as_of) - pl.col("last_good_on")).dt.total_days()
    frame = frame.with_columns(age_days=age, next_expected_on=pl.Series(due, dtype=pl.Date)).sort(
        "source_id"
    )
    return validate(conform(frame, Sources), Sources)


def source_findings(
    states: Iterable[SourceState], last_good: dict[str, dt.date], as_of: dt.date
) -> Iterator[Finding]:
    """What went wrong when the sources were last asked, one finding a source or part.

    Args:
        last_good: source -> day of its last accepted landing.
    """
    for state in states:
        good = last_good.get(state.source_id)
        age = (as_of - good).days if good else None
        old = age is not None and age > STALE_AFTER_DAYS
        in_use_zh = f"沿用 {good} 的数据（{age} 天前）" if good else "尚无已接受的数据"
        in_use_en = (
            f"the data of {good} stay in use ({age} days old)" if good else "no data of it yet"
        )
        for part, trouble in state.troubles:
            what = f"{state.source_id}/{part}" if part else state.source_id
            quarantined = part and state.parts[part].outcome == "quarantined"
            yield Finding(
                "error" if old else "warning",
                "landing_quarantined" if quarantined else "source_not_reached",
                "sources",
                what,
                f"{what}：{trouble.zh}；{in_use_zh}",
                f"{what}: {trouble.en}; {in_use_en} [{trouble.kind}]",
                trouble.remedy,
            )


def _described(record: Source | LiveSource) -> dict[str, Any]:
    return {
        "source_id": record.id,
        "title_zh": record.title.zh, "title_en": record.title.en,
        "publisher_zh": record.publisher.zh, "publisher_en": record.publisher.en,
        "terms_zh": record.terms.zh, "terms_en": record.terms.en,
        "cadence_zh": record.cadence.zh, "cadence_en": record.cadence.en,
        "error_zh": None, "error_en": None, "remedy": None,
    }  # fmt: skip


def _state(source: LiveSource, state: SourceState, *, is_bundled: bool) -> str:
    if not state.is_ok:
        return state.outcome
    if source.base_url is None:
        return "by_hand"
    if state.outcome == "never_asked":
        return "bundled" if is_bundled else "never_asked"
    return "ok"
