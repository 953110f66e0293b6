"""Deterministic simulation: random workflows under random circumstances, from a seed.

`generator` makes the workflows, `storage` is the database, `cluster` an engine with its executors
between which anything may get lost, `chaos` chooses what happens next, and `invariants` says what
must hold after each step. `python -m mistral.tests.simulation --help` runs it.
"""
