import datetime
from dataclasses import replace

import pytest
from mistral_lib import utils
from mistral_lib.actions import Action, Result
from mistral_lib.exceptions import ActionException as LibActionException

from mistral import context
from mistral.actions.std_actions import EchoAction, FailAction, NoOpAction
from mistral.context import RequestContext
from mistral.exceptions import ActionException, ApplicationContextNotFoundException
from mistral.executors import runner
from mistral.tests.unit.executors.doubles import Calling, request

RAISED = "The action raised an exception [action=my.action, action_ex_id=a1, msg='{}']"


def raising(error):
    def function(context):
        raise error

    return function


@pytest.mark.parametrize(
    ('value', 'result'),
    [
        ('x', Result('x')),
        (None, Result(None)),
        ({'a': [1]}, Result({'a': [1]})),
        (Result('x'), Result('x')),
        (Result(error='no'), Result(error='no')),
        (Result(error=''), Result(error='')),
        (Result(cancel=True), Result(cancel=True)),
        ((1, datetime.date(2020, 1, 1)), Result([1, '2020-01-01'])),
        (Result(error=(1, 2)), Result(error=[1, 2])),
    ],
)
def test_what_an_action_returns_becomes_a_result(value, result):
    assert runner.run(request(Calling(lambda context: value))) == result


@pytest.mark.parametrize(
    'error',
    [
        ValueError('wrong'),
        ActionException('wrong'),
        LibActionException('wrong'),
        SystemExit('wrong'),
        KeyboardInterrupt('wrong'),
    ],
)
def test_whatever_it_raises_is_an_error(error):
    result = runner.run(request(Calling(raising(error))))
    assert result == Result(error=RAISED.format('wrong'))


class TestLog:
    def test_a_surprising_error_comes_with_its_traceback(self, caplog):
        runner.run(request(Calling(raising(ValueError('surprise')))))
        assert 'Action failed [name=my.action, action_ex_id=a1]: surprise' in caplog.text
        assert 'Traceback' in caplog.text

    @pytest.mark.parametrize('error', [ActionException('no'), LibActionException('no')])
    def test_one_raised_on_purpose_does_not(self, caplog, error):
        caplog.set_level('INFO')
        runner.run(request(Calling(raising(error))))
        assert 'Action failed [name=my.action, action_ex_id=a1]: no' in caplog.text
        assert 'Traceback' not in caplog.text


class TestAsynchronousActions:
    @pytest.mark.parametrize('value', ['x', None, Result('x'), Result(cancel=True)])
    def test_their_value_does_not_count(self, value):
        assert runner.run(request(Calling(lambda context: value, is_sync=False))) is None

    def test_their_errors_do(self):
        action = Calling(lambda context: Result(error='no'), is_sync=False)
        assert runner.run(request(action)) == Result(error='no')
        action = Calling(raising(ValueError('no')), is_sync=False)
        assert runner.run(request(action)) == Result(error=RAISED.format('no'))


class TestResultsThatAreNoData:
    @pytest.mark.parametrize('value', [object(), b'\xff', float('nan')])
    def test_are_errors(self, value):
        result = runner.run(request(Calling(lambda context: value)))
        assert result.error.startswith(
            'Failed to complete action due to a Mistral exception '
            '[action=my.action, action_ex_id=a1]\n '
        )

    def test_even_if_they_contain_themselves(self):
        value = []
        value.append(value)
        assert 'recursion' in runner.run(request(Calling(lambda context: value))).error


class TestNames:
    """Messages show the action as it wants to be shown, but no address of memory."""

    def test_the_name_of_the_action(self):
        assert 'action=my.action,' in runner.run(request(Calling(raising(OSError())))).error

    def test_its_own_text(self):
        result = runner.run(request(FailAction(), None))
        assert result.error == (
            'The action raised an exception [action=Fail action, action_ex_id=None, '
            "msg='Fail action expected exception.']"
        )

    def test_a_text_that_cannot_be_made(self):
        class Odd(NoOpAction):
            def __repr__(self):
                raise RuntimeError('no text')

            def run(self, context):
                raise ValueError('wrong')

        assert runner.run(request(Odd())) == Result(error=RAISED.format('wrong'))


