"""各省比较：河南的数值、位次、差距 / Provinces: Henan's value, rank and gaps to the others."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="对标 duibiao · 各省比较 provinces")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import polars as pl

    from assets import charts
    from assets.charts.scale import axis_unit, magnitude
    from assets.charts.style import BLUE, GREY, INK, ORANGE
    from pipelines.notebook import figures, language_switch, published, table, wide

    return (
        BLUE,
        GREY,
        INK,
        ORANGE,
        alt,
        axis_unit,
        charts,
        figures,
        language_switch,
        magnitude,
        mo,
        pl,
        published,
        table,
        wide,
    )


@app.cell
def _(published):
    build = published()
    return (build,)


@app.cell
def _(build):
    build.masthead(
        "河南在各省中",
        "Henan among the provinces",
        "只比较有十个以上省份有年度数据的指标和年份；没有数据的省份列为“—”，不排位。"
        "位次的方向取自目标；没有目标的只按数值从大到小，不作好坏判断。",
        "Only indicators and years for which ten provinces or more have annual figures; a province "
        "without one stands as “—” and has no rank. Targets tell whether more is better; without "
        "any, provinces are ranked by value alone, largest first, without judgement.",
    )
    return


@app.cell
def _(language_switch):
    language = language_switch()
    language
    return (language,)


@app.cell
def _(build, figures, language, mo, pl, table):
    latest = build.ask(
        """FROM peer_comparison
           QUALIFY obs_year = max(obs_year) OVER (PARTITION BY indicator_id)
           ORDER BY rank / provinces, name_zh"""
    )
    mo.vstack(
        [
            mo.md("## 各项指标最近一年 / The latest year of each indicator"),
            table(
                latest.select(
                    pl.col(f"name_{language.value}").alias("指标 indicator"),
                    pl.col("obs_year").alias("年份 year"),
                    figures(latest, "value", language.value, bound="bound").alias("河南 Henan"),
                    pl.col("rank").alias("位次 rank"),
                    pl.col("provinces").alias("省份数 of"),
                    figures(latest, "median", language.value).alias("中位数 median"),
                    figures(latest, "best_value", language.value).alias("第一位 best"),
                    pl.col(f"best_region_{language.value}").alias("第一位省份 best province"),
                    pl.col(f"ranked_by_{language.value}").alias("排序依据 ranked by"),
                ),
                empty="没有可比的指标 / no indicator can be compared",
                max_height=460,
            ),
        ]
    )
    return (latest,)


@app.cell
def _(GREY, BLUE, alt, language, latest, mo, pl, wide):
    _judged, _plain = "依目标方向 as targets say", "只按数值 by value only"
    _rows = latest.select(
        "rank", "provinces", "obs_year", first=pl.lit(1),
        name=pl.format("{} {}", f"name_{language.value}", "obs_year"),
        sense=pl.when(pl.col("ranked_by") == "value_only").then(pl.lit(_plain))
        .otherwise(pl.lit(_judged)),
    )  # fmt: skip
    _scale = {"domain": [_judged, _plain]}
    _base = alt.Chart(_rows).encode(
        y=alt.Y("name:N", sort=_rows["name"].to_list(), title=None, axis=alt.Axis(labelLimit=320)),
        tooltip=["name:N", "rank:Q", "provinces:Q", "sense:N"],
    )
    _x = alt.X(
        "rank:Q",
        title="河南位次，左为前 / rank of Henan, best on the left",
        scale=alt.Scale(domain=[1, latest["provinces"].max()], nice=False),
        axis=alt.Axis(values=[1, 5, 10, 15, 20, 25, 30]),
    )
    _chart = alt.layer(
        _base.mark_rule(color="#CCCCCC", strokeWidth=1.5).encode(x="first:Q", x2="provinces:Q"),
        _base.mark_point(filled=True, size=110, opacity=1).encode(
            x=_x,
            color=alt.Color("sense:N", title=None, scale=alt.Scale(**_scale, range=[BLUE, GREY]),
                            legend=alt.Legend(orient="bottom")),
            shape=alt.Shape("sense:N", scale=alt.Scale(**_scale, range=["diamond", "circle"])),
        ),
        _base.mark_text(align="left", dx=9).encode(x=_x, text="rank:Q"),
    )  # fmt: skip
    mo.md("") if latest.is_empty() else wide(_chart, 22)
    return


@app.cell
def _(build, mo):
    _known = build.ask(
        """SELECT indicator_id, name_zh || ' ' || name_en AS name, count(*) AS years
           FROM peer_comparison GROUP BY ALL ORDER BY name"""
    )
    mo.stop(_known.is_empty(), mo.md("*没有可比的指标 / no indicator can be compared*"))
    options = {f"{name}（{years}）": code for code, name, years in _known.iter_rows()}
    _first = next((k for k, v in options.items() if v == "software_business_revenue"), None)
    picker = mo.ui.dropdown(
        options, value=_first or next(iter(options)), searchable=True, label="指标 indicator",
        allow_select_none=False, full_width=True,
    )  # fmt: skip
    mo.vstack([mo.md("## 一个指标 / One indicator"), picker])
    return (picker,)


@app.cell
def _(build, picker):
    henan = build.ask("FROM peer_comparison WHERE indicator_id = ? ORDER BY obs_year", picker.value)
    breaks = build.ask(
        "FROM series_breaks WHERE indicator_id = ? AND starts_on > ? ORDER BY starts_on",
        picker.value,
        f"{henan['obs_year'].min()}-12-31",
    )
    return breaks, henan


@app.cell
def _(henan, mo):
    _years = [str(year) for year in henan["obs_year"].reverse()]
    year = mo.ui.dropdown(_years, value=_years[0], label="年份 year", allow_select_none=False)
    year
    return (year,)


@app.cell
def _(build, figures, henan, mo, picker, pl, year):
    _row = henan.filter(pl.col("obs_year") == int(year.value))
    _said = _row.row(0, named=True)

    def _text(column, language, bound=None):
        return figures(_row, column, language, bound=bound).item()

    def _apart(gap, language):
        zh, en = ("落后", "behind") if gap > 0 else ("领先", "ahead")
        if _said["ranked_by"] == "value_only":
            zh, en = ("低", "below") if gap > 0 else ("高", "above")
        return {"zh": zh, "en": en}[language]

    distances = _row.with_columns(pl.col("gap_to_median", "gap_to_best").abs())

    def _gap(column, language):
        return figures(distances, column, language).item()

    without = build.ask(
        """SELECT name_zh, name_en FROM core.regions
           WHERE level = 'province' AND (is_peer OR region_code = '410000') AND region_code NOT IN
                 (SELECT region_code FROM peers(?, ?)) ORDER BY region_code""",
        picker.value,
        int(year.value),
    )
    missing = (
        f"没有数据的省份 without figures: {'、'.join(without['name_zh'])} "
        f"({', '.join(without['name_en'])})"
        if len(without)
        else "各省都有数据。 All provinces have figures."
    )
    zh = (
        f"**{_said['obs_year']}年河南{_text('value', 'zh', 'bound')}，{_said['provinces']}省中第"
        f"{_said['rank']}位**；中位数{_text('median', 'zh')}"
        f"（{_apart(_said['gap_to_median'], 'zh')}{_gap('gap_to_median', 'zh')}），"
        f"第一位{_said['best_region_zh']}{_text('best_value', 'zh')}"
        f"（相差{_gap('gap_to_best', 'zh')}）。排序依据：{_said['ranked_by_zh']}。"
    )
    en = (
        f"**Henan in {_said['obs_year']}: {_text('value', 'en', 'bound')}, rank {_said['rank']} of "
        f"{_said['provinces']}**; median {_text('median', 'en')} "
        f"({_gap('gap_to_median', 'en')} {_apart(_said['gap_to_median'], 'en')}), best "
        f"{_said['best_region_en']} {_text('best_value', 'en')} "
        f"({_gap('gap_to_best', 'en')} away). Ranking: {_said['ranked_by_en']}."
    )
    mo.md(f"{zh}\n\n{en}\n\n{missing}")
    return (without,)


@app.cell
def _(build, charts, language, mo, picker):
    with build.open() as _connection:
        _data = charts.peers_data(_connection, picker.value)
    mo.vstack(
        [
            mo.md(
                "### 各年分布 / Distribution by year\n\n图中位次由高到低数。"
                " In this chart places are counted from the largest value."
            ),
            charts.filled(charts.peers_chart(language.value), _data),
        ]
    )
    return


@app.cell
def _(BLUE, INK, ORANGE, alt, breaks, henan, mo, pl, wide):
    _last = int(henan["provinces"].max())
    _base = alt.Chart(henan.with_columns(pl.col("obs_year").cast(pl.String))).encode(
        x=alt.X("obs_year:O", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            "rank:Q",
            title="位次，上为前 / rank, best on top",
            scale=alt.Scale(domain=[1, _last], reverse=True, nice=False),
            axis=alt.Axis(values=[1, *range(5, _last, 5), _last]),
        ),
        tooltip=["obs_year:O", "rank:Q", "provinces:Q", "ranked_by_zh:N", "source_title:N"],
    )
    _starts = breaks.select(
        obs_year=pl.col("starts_on").dt.year().cast(pl.String),
        label=pl.lit("口径变动 scope changes"),
    )
    _marks = alt.Chart(_starts).encode(x="obs_year:O")
    _chart = alt.layer(
        _base.mark_line(color=BLUE, strokeWidth=2),
        _base.mark_point(filled=True, size=90, color=BLUE, shape="diamond", opacity=1),
        _base.mark_text(dy=-13, color=INK).encode(text="rank:Q"),
        *(
            (
                _marks.mark_rule(color=ORANGE, strokeDash=[3, 3]),
                _marks.mark_text(color=ORANGE, align="left", dx=4, y=8).encode(text="label:N"),
            )
            if len(_starts)
            else ()
        ),
    )
    mo.vstack(
        [
            mo.md("### 位次的变化 / Rank over the years"),
            wide(_chart),
            *(
                mo.md(f"口径变动 scope: {_note['note_zh']} / {_note['note_en']}")
                for _note in breaks.iter_rows(named=True)
            ),
        ]
    )
    return


@app.cell
def _(
    BLUE,
    GREY,
    INK,
    alt,
    axis_unit,
    build,
    figures,
    language,
    magnitude,
    mo,
    picker,
    pl,
    table,
    wide,
    without,
    year,
):
    provinces = build.ask("FROM peers(?, ?)", picker.value, int(year.value))
    _unit = provinces["unit"][0]
    _factor, _word = magnitude(provinces["value"].abs().max(), _unit, language.value)
    _henan, _others = "河南 Henan", "其他省份 other provinces"
    _drawn = provinces.select(
        "rank",
        name=f"region_{language.value}",
        shown=pl.col("value") / _factor,
        middle=pl.col("median") / _factor,
        figure=figures(provinces, "value", language.value, bound="bound"),
        who=pl.when(pl.col("region_code") == "410000")
        .then(pl.lit(_henan))
        .otherwise(pl.lit(_others)),
    )
    _base = alt.Chart(_drawn).encode(
        y=alt.Y("name:N", sort=_drawn["name"].to_list(), title=None),
        x=alt.X("shown:Q", title=f"{year.value}（{axis_unit(_word, _unit, language.value)}）"),
        tooltip=["rank:Q", "name:N", "figure:N"],
    )
    _chart = alt.layer(
        _base.mark_bar().encode(
            color=alt.Color(
                "who:N",
                title=None,
                scale=alt.Scale(domain=[_henan, _others], range=[BLUE, "#B0B0B0"]),
                legend=alt.Legend(orient="bottom"),
            )
        ),
        alt.Chart(_drawn.head(1)).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="middle:Q"),
        _base.mark_text(align="left", dx=4, stroke="white", strokeWidth=3).encode(text="figure:N"),
        _base.mark_text(align="left", dx=4).encode(text="figure:N"),
    )
    _absent = without.select(pl.col(f"name_{language.value}").alias("地区 province"))
    mo.vstack(
        [
            mo.md(
                f"### {year.value}年各省 / The provinces in {year.value}\n\n"
                "虚线为中位数。表中差距为负即领先（只按数值排序的，即高于）。"
                " The dashed line is the median. In the table a negative gap is a lead (or more, "
                "where the ranking is by value only)."
            ),
            wide(_chart, 20),
            table(
                pl.concat(
                    [
                        provinces.select(
                            pl.col("rank").alias("位次 rank"),
                            pl.col(f"region_{language.value}").alias("地区 province"),
                            figures(provinces, "value", language.value, bound="bound").alias(
                                "数值 value"
                            ),
                            figures(provinces, "gap_to_median", language.value).alias(
                                "距中位数 gap to the median"
                            ),
                            figures(provinces, "gap_to_best", language.value).alias(
                                "距第一位 gap to the best"
                            ),
                            pl.col("source_title").alias("出处 source"),
                        ),
                        _absent,
                    ],
                    how="diagonal",
                )
            ),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
