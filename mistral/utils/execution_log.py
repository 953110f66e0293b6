"""The execution in every line of the log.

While a thread works on an execution, each of its lines begins with the id, and format strings may
use `%(root_execution_id)s`, the id of the topmost execution above it.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

#: How oslo.log shows it: the default of its option `instance_uuid_format`.
LINE_FORMAT: Final = '[execution %(uuid)s] '


class _Current(threading.local):
    execution_id: str | None = None
    root_execution_id: str | None = None


_current = _Current()


@contextmanager
def working_on(execution_id: str | None, root_execution_id: str | None = None) -> Iterator[None]:
    """Mark the lines that this thread writes meanwhile. Without a root the execution is its own."""
    before = _current.execution_id, _current.root_execution_id
    _current.execution_id = execution_id
    _current.root_execution_id = root_execution_id or execution_id
    try:
        yield
    finally:
        _current.execution_id, _current.root_execution_id = before


def install() -> None:
    """Have all records of this process marked. Safe to call twice."""
    make = logging.getLogRecordFactory()
    if getattr(make, 'marks_executions', False):
        return

    def make_marked(*args: Any, **keywords: Any) -> logging.LogRecord:
        record = make(*args, **keywords)
        record.root_execution_id = _current.root_execution_id or ''
        if _current.execution_id is not None:
            record.instance_uuid = _current.execution_id
        return record

    make_marked.marks_executions = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_marked)
