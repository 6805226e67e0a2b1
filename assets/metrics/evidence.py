"""How good the evidence is: distance in peer deviations, age of the data, grade."""

import narwhals as nw

from assets.metrics.expressions import Frame, case, divide, is_true, only_when
from assets.metrics.thresholds import SIGMA_MIN_PEERS


def with_evidence(frame: Frame) -> Frame:
    """Add gap_sigma (sd), obs_age_years (years) and evidence_grade (A-D).

    Needs gap_abs, peer_sd, peer_count, as_of_t, t, n_obs, baseline_kind, and quality and bound of
    the observation that decided: that at the deadline where there is one, else the latest
    (decisive_quality, decisive_bound).

    Grade A: documented baseline and five points or more; B: a baseline and three; C: less; D: the
    deciding value is derived, approximate or from media other than official ones.
    """
    enough_peers = is_true(nw.col("peer_count") >= SIGMA_MIN_PEERS)
    weak = is_true(nw.col("decisive_quality").is_in(["derived", "media"])) | is_true(
        nw.col("decisive_bound") == "approx"
    )
    kind, points = nw.col("baseline_kind"), nw.col("n_obs")
    return frame.with_columns(
        gap_sigma=only_when(enough_peers, divide(nw.col("gap_abs"), nw.col("peer_sd"))),
        obs_age_years=nw.col("as_of_t") - nw.col("t"),
        evidence_grade=case(
            ((points > 0) & weak, "D"),
            ((kind == "documented") & (points >= 5), "A"),
            ((kind != "none") & (points >= 3), "B"),
            (points > 0, "C"),
        ),
    )
