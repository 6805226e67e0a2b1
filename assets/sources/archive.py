"""Looks at a workbook's zip archive before anything opens it: what is no plain .xlsx is refused."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

from pipelines.source_errors import NotData, SourceError, TooLarge

# What readers of archives raise on bytes that are damaged, encrypted or packed in another way.
DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How large an archive may be, packed and unpacked, and what to tell where it is refused."""

    packed: int
    unpacked: int
    entries: int
    remedy: str


# The parts by which a parser that fails at the .xlsx takes the file for .xlsb or .ods.
_OTHERS: Final = {"xl/workbook.bin", "content.xml"}


def check_archive(body: bytes, limits: Limits) -> None:
    """Refuse what is no workbook, is too large packed or unpacked, or holds a program.

    Raises:
        TooLarge: more bytes, entries or unpacked bytes than the limits allow.
        NotData: not a zip archive, damaged, encrypted, not an .xlsx, with macros, with names that
            lead out of it, or with a document type declaration in its XML.
    """
    if len(body) > limits.packed:
        raise TooLarge(f"文件过大（{len(body)} 字节）", f"{len(body)} bytes", limits.remedy)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            _check_names(archive, limits)
            _check_content(archive, limits)
    except DAMAGED as error:
        raise NotData(
            "不是 .xlsx 工作簿，或文件已损坏、已加密",
            f"not an .xlsx workbook, or damaged or encrypted ({error})",
            limits.remedy,
        ) from error


def _check_names(archive: zipfile.ZipFile, limits: Limits) -> None:
    entries, remedy = archive.infolist(), limits.remedy
    names = [entry.filename for entry in entries]
    if len(entries) > limits.entries:
        raise TooLarge("工作簿内文件过多", f"{len(entries)} entries in the archive", remedy)
    if sum(entry.file_size for entry in entries) > limits.unpacked:
        raise _bomb(limits)
    for name in names:
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise NotData("工作簿内有非法路径", f"a name leads out of it: {name!r}", remedy)
    if len({name.casefold() for name in names}) < len(names):
        raise NotData("工作簿内有重名文件", "two entries have the same name", remedy)
    if any("vbaproject" in name.casefold() or "macrosheets" in name.casefold() for name in names):
        raise NotData("工作簿含宏", "the workbook holds macros", remedy)
    is_xlsx = {"[Content_Types].xml", "xl/workbook.xml"} <= set(names)
    if not is_xlsx or _OTHERS & {name.casefold() for name in names}:
        raise NotData("不是 .xlsx 工作簿", "not an .xlsx workbook", remedy)


def _check_content(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Unpack by pieces: what an entry says of its own size need not be true."""
    unpacked = 0
    for entry in archive.infolist():
        with archive.open(entry) as stream:
            head = stream.read(2)
            is_xml = entry.filename.endswith((".xml", ".rels"))
            if is_xml and head in (b"\xff\xfe", b"\xfe\xff"):
                raise NotData("工作簿编码不受支持", "its XML is not UTF-8", limits.remedy)
            before, unpacked = head, unpacked + len(head)
            while piece := stream.read(1 << 16):
                unpacked += len(piece)
                if unpacked > limits.unpacked:
                    raise _bomb(limits)
                # An entity could unfold to any size, or name a file of this machine.
                if is_xml and b"<!DOCTYPE" in before[-16:] + piece:
                    raise NotData(
                        "工作簿含文档类型声明", "its XML declares a document type", limits.remedy
                    )
                before = piece


def _bomb(limits: Limits) -> SourceError:
    return TooLarge("解压后过大", f"more than {limits.unpacked} bytes when unpacked", limits.remedy)
