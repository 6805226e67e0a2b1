"""总览：全部目标及其结果 / Overview: all goals and what became of them."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="对标 duibiao · 总览 overview")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import polars as pl

    from assets import charts
    from assets.charts.style import BLUE, ORANGE
    from pipelines.notebook import figures, language_switch, published, table, wide

    return BLUE, ORANGE, alt, charts, figures, language_switch, mo, pl, published, table, wide


@app.cell
def _(published):
    build = published()
    return (build,)


@app.cell
def _(build):
    build.masthead(
        "规划目标离实现还有多远",
        "How far the goals are from being met",
        "有效目标指未被后来的数字取代的目标。没有数据的目标列为“无数据”，不当作零。",
        "Live goals are those that no later figure has replaced. Goals without data are listed as "
        "such; nothing is imputed.",
    )
    return


@app.cell
def _(language_switch):
    language = language_switch()
    language
    return (language,)


@app.cell
def _(BLUE, ORANGE, alt, build, mo, wide):
    counts = build.ask(
        """SELECT status_zh || ' ' || status_en AS label, targets, documented, reported
           FROM status_counts"""
    )
    bars = alt.Chart(counts).encode(
        y=alt.Y("label:N", sort=counts["label"].to_list(), title=None,
                axis=alt.Axis(labelLimit=300)),
    )  # fmt: skip
    kinds = {"documented": "五份文件载明 in the five documents", "reported": "其他出处 elsewhere"}
    parts = (
        bars.transform_fold(list(kinds), as_=["standing", "goals"])
        .transform_calculate(
            standing=f"datum.standing == 'documented' ? '{kinds['documented']}'"
            f" : '{kinds['reported']}'"
        )
        .mark_bar()
        .encode(
            x=alt.X("goals:Q", title="有效目标数 / live goals"),
            color=alt.Color(
                "standing:N",
                title=None,
                scale=alt.Scale(domain=list(kinds.values()), range=[BLUE, ORANGE]),
                legend=alt.Legend(orient="bottom"),
            ),
            tooltip=["label:N", "standing:N", "goals:Q"],
        )
    )
    totals = bars.mark_text(align="left", dx=5).encode(x="targets:Q", text="targets:Q")
    mo.vstack(
        [
            mo.md(f"## 结论 / Verdicts\n\n有效目标 live goals: **{counts['targets'].sum()}**"),
            mo.md("*无 / none*") if counts.is_empty() else wide(parts + totals, 24),
        ]
    )
    return


@app.cell
def _(build, language):
    goals = build.ask(
        f"""SELECT h.*, h.theme_{language.value} AS of_theme, h.status_{language.value} AS verdict,
                   coalesce(d.title_{language.value}, '其他出处 elsewhere') AS document,
                   coalesce(h.target_year::VARCHAR, '无期限 open') AS due
            FROM headline h LEFT JOIN documents d USING (document_id)
            ORDER BY h.reached_pct IS NULL, h.reached_pct, h.target_year NULLS LAST, h.name_zh,
                     h.target_id"""
    )
    return (goals,)


@app.cell
def _(goals, mo):
    filters = mo.ui.dictionary(
        {
            column: mo.ui.multiselect(sorted(goals[column].unique()), label=label)
            for column, label in (
                ("of_theme", "主题 theme"),
                ("verdict", "结论 verdict"),
                ("document", "文件 document"),
                ("due", "目标年 due"),
            )
        }
    )
    return (filters,)


@app.cell
def _(filters, goals, mo, pl):
    wanted = [pl.col(column).is_in(values) for column, values in filters.value.items() if values]
    chosen = goals.filter(*wanted)
    mo.vstack(
        [
            mo.md("## 筛选 / Filters\n\n不选即全部；对下面的图和表都有效。"
                  " Nothing chosen means everything; they hold for the chart and the table below."),
            mo.hstack(list(filters.elements.values()), justify="start", wrap=True),
            mo.md(f"选中 chosen: **{len(chosen)}** / {len(goals)}"),
        ]
    )  # fmt: skip
    return (chosen,)


@app.cell
def _(build, charts, chosen, language, mo):
    with build.open() as _connection:
        everything = charts.attainment_data(_connection)
    row_height = everything["frame"][0]["height"] / max(len(everything["goals"]), 1)
    # Its links lead into the pages of the report, which are not beside a notebook.
    drawn = [
        goal | {"href": None}
        for goal in everything["goals"]
        if goal["target_id"] in set(chosen["target_id"])
    ]
    frame = everything["frame"][0] | {"height": row_height * max(len(drawn), 1)}
    attainment = {"goals": drawn, "frame": [frame]}
    left_out = len(chosen) - len(drawn)
    mo.vstack(
        [
            mo.md(
                "## 差距最大的在前 / The biggest gaps first\n\n"
                "期末值的完成率，无期末值则取最新值；100% 即目标。另有 "
                f"**{left_out}** 条没有完成率（无数据、未量化或不适用），不在图中，见下表。\n\n"
                "Attainment by the value at the deadline, else by the latest; 100% is the goal. "
                f"**{left_out}** more have no attainment (no data, not quantified, or not "
                "applicable): they are not drawn, but in the table below."
            ),
            charts.filled(charts.attainment_chart(language.value), attainment)
            if drawn
            else mo.md("*选中的目标都没有完成率 / none of the chosen goals has an attainment*"),
        ]
    )
    return


@app.cell
def _(chosen, figures, language, mo, pl, table):
    mo.vstack(
        [
            mo.md(
                "## 有效目标 / Live goals\n\n“≥”表示原文只给出下限。"
                " “≥” marks a figure of which only a lower bound was printed."
            ),
            table(
                chosen.select(
                    pl.col(f"name_{language.value}").alias("指标 indicator"),
                    pl.col("due").alias("目标年 due"),
                    pl.col("printed").alias("目标原文 as printed"),
                    figures(chosen, "reached", language.value, bound="reached_bound").alias(
                        "结果 reached"
                    ),
                    pl.col("reached_pct").round(1).alias("完成率 attainment %"),
                    pl.col("verdict").alias("结论 verdict"),
                    pl.col(f"region_{language.value}").alias("地区 region"),
                    pl.col("reached_period").alias("时期 period"),
                    pl.col(f"reason_{language.value}").alias("理由 reason"),
                    pl.col("evidence_grade").alias("证据 evidence"),
                    pl.col("target_source").alias("目标出处 goal printed in"),
                    pl.col("obs_source").alias("最新值出处 latest figure from"),
                ),
                max_height=560,
            ),
        ]
    )
    return


@app.cell
def _(BLUE, alt, build, mo, table, wide):
    reasons = build.ask(
        """SELECT s.zh AS "不知道的原因", s.en AS reason, count(*) AS "有效目标数 live goals"
           FROM gap_to_goal g JOIN meta.codes s
             ON s.vocabulary = 'STATUS_REASONS' AND s.code = g.status_reason
           WHERE is_live AND status IN ('no_data', 'expired_unverified', 'insufficient_data',
                                        'scope_mismatch', 'not_quantified')
           GROUP BY ALL ORDER BY 3 DESC"""
    )
    themes = build.ask(
        """SELECT theme_zh || ' ' || theme_en AS theme, count(*) AS goals,
                  count(latest_value) AS with_data, with_data || ' / ' || goals AS share
           FROM headline GROUP BY ALL ORDER BY with_data DESC, goals DESC, theme"""
    )
    of_theme = alt.Chart(themes).encode(
        y=alt.Y("theme:N", sort=themes["theme"].to_list(), title=None,
                axis=alt.Axis(labelLimit=460)),
        tooltip=["theme", "goals", "with_data"],
    )  # fmt: skip
    coverage = alt.layer(
        of_theme.mark_bar(color="#D9D9D9").encode(
            x=alt.X("goals:Q", title="有效目标数：蓝为有数据 / live goals: blue have data")
        ),
        of_theme.mark_bar(color=BLUE, size=10).encode(x="with_data:Q"),
        of_theme.mark_text(align="left", dx=5).encode(x="goals:Q", text="share:N"),
    )
    mo.vstack(
        [
            mo.md("## 不知道的 / What is not known"),
            table(reasons),
            mo.md("### 各主题有数据的目标 / Goals with data, by theme"),
            mo.md("*无 / none*") if themes.is_empty() else wide(coverage, 22),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
