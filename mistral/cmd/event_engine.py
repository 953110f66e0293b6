"""The event engine as a part of a process."""

import logging
from typing import Any

from oslo_config import cfg

from mistral import config
from mistral.cmd.foundation import Foundation
from mistral.cmd.oslo import prepare_oslo_messaging
from mistral.event_engine.service import EventEngineService, Triggers
from mistral.rpc.clients import EngineClient
from mistral.services.event_definitions import EventDefinitions, read_definitions
from mistral.services.event_firing import EventFiring

LOG = logging.getLogger(__name__)


def event_engine(conf: cfg.ConfigOpts, foundation: Foundation, engine: EngineClient) -> list[Any]:
    """The event engine, if there is a message bus that it could listen to.

    Raises ConfigurationError if its options cannot be used.
    """
    if not config.has_notification_bus(conf):
        LOG.info(
            'Event triggers start nothing: there is no message bus with notifications. Set '
            '[oslo_messaging_notifications] transport_url to that of the services that send them.'
        )
        return []
    # It takes a while to import, and a process without a message bus does without it.
    prepare_oslo_messaging()
    from mistral.event_engine.listeners import Listeners  # noqa: PLC0415

    definitions = read_definitions(conf.event_engine.event_definitions_cfg_file)
    firing = EventFiring(
        foundation.database,
        engine,
        foundation.expressions,
        EventDefinitions(definitions, foundation.expressions),
        tells_projects_apart=conf.pecan.auth_enable,
        trusts=foundation.trusts,
    )
    service = EventEngineService(
        Triggers(foundation.database), firing, conf.event_engine.reload_interval
    )
    service.connect(Listeners(conf, service.handle))
    return [service]
