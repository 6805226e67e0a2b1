"""Everyday questions of a planning office, and the query that answers each.

Shown by `duibiao sql --examples`, in the data dictionary and in the report; the tests run them all.
"""

from typing import Final, NamedTuple


class Example(NamedTuple):
    """A question in both languages and its query on the published file."""

    zh: str
    en: str
    sql: str


EXAMPLES: Final = (
    Example(
        "各个目标现在怎么样？",
        "How does every live goal stand?",
        """SELECT 指标, 目标年, 目标原文, 最新值, 单位, 最新时期, 差距, 完成率, 状态, 证据等级
FROM 目标差距 WHERE 最新值 IS NOT NULL""",
    ),
    Example(
        "有多少目标实现了，多少没有，多少无从判断？",
        "How many goals were met, how many missed, how many can nobody judge?",
        "FROM 状态计数",
    ),
    Example(
        "哪些目标到期没有实现，差多少？",
        "Which goals were missed at their deadline, and by how much?",
        """SELECT 指标, 目标年, 目标原文, 结果原文, 结果界限, 完成率, 首次达到年, 状态
FROM 未实现目标""",
    ),
    Example(
        "哪些目标被后来的文件改过，改了多少？",
        "Which goals did a later document change, and by how much?",
        """SELECT name_en, year_to, printed_from, printed_to, round(change_pct, 1) AS change_pct,
       from_source, to_source
FROM revised_targets WHERE kind = 'figure' ORDER BY change_pct""",
    ),
    Example(
        "每个主题有多少目标有数据可依？",
        "How many goals of each theme can be judged on data?",
        """SELECT theme_zh, count(*) AS goals, count(latest_value) AS with_data,
       round(100 * with_data / goals, 1) AS share_pct
FROM headline GROUP BY ALL ORDER BY share_pct DESC, goals DESC""",
    ),
    Example(
        "哪些有目标的指标数据已陈旧，该向谁要？",
        "Which indicators with goals are stale, and whom to ask?",
        """SELECT 指标, 地区, 最新时期, 数据天数, 陈旧阈值, 目标年, 责任单位
FROM 陈旧指标 WHERE 结论 = '陈旧'""",
    ),
    Example(
        "哪些有目标的指标从来没有数据？",
        "Which indicators with goals were never observed?",
        """SELECT theme_en, name_en, region_en, target_years, responsible_units
FROM stale_indicators WHERE finding = 'never_observed' ORDER BY theme_en, name_en""",
    ),
    Example(
        "应有而没有的数据有哪些？",
        "Which figures are due and not there?",
        """SELECT 指标, 地区, 时期类型, 应有, 已有, 齐全率, 缺少的时期
FROM 数据完整性 WHERE 有目标 = '是' AND 已有 > 0 AND 迟到 + 缺失 > 0 ORDER BY 齐全率""",
    ),
    Example(
        "河南各项指标最近一年在各省中排第几，离中位数和第一名多远？",
        "Where does Henan rank in the latest year, and how far from the median and the best?",
        """SELECT 指标, 年份, 数值, 单位, 位次, 省份数, 中位数, 第一位省份, 第一位数值, 排序依据
FROM 各省比较 QUALIFY 年份 = max(年份) OVER (PARTITION BY 指标代码)""",
    ),
    Example(
        "2020年各省软件业务收入排名？",
        "How did the provinces rank by software revenue in 2020?",
        """SELECT rank, region_zh, value, gap_to_median, gap_to_best, ranked_by
FROM peers('software_business_revenue', 2020)""",
    ),
    Example(
        "河南的位次逐年怎样变化？",
        "How has Henan's rank moved over the years?",
        """SELECT obs_year, rank, provinces, value, gap_to_median
FROM peer_comparison WHERE indicator_id = 'software_business_revenue' ORDER BY obs_year""",
    ),
    Example(
        "河南的信息化指数逐年得分、位次及其区间？",
        "What are Henan's index scores and ranks year by year, and how sure are they?",
        """SELECT 年份, 得分, 得分下限, 得分上限, 位次, 位次最好, 位次最差, 较上年, 变化判断
FROM 评估指数
WHERE 指数代码 = 'informatization_provinces' AND 地区 = '河南省' AND 部分代码 = 'total'
ORDER BY 年份""",
    ),
    Example(
        "哪些目标没有计入评估指数，为什么？",
        "Which goals are not scored in the index, and why?",
        """SELECT reason, is_member, count(*) AS goals, count(DISTINCT theme) AS themes
FROM gap.index_members
WHERE index_id = 'informatization_goals' AND year = (SELECT max(year) FROM gap.index_scores)
GROUP BY ALL ORDER BY goals DESC""",
    ),
    Example(
        "站在2018年底，2020年的目标当时怎么看？",
        "How did the goals for 2020 look at the end of 2018?",
        """SELECT target_id, obs_period, latest_value, attainment_pct, status
FROM gap_as_of(DATE '2018-12-31')
WHERE target_year = 2020 AND status NOT IN ('no_data', 'not_quantified')""",
    ),
    Example(
        "一个指标的历年数值及出处？",
        "What is the series of an indicator, and where does each figure come from?",
        """SELECT period, value, unit, bound, value_printed, quality, published_on, source_title
FROM trend('software_business_revenue', '410000')""",
    ),
    Example(
        "一个指标先后定过哪些目标？",
        "Which goals were set for an indicator, one after the other?",
        """SELECT year, printed, issued_on, title, superseded_on, status, attainment_pct
FROM target_history('ecommerce_transaction_value')""",
    ),
    Example(
        "逐年看，实际领先还是落后于各年目标连成的路径？",
        "Year by year, was the path through the goals of each year kept?",
        """SELECT year, expected_value, observed_period, observed_value, expected_gap, lead_years
FROM trajectory('base_stations_5g_total', '410000') WHERE path_kind = 'milestones'""",
    ),
    Example(
        "一份文件的每条数字后来怎样了？",
        "What became of every figure of a document?",
        """SELECT 条目, 章节, 指标, 原文, 去向, 状态, 完成率
FROM 条目去向 WHERE 条目 LIKE '004-%'""",
    ),
    Example(
        "省和各市的合计对得上吗？",
        "Do the sums over the parts agree with the whole?",
        """SELECT status, count(*) AS sums, max(abs(difference_pct)) AS largest_difference_pct
FROM rollups GROUP BY ALL ORDER BY sums DESC""",
    ),
    Example(
        "同一时期有哪些来源说法不一？",
        "Where do sources contradict one another about the same period?",
        """SELECT 指标, 地区, 时期, 原文, 来源等级, 出处, 未采用的值
FROM 观测值 WHERE 有冲突 = '是'""",
    ),
    Example(
        "这一版数据截至哪天，用了哪些来源？",
        "As of which day is this build, and what came from each source?",
        """SELECT b.build_id, b.as_of, s.title_zh, s.state, s.last_good_on, l.rows_accepted
FROM meta.build b, meta.sources s LEFT JOIN meta.ledger l USING (source_id)
ORDER BY l.rows_accepted DESC NULLS LAST""",
    ),
)
