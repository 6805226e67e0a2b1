"""Months, days and links as lists of articles print them."""

import datetime as dt

import pytest

from assets.sources.articles import day_in, path_on
from assets.sources.months import last_month, month_before


@pytest.mark.parametrize(
    ("printed", "month"),
    [
        ("2023年10月", "2023-10"),
        ("2023年10月份", "2023-10"),
        ("２０２３年１０月", "2023-10"),
        ("2023 年 10 月", "2023-10"),
        ("2023年1月", "2023-01"),
        ("2023年十一月", "2023-11"),
        ("2024年1－12月", "2024-12"),
        ("2024年1—2月份", "2024-02"),
        ("2024年1-2月", "2024-02"),
        ("2024年1～8月", "2024-08"),
        ("2024年1至8月", "2024-08"),
        ("2024年1月-8月", "2024-08"),
        ("2026年前7个月", "2026-07"),
        ("2026年前七个月", "2026-07"),
        ("2023年上半年", "2023-06"),
        ("2023年一季度", "2023-03"),
        ("2023年第一季度", "2023-03"),
        ("2023年前三季度", "2023-09"),
        ("2023年1-3季度", "2023-09"),
        ("2023年", "2023-12"),
        ("2023年全年", "2023-12"),
        ("国家邮政局公布2023年度", "2023-12"),
    ],
)
def test_the_last_month_of_a_period(printed: str, month: str) -> None:
    assert last_month(printed) == month


@pytest.mark.parametrize(
    "printed",
    ["2023年13月", "2023年0月", "2023年二季度", "2023年第三季度", "2023年下半年", "2023年7-8月",
     "2023年第43周", "2023年前5季度", "10月", "前7个月", "", "2023年10月15日"],
)  # fmt: skip
def test_what_is_no_period_since_january(printed: str) -> None:
    assert last_month(printed) is None


def test_the_period_stands_right_before_the_subject() -> None:
    subject = "互联网宽带接入用户分省情况"
    assert month_before("2023年10月互联网 宽带接入用户分省情况（一）", subject) == "2023-10"
    assert month_before("2023年10月电话用户分省情况", subject) is None
    assert month_before("2023年10月部分互联网宽带接入用户分省情况", subject) is None


def test_days_beside_a_link() -> None:
    assert day_in("发布时间：2023-11-22 10:00") == dt.date(2023, 11, 22)
    assert day_in("2023年11月2日") == dt.date(2023, 11, 2)
    assert day_in("2023年10月5G移动电话用户") is None
    assert day_in("2023-02-30") is None


def test_links_stay_on_the_host() -> None:
    base = "https://www.miit.gov.cn"
    assert path_on(base, "a/b/index.html", "../art_1.html") == "a/art_1.html"
    assert path_on(base, "a/index.html", "http://www.miit.gov.cn/x.html?y=1#z") == "x.html?y=1"
    for href in (
        "https://other.gov.cn/x", "//other.gov.cn/x", "javascript:void(0)", "http://[",
        "https://www.miit.gov.cn:8443/x", "https://www.miit.gov.cn.other.cn/x",
    ):  # fmt: skip
        assert path_on(base, "a/index.html", href) is None
