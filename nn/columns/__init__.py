"""Columns: what each column of a table is, and how its cells become the inputs of a network.

`choices` tells numbers, categories and the target apart; `schema` is what was found, saved with a
model, so that new rows are encoded as those of the training were.
"""
