"""单个指标：数据、目标、修订、按日回看 / One indicator: figures, goals, revisions, past days."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="对标 duibiao · 单个指标 one indicator")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import polars as pl

    from assets import charts
    from assets.charts.style import BLUE, GREY, GROUP_STYLES
    from assets.report.outcomes import GROUP_OF, GROUPS
    from pipelines.notebook import figures, language_switch, published, table, wide

    return (
        BLUE,
        GREY,
        GROUPS,
        GROUP_OF,
        GROUP_STYLES,
        alt,
        charts,
        figures,
        language_switch,
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
        "一个指标",
        "One indicator",
        "选一个指标：采用值及其界限、历次发布、目标及其调整、离目标的路径，以及过去任何一天看到的情形。",
        "Choose one: its values of record with their bounds, all that was published and when, its "
        "goals and how they were changed, the path to them, and how it looked on any past day.",
    )
    return


@app.cell
def _(build, language_switch, mo):
    _known = build.ask(
        """WITH aims AS (SELECT indicator_id, count(*) AS goals FROM core.targets GROUP BY ALL),
                seen AS (SELECT indicator_id, count(*) AS figures FROM core.observations
                         GROUP BY ALL)
           SELECT indicator_id, name_zh || ' ' || name_en AS name, coalesce(goals, 0),
                  coalesce(figures, 0)
           FROM core.indicators
           LEFT JOIN aims USING (indicator_id) LEFT JOIN seen USING (indicator_id)
           ORDER BY goals IS NULL, figures IS NULL, name"""
    )
    options = {
        f"{name}（目标 goals {aims}，数据 figures {seen}）": indicator_id
        for indicator_id, name, aims, seen in _known.iter_rows()
    }
    _first = next((k for k, v in options.items() if v == "base_stations_5g_total"), None)
    picker = mo.ui.dropdown(
        options, value=_first or next(iter(options)), searchable=True, label="指标 indicator",
        allow_select_none=False, full_width=True,
    )  # fmt: skip
    language = language_switch()
    mo.vstack([picker, language])
    return language, picker


@app.cell
def _(build, charts, language, mo, picker):
    with build.open() as _connection:
        _data = charts.indicator_data(_connection, picker.value)
    mo.vstack(
        [
            mo.md("## 数据与目标 / Figures and goals"),
            charts.filled(charts.indicator_chart(language.value), _data),
        ]
    )
    return


@app.cell
def _(build, language, picker):
    goals = build.ask(
        f"""SELECT g.*, coalesce(g.target_year::VARCHAR, '无期限 open') AS due,
                   r.name_{language.value} AS region, t.printed, t.issued_on, t.unit AS unit_stated,
                   c.title AS source, c.section,
                   s.{language.value} AS verdict, w.{language.value} AS reason,
                   b.{language.value} AS baseline,
                   CASE WHEN a.at_deadline THEN a.reached END AS at_deadline, a.reached_bound,
                   CASE WHEN NOT g.is_goal THEN '非规划目标 not a goal of a plan'
                        WHEN g.is_live THEN '有效 live'
                        ELSE '已被取代 superseded' END AS standing_now
            FROM gap.gap_to_goal g
            JOIN core.targets t USING (target_id)
            JOIN main.target_results a USING (target_id)
            JOIN core.target_sources c ON c.target_id = g.target_id AND c.source_no = 1
            JOIN core.regions r ON r.region_code = g.region_code
            LEFT JOIN meta.codes s ON s.vocabulary = 'STATUSES' AND s.code = g.status
            LEFT JOIN meta.codes w ON w.vocabulary = 'STATUS_REASONS' AND w.code = g.status_reason
            LEFT JOIN meta.codes b ON b.vocabulary = 'BASELINE_KINDS' AND b.code = g.baseline_kind
            WHERE g.indicator_id = ?
            ORDER BY g.region_code <> '410000', g.region_code, g.target_year NULLS LAST,
                     t.issued_on, g.target_id""",
        picker.value,
    )
    return (goals,)


@app.cell
def _(figures, goals, language, mo, pl, table):
    mo.vstack(
        [
            mo.md("## 目标及结论 / Goals and verdicts"),
            table(
                goals.select(
                    pl.col("due").alias("目标年 due"),
                    pl.col("printed").alias("原文 as printed"),
                    figures(goals, "latest_value", language.value, bound="latest_bound").alias(
                        "最新值 latest"
                    ),
                    pl.col("obs_period").alias("时期 period"),
                    pl.col("attainment_pct").round(1).alias("完成率 attainment %"),
                    figures(goals, "at_deadline", language.value, bound="reached_bound").alias(
                        "期末值 at the deadline"
                    ),
                    pl.col("verdict").alias("结论 verdict"),
                    pl.col("region").alias("地区 region"),
                    pl.col("standing_now").alias("效力 standing"),
                    pl.col("reason").alias("理由 reason"),
                    pl.col("evidence_grade").alias("证据 evidence"),
                    pl.col("issued_on").alias("发布日 issued"),
                    pl.col("source").alias("出处 source"),
                    pl.col("section").alias("章节 section"),
                ),
                empty="没有目标 / no goal is registered",
            ),
        ]
    )
    return


@app.cell
def _(build, figures, language, mo, picker, pl, table):
    _changes = build.ask("FROM revised_targets WHERE indicator_id = ?", picker.value)
    mo.vstack(
        [
            mo.md("## 目标的调整 / How the goals were changed"),
            table(
                _changes.select(
                    pl.col(f"region_{language.value}").alias("地区 region"),
                    pl.col("year_from").alias("原目标年 due before"),
                    figures(_changes, "value_from", language.value).alias("原值 before"),
                    pl.col("year_to").alias("新目标年 due after"),
                    figures(_changes, "value_to", language.value).alias("新值 after"),
                    pl.col("change_pct").round(1).alias("幅度 change %"),
                    pl.col("issued_to").alias("调整日 changed on"),
                    pl.col("from_source").alias("原出处 printed in"),
                    pl.col("to_source").alias("新出处 changed in"),
                ),
                empty="没有调整 / no goal was changed",
            ),
        ]
    )
    return


@app.cell
def _(figures, goals, language, mo, pl, table):
    _dated = goals.filter(pl.col("resolved_target").is_not_null(), pl.col("is_goal"))

    def _path(column, name):
        return figures(_dated, column, language.value).alias(name)

    mo.vstack(
        [
            mo.md(
                "## 离目标的路径 / The path to the goals\n\n"
                "从基数到目标的直线是应走的路；“所需速度”从最新值算到目标年，到期后不再有。"
                "“—”为算不出：缺基数、缺数据、已到期或跨口径。\n\n"
                "The straight line from baseline to goal is the path; the required pace leads from "
                "the latest value to the deadline and ends with it. “—” cannot be computed: no "
                "baseline, no figures, past the deadline, or across a change of scope."
            ),
            table(
                _dated.select(
                    pl.col("due").alias("目标年 due"),
                    pl.col("region").alias("地区 region"),
                    _path("resolved_target", "目标值 goal"),
                    pl.col("baseline_year").alias("基期 from"),
                    _path("baseline_value", "基数 baseline"),
                    pl.col("baseline").alias("基数来历 its origin"),
                    figures(_dated, "latest_value", language.value, bound="latest_bound").alias(
                        "最新值 latest"
                    ),
                    _path("expected_value", "路径应达 expected"),
                    _path("expected_gap", "超（欠）路径 ahead (behind)"),
                    pl.col("progress_pct").round(1).alias("进展 progress %"),
                    pl.col("time_elapsed_pct").round(1).alias("时间 time gone %"),
                    _path("recent_pace", "近期每年 recent a year"),
                    _path("required_pace", "所需每年 required a year"),
                    pl.col("accel_factor").round(2).alias("需提速倍数 times faster"),
                    (100 * pl.col("required_cagr")).round(1).alias("所需增速 required growth %"),
                ),
                empty="没有可量化的目标 / no goal with a figure",
            ),
        ]
    )
    return


@app.cell
def _(build, figures, language, mo, picker, pl, table):
    _years = build.ask(
        f"""SELECT path_kind_{language.value} AS kind, region_{language.value} AS region, year,
                   printed, is_target, expected_value, unit, observed_period, observed_value,
                   observed_bound, expected_gap, lead_years
            FROM expected_paths WHERE indicator_id = ?
            ORDER BY path_kind <> 'milestones', region_code <> '410000', path_id, year""",
        picker.value,
    )
    mo.vstack(
        [
            mo.md(
                "### 逐年路径 / The paths by year\n\n"
                "应达值为年末的路径值；差与领先年数按观测时点计算，正为领先，负为落后。\n\n"
                "Expected: the path at the end of the year; gap and lead at the day of the "
                "observation, plus is ahead, minus behind."
            ),
            table(
                _years.select(
                    pl.col("kind").alias("路径 path"),
                    pl.col("region").alias("地区 region"),
                    pl.col("printed").alias("所向目标 goal"),
                    pl.col("year").alias("年份 year"),
                    figures(_years, "expected_value", language.value).alias("年末应达 expected"),
                    pl.col("is_target").alias("到期 due"),
                    figures(_years, "observed_value", language.value, bound="observed_bound").alias(
                        "观测值 observed"
                    ),
                    pl.col("observed_period").alias("时期 period"),
                    figures(_years, "expected_gap", language.value).alias("与路径之差 gap"),
                    pl.col("lead_years").round(2).alias("领先年数 lead in years"),
                ),
                empty="没有可算的路径 / no path can be computed",
            ),
        ]
    )
    return


@app.cell
def _(build, language, mo, picker):
    _found = build.ask(
        f"""SELECT name_{language.value} AS name, region_code, periods
            FROM core.regions JOIN (SELECT region_code, count(*) AS periods
                                    FROM core.observations WHERE indicator_id = ? GROUP BY ALL)
                              USING (region_code)
            ORDER BY region_code <> '410000', region_code""",
        picker.value,
    )
    regions = {f"{name}（{n}）": code for name, code, n in _found.iter_rows()}
    region = mo.ui.dropdown(
        regions, value=next(iter(regions), None), searchable=True, label="地区 region"
    )
    mo.vstack(
        [
            mo.md(
                "## 采用值 / Values of record\n\n"
                f"有数据的地区 regions with figures: **{len(regions)}**"
            ),
            region if regions else mo.md("*无数据 / no data*"),
        ]
    )
    return (region,)


@app.cell
def _(build, figures, language, mo, picker, pl, region, table):
    _values = build.ask(
        f"""SELECT o.*, q.{language.value} AS kind FROM core.observations o
            LEFT JOIN meta.codes q ON q.vocabulary = 'QUALITIES' AND q.code = o.quality
            WHERE indicator_id = ? AND region_code = ? ORDER BY period_end, period_type""",
        picker.value,
        region.value,
    )
    mo.vstack(
        [
            mo.md("“≥”“≤”“≈”：原文为界限或约数。 / “≥”, “≤”, “≈”: printed as a bound or roughly."),
            table(
                _values.select(
                    pl.col("period").alias("时期 period"),
                    figures(_values, "value", language.value, bound="bound").alias("数值 value"),
                    pl.col("value_printed").alias("原文 as printed"),
                    pl.col("kind").alias("来源等级 quality"),
                    pl.col("published_on").alias("发布日 published"),
                    pl.col("vintage_count").alias("发布次数 times"),
                    pl.when("is_conflict").then("beaten").alias("不一致的来源 sources that differ"),
                    pl.col("source_title").alias("出处 source"),
                ),
                empty="无数据 / no data",
            ),
        ]
    )
    return


@app.cell
def _(build, mo, picker):
    _first = build.ask(
        """SELECT least((SELECT min(as_of) FROM gap.gap_by_day WHERE indicator_id = $1),
                        (SELECT min(published_on) FROM core.observation_vintages
                         WHERE indicator_id = $1)) AS day""",
        picker.value,
    ).item()
    day = mo.ui.date(
        start=min(_first or build.as_of, build.as_of), stop=build.as_of, value=build.as_of,
        label="截至 as of",
    )  # fmt: skip
    mo.vstack(
        [
            mo.md(
                "## 按日回看 / As of a past day\n\n"
                "选一天：下面只用当日及以前已发布的数据和目标，与 `duibiao run --as-of` 相同。\n\n"
                "Choose a day: below, only what was published by then is used, as in "
                "`duibiao run --as-of`."
            ),
            day,
        ]
    )
    return (day,)


@app.cell
def _(build, day, figures, goals, language, mo, picker, pl, table):
    _then = build.ask(
        f"""SELECT g.target_id, g.obs_period, g.latest_value, g.latest_bound, g.unit,
                   g.attainment_pct, s.{language.value} AS verdict
            FROM gap_as_of(?) g
            LEFT JOIN meta.codes s ON s.vocabulary = 'STATUSES' AND s.code = g.status
            WHERE g.indicator_id = ?""",
        day.value,
        picker.value,
    )
    _both = goals.select("target_id", "due", "region", "printed", now="verdict").join(
        _then, on="target_id", how="left", maintain_order="left"
    )
    mo.vstack(
        [
            mo.md(f"### {day.value} 的结论 / Verdicts on {day.value}"),
            table(
                _both.select(
                    pl.col("due").alias("目标年 due"),
                    pl.col("region").alias("地区 region"),
                    pl.col("printed").alias("原文 as printed"),
                    figures(_both, "latest_value", language.value, bound="latest_bound").alias(
                        "当时最新值 latest then"
                    ),
                    pl.col("obs_period").alias("时期 period"),
                    pl.col("attainment_pct").round(1).alias("当时完成率 attainment then %"),
                    pl.col("verdict")
                    .fill_null("尚未发布 not issued yet")
                    .alias("当时结论 verdict then"),
                    pl.col("now").alias(f"{build.as_of} 的结论 verdict"),
                ),
                empty="没有目标 / no goal is registered",
            ),
        ]
    )
    return


@app.cell
def _(GROUPS, GROUP_OF, GROUP_STYLES, alt, build, day, goals, language, mo, picker, pl, wide):
    _spans = build.ask(
        f"""WITH days AS (
                SELECT target_id, as_of, status, lag(status) OVER of_goal AS before
                FROM gap.gap_by_day WHERE indicator_id = $1
                WINDOW of_goal AS (PARTITION BY target_id ORDER BY as_of))
            SELECT target_id, as_of AS since, status, s.{language.value} AS verdict,
                   lead(as_of, 1, $2) OVER (PARTITION BY target_id ORDER BY as_of) AS until
            FROM days LEFT JOIN meta.codes s ON s.vocabulary = 'STATUSES' AND s.code = status
            WHERE status IS DISTINCT FROM before""",
        picker.value,
        build.as_of,
    )
    _pale = {"unverified": "#9A9A9A", "no_data": "#D4D4D4", "not_quantified": "#EEEEEE"}
    _named = {g.id: f"{g.mark} {g.label.zh} {g.label.en}" for g in GROUPS}
    _rows = goals.with_row_index("row").select(
        "target_id",
        goal=pl.format("{}. {} {} {}", pl.col("row") + 1, "due", "region", "printed"),
    )
    _spans = _spans.join(_rows, on="target_id").with_columns(
        mark=pl.col("status").replace_strict({s: g.mark for s, g in GROUP_OF.items()}),
        group=pl.col("status").replace_strict({s: _named[g.id] for s, g in GROUP_OF.items()}),
    )
    _base = alt.Chart(_spans).encode(
        x=alt.X("since:T", title=None, axis=alt.Axis(format="%Y", tickCount="year")),
        y=alt.Y("goal:N", sort=_rows["goal"].to_list(), title=None,
                axis=alt.Axis(labelLimit=280)),
        tooltip=["goal:N", "verdict:N", "since:T", "until:T"],
    )  # fmt: skip
    _colours = alt.Scale(
        domain=list(_named.values()),
        range=[_pale.get(g, GROUP_STYLES[g][0]) for g in _named],
    )
    _legend = alt.Legend(orient="bottom", columns=3)
    ribbon = alt.layer(
        _base.mark_bar(size=14).encode(
            x2="until:T",
            color=alt.Color("group:N", title=None, scale=_colours, legend=_legend),
        ),
        _base.mark_text(align="left", dx=2, fontSize=12, stroke="white", strokeWidth=2.5).encode(
            text="mark:N"
        ),
        _base.mark_text(align="left", dx=2, fontSize=12).encode(text="mark:N"),
        alt.Chart(pl.DataFrame({"day": [day.value]})).mark_rule(strokeWidth=1.5).encode(x="day:T"),
    )
    mo.vstack(
        [
            mo.md("### 结论的变化 / How the verdicts changed"),
            mo.md("*没有目标 / no goal is registered*") if _spans.is_empty() else wide(ribbon, 24),
        ]
    )
    return


@app.cell
def _(BLUE, GREY, alt, build, day, figures, language, mo, picker, pl, region, wide):
    _vintages = build.ask(
        f"""SELECT v.*, q.{language.value} AS kind, d.{language.value} AS date_basis,
                   o.observation_id IS NOT NULL AS is_record
            FROM core.observation_vintages v
            LEFT JOIN core.observations o USING (observation_id)
            LEFT JOIN meta.codes q ON q.vocabulary = 'QUALITIES' AND q.code = v.quality
            LEFT JOIN meta.codes d ON d.vocabulary = 'DATE_BASES' AND d.code = v.published_basis
            WHERE v.indicator_id = ? AND v.region_code = ?
            ORDER BY v.period_end, v.period_type, v.published_on, v.observation_id""",
        picker.value,
        region.value,
    )
    vintages = _vintages.with_columns(
        figures(_vintages, "value", language.value, bound="bound").alias("figure")
    )
    _used, _other = "采用值 value of record", "未采用 not used"
    _drawn = vintages.with_row_index("row").select(
        "period_end", "published_on", "value_printed", "source_title", "kind",
        label=pl.format("{}. {} · {}", pl.col("row") + 1, "period", "figure"),
        use=pl.when("is_record").then(pl.lit(_used)).otherwise(pl.lit(_other)),
        known=pl.col("published_on") <= day.value,
    )  # fmt: skip
    _scale = {"domain": [_used, _other]}
    _base = alt.Chart(_drawn).encode(
        y=alt.Y("label:N", sort=_drawn["label"].to_list(), title=None,
                axis=alt.Axis(labelLimit=280)),
        color=alt.Color("use:N", title=None, scale=alt.Scale(**_scale, range=[BLUE, GREY]),
                        legend=alt.Legend(orient="bottom")),
        opacity=alt.condition("datum.known", alt.value(1), alt.value(0.25)),
        tooltip=["label:N", "period_end:T", "published_on:T", "value_printed", "source_title",
                 "kind", "use:N"],
    )  # fmt: skip
    _chart = alt.layer(
        _base.mark_rule(strokeWidth=2).encode(
            x=alt.X("period_end:T", title=None, axis=alt.Axis(format="%Y", tickCount="year")),
            x2="published_on:T",
        ),
        _base.mark_tick(thickness=2, size=10, orient="vertical").encode(x="period_end:T"),
        _base.mark_point(filled=True, size=70).encode(
            x="published_on:T",
            shape=alt.Shape("use:N", scale=alt.Scale(**_scale, range=["circle", "diamond"])),
        ),
        alt.Chart(pl.DataFrame({"day": [day.value]})).mark_rule(strokeWidth=1.5).encode(x="day:T"),
    )
    mo.vstack(
        [
            mo.md(
                "## 何时发布了什么 / What was published when\n\n"
                "每行一次发布：竖线为时期末，点为发布日；所选日之后发布的变淡。"
                "数据库只知采集日的，按采集日计。\n\n"
                "A line a publication: the tick is the end of the period, the point the day of "
                "publication; what came after the chosen day is faint. Where only the day of "
                "capture is known, that day counts."
            ),
            mo.md("*无数据 / no data*") if vintages.is_empty() else wide(_chart, 20),
        ]
    )
    return (vintages,)


@app.cell
def _(build, figures, language, mo, picker, pl, table, vintages):
    _revised = build.ask(
        f"""SELECT v.*, i.unit, r.name_{language.value} AS region FROM core.revisions v
            JOIN core.indicators i USING (indicator_id)
            JOIN core.regions r ON r.region_code = v.region_code
            WHERE indicator_id = ? ORDER BY new_published_on, period""",
        picker.value,
    )
    mo.vstack(
        [
            table(
                vintages.select(
                    pl.col("period").alias("时期 period"),
                    pl.col("figure").alias("数值 value"),
                    pl.col("value_printed").alias("原文 as printed"),
                    pl.col("published_on").alias("发布日 published"),
                    pl.col("date_basis").alias("日期依据 date known from"),
                    pl.col("is_record").alias("采用 of record"),
                    pl.col("kind").alias("来源等级 quality"),
                    pl.col("source_title").alias("出处 source"),
                    pl.col("source_url").alias("网址 address"),
                    pl.col("note").alias("备注 note"),
                ),
                empty="无数据 / no data",
            ),
            mo.md(
                "### 数据的修订 / Revisions of the figures\n\n同一来源先后发布的不同数。"
                " Figures that one source published and changed later."
            ),
            table(
                _revised.select(
                    pl.col("region").alias("地区 region"),
                    pl.col("period").alias("时期 period"),
                    figures(_revised, "old_value", language.value).alias("原值 before"),
                    figures(_revised, "new_value", language.value).alias("新值 after"),
                    pl.col("change_pct").round(2).alias("幅度 change %"),
                    pl.col("old_published_on").alias("原发布日 published"),
                    pl.col("new_published_on").alias("修订日 revised"),
                    pl.col("source_id").alias("数据源 source"),
                ),
                empty="没有修订 / none",
            ),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
