"""One module a publisher or format: how its answers are asked for and read.

A module is found by its name: a record in data/sources/ names it as its `reader`. What it must
have is written in `pipelines/readers.py`.
"""
