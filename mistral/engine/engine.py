"""The engine as a whole: its parts, and the order in which they start and stop."""

import logging
from dataclasses import dataclass, field
from functools import partial

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.auth.sealing import Sealer
from mistral.db.times import utc_now
from mistral.engine import recovery
from mistral.engine.cache import WarmExecutions
from mistral.engine.callers import Callers
from mistral.engine.direct_actions import ActionExecutor, DirectActions
from mistral.engine.dispatcher import Dispatcher, Notifier
from mistral.engine.endpoint import EngineEndpoint
from mistral.engine.immediate import RunNow
from mistral.engine.mailbox import Letter, Mailboxes
from mistral.engine.ports import EngineParts
from mistral.engine.timers import Timers, TimerService
from mistral.engine.unit_of_work import UnitsOfWork
from mistral.services.sweeps import HeartbeatRules
from mistral.workflow.events import Event

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """`workers` threads handle events; `cache_size` is how many executions (workflows, tasks and
    actions together) stay in memory."""

    workers: int = 4
    cache_size: int = 200_000
    trace_log_name: str = 'workflow_trace'
    heartbeats: HeartbeatRules = field(default_factory=HeartbeatRules)


class Engine:
    """Builds and runs an engine over an executor and a notifier."""

    def __init__(
        self,
        parts: EngineParts,
        settings: EngineSettings,
        executor: ActionExecutor,
        notifier: Notifier,
        run_now: RunNow | None = None,
        callers: Callers | None = None,
        timers: TimerService | None = None,
    ) -> None:
        """`run_now` runs immediate actions in this process, see `immediate`."""
        callers = callers or Callers(parts.database, Sealer())
        trace_log = logging.getLogger(settings.trace_log_name)
        self._parts = parts
        self._timers = timers or Timers('engine-timers')
        dispatcher = Dispatcher(executor, notifier, self._timers, callers, trace_log)
        warm = WarmExecutions(settings.cache_size)
        self._units = UnitsOfWork(parts, warm, dispatcher.dispatch, run_now, callers.forget)
        self._mailboxes = Mailboxes(self._units.handle, settings.workers, self._units.leave)
        dispatcher.connect(self)
        self.service = EngineEndpoint(
            parts,
            self._mailboxes,
            DirectActions(parts, executor),
            callers,
            trace_log,
            settings.heartbeats,
        )

    def start(self) -> None:
        self._timers.start()
        self._mailboxes.start()

    def stop(self) -> None:
        """Finish the units of work in hand; everything else is in the database.

        Results that come in from now on are kept there, too.
        """
        self._timers.stop()
        self._units.stop()
        self._mailboxes.stop()

    def recover(self) -> None:
        """Take up what a former process has left, when no other process can have it in hand.

        To be called before anything else can give the engine work: what it starts is not left over.
        """
        remains = recovery.take_stock(self._parts.database)
        now = utc_now()
        for job in remains.jobs:
            deliver = partial(self.post_event, job.execution_id, job.event, job.id)
            if job.due <= now:
                # Among these are results of actions that would be taken for lost below.
                deliver()
            else:
                self._timers.schedule(job.id, (job.due - now).total_seconds(), deliver)
        recovery.look_after_executions(remains, self.post_event)

    def report_result(self, request: ActionRequest, result: Result) -> None:
        """Take in the result of a stored action, without waiting."""
        self.service.take_result(
            str(request.action_execution_id),
            request.execution_context.get('workflow_execution_id'),
            result,
        )

    def post_event(self, execution_id: str, event: Event, job_id: str | None) -> None:
        """Have an event handled, without waiting; `job_id` is the job that stands for it."""
        self._mailboxes.post(execution_id, Letter(event, job_id))
