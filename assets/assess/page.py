"""A sheet as a page in the style of the report: one file that needs no other, in each language."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment
from markupsafe import Markup

from assets.assess.restate import CAUSES
from assets.assess.view import View
from assets.report.outcomes import GROUP_OF
from assets.report.text import MISSING, Language, Words
from assets.report.write import HERE, LANGUAGES, environment
from pipelines.query import Row
from schemas.assessment_records import TREATMENTS
from schemas.tables_gap import STATUS_REASONS

FIRST_PAGE: Final = "index.html"


@dataclass(frozen=True)
class Links:
    """Where a page's links lead.

    Attributes:
        report: relative address of a report's folder, with a slash at its end; "" where no report
            lies beside.
        whole: file name of the whole sheet, unless this is it.
        parts: file names of the pages of units and regions, by their id.
    """

    report: str = ""
    whole: str = ""
    parts: Mapping[str, str] | None = None

    @classmethod
    def beside(
        cls, page: Path, *reports: Path, whole: str = "", parts: Mapping[str, str] | None = None
    ) -> "Links":
        """Links of a page to the first of these reports that is there."""
        for folder in reports:
            if (folder / FIRST_PAGE).is_file():
                away = os.path.relpath(os.path.abspath(folder), os.path.abspath(page.parent))
                return cls(f"{Path(away).as_posix()}/", whole, parts)
        return cls("", whole, parts)


def pages(view: View, name: str, links: Links) -> dict[str, str]:
    """File name -> page. The Chinese one has the name given, the English one ends in .en.html."""
    names = {"zh": name, "en": english(name)}
    return {
        names[language]: _page(view, language, links, names["en" if language == "zh" else "zh"])
        for language in LANGUAGES
    }


def english(name: str) -> str:
    """Name of the English page beside a Chinese one: sheet.html, sheet.en.html."""
    stem, ending = os.path.splitext(name)
    return f"{stem}.en{ending}"


def _page(view: View, language: Language, links: Links, other: str) -> str:
    own = (lambda name: name) if language == "zh" else english
    sheet = view.sheet
    rules = view.rules.model_dump()
    titles = {"zh": f"{sheet['year']}年度目标考核 {view.title('zh')}",
              "en": f"Score sheet {sheet['year']}: {view.title('en')}"}  # fmt: skip
    report = links.report and links.report + ("en/" if language == "en" else "")
    css, js = _static("report.css"), _static("report.js")
    return _environment(language).get_template("assessment.html").render(
        view=view, sheet=sheet, rules=rules, css=css, js=js, other=other, report=report,
        whole_page=links.whole and own(links.whole), title=titles[language], edition=None,
        part_pages={k: own(v) for k, v in links.parts.items()} if links.parts else None,
        build={**sheet["build"], "as_of": sheet["as_of"]},
        units={unit["id"]: unit for unit in sheet["units"]},
        bands={band["id"]: band["name"] for band in rules["bands"]},
        reasons=STATUS_REASONS, causes=CAUSES, points_of=_points_of(view, language),
    )  # fmt: skip


@cache
def _environment(language: Language) -> Environment:
    words = Words(language)
    place = environment(language).overlay()
    place.filters = place.filters | {
        "mark": shown_mark,
        "text": lambda found: found[language],
        "name_of": lambda found: found[language],
        "with_group": _with_group,
        "label_of": lambda codes, code: words.label_of(codes, code),
        "label_of_treatment": lambda code: words.label_of(TREATMENTS, code),
    }
    return place


def shown_mark(value: float | None) -> str:
    """A mark without needless zeros: 100, 73.08."""
    return MISSING if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _with_group(lines: Sequence[Row]) -> list[dict[str, Any]]:
    """With what a chip shows; those that got points first."""
    found = [{**x, "group": GROUP_OF[x["status"]]} for x in lines]
    order = ("scored", "not_assessable", "not_scored")
    return sorted(found, key=lambda x: order.index(x["treatment"]))


def _points_of(view: View, language: Language) -> dict[str, str]:
    """What each status is worth, in words."""
    t = Words(language).t
    found = {}
    for status, rule in view.rules.points.model_dump().items():
        label = TREATMENTS[rule["rule"]]
        text = t(label.zh, label.en)
        if rule["rule"] == "share":
            text += f" {rule['share']:.0%}"
        if rule["rule"] == "pro_rata":
            floor, most = f"{rule['floor_pct']:g}%", f"{rule['at_most']:.0%}"
            text += t(f"，低于{floor}不得分，最高{most}", f", none below {floor}, {most} at most")
        found[status] = text
    return found


@cache
def _static(name: str) -> Markup:
    return Markup((HERE / "static" / name).read_text(encoding="utf-8"))
