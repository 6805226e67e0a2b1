"""What the data must look like: records of the register, table contracts, units, vocabularies.

This package imports nothing else of the project.
"""
