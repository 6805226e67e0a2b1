"""What a source's module gives and gets: documents as they came, and the figures read from them.

A reader is a module of `assets/sources/`, named by the `reader` of a record in data/sources/:

    OPTIONS: type[Record]                                  the record's `options`, typed
    fetch(source, options, web, scope) -> Iterator[Document | PartFailed]
    read(source, options, document, scope) -> Reading      raises SourceError
    dropped(source, options, name, body) -> list[Document]  a file that a person dropped

`fetch` talks to the network and nothing else; `read` is pure: the same document always gives the
same reading. `fetch` raises a SourceError that stops the source, and yields PartFailed for what
concerns one part alone.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pipelines.faults import Fault
from pipelines.source_errors import SourceError
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web


@dataclass(frozen=True)
class Document:
    """Bytes of one part of a source (a table of one region, an article), as delivered.

    Attributes:
        part: names what it is, the same in every run: lower-case letters, digits, `.`, `_`, `-`.
        url: where it came from, for people; a file name for a dropped file.
        suffix: of the file that keeps it, such as `.json`.
        etag, last_modified: validators for the next conditional request.
        context: what the bytes alone don't tell and `read` needs (the region asked for, the day
            of publication on the list page); kept in the sidecar.
    """

    part: str
    body: bytes
    url: str
    suffix: str
    etag: str | None = None
    last_modified: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PartFailed:
    """A part that could not be fetched; the others go on."""

    part: str
    error: SourceError


@dataclass(frozen=True)
class Unchanged:
    """A part of which the server says that it has not changed (304)."""

    part: str


@dataclass(frozen=True)
class Cell:
    """One published figure.

    Attributes:
        place: number of the row or cell in the document, from 1, unique in it.
        period, period_type: as in `observation_vintages`.
        value_printed: the figure exactly as served.
        unit_printed: the unit as served; None where the figure carries it.
        raw: the cell as it came, with the names and codes of the source.
        published_on: where it differs from the document's.
        bound, quality, note: where they are not the reading's.
    """

    place: int
    indicator_id: str
    region_code: str
    period: str
    period_type: str
    value_printed: str
    unit_printed: str | None
    raw: Mapping[str, str | None]
    published_on: dt.date | None = None
    bound: str | None = None
    quality: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Refused:
    """A row that cannot be read; never dropped silently."""

    place: int
    fault: Fault
    raw: Mapping[str, str | None]


@dataclass(frozen=True)
class Blank:
    """A cell without a figure: not yet published, or marked as missing. Never zero.

    Attributes:
        reason: empty, not_published (a mark such as 无, —, NA, null), no_data_flag (hasdata:
            false), future (the period has not ended).
    """

    indicator_id: str
    region_code: str
    period: str
    reason: str


@dataclass(frozen=True)
class Column:
    """What the source calls a series, to notice when that changes."""

    name: str
    unit: str | None


@dataclass
class Reading:
    """What a document says.

    Attributes:
        published_on: day printed in the document; None where there is none: the day of capture
            is then the vintage.
        published_basis: what is known of that day; `captured` for an answer that was saved then.
        title: title of the publication, Chinese where it has one.
        columns: indicator_id -> name and unit as served.
        publisher: where the source has several; None: that of its record.
    """

    title: str
    published_on: dt.date | None
    cells: list[Cell] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    blanks: list[Blank] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    published_basis: str = "day"
    publisher: str | None = None

    @property
    def rows_in(self) -> int:
        """Rows with something in them: rows_in == cells + refused, always."""
        return len(self.cells) + len(self.refused)


@dataclass(frozen=True)
class Seen:
    """The last accepted landing of a part."""

    landed_at: dt.datetime
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True)
class Scope:
    """What a reader may know of the run.

    Attributes:
        today: the day of the run in Asia/Shanghai.
        provinces: GB/T 2260 code -> Chinese name, of China (100000) and the 31 provinces.
        seen: part -> last accepted landing.
        peers: fetch all provinces, not Henan alone.
    """

    today: dt.date
    provinces: Mapping[str, str]
    seen: Mapping[str, Seen] = field(default_factory=dict)
    peers: bool = False


class Feed(Protocol):
    """A source with its reader: what the collecting run is handed for each record."""

    @property
    def source(self) -> LiveSource: ...

    def fetch(self, web: "Web", scope: Scope) -> Iterator[Document | PartFailed | Unchanged]:
        """Ask the network. Raises SourceError when nothing more may be asked."""
        ...

    def read(self, document: Document, scope: Scope) -> Reading:
        """Read one document. Raises SourceError when it can't be used."""
        ...

    def dropped(self, name: str, body: bytes) -> list[Document]:
        """The documents in a file that a person dropped. Raises SourceError."""
        ...
