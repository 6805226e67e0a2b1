"""`datapackage.json`: the CSV files as a Data Package (datapackage.org, version 2.0).

Every file is a table resource with its schema: types, units and meaning in both languages,
primary and foreign keys, code lists as `categories`, hash and size.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assets.exports.content import DESCRIPTION, RIGHTS, TITLE, Content, Field, Relation
from assets.exports.csv_files import FOLDER, UNIT_FIELDS
from pipelines.files import sha256_of
from pipelines.query import rows

if TYPE_CHECKING:
    import duckdb

FILE: Final = "datapackage.json"
PROFILE: Final = "https://datapackage.org/profiles/2.0/"
TYPES: Final = {
    "VARCHAR": "string",
    "DOUBLE": "number",
    "BIGINT": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
}
MISSING: Final = [{"value": "", "label": "无数据 / no data"}]


def write_datapackage(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    """Write `datapackage.json` beside the CSV files, which must be there already.

    Raises:
        FileNotFoundError: a CSV file was not written.
    """
    known = {relation.name for relation in content.relations}
    package = {
        "$schema": f"{PROFILE}datapackage.json",
        "name": "duibiao",
        "id": content.build_id,
        "title": f"{TITLE.zh} / {TITLE.en}",
        "description": f"{DESCRIPTION.zh}\n\n{DESCRIPTION.en}\n\n{content.citation.zh}\n\n"
        f"{content.citation.en}",
        "version": content.build_id,
        "created": content.created,
        "licenses": [{"path": "README.txt", "title": f"{RIGHTS.zh} / {RIGHTS.en}"}],
        "contributors": [{"title": "对标 / duibiao", "roles": ["creator"]}],
        "sources": _sources(connection),
        "resources": [
            *(
                _resource(connection, content, relation, folder, known)
                for relation in content.relations
            ),
            _units(folder),
        ],
    }
    path = folder / FILE
    path.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [path]


def _sources(connection: "duckdb.DuckDBPyConnection") -> list[dict[str, str]]:
    """The sources that figures came from, as of the last day on which they were taken in."""
    found = rows(
        connection,
        """SELECT s.* FROM meta.sources s WHERE EXISTS (
               FROM core.observation_vintages v WHERE v.source_id = s.source_id)
           ORDER BY source_id""",
    )
    sources = []
    for row in found:
        title = (f"{row['title_zh']}（{row['publisher_zh']}） / "
                 f"{row['title_en']} ({row['publisher_en']})")  # fmt: skip
        source = {"title": title}
        if row["url"]:
            source["path"] = row["url"]
        if row["last_good_on"]:
            source["version"] = row["last_good_on"].isoformat()
        sources.append(source)
    for row in rows(connection, "SELECT * FROM core.documents ORDER BY document_id"):
        number = f"（{row['number']}）" if row["number"] else ""
        sources.append({
            "title": f"{row['title_zh']}{number} / {row['title_en']}",
            "version": row["issued_on"].isoformat(),
        })  # fmt: skip
    return sources


def _resource(
    connection: "duckdb.DuckDBPyConnection",
    content: Content,
    relation: Relation,
    folder: Path,
    known: set[str],
) -> dict[str, Any]:
    blank = _columns_with_empty_text(connection, relation)
    schema: dict[str, Any] = {
        "$schema": f"{PROFILE}tableschema.json",
        "fields": [_field(content, relation, field, blank) for field in relation.fields],
        "missingValues": MISSING,
    }
    if relation.key:
        schema["primaryKey"] = relation.key
    foreign = [
        {
            "fields": [field.name],
            "reference": {"resource": field.refers_to[0], "fields": [field.refers_to[1]]},
        }
        for field in relation.fields
        if field.refers_to and field.refers_to[0] in known
    ]
    if foreign:
        schema["foreignKeys"] = foreign
    return {**_file(folder, relation.name, f"{relation.zh} / {relation.en}"), "schema": schema}


def _field(content: Content, relation: Relation, field: Field, blank: set[str]) -> dict[str, Any]:
    unit = f" [{field.unit}]" if field.unit else ""
    formula = f" = {field.formula}" if field.formula else ""
    found: dict[str, Any] = {
        "name": field.name,
        "type": TYPES[field.sql_type],
        "title": f"{field.zh}{unit}",
        "description": f"{field.en}{unit}{formula}",
    }
    constraints: dict[str, Any] = {}
    if not field.nullable and field.name not in blank:
        constraints["required"] = True
    if relation.key == [field.name]:
        constraints["unique"] = True
    if field.vocabulary:
        labels = content.codes[field.vocabulary]
        constraints["enum"] = list(labels)
        found["categories"] = [
            {"value": code, "label": f"{label.zh} / {label.en}"} for code, label in labels.items()
        ]
    if constraints:
        found["constraints"] = constraints
    return found


def _columns_with_empty_text(
    connection: "duckdb.DuckDBPyConnection", relation: Relation
) -> set[str]:
    """Columns that hold text without characters, which a CSV cell can't tell from no data."""
    names = [f.name for f in relation.fields if f.sql_type == "VARCHAR"]
    asked = ", ".join(f"""count(*) FILTER ("{name}" = '') AS "{name}\"""" for name in names)
    row = rows(connection, f"SELECT {asked} FROM {relation.schema}.{relation.name}")[0]
    return {name for name, count in row.items() if count}


def _units(folder: Path) -> dict[str, Any]:
    fields = [
        {"name": name, "type": "string", "title": text.split(" / ")[0],
         "description": text.split(" / ")[1]}
        for name, text in UNIT_FIELDS.items()
    ]  # fmt: skip
    fields[0]["constraints"] = {"required": True, "unique": True}  # type: ignore[assignment]
    return {
        **_file(folder, "units", "计量单位 / Units of measurement"),
        "schema": {
            "$schema": f"{PROFILE}tableschema.json",
            "fields": fields,
            "missingValues": MISSING,
            "primaryKey": ["unit"],
        },
    }


def _file(folder: Path, name: str, title: str) -> dict[str, Any]:
    path = folder / FOLDER / f"{name}.csv"
    return {
        "$schema": f"{PROFILE}dataresource.json",
        "name": name,
        "type": "table",
        "path": f"{FOLDER}/{name}.csv",
        "title": title,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256_of(path)}",
    }
