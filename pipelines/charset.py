"""Bytes to text by what they are, not by what they are said to be."""

import codecs
import re
from typing import Final

from pipelines.source_errors import NotData

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META: Final = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{1,40})", re.I)
_HEAD: Final = 4096


def decode(body: bytes, declared: str | None = None) -> str:
    """Text of a page or file: byte order mark, then UTF-8, then what is declared.

    UTF-8 comes before the declaration, since text in another encoding is hardly ever valid UTF-8,
    while pages that declare gb2312 often are UTF-8. gb2312 and gbk are read as gb18030, which
    holds the characters that such pages use beyond their declaration.

    Args:
        declared: charset of the HTTP header; a `<meta>` in the first bytes counts as well.

    Raises:
        NotData: the bytes fit none of them.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _strict(body, encoding)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        meta = _META.search(body[:_HEAD])
        named = declared or (meta[1].decode("ascii") if meta else None) or "gb18030"
        return _strict(body, "gb18030" if named.lower().startswith("gb") else named)


def _strict(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise NotData(
            f"文字编码无法识别（既非 UTF-8，也非 {encoding}）",
            f"the bytes are neither UTF-8 nor {encoding}",
        ) from error
