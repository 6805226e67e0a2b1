"""空白：自己的问题从这里开始 / Blank: start here with a question of your own."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="对标 duibiao · 空白 blank")


@app.cell
def _():
    import altair as alt
    import marimo as mo

    from pipelines.notebook import published, table, wide

    return alt, mo, published, table, wide


@app.cell
def _(published):
    # 已发布的库，只读；整个笔记本用同一版本 / The published file, read-only, one build throughout.
    build = published()
    return (build,)


@app.cell
def _(build):
    build.masthead(
        "自己的问题",
        "A question of your own",
        "先复制再改：`cp notebooks/05_blank.py my_question.py`，"
        "再 `duibiao notebook my_question.py`。表和列见 `duibiao dictionary`，"
        "更多例句见 `duibiao sql --examples`。",
        "Copy it first: `cp notebooks/05_blank.py my_question.py`, then "
        "`duibiao notebook my_question.py`. Tables and columns: `duibiao dictionary`; more "
        "queries: `duibiao sql --examples`.",
    )
    return


@app.cell
def _(build, mo, table):
    # 1. 查询 → 表。? 处填入后面的值 / A query becomes a table; values go where the ? stand.
    answer = build.ask(
        """SELECT name_zh AS "指标 indicator", target_year AS "目标年 due",
                  printed AS "目标原文 as printed",
                  round(reached_pct, 1) AS "完成率 attainment %",
                  status_zh || ' ' || status_en AS "结论 verdict"
           FROM headline WHERE target_year = ? AND reached IS NOT NULL ORDER BY reached_pct""",
        2020,
    )
    mo.vstack([mo.md("## 1. 查询 / A query"), table(answer)])
    return


@app.cell
def _(alt, build, mo, wide):
    # 2. 查询 → 图。数值不换算，单位见 unit 列 / A query becomes a chart; values are unscaled.
    series = build.ask(
        """SELECT period, value / 1e8 AS value, bound, source_title
           FROM trend('software_business_revenue', '410000') WHERE period_type = 'annual'"""
    )
    chart = (
        alt.Chart(series)
        .mark_line(point=True, color="#0072B2")
        .encode(
            x=alt.X("period:O", title="年 year", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("value:Q", title="软件业务收入（亿元） / software revenue (CNY 100 million)"),
            tooltip=["period", "value", "bound", "source_title"],
        )
    )
    mo.vstack([mo.md("## 2. 图 / A chart"), wide(chart)])
    return


@app.cell
def _(build, mo, table):
    # 3. 站在过去的一天 / As of a past day: only what was published by then.
    past = build.ask(
        """SELECT target_id AS "目标 goal", obs_period AS "时期 period",
                  round(attainment_pct, 1) AS "完成率 attainment %", status AS "结论 verdict"
           FROM gap_as_of(?::DATE) WHERE target_year = 2020 AND latest_value IS NOT NULL""",
        "2018-12-31",
    )
    mo.vstack([mo.md("## 3. 2018年底所见 / As seen at the end of 2018"), table(past)])
    return


@app.cell
def _(build, mo, table):
    # 这里写自己的查询 / Your query here; what there is: FROM 状态计数, FROM 各省比较, …
    mine = build.ask("FROM status_counts")
    mo.vstack([mo.md("## 我的查询 / My query"), table(mine)])
    return


if __name__ == "__main__":
    app.run()
