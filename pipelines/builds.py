"""The published builds: which one is live, how to open it, how it changes hands.

Imports neither DuckDB nor polars, so that asking which build is live costs nothing.
"""

import errno
import json
import logging
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.files import sync, whole
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

WAREHOUSE: Final = "warehouse.duckdb"
RECORD: Final = "build.json"
BUILD_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
UNFINISHED: Final = ".tmp-"
KEPT: Final = 10

_NO_LINKS: Final = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_WINDOWS_NO_PRIVILEGE: Final = 1314


class NothingPublished(FileNotFoundError):
    """There is no build to read."""


def list_builds(settings: Settings) -> list[Path]:
    """Folders of the whole builds, oldest first."""
    if not settings.builds.is_dir():
        return []
    return sorted(p for p in settings.builds.iterdir() if p.is_dir() and BUILD_ID.fullmatch(p.name))


def live_build(settings: Settings) -> Path | None:
    """Folder of the build that readers get: by the link, or by the pointer where there is none."""
    link = settings.warehouse_link
    if link.is_symlink():
        file = link.resolve()
    elif settings.warehouse_pointer.is_file():
        name = settings.warehouse_pointer.read_text(encoding="utf-8").strip()
        file = (settings.data / name).resolve()
    else:
        return None
    return file.parent if file.is_file() else None


def build_record(folder: Path) -> dict[str, Any] | None:
    """What `build.json` says of a build; None where it can't be read."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def require_build(settings: Settings) -> Path:
    """Folder of the live build.

    Raises:
        NothingPublished: there is no build yet.
    """
    folder = live_build(settings)
    if folder is None:
        raise NothingPublished(
            f"还没有发布任何构建，请先运行 duibiao run / nothing published in {settings.builds}"
            " yet: run `duibiao run`"
        )
    return folder


def open_readonly(settings: Settings) -> "duckdb.DuckDBPyConnection":
    """Connect to the live build. The connection keeps its snapshot when a new build is published.

    The path behind the link is opened: DuckDB would answer a second connection to the link itself,
    in a process that still has one open, from the old file.

    Raises:
        NothingPublished: there is no build yet.
    """
    return open_build(require_build(settings))


def open_build(folder: Path) -> "duckdb.DuckDBPyConnection":
    """Connect to a build, live or not, read-only."""
    import duckdb

    return duckdb.connect(str(folder / WAREHOUSE), read_only=True)


def point(settings: Settings, build_id: str) -> None:
    """Write the path of a build's file, relative to the data folder, into the pointer file."""
    with whole(settings.warehouse_pointer) as temporary:
        temporary.write_text(f"{_relative(settings, build_id)}\n", encoding="utf-8")


def link(settings: Settings, build_id: str) -> bool:
    """Turn the link to a build, in one step. False where there are no symbolic links.

    Raises:
        FileExistsError: something that is not a link lies at the link's place.
    """
    refuse_foreign_file(settings)
    temporary = settings.warehouse_link.with_name(f"{WAREHOUSE}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(_relative(settings, build_id))
    except OSError as error:
        if error.errno in _NO_LINKS or getattr(error, "winerror", 0) == _WINDOWS_NO_PRIVILEGE:
            settings.warehouse_link.unlink(missing_ok=True)  # else it would outrank the pointer
            return False
        raise
    os.replace(temporary, settings.warehouse_link)
    sync(settings.data)
    return True


def refuse_foreign_file(settings: Settings) -> None:
    """Raise FileExistsError if what lies at the link's place was not put there by us."""
    place = settings.warehouse_link
    if place.exists() and not place.is_symlink():
        raise FileExistsError(f"{place} is not a link to a build: move it away")


def prune(settings: Settings, keep: int = KEPT) -> list[str]:
    """Remove all but the newest builds, and never the live one. Gives the ids removed."""
    live = live_build(settings)
    removed = []
    for folder in list_builds(settings)[:-keep]:
        if live is not None and folder.samefile(live):
            continue
        try:
            # First out of sight, so that a killed run never leaves half a build under its name.
            doomed = folder.rename(folder.with_name(f"{UNFINISHED}{folder.name}"))
        except OSError as error:  # Windows: somebody still reads it; the next run tries again
            log.warning("build %s stays for now: %s", folder.name, error)
            continue
        shutil.rmtree(doomed, ignore_errors=True)
        removed.append(folder.name)
    return removed


def sweep(settings: Settings) -> None:
    """Remove what killed runs left behind. Only the holder of the lock may do so."""
    for leftover in settings.builds.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _relative(settings: Settings, build_id: str) -> str:
    return f"{settings.builds.name}/{build_id}/{WAREHOUSE}"
