"""Makes oslo.messaging usable before the tests import it, as the service does."""

from mistral.cmd.oslo import prepare_oslo_messaging

prepare_oslo_messaging()
