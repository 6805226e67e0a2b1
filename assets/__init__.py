"""The data, in the order in which it flows: register, landing, observations, gaps, warehouse.

Every module holds plain functions from frames to frames. Dagster is not imported here.
"""
