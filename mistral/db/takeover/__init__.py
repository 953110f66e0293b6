"""Taking over the executions of Mistral 23.

The tables are the same, but some of what the engine notes about an execution it notes in another
way, and what it had still to do is elsewhere. `take_over` translates that once, in a migration;
from then on no other code has to know.

`left` is what Mistral 23 has left, `translation` (with `tasks`, `timers` and `numbering`) tells
what becomes of it, `storage` reads and writes it.
"""

from mistral.db.takeover.storage import take_over

__all__ = ['take_over']
