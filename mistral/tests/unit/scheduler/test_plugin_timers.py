"""Timers of an engine by a scheduler plugin."""

import importlib
from importlib.metadata import EntryPoint

import pytest

from mistral.exceptions import ConfigurationError
from mistral.scheduler.base import Scheduler, SchedulerJob
from mistral.scheduler.plugin_timers import PluginTimers, load_scheduler


class Plugin(Scheduler):
    def __init__(self, group):
        self.group = group
        self.jobs = []
        self.log = []

    def schedule(self, job):
        self.jobs.append(job)

    def start(self):
        self.log.append('start')

    def stop(self, graceful=False):
        self.log.append(f'stop {graceful}')


def call(job):
    """Do what a scheduler does when a job is due."""
    module, _, name = job.target_factory_func_name.rpartition('.')
    target = getattr(importlib.import_module(module), name)()
    getattr(target, job.func_name)(**job.func_args)


@pytest.fixture
def plugin():
    return Plugin(None)


@pytest.fixture
def timers(plugin):
    return PluginTimers(plugin)


def test_a_timer_becomes_a_job(plugin, timers):
    fired = []
    timers.schedule('a', 2.5, lambda: fired.append('a'))
    timers.schedule('b', -1, lambda: fired.append('b'))
    assert [(job.key, job.run_after) for job in plugin.jobs] == [('a', 2.5), ('b', 0)]
    call(plugin.jobs[1])
    assert fired == ['b']
    call(plugin.jobs[0])
    assert fired == ['b', 'a']


def test_a_timer_fires_once(plugin, timers):
    fired = []
    timers.schedule('c', 0, lambda: fired.append(1))
    timers.schedule('c', 0, lambda: fired.append(2))
    (job,) = plugin.jobs
    call(job)
    call(job)
    assert fired == [1]


def test_a_cancelled_timer_does_not(plugin, timers):
    fired = []
    timers.schedule('d', 0, lambda: fired.append(1))
    timers.cancel('d')
    timers.cancel('never heard of')
    call(plugin.jobs[0])
    assert fired == []


def test_a_plugin_that_fails_fails_nobody_else(timers, plugin, monkeypatch):
    """What the timer belongs to is stored by then, and must not be taken for broken."""
    fired = []
    with monkeypatch.context() as patch:
        patch.setattr(plugin, 'schedule', lambda job: 1 / 0)
        timers.schedule('e', 0, lambda: fired.append(1))
    timers.schedule('e', 0, lambda: fired.append(2))
    call(plugin.jobs[0])
    assert fired == [2]


def test_the_plugin_runs_with_the_engine(plugin, timers):
    timers.start()
    timers.stop()
    assert plugin.log == ['start', 'stop True']


def test_a_job_needs_a_function():
    with pytest.raises(RuntimeError, match="'target_method_name' must be provided"):
        SchedulerJob(run_after=1)


class TestLoading:
    def points(self, group):
        yield EntryPoint('good', f'{__name__}:Plugin', group)
        yield EntryPoint('wrong', 'builtins:list', group)

    def test_with_the_options(self):
        plugin = load_scheduler('good', 'options', self.points)
        assert isinstance(plugin, Plugin)
        assert plugin.group == 'options'

    def test_another_name(self):
        message = r'is not installed\. There are: default, good, legacy, wrong'
        with pytest.raises(ConfigurationError, match=message):
            load_scheduler('missing', None, self.points)

    def test_another_class(self):
        with pytest.raises(ConfigurationError, match=r'no subclass of mistral\.scheduler\.base'):
            load_scheduler('wrong', '', self.points)
