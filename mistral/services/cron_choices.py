"""What the owner of a cron trigger may choose; the defaults are what Mistral 23 does."""

from typing import Final

#: When an occurrence comes before the execution of the one before has ended: start all the same,
#: leave the occurrence out, or cancel the execution and start a new one.
START: Final = 'start'
SKIP: Final = 'skip'
REPLACE: Final = 'replace'
OVERLAPS: Final = (START, SKIP, REPLACE)

#: When occurrences were missed, because no scheduler ran or no workflow could be started: start one
#: execution for all of them, none, or one for each.
ONCE: Final = 'once'
ALL: Final = 'all'
MISSED: Final = (ONCE, SKIP, ALL)

#: Attributes of cron triggers that hold the choices, and the zone that patterns are read in.
ATTRIBUTES: Final = ('time_zone', 'overlap', 'missed')
