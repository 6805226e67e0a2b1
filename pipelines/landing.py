"""The landing zone: bytes as they came, each landing with a sidecar that says how it was judged.

    data/landing/SOURCE/bytes/<sha256><suffix>      the bytes, content-addressed
    data/landing/SOURCE/<number>-<part>.json        one sidecar a landing, in the order of landing

A sidecar is written once, after its bytes, and never changed: what is half done when a run is
killed is done again by the next one. The number orders landings, so that a clock that was set
back cannot.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from pipelines.files import sha256_of, whole

ACCEPTED: Final = "accepted"
QUARANTINED: Final = "quarantined"

# The part of a source that comes with the project, as a file in data/published/.
BUNDLED: Final = "bundled"

_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,119}")
_SIDECAR = re.compile(r"(\d{6})-(.+)\.json")


@dataclass(frozen=True)
class Landing:
    """One landing of one part of a source.

    Attributes:
        number: place in the order of the source's landings, from 1.
        part: what of the source it is (a table of one region, an article).
        origin: where the bytes came from: an address, or a file relative to the project.
        path: where they lie.
        size: bytes.
        verdict: accepted or quarantined.
        reason: why it was quarantined, or accepted by a person.
        context: what the bytes alone don't tell; see `readers.Document`.
    """

    source_id: str
    number: int
    part: str
    origin: str
    path: Path
    sha256: str
    size: int
    landed_at: dt.datetime
    verdict: str = ACCEPTED
    reason: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> bytes:
        """The bytes, checked against their SHA-256.

        Raises:
            ValueError: the file is gone, or was changed after it landed.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError as error:
            raise ValueError(
                f"{self.source_id}/{self.part}: the landed bytes {self.path.name} are gone; "
                "restore data/landing from a backup, or delete the folder of the source and "
                "fetch again"
            ) from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ValueError(
                f"{self.path.name}: the landed bytes were changed; delete the file and run again"
            )
        return data


class LandingZone:
    """All landings below a folder. One process writes at a time: the run holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sources(self) -> list[str]:
        """Sources of which anything has landed."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.is_dir() and _sidecars(p))

    def landings(self, source_id: str, verdict: str | None = None) -> list[Landing]:
        """The landings of a source in their order; without those whose sidecar is damaged."""
        found = (_read(path) for path in _sidecars(self.folder / source_id))
        return [
            landing
            for landing in found
            if isinstance(landing, Landing) and verdict in (None, landing.verdict)
        ]

    def damaged(self, source_id: str) -> list[str]:
        """What is wrong with the sidecars of a source that cannot be read."""
        found = (_read(path) for path in _sidecars(self.folder / source_id))
        return [problem for problem in found if isinstance(problem, str)]

    def last_accepted(self, source_id: str) -> dict[str, Landing]:
        """Part -> its last accepted landing."""
        return {landing.part: landing for landing in self.landings(source_id, ACCEPTED)}

    def waiting(self, source_id: str) -> list[Landing]:
        """Quarantined landings that no accepted one of the same part followed."""
        last = {landing.part: landing for landing in self.landings(source_id)}
        return [landing for landing in last.values() if landing.verdict == QUARANTINED]

    def keep(
        self,
        source_id: str,
        part: str,
        body: bytes,
        *,
        suffix: str,
        origin: str,
        now: dt.datetime,
        verdict: str = ACCEPTED,
        reason: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Landing:
        """Keep bytes and verdict. The same bytes with the same verdict again land only once.

        Raises:
            ValueError: the part is no plain name.
            OSError: the disk is full, or may not be written.
        """
        if not _PART.fullmatch(part):
            raise ValueError(f"{source_id}: {part!r} is no name of a part: a-z, 0-9, . _ - only")
        digest = hashlib.sha256(body).hexdigest()
        earlier = self.landings(source_id)
        # Accepted bytes repeat the last accepted ones, whatever was quarantined in between.
        alike = [e for e in earlier if e.part == part and verdict in (QUARANTINED, e.verdict)]
        if alike and (alike[-1].sha256, alike[-1].verdict) == (digest, verdict):
            return alike[-1]
        place = self.folder / source_id
        (place / "bytes").mkdir(parents=True, exist_ok=True)
        # By the names of the files: a damaged sidecar keeps its number too.
        names = [path.name for path in _sidecars(place)]
        number = int(names[-1][:6]) + 1 if names else 1
        landing = Landing(
            source_id=source_id,
            number=number,
            part=part,
            origin=origin,
            path=place / "bytes" / f"{digest}{suffix}",
            sha256=digest,
            size=len(body),
            # A clock that was set back must not make the new landing the older one.
            landed_at=max([now, *(e.landed_at for e in earlier[-1:])]),
            verdict=verdict,
            reason=reason,
            etag=etag,
            last_modified=last_modified,
            context=dict(context or {}),
        )
        if not landing.path.exists() or sha256_of(landing.path) != digest:
            with whole(landing.path) as temporary:
                temporary.write_bytes(body)
        with whole(place / f"{number:06}-{part}.json") as temporary:
            temporary.write_text(_dump(landing), encoding="utf-8")
        return landing


def _sidecars(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return sorted(path for path in place.iterdir() if _SIDECAR.fullmatch(path.name))


def _dump(landing: Landing) -> str:
    record = asdict(landing) | {
        "path": landing.path.name,
        "landed_at": landing.landed_at.isoformat(),
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _read(path: Path) -> Landing | str:
    """The landing, or what is wrong with its sidecar."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Landing(
            **record
            | {
                "path": path.parent / "bytes" / Path(record["path"]).name,
                "landed_at": dt.datetime.fromisoformat(record["landed_at"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return (
            f"{path.parent.name}/{path.name}: this sidecar cannot be read ({error}); restore it "
            "from a backup, or delete it to forget that landing"
        )
