"""What `mistral.rpc.kombu` uses of py-amqp beyond its documented interface is there.

`requirements.txt` has an upper bound for that reason. Before it is raised, these tests and
`mistral/tests/functional/rpc` have to pass with the new version.
"""

import inspect
from typing import Any

import amqp
import pytest
from amqp import spec
from amqp.method_framing import frame_writer
from oslo_config import cfg

from mistral import config
from mistral.rpc.kombu import settings
from mistral.rpc.kombu.connections import Connection


class Transport:
    """A connection's way to the broker, which nobody reads."""

    connected = True

    def __init__(self):
        self.written = b''

    def write(self, data):
        self.written += bytes(data)


@pytest.fixture
def plain():
    """A connection of py-amqp that has not been opened."""
    return amqp.Connection()


@pytest.mark.parametrize(
    ('function', 'parameters'),
    [
        (frame_writer, ['connection', 'transport']),
        (amqp.Channel._on_close, ['self', 'reply_code', 'reply_text', 'class_id', 'method_id']),
        (amqp.Connection.send_method, ['self', 'sig', 'format', 'args', 'content']),
        (amqp.Connection.collect, ['self']),
        (amqp.Connection.heartbeat_tick, ['self']),
    ],
    ids=lambda each: getattr(each, '__qualname__', ''),
)
def test_function(function, parameters):
    found = list(inspect.signature(function).parameters)
    assert found[: len(parameters)] == parameters, f'{function.__qualname__} of py-amqp has changed'


def test_how_a_connection_is_made():
    conf = cfg.ConfigOpts()
    config.register(conf)
    conf([], project='mistral', default_config_files=[], default_config_dirs=[])
    found = settings.read(conf)
    arguments = Connection.__new__(Connection)._arguments(found, found.hosts[0])
    known = inspect.signature(amqp.Connection.__init__).parameters
    assert set(arguments) <= set(known), 'amqp.Connection takes other arguments'


def test_a_connection_is_asked_for_its_class_of_channels():
    assert amqp.Connection.Channel is amqp.Channel


def test_a_connection_can_be_forgotten_before_it_is_open(plain):
    plain.collect()
    assert not plain.connected


def test_frames_are_written_where_they_are_told_to(plain):
    transport: Any = Transport()
    writer = frame_writer(plain, transport)
    writer(1, 0, spec.Connection.Close, b'arguments', None)
    assert transport.written.endswith(b'arguments\xce')


def test_frames_are_read_by_what_the_connection_says(plain):
    frames = []
    plain.on_inbound_frame = frames.append
    plain.on_inbound_frame((8, 0, b''))
    assert frames == [(8, 0, b'')]
