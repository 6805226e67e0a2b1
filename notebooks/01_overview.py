"""全部目标及其结果 / all targets and their outcomes. Run: `make notebook`, or as a plain script."""

import marimo

app = marimo.App(width="medium", app_title="对标 duibiao: 目标与结果 / goals and outcomes")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import polars as pl

    from pipelines.builds import NothingPublished, open_readonly
    from pipelines.settings import Settings

    return NothingPublished, Settings, alt, mo, open_readonly, pl


@app.cell
def _(NothingPublished, Settings, mo, open_readonly):
    def read(query, *values):
        """Ask the published file; the connection is closed at once, so that no run has to wait."""
        with open_readonly(Settings.default()) as connection:
            return connection.sql(query, params=list(values)).pl()

    try:
        build = read("FROM meta.build").row(0, named=True)
    except NothingPublished as nothing:
        mo.stop(True, mo.md(f"**{nothing}**"))
    return build, read


@app.cell
def _(mo):
    def plain_table(frame, **options):
        """A table to read and sort, without the statistics of its columns."""
        return mo.ui.table(
            frame, selection=None, show_column_summaries=False, show_data_types=False, **options
        )

    return (plain_table,)


@app.cell
def _(build, mo):
    mo.md(f"""
    # 规划目标离实现还有多远 / How far the goals are from being met

    截至 **{build["as_of"]}** 所知；版本 `{build["build_id"]}`。
    没有数据的目标列为“无数据”，不当作零。

    As known on **{build["as_of"]}**. Goals without data are listed as such; nothing is imputed.
    """)
    return


@app.cell
def _(alt, mo, read):
    counts = read("FROM status_counts").with_row_index("position")
    bars = (
        alt.Chart(counts)
        .transform_calculate(label="datum.status_zh + ' ' + datum.status_en")
        .mark_bar()
        .encode(
            y=alt.Y("label:N", sort=alt.SortField("position"), title=None,
                    axis=alt.Axis(labelLimit=260)),
            x=alt.X("targets:Q", title="有效目标数 / live goals", axis=alt.Axis(tickMinStep=10)),
            tooltip=["status_zh", "status_en", "targets", "documented"],
        )
    )  # fmt: skip
    numbers = bars.mark_text(align="left", dx=4).encode(text="targets:Q")
    mo.vstack(
        [mo.md("## 状态 / Verdicts"), (bars + numbers).properties(width=460, height=alt.Step(22))]
    )
    return


@app.cell
def _(mo, read):
    headline = read(
        """SELECT theme, status, status_zh AS "状态", name_zh AS "指标",
                  target_year::VARCHAR AS "目标年",
                  printed AS "目标（原文）", latest_value AS "最新值", unit AS "单位",
                  obs_period AS "最新时期", round(attainment_pct, 1) AS "完成率 %",
                  evidence_grade AS "证据", region_zh AS "地区", name_en AS indicator,
                  obs_source AS "来源"
           FROM headline ORDER BY status IN ('no_data', 'not_quantified'), standing,
                                  target_year NULLS LAST, name_zh"""
    )
    themes = mo.ui.multiselect(sorted(headline["theme"].unique()), label="主题 theme")
    verdicts = mo.ui.multiselect(sorted(headline["status"].unique()), label="状态 verdict")
    return headline, themes, verdicts


@app.cell
def _(headline, mo, pl, plain_table, themes, verdicts):
    chosen = headline.filter(
        pl.col("theme").is_in(themes.value or headline["theme"].unique().to_list()),
        pl.col("status").is_in(verdicts.value or headline["status"].unique().to_list()),
    )
    mo.vstack(
        [
            mo.md("## 有效目标 / Live goals"),
            mo.hstack([themes, verdicts], justify="start"),
            plain_table(chosen.drop("theme", "status"), page_size=15),
        ]
    )
    return


@app.cell
def _(mo, read):
    with_data = read(
        """SELECT DISTINCT i.indicator_id, i.name_zh || ' ' || i.name_en AS label
           FROM core.indicators i JOIN core.targets t USING (indicator_id)
           JOIN core.observations o USING (indicator_id) WHERE t.is_quantified ORDER BY label"""
    )
    options = dict(with_data.select("label", "indicator_id").iter_rows())
    first = next((k for k, v in options.items() if v == "base_stations_5g_total"), None)
    picker = mo.ui.dropdown(options, value=first, label="指标 indicator", searchable=True)
    return (picker,)


@app.cell
def _(alt, mo, picker, plain_table, read):
    series = read(
        """SELECT period, value, bound, quality, source_title, period_end FROM core.observations
           WHERE indicator_id = ? AND region_code = '410000' AND period_type <> 'year_to_date'
           ORDER BY period_end""",
        picker.value,
    )
    goals = read(
        """SELECT make_date(t.year, 12, 31) AS due, coalesce(g.resolved_target, t.value) AS value,
                  t.printed, s.title, t.issued_on,
                  CASE WHEN t.superseded_by IS NULL THEN '目标 goal'
                       ELSE '已被取代 superseded' END AS kind
           FROM core.targets t JOIN gap.gap_to_goal g USING (target_id)
           JOIN core.target_sources s ON s.target_id = t.target_id AND s.source_no = 1
           WHERE t.indicator_id = ? AND t.region_code = '410000' AND t.is_quantified
             AND t.year IS NOT NULL AND t.is_goal""",
        picker.value,
    )
    unit = read("SELECT unit FROM core.indicators WHERE indicator_id = ?", picker.value).item()
    kinds, shapes = ["目标 goal", "已被取代 superseded"], ["diamond", "cross"]
    colours = ["#d55e00", "#999999"]
    y_title = f"数值 / value ({unit})"
    values = (
        alt.Chart(series)
        .mark_line(point=alt.OverlayMarkDef(size=60), color="#0072b2")
        .encode(
            x=alt.X("period_end:T", title="时期末 / end of period"),
            y=alt.Y("value:Q", title=y_title, axis=alt.Axis(format="~s")),
            tooltip=["period", "value", "bound", "quality", "source_title"],
        )
    )
    marks = (
        alt.Chart(goals)
        .mark_point(size=140, filled=True)
        .encode(
            x="due:T",
            y="value:Q",
            shape=alt.Shape("kind:N", title=None, scale=alt.Scale(domain=kinds, range=shapes)),
            color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds, range=colours)),
            tooltip=["printed", "due", "value", "title", "issued_on", "kind"],
        )
    )
    mo.vstack(
        [
            mo.md("## 单个指标：数据与目标 / One indicator: figures and goals"),
            picker,
            (values + marks).properties(width=640, height=300),
            plain_table(goals, label="目标及出处 / goals and their sources"),
            plain_table(series, label="采用值及出处 / values of record"),
        ]
    )
    return


@app.cell
def _(mo, plain_table, read):
    unknown = read(
        """SELECT s.zh AS "不知道的原因", s.en AS reason, count(*) AS "有效目标数 goals"
           FROM gap_to_goal g JOIN meta.codes s
             ON s.vocabulary = 'STATUS_REASONS' AND s.code = g.status_reason
           WHERE is_live AND status IN ('no_data', 'expired_unverified', 'insufficient_data',
                                        'not_quantified')
           GROUP BY ALL ORDER BY 3 DESC"""
    )
    mo.vstack([mo.md("## 不知道的 / What is not known"), plain_table(unknown)])
    return


if __name__ == "__main__":
    app.run()
