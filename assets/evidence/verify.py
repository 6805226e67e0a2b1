"""A bundle verified: every hash, then every gap by the second route."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.evidence.archive import BundleError, hash_of, unpack
from assets.evidence.bundle import loaded
from assets.evidence.recompute import SQL, Comparison, compare, recompute


@dataclass(frozen=True)
class Verification:
    """A whole bundle, and how its gaps compare.

    Attributes:
        build: the row of `meta.build` that the manifest carries.
        other_sql: files of the second route that differ between the bundle and this program; the
            program's own were run.
    """

    build: dict[str, Any]
    other_sql: tuple[str, ...]
    comparison: Comparison


def verify_bundle(bundle: Path) -> Verification:
    """Check every hash of a bundle, then recompute its gaps with this program's SQL.

    The SQL that lies in the bundle is never run: it came with the figures that it would judge.

    Raises:
        BundleError: it is no bundle, is not whole, was changed, or lacks a table.
    """
    import duckdb

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest = unpack(bundle, folder)
        try:
            with loaded(lambda name: folder / name) as connection:
                build = connection.execute("SELECT build_id, as_of FROM build").fetchall()
                stated = (manifest["build"]["build_id"], manifest["build"]["as_of"])
                if [(i, str(day)) for i, day in build] != [stated]:
                    raise BundleError(
                        [f"清单与数据不是同一构建 / the manifest is of another build: {stated}"]
                    )
                recompute(connection)
                comparison = compare(connection)
        except duckdb.Error as error:
            raise BundleError(
                [f"表不全或列不符 / a table is not as it should be: {error}"]
            ) from error
    return Verification(manifest["build"], _other_sql(manifest["files"]), comparison)


def _other_sql(files: dict[str, str]) -> tuple[str, ...]:
    ours = {f"sql/{path.name}": hash_of(path) for path in SQL}
    theirs = {name: digest for name, digest in files.items() if name.startswith("sql/")}
    return tuple(sorted(n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n)))
