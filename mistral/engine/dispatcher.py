"""Carrying out effects after the commit that recorded them.

If the process dies half-way, the jobs and the states in the database tell the recovery what is
left to do.
"""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from oslo_utils import strutils

from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext
from mistral.db.times import utc_now
from mistral.engine.timers import Timers
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

    def run_action(self, request: ActionRequest, target: str | None) -> None: ...


class Notifier(Protocol):
    """Where events for publishers go."""

    def notify(self, effect: Notify) -> None: ...


class EventPost(Protocol):
    """Where events for executions go. `job_id` is the job that stands for the event, if any."""

    def post_event(self, execution_id: str, event: Event, job_id: str | None) -> None: ...


class Dispatcher:
    """Hands each effect to the part of the service that carries it out."""

    def __init__(
        self,
        actions: ActionRunner,
        notifier: Notifier,
        timers: Timers,
        trace_log: logging.Logger,
    ) -> None:
        self._actions = actions
        self._notifier = notifier
        self._timers = timers
        self._trace_log = trace_log
        self._post: EventPost | None = None

    def connect(self, post: EventPost) -> None:
        """Name the recipient of events; it is built after, and on top of, this dispatcher."""
        self._post = post

    def dispatch(self, execution: WorkflowExecution, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Trace():
                    self._trace(effect)
                case RunAction():
                    self._run_action(execution, effect)
                case Send():
                    self._deliver(effect.execution_id, effect.event, effect.message_id)
                case ScheduleTimer():
                    self._start_timer(execution.id, effect)
                case CancelTimer():
                    self._timers.cancel(effect.timer_id)
                case Notify():
                    self._notifier.notify(effect)

    def _trace(self, effect: Trace) -> None:
        """Write a line to the trace log, without passwords and the like."""
        if self._trace_log.isEnabledFor(logging.INFO):
            self._trace_log.info(effect.template, *map(_masked, effect.values))

    def _run_action(self, execution: WorkflowExecution, effect: RunAction) -> None:
        """Hand over an action; if that fails, so does the action."""
        request = action_request(execution, effect)
        try:
            self._actions.run_action(request, effect.target)
        except Exception as e:
            LOG.exception('Action %s cannot be handed over', effect.action_execution_id)
            error = f'The action could not be handed to an executor: {e}'
            self._deliver(
                execution.id, ActionCompleted(effect.action_execution_id, error=error), None
            )

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


def action_request(execution: WorkflowExecution, effect: RunAction) -> ActionRequest:
    """What an executor is to be asked for."""
    return ActionRequest(
        action=effect.action,
        action_execution_id=effect.action_execution_id,
        name=effect.name,
        caller=RequestContext(project_id=execution.project_id),
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
