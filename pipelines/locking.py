"""One writer at a time, by a lock of the operating system: it ends with its holder."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from pipelines import clock
from pipelines.settings import Settings

log = logging.getLogger(__name__)

UNATTENDED_WAIT: Final = 600.0
MESSAGE_EVERY: Final = 5.0


class RunLocked(RuntimeError):
    """Another run is writing."""


@contextmanager
def run_lock(
    settings: Settings,
    wait: float = UNATTENDED_WAIT,
    notify: Callable[[str], None] = log.warning,
    every: float = MESSAGE_EVERY,
) -> Iterator[None]:
    """Hold the right to write for the length of the block. The thread that holds it may nest it.

    Args:
        wait: seconds to wait for another run; 0 declines at once.
        notify: is told every few seconds who is waited for.
        every: seconds between two messages.

    Raises:
        RunLocked: another run still writes after that time.
    """
    settings.lock_file.parent.mkdir(parents=True, exist_ok=True)
    # One instance a path and thread: nesting counts, another thread waits as another process does.
    lock = FileLock(settings.lock_file, is_singleton=True)
    deadline = time.monotonic() + wait
    while True:
        left = deadline - time.monotonic()
        try:
            lock.acquire(timeout=max(0.0, min(every, left)), poll_interval=0.1)
            break
        except Timeout:
            message = _busy(settings)
            if left <= every:
                raise RunLocked(message) from None
            notify(message)
    try:
        if lock.lock_counter == 1:
            holder = {"pid": os.getpid(), "since": clock.now().isoformat(timespec="seconds")}
            _side_file(settings).write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        lock.release()


def _side_file(settings: Settings) -> Path:
    return settings.lock_file.with_name(f"{settings.lock_file.name}.json")


def _busy(settings: Settings) -> str:
    try:
        holder = json.loads(_side_file(settings).read_text(encoding="utf-8"))
        pid, since = holder["pid"], holder["since"]
        zh, en = f"进程 {pid}，自 {since}", f"pid {pid} since {since}"
    except (OSError, ValueError, KeyError, TypeError):
        zh, en = "持有者不明", "holder unknown"  # it has the lock, but not yet signed
    return f"另一次运行正在写入（{zh}） / another run is writing ({en})"
