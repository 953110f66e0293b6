"""What calls and answers look like."""

import pytest

from mistral.context import RequestContext
from mistral.exceptions import MistralException, WorkflowException
from mistral.rpc.kombu import messages


def test_calls():
    caller = RequestContext(project_id='p', roles=('admin',))
    body = messages.CallWriter('m"', caller).write({'a': [1, None, 'é']})
    assert messages.read_call(body) == messages.Call('m"', caller, {'a': [1, None, 'é']})


@pytest.mark.parametrize(
    'body',
    [
        b'', b'\xff', b'[]', b'1', b'{}', b'{"method": "m", "caller": {}, "arguments": {}}',
        b'{"method": "m", "caller": {"roles": []}, "arguments": []}',
    ],
)  # fmt: skip
def test_what_is_no_call(body):
    with pytest.raises(ValueError):  # noqa: PT011
        messages.read_call(body)


def test_answers():
    assert messages.read_answer(messages.write_result({'a': 1})) == {'a': 1}
    with pytest.raises(WorkflowException, match=r'^text$'):
        messages.read_answer(messages.write_error(WorkflowException('text')))
    with pytest.raises(MistralException, match=r'^Internal error: KeyError$'):
        messages.read_answer(messages.write_error(KeyError('secret')))
