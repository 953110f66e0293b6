"""The whole service in one process."""

import pytest
from oslo_config import cfg

from mistral import config
from mistral.cmd.embedded import EmbeddedService
from mistral.engine.engine import Engine
from mistral.scheduler.service import SchedulerService

OPTIONS = """
[pecan]
auth_enable = False
[database]
connection = sqlite:///{home}/mistral.sqlite
"""


@pytest.fixture
def service(tmp_path):
    path = tmp_path / 'mistral.conf'
    path.write_text(OPTIONS.format(home=tmp_path))
    conf = config.load(['--config-file', str(path)], 'mistral', conf=cfg.ConfigOpts())
    service = EmbeddedService(conf)
    yield service
    service.stop()


def test_what_is_left_is_taken_up_before_anything_new_comes_in(service, monkeypatch):
    steps = []
    monkeypatch.setattr(Engine, 'recover', lambda _: steps.append('recover'))
    monkeypatch.setattr(SchedulerService, 'start', lambda _: steps.append('start'))
    monkeypatch.setattr(SchedulerService, 'stop', lambda _: None)
    service.start(serve_http=False)
    assert steps == ['recover', 'start']


def test_nothing_is_left_running_if_that_fails(service, monkeypatch):
    stopped = []

    def fail(_engine):
        raise RuntimeError('broken')

    stop = Engine.stop
    monkeypatch.setattr(Engine, 'recover', fail)
    monkeypatch.setattr(Engine, 'stop', lambda engine: [stop(engine), stopped.append(engine)])
    with pytest.raises(RuntimeError, match='broken'):
        service.start(serve_http=False)
    assert len(stopped) == 1
