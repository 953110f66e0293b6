import pytest
from mistral_lib.exceptions import ActionException as LibActionException

from mistral.actions.descriptors import (
    GeneratedActionDescriptor,
    Signature,
    StaticActionDescriptor,
    instantiate,
    is_sync,
)
from mistral.actions.std_actions import AsyncNoOpAction, EchoAction, HTTPAction
from mistral.exceptions import ActionException, DBError
from mistral.tests.unit.actions import plugin_actions


@pytest.mark.parametrize(
    ('action_class', 'signature'),
    [
        (EchoAction, Signature(('output',), frozenset({'delay'}))),
        (plugin_actions.Strict, Signature(('a', 'c'), frozenset({'b', 'd'}))),
        (
            plugin_actions.Greet,
            Signature(('name',), frozenset({'greeting', 'mark'}), is_open=True),
        ),
    ],
)
def test_signatures_are_read_from_constructors(action_class, signature):
    assert Signature.of_constructor(action_class) == signature


@pytest.mark.parametrize(
    ('text', 'signature'),
    [
        ('', Signature()),
        ('a, b="x", c=null', Signature(('a',), frozenset({'b', 'c'}))),
        ('a, **kw', Signature(('a', '**kw'), is_open=True)),
    ],
)
def test_or_from_text(text, signature):
    assert Signature.of_text(text) == signature


def test_or_from_text_at_the_constructor():
    class Made:
        def __init__(self, **parameters):
            pass

        __init__.__arguments__ = 'a, b=1'  # type: ignore[attr-defined]

    assert Signature.of_constructor(Made) == Signature(('a',), frozenset({'b'}))


class TestStatic:
    descriptor = StaticActionDescriptor('std.echo', EchoAction)

    def test_properties(self):
        assert self.descriptor.name == 'std.echo'
        assert self.descriptor.description == EchoAction.__doc__
        assert self.descriptor.params_spec == 'output, delay=0'
        assert self.descriptor.namespace == ''
        assert self.descriptor.project_id is None
        assert self.descriptor.action_class_name == 'mistral.actions.std_actions.EchoAction'

    @pytest.mark.parametrize('parameters', [{'output': 1}, {'output': 1, 'delay': 2}])
    def test_right_parameters(self, parameters):
        self.descriptor.check_parameters(parameters)
        assert instantiate(self.descriptor, parameters, {}) == EchoAction(**parameters)

    @pytest.mark.parametrize(
        ('parameters', 'rest'),
        [
            ({'result': 'x'}, "missing=['output'], unexpected=['result']"),
            ({}, "missing=['output']"),
            (None, "missing=['output']"),
            ({'output': 1, 'a': 2, 'b': 3}, "unexpected=['a', 'b']"),
        ],
    )
    def test_wrong_parameters(self, parameters, rest):
        with pytest.raises(LibActionException) as error:
            self.descriptor.check_parameters(parameters)
        assert str(error.value) == (
            f'Invalid input [name=std.echo, class=mistral.actions.std_actions.EchoAction, {rest}]'
        )

    def test_an_open_signature_takes_anything(self):
        StaticActionDescriptor('greet', plugin_actions.Greet).check_parameters({'x': 1})

    def test_defaults_may_hold_commas(self):
        descriptor = StaticActionDescriptor('strict', plugin_actions.Strict)
        descriptor.check_parameters({'a': 1, 'b': ' ', 'c': 2})


class TestGenerated:
    descriptor = GeneratedActionDescriptor(
        'nova.stop',
        plugin_actions.ClientAction,
        {'client_method': 'servers.stop'},
        'Stops a server.',
        'server, force=false',
    )

    def test_properties(self):
        assert self.descriptor.description == 'Stops a server.'
        assert self.descriptor.params_spec == 'server, force=false'
        assert self.descriptor.action_class_attributes == {'client_method': 'servers.stop'}
        assert repr(self.descriptor) == (
            "Generated Python action [name=nova.stop, cls=<class '"
            "mistral.tests.unit.actions.plugin_actions.ClientAction'>, "
            'params_spec=server, force=false]'
        )

    def test_the_action_has_the_attributes(self):
        self.descriptor.check_parameters({'server': 's1'})
        action = instantiate(self.descriptor, {'server': 's1'}, {})
        assert isinstance(action, plugin_actions.ClientAction)
        assert action.run(None) == ['servers.stop', {'server': 's1'}]
        assert plugin_actions.ClientAction.client_method is None

    def test_parameters_are_those_of_the_text(self):
        with pytest.raises(LibActionException, match=r"missing=\['server'\], unexpected=\['x'\]"):
            self.descriptor.check_parameters({'x': 1})

    @pytest.mark.parametrize('nothing', [None, ''])
    def test_description_and_parameters_fall_back_to_the_base(self, nothing):
        descriptor = GeneratedActionDescriptor(
            'nova.any', plugin_actions.ClientAction, {}, nothing, nothing
        )
        assert descriptor.description == 'Calls a method of a client.'
        assert descriptor.params_spec == '**parameters'
        descriptor.check_parameters({'anything': 1})
        assert type(instantiate(descriptor, {}, {})) is plugin_actions.ClientAction


def test_an_action_that_does_not_say_whether_it_is_asynchronous_is_not():
    assert is_sync(object())
    assert is_sync(EchoAction(1))
    assert not is_sync(AsyncNoOpAction())


class TestInstantiate:
    def test_an_error_tells_its_cause_but_not_the_parameters(self):
        descriptor = StaticActionDescriptor('std.http', HTTPAction)
        with pytest.raises(ActionException) as error:
            instantiate(descriptor, {'url': 'u', 'json': 'secret', 'body': 'secret'}, {})
        assert str(error.value) == (
            'Failed to instantiate an action [action_desc=Python action [name=std.http, '
            "cls=<class 'mistral.actions.std_actions.HTTPAction'>]]: Only one of the parameters "
            "'json' and 'body' can be passed"
        )

    def test_an_error_of_the_database_passes(self):
        class Lost(StaticActionDescriptor):
            def instantiate(self, params, wf_ctx):
                raise DBError('connection lost')

        with pytest.raises(DBError, match='connection lost'):
            instantiate(Lost('lost', EchoAction), {}, {})
