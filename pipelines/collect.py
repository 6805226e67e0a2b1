"""Asks the sources, judges what they answer, and lands it. Knows no indicator and no format.

The sources run side by side, each in a thread with a folder of its own; whatever happens to one
does not touch the others. What has landed is safe: a run that is killed is gone on with by the
next one.
"""

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pipelines import clock
from pipelines.judgement import judge
from pipelines.landing import ACCEPTED, QUARANTINED, Landing, LandingZone
from pipelines.readers import Document, Feed, Reading, Scope, Seen, Unchanged
from pipelines.settings import Settings
from pipelines.source_errors import Challenged, Cooling, SourceError
from pipelines.source_state import (
    COOLING,
    PartState,
    SourceState,
    Trouble,
    load_state,
    save_state,
)

log = logging.getLogger(__name__)

# Sources asked at the same time; each asks one request at a time, at its own pace.
WORKERS: Final = 4
DROPPED_LIMIT: Final = 50_000_000
SUBMISSIONS: Final = "submissions"

Say = Callable[[SourceState], None]


class UnknownSource(LookupError):
    """No record in data/sources/ has this id."""


def collect(
    settings: Settings,
    feeds: Sequence[Feed],
    provinces: Mapping[str, str],
    *,
    only: Collection[str] = (),
    offline: bool = False,
    peers: bool = False,
    say: Say = lambda state: None,
) -> list[SourceState]:
    """Ask each enabled source, and take in the files that people dropped for it.

    Args:
        provinces: code -> Chinese name, of China and its provinces.
        only: ids of the sources to ask; empty: all.
        offline: take in dropped files only.
        peers: all provinces, not Henan alone.
        say: is told how each source ended, as it ends.

    Returns:
        The states of the sources that were asked, in the order of their ids.

    Raises:
        UnknownSource: `only` names a source that has no record.
    """
    known = {feed.source.id: feed for feed in feeds}
    if unknown := sorted(set(only) - known.keys()):
        raise UnknownSource(
            f"没有数据源 / no source {', '.join(unknown)}; 可用 known: {', '.join(sorted(known))}"
        )
    wanted = [f for f in feeds if f.source.id in only or (not only and f.source.enabled)]
    # Where the network is not asked, only what people dropped can bring anything.
    wanted = [
        f
        for f in wanted
        if (f.source.base_url and not offline) or _dropped_files(settings.dropped / f.source.id)
    ]
    scope = Scope(today=clock.today(), provinces=provinces, peers=peers)
    states = []
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="source") as pool:
        jobs = [pool.submit(_ask, _Visit(settings, f, scope, offline)) for f in wanted]
        for job in as_completed(jobs):
            states.append(job.result())
            say(states[-1])
    return sorted(states, key=lambda state: state.source_id)


def accept_by_hand(settings: Settings, source_id: str, part: str, reason: str) -> Landing:
    """Accept what was quarantined last, because a person looked at it.

    Raises:
        LookupError: nothing of the part is in quarantine.
    """
    if source_id == SUBMISSIONS:
        raise LookupError(
            "报送表由报送单位更正后重新报送 / a submission is corrected and handed in again: "
            "duibiao submit"
        )
    zone = LandingZone(settings.landing)
    landings = [e for e in zone.landings(source_id) if e.part == part]
    if not landings or landings[-1].verdict != QUARANTINED:
        waiting = [e.part for e in zone.waiting(source_id)]
        raise LookupError(
            f"{source_id}/{part}: 没有待定的落地文件 / nothing is in quarantine"
            + (f"; 待定 waiting: {', '.join(waiting)}" if waiting else "")
        )
    last = landings[-1]
    accepted = zone.keep(
        source_id, part, last.read(), suffix=last.path.suffix, origin=last.origin,
        now=clock.moment(), reason=f"人工接受 accepted by hand: {reason}", etag=last.etag,
        last_modified=last.last_modified, context=last.context,
    )  # fmt: skip
    state = load_state(settings.landing, source_id)
    save_state(settings.landing, replace(state, parts=state.parts | {part: PartState("fetched")}))
    return accepted


