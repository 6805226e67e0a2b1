"""The everyday view of the evaluation indices."""

from typing import Final

from assets.view_parts import REGION, explained, label
from pipelines.warehouse import View
from schemas.tables_index import IndexScores

INDEX_VIEWS: Final[dict[str, View]] = {
    "index_overview": View(
        "评估指数一览：得分、区间、位次、覆盖率、最低成员、变化判断",
        "The indices at a glance: score, band, rank, coverage, worst member, verdict of change",
        f"""
        SELECT x.index_id, x.index_zh, x.index_en, x.region_code, {REGION}, x.year, x.part,
               x.part_zh, x.part_en, round(x.score, 1) AS score, round(x.score_low, 1) AS score_low,
               round(x.score_high, 1) AS score_high, round(x.geometric, 1) AS geometric,
               x.rank, x.rank_low, x.rank_high, x.ranked, x.worst_member,
               x.worst_zh, x.worst_en,
               round(x.worst_score, 1) AS worst_score, x.members, x.members_scored, x.members_met,
               x.excluded, x.themes, x.themes_scored, round(x.coverage, 3) AS coverage,
               x.null_reason, n.zh AS no_score_zh, n.en AS no_score_en,
               round(x.change, 1) AS change, x.change_verdict, c.zh AS verdict_zh,
               c.en AS verdict_en, x.same_members, round(x.score_restated, 1) AS score_restated,
               x.is_frozen, x.spec_version, x.as_of
        FROM gap.index_scores x
        JOIN core.regions r USING (region_code)
        {label("n", "NO_SCORE", "x.null_reason")}
        {label("c", "VERDICTS_OF_CHANGE", "x.change_verdict")}
        ORDER BY x.index_id, x.year DESC, x.part <> 'total', x.part, x.rank, x.region_code
        """,
        explained(
            IndexScores,
            no_score_zh="无分原因（中文） / why there is no score, Chinese",
            no_score_en="无分原因（英文） / why there is no score, English",
            verdict_zh="变化判断（中文） / verdict of change, Chinese",
            verdict_en="变化判断（英文） / verdict of change, English",
        ),
    ),
}
