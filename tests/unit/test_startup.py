"""What the commands that only read leave unloaded. Sets of modules, never times."""

import os
import subprocess
import sys

import pytest

from pipelines.settings import Settings
from tests.conftest import ROOT, TODAY

# pydantic is not among them: typer reads the arguments of every command by it.
HEAVY = {
    "altair", "dagster", "httpx", "jinja2", "lxml", "marimo", "narwhals", "numpy", "openpyxl",
    "pandas", "pandera", "polars", "pyarrow", "pyspark", "scipy", "stamina", "xlsxwriter", "yaml",
}  # fmt: skip

COMMAND = """
import sys
from pipelines.cli import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(settings: Settings, *words: str) -> set[str]:
    """Top-level packages and modules that a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        capture_output=True, text=True, check=True, cwd=ROOT,
        env=os.environ | {"DUIBIAO_ROOT": str(settings.root), "DUIBIAO_TODAY": TODAY.isoformat(),
                          "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.stdout
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words", [("status",), ("show", "ecommerce_transaction_value")], ids=lambda words: words[0]
)
def test_status_and_show_load_duckdb_and_no_library_of_the_run(
    published: Settings, words: tuple[str, ...]
) -> None:
    found = loaded(published, *words)
    assert {"duckdb", "pipelines"} <= found
    assert not found & HEAVY


def test_a_run_with_nothing_to_do_decides_by_the_record_alone(built: Settings) -> None:
    found = loaded(built, "run", "--offline", "--no-report", "--json")
    assert not found & (HEAVY | {"duckdb"})