@dataclass
class _Visit:
    """One source in one run."""

    settings: Settings
    feed: Feed
    scope: Scope
    offline: bool
    parts: dict[str, PartState] = field(default_factory=dict)
    accepted: dict[str, Landing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = LandingZone(self.settings.landing)
        self.id = self.feed.source.id
        self.before = load_state(self.settings.landing, self.id)

    def run(self) -> None:
        """Dropped files first: they are there because the network did not help."""
        self.accepted = self.zone.last_accepted(self.id)
        for path in _dropped_files(self.settings.dropped / self.id):
            self.take_dropped(path)
        if not self.offline and self.feed.source.base_url:
            self.ask_the_network()

    def ask_the_network(self) -> None:
        # Here, so that a run that stays offline loads no HTTP client.
        from pipelines.http import Policy, Web, connection_settings

        source, until = self.feed.source, self.before.cooling_until
        if until and clock.moment() < until:
            clock_time = until.strftime("%H:%M")
            raise Cooling(
                f"该网站要求人工验证，{clock_time} 前不再访问",
                f"the site challenged us: it is left in peace until {clock_time}",
            )
        policy = Policy(
            pace_seconds=source.pace_seconds,
            deadline_seconds=source.deadline_seconds,
            max_bytes=source.max_bytes,
        )
        assert source.base_url is not None
        base_url, policy = connection_settings(source.id, source.base_url, policy)
        scope = replace(self.scope, seen={
            part: Seen(e.landed_at, e.etag, e.last_modified) for part, e in self.accepted.items()
        })  # fmt: skip
        with Web(base_url, policy) as web:
            for item in self.feed.fetch(web, scope):
                if isinstance(item, Document):
                    self.take(item)
                elif isinstance(item, Unchanged):
                    self.parts[item.part] = PartState("unchanged")
                else:
                    self.parts[item.part] = PartState("failed", Trouble.of(item.error))

    def take_dropped(self, path: Path) -> None:
        """Land a dropped file, then move it aside; a crash in between lands it once more."""
        name = path.name
        try:
            if path.stat().st_size > DROPPED_LIMIT:
                raise SourceError(f"{name} 过大", f"{name} is larger than {DROPPED_LIMIT} bytes",
                                  "Split the file")  # fmt: skip
            for document in self.feed.dropped(name, path.read_bytes()):
                self.take(document)
        except SourceError as error:
            self.parts[f"dropped {name}"] = PartState("failed", Trouble.of(error))
            return  # stays where it is, to be mended or renamed
        done = path.parent / "done"
        done.mkdir(exist_ok=True)
        path.replace(_free(done / name))

    def take(self, document: Document) -> None:
        """Judge a document and land it with the verdict."""
        last = self.accepted.get(document.part)
        if last and last.sha256 == hashlib.sha256(document.body).hexdigest():
            self.parts[document.part] = PartState("unchanged")
            return
        try:
            reading = self.feed.read(document, self.scope)
            old = self.read_again(last) if last else None
            refusal, notes = judge(
                reading, old,
                new_size=len(document.body), old_size=last.size if last else 0,
            )  # fmt: skip
        except SourceError as error:
            refusal, notes = error, []
        landing = self.zone.keep(
            self.id, document.part, document.body, suffix=document.suffix, origin=document.url,
            now=clock.moment(), verdict=QUARANTINED if refusal else ACCEPTED,
            reason=f"{refusal.kind}: {refusal.zh} / {refusal}" if refusal else None,
            etag=document.etag, last_modified=document.last_modified, context=document.context,
        )  # fmt: skip
        if refusal:
            self.parts[document.part] = PartState("quarantined", Trouble.of(refusal))
            return
        self.accepted[document.part] = landing
        self.parts[document.part] = PartState("fetched", notes=tuple(notes))

    def read_again(self, landing: Landing) -> Reading | None:
        """The last accepted landing; None where the reader no longer reads it."""
        try:
            return self.feed.read(document_of(landing), self.scope)
        except (SourceError, ValueError):
            return None


def document_of(landing: Landing) -> Document:
    """A landing as the document that it was.

    Raises:
        ValueError: its bytes are gone or were changed.
    """
    return Document(
        part=landing.part,
        body=landing.read(),
        url=landing.origin,
        suffix=landing.path.suffix,
        etag=landing.etag,
        last_modified=landing.last_modified,
        context=landing.context,
    )


def _ask(visit: _Visit) -> SourceState:
    trouble, cooling = None, visit.before.cooling_until
    try:
        visit.run()
    except Cooling as error:
        # Nothing new is known: what was wrong then is what is wrong still.
        trouble = visit.before.trouble or Trouble.of(error)
    except SourceError as error:
        trouble = Trouble.of(error)
        if isinstance(error, Challenged):
            cooling = clock.moment() + COOLING
    except Exception as error:  # whatever a reader or the disk does: the others go on
        log.exception("source %s", visit.id)
        trouble = Trouble(
            "reader_error",
            f"读取程序出错：{type(error).__name__}",
            f"{type(error).__name__}: {error}",
            "See the log; the last accepted landing stays in use",
        )
    state = SourceState(
        visit.id,
        checked_at=clock.moment(),
        ok_at=visit.before.ok_at,
        trouble=trouble,
        cooling_until=cooling,
        parts=visit.before.parts | visit.parts if trouble or visit.offline else visit.parts,
    )
    if state.is_ok:
        state = replace(state, ok_at=state.checked_at, cooling_until=None)
    try:
        save_state(visit.settings.landing, state)
    except OSError as error:  # a full disk
        log.warning("source %s: the state could not be kept: %s", visit.id, error)
    return state


def _dropped_files(folder: Path) -> list[Path]:
    """Files to take in: no folders, no hidden files, no locks of Office, no links out of it."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.is_symlink() and not path.name.startswith((".", "~$"))
    )


def _free(path: Path) -> Path:
    """The path, or the same with a number where there is a file already."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
