import time

import pytest
from mistral_lib.actions import Result
from mistral_lib.utils.inspect_utils import get_arg_list_as_str

from mistral.actions import ssh
from mistral.actions import std_actions as std
from mistral.actions.options import SshOptions
from mistral.exceptions import ActionException
from mistral.utils.egress import EgressPolicy

HTTP_PARAMETERS = (
    'url, method="GET", params=null, body=null, json=null, headers=null, cookies=null, '
    'auth=null, timeout=null, allow_redirects=null, proxies=null, verify=null'
)


@pytest.fixture
def naps(monkeypatch):
    """The seconds that actions wanted to sleep."""
    naps = []
    monkeypatch.setattr(time, 'sleep', naps.append)
    return naps


@pytest.mark.parametrize(
    ('action', 'signature'),
    [
        (std.EchoAction, 'output, delay=0'),
        (std.NoOpAction, ''),
        (std.AsyncNoOpAction, ''),
        (std.FailAction, 'error_data=null'),
        (std.SleepAction, 'seconds=1'),
        (std.TestDictAction, 'size=0, key_prefix="", val=""'),
        (std.HTTPAction, HTTP_PARAMETERS),
        (std.MistralHTTPAction, HTTP_PARAMETERS),
    ],
)
def test_signatures_are_part_of_the_contract(action, signature):
    assert get_arg_list_as_str(action.__init__) == signature


@pytest.mark.parametrize(
    ('action', 'is_sync', 'repeatable'),
    [
        (std.EchoAction('x'), True, True),
        (std.NoOpAction(), True, True),
        (std.AsyncNoOpAction(), False, False),
        (std.FailAction(), True, True),
        (std.SleepAction(), True, True),
        (std.TestDictAction(), True, True),
        (std.HTTPAction('http://host.example'), True, False),
        (std.MistralHTTPAction('http://host.example'), False, False),
    ],
)
def test_how_actions_may_be_run(action, is_sync, repeatable):
    assert action.is_sync() is is_sync
    assert getattr(action, 'repeatable', False) is repeatable


@pytest.mark.parametrize('action', [std.NoOpAction(), std.AsyncNoOpAction()])
def test_noop(action):
    assert action.run(None) is None


class TestEcho:
    @pytest.mark.parametrize('output', ['x', None, 0, [1, {'a': 2}]])
    def test_returns_its_output(self, output, naps):
        assert std.EchoAction(output).run(None) == output
        assert naps == []

    @pytest.mark.parametrize('delay', [1.5, '1.5'])
    def test_waits_first(self, delay, naps):
        std.EchoAction('x', delay).run(None)
        assert naps == [1.5]

    @pytest.mark.parametrize('delay', [-1, '-1', 'soon', 'nan', 'inf'])
    def test_an_odd_delay_is_none(self, delay, naps):
        assert std.EchoAction('x', delay).run(None) == 'x'
        assert naps == []

    def test_a_null_delay_is_refused(self):
        with pytest.raises(TypeError):
            std.EchoAction('x', None)  # type: ignore[arg-type]

    def test_equality(self):
        assert std.EchoAction('x', 1) == std.EchoAction('x', 1)
        assert std.EchoAction('x', 1) != std.EchoAction('x', 2)
        assert std.EchoAction('x') != 'x'


class TestFail:
    def test_raises(self):
        with pytest.raises(ActionException) as error:
            std.FailAction().run(None)
        assert str(error.value) == 'Fail action expected exception.'

    def test_returns_an_error_with_data(self):
        assert std.FailAction({'code': 1}).run(None) == Result(error={'code': 1})

    def test_is_shown_in_messages(self):
        assert repr(std.FailAction('secret')) == 'Fail action'


class TestSleep:
    @pytest.mark.parametrize(
        ('seconds', 'slept'), [(2, 2), (2.7, 2), ('3', 3), (-1, 0), ('long', 0)]
    )
    def test_sleeps_whole_seconds(self, seconds, slept, naps):
        assert std.SleepAction(seconds).run(None) is None
        assert naps == [slept]

    def test_null_is_refused(self):
        with pytest.raises(TypeError):
            std.SleepAction(None)  # type: ignore[arg-type]


class TestTestDict:
    def test_makes_a_dictionary(self):
        assert std.TestDictAction(2, 'k', 'v').run(None) == {'k0': 'v', 'k1': 'v'}

    def test_is_empty_by_default(self):
        assert std.TestDictAction().run(None) == {}

    @pytest.mark.parametrize('size', ['2', 2.0, None])
    def test_needs_a_whole_number(self, size):
        with pytest.raises(ActionException, match="'size' must be an integer"):
            std.TestDictAction(size).run(None)


class TestSsh:
    def test_needs_a_host(self):
        login = ssh.Login('ann', '', None, None)
        with pytest.raises(ActionException, match=r"Failed to execute ssh cmd 'ls' on \[\]"):
            ssh.run_on_all('ls', [], login, SshOptions(EgressPolicy()))
