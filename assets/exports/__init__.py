"""Exports of a published build, for people and programs without DuckDB."""
