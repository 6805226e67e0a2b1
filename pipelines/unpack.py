"""Bodies unpacked while they arrive: a few bytes may stand for gigabytes."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

STEP: Final = 65_536
_GZIP: Final = zlib.MAX_WBITS | 16
_MARK: Final = b"\x1f\x8b"


def gunzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack a gzip stream, never more than STEP bytes at once, so that the reader can stop.

    What follows the stream and is no further one is left out.

    Raises:
        zlib.error: it is no gzip stream, or ends early.
    """
    stream, begun = zlib.decompressobj(_GZIP), False
    for part in parts:
        begun = begun or bool(part)
        packed = part
        while packed:
            if stream.eof:
                if not _MARK.startswith(packed[:2]):
                    return
                stream = zlib.decompressobj(_GZIP)
            yield stream.decompress(packed, STEP)
            packed = stream.unconsumed_tail or stream.unused_data
    yield stream.flush()
    if begun and not stream.eof:
        raise zlib.error("the stream ends early")
