"""The evaluator's bundle: data, register, results and the second route in one file that repeats.

A zip archive with a manifest of hashes. The same build gives the same bytes.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assets.evidence.recompute import NEEDED, RESULT, SQL, Comparison, compare, recompute
from pipelines.files import sha256_of, whole
from pipelines.query import rows

if TYPE_CHECKING:
    import duckdb

MANIFEST: Final = "manifest.json"
FORMAT: Final = "duibiao-bundle/1"
TABLES: Final = (
    *NEEDED, RESULT, "core.observations", "core.target_sources", "core.target_revisions",
    "core.documents", "core.statements", "core.regions", "core.rejected_rows", "gap.gap_history",
    "meta.inputs", "meta.ledger", "meta.checks", "meta.dictionary", "meta.codes",
)  # fmt: skip

# A bundle of a whole country stays below this; one that does not is not unpacked.
MAX_BYTES: Final = 4_000_000_000
MAX_FILES: Final = 10_000
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)

README: Final = """对标 duibiao：评估包 / evaluator's bundle

data/      各表的 Parquet，差距由此算出 / the tables as Parquet, from which the gaps follow
inputs/    登记册与公开数据原文件 / the register and the published figures as files
sql/       第二条路：纯 SQL 重算 / the second route in plain SQL
manifest.json   版本、截至日、每个文件的 SHA-256 / build, as-of day, SHA-256 of every file

有本程序时 / with the program:   duibiao verify BUNDLE.zip
只有 DuckDB 时：解压后，为 sql/ 读到的每张表执行
With DuckDB alone: unpack, make each table that sql/ reads by
    CREATE TABLE targets AS FROM 'data/core/targets.parquet';
依次执行 sql/ 的文件，再把 recomputed 与 data/gap/gap_to_goal.parquet 比较。
run the files of sql/ in their order, and compare `recomputed` with data/gap/gap_to_goal.parquet.
"""


class BundleError(ValueError):
    """A bundle is not what its manifest says; lists everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Verification:
    """A whole bundle, and how its gaps compare. `build` is the row of `meta.build`."""

    build: dict[str, Any]
    comparison: Comparison


def write_bundle(
    connection: "duckdb.DuckDBPyConnection", build: Path, root: Path, target: Path
) -> list[str]:
    """Write the bundle of a build.

    Args:
        connection: to the build's file, read-only.
        build: the build's folder, with its Parquet files.
        root: the project's folder: inputs are taken from there where they still are what the
            build was made of.
        target: the zip file; replaced whole.

    Returns:
        Paths of inputs that are gone or have changed since, and so are not in the bundle.
    """
    record = rows(connection, "SELECT * FROM meta.build")[0]
    left_out: list[str] = []
    members: dict[str, Path | bytes] = {"README.txt": README.encode()}
    for name in TABLES:
        path = f"{name.replace('.', '/')}.parquet"
        members[f"data/{path}"] = build / "parquet" / path
    for item in rows(connection, "SELECT * FROM meta.inputs WHERE kind <> 'code' ORDER BY path"):
        source = root / item["path"]
        if source.is_file() and sha256_of(source) == item["sha256"]:
            members[f"inputs/{item['path']}"] = source
        else:
            left_out.append(item["path"])
    for path_ in SQL:
        members[f"sql/{path_.name}"] = path_
    manifest = {
        "format": FORMAT,
        "build": record,
        "inputs_left_out": left_out,
        "files": {name: hash_of(members[name]) for name in sorted(members)},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2, default=str)
    members[MANIFEST] = f"{text}\n".encode()
    with whole(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            content = members[name]
            archive.writestr(info, content if isinstance(content, bytes) else content.read_bytes())
    return left_out


def verify_bundle(bundle: Path) -> Verification:
    """Check every hash of a bundle, then recompute its gaps.

    Raises:
        BundleError: it is no bundle, is not whole, or was changed.
    """
    import duckdb

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest = _unpack(bundle, folder)
        with duckdb.connect() as connection:
            connection.execute("SET python_enable_replacements = false")
            try:
                for name in (*NEEDED, RESULT):
                    schema, table = name.split(".")
                    path = folder / "data" / schema / f"{table}.parquet"
                    connection.execute(f"CREATE TABLE {table} AS FROM read_parquet(?)", [str(path)])
                recompute(connection)
                return Verification(manifest["build"], compare(connection))
            except duckdb.Error as error:
                raise BundleError(
                    [f"表不全或列不符 / a table is not as it should be: {error}"]
                ) from error


def _unpack(bundle: Path, folder: Path) -> dict[str, Any]:
    """Unpack what the manifest names, after checking it; gives the manifest."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            problems = list(_unsafe(archive))
            if problems:
                raise BundleError(problems)
            manifest = _manifest(archive)
            problems = list(_changed(archive, manifest["files"]))
            if problems:
                raise BundleError(problems)
            archive.extractall(folder)
            return manifest
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise BundleError(
            [f"{bundle}: 不是完整的 zip 文件 / no whole zip file: {error}"]
        ) from error


def _unsafe(archive: zipfile.ZipFile) -> Iterator[str]:
    names = archive.namelist()
    if len(names) > MAX_FILES or sum(i.file_size for i in archive.infolist()) > MAX_BYTES:
        yield f"文件过多或过大 / too many or too large: {len(names)} files"
    for name in sorted(set(names)):
        if not _safe(name):
            yield f"{name}: 不允许的文件名 / a name that may lead outside"
        if names.count(name) > 1:
            yield f"{name}: 重复 / twice"


def _safe(name: str) -> bool:
    # Inputs may have Chinese names; what must not be is a way out of the folder.
    parts = name.split("/")
    plain = not name.startswith("/") and "\\" not in name and ":" not in name
    return plain and all(part not in ("", ".", "..") for part in parts)


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest = json.loads(archive.read(MANIFEST))
        kind = manifest["format"]
        files, build = manifest["files"], manifest["build"]
    except (KeyError, ValueError, TypeError) as error:
        raise BundleError(
            [f"{MANIFEST}: 缺失或不可读 / missing or unreadable: {error!r}"]
        ) from error
    if kind != FORMAT or not isinstance(files, dict) or not isinstance(build, dict):
        raise BundleError([f"{MANIFEST}: format {kind!r}, 不是 / not {FORMAT}"])
    return dict(manifest)


def _changed(archive: zipfile.ZipFile, files: dict[str, str]) -> Iterator[str]:
    there = set(archive.namelist()) - {MANIFEST}
    for name in sorted(there | set(files)):
        if name not in there:
            yield f"{name}: 缺失 / missing"
        elif name not in files:
            yield f"{name}: 清单中没有 / not in the manifest"
        else:
            with archive.open(name) as stream:
                # zipfile's streams can do what the type of open() does not tell.
                digest = hashlib.file_digest(stream, "sha256")  # type: ignore[arg-type]
            if digest.hexdigest() != files[name]:
                yield f"{name}: 与清单的 SHA-256 不符 / its SHA-256 is not the manifest's"


def hash_of(content: Path | bytes) -> str:
    """SHA-256 of a member, in hexadecimal."""
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else sha256_of(content)
