"""The evaluator's bundle: data, register, results and the second route in one file that repeats.

A zip archive with a manifest of hashes. The same build gives the same bytes.
"""

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assets.evidence.archive import FORMAT, MANIFEST, hash_of
from assets.evidence.recompute import CONSTANTS, NEEDED, SQL, recompute, script
from pipelines.files import sha256_of, whole
from pipelines.query import rows

if TYPE_CHECKING:
    import duckdb

# What the SQL needs, and what an evaluator may want to look up beside it.
TABLES: Final = (
    *NEEDED, "core.target_sources", "core.target_revisions", "core.documents", "core.statements",
    "core.rejected_rows", "meta.inputs", "meta.ledger", "meta.checks", "meta.dictionary",
    "meta.codes",
)  # fmt: skip
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3

README: Final = """对标 duibiao：评估包 / evaluator's bundle

data/         各表的 Parquet，差距由此算出 / the tables as Parquet, from which the gaps follow
inputs/       登记册与公开数据原文件 / the register and the published figures as files
sql/          第二条路：纯 SQL 重算 / the second route in plain SQL
verify.sql    同上，合成一个文件，末尾列出不一致 / the same in one file, ending with the differences
manifest.json 版本、截至日、每个文件的 SHA-256 / build, as-of day, SHA-256 of every file

有本程序时 / with the program:   duibiao verify BUNDLE.zip
只有 DuckDB 时，在解压后的文件夹中 / with DuckDB alone, in the unpacked folder:
    duckdb -c ".read verify.sql"
零行即全部一致 / no row: every value was found again.
"""


def write_bundle(connection: "duckdb.DuckDBPyConnection", root: Path, target: Path) -> list[str]:
    """Write the bundle of a build.

    Args:
        connection: to the build's file, read-only. All data come from there.
        root: the project's folder: inputs are taken from there where they still are what the
            build was made of.
        target: the zip file; replaced whole.

    Returns:
        Paths of inputs that are gone or have changed since, and so are not in the bundle.
    """
    record = rows(connection, "SELECT * FROM meta.build")[0]
    left_out: list[str] = []
    members: dict[str, Path | bytes] = {"README.txt": README.encode()}
    with tempfile.TemporaryDirectory() as temporary:
        for name in TABLES:
            members[_member(name)] = Path(temporary) / f"{name}.parquet"
            _copy(connection, name, _key(connection, name), Path(temporary) / f"{name}.parquet")
        for item in rows(connection, "SELECT * FROM meta.inputs WHERE kind <> 'code'"):
            source = root / item["path"]
            if source.is_file() and sha256_of(source) == item["sha256"]:
                members[f"inputs/{item['path']}"] = source
            else:
                left_out.append(item["path"])
        for path_ in SQL:
            members[f"sql/{path_.name}"] = path_
        constants = Path(temporary) / f"{CONSTANTS}.parquet"
        with loaded(lambda name: members[name]) as second:
            recompute(second)
            members["verify.sql"] = script(second).encode()
            _copy(second, CONSTANTS.rpartition(".")[2], "ALL", constants)
        members[_member(CONSTANTS)] = constants
        manifest = {
            "format": FORMAT,
            "build": record,
            "inputs_left_out": sorted(left_out),
            "files": {name: hash_of(members[name]) for name in sorted(members)},
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2, default=str)
        members[MANIFEST] = f"{text}\n".encode()
        with whole(target) as unfinished:
            _pack(unfinished, members)
    return sorted(left_out)


def _member(table: str) -> str:
    return f"data/{table.replace('.', '/')}.parquet"


def _key(connection: "duckdb.DuckDBPyConnection", name: str) -> str:
    schema, table = name.split(".")
    found = connection.execute(
        "SELECT constraint_column_names FROM duckdb_constraints() WHERE schema_name = ?"
        " AND table_name = ? AND constraint_type = 'PRIMARY KEY'",
        [schema, table],
    ).fetchall()
    return ", ".join(f'"{column}"' for column in found[0][0])


def _copy(connection: "duckdb.DuckDBPyConnection", name: str, order: str, path: Path) -> None:
    """A table as Parquet, in a fixed order: the same rows give the same bytes."""
    place = str(path).replace("'", "''")
    connection.execute(f"COPY (FROM {name} ORDER BY {order}) TO '{place}' (FORMAT parquet)")


def loaded(member: Callable[[str], Any]) -> "duckdb.DuckDBPyConnection":
    """A database in memory with the tables of the second route.

    Args:
        member: gives the Parquet file of a member's name.
    """
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET python_enable_replacements = false")
    for name in NEEDED:
        table = name.rpartition(".")[2]
        path = str(member(_member(name)))
        connection.execute(f"CREATE TABLE {table} AS FROM read_parquet(?)", [path])
    return connection


def _pack(target: Path, members: dict[str, Path | bytes]) -> None:
    """A zip archive without the day, the system and the rights of the files."""
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = _UNIX
            info.external_attr = 0o644 << 16
            content = members[name]
            archive.writestr(info, content if isinstance(content, bytes) else content.read_bytes())
