"""Executors run actions, or have them run elsewhere."""

import logging
import threading

from mistral_lib.actions import Result

from mistral.executors.base import Executor, action_context

LOG = logging.getLogger(__name__)


class ThreadExecutor(Executor):
    """Has a thread for each action, however many there are."""

    def run_action(
        self,
        action,
        action_ex_id,
        safe_rerun,
        exec_ctx,
        redelivered=False,
        target=None,
        async_=True,
        timeout=None,
    ):
        context = action_context(exec_ctx, redelivered)
        if not async_:
            return self._run(action, context)
        # The result comes later: this must not keep the engine waiting.
        arguments = (action_ex_id, action, context)
        threading.Thread(target=self._run_and_report, args=arguments, daemon=True).start()
        return None

    def _run_and_report(self, action_ex_id, action, context):
        result = self._run(action, context)
        if action.is_sync() or result.is_error():
            self.report(action_ex_id, result)

    def _run(self, action, context):
        LOG.info('An action has a thread of its own.')
        try:
            value = action.run(context)
        except Exception as error:
            return Result(error=str(error))
        return value if isinstance(value, Result) else Result(data=value)
