"""The arithmetic of an index: hand-worked numbers and properties that must always hold."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.index import sensitivity
from assets.index.scores import (
    composite,
    goalpost_score,
    interval_score,
    mean_without,
    nested,
    ranks,
    rounded,
)
from assets.index.sensitivity import Layout

SCORE = st.floats(0, 100, allow_subnormal=False)
SCORES = st.dictionaries(st.sampled_from("abcdefgh"), SCORE, min_size=1)
WEIGHT = st.floats(0.1, 10)


@pytest.mark.parametrize(
    ("x", "score"), [(33.6651, 0), (114.726, 100), (74.19555, 50), (0, 0), (200, 100)]
)
def test_goalposts(x: float, score: float) -> None:
    assert goalpost_score(x, 33.6651, 114.726) == pytest.approx(score)


def test_less_may_be_better() -> None:
    assert [goalpost_score(x, 10, 0) for x in (12, 10, 4, -1)] == [0, 0, 60, 100]


def test_interval_without_room() -> None:
    with pytest.raises(ValueError, match=r"3\.\.6 leave no room around 3\.\.6"):
        interval_score(4, 3, 6, 3, 6)


def test_composite_by_hand() -> None:
    found = composite({"a": 100, "b": 25})
    assert (found.arithmetic, found.worst, found.coverage) == (62.5, "b", 1)
    assert found.geometric == pytest.approx(50)
    assert composite({"a": 100, "b": 25}, {"a": 3}).arithmetic == 81.25
    # The floor keeps one zero from deciding alone, and shows as 1.
    assert composite({"a": 100, "b": 0}).geometric == pytest.approx(10)


def test_below_the_coverage_there_is_no_score() -> None:
    found = composite({"a": 100, "b": None})
    assert (found.arithmetic, found.geometric, found.published) == (None, None, False)
    assert (found.worst, found.coverage) == ("a", 0.5)
    assert composite({}).coverage == 0
    assert composite({"a": 1.0, "b": None}, {"a": 2}).published


def test_themes_count_the_same_whatever_their_size() -> None:
    found = nested({"x": {"a": 0, "b": 0, "c": 0}, "y": {"d": 100}})
    assert found.total.arithmetic == 50
    assert found.shares == pytest.approx({"a": 1 / 6, "b": 1 / 6, "c": 1 / 6, "d": 1 / 2})
    half = nested({"x": {"a": 40, "b": None}, "y": {"c": 60}, "z": {"d": 80}})
    assert half.total.coverage == pytest.approx(2 / 3)
    assert half.total.arithmetic == 70
    assert not half.themes["x"].published
    assert half.total.worst == "y"
    strict = nested({"x": {"a": None}, "y": {"b": 1}, "z": {"c": 1}}, minima=(2 / 3, 1.0))
    assert strict.total.arithmetic is None
    assert strict.shares == {}


def test_ranks_share_the_better_place() -> None:
    assert ranks({"a": 5, "b": 7, "c": 5, "d": None}) == {"a": 2, "b": 1, "c": 2}


@given(SCORES, st.floats(0, 100), st.data())
def test_a_better_member_never_lowers_the_score(
    scores: dict[str, float], more: float, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(scores)))
    before, after = composite(scores), composite({**scores, name: max(more, scores[name])})
    assert after.arithmetic is not None
    assert before.arithmetic is not None
    assert after.arithmetic >= before.arithmetic - 1e-9
    assert (after.geometric or 0) >= (before.geometric or 0) - 1e-9


@given(SCORES, st.dictionaries(st.sampled_from("abcdefgh"), WEIGHT), st.floats(0.01, 100))
def test_bounded_and_free_of_the_scale_of_weights_and_of_order(
    scores: dict[str, float], weights: dict[str, float], scale: float
) -> None:
    every = {name: weights.get(name, 1.0) for name in scores}
    found = composite(scores, every)
    assert found.arithmetic is not None
    assert found.geometric is not None
    assert min(scores.values()) - 1e-9 <= found.arithmetic <= max(scores.values()) + 1e-9
    # Compared with the mean of what the geometric one is taken of: the floored scores.
    floored = composite({name: max(score, 1.0) for name, score in scores.items()}, every)
    assert 1 - 1e-9 <= found.geometric <= (floored.arithmetic or 0) + 1e-9
    other = composite(scores, {name: scale * weight for name, weight in every.items()})
    assert other.arithmetic == pytest.approx(found.arithmetic)
    assert composite(dict(reversed(scores.items())), every) == found


@given(st.dictionaries(st.sampled_from("abcdefgh"), SCORE, min_size=2))
def test_leaving_one_out_adds_up_to_nothing(scores: dict[str, float]) -> None:
    """With equal weights the influences of the members cancel out."""
    total = nested({"x": scores}).total.arithmetic
    assert total is not None
    rests = [mean_without({"x": scores}, name, {}, {}) for name in scores]
    assert math.fsum(total - rest for rest in rests if rest is not None) == pytest.approx(
        0, abs=1e-9
    )


def test_a_theme_goes_with_its_only_member() -> None:
    assert mean_without({"x": {"a": 10}, "y": {"b": 30, "c": None}}, "a", {}, {}) == 30
    assert mean_without({"x": {"a": 10}}, "a", {}, {}) is None


@given(st.floats(0, 4.7))
def test_exponential_is_one(x: float) -> None:
    found = float(sensitivity.exponential(np.array([x]))[0])
    assert found == pytest.approx(math.exp(x), rel=1e-13)


def test_the_draws_are_those_of_any_machine() -> None:
    """The first weights, written down: raw integers of PCG64 are the same everywhere."""
    weights = sensitivity.flat_weights(20261122, "theme", 1000, 3)
    assert weights[0].tolist() == FIRST_WEIGHTS
    assert np.allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()
    # A flat Dirichlet of three: mean 1/3, variance 2/36.
    assert np.allclose(weights.mean(axis=0), 1 / 3, atol=0.03)
    assert np.allclose(weights.var(axis=0), 2 / 36, atol=0.01)
    assert sensitivity.flat_weights(1, "a", 5, 1).tolist() == [[1.0]] * 5


FIRST_WEIGHTS = [0.22045425501719118, 0.4233597855009045, 0.35618595948190435]


def test_equal_draws_give_the_composite(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast route over arrays against the plain functions, with members missing."""
    scores: dict[str, dict[str, float | None]]
    scores = {"x": {"a": 10.0, "b": 0.0, "c": None}, "y": {"d": 80.0}, "z": {"e": None}}
    weights = {"a": 2.0}
    layout = Layout({t: list(m) for t, m in scores.items()}, {"y": 3.0}, weights, (2 / 3, 2 / 3), 1)
    monkeypatch.setattr(
        sensitivity, "flat_weights", lambda seed, name, draws, size: np.full((2, size), 1 / size)
    )
    flat = {name: score for theme in scores.values() for name, score in theme.items()}
    drawn = sensitivity.draw(layout, [[flat[name] for name in layout.members]], 2, 0, [None])
    found = nested(scores, {"y": 3.0}, weights)
    assert found.total.published
    for theme, expected in [(None, found.total), ("x", found.themes["x"])]:
        assert drawn[theme].arithmetic[:, 0] == pytest.approx([expected.arithmetic] * 2)
        assert drawn[theme].geometric[:, 0] == pytest.approx([expected.geometric] * 2)
    assert np.isnan(drawn["z"].arithmetic).all()


def test_quantiles_are_values_of_their_own() -> None:
    column = np.arange(1.0, 101.0)
    found = sensitivity.quantiles(np.stack([column[::-1], np.full(100, math.nan)], axis=1))
    assert [row[0] for row in found.values()] == [5, 50, 95]
    assert all(math.isnan(row[1]) for row in found.values())
    assert sensitivity.SHARES["low"] == Fraction(5, 100)


def test_ranks_by_draw() -> None:
    found = sensitivity.ranks_by_draw(np.array([[5.0, 7.0, 5.0, math.nan]]))
    assert found[0, :3].tolist() == [2, 1, 2]
    assert math.isnan(found[0, 3])


def test_published_digits() -> None:
    assert rounded(100 / 3) == 33.3333333333
    assert rounded(None) is None
