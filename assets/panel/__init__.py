"""Panels of many regions: computed part by part, each part for itself."""
