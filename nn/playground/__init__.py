"""A page on which a network is trained, and what one changes is seen at once.

`engine` makes the script that trains: `training.js` with the functions of the table as JavaScript
and, in `random.js`, Python's random numbers.
"""
