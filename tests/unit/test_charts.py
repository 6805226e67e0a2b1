"""Charts: what is drawn follows from the published file, and says in shapes what it means."""

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest
import vl_convert

from assets import charts
from assets.charts.scale import Mark, Tag, axis_unit, emptiest, magnitude, place, value_range
from assets.charts.style import BLUE, GREY, GROUP_STYLES
from assets.report.outcomes import GROUPS
from pipelines.builds import open_readonly
from pipelines.settings import Settings

Data = charts.Data
LANGUAGES: tuple[charts.Language, ...] = ("zh", "en")
KINDS: dict[charts.Kind, Callable[[charts.Language], Any]] = {
    "indicator": charts.indicator_chart,
    "attainment": charts.attainment_chart,
    "peers": charts.peers_chart,
}


@pytest.fixture(scope="module")
def connection(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_readonly(published) as opened:
        yield opened


@pytest.fixture(scope="module")
def every(connection: duckdb.DuckDBPyConnection) -> dict[str, Data]:
    return charts.every_indicator_data(connection)


@pytest.fixture(scope="module")
def data_of(connection: duckdb.DuckDBPyConnection, every: dict[str, Data]) -> dict[str, list[Data]]:
    """All that there is to draw, by kind of chart."""
    return {
        "indicator": list(every.values()),
        "attainment": [charts.attainment_data(connection)],
        "peers": list(charts.every_peers_data(connection).values()),
    }


def svg(kind: charts.Kind, language: charts.Language, data: Data, width: int = 600) -> str:
    return charts.svg(kind, language, data, width)


def words(drawn: str) -> set[str]:
    return {html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", drawn)}


def leaves(node: Any) -> Iterator[tuple[str, Any]]:
    """All keys and plain values of a specification."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from leaves(value)
    elif isinstance(node, list):
        for item in node:
            yield from leaves(item)


# --- specifications ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_specifications_compile_without_a_warning(
    kind: charts.Kind, language: charts.Language, data_of: dict[str, list[Data]],
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    chart = charts.filled(KINDS[kind](language), data_of[kind][0])
    made = vl_convert.vegalite_to_vega(chart.to_dict(), show_warnings=True)
    assert made["marks"]
    out, err = capfd.readouterr()
    assert out + err == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_script_of_specifications_brings_neither_data_nor_addresses(
    language: charts.Language,
) -> None:
    script = charts.specs_js(language)
    begin, end = "window.DUIBIAO_SPECS = ", ";\n"
    assert script.startswith(begin)
    assert script.endswith(end)
    specs = json.loads(script[len(begin) : -len(end)])
    assert set(specs) == set(KINDS)
    for spec in specs.values():
        assert re.fullmatch(r"https://vega\.github\.io/schema/.*", spec.pop("$schema"))
        assert "usermeta" not in spec
        for key, value in leaves(spec):
            assert key not in ("datasets", "values", "url") or isinstance(value, dict | list)
            assert "http" not in str(value)
            if key == "data":
                assert set(value) == {"name"}


def test_the_script_of_vega_keeps_its_names_to_itself() -> None:
    script = charts.vega_js()
    assert script.startswith("(function () {")
    assert script.endswith("})();\n")
    assert "window.vegaEmbed" in script


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_rows_bring_every_field_that_the_specification_reads(
    kind: charts.Kind, data_of: dict[str, list[Data]]
) -> None:
    keys: dict[str, set[str]] = {}
    for data in data_of[kind]:
        for name, rows in data.items():
            for row in rows:
                assert keys.setdefault(name, set(row)) == set(row), name
    checked = set()
    for language in LANGUAGES:
        spec = KINDS[kind](language).to_dict()
        frame = set(re.findall(r"frame\.(\w+)", json.dumps(spec)))
        assert frame <= keys["frame"]
        for layer in spec["layer"]:
            name = layer["data"]["name"]
            fields = {value for key, value in leaves(layer) if key == "field"}
            of_layer = {k: v for k, v in layer.items() if k != "encoding"}
            fields |= set(re.findall(r"datum\.(\w+)", json.dumps(of_layer)))
            assert fields <= keys[name], name
            checked |= {(name, field) for field in fields}
    assert len(checked) > 10


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_data_are_strict_json(kind: str, data_of: dict[str, list[Data]]) -> None:
    for data in data_of[kind]:
        assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_one_indicator_reads_as_in_all(
    connection: duckdb.DuckDBPyConnection, every: dict[str, Data]
) -> None:
    name = "base_stations_5g_total"
    assert charts.indicator_data(connection, name) == every[name]
    with pytest.raises(KeyError):
        charts.indicator_data(connection, "no_such_indicator")


# --- an indicator -----------------------------------------------------------------------------


def test_every_quantified_goal_and_every_observation_is_drawn(
    connection: duckdb.DuckDBPyConnection, every: dict[str, Data]
) -> None:
    drawn = {g["target_id"] for data in every.values() for g in data["goals"]}
    left_out = connection.execute(
        "SELECT target_id, value, resolved_target FROM gap.gap_to_goal"
        " WHERE list_contains($1, target_id) = false",
        [sorted(drawn)],
    ).fetchall()
    assert left_out
    for target, value, resolved in left_out:
        assert value is None or resolved is None, target
    ((of_henan,),) = connection.execute(
        "SELECT count(*) FROM core.observations WHERE region_code = '410000'"
    ).fetchall()
    shown = [o for data in every.values() for o in data["observations"]]
    assert sum(o["region"] == "410000" for o in shown) == of_henan


@pytest.mark.parametrize(("language", "text"), [("zh", "无数据"), ("en", "no data")])
def test_goals_without_data_show_the_goal_and_say_so(
    language: charts.Language, text: str, every: dict[str, Data]
) -> None:
    data = every["latency_province"]
    assert data["observations"] == []
    drawn = words(svg("indicator", language, data))
    assert text in drawn
    assert data["goals"][0][f"tag_{language}"] in drawn


def test_a_chart_with_data_does_not_say_that_there_are_none(every: dict[str, Data]) -> None:
    assert "无数据" not in words(svg("indicator", "zh", every["software_business_revenue"]))


def test_nothing_to_draw_at_all_still_draws(every: dict[str, Data]) -> None:
    data = every["informatization_level_national_rank"]
    assert data["goals"] == data["observations"] == []
    drawn = words(svg("indicator", "zh", data))
    assert "无数据" in drawn
    assert "1条目标原文没有数值，图中未画。" in drawn


def heights(drawn: str) -> dict[str, float]:
    """Where the labels of the vertical axis stand [px from the top]."""
    label = r'text-anchor="end" transform="translate\(-?[\d.]+,([\d.]+)\)[^>]*>([\d,.]+)<'
    found = re.findall(label, drawn)
    return {text: float(y) for y, text in found}


def test_the_best_rank_stands_at_the_top(every: dict[str, Data]) -> None:
    rank = heights(svg("indicator", "zh", every["new_infrastructure_rank"]))
    assert rank["1"] < rank["5"]
    count = heights(svg("indicator", "zh", every["kunpeng_leading_firms"]))
    assert count["1"] > count["3"]


def test_bounds_look_different_from_figures(every: dict[str, Data]) -> None:
    observations = every["base_stations_5g_total"]["observations"]
    bounds = {o["bound"]: o for o in observations if o["is_main"]}
    exact, at_least = bounds["exact"], bounds["at_least"]
    assert exact["shape"] != at_least["shape"]
    assert exact["fill"] == exact["colour"] == at_least["colour"] == BLUE
    assert at_least["fill"] != at_least["colour"]
    assert at_least["label_zh"].startswith("≥")
    said = [e["label_zh"] for e in every["base_stations_5g_total"]["legend"]]
    assert "下限（超、突破）" in said


def test_a_superseded_goal_is_grey_and_leads_to_its_successor(every: dict[str, Data]) -> None:
    data = every["ecommerce_transaction_value"]
    goals = {g["target_id"].rsplit(":", 1)[1]: g for g in data["goals"] if g["t"] == 2020}
    old, new, proposal = goals["hn-2013-opinion"], goals["hn-2018-infocon"], goals["R-080"]
    assert (old["state"], old["colour"]) == ("superseded", GREY)
    assert (new["state"], proposal["state"]) == ("live", "other")
    assert len({old["colour"], new["colour"], proposal["colour"]}) == 3
    assert old["fill"] != old["colour"]  # hollow: not by its colour alone
    (revision,) = data["revisions"]
    assert (revision["value"], revision["value2"]) == (3e12, 2.6e12)
    assert {"−13.3%", "> 3万亿元"} <= words(svg("indicator", "zh", data))


def test_goals_of_one_document_form_a_line(every: dict[str, Data]) -> None:
    goals = every["ecommerce_transaction_value"]["goals"]
    chained = {g["t"]: g["value"] for g in goals if g["chain"]}
    assert chained == {2015.0: 8e11, 2020.0: 3e12}


def lines_of(drawn: str) -> list[list[float]]:
    """The horizontal positions of each piece of the main line."""
    group = re.findall(r"mark-line[^>]*>(.*?)</g>", drawn, re.S)
    paths = [p for part in group for p in re.findall(rf'd="([^"]+)" stroke="{BLUE}"', part)]
    return [[float(x) for x in re.findall(r"[ML]([\d.]+),", path)] for path in paths]


def test_a_scope_break_interrupts_the_line(every: dict[str, Data]) -> None:
    data = every["gdp"]
    (break_,) = data["breaks"]
    pieces = lines_of(svg("indicator", "zh", data))
    assert len(pieces) == 2
    before, after = sorted(pieces)
    assert max(before) < min(after)
    assert len(before) + len(after) == sum(o["is_joined"] for o in data["observations"])
    assert "2016年起口径变动" in words(svg("indicator", "zh", data))
    sides = {o["t"] > break_["t"] for o in data["observations"]}
    assert sides == {True, False}


def test_years_without_figures_are_not_bridged_by_a_solid_line(every: dict[str, Data]) -> None:
    data = every["resident_population"]
    steps = [(p["t"], p["t2"]) for p in data["paths"] if p["kind"] == "step"]
    assert [(int(a), int(b)) for a, b in steps] == [(2009, 2016)]


def test_parts_of_a_year_are_crosses_and_join_nothing(every: dict[str, Data]) -> None:
    data = every["express_parcels"]
    partial = [o for o in data["observations"] if o["is_partial"]]
    assert {o["period_zh"] for o in partial} == {"2016-04（年初累计）", "2016-06（年初累计）"}
    whole = [o for o in data["observations"] if not o["is_partial"]]
    assert whole
    assert not any(o["is_joined"] for o in partial)
    assert {o["shape"] for o in partial}.isdisjoint(o["shape"] for o in whole)
    assert data["frame"][0]["notes_zh"][0].startswith("2个非全年的数")


def test_conflicts_are_ringed_and_named(every: dict[str, Data]) -> None:
    conflicts = [o for o in every["gdp"]["observations"] if o["is_conflict"]]
    assert conflicts
    assert all("=" in o["conflict"] for o in conflicts)
    assert "sources disagree" in words(svg("indicator", "en", every["gdp"]))


def test_paths_lead_to_the_goal(every: dict[str, Data]) -> None:
    data = every["base_stations_5g_total"]
    goals = {g["target_id"]: g for g in data["goals"]}
    kinds = {p["kind"] for p in data["paths"]}
    assert kinds == {"expected", "required"}
    for path in data["paths"]:
        goal = goals[path["target_id"]]
        assert goal["state"] == "live"
        assert (path["t2"], path["value2"]) == (goal["t"], goal["value"])
        assert path["t"] < path["t2"]


def test_goals_of_several_years_are_joined(every: dict[str, Data]) -> None:
    data = every["base_stations_5g_total"]
    joined = [(c["t"], c["value"]) for c in data["curves"] if c["is_main"]]
    assert joined[:3] == [(2019.0, 10_684.0), (2020.0, 40_000.0), (2021.0, 96_000.0)]
    ends = {(g["t"], g["value"]) for g in data["goals"] if g["state"] == "live"}
    assert set(joined[1:]) <= ends
    # Only the last goal keeps a straight way of its own: the path leads through the others.
    assert {p["t2"] for p in data["paths"] if p["kind"] == "expected"} == {2025.0}
    assert "各年目标连成的路径" in words(svg("indicator", "zh", data))


def test_a_curve_is_drawn_where_a_straight_line_would_mislead(every: dict[str, Data]) -> None:
    drawn = {c["kind"] for c in every["interprovincial_internet_egress_bandwidth"]["curves"]}
    assert drawn == {"milestones", "geometric"}
    assert "path of constant growth" in words(
        svg("indicator", "en", every["interprovincial_internet_egress_bandwidth"])
    )
    assert every["fixed_broadband_household_penetration"]["curves"] == []


def test_goals_without_deadline_are_levels(every: dict[str, Data]) -> None:
    (goal,) = every["display_terminal_cluster"]["goals"]
    assert goal["is_open"]
    assert "≈ 5000亿元 · 无期限" in words(svg("indicator", "zh", every["display_terminal_cluster"]))


def test_a_phone_gets_the_legend_in_one_column(every: dict[str, Data]) -> None:
    data = every["base_stations_5g_total"]

    def columns(width: int) -> int:
        drawn = svg("indicator", "en", data, width)
        first, second = (entry["label_en"] for entry in data["legend"][:2])
        places = dict(
            (text, x)
            for x, text in re.findall(r"translate\(([\d.]+),[\d.]+\)[^>]*>([^<]+)</text>", drawn)
        )
        return 1 if places[first] == places[second] else 2

    assert (columns(330), columns(900)) == (1, 2)


# --- comparisons ------------------------------------------------------------------------------


def test_attainment_is_that_of_the_live_goals_with_a_result(
    connection: duckdb.DuckDBPyConnection, data_of: dict[str, list[Data]]
) -> None:
    goals = data_of["attainment"][0]["goals"]
    known = connection.execute(
        "SELECT target_id FROM gap.gap_to_goal WHERE is_live AND attainment_pct IS NOT NULL"
    ).fetchall()
    assert {g["target_id"] for g in goals} == {target for (target,) in known}
    assert [g["attainment"] for g in goals] == sorted(g["attainment"] for g in goals)
    ecommerce = next(g for g in goals if g["href"].startswith("indicators/ecommerce_transaction"))
    assert ecommerce["label_zh"] == "73.1% 未实现"
    assert ecommerce["name_en"] == "E-commerce transaction value, 2020 > CNY 2.6 trillion"
    assert max(g["shown"] for g in goals) == 200.0


def test_each_outcome_has_a_style_of_its_own() -> None:
    assert set(GROUP_STYLES) == {group.id for group in GROUPS}
    judged = [GROUP_STYLES[name] for name in ("met", "late", "missed", "open", "unverified")]
    assert len({colour for colour, _ in judged}) == len({shape for _, shape in judged}) == 5


def test_provinces_are_ranked_among_those_with_a_figure(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    data = charts.peers_data(connection, "gdp", 2020)
    assert {p["year"] for p in data["peers"]} == {"2020"}
    (henan,) = (p for p in data["peers"] if p["is_henan"])
    above = sum(p["value"] > henan["value"] for p in data["peers"])
    assert henan["place_en"] == f"no. {above + 1} of {len(data['peers'])}"
    assert henan["place_zh"] in words(svg("peers", "zh", data))


def test_nothing_to_compare_says_so(connection: duckdb.DuckDBPyConnection) -> None:
    data = charts.peers_data(connection, "latency_province")
    assert data["peers"] == []
    assert "no data" in words(svg("peers", "en", data))


# --- scales and labels ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("largest", "unit", "zh", "en"),
    [
        (2.6e12, "CNY", "万亿元", "CNY trillion"),
        (9.9e11, "CNY", "亿元", "CNY billion"),
        (216_000, "count", "万个", "thousand"),
        (12_000, "racks", "架", "racks"),
        (87_310_000, "persons", "万人", "million persons"),
        (100.0, "percent", "%", "%"),
        (17_520, "Gbit/s", "Gbit/s", "Gbit/s"),
        (5, "rank", "位次（1为最好）", "rank, 1 is best"),
    ],
)
def test_axes_are_in_readable_magnitudes(largest: float, unit: str, zh: str, en: str) -> None:
    for language, wanted in (("zh", zh), ("en", en)):
        _, word = magnitude(largest, unit, language)
        assert axis_unit(word, unit, language) == wanted


@pytest.mark.parametrize(
    ("values", "measure", "from_zero"),
    [
        ([30.0, 100.0], "stock", True),
        ([94.0, 99.0], "stock", False),  # zero would squeeze them
        ([63.7, 80.0], "coverage", False),
        ([100.0], "coverage", True),
        ([-3.0, 11.0], "rate", False),
        ([], "flow", True),
    ],
)
def test_zero_is_shown_where_it_means_something(
    values: list[float], measure: str, from_zero: bool
) -> None:
    found = value_range(values, measure)
    assert found.from_zero is from_zero
    assert (found.low == 0) is from_zero
    assert all(found.low <= value <= found.high for value in values)


def test_labels_avoid_marks_each_other_and_the_edge() -> None:
    at = Tag("12345", 0.5, 0.5)
    assert place([at], [], (600, 300)) == ["right"]
    assert place([at], [Mark(0.55, 0.5)], (600, 300)) == ["left"]
    assert place([Tag("12345", 0.99, 0.5)], [], (600, 300)) == ["left"]
    assert place([at, at], [], (600, 300)) == ["right", "left"]
    assert place([at] * 5, [], (600, 300))[4] == ""


def test_no_data_is_said_where_there_is_room() -> None:
    assert emptiest([]) == (0.5, 0.5)
    x, y = emptiest([Mark(0.5, 0.5), Mark(0.4, 0.4)])
    assert abs(x - 0.5) + abs(y - 0.5) > 0.2
