"""Measurements of speed, run by hand: `python -m benchmarks.NAME`. No test asserts a time."""
