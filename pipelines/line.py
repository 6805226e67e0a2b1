"""When a host may be asked, and for how long it is listened to."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final


class Gate:
    """Lets requests to one host through at their pace, whoever makes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened = float("-inf")

    def wait(self, pace: float) -> None:
        """Return `pace` seconds after the last one was let through, or at once."""
        with self._lock:
            time.sleep(max(0.0, self._opened + pace - time.monotonic()))
            self._opened = time.monotonic()


_gates: Final[dict[str, Gate]] = {}
_gates_lock: Final = threading.Lock()


def gate_of(host: str) -> Gate:
    """The one gate of this process for a host."""
    with _gates_lock:
        return _gates.setdefault(host, Gate())


class Line:
    """The connection in use, which is cut when the time for an answer is up.

    HTTP clients limit single steps alone: a server that sends a byte now and then would be
    waited for without end.
    """

    def __init__(self) -> None:
        self.is_cut = False
        self._socket: socket.socket | None = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpx tells what it does (extension `trace`); one connection serves many requests."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.is_cut:
                self._cut()

    @contextlib.contextmanager
    def open_for(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the block takes longer; `is_cut` tells afterwards."""
        self.is_cut = False
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # a late cut would hit the next request

    def _cut(self) -> None:
        self.is_cut = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # closed already
                # Not SSLSocket's own, which would change what the other thread is reading with.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
