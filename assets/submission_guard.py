"""Looks at a workbook's zip archive before anything opens it: what is no plain .xlsx is refused."""

import io
import zipfile
import zlib
from typing import Final

from pipelines.source_errors import NotData, SourceError, TooLarge

# A filled form has some ten kilobytes; what people paste into it may weigh more.
MAX_BYTES: Final = 5_000_000
MAX_UNPACKED: Final = 30_000_000
MAX_ENTRIES: Final = 300

_REMEDY: Final = (
    "请用 duibiao template 下载的表填报，另存为 .xlsx / "
    "Fill in the form made by `duibiao template` and save it as .xlsx"
)


def check_archive(body: bytes) -> None:
    """Refuse what is no workbook, is too large packed or unpacked, or holds a program.

    Raises:
        TooLarge: more bytes, entries or unpacked bytes than a form can have.
        NotData: not a zip archive, damaged, encrypted, not an .xlsx, with macros, with names that
            lead out of it, or with a document type declaration in its XML.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"文件过大（{len(body)} 字节）", f"{len(body)} bytes", _REMEDY)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            _check_names(archive)
            _check_content(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise NotData(
            "不是 .xlsx 工作簿，或文件已损坏、已加密",
            f"not an .xlsx workbook, or damaged or encrypted ({error})",
            _REMEDY,
        ) from error


def _check_names(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES:
        raise TooLarge("工作簿内文件过多", f"{len(entries)} entries in the archive", _REMEDY)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _bomb()
    for name in names:
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise NotData("工作簿内有非法路径", f"a name leads out of it: {name!r}", _REMEDY)
    if len({name.casefold() for name in names}) < len(names):
        raise NotData("工作簿内有重名文件", "two entries have the same name", _REMEDY)
    if any("vbaproject" in name.casefold() or "macrosheets" in name.casefold() for name in names):
        raise NotData("工作簿含宏", "the workbook holds macros", _REMEDY)
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= set(names):
        raise NotData("不是 .xlsx 工作簿", "not an .xlsx workbook", _REMEDY)


def _check_content(archive: zipfile.ZipFile) -> None:
    """Unpack by pieces: what an entry says of its own size need not be true."""
    unpacked = 0
    for entry in archive.infolist():
        with archive.open(entry) as stream:
            head = stream.read(2)
            is_xml = entry.filename.endswith((".xml", ".rels"))
            if is_xml and head in (b"\xff\xfe", b"\xfe\xff"):
                raise NotData("工作簿编码不受支持", "its XML is not UTF-8", _REMEDY)
            before, unpacked = head, unpacked + len(head)
            while piece := stream.read(1 << 16):
                unpacked += len(piece)
                if unpacked > MAX_UNPACKED:
                    raise _bomb()
                # An entity could unfold to any size, or name a file of this machine.
                if is_xml and b"<!DOCTYPE" in before[-16:] + piece:
                    raise NotData(
                        "工作簿含文档类型声明", "its XML declares a document type", _REMEDY
                    )
                before = piece


def _bomb() -> SourceError:
    return TooLarge("解压后过大", f"more than {MAX_UNPACKED} bytes when unpacked", _REMEDY)
