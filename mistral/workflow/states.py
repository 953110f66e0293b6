"""Names that plugins of Mistral 23 import from here; the service has them in `mistral.states`."""

from mistral.states import (
    CANCELLED,
    DELAYED,
    ERROR,
    IDLE,
    PAUSED,
    RUNNING,
    SKIPPED,
    SUCCESS,
    WAITING,
)

RUNNING_DELAYED = DELAYED

__all__ = [
    'CANCELLED',
    'ERROR',
    'IDLE',
    'PAUSED',
    'RUNNING',
    'RUNNING_DELAYED',
    'SKIPPED',
    'SUCCESS',
    'WAITING',
]