class TestOtherFailures:
    request = request(EchoAction('x'), timeout=1.5)

    def test_a_timeout(self):
        assert runner.timeout_failure(self.request) == Result(
            error=RAISED.format('Timeout after 1.5 seconds')
        )

    def test_an_interruption(self):
        assert runner.interruption_failure(self.request) == Result(
            error=RAISED.format('The executor was stopped before the action ended')
        )

    def test_a_result_that_nobody_takes(self):
        assert runner.report_failure(self.request, ValueError('too large')) == Result(
            error='Failed to complete action due to a Mistral exception [action=my.action, '
            'action_ex_id=a1]\n too large'
        )


def test_whole_seconds_look_whole():
    failure = runner.timeout_failure(request(EchoAction('x'), timeout=1.0))
    assert "msg='Timeout after 1 seconds'" in failure.error


class TestContext:
    caller = RequestContext(
        'p1',
        user_id='u1',
        user_name='ann',
        project_name='one',
        roles=('member',),
        security={'auth_token': 'token', 'region_name': 'north', 'trust_id': 'trust'},
    )

    def contexts(self, **fields):
        seen = []
        runner.run(request(Calling(seen.append), caller=self.caller, **fields))
        return seen[0].security, seen[0].execution

    def test_security(self):
        security, _ = self.contexts(redelivered=True)
        assert (security.project_id, security.project_name) == ('p1', 'one')
        assert (security.user_name, security.redelivered) == ('ann', True)
        assert (security.auth_token, security.region_name) == ('token', 'north')
        assert (security.trust_id, security.service_catalog) == ('trust', None)

    def test_the_caller_is_somebody_else_in_another_cloud(self):
        seen = []

        def look(context):
            local = utils.get_thread_local('MISTRAL_APP_CTX_THREAD_LOCAL')
            seen.extend([local.project_id, local.user_id, local.user_name])
            seen.extend([context.security.project_id, context.security.user_name])

        there = {'project_id': 'q', 'project_name': None, 'user_id': 'v', 'user_name': 'amy'}
        caller = replace(self.caller, security=there)
        runner.run(request(Calling(look), caller=caller))
        assert seen == ['q', 'v', 'amy', 'q', 'amy']

    def test_execution(self):
        fields = {
            'workflow_execution_id': 'w',
            'task_execution_id': 't',
            'action_execution_id': 'a',
            'workflow_name': 'flow',
            'callback_url': '/v2/action_executions/a',
            'with_items_index': 3,
        }
        _, execution = self.contexts(execution_context=fields)
        assert {name: getattr(execution, name) for name in fields} == fields
        _, execution = self.contexts()
        assert execution.workflow_name is None

    def test_objects_that_are_no_actions_get_none(self):
        class Legacy:
            def run(self, context):
                return context is None

        assert runner.run(request(Legacy())) == Result(True)

    def test_the_caller_is_in_the_thread_while_the_action_runs(self):
        seen = []

        def look(context):
            seen.append(utils.get_thread_local('MISTRAL_APP_CTX_THREAD_LOCAL'))

        runner.run(request(Calling(look), caller=self.caller))
        caller = seen[0]
        assert (caller.project_id, caller.user_id, caller.auth_token) == ('p1', 'u1', 'token')
        for name in ('auth_uri', 'service_catalog', 'is_trust_scoped', 'insecure', 'auth_cacert'):
            assert getattr(caller, name) is None
        assert not utils.has_thread_local('MISTRAL_APP_CTX_THREAD_LOCAL')

    def test_older_actions_ask_for_the_caller(self):
        seen = []
        runner.run(request(Calling(lambda _: seen.append(context.ctx())), caller=self.caller))
        assert seen[0].project_id == 'p1'
        assert not context.has_ctx()
        with pytest.raises(ApplicationContextNotFoundException):
            context.ctx()


def test_an_action_whose_kind_cannot_be_told_fails():
    class Odd(Action):
        def run(self, context):
            return 'x'

        def is_sync(self):
            raise ValueError('who knows')

    assert runner.run(request(Odd())) == Result(error=RAISED.format('who knows'))
