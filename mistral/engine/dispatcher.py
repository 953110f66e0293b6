"""Carrying out effects after the commit that recorded them.

If the process dies half-way, the jobs and the states in the database tell the recovery what is
left to do.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from oslo_utils import strutils

from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext
from mistral.db.times import utc_now
from mistral.engine.timers import TimerService
from mistral.exceptions import RpcError
from mistral.workflow.effects import (
    CancelTimer,
    Effect,
    Notify,
    RunAction,
    ScheduleTimer,
    Send,
    Trace,
)
from mistral.workflow.events import ActionCompleted, Event, TimerFired
from mistral.workflow.model import WorkflowExecution

LOG = logging.getLogger(__name__)


class ActionRunner(Protocol):
    """Where actions go."""

    def run_actions(
        self, caller: RequestContext, requests: Sequence[tuple[ActionRequest, str | None]]
    ) -> Mapping[str, str]:
        """Returns the errors of those that can never be run, by action execution id."""


class CallerSource(Protocol):
    """Knows who actions run as."""

    def of(self, execution: WorkflowExecution) -> RequestContext: ...


class Notifier(Protocol):
    """Where events for publishers go."""

    def notify(self, effects: Sequence[Notify]) -> None: ...


class EventPost(Protocol):
    """Where events for executions go. `job_id` is the job that stands for the event, if any."""

    def post_event(self, execution_id: str, event: Event, job_id: str | None) -> None: ...


class Dispatcher:
    """Hands each effect to the part of the service that carries it out."""

    def __init__(
        self,
        actions: ActionRunner,
        notifier: Notifier,
        timers: TimerService,
        callers: CallerSource,
        trace_log: logging.Logger,
    ) -> None:
        self._actions = actions
        self._notifier = notifier
        self._timers = timers
        self._callers = callers
        self._trace_log = trace_log
        self._post: EventPost | None = None

    def connect(self, post: EventPost) -> None:
        """Name the recipient of events; it is built after, and on top of, this dispatcher."""
        self._post = post

    def dispatch(self, execution: WorkflowExecution, effects: Sequence[Effect]) -> None:
        actions: list[RunAction] = []
        events: list[Notify] = []
        for effect in effects:
            match effect:
                case Trace():
                    self._trace(effect)
                case RunAction():
                    actions.append(effect)
                case Send():
                    self._deliver(effect.execution_id, effect.event, effect.message_id)
                case ScheduleTimer():
                    self._start_timer(execution.id, effect)
                case CancelTimer():
                    self._timers.cancel(effect.timer_id)
                case Notify():
                    events.append(effect)
        if actions:
            self._run_actions(execution, actions)
        if events:
            self._notify(events)

    def _trace(self, effect: Trace) -> None:
        """Write a line to the trace log, without passwords and the like."""
        if self._trace_log.isEnabledFor(logging.INFO):
            self._trace_log.info(effect.template, *map(_masked, effect.values))

    def _run_actions(self, execution: WorkflowExecution, effects: Sequence[RunAction]) -> None:
        """Hand over actions; one that nobody can run fails."""
        try:
            caller = self._callers.of(execution)
            requests = [
                (action_request(execution, effect, caller), effect.target) for effect in effects
            ]
            refused = self._actions.run_actions(caller, requests)
        except RpcError as e:
            # They are not lost: a scheduler sees that nobody has started them.
            LOG.warning('Actions of execution %s have to wait: %s', execution.id, e)
            return
        except Exception:
            LOG.exception('Actions of execution %s have to wait', execution.id)
            return
        for action_execution_id, error in refused.items():
            LOG.error('Action %s cannot be handed over: %s', action_execution_id, error)
            text = f'The action could not be handed to an executor: {error}'
            self._deliver(execution.id, ActionCompleted(action_execution_id, error=text), None)

    def _notify(self, effects: Sequence[Notify]) -> None:
        try:
            self._notifier.notify(effects)
        except RpcError as e:
            LOG.error('%d events are not published: %s', len(effects), e)
        except Exception:
            LOG.exception('%d events are not published', len(effects))

    def _start_timer(self, execution_id: str, effect: ScheduleTimer) -> None:
        event = TimerFired(effect.timer_id, effect.task_execution_id, effect.kind)
        self._timers.schedule(
            effect.timer_id,
            (effect.due - utc_now()).total_seconds(),
            lambda: self._deliver(execution_id, event, effect.timer_id),
        )

    def _deliver(self, execution_id: str, event: Event, job_id: str | None) -> None:
        if self._post is not None:
            self._post.post_event(execution_id, event, job_id)


def _masked(value: Any) -> Any:
    return strutils.mask_dict_password(value) if isinstance(value, dict) else value


def action_request(
    execution: WorkflowExecution, effect: RunAction, caller: RequestContext
) -> ActionRequest:
    """What an executor is to be asked for."""
    return ActionRequest(
        action=effect.action,
        action_execution_id=effect.action_execution_id,
        name=effect.name,
        caller=caller,
        safe_rerun=effect.safe_rerun,
        execution_context={
            'workflow_execution_id': execution.id,
            'task_execution_id': effect.task_execution_id,
            'workflow_name': execution.workflow_name,
            'action_execution_id': effect.action_execution_id,
            'callback_url': f'/v2/action_executions/{effect.action_execution_id}',
            'with_items_index': effect.index,
        },
        timeout=effect.timeout,
    )
