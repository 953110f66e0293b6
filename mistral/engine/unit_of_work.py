"""Units of work: apply the events of one execution, make the outcome durable, then act on it."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Final

from mistral import metrics, states
from mistral.context import RequestContext
from mistral.db.database import DatabaseFailure
from mistral.db.retry import is_transient, waits, without_sql
from mistral.db.store import jobs, loading, saving
from mistral.db.store.callers import StoredCaller
from mistral.db.times import utc_now
from mistral.engine import immediate
from mistral.engine.cache import WarmExecutions
from mistral.engine.mailbox import Letter
from mistral.engine.ports import EngineParts, EnginePorts
from mistral.exceptions import (
    DBDuplicateEntryError,
    DBEntityNotFoundError,
    MistralException,
    UnavailableException,
)
from mistral.utils.execution_log import working_on
from mistral.utils.ids import new_id
from mistral.workflow import events, machine
from mistral.workflow.effects import Effect
from mistral.workflow.model import CALLER, ExecutionState, WorkflowExecution
from mistral.workflow.ports import InfrastructureError

LOG = logging.getLogger(__name__)

_UNAVAILABLE: Final = 'The service is temporarily unavailable: its database cannot be reached.'
_CONTENDED: Final = (
    'The service is temporarily unavailable: other engines change the execution without a pause.'
)

#: The part of the wait for a database that an engine gives others which were faster: milliseconds.
_GIVE_WAY: Final = 0.05

#: Seconds between attempts to learn what has become of a commit.
_RECONNECT_INTERVAL: Final = 1.0

#: Carries out effects once they are durable: (execution, effects). Raises nothing.
Dispatch = Callable[[WorkflowExecution, Sequence[Effect]], None]


class UnitsOfWork:
    """Works on executions, one at a time each; see `mailbox.Mailboxes` for who calls.

    The copy in memory is good while its revision is the stored one: the transaction writes the
    next revision over just that one. If another engine was faster, or the database fails, the copy
    is thrown away and the whole unit is repeated.
    """

    def __init__(
        self,
        parts: EngineParts,
        warm: WarmExecutions,
        dispatch: Dispatch,
        run_now: immediate.RunNow | None = None,
        forget_caller: Callable[[str], None] = lambda _root_execution_id: None,
    ) -> None:
        """`run_now` runs immediate actions, if they are to run here: see `immediate`.

        `forget_caller` is told of the trees of executions whose caller may have changed.
        """
        self._parts = parts
        self._warm = warm
        self._dispatch = dispatch
        self._run_now = run_now
        self._forget_caller = forget_caller
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Wait no longer for a database that is out of reach."""
        self._stopping.set()

    def leave(self, execution_id: str, letter: Letter) -> None:
        """Leave an event to the next process.

        Results of actions are stored for it. It learns of everything else from the database.
        """
        letter.failed(UnavailableException('The service is stopping.'))
        is_kept_elsewhere = letter.job_id is not None or letter.receipt is not None
        if is_kept_elsewhere or not isinstance(letter.event, events.ActionCompleted):
            return
        now = utc_now()
        job = jobs.Job(new_id(), execution_id, letter.event, now)
        try:
            with self._parts.database.transaction() as connection:
                jobs.add(connection, [job], now)
        except DatabaseFailure as e:
            action_id = letter.event.action_execution_id
            LOG.error('Result of action %s is lost: %s', action_id, without_sql(e))

    def handle(self, letters: Mapping[str, Sequence[Letter]]) -> None:
        """Apply the events of executions, for each in order, and answer the letters.

        Executions share a transaction as long as nothing goes wrong. If anything does, each is
        handled on its own.
        """
        if len(letters) > 1 and all(map(_may_share, letters.values())):
            try:
                self._try(letters)
                return
            except Exception as e:  # noqa: BLE001 - it comes again, for the one it belongs to
                LOG.debug('Handling %d executions one by one: %r', len(letters), e)
        for execution_id, own_letters in letters.items():
            self._handle_one(execution_id, own_letters)

    def _handle_one(self, execution_id: str, letters: Sequence[Letter]) -> None:
        with working_on(execution_id):
            self._insist(execution_id, letters)

    def _insist(self, execution_id: str, letters: Sequence[Letter]) -> None:
        """Apply the events of one execution, whatever that takes.

        While the database is out of reach, who waits for an answer is told so in the end; all
        other events are kept and tried again until it is back.
        """
        pending = letters
        while pending:
            try:
                pending, reason = self._attempt(execution_id, pending)
            except Exception as e:  # noqa: BLE001 - whatever it is, it must not stop the engine
                if len(pending) == 1:
                    self._give_up(execution_id, pending[0], e)
                else:
                    for letter in pending:
                        self._handle_one(execution_id, [letter])
                return
            asking = [letter for letter in pending if letter.reply is not None]
            for letter in pending if self._stopping.is_set() else asking:
                letter.failed(UnavailableException(reason))
            if self._stopping.is_set():
                return
            pending = [letter for letter in pending if letter.reply is None]

    def _attempt(
        self, execution_id: str, pending: Sequence[Letter]
    ) -> tuple[Sequence[Letter], str]:
        """Try a bounded number of times; returns the letters that could not be handled, and why."""
        reason = ''
        for wait in waits():
            try:
                # To sort out letters is no attempt in vain.
                while pending:
                    pending = self._try_one(execution_id, pending)
                break
            except saving.ConflictError:
                metrics.RETRIES.labels('conflict').inc()
                LOG.debug('Execution %s was changed by another engine', execution_id)
                reason = _CONTENDED
                self._stopping.wait(wait * _GIVE_WAY)
            except (InfrastructureError, DatabaseFailure) as e:
                reason = _UNAVAILABLE
                if not self._wait(wait, execution_id, e):
                    break
        return pending, reason

    def _try_one(self, execution_id: str, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Returns the letters that are worth another try: fewer than there were.

        Raises ConflictError if all of them are.
        """
        try:
            self._try({execution_id: letters})
        except saving.ConsumedError as e:
            metrics.RETRIES.labels('duplicate').inc()
            left = self._not_consumed(letters)
            if len(left) == len(letters):
                raise saving.ConflictError from e
            return left
        except DBDuplicateEntryError as e:
            # Somebody else has just started an execution with this id.
            letters[0].failed(e)
            return letters[1:]
        except _RefusedError as e:
            self._refuse(execution_id, e.letter, e.error)
            return [letter for letter in letters if letter is not e.letter]
        return []

    def _wait(self, seconds: float, execution_id: str, error: Exception) -> bool:
        """Give the database some time to come back; False if there is none.

        Raises the error if time will not mend it.
        """
        cause = error.__cause__ if isinstance(error, InfrastructureError) else error
        if isinstance(cause, DatabaseFailure) and not is_transient(cause):
            raise error
        metrics.RETRIES.labels('database').inc()
        LOG.warning(
            'Repeating a unit of work of execution %s: %s',
            execution_id,
            without_sql(cause or error),
        )
        return not self._stopping.wait(seconds)

    def _try(self, letters: Mapping[str, Sequence[Letter]]) -> None:
        """Apply events to the copies in memory, make all outcomes durable, act on them."""
        outcomes = {}
        shown = {}
        kept: dict[str, ExecutionState] = {}
        for execution_id, own_letters in letters.items():
            state = self._open(execution_id, own_letters[0], kept)
            if state is None:
                self._drop(execution_id, own_letters)
                continue
            with working_on(execution_id, state.execution.root_execution_id):
                try:
                    effects = self._apply(state, _without_repetitions(own_letters))
                except Exception:
                    self._require_current(kept, [execution_id])
                    raise
            consumed = list({letter.job_id for letter in own_letters if letter.job_id is not None})
            outcomes[execution_id] = saving.Outcome(
                state, effects, consumed, _new_caller(state.execution, own_letters)
            )
            if _is_awaited(own_letters):
                shown[execution_id] = copy(state.execution)
        changed = [outcome for outcome in outcomes.values() if _is_worth_saving(outcome)]
        # Those that are written are checked by that.
        unchanged = [id_ for id_, outcome in outcomes.items() if not _is_worth_saving(outcome)]
        self._require_current(kept, unchanged)
        if changed:
            self._save(changed)
            metrics.UNITS_OF_WORK.inc()
        metrics.EVENTS.inc(sum(map(len, letters.values())))
        for execution_id, outcome in outcomes.items():
            with working_on(execution_id, outcome.state.execution.root_execution_id):
                self._conclude(outcome)
            for letter in letters[execution_id]:
                letter.done(shown.get(execution_id))

    def _apply(self, state: ExecutionState, letters: Iterable[Letter]) -> list[Effect]:
        ports = EnginePorts(self._parts, RequestContext(project_id=state.execution.project_id))
        effects: list[Effect] = []
        for letter in letters:
            try:
                found = machine.apply(state, letter.event, ports)
            except MistralException as e:
                raise _RefusedError(letter, e) from e
            if self._run_now is not None and (limit := _immediate_actions(letter)):
                found = immediate.carry_on(state, found, ports, self._run_now, limit)
            effects += found
        return effects

    def _save(self, outcomes: Sequence[saving.Outcome]) -> None:
        """Make outcomes durable, all or none.

        A connection that is lost during the commit leaves it open whether they are. Then the
        database is asked: what follows from a commit must not be lost, nor be done twice.
        """
        is_written = False
        try:
            with self._parts.database.transaction() as connection:
                saving.save(connection, outcomes, utc_now())
                is_written = True
        except DatabaseFailure:
            if not (is_written and self._were_saved(outcomes)):
                raise

    def _were_saved(self, outcomes: Sequence[saving.Outcome]) -> bool:
        while True:
            try:
                with self._parts.database.read() as connection:
                    return saving.were_saved(connection, outcomes)
            except DatabaseFailure as e:
                if not self._wait(_RECONNECT_INTERVAL, outcomes[0].state.execution.id, e):
                    return False

    def _conclude(self, outcome: saving.Outcome) -> None:
        """Keep what is durable now, and carry out what follows from it."""
        state = outcome.state
        if not _is_worth_saving(outcome):
            self._warm.put(state)
            return
        if outcome.caller is not None or states.is_completed(state.execution.state):
            self._forget_caller(state.execution.root_execution_id or state.execution.id)
        created = state.changes.new_executions
        saving.mark_saved(outcome)
        for new in created:
            self._warm.put(new)
        if not states.is_completed(state.execution.state):
            self._warm.put(state)
        self._dispatch(state.execution, outcome.effects)

    def _open(
        self, execution_id: str, first: Letter, kept: dict[str, ExecutionState]
    ) -> ExecutionState | None:
        """`kept` takes note of a copy that was in memory, and may be behind what is stored."""
        if first.create is not None:
            return first.create()
        warm = self._warm.take(execution_id)
        if warm is None:
            return self._load(execution_id)
        kept[execution_id] = warm
        return warm

    def _require_current(
        self, kept: Mapping[str, ExecutionState], execution_ids: Sequence[str]
    ) -> None:
        """Raises ConflictError if one was changed by another engine since it is in memory.

        An event that seems to change nothing, or to be wrong, may be about what that has done.
        """
        doubtful = [kept[id_] for id_ in execution_ids if id_ in kept]
        if not doubtful:
            return
        with self._parts.database.read() as connection:
            if not saving.are_current(connection, doubtful):
                raise saving.ConflictError

    def _load(self, execution_id: str) -> ExecutionState | None:
        metrics.LOADED_EXECUTIONS.inc()
        with self._parts.database.snapshot() as connection:
            return loading.load(connection, execution_id, self._parts.graphs)

    def _not_consumed(self, letters: Sequence[Letter]) -> list[Letter]:
        """Leave out the events that have taken effect before."""
        ids = [letter.job_id for letter in letters if letter.job_id is not None]
        with self._parts.database.read() as connection:
            existing = jobs.existing(connection, ids)
        kept = []
        for letter in letters:
            if letter.job_id is None or letter.job_id in existing:
                kept.append(letter)
            else:
                letter.done(None)
        return kept

    def _refuse(self, execution_id: str, letter: Letter, error: MistralException) -> None:
        """An event that cannot be applied is answered with its error and forgotten."""
        if letter.reply is None:
            LOG.info('Execution %s: %s is dropped: %s', execution_id, letter.event, error)
        if letter.job_id is not None:
            self._forget([letter.job_id])
        letter.failed(error)

    def _give_up(self, execution_id: str, letter: Letter, error: Exception) -> None:
        """An event that nobody foresaw to fail: its execution ends rather than hang for ever."""
        LOG.error(
            'Execution %s: %s cannot be handled',
            execution_id,
            type(letter.event).__name__,
            exc_info=error,
        )
        if letter.reply is not None or isinstance(letter.event, events.Stop):
            letter.failed(error)
            self._forget([letter.job_id] if letter.job_id is not None else [])
            return
        cause = without_sql(error)
        reason = f'Internal error: {type(cause).__name__}: {cause}'
        end = Letter(events.Stop(states.ERROR, reason), letter.job_id, receipt=letter.receipt)
        self._handle_one(execution_id, [end])

    def _drop(self, execution_id: str, letters: Sequence[Letter]) -> None:
        """The execution has been deleted."""
        self._forget([letter.job_id for letter in letters if letter.job_id is not None])
        for letter in letters:
            letter.failed(DBEntityNotFoundError(f'WorkflowExecution not found [id={execution_id}]'))

    def _forget(self, job_ids: Sequence[str]) -> None:
        if job_ids:
            with self._parts.database.transaction() as connection:
                jobs.remove(connection, job_ids)


class _RefusedError(Exception):
    """An event that the core refuses, with the letter it came in."""

    def __init__(self, letter: Letter, error: MistralException) -> None:
        super().__init__(str(error))
        self.letter = letter
        self.error = error


def _is_awaited(letters: Sequence[Letter]) -> bool:
    """Whether somebody waits for an answer."""
    return any(letter.reply is not None for letter in letters)


def _without_repetitions(letters: Sequence[Letter]) -> Iterator[Letter]:
    """The letters, but only the first of those that one job stands for."""
    seen = set()
    for letter in letters:
        if letter.job_id is None or letter.job_id not in seen:
            yield letter
        seen.add(letter.job_id)


def _immediate_actions(letter: Letter) -> int:
    """How many actions may run with an event.

    Who asks for something is shown what it has led to at once, no more; but a start is answered
    with the execution as it was created.
    """
    if letter.create is not None:
        return immediate.MAX_ACTIONS_AT_START
    return immediate.MAX_ACTIONS if letter.reply is None else 0


def _is_worth_saving(outcome: saving.Outcome) -> bool:
    return bool(
        outcome.state.changes or outcome.effects or outcome.consumed or outcome.caller is not None
    )


def _may_share(letters: Sequence[Letter]) -> bool:
    """Whether these may share a transaction: what operators ask for is refused more often."""
    return letters[0].create is not None or all(
        letter.reply is None or isinstance(letter.event, events.Settle) for letter in letters
    )


def _new_caller(execution: WorkflowExecution, letters: Sequence[Letter]) -> StoredCaller | None:
    """Who the actions are to run as from now on, if one of the events says so.

    Somebody of another project, an administrator, steers the execution; its actions do not get to
    act in his name.
    """
    if CALLER not in execution.context:
        return None
    given = [letter.caller for letter in letters if letter.caller is not None]
    own = [caller for caller in given if caller.project_id == execution.project_id]
    return own[-1] if own else None
