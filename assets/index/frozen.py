"""Frozen years: what was published of a finished year stands until somebody restates it.

A file `data/index/frozen/<index>-<year>.json` holds the rows of that year, with the build that
they came from. It is written on demand only and is meant to be committed.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from assets.findings import Finding
from pipelines.files import whole
from schemas.contract import ContractError, Table, columns_of, conform, empty, validate
from schemas.tables_index import IndexMembers, IndexScores

FORMAT: Final = 1
FOLDER: Final = "frozen"


class FreezeError(ValueError):
    """The year cannot be frozen or restated; the message says why and what to do."""


@dataclass(frozen=True)
class Frozen:
    """One frozen year of one index, as rows of the two tables."""

    index_id: str
    year: int
    as_of: dt.date
    scores: pl.DataFrame
    members: pl.DataFrame


@dataclass(frozen=True)
class Tables:
    """The two tables that freezing is about."""

    scores: pl.DataFrame
    members: pl.DataFrame


def with_frozen(scores: pl.DataFrame, members: pl.DataFrame, frozen: Sequence[Frozen]) -> Tables:
    """Frozen rows in the place of computed ones, which remain visible as `score_restated`.

    A frozen year stands even where the rules of its index cannot be read any more.
    """
    keys = ["index_id", "year"]
    if not frozen:
        return Tables(scores, members)
    row_keys = [*keys, "region_code", "part"]
    kept = pl.concat([f.scores for f in frozen]).drop("score_restated")
    kept = kept.join(scores.select(*row_keys, "score_restated"), on=row_keys, how="left").select(
        scores.columns
    )
    return Tables(
        pl.concat([scores.join(kept, on=keys, how="anti"), kept]),
        pl.concat([members.join(kept, on=keys, how="anti"), *(f.members for f in frozen)]),
    )


def path_of(folder: Path, index_id: str, year: int) -> Path:
    """Where the frozen year of an index lies."""
    return folder / FOLDER / f"{index_id}-{year}.json"


def freeze_year(
    folder: Path, tables: Tables, index_id: str, year: int, build_id: str, *, restate: bool
) -> Path:
    """Write down a year as it is computed; it holds from the next build on.

    Args:
        tables: computed without any frozen year.
        restate: replace a frozen year, which must be there; without it, it must not.

    Raises:
        FreezeError: the year has no rows, or is frozen already, or is not.
    """
    target = path_of(folder, index_id, year)
    if target.exists() != restate:
        raise FreezeError(
            f"{index_id} {year}: 尚未冻结 / not frozen yet; use --freeze {year}"
            if restate
            else f"{index_id} {year}: 已冻结 / frozen already; to replace it: --restate {year}"
        )
    wanted = (pl.col("index_id") == index_id) & (pl.col("year") == year)
    scores, members = tables.scores.filter(wanted), tables.members.filter(wanted)
    if scores.is_empty():
        raise FreezeError(f"{index_id} {year}: 没有这一年 / no such year of a known index")
    stamped = scores.with_columns(is_frozen=pl.lit(value=True), frozen_build=pl.lit(build_id))
    record = {
        "format": FORMAT,
        "index": index_id,
        "year": year,
        "build": build_id,
        "spec_version": scores["spec_version"][0],
        "as_of": scores["as_of"][0],
        "scores": stamped.drop("score_restated").to_dicts(),
        "members": members.with_columns(is_frozen=pl.lit(value=True)).to_dicts(),
    }
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False, default=str)
    with whole(target) as path:
        path.write_text(text + "\n", encoding="utf-8")
    return target


def load_frozen(folder: Path) -> tuple[list[Frozen], list[Finding]]:
    """The frozen years on file. One that cannot be read is named, and computed again instead."""
    found, findings = [], []
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            found.append(_read(path))
        except (ValueError, KeyError, TypeError, ContractError, pl.exceptions.PolarsError) as error:
            findings.append(
                Finding(
                    "error", "index_frozen", "data/index", path.name,
                    f"冻结文件 {path.name} 无法读取，该年按现有数据计算",
                    f"{path.name} cannot be read, the year is computed again: {error}",
                    "Restore the file from version control, or delete it and freeze again",
                )
            )  # fmt: skip
    return found, findings


def _read(path: Path) -> Frozen:
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["format"] != FORMAT or path.stem != f"{record['index']}-{record['year']}":
        raise ValueError("format or name do not fit its content")
    scores = [{**row, "score_restated": None} for row in record["scores"]]
    return Frozen(
        record["index"],
        record["year"],
        dt.date.fromisoformat(record["as_of"]),
        _rows(scores, IndexScores),
        _rows(record["members"], IndexMembers),
    )


def _rows(rows: list[dict[str, Any]], model: type[Table]) -> pl.DataFrame:
    days = [c.name for c in columns_of(model) if c.sql_type == "DATE"]
    read = [{**row, **{day: dt.date.fromisoformat(row[day]) for day in days}} for row in rows]
    return validate(conform(pl.DataFrame(read, schema=empty(model).schema), model), model)
