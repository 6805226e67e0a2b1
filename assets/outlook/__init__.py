"""Outlook: where each series goes, how sure one may be, and how good such projections were.

hindcasts.py   every past origin projected with what was known of its series then
pools.py       errors of the past, as the formulas of assets/metrics/projection.py want them
skill.py       how the methods fared: errors, coverage, chances; provinces left out in turn
tables.py      the tables; sentences.py how sure to be, in words
"""
