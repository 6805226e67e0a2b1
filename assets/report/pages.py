"""Which pages there are, and what each of them shows."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from assets import charts
from assets.charts.data import Data
from assets.dictionary_page import read_dictionary
from assets.report import worked
from assets.report.book import Book, grouped
from assets.report.outcomes import GROUPS, JUDGED, MEANINGS, WITH_DATA, Row, counts
from assets.report.sentences import sentence
from assets.report.text import Words
from assets.report.write import LANGUAGES, Page
from pipelines.settings import PROJECT
from schemas import vocabulary as v
from schemas.tables_gap import PATH_KINDS
from schemas.tables_outlook import ASSURANCES

if TYPE_CHECKING:
    import duckdb

HOME: Final = "410000"
BIGGEST: Final = 10


def pages(
    book: Book, connection: "duckdb.DuckDBPyConnection", edition: int | None = None
) -> Iterator[Page]:
    """All pages, in the order of the navigation.

    Args:
        connection: the file that the book was read from.
        edition: the year of an evaluation edition: goals due in it come first.
    """
    yield _index(book, connection, edition)
    yield Page("themes.html", "themes.html", ("主题", "Themes"), {"themes": _themes(book)})
    for theme in _themes(book):
        title = (theme["name_zh"], theme["name_en"])
        yield Page(f"themes/{theme['theme']}.html", "theme.html", title, {"theme": theme})
    listed = [_listed(book, i) for i in book.indicators]
    yield Page("indicators.html", "indicators.html", ("指标", "Indicators"), {"listed": listed})
    series, provinces = (
        charts.every_indicator_data(connection), charts.every_peers_data(connection)
    )  # fmt: skip
    for indicator in book.indicators:
        name = indicator["indicator_id"]
        yield _indicator(book, indicator, series.get(name), provinces.get(name))
    yield from _documents(book)
    yield _revisions(book)
    yield _quality(book)
    title = ("数据字典", "Data dictionary")
    yield Page("dictionary.html", "dictionary.html", title, {"d": read_dictionary(connection)})
    yield _methods()


def shared(book: Book, edition: int | None) -> dict[str, Any]:
    """What every page is given."""
    return {"build": book.build, "edition": edition}


def _index(book: Book, connection: "duckdb.DuckDBPyConnection", edition: int | None) -> Page:
    shown = by_interest([g for g in book.live if g["group"].id in WITH_DATA])
    short = [g for g in shown if g["group"].id in ("missed", "late") and g["shown_attainment"]]
    gaps = sorted(short, key=lambda g: (g["group"].id != "missed", g["shown_attainment"]))[:BIGGEST]
    issued = [d["issued_on"] for d in book.documents if d["issued_on"] <= book.build["as_of"]]
    changed = Counter((c["table_name"], c["change"]) for c in book.changes)
    important = sorted(
        book.changes, key=lambda c: (c["table_name"] != "gap_to_goal", c["column_name"] != "status")
    )
    return Page(
        "index.html",
        "index.html",
        ("总览", "Overview"),
        {
            "live": book.live,
            "known": len(issued),
            "span": f"{min(issued).year}–{max(issued).year}" if issued else "—",
            "shown": shown,
            "judged": sum(g["group"].id in JUDGED for g in shown),
            "counted": counts(book.live),
            "due": by_interest([g for g in book.live if g["year"] == edition]) if edition else [],
            "gaps": gaps,
            "sentences": {g["target_id"]: _sentences(g) for g in gaps},
            "grades": v.EVIDENCE_GRADES,
            "statuses": v.STATUSES,
            "meanings": MEANINGS,
            "attainment": charts.attainment_data(connection),
            "revisions": book.revisions,
            "lowered": sum(_is_lower(book, r) is True for r in book.revisions),
            "raised": sum(_is_lower(book, r) is False for r in book.revisions),
            "stale": book.stale,
            "themes": _themes(book),
            "changes": important,
            "change_counts": [
                {"table": table, "change": change, "rows": n}
                for (table, change), n in sorted(changed.items())
            ],
        },
    )


def by_interest(goals: list[Row]) -> list[Row]:
    """Missed ones first, then by document before report, year and name."""
    order = [*WITH_DATA, *(group.id for group in GROUPS)]
    return sorted(
        goals,
        key=lambda g: (
            order.index(g["group"].id),
            g["standing"] != "documented",
            g["year"] or 9999,
            g["indicator_id"],
            g["target_id"],
        ),
    )


def _is_lower(book: Book, revision: Row) -> bool | None:
    """Does a revision ask for less? None where the figure stays."""
    if revision["value_from"] is None or revision["value_to"] == revision["value_from"]:
        return None
    less: bool = revision["value_to"] < revision["value_from"]
    more_is_wanted: bool = book.goal[revision["to_target_id"]]["direction"] != -1
    return less == more_is_wanted


def _sentences(goal: Row) -> dict[str, str]:
    return {language: sentence(goal, language) for language in LANGUAGES}


def _themes(book: Book) -> list[Row]:
    found = []
    for theme in book.themes:
        live = [g for g in book.live if g["theme"] == theme["theme"]]
        count = {group.id: n for group, n in counts(live)}
        found.append(
            {
                **theme,
                "live": live,
                "sorted": by_interest(live),
                "counted": counts(live),
                "judged": sum(count.get(name, 0) for name in JUDGED),
                "no_data": count.get("no_data", 0),
                "not_quantified": count.get("not_quantified", 0),
                "listed": [_listed(book, i) for i in theme["indicators"]],
            }
        )
    return found


def _listed(book: Book, indicator: Row) -> Row:
    """An indicator as lists show it: how many goals and figures, its latest figure of Henan."""
    name = indicator["indicator_id"]
    goals = book.goals_of.get(name, [])
    figures = book.observations_of.get(name, [])
    own = [o for o in figures if o["region_code"] == HOME and o["period_type"] != "year_to_date"]
    return {
        **indicator,
        "goal_count": len(goals),
        "figure_count": len(figures),
        "latest": max(own, key=lambda o: o["period_end"], default=None),
        "counted": counts([g for g in goals if g["is_live"]]),
    }


def _indicator(book: Book, indicator: Row, series: Data | None, provinces: Data | None) -> Page:
    name = indicator["indicator_id"]
    goals = book.goals_of.get(name, [])
    figures = book.observations_of.get(name, [])
    aimed_at = {g["region_code"] for g in goals}
    own = [o for o in figures if not o["is_peer"] or o["region_code"] in {HOME, *aimed_at}]
    peers = _peers(figures)
    quantified = any(g["is_quantified"] for g in goals)
    return Page(
        f"indicators/{name}.html",
        "indicator.html",
        (indicator["name_zh"], indicator["name_en"]),
        {
            "i": indicator,
            "goals": goals,
            "goal": book.goal,
            "sentences": {g["target_id"]: _sentences(g) for g in goals},
            "worked": {
                g["target_id"]: {language: worked.steps(g, language) for language in LANGUAGES}
                for g in goals
            },
            "citations": book.citations_of,
            "revisions": book.revisions_of.get(name, []),
            "paths": _paths(book, name),
            "kinds": PATH_KINDS,
            "own": own,
            "others": [o for o in book.others_of.get(name, []) if o["region_code"] == HOME],
            "statement_of": book.statement_of_observation,
            "chart": series if own or quantified else None,
            "peers": peers,
            "peers_sentence": _peers_sentence(peers) if peers else None,
            "peer_chart": provinces if peers else None,
            "findings": book.checks_of.get(name, []),
            "outlooks": book.outlooks_of.get(name, []),
            "projections": book.projections_of.get(name, []),
            "hindcasts": book.hindcasts_of.get(name, []),
            "assurances": ASSURANCES,
        },
    )


def _paths(book: Book, name: str) -> list[list[Row]]:
    """The paths that say more than their goals do, by year: with a figure on the way, or a year in
    between. A goal that a path from goal to goal leads through has none of its own."""
    found = book.trajectories_of.get(name, [])
    through = {p["target_id"] for p in found if p["path_kind"] == "milestones"}
    return [
        path
        for target, path in grouped(found, "path_id").items()
        if target not in through
        and (
            any(p["observed_value"] is not None for p in path[1:])
            or any(not p["is_baseline"] and not p["is_target"] for p in path)
        )
    ]


def _peers(figures: list[Row]) -> Row | None:
    """The provinces in the latest year for which Henan and nine others have a figure."""
    annual = [
        o
        for o in figures
        if (o["is_peer"] or o["region_code"] == HOME)
        and o["period_type"] in ("annual", "point_in_time")
    ]
    by_period = grouped(annual, "period")
    for period in sorted(by_period, reverse=True):
        found = sorted(by_period[period], key=lambda o: (-o["value"], o["region_code"]))
        home = next((o for o in found if o["region_code"] == HOME), None)
        if home is None or len(found) < 10:
            continue
        ranked = [{**o, "rank": 1 + sum(x["value"] > o["value"] for x in found)} for o in found]
        values = [o["value"] for o in found]
        middle = len(values) // 2
        median = values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
        rank = next(o["rank"] for o in ranked if o["region_code"] == HOME)
        return {"period": period, "listed": ranked, "home": home, "rank": rank, "median": median}
    return None


def _peers_sentence(peers: Row) -> dict[str, str]:
    zh, en = (Words(language) for language in LANGUAGES)
    home, count, median = peers["home"], len(peers["listed"]), peers["median"]
    unit = home["unit"]
    return {
        "zh": f"河南 {zh.figure(home['value'], unit)}，按数值由高到低在有数据的 {count} 个省份中"
        f"排第 {peers['rank']}；中位数 {zh.figure(median, unit)}。",
        "en": f"Henan: {en.figure(home['value'], unit)}, number {peers['rank']} from the top of "
        f"{count} provinces with a figure; median {en.figure(median, unit)}.",
    }


def _documents(book: Book) -> Iterator[Page]:
    listed = []
    for d in book.documents:
        statements = book.statements_of[d["document_id"]]
        ids = dict.fromkeys(s["target_id"] for s in statements if s["target_id"])
        goals = [book.goal[name] for name in ids]
        outcomes = Counter(s["outcome"] for s in statements)
        listed.append(
            {**d, "goals": goals, "counted": counts(goals),
             "outcomes": {name: outcomes[name] for name in v.OUTCOMES}}
        )  # fmt: skip
    reports = [c for c in book.citations if c["kind"] == "report"]
    yield Page(
        "documents.html",
        "documents.html",
        ("文件", "Documents"),
        {"listed": listed, "reported_count": len(reports)},
    )
    for d in listed:
        statements = book.statements_of[d["document_id"]]
        values = {
            "d": d,
            "statements": statements,
            "has_units": any(s["responsible_units"] for s in statements),
            "observation": book.observation,
            "indicator": book.indicator,
            "goal": book.goal,
        }
        title = (d["title_zh"], d["title_en"])
        yield Page(f"documents/{d['document_id']}.html", "document.html", title, values)
    title = ("其他规划和报告中的目标", "Goals of other plans and reports")
    reports.sort(key=lambda c: (c["source_id"], c["target_id"]))
    yield Page(
        "documents/reported.html", "reported.html", title, {"listed": reports, "goal": book.goal}
    )


def _revisions(book: Book) -> Page:
    found = [
        {**r, "from": book.goal[r["from_target_id"]], "to": book.goal[r["to_target_id"]]}
        for r in book.revisions
    ]
    title = ("被后来的文件调整的目标", "Goals that a later document revised")
    return Page("revisions.html", "revisions.html", title, {"revisions": found})


def _quality(book: Book) -> Page:
    severities = Counter(c["severity"] for c in book.checks)
    rules: dict[tuple[str, str], list[Row]] = {}
    for owner, found in book.checks_of.items():
        for c in found:
            rules.setdefault((c["severity"], c["rule"]), []).append({**c, "owner": owner})
    order = list(v.SEVERITIES)
    series: dict[tuple[str, str], list[Row]] = {}
    for row in book.completeness:
        series.setdefault((row["indicator_id"], row["region_code"]), []).append(row)
    return Page(
        "quality.html",
        "quality.html",
        ("数据质量", "Data quality"),
        {
            "severities": {name: severities[name] for name in v.SEVERITIES},
            "ledger": book.ledger,
            "sources": book.sources,
            "stale": book.stale,
            "indicator": book.indicator,
            "regions": book.regions,
            "conflicts": [o for o in book.observations if o["is_conflict"]],
            "rejected": book.rejected,
            "rules": [
                {"severity": severity, "rule": rule, "found": found}
                for (severity, rule), found in sorted(
                    rules.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
                )
            ],
            "missing": [
                {
                    **found[0],
                    "late": sum(row["status"] == "late" for row in found),
                    "missing": sum(row["status"] == "missing" for row in found),
                    "periods": "、".join(row["period"] for row in reversed(found)),
                }
                for found in series.values()
            ],
        },
    )


def _methods() -> Page:
    text = (PROJECT / "docs" / "methods.md").read_text(encoding="utf-8")
    prose = Markup(MarkdownIt("commonmark").enable("table").render(text))
    return Page("methods.html", "methods.html", ("方法", "Methods"), {"prose": prose})
