"""Parquet between two steps: contract first, then the file, whole or not at all."""

from pathlib import Path

import polars as pl

from pipelines.files import whole
from schemas.contract import TABLES, Table, columns_of, comment_of, conform, info_of, validate


class StageError(RuntimeError):
    """A staged frame is missing, or was written under another contract."""


def write_frame(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    """Stage a frame as `folder/name.parquet`; one that bears a table's name keeps its contract.

    Raises:
        ContractError: the frame breaks the contract; what was staged before stays.
    """
    path = folder / f"{name}.parquet"
    if name in TABLES:
        model = TABLES[name]
        write_table(path, model, validate(conform(frame, model), model))
    else:
        with whole(path) as temporary:
            frame.write_parquet(temporary)
    return path


def read_frame(folder: Path, name: str) -> pl.DataFrame:
    """A staged frame. Its rows were checked when it was written; here only its columns are.

    Raises:
        StageError: it was never staged, or the contract has changed since.
    """
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise StageError(f"{name} is not staged: run the step that makes it")
    frame = pl.read_parquet(path)
    if name in TABLES and dict(frame.schema) != {c.name: c.dtype for c in columns_of(TABLES[name])}:
        raise StageError(f"{name} was staged under another contract: run the step that makes it")
    return frame


def write_table(path: Path, model: type[Table], frame: pl.DataFrame) -> None:
    """Write a table that keeps its contract, with its titles and columns as Parquet metadata."""
    info = info_of(model)
    metadata = {
        "table": f"{info.schema}.{info.name}",
        "zh": info.zh,
        "en": info.en,
        "key": ",".join(info.key),
        **{f"column.{c.name}": comment_of(c) for c in columns_of(model)},
    }
    with whole(path) as temporary:
        frame.write_parquet(temporary, metadata=metadata)
