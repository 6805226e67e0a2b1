"""The landing zone: bytes as they came, each with a sidecar that says where from and when."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipelines.files import sha256_of, whole


@dataclass(frozen=True)
class Landing:
    """One landed file.

    Attributes:
        source_id: the source that it belongs to.
        origin: where the bytes came from: an address, or a file relative to the project.
        path: where they lie, content-addressed by their SHA-256.
        size: bytes.
        verdict: accepted, or quarantined with the reason.
    """

    source_id: str
    origin: str
    path: Path
    sha256: str
    size: int
    landed_at: datetime
    verdict: str

    def read(self) -> bytes:
        """The bytes, checked against their SHA-256.

        Raises:
            ValueError: the file was changed after it landed.
        """
        data = self.path.read_bytes()
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ValueError(
                f"{self.path.name}: the landed bytes were changed; delete the file and run again"
            )
        return data


def land(
    folder: Path, source_id: str, data: bytes, *, origin: str, suffix: str, now: datetime
) -> Landing:
    """Keep bytes under folder/source_id/<sha256><suffix> with a JSON sidecar. Idempotent."""
    digest = hashlib.sha256(data).hexdigest()
    place = folder / source_id
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{digest}{suffix}"
    landing = Landing(source_id, origin, path, digest, len(data), now, "accepted")
    if not path.exists() or sha256_of(path) != digest:
        with whole(path) as temporary:
            temporary.write_bytes(data)
    sidecar = place / f"{digest}.json"
    if not sidecar.exists():
        record = asdict(landing) | {"path": path.name, "landed_at": now.isoformat()}
        with whole(sidecar) as temporary:
            temporary.write_text(json.dumps(record, ensure_ascii=False, indent=2), encoding="utf-8")
    return landing
