"""Every cut-off of every verdict, in one place.

Sources: methods of the project's own (pace, moving away, plan classes) and the published rules
of Eurostat, the UN Statistics Division, UN ESCAP, SDSN, ISTAT and the Philippine Statistics
Authority as cited in docs/methods.md.
"""

from typing import Final

# --- ours -------------------------------------------------------------------------------
ON_TRACK_PACE: Final = 0.95
AT_RISK_PACE: Final = 0.60
MOVING_AWAY_PCT: Final = -1.0  # of the distance from baseline to target
APPROX_SHARE: Final = 0.95  # "about 500" is met at 95 % of it
PLAN_BAND_PP: Final = 5.0  # 基本符合预期: within +-5 percentage points of the schedule
BASELINE_WINDOW_YEARS: Final = 2.0  # nearest observation that may stand for the baseline
RECENT_PACE_DECAY: Final = 0.6  # weight of a yearly change, per year of age
SIGMA_MIN_PEERS: Final = 10  # regions needed for a standard deviation
LIKELY: Final = 0.80  # chance to meet the goal in time: on track
EVEN: Final = 0.40  # at risk

# --- projections ---------------------------------------------------------------------------
PROJECTION_MIN_POINTS: Final = 3
DAMPING: Final = 0.9  # of the pace, a year
LOGIT_DAMPING: Final = 0.85
LOGIT_EDGE: Final = 0.0025  # shares are kept so far from 0 and 1
POOL_MIN: Final = 60  # errors needed for an interval of their own
T_MAX_DF: Final = 30  # degrees of freedom beyond which Student's t is left as it is
ETA_YEARS: Final = 30
PROJECTION_YEARS: Final = 5
COVER80_BAND: Final = (70.0, 90.0)  # %; outside it the intervals of a kind are a finding
DRIFT_MARGIN: Final = 0.10  # the chosen method may lose to a straight line by so much
HIGH_ASSURANCE: Final = 0.10  # half of the 80 % interval over the value
MODERATE_ASSURANCE: Final = 0.25

# --- Eurostat (ratio of actual to required compound growth) ---------------------------------
EUROSTAT_SIGNIFICANT: Final = 0.95
EUROSTAT_MODERATE: Final = 0.60
EUROSTAT_INSUFFICIENT: Final = 0.0
EUROSTAT_GROWTH_SIGNIFICANT: Final = 0.01  # without a target: growth a year
EUROSTAT_GROWTH_MODERATE: Final = 0.001

# --- UN Statistics Division (share of the distance expected to be covered) -----------------
UNSD_ON_TRACK: Final = 0.95
UNSD_FAIR: Final = 0.10
UNSD_GROWTH_ON_TRACK: Final = 0.02
UNSD_GROWTH_FAIR: Final = 0.005
UNSD_COVERAGE_BAND: Final = 1.0  # within one point of 0 % or 100 % counts as met

# --- UN ESCAP (anticipated gap, share of the required progress) ----------------------------
ESCAP_MAINTAIN: Final = 0.10
ESCAP_ACCELERATE: Final = 1.00

# --- SDSN (actual over required annual change) -----------------------------------------
SDSN_ON_TRACK: Final = 1.0
SDSN_MODERATE: Final = 0.5
SDSN_STAGNATING: Final = 0.0

# --- ISTAT / ASTAT (growth a year without a target) -----------------------------------------
ISTAT_CLEAR: Final = 0.05
ISTAT_SLIGHT: Final = 0.01

# --- Philippine Statistics Authority (actual over required rate of change) ---------------------
PSA_HIGH: Final = 0.9
PSA_MEDIUM: Final = 0.5
