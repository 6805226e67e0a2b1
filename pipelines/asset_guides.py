"""What Dagster's asset pages tell a reader: what a table holds, where from, how much, what to see.

Numbers of rows are those of the bundled data, rounded: far more or fewer are worth a question.
"""

from typing import Final

from schemas.vocabulary import Label

THEME: Final = Label(
    "每行是一个公布的数：指标、地区、时期、数值、原文和出处。来自随库文件、各数据源、手工文件和单位报送。"
    "已按本主题的目标和序列检验单位与量级，被拒绝的行在 rejected_rows。"
    "通常几行到两千行。看什么：最近时期是否到位，数值与原文是否相符；图为主要序列及其目标。",
    "A row is one published figure: indicator, region, period, value, figure as printed, source. "
    "From bundled files, sources, dropped files and submissions. Unit and magnitude were checked "
    "against the goals and series of the theme; refused rows are in rejected_rows. Usually a few "
    "to 2,000 rows. Look at whether the latest period is there and whether values match what was "
    "printed; the picture shows the main series with its goals.",
)

GUIDES: Final[dict[str, Label]] = {
    "taken_in": Label(
        "每行是一个数据源的应答。看什么：失败或待定的来源，及其处理办法；失败的来源沿用上次的数据。",
        "A row is how one source answered. Look for those that failed or wait for a person, and "
        "at what to do; the last good data of a source that failed stay in use.",
    ),
    "documents": Label(
        "五份规划文件：标题、文号、发布日、条目数。来自登记册。通常5行。看什么：条目数与文件是否相符。",
        "The five planning documents with title, number, date and count of statements, from the "
        "register. Usually 5 rows. Look at whether the count matches the document.",
    ),
    "regions": Label(
        "行政区划与特定区域的代码、上级。来自 regions.csv。通常约250行。看什么：新设或撤销者。",
        "Codes of regions and what they belong to, from data/regions.csv. Usually about 250 rows. "
        "Look for regions that were created or dissolved.",
    ),
    "indicators": Label(
        "指标的名称、定义、单位、主题和口径说明。来自登记册。通常约300行。看什么：新增指标的单位和定义。",
        "Names, definitions, units and caveats, from the register. Usually about 300 rows. Look "
        "at unit and definition of what was added.",
    ),
    "targets": Label(
        "每行是一个目标：数值、期限、比较方式、原文、是否已被取代。来自登记册。通常约200行。"
        "看什么：新登记的目标是否与原文一致。",
        "A row is one goal: figure, deadline, operator, words of the document, what superseded it. "
        "From the register. Usually about 200 rows. Look at whether new ones match their text.",
    ),
    "target_sources": Label(
        "每个目标印在哪里：文件的节、条目号，或报道的标题和网址。通常约220行。看什么：是否每个目标都有出处。",
        "Where each goal is printed: section and statement, or title and address of a report. "
        "Usually about 220 rows. Look at whether every goal has its source.",
    ),
    "target_revisions": Label(
        "后来的文件改过的目标：原值、新值、幅度。由登记册推出。通常约10行。看什么：调低的目标。",
        "Goals that a later document changed: from, to, by how much. Derived from the register. "
        "Usually about 10 rows. Look for goals that were lowered.",
    ),
    "series_breaks": Label(
        "口径变动的指标和起始时期，前后的数不作比较。来自登记册。通常约12行。看什么：跳变的序列是否已登记。",
        "From which period on an indicator is not comparable with before. From the register. "
        "Usually about 12 rows. Look at whether series that jump are on record here.",
    ),
    "landings": Label(
        "各来源交来的文件：摘要、大小、验收结论。来自落地区。离线时通常2行，联网后更多。看什么：待定的文件及其原因。",
        "Files as the sources delivered them, with their SHA-256 and the verdict. Usually 2 rows "
        "offline, more with live sources. Look for what is quarantined, and why.",
    ),
    "sources": Label(
        "各数据源的状态、上次正常日期、下次应发布日期。通常7行。看什么：失败、待定或过期的来源。",
        "State of each source, when it was last good, when the next figures are due. Usually 7 "
        "rows. Look for sources that failed, wait or are overdue.",
    ),
    "parsed_rows": Label(
        "所有来源读出的数，已化为基本单位，尚未按目标检验。通常约6,400行。看什么：原文与数值是否相符。",
        "All figures as read, in base units, not yet checked against goals. Usually about 6,400 "
        "rows. Look at whether values match what was printed.",
    ),
    "observation_vintages": Label(
        "公布过的每一个数，改动过的也都保留。由各主题合并而来。通常约6,500行。看什么：同一时期有几个不同的数。",
        "Every figure ever published, changed ones included, from all themes. Usually about 6,500 "
        "rows. Look at periods that have several figures.",
    ),
    "observations": Label(
        "每个指标、地区、时期采用的一个数，按来源可信程度选出。通常约6,400行。看什么：“不一致”一列为“是”的行。",
        "The one value of record for each indicator, region and period, by trust in its source. "
        "Usually about 6,400 rows. Look at rows where sources disagree.",
    ),
    "rejected_rows": Label(
        "被拒绝的行，原样保留，并写明原因和处理。来自解析与检验。正常为0行。看什么：每一行。",
        "Rows that were refused, as they came, with the reason and the remedy. Usually none. "
        "Look at every one.",
    ),
    "ledger": Label(
        "每个来源读入多少行、采用多少、拒绝多少，合计相符。通常几行。看什么：读入为零的来源。",
        "Rows read, accepted and refused by source; they add up. Usually a few rows. Look for "
        "sources with nothing read.",
    ),
    "gap_to_goal": Label(
        "每个目标一行：最新值、差距、完成率、结论和证据等级。由目标和全部发布值算出。通常约200行，其中约140行无数据。"
        "看什么：未实现和到期未核实的目标；图中100%为达标线。",
        "One row a goal: latest value, gap, attainment, verdict, grade of the evidence; from goals "
        "and vintages. Usually about 200 rows, 140 of them without data. Look at goals that were "
        "missed or can't be verified; the line at 100% in the picture is the goal.",
    ),
    "gap_history": Label(
        "目标在每个观测时点的位置。与 gap_to_goal 同步算出。通常约110行。看什么：何年首次达到。",
        "Where a goal stood at every observation; made with gap_to_goal. Usually about 110 rows. "
        "Look for the year in which a goal was first met.",
    ),
    "gap_by_day": Label(
        "每当有新数发布或目标到期，当日所知的差距。供按历史日期查询。通常约1万行。看什么：按日期查，不必逐行看。",
        "The gap as known on every day on which something was published or fell due, for queries "
        "as of a day. Usually about 10,000 rows. Look a day up, do not read it through.",
    ),
    "projections": Label(
        "各序列今后五年的预测值、80%和95%区间，及所用方法、数据和历史误差。通常约2800行。看什么：把握程度低的，别当定数引用。",
        "Each series five years ahead, with 80 % and 95 % intervals, the method, the data used and "
        "past errors. Usually about 2,800 rows. Look at the assurance before quoting one.",
    ),
    "past_errors": Label(
        "每行是一次以往预测的误差，按截至日期、数值类型和预测年数分组；同时备有各变化日所知的目标。"
        "由登记册和各序列的历史推出。通常数万行。看什么：某一组的误差是否突然变大。",
        "A row is the error of one past projection, pooled by as-of day, kind of value and years "
        "ahead; beside it the goals as they were known on each day of change. Derived from the "
        "register and the series. Usually tens of thousands of rows. Look for a pool whose errors "
        "suddenly grew.",
    ),
    "outlook": Label(
        "每个序列离最新目标还有多远、何时能到，各一句话。通常约570行。看什么：期限已过仍未达到的。",
        "How each series stands towards its newest goal, in a sentence. Usually about 570 rows. "
        "Look for goals whose deadline has passed unmet.",
    ),
    "hindcasts": Label(
        "站在过去每一年所能作的预测，与后来的实际值对照。通常约13000行。看什么：如2018年对2020年的预测。",
        "What would have been projected in every past year, beside what came. Usually about 13,000 "
        "rows. Look up, for example, the view of 2020 from 2018.",
    ),
    "projection_skill": Label(
        "各种方法在历史检验中的误差、区间覆盖率和概率得分。通常约90行。看什么：所用方法是否不如直线，区间是否名实相符。",
        "Errors, coverage and Brier scores of each method. Usually about 90 rows. Look whether the "
        "method in use loses to a straight line, and whether intervals hold what they say.",
    ),
    "trajectories": Label(
        "每条路径每年一行：年末应达值、当年观测值、差多少、领先几年。由目标差距推出。通常约250行。"
        "看什么：观测值落在路径哪一侧。",
        "A row is a year of a path: what it asks for, what was observed, the gap, the lead in "
        "years; derived from the gaps. Usually about 250 rows. Look at which side of the path the "
        "figures lie on.",
    ),
    "index_scores": Label(
        "评估指数每年的总分和主题分、区间、位次；冻结的年份不变。由目标差距和各省数据算出。通常约1,500行。"
        "看什么：无分的原因，以及区间是否宽到不能断言升降。",
        "Scores of the indices and of their themes by year, with bands and ranks; frozen years do "
        "not move. From gaps and provincial figures. Usually about 1,500 rows. Look at why there "
        "is no score, and whether bands are too wide to speak of a rise or fall.",
    ),
    "index_members": Label(
        "指数的成员：计分与否、理由、权重、去除它后的变化。与 index_scores 同步算出。"
        "通常约3,900行。看什么：没有计分的成员，影响最大的成员。",
        "Members of the indices: scored or why not, weight, what changes without each of them; "
        "made with index_scores. Usually about 3,900 rows. Look at members without a score, and "
        "at those that matter most.",
    ),
    "index_sensitivity": Label(
        "随机权重和不同方法下得分与位次的分布。与 index_scores 同步算出。通常约5,700行。"
        "看什么：各方法的中位数是否接近。",
        "Spread of score and rank over drawn weights, by method; made with index_scores. Usually "
        "about 5,700 rows. Look at whether the medians of the methods are close.",
    ),
    "statements": Label(
        "五份文件里的每条数字及其去向：目标、已达数或未量化。通常185行。看什么：是否有条目没有去向。",
        "Every statement of the five documents and what became of it: goal, figure reached, or not "
        "quantified. Usually 185 rows. Look for statements without an outcome.",
    ),
    "revisions": Label(
        "发布者改动自己已公布的数：原值、新值、相隔天数。离线时通常0行。看什么：改动大的行。",
        "Figures that a publisher changed after publishing: from, to, after how many days. Usually "
        "none offline. Look at large changes.",
    ),
    "submissions": Label(
        "每个单位每季应报多少、报了多少、是否按时。来自报送表和登记册。通常约100行。看什么：迟报和缺报。",
        "What each unit owes a quarter, what came, and whether in time. Usually about 100 rows. "
        "Look for what is late or missing.",
    ),
    "rollups": Label(
        "下级合计与上级数的差。由采用值算出。通常约430行。看什么：差额超过允许误差的行。",
        "Sums of the parts of a region against its own figure. Usually about 430 rows. Look at "
        "differences beyond the tolerance.",
    ),
    "completeness": Label(
        "应有的每个时期有没有数、是否过期未到。通常约1万行。看什么：有目标而无数据的序列。",
        "Whether each period that should be there is there. Usually about 10,000 rows. Look for "
        "series with a goal and no data.",
    ),
    "checks": Label(
        "需要人看的发现：严重程度、对象、说明和处理。由全部表得出。通常约330行，多为提示。看什么：先错误，后警告。",
        "Findings for a person: severity, what, why, what to do. Usually about 330 rows, mostly "
        "notes. Look at errors first, then warnings.",
    ),
    "freshness": Label(
        "每个序列的最近时期和距今天数。由采用值算出。通常约860行。看什么：有目标而已陈旧的序列。",
        "Latest period and age of each series. Usually about 860 rows. Look for stale series that "
        "have a goal.",
    ),
    "warehouse": Label(
        "供查询的 DuckDB 文件，含全部表和视图；核对无误才替换上一版。看什么：版本号、是否新发布。",
        "The DuckDB file with all tables and views; it takes the place of the last one only when "
        "everything holds. Look at its id and whether it is new.",
    ),
    "report": Label(
        "给人看的网页报告，中英文各一套，用浏览器打开即可，不需要网络。由已发布的数据仓库生成。看什么：首页的未实现目标。",
        "The report as web pages in both languages, from the published warehouse; any browser "
        "opens it, no network needed. Look at the goals that were missed on its first page.",
    ),
}


def described(key: str, title: Label) -> str:
    """The description of an asset: its title, then what to know about it, in both languages."""
    guide = GUIDES.get(key, THEME)
    return f"{title.zh} / {title.en}\n\n{guide.zh}\n\n{guide.en}"
