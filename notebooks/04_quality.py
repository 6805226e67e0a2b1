"""数据质量：来源、冲突、拒绝、检查、齐全 / Quality: sources, conflicts, refusals, checks."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="对标 duibiao · 数据质量 quality")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import polars as pl

    from assets.charts.style import BLUE, INK, ORANGE, VERMILLION
    from pipelines.notebook import figures, language_switch, published, table, wide

    return (
        BLUE,
        INK,
        ORANGE,
        VERMILLION,
        alt,
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
        "数据质量",
        "Quality of the data",
        "每一行读入的数据要么采用，要么连同理由列出；来源不一致、陈旧和缺少的都看得见。",
        "Every row read is either accepted or listed with the reason; where sources contradict one "
        "another, and what is old or absent, is shown.",
    )
    return


@app.cell
def _(language_switch):
    language = language_switch()
    language
    return (language,)


@app.cell
def _(build, mo, pl, table):
    ledger = build.ask(
        """SELECT *, rows_in = rows_accepted + rows_rejected AS agrees
           FROM meta.ledger ORDER BY source_id"""
    )
    _total = ledger.select(pl.col("rows_in", "rows_accepted", "rows_rejected").sum()).row(0)
    _agrees = ledger["agrees"].all()
    mo.vstack(
        [
            mo.md("## 行数对账 / Rows in = accepted + refused"),
            mo.callout(
                mo.md(
                    f"读入 in **{_total[0]}** = 采用 accepted **{_total[1]}** + 拒绝 refused "
                    f"**{_total[2]}**：{'相符 agrees' if _agrees else '**不符 does not agree**'}"
                ),
                kind="success" if _agrees else "danger",
            ),
            table(
                ledger.select(
                    pl.col("source_id").alias("数据源 source"),
                    pl.col("rows_in").alias("读入 in"),
                    pl.col("rows_accepted").alias("采用 accepted"),
                    pl.col("rows_confirmed").alias("其中重复确认 of these confirmed"),
                    pl.col("rows_rejected").alias("拒绝 refused"),
                    pl.col("agrees").alias("相符 agrees"),
                )
            ),
        ]
    )
    return


@app.cell
def _(build, language, mo, pl, table):
    _refused = build.ask("FROM rejected_rows ORDER BY source_id, file, source_row")
    mo.vstack(
        [
            mo.md("## 被拒绝的行 / Refused rows"),
            table(
                _refused.select(
                    pl.col("source_id").alias("数据源 source"),
                    pl.col("file").alias("文件 file"),
                    pl.col("source_row").alias("行 line"),
                    pl.col("field").alias("字段 column"),
                    pl.col("field_value").alias("值 value"),
                    pl.col(f"message_{language.value}").alias("说明 why"),
                    pl.col("remedy").alias("建议 remedy"),
                    pl.col("raw").alias("原始行 as it came"),
                ),
                empty="没有被拒绝的行 / no row was refused",
            ),
        ]
    )
    return


@app.cell
def _(build, language, mo, pl, table):
    sources = build.ask(
        f"""SELECT s.*, c.{language.value} AS answer,
                   coalesce(next_expected_on < ?, false) AS is_overdue
            FROM meta.sources s
            LEFT JOIN meta.codes c ON c.vocabulary = 'SOURCE_STATES' AND c.code = s.state
            ORDER BY last_good_on IS NULL, source_id""",
        build.as_of,
    )
    mo.vstack(
        [
            mo.md(
                "## 来源及其新旧 / The sources and their age\n\n“—”为从无数据。"
                " “—”: no data of it yet."
            ),
            table(
                sources.select(
                    pl.col(f"title_{language.value}").alias("来源 source"),
                    pl.col("answer").alias("状态 state"),
                    pl.col("last_good_on").alias("最近验收 last accepted"),
                    pl.col("age_days").alias("天数 days"),
                    pl.col("latest_period").alias("最新时期 latest period"),
                    pl.col("next_expected_on").alias("预计下次发布 next due"),
                    pl.col("is_overdue").alias("已过期 overdue"),
                    pl.col(f"error_{language.value}").alias("错误 error"),
                    pl.col(f"publisher_{language.value}").alias("发布者 publisher"),
                    pl.col(f"cadence_{language.value}").alias("频率 cadence"),
                    pl.col(f"terms_{language.value}").alias("许可 terms"),
                )
            ),
        ]
    )
    return


@app.cell
def _(BLUE, INK, ORANGE, alt, build, language, mo, pl, table, wide):
    fresh = build.ask(
        f"""SELECT i.name_{language.value} AS indicator, r.name_{language.value} AS region,
                   f.latest_period, f.age_days / 365.25 AS age,
                   f.stale_after_days / 365.25 AS stale, f.is_stale, f.latest_published_on
            FROM meta.freshness f
            JOIN core.indicators i USING (indicator_id)
            JOIN core.regions r ON r.region_code = f.region_code
            WHERE (f.indicator_id, f.region_code) IN
                  (SELECT (indicator_id, region_code) FROM gap_to_goal WHERE is_live)
              AND f.latest_period IS NOT NULL
            ORDER BY f.age_days DESC, indicator"""
    )
    never = build.ask(
        f"""SELECT theme_{language.value} AS theme, name_{language.value} AS indicator,
                   region_{language.value} AS region, target_years, responsible_units
            FROM stale_indicators WHERE finding = 'never_observed'
            ORDER BY theme, indicator, region"""
    )
    _stale, _fresh = "陈旧 stale", "未过时 fresh"
    _drawn = fresh.with_columns(
        name=pl.format("{} {}", "indicator", "region"),
        state=pl.when("is_stale").then(pl.lit(_stale)).otherwise(pl.lit(_fresh)),
        label=pl.format("{}", "latest_period"),
    )
    _scale = {"domain": [_fresh, _stale]}
    _base = alt.Chart(_drawn).encode(
        y=alt.Y("name:N", sort=_drawn["name"].to_list(), title=None, axis=alt.Axis(labelLimit=320)),
        tooltip=["name:N", "latest_period:N", "latest_published_on:T", "state:N"],
    )
    _x = alt.X("age:Q", title="最新时期距今年数，竖线为陈旧界限 / age in years; tick: stale limit")
    _chart = alt.layer(
        _base.mark_tick(color=INK, thickness=2, size=14, orient="vertical").encode(x="stale:Q"),
        _base.mark_point(filled=True, size=80, opacity=1).encode(
            x=_x,
            color=alt.Color("state:N", title=None, scale=alt.Scale(**_scale, range=[BLUE, ORANGE]),
                            legend=alt.Legend(orient="bottom")),
            shape=alt.Shape("state:N", scale=alt.Scale(**_scale, range=["circle", "square"])),
        ),
        _base.mark_text(align="left", dx=9, stroke="white", strokeWidth=3).encode(
            x=_x, text="label:N"
        ),
        _base.mark_text(align="left", dx=9).encode(x=_x, text="label:N"),
    )  # fmt: skip
    mo.vstack(
        [
            mo.md(
                "## 有目标的序列有多新 / Freshness of the series with goals\n\n"
                f"有数据 with figures: **{len(fresh)}** · 其中陈旧 of these stale: "
                f"**{fresh['is_stale'].sum()}** · 从无数据 never observed: **{len(never)}**"
            ),
            mo.md("*无 / none*") if fresh.is_empty() else wide(_chart, 22),
            mo.md("### 从无数据 / Never observed"),
            table(
                never.rename(
                    {
                        "theme": "主题 theme",
                        "indicator": "指标 indicator",
                        "region": "地区 region",
                        "target_years": "目标年 due",
                        "responsible_units": "责任单位 responsible",
                    }
                )
            ),
        ]
    )
    return


@app.cell
def _(build, figures, language, mo, pl, table):
    _conflicts = build.ask(
        """SELECT v.*, o.max_difference_pct
           FROM observed_values v JOIN core.observations o USING (observation_id)
           WHERE v.is_conflict ORDER BY o.max_difference_pct DESC"""
    )
    mo.vstack(
        [
            mo.md(
                "## 来源之间的冲突 / Conflicts between sources\n\n"
                "采用等级高、发布晚的；未采用的值并列在此，差异超出所印精度。\n\n"
                "The better source is used, and of equals the later one; the values that it beat "
                "stand beside it. They differ by more than their printed precision."
            ),
            table(
                _conflicts.select(
                    pl.col(f"name_{language.value}").alias("指标 indicator"),
                    pl.col(f"region_{language.value}").alias("地区 region"),
                    pl.col("period").alias("时期 period"),
                    figures(_conflicts, "value", language.value, bound="bound").alias("采用 used"),
                    pl.col(f"quality_{language.value}").alias("等级 quality"),
                    pl.col("source_title").alias("出处 source"),
                    pl.col("beaten").alias("未采用的值 values not used"),
                    pl.col("max_difference_pct").round(2).alias("最大差异 difference %"),
                ),
                empty="没有冲突 / no conflict",
            ),
        ]
    )
    return


@app.cell
def _(BLUE, ORANGE, VERMILLION, alt, build, language, mo, pl, table, wide):
    found = build.ask(
        f"""SELECT k.{language.value} AS severity, c.rule, c.table_name, c.key,
                   c.message_{language.value} AS message, c.remedy, k.zh || ' ' || k.en AS level
            FROM meta.checks c
            LEFT JOIN meta.codes k ON k.vocabulary = 'SEVERITIES' AND k.code = c.severity
            ORDER BY k.position, c.rule, c.key"""
    )
    _counts = found.group_by("level", "rule", maintain_order=True).len("findings")
    _counts = _counts.with_columns(label=pl.format("{} {}", "findings", "level"))
    _levels = build.ask(
        "SELECT zh || ' ' || en FROM meta.codes WHERE vocabulary = 'SEVERITIES' ORDER BY position"
    ).to_series()
    _base = alt.Chart(_counts).encode(
        y=alt.Y("rule:N", sort=_counts["rule"].to_list(), title=None,
                axis=alt.Axis(labelLimit=260)),
        x=alt.X("findings:Q", title="发现数 / findings"),
        tooltip=["level:N", "rule:N", "findings:Q"],
    )  # fmt: skip
    _chart = alt.layer(
        _base.mark_bar().encode(
            color=alt.Color(
                "level:N",
                title=None,
                scale=alt.Scale(domain=_levels.to_list(), range=[VERMILLION, ORANGE, BLUE]),
                legend=alt.Legend(orient="bottom"),
            )
        ),
        _base.mark_text(align="left", dx=5).encode(text="label:N"),
    )
    mo.vstack(
        [
            mo.md(f"## 检查的发现 / Findings of the checks\n\n共 in all: **{len(found)}**"),
            mo.md("*无 / none*") if found.is_empty() else wide(_chart, 24),
            table(
                found.drop("level").rename(
                    {
                        "severity": "级别 severity",
                        "rule": "规则 rule",
                        "table_name": "表 table",
                        "key": "对象 key",
                        "message": "说明 what",
                        "remedy": "建议 remedy",
                    }
                )
            ),
        ]
    )
    return


@app.cell
def _(BLUE, INK, ORANGE, alt, build, language, mo, pl, table, wide):
    _cells = build.ask(
        f"""SELECT i.name_{language.value} || ' ' || r.name_{language.value} AS series, c.period,
                   c.status, s.zh || ' ' || split_part(s.en, ',', 1) AS state,
                   bool_or(c.status = 'there') OVER of_series AS is_there,
                   count(*) FILTER (c.status = 'there') OVER of_series AS there
            FROM core.completeness c
            JOIN core.indicators i USING (indicator_id)
            JOIN core.regions r ON r.region_code = c.region_code
            LEFT JOIN meta.codes s ON s.vocabulary = 'CELL_STATUSES' AND s.code = c.status
            WHERE c.has_goal AND c.period_type = 'annual'
            WINDOW of_series AS (PARTITION BY c.indicator_id, c.region_code)
            ORDER BY there DESC, series, c.period"""
    )
    _series = build.ask("FROM series_completeness WHERE has_goal ORDER BY there_pct DESC, name_zh")
    seen = _cells.filter("is_there")
    unseen = _cells.filter(~pl.col("is_there"))
    _styles = {
        "there": ("已有 there", BLUE, "●"),
        "late": ("迟到 late", ORANGE, "◷"),
        "missing": ("缺失 missing", "#D9D9D9", "✕"),
        "not_yet_due": ("未到期 not due yet", "#F2F2F2", "·"),
    }
    _drawn = seen.with_columns(
        state=pl.col("status").replace_strict({k: f"{m} {n}" for k, (n, _, m) in _styles.items()}),
        mark=pl.col("status").replace_strict({k: m for k, (_, _, m) in _styles.items()}),
    )
    _base = alt.Chart(_drawn).encode(
        x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("series:N", sort=_drawn["series"].unique(maintain_order=True).to_list(),
                title=None, axis=alt.Axis(labelLimit=320)),
        tooltip=["series:N", "period:O", "state:N"],
    )  # fmt: skip
    _colours = alt.Scale(
        domain=[f"{m} {n}" for n, _, m in _styles.values()],
        range=[c for _, c, _ in _styles.values()],
    )
    _chart = alt.layer(
        _base.mark_rect(stroke="white", strokeWidth=2).encode(
            color=alt.Color("state:N", title=None, scale=_colours,
                            legend=alt.Legend(orient="bottom"))
        ),
        _base.mark_text(fontWeight="bold").encode(
            text="mark:N",
            color=alt.condition(
                "datum.status == 'there' || datum.status == 'late'",
                alt.value("white"),
                alt.value(INK),
            ),
        ),
    )  # fmt: skip
    mo.vstack(
        [
            mo.md(
                "## 数据齐不齐 / Completeness\n\n有目标的年度序列，每年一格。另有 "
                f"**{unseen['series'].n_unique()}** 个序列没有任何年度数据，共缺 **{len(unseen)}** "
                "格，图中未画，见下表。\n\nAnnual series with goals, a cell a year. "
                f"**{unseen['series'].n_unique()}** more have no annual figure at all "
                f"(**{len(unseen)}** cells); they are not drawn, but in the table below."
            ),
            mo.md("*无 / none*") if seen.is_empty() else wide(_chart, 22),
            table(
                _series.select(
                    pl.col(f"name_{language.value}").alias("指标 indicator"),
                    pl.col(f"region_{language.value}").alias("地区 region"),
                    pl.col(f"period_type_{language.value}").alias("时期类型 period"),
                    pl.col("periods_due").alias("应有 due"),
                    pl.col("periods_there").alias("已有 there"),
                    pl.col("periods_late").alias("迟到 late"),
                    pl.col("periods_missing").alias("缺失 missing"),
                    pl.col("there_pct").alias("齐全率 there %"),
                    pl.col("absent_periods").alias("缺少的时期 absent"),
                )
            ),
        ]
    )
    return


@app.cell
def _(build, language, mo, pl, table):
    _owed = build.ask(
        f"""SELECT s.*, r.name_{language.value} AS region, c.{language.value} AS state
            FROM submissions s JOIN core.regions r USING (region_code)
            LEFT JOIN meta.codes c ON c.vocabulary = 'SUBMISSION_STATUSES' AND c.code = s.status
            ORDER BY s.due_on DESC, s.unit_id, s.region_code"""
    )
    mo.vstack(
        [
            mo.md("## 季度报送 / Quarterly submissions"),
            table(
                _owed.select(
                    pl.col("quarter").alias("季度 quarter"),
                    pl.col(f"unit_{language.value}").alias("责任单位 unit"),
                    pl.col("region").alias("地区 region"),
                    pl.col("state").alias("状态 state"),
                    pl.col("due_on").alias("截止 due"),
                    pl.col("figures_owed").alias("应报 owed"),
                    pl.col("figures_accepted").alias("接受 accepted"),
                    pl.col("figures_refused").alias("拒绝 refused"),
                    pl.col("last_received_on").alias("最近收到 received"),
                ),
                empty="没有报送安排 / nothing is owed",
            ),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
