"""The decision core: what happens next in a workflow.

Pure: no I/O, no clock, no configuration, no globals. `machine.apply` takes the state of one
execution and an event, changes the state in place, records what changed and returns the effects
that have to be carried out once the change is durable.
"""
