"""Every error of the service, in one place.

The names are part of the contract: plugins raise and catch them, and an error that crosses a
process border is rebuilt by its class name. Which HTTP status an error answers with is chosen in
`mistral.api.errors` only.

    MistralError
      MistralException
        DBError
          DBDuplicateEntryError
          DBEntityNotFoundError
        DSLParsingException              (carries `problems`)
          ExpressionGrammarException
            YaqlGrammarException
            JinjaGrammarException
          InvalidModelException
        EvaluationException
          YaqlEvaluationException
          JinjaEvaluationException
        ...
"""

from collections.abc import Sequence
from dataclasses import dataclass


class MistralError(Exception):
    """Base of all errors; `str(error)` is the message shown to users."""

    message = 'An unknown error occurred'

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)


class MistralException(MistralError):
    pass


class DBError(MistralException):
    pass


class DBDuplicateEntryError(DBError):
    message = 'Database object already exists'


class DBEntityNotFoundError(DBError):
    message = 'Object not found'


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a definition: where it is and how to mend it.

    `path` leads to the place in the document, e.g. 'wf.tasks.t1.on-success[0]'; line and column
    count from 1 and are None when unknown.
    """

    message: str
    path: str = ''
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class DSLParsingException(MistralException):
    """A definition that cannot be used; `problems` holds all that was found."""

    message = 'Invalid definition'

    def __init__(self, message: str | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class ExpressionGrammarException(DSLParsingException):
    message = 'Invalid expression'


class YaqlGrammarException(ExpressionGrammarException):
    pass


class JinjaGrammarException(ExpressionGrammarException):
    pass


class InvalidModelException(DSLParsingException):
    pass


class EvaluationException(MistralException):
    message = 'Can not evaluate the expression'


class YaqlEvaluationException(EvaluationException):
    pass


class JinjaEvaluationException(EvaluationException):
    pass


class DataAccessException(MistralException):
    pass


class ActionException(MistralException):
    pass


class InvalidActionException(ActionException):
    pass


class ActionRegistrationException(MistralException):
    pass


class UrlNotAllowedException(ActionException):
    pass


class EngineException(MistralException):
    pass


class UnavailableException(EngineException):
    """The engine cannot take this in at the moment; another one, or later, may do."""

    message = 'The service is temporarily unavailable'


class WorkflowException(MistralException):
    pass


class EventTriggerException(MistralException):
    pass


class InputException(MistralException):
    message = 'Invalid input'


class ApplicationContextNotFoundException(MistralException):
    message = 'Application context not found'


class InvalidResultException(MistralException):
    message = 'Unable to parse result'


class InvalidStateTransitionException(MistralException):
    pass


class SizeLimitExceededException(MistralException):
    pass


class NotAllowedException(MistralException):
    message = 'Operation forbidden (insufficient permissions)'


class UnauthorizedException(MistralException):
    message = 'Unauthorized'


class InfoEndpointNotAvailableException(MistralException):
    message = 'Info endpoint disabled.'


class MaintenanceException(MistralException):
    pass


class ConfigurationError(MistralException):
    """The service cannot start with its configuration; the message says what to change."""


class RpcError(MistralException):
    """A call to another process has not got through."""

    message = 'The message bus cannot be used'


class RpcTimeoutError(RpcError):
    """No answer in time. Whether the call has had an effect is not known."""


class ServerGoneError(RpcError):
    """Nobody serves under the name that was called."""
