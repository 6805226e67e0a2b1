"""Yearly score sheets of the responsible units: outcomes of goals as points."""
