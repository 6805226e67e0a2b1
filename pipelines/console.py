"""What the commands print with: where to, progress, JSON, paths."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

# Where nobody looks on, lines are not broken: what reads them may be a program. No emoji: `:100:`
# in a text of a source is no picture, and the list of all of them takes a while to load.
out = Console(emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
err = Console(emoji=False, stderr=True, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="供程序读取 / for machines.")]
GROUPS: Final = {
    "register": "登记册 register",
    "landing": "落地 landing",
    "observations": "观测值 observations",
    "gaps": "目标差距 gaps",
    "checks": "检查 checks",
    "warehouse": "建库与发布 warehouse",
}


@contextmanager
def progress() -> Iterator[Callable[[str, str, int, int], None]]:
    """A bar where somebody looks on; a line a group where the output goes to a file."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    seen: set[str] = set()
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                  console=err, transient=True, disable=not err.is_terminal) as bar:  # fmt: skip
        task = bar.add_task("", total=None)

        def say(group: str, name: str, number: int, total: int) -> None:
            bar.update(task, description=f"{GROUPS[group]} · {name}", completed=number, total=total)
            if group not in seen and not err.is_terminal:
                err.print(f"[{number}/{total}] {GROUPS[group]}", markup=False)
            seen.add(group)

        yield say


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of how many are done of how many; a line now and then where nobody looks on."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                  console=err, transient=True, disable=not err.is_terminal) as bar:  # fmt: skip
        task = bar.add_task(what, total=None)

        def say(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if not err.is_terminal:
                err.print(f"[{done}/{total}] {what}", markup=False)

        yield say


def json_text(data: Any) -> str:
    """One JSON document; dates as ISO text, what is not finite as null."""
    text = json.dumps(data, default=lambda x: float(x) if isinstance(x, Decimal) else str(x))
    finite = json.loads(text, parse_constant=lambda _: None)
    return json.dumps(finite, ensure_ascii=False, indent=2)


def emit(data: Any) -> None:
    """Print JSON, one document; see `json_text`."""
    print(json_text(data))


def short(path: Path) -> str:
    """Relative to where the user stands, where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
