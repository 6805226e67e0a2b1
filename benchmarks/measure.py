"""Runs a function in an interpreter of its own: what it took, and the most memory it held.

    python -m benchmarks.measure module:function '{"argument": value}'

prints one line of JSON. Modules are loaded before anything is timed; the memory is that of the
whole process, interpreter and libraries included.
"""

import importlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pipelines.settings import PROJECT


class Watch:
    """Adds up the wall time in seconds of the blocks that it is entered for."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0

    def __enter__(self) -> "Watch":
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began


def measured(function: str, **arguments: Any) -> dict[str, Any]:
    """Call a function in a fresh interpreter.

    Args:
        function: `module:name`. It returns a mapping with `seconds`, wall time by its own `Watch`,
            and whatever else it has to say that JSON can carry.
        arguments: what JSON can carry.

    Returns:
        What the function returned, plus `peak_mb`, the most resident memory in MiB.

    Raises:
        RuntimeError: it failed; the message ends with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", function, json.dumps(arguments)],
        capture_output=True, text=True, encoding="utf-8", cwd=PROJECT, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{function} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def peak_mb() -> float:
    """The most resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux lets ru_maxrss start from that of the process that started this one; this does not.
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> None:
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(**json.loads(sys.argv[2]))
    print(json.dumps(answer | {"peak_mb": round(peak_mb(), 1)}))


if __name__ == "__main__":
    main()
