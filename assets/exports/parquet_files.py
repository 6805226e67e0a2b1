"""Parquet: all tables, with what they are and what their columns mean as key/value metadata.

File metadata: `title_zh`, `title_en`, `table`, `key`, `build_id`, `as_of`, `code_version`,
`licence_zh`, `licence_en`, `citation_zh`, `citation_en`, and `column.<name>` with the comment of
the column, for readers that see the file's metadata only (DuckDB: `parquet_kv_metadata`). Field
metadata (Arrow, polars, pandas): `zh`, `en`, `unit`, `formula`, `codes`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from assets.exports.content import RIGHTS, Content, Field, Relation

if TYPE_CHECKING:
    import duckdb

FOLDER: Final = "parquet"


def write_parquet(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    """Write `parquet/<table>.parquet` for every table and the headline."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    (folder / FOLDER).mkdir()
    paths = []
    for relation in content.relations:
        table = connection.sql(relation.select).to_arrow_table()
        schema = pa.schema(
            [
                table.schema.field(f.name).with_nullable(f.nullable).with_metadata(_notes(f))
                for f in relation.fields
            ],
            metadata=_table_notes(content, relation),
        )
        path = folder / FOLDER / f"{relation.name}.parquet"
        pq.write_table(table.cast(schema), path, compression="zstd")
        paths.append(path)
    return paths


def _table_notes(content: Content, relation: Relation) -> dict[str, str]:
    citation = content.citation
    return {
        "title_zh": relation.zh,
        "title_en": relation.en,
        "table": f"{relation.schema}.{relation.name}",
        "key": ",".join(relation.key),
        "build_id": content.build_id,
        "as_of": content.as_of.isoformat(),
        "code_version": str(content.build["code_version"]),
        "licence_zh": RIGHTS.zh,
        "licence_en": RIGHTS.en,
        "citation_zh": citation.zh,
        "citation_en": citation.en,
        **{f"column.{f.name}": f.text for f in relation.fields},
    }


def _notes(field: Field) -> dict[str, str]:
    notes = {"zh": field.zh, "en": field.en, "unit": field.unit, "formula": field.formula,
             "codes": field.vocabulary}  # fmt: skip
    return {name: text for name, text in notes.items() if text}
