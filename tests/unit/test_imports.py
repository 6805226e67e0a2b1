"""Imports point one way, and the commands that only read stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import assets
import pipelines
import schemas

ROOT = Path(__file__).parents[2]
OURS = ("schemas", "pipelines", "assets")

# The composition roots, and those that show what the formulas and figures say.
MAY_IMPORT_ASSETS = {
    "pipelines/graph.py": None,
    "pipelines/submit.py": None,
    "pipelines/assess.py": None,
    "pipelines/cli_assess.py": {
        "assets.assess.page",
        "assets.assess.restate",
        "assets.assess.sheet",
        "assets.assess.table",
        "assets.assess.view",
        "assets.report.text",
    },
    "pipelines/cli.py": {"assets.evaluate"},
    "pipelines/show.py": {"assets.figure_format"},
    "pipelines/report.py": None,
    "pipelines/asset_pages.py": None,
    "pipelines/notebook.py": {"assets.charts.style", "assets.figures"},
    "pipelines/cli_panel.py": {"assets.panel.night", "assets.panel.stage"},
    "pipelines/cli_skill.py": {"assets.outlook.peers_forecast"},
    "pipelines/cli_sql.py": {
        "assets.examples",
        "assets.dictionary_page",
        "assets.dictionary_markdown",
    },
    "pipelines/cli_verify.py": {
        "assets.evidence.archive",
        "assets.evidence.bundle",
        "assets.evidence.verify",
    },
    "pipelines/cli_index.py": {
        "assets.index.frozen",
        "assets.index.specification",
        "assets.index.tables",
    },
    "pipelines/cli_exports.py": {"assets.exports.write", "assets.exports.notes"},
}


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            # `from assets import flow` imports the module assets.flow
            found |= {f"{module}.{a.name}" for a in node.names} if module in OURS else {module}
    return found


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def ours(path: Path, package: str) -> set[str]:
    return {name for name in imports_of(path) if name.split(".")[0] == package}


def test_schemas_import_nothing_of_ours() -> None:
    for path in files_of("schemas"):
        assert not ours(path, "pipelines") | ours(path, "assets"), path


def test_machinery_knows_no_asset_but_in_the_composition_roots() -> None:
    for path in files_of("pipelines"):
        name = path.relative_to(ROOT).as_posix()
        found = ours(path, "assets")
        if name not in MAY_IMPORT_ASSETS:
            assert not found, name
        elif (allowed := MAY_IMPORT_ASSETS[name]) is not None:
            assert found <= allowed, name


def test_assets_know_neither_the_graph_nor_dagster() -> None:
    roots = {"pipelines.graph", "pipelines.definitions", "pipelines.run", "pipelines.cli"}
    for path in files_of("assets"):
        assert not roots & ours(path, "pipelines"), path
        assert not {"dagster", "typer"} & imports_of(path), path


def test_one_module_talks_http() -> None:
    users = [p for package in OURS for p in files_of(package) if "httpx" in imports_of(p)]
    assert [path.relative_to(ROOT).as_posix() for path in users] == ["pipelines/http.py"]


def test_formulas_import_no_engine() -> None:
    for path in (ROOT / "assets" / "metrics").glob("*.py"):
        if path.name != "engine.py":
            assert not {"polars", "duckdb", "pyspark"} & imports_of(path), path


@pytest.mark.parametrize("package", [schemas, pipelines, assets])
def test_the_packages_are_ours(package: object) -> None:
    """Other distributions carry these names; one of theirs would shadow ours silently."""
    assert Path(str(getattr(package, "__file__", ""))).parent.parent == ROOT


def test_commands_that_read_import_no_heavy_library() -> None:
    code = (
        "import sys, pipelines.cli, pipelines.show, pipelines.builds, pipelines.run;"
        "print(*{'dagster', 'pandera', 'polars', 'pandas', 'narwhals'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""
