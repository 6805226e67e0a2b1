"""The newest night as one DuckDB file: views over its Parquet files, nothing copied."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from assets.panel.part import RESULTS
from assets.panel.stage import Stage
from pipelines.files import sync
from pipelines.warehouse import STORAGE_VERSION
from schemas.contract import columns_of, comment_of, info_of

LINK = "panel.duckdb"


def publish_views(stage: Stage, files: Mapping[str, Sequence[Path]], content: str) -> Path:
    """Make the file of a night and turn `panel.duckdb` to it in one step.

    A reader who has the former file open keeps it, and the results that it shows. Paths are
    absolute: after moving the stage, run a night.

    Args:
        files: Parquet files of each table.
        content: SHA-256 of the night's results; names the file.
    """
    path = stage.nights / f"panel-{content[:8]}.duckdb"
    stage.nights.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.tmp")
    draft.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(
            f"ATTACH {_text(str(draft))} AS made (STORAGE_VERSION '{STORAGE_VERSION}')"
        )
        connection.execute("USE made")
        connection.execute("BEGIN")
        for name, model in RESULTS.items():
            listed = ", ".join(_text(str(file.resolve())) for file in files[name])
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}],"
                " hive_partitioning = false)"
            )
            info = info_of(model)
            connection.execute(f"COMMENT ON VIEW {name} IS {_text(f'{info.zh} / {info.en}')}")
            for column in columns_of(model):
                connection.execute(
                    f"COMMENT ON COLUMN {name}.{column.name} IS {_text(comment_of(column))}"
                )
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
        connection.execute("USE memory")
        connection.execute("DETACH made")
    sync(draft)
    os.replace(draft, path)
    _link(stage, path)
    return path


def _link(stage: Stage, path: Path) -> None:
    temporary = stage.root / f"{LINK}.tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(path.relative_to(stage.root))
    os.replace(temporary, stage.root / LINK)
    sync(stage.root)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
