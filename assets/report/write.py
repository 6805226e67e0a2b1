"""Pages to files: every page in both languages, with the style and scripts that they share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assets.report.outcomes import anchor
from assets.report.text import Language, Words

HERE: Final = Path(__file__).parent
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@dataclass(frozen=True)
class Page:
    """One page, whatever its language.

    Attributes:
        path: below the folder of a language: `indicators/gdp.html`.
        template: file in templates/.
        title: in both languages.
        values: what the template is given.
    """

    path: str
    template: str
    title: tuple[str, str]
    values: Mapping[str, Any]


def write_pages(folder: Path, pages: Iterable[Page], shared: Mapping[str, Any]) -> int:
    """Write all pages below a folder, Chinese at its top and English in `en/`.

    Args:
        shared: what every template is given.

    Returns:
        The number of files.
    """
    count = 0
    places = {language: environment(language) for language in LANGUAGES}
    for page in pages:
        for language, place in places.items():
            path = folder / _file(page.path, language)
            path.parent.mkdir(parents=True, exist_ok=True)
            values = {**shared, **page.values, **_whereabouts(page, language)}
            text = place.get_template(page.template).render(values)
            path.write_text(text, encoding="utf-8")
            count += 1
    return count


def write_static(folder: Path, generated: Mapping[str, str]) -> None:
    """Write style and scripts: our own, and those that a library generates, by file name."""
    target = folder / "static"
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted((HERE / "static").iterdir()):
        (target / path.name).write_bytes(path.read_bytes())
    for name, text in generated.items():
        (target / name).write_text(text, encoding="utf-8")


@cache
def environment(language: Language) -> Environment:
    """The templates with the words of a language; what is undefined is an error."""
    place = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        auto_reload=False,  # seven hundred pages: don't look for changed templates at each
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = Words(language)
    place.filters |= {
        name: getattr(words, name) for name in vars(Words) if not name.startswith("_")
        and callable(getattr(Words, name))
    } | {"anchor": anchor}  # fmt: skip
    place.globals |= {"t": words.t, "label": words.label, "label_of": words.label_of,
                      "language": language}  # fmt: skip
    return place


def _file(path: str, language: Language) -> str:
    return path if language == "zh" else f"en/{path}"


def _whereabouts(page: Page, language: Language) -> dict[str, Any]:
    """Relative addresses, so that the folder can lie anywhere."""
    depth = page.path.count("/")
    root = "../" * depth
    top = root if language == "zh" else f"../{root}"
    other = f"{top}en/{page.path}" if language == "zh" else f"{top}{page.path}"
    return {
        "path": page.path,
        "title": page.title[LANGUAGES.index(language)],
        "root": Markup(root),
        "static": Markup(f"{top}static/"),
        "other": Markup(other),
    }
