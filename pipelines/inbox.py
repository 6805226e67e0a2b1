"""Takes in submitted files: lands them, answers each with a receipt, moves what lay in the inbox.

Knows no indicator and no form: the reading function that it is handed judges a file. What lies in
data/inbox/ is moved only after it landed; after a crash in between the same bytes are recognised.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pipelines.files import whole
from pipelines.landing import ACCEPTED, QUARANTINED, Landing, LandingZone
from pipelines.readers import Reading
from pipelines.settings import Settings
from pipelines.source_errors import SourceError

log = logging.getLogger(__name__)

SUFFIXES: Final = (".xlsx", ".xlsm", ".xls")
# Larger files are left where they are: no form has that size.
LARGEST: Final = 50_000_000
_NAME_LENGTH: Final = 80


@dataclass(frozen=True)
class Verdict:
    """What the reading function says of one file.

    Attributes:
        part: what the file is of: lower-case letters, digits, `.`, `_`, `-`.
        title: for people.
        context: to be kept beside the bytes; see `readers.Document`.
        reading: None where the file as a whole cannot be used.
        error: why nothing of it may be used; None where something may.
        receipt: the marked copy; None where the file could not be opened.
    """

    part: str
    title: str
    context: Mapping[str, str]
    reading: Reading | None
    error: SourceError | None
    receipt: bytes | None


# bytes, day of receipt, reason given beside the file -> verdict
ReadFile = Callable[[bytes, dt.date, str | None], Verdict]


@dataclass(frozen=True)
class Receipt:
    """How one file was received.

    Attributes:
        outcome: accepted, partly, refused (nothing of it is used), already (the same bytes were
            received before), failed (not taken in: it stays where it is).
        error: why nothing of it is used.
        answer: the file that goes back to the sender.
    """

    file: str
    outcome: str
    title: str = ""
    reading: Reading | None = None
    error: SourceError | None = None
    landing: Landing | None = None
    answer: Path | None = None

    @property
    def accepted(self) -> int:
        """Figures that may be loaded."""
        return len(self.reading.cells) if self.reading and not self.error else 0

    @property
    def refused(self) -> int:
        """Rows that were refused."""
        return len(self.reading.refused) if self.reading else 0

    @property
    def blank(self) -> int:
        """Figures that are owed and not given."""
        return len(self.reading.blanks) if self.reading else 0


@dataclass(frozen=True)
class Inbox:
    """Where submissions of one source come in."""

    settings: Settings
    source_id: str
    read: ReadFile
    now: dt.datetime
    today: dt.date
    dry_run: bool = False
    zone: LandingZone = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", LandingZone(self.settings.landing))

    def take(self, path: Path, reason: str | None) -> Receipt:
        """Judge a file, land it, answer it, and move it where it lay in the inbox."""
        try:
            if path.stat().st_size > LARGEST:
                error = SourceError("文件过大", f"more than {LARGEST} bytes", "Send the form alone")
                return Receipt(path.name, "failed", error=error)
            body = path.read_bytes()
            receipt = self._receive(path.name, body, reason)
            if not self.dry_run and path.resolve().parent == self.settings.inbox.resolve():
                done = self.settings.inbox / "done"
                done.mkdir(exist_ok=True)
                path.replace(_free(done / path.name))
        except OSError as error:  # gone, not readable, a full disk: the other files go on
            log.warning("%s: %s", path.name, error)
            why = error.strerror or str(error)
            failed = SourceError(f"无法收入：{why}", f"not taken in: {why}", "Submit it again")
            return Receipt(path.name, "failed", error=failed)
        except Exception as error:  # the bytes are a stranger's: whatever they do, the others go on
            log.exception("%s", path.name)
            kind = type(error).__name__
            failed = SourceError(f"读取程序出错：{kind}", f"{kind}: {error}", "See the log")
            return Receipt(path.name, "failed", error=failed)
        return receipt

    def _receive(self, name: str, body: bytes, reason: str | None) -> Receipt:
        verdict = self.read(body, self.today, reason)
        receipt = Receipt(name, _outcome(verdict), verdict.title, verdict.reading, verdict.error)
        if self.dry_run:
            return receipt
        part, before = self._place(verdict, body, reason)
        error = verdict.error
        landing = before or self.zone.keep(
            self.source_id, part, body, suffix=_suffix(name), origin=plain_name(name),
            now=self.now, verdict=QUARANTINED if error else ACCEPTED,
            reason=f"{error.kind}: {error.zh} / {error}" if error else None,
            context=verdict.context,
        )  # fmt: skip
        if before and not error:
            receipt = replace(receipt, outcome="already")
        return replace(receipt, landing=landing, answer=self._answer(name, landing, verdict))

    def _place(
        self, verdict: Verdict, body: bytes, reason: str | None
    ) -> tuple[str, Landing | None]:
        """The part to land under, and the landing of the same bytes if nothing came after it."""
        digest = hashlib.sha256(body).hexdigest()
        mine = [
            e for e in self.zone.landings(self.source_id) if e.part.split(".")[0] == verdict.part
        ]
        if verdict.error:
            same = [e for e in mine[-1:] if (e.sha256, e.verdict) == (digest, QUARANTINED)]
            return verdict.part, same[0] if same else None
        accepted = [e for e in mine if e.verdict == ACCEPTED]
        if not accepted or accepted[-1].sha256 != digest:
            return verdict.part, None
        if reason is None or accepted[-1].context.get("reason") == reason:
            return verdict.part, accepted[-1]
        # The same bytes with a reason are another submission, but would not land again as such.
        mark = hashlib.sha256(reason.encode()).hexdigest()[:8]
        return f"{verdict.part}.{mark}", None

    def _answer(self, name: str, landing: Landing, verdict: Verdict) -> Path:
        """Write what goes back to the sender; the same landing always has the same answer."""
        suffix = ".xlsx" if verdict.receipt else ".txt"
        stem = Path(plain_name(name)).stem
        time = landing.landed_at.strftime("%Y%m%dT%H%M%S")
        answer = self.settings.outbox / f"{stem}-回执-{time}-{landing.number}{suffix}"
        if not answer.exists():
            with whole(answer) as temporary:
                temporary.write_bytes(verdict.receipt or _text(name, verdict).encode())
        return answer


def submit(
    settings: Settings,
    source_id: str,
    files: Iterable[Path],
    *,
    now: dt.datetime,
    today: dt.date,
    read: ReadFile,
    reason: str | None = None,
    dry_run: bool = False,
) -> list[Receipt]:
    """Take in files, one after the other. The caller holds the lock of the run.

    Args:
        now: moment of the landing; today: day of receipt.
        read: judges a file. It is called anew for each, and sees what landed before.
        reason: why figures of a locked quarter are changed.
        dry_run: judge only; nothing is landed, written or moved.
    """
    inbox = Inbox(settings, source_id, read, now, today, dry_run)
    return [inbox.take(path, reason) for path in files]


def waiting_files(folder: Path) -> list[Path]:
    """Workbooks in the inbox: no folders, links, hidden files or locks of Office."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not path.is_symlink()
        and not path.name.startswith((".", "~$"))
    )


def plain_name(name: str) -> str:
    """A file's name without anything that leads elsewhere or that a terminal would obey."""
    last = name.replace("\\", "/").split("/")[-1]
    kept = "".join(c if c.isalnum() or c in "._-（）() " else "_" for c in last).lstrip(". ")
    return kept[-_NAME_LENGTH:] or "workbook.xlsx"


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if suffix in SUFFIXES else ".bin"


def _outcome(verdict: Verdict) -> str:
    if verdict.error or verdict.reading is None:
        return "refused"
    return "partly" if verdict.reading.refused else "accepted"


def _text(name: str, verdict: Verdict) -> str:
    """The receipt of a file that could not be opened."""
    error = verdict.error
    assert error is not None
    return (
        f"回执：{plain_name(name)}\n未能收入：{error.zh}\n{error.remedy}\n\n"
        f"Receipt: {plain_name(name)}\nNothing of it was used: {error}\n"
    )


def _free(path: Path) -> Path:
    """The path, or the same with a number where there is a file already."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
