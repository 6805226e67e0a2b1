"""What the README says is so: its queries answer, its excerpt is what the command prints."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.builds import open_readonly
from pipelines.cli import app
from pipelines.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, flags=re.DOTALL)


def test_there_are_five_queries() -> None:
    assert len(QUERIES) == 5


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_readme_answers(query: str, published: Settings) -> None:
    with open_readonly(published) as connection:
        assert connection.execute(query).fetchall()


def test_the_excerpt_is_what_the_command_prints(
    published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUIBIAO_ROOT", str(published.root))
    printed = CliRunner().invoke(app, ["show", "ecommerce_transaction_value"]).stdout
    excerpt = README.split("$ .venv/bin/duibiao show ecommerce_transaction_value\n")[1]
    excerpt = excerpt.split("```")[0]
    squeezed = re.sub(r"\s", "", printed)
    for part in re.split(r"\n|…", excerpt):  # lines are folded and one title is shortened
        assert re.sub(r"\s", "", part) in squeezed


def test_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"`duibiao ([a-z]+)", README)) - {"run"}
    known = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    assert named <= known
