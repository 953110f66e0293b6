"""Publishers are told about changes of state of executions and tasks."""

import logging

from mistral.notifiers.base import NotificationPublisher

LOG = logging.getLogger(__name__)


class LogPublisher(NotificationPublisher):
    """Writes events to the log; the entry in `notify` may have a `prefix`."""

    def publish(self, ctx, ex_id, data, event, timestamp, **kwargs):
        prefix = kwargs.get('prefix', '')
        LOG.warning('%s %s: %s is %s', prefix, event, data['name'], data['state'])
