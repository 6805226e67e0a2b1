"""A bundle as it came from somebody: looked at from outside, then unpacked where it is sound."""

import hashlib
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pipelines.files import sha256_of

MANIFEST: Final = "manifest.json"
FORMAT: Final = "duibiao-bundle/1"

# A bundle of a whole country stays below these; one that does not is not unpacked.
MAX_BYTES: Final = 2_000_000_000
MAX_MANIFEST_BYTES: Final = 10_000_000
MAX_FILES: Final = 10_000


class BundleError(ValueError):
    """A bundle is not what its manifest says; lists everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def unpack(bundle: Path, folder: Path) -> dict[str, Any]:
    """Unpack what the manifest names, after checking names, sizes and every hash.

    Returns:
        The manifest: format, build (the row of `meta.build`), inputs_left_out, files.

    Raises:
        BundleError: it is no bundle, is not whole, or was changed; names every member at fault.
    """
    try:
        with zipfile.ZipFile(bundle) as archive:
            _refuse(list(_unsafe(archive)))
            manifest = _manifest(archive)
            _refuse(list(_changed(archive, manifest["files"])))
            archive.extractall(folder, manifest["files"])
            return manifest
    # RuntimeError: encrypted. NotImplementedError: a compression that Python does not have.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError,
            NotImplementedError) as error:  # fmt: skip
        raise BundleError([f"{bundle}: 不是完整的评估包 / no whole bundle: {error}"]) from error


def hash_of(content: Path | bytes) -> str:
    """SHA-256 of a member, in hexadecimal."""
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else sha256_of(content)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise BundleError(problems)


def _unsafe(archive: zipfile.ZipFile) -> Iterator[str]:
    members = archive.infolist()
    size = sum(item.file_size for item in members)
    if len(members) > MAX_FILES or size > MAX_BYTES:
        yield f"文件过多或过大 / too many or too large: {len(members)} files, {size} bytes"
        return
    for name, times in sorted(Counter(item.filename for item in members).items()):
        if not _safe(name):
            yield f"{name}: 不允许的文件名 / a name that may lead outside"
        if times > 1:
            yield f"{name}: 重复 / twice"


def _safe(name: str) -> bool:
    # Inputs may have Chinese names; what must not be is a way out of the folder.
    parts = name.removesuffix("/").split("/")
    plain = "\\" not in name and ":" not in name and name.isprintable()
    return plain and all(part not in ("", ".", "..") for part in parts)


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        if archive.getinfo(MANIFEST).file_size > MAX_MANIFEST_BYTES:
            raise BundleError([f"{MANIFEST}: 过大 / too large"])
        manifest = json.loads(archive.read(MANIFEST))
        kind, files, build = (manifest[key] for key in ("format", "files", "build"))
        whole = {"build_id", "as_of"} <= set(build) and isinstance(files, dict)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(
            [f"{MANIFEST}: 缺失或不可读 / missing or unreadable: {error!r}"]
        ) from error
    if kind != FORMAT or not whole:
        raise BundleError([f"{MANIFEST}: format {kind!r}，不是 / not {FORMAT}"])
    return dict(manifest)


def _changed(archive: zipfile.ZipFile, files: dict[str, str]) -> Iterator[str]:
    # Programs that pack a folder add entries for the folders themselves: they hold nothing.
    there = {i.filename for i in archive.infolist() if not i.is_dir()} - {MANIFEST}
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
