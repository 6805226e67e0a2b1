"""What changed in the everyday tables since the last published build."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from schemas.contract import Table, empty, info_of
from schemas.tables_meta import Diff

COMPARED: Final = ("targets", "observations", "gap_to_goal", "statements")

# They change from day to day without anything having happened.
IGNORED: Final = ("as_of", "obs_age_years", "status_previous", "status_changed_at")

# A sum taken in another order differs in its last digits.
SIGNIFICANT_DIGITS: Final = 12

_KEY: Final = "__key"


class DiffError(RuntimeError):
    """Two builds can't be compared."""


def diff_builds(
    old_path: Path | None, frames: Mapping[str, pl.DataFrame], models: Sequence[type[Table]]
) -> pl.DataFrame:
    """Rows added and removed, and values changed, as `meta.diff` wants them.

    Columns and tables that only one side has are no change of the data and are passed over.

    Args:
        old_path: file of the last build, opened read-only; None gives an empty frame.
        frames: tables of the new build, by name.
        models: tables of the new build.

    Raises:
        DiffError: a table has no unique key without the ignored columns.
        duckdb.Error: the old file can't be read.
    """
    parts = [empty(Diff)]
    if old_path is not None:
        with duckdb.connect(str(old_path), read_only=True) as connection:
            there = set(
                connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            )
            for model in models:
                info = info_of(model)
                if info.name in COMPARED and (info.schema, info.name) in there:
                    old = connection.sql(f"SELECT * FROM {info.schema}.{info.name}").pl()
                    parts += _compare(info.name, info.key, old, frames[info.name])
    return pl.concat(parts).sort("diff_id")


def _compare(
    table: str, key: Sequence[str], old: pl.DataFrame, new: pl.DataFrame
) -> list[pl.DataFrame]:
    own = [k for k in key if k not in IGNORED]
    before, after = _as_text(table, old, own), _as_text(table, new, own)
    shared = [c for c in new.columns if c in old.columns and c not in own and c not in IGNORED]
    both = after.join(before, on=_KEY, suffix="__old")
    parts = [
        _rows(table, after.join(before, on=_KEY, how="anti"), "added"),
        _rows(table, before.join(after, on=_KEY, how="anti"), "removed"),
    ]
    differs = {name: pl.col(name).ne_missing(pl.col(f"{name}__old")) for name in shared}
    # Mostly no column does: all are asked in one pass.
    any_differs = both.select(differ.any().alias(name) for name, differ in differs.items())
    for name in shared:
        if any_differs[name].item():
            parts.append(_rows(table, both.filter(differs[name]), "changed", name))
    return parts


def _as_text(table: str, frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    absent = [k for k in key if k not in frame.columns]
    if absent:
        raise DiffError(f"{table}: key column(s) {', '.join(absent)} are not in both builds")
    text = frame.with_columns(pl.selectors.float().round_sig_figs(SIGNIFICANT_DIGITS)).with_columns(
        pl.all().cast(pl.String)
    )
    text = text.with_columns(pl.concat_str(list(key), separator="|").alias(_KEY))
    if text[_KEY].n_unique() != text.height:
        raise DiffError(f"{table}: {', '.join(key)} is not unique")
    return text


def _rows(table: str, frame: pl.DataFrame, change: str, column: str | None = None) -> pl.DataFrame:
    """Rows of `meta.diff`; `column` with its old and new value, where one changed."""
    nothing = pl.lit(None, pl.String)
    return frame.select(
        diff_id=pl.concat_str(pl.lit(table), _KEY, pl.lit(column or change), separator="|"),
        table_name=pl.lit(table),
        key=_KEY,
        change=pl.lit(change),
        column_name=pl.lit(column, pl.String),
        old_value=pl.col(f"{column}__old") if column else nothing,
        new_value=pl.col(column) if column else nothing,
    )
