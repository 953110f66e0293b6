import pytest
from oslo_config import cfg

from mistral.executors.heartbeats import HeartbeatSender, HeartbeatSettings
from mistral.tests.unit.executors.doubles import Reporter

HOUR = 3600


@pytest.fixture
def reporter():
    return Reporter()


@pytest.fixture
def make_sender(reporter):
    senders = []

    def make(report=reporter.report_running, **settings):
        senders.append(HeartbeatSender(HeartbeatSettings(**settings), report))
        return senders[-1]

    yield make
    for sender in senders:
        sender.stop()


def test_a_new_action_is_reported_soon(make_sender, reporter):
    sender = make_sender(interval=HOUR, first_delay=0)
    sender.start()
    sender.add('a1')
    assert reporter.next_beat() == ['a1']
    sender.add('a2')
    assert reporter.next_beat() == ['a2']


def test_new_actions_gather_for_one_beat(make_sender, reporter):
    sender = make_sender(interval=HOUR, first_delay=0)
    sender.add('a1')
    sender.add('a2')
    sender.add('gone')
    sender.remove('gone')
    sender.start()
    assert reporter.next_beat() == ['a1', 'a2']


def test_all_are_reported_at_each_interval(make_sender, reporter):
    sender = make_sender(interval=0.01, first_delay=0)
    sender.add('a1')
    sender.add('a2')
    sender.start()
    for _ in range(3):
        assert reporter.next_beat() == ['a1', 'a2']


def test_until_they_are_removed(make_sender, reporter):
    sender = make_sender(interval=0.01, first_delay=0)
    sender.add('a1')
    sender.add('a2')
    sender.start()
    assert reporter.next_beat() == ['a1', 'a2']
    sender.remove('a1')
    while (beat := reporter.next_beat()) != ['a2']:
        assert beat == ['a1', 'a2']  # was on its way


def test_a_failing_report_does_not_end_the_beats(make_sender, reporter, caplog):
    failures = iter([OSError('no connection')])

    def report(ids):
        if failure := next(failures, None):
            raise failure
        reporter.report_running(ids)

    sender = make_sender(report, interval=0.01, first_delay=0)
    sender.add('a1')
    sender.start()
    assert reporter.next_beat() == ['a1']
    assert 'Heartbeat of 1 actions could not be sent' in caplog.text


@pytest.mark.parametrize(
    ('interval', 'misses', 'settings'),
    [(20, 15, HeartbeatSettings(interval=20)), (0, 15, None), (20, 0, None)],
)
def test_settings_come_from_the_configuration(interval, misses, settings):
    conf = cfg.ConfigOpts()
    conf.register_opts(
        [
            cfg.IntOpt('check_interval', default=interval),
            cfg.IntOpt('max_missed_heartbeats', default=misses),
        ],
        'action_heartbeat',
    )
    assert HeartbeatSettings.from_config(conf) == settings
