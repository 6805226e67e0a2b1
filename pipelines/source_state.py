"""How each source answered when it was last asked: data/landing/SOURCE/state.json.

The state is for people and for the next run (cooling); figures never depend on it.
"""

import datetime as dt
import json
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pipelines.files import whole
from pipelines.source_errors import SourceError

STATE: Final = "state.json"
COOLING: Final = dt.timedelta(minutes=30)

# What can become of a source or of a part of it; in order of seriousness.
OUTCOMES: Final = ("unchanged", "fetched", "quarantined", "failed")


@dataclass(frozen=True)
class Trouble:
    """An error as it is kept and shown."""

    kind: str
    zh: str
    en: str
    remedy: str

    @classmethod
    def of(cls, error: SourceError) -> "Trouble":
        """What a person needs to know of an error."""
        return cls(error.kind, error.zh, str(error), error.remedy)


@dataclass(frozen=True)
class PartState:
    """What became of one part: fetched, unchanged, quarantined or failed."""

    outcome: str
    trouble: Trouble | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceState:
    """How a source answered.

    Attributes:
        checked_at: when it was last asked; None before the first time.
        ok_at: when it last answered in full.
        trouble: why it was given up, where it was.
        cooling_until: nothing is asked before.
    """

    source_id: str
    checked_at: dt.datetime | None = None
    ok_at: dt.datetime | None = None
    trouble: Trouble | None = None
    cooling_until: dt.datetime | None = None
    parts: dict[str, PartState] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """The most serious of its own and its parts' outcomes; never_asked before the first."""
        if self.trouble is not None:
            return "failed"
        found = [OUTCOMES.index(part.outcome) for part in self.parts.values()]
        return OUTCOMES[max(found)] if found else "unchanged" if self.checked_at else "never_asked"

    @property
    def is_ok(self) -> bool:
        """Nothing failed and nothing was quarantined."""
        return self.outcome not in ("failed", "quarantined")

    @property
    def troubles(self) -> list[tuple[str, Trouble]]:
        """(part, trouble) of everything that went wrong; the part is empty for the source."""
        own = [("", self.trouble)] if self.trouble else []
        return own + [(name, p.trouble) for name, p in sorted(self.parts.items()) if p.trouble]

    def count(self, outcome: str) -> int:
        """Parts that ended so."""
        return Counter(part.outcome for part in self.parts.values())[outcome]

    def without_times(self) -> str:
        """What the state says, without when: asking again with the same result is no change."""
        bare = replace(self, checked_at=None, ok_at=None, cooling_until=None)
        kept = {"unchanged": "ok", "fetched": "ok"}
        record = asdict(bare) | {
            "parts": {
                name: kept.get(part.outcome) or asdict(part) for name, part in self.parts.items()
            }
        }
        return json.dumps(record, ensure_ascii=False, sort_keys=True)


def load_state(folder: Path, source_id: str) -> SourceState:
    """The state of a source; an empty one where there is none or it cannot be read."""
    try:
        record: dict[str, Any] = json.loads((folder / source_id / STATE).read_text("utf-8"))
        times = {
            name: dt.datetime.fromisoformat(record[name]) if record[name] else None
            for name in ("checked_at", "ok_at", "cooling_until")
        }
        parts = {
            name: PartState(part["outcome"], _trouble(part["trouble"]), tuple(part["notes"]))
            for name, part in record["parts"].items()
        }
        return SourceState(source_id, trouble=_trouble(record["trouble"]), parts=parts, **times)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return SourceState(source_id)  # it is only for information: the next run writes it anew


def save_state(folder: Path, state: SourceState) -> None:
    """Keep the state beside the landings of its source."""
    with whole(folder / state.source_id / STATE) as temporary:
        text = json.dumps(asdict(state), ensure_ascii=False, indent=2, default=str)
        temporary.write_text(text + "\n", encoding="utf-8")


def _trouble(record: dict[str, str] | None) -> Trouble | None:
    return Trouble(**record) if record else None
