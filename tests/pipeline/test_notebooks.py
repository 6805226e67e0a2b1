"""Every notebook runs on a published build, and says what to do where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.settings import Settings

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))


def execute(notebook: Path, root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command, str(notebook)],
        capture_output=True, text=True, cwd=root, check=False,
        env=os.environ | {"DUIBIAO_ROOT": str(root), "PYTHONUTF8": "1"},
    )  # fmt: skip


def test_there_is_one() -> None:
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_on_the_published_file(notebook: Path, published: Settings) -> None:
    done = execute(notebook, published.root)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_shows_what_it_promises(
    notebook: Path, published: Settings, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    export = ("-m", "marimo", "export", "html", "--no-include-code", "-o", str(page))
    done = execute(notebook, published.root, *export)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    # The page holds what the cells show, not their code; Chinese is escaped in it.
    for words in ("Verdicts", "Live goals", "What is not known", "ecommerce", "电子商务交易额"):
        assert words in text or words.encode("unicode_escape").decode() in text


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_without_a_build_it_says_what_to_run(notebook: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = execute(notebook, tmp_path, "-m", "marimo", "export", "html", "-o", str(page))
    assert done.returncode == 0, done.stderr
    assert "duibiao run" in page.read_text(encoding="utf-8")
