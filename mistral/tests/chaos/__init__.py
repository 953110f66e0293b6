"""Chaos: a cluster of real processes under load, whose parts die and lose touch with each other.

schedule      what is to be disturbed, and when: the same for the same seed
disturbances  how it is done
workflows     what runs meanwhile, and what has to come of it
actions       actions that note each of their runs
ledger        these notes, and the installation of the actions as a plugin
load          starts executions and answers their questions
verdict       whether everything came out right in the end
run           all of it together
"""
