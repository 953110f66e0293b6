import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral.exceptions import DSLParsingException
from mistral.lang.inline import InlineCall, is_too_deep, parse_call, parse_command
from mistral.lang.yaml_loader import MAX_DEPTH


@pytest.mark.parametrize(
    ('text', 'parameters'),
    [
        # texts
        ('output="a b"', {'output': 'a b'}),
        ("output='a b'", {'output': 'a b'}),
        ('output="5"', {'output': '5'}),
        ('output="k=5 j=6"', {'output': 'k=5 j=6'}),
        ('output="<% $.x %> foo"', {'output': '<% $.x %> foo'}),
        (r'output="a \"q\" b"', {'output': 'a \\'}),
        ('output="two\nlines"', {'output': 'two\nlines'}),
        # expressions
        ('output=<% $.x + 1 %>', {'output': '<% $.x + 1 %>'}),
        ('output={{ _.x }}', {'output': '{{ _.x }}'}),
        ('output=<% $.a %>, b=<% $.b = 1 %>', {'output': '<% $.a %>', 'b': '<% $.b = 1 %>'}),
        ('output=<% $.x\n + 1 %>', {}),
        # JSON scalars
        ('output=5 flag=true n=null', {'output': 5, 'flag': True, 'n': None}),
        (
            'output=1.5 b=-5 c=-0.25 d=1e5 e=2E-1',
            {'output': 1.5, 'b': -5, 'c': -0.25, 'd': 1e5, 'e': 0.2},
        ),
        ('output=007', {'output': '007'}),
        ('output=12abc b=trueish c=1.5.2', {'output': 12, 'b': True, 'c': 1}),
        ('a=12b=3', {'a': 12, 'b': 3}),
        # JSON containers
        ('output=["a", "b"] delay=5', {'output': ['a', 'b'], 'delay': 5}),
        ('a=[1] b=[2]', {'a': [1], 'b': [2]}),
        ('a=[[1, 2], [3]], b=[]', {'a': [[1, 2], [3]], 'b': []}),
        ('output={"a": {"b": [1]}} x=1', {'output': {'a': {'b': [1]}}, 'x': 1}),
        ('output={"a": "<% $.x %>"}', {'output': {'a': '<% $.x %>'}}),
        ('output=[a, b]', {'output': '[a, b]'}),
        ('output=[<% $.x %>, b]', {'output': '[<% $.x %>, b]'}),
        # separators and keys
        ('output="a",delay=1', {'output': 'a', 'delay': 1}),
        ('output="a";delay=1', {'output': 'a', 'delay': 1}),
        ('a-b=1 a.b=3 c_d=4', {'a-b': 1, 'b': 3, 'c_d': 4}),
        ('a=1 a=2', {'a': 2}),
        ('url=http://h/?k=v&n=5', {'n': 5}),
        # what was never read stays out
        ('output=R', {}),
        ('output=True', {}),
        ('output=foo<% $.x %>', {}),
        ('output={a: 1}', {}),
        ('output=-x', {}),
        ('output= "a"', {}),
        ('output ="a"', {}),
        ('output="open', {}),
        ('leftover words', {}),
    ],
)
def test_parameters(text, parameters):
    assert parse_call(f'std.echo {text}') == InlineCall('std.echo', parameters)


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('std.echo', 'std.echo'),
        ('a-b/c', 'a-b/c'),
        ('<%$.a%>', '<%$.a%>'),
        ('<% $.act %>', '<% $.act %>'),
        ('{{ _.act }}', '{{ _.act }}'),
        ('std.<%$.a%> x=1', 'std.<%$.a%>'),
        ('std.<% $.a %> x=1', 'std.<% $.a %>'),
        ('std.{{ _.a }} x={{ _.b }}', 'std.{{ _.a }}'),
        ('<% $.a %>.<% $.b %> x=1', '<% $.a %>.<% $.b %>'),
        ('<% $.a = "q" %> x=1', '<% $.a = "q" %>'),
        ("{{ {'a': {'b': 'c'}}['a']['b'] }} x=1", "{{ {'a': {'b': 'c'}}['a']['b'] }}"),
        ('{% if _.a %}x{% else %} y{% endif %} x=1', '{% if _.a %}x{% else %} y{% endif %}'),
        ('std.echo(output="a b")', 'std.echo'),
        ('std.echo"x" y', 'std.echo'),
    ],
)
def test_names(text, name):
    assert parse_call(text).name == name


def test_expressions_in_the_name_hold_no_parameters():
    assert parse_call('<% $.a.where(x=1) %> y=2').parameters == {'y': 2}


@pytest.mark.parametrize('text', ['a\tx=1', 'a\nx=1', 'fail(msg="x")', '"quoted"', ''])
def test_without_a_blank_all_is_the_name(text):
    assert parse_call(text) == InlineCall(text, {})


@pytest.mark.parametrize('text', [' std.echo x=1', '"std.echo" x=1', '(a b)', '<% open', '-a b'])
def test_a_call_must_begin_with_a_name(text):
    with pytest.raises(DSLParsingException) as caught:
        parse_call(text)
    assert str(caught.value) == f'Invalid action/workflow task property: {text}'


@pytest.mark.parametrize(
    ('text', 'call'),
    [
        ('fail', InlineCall('fail', {})),
        ('fail msg="x y"', InlineCall('fail', {'msg': 'x y'})),
        ('fail(msg="x y")', InlineCall('fail', {'msg': 'x y'})),
        ('fail(msg="x")', InlineCall('fail', {'msg': 'x'})),
        ('fail(msg=<%$.x%>)', InlineCall('fail', {'msg': '<%$.x%>'})),
        ('fail(msg=5)', InlineCall('fail', {'msg': 5})),
        ('fail(msg=word)', InlineCall('fail', {})),
        ('fail()', InlineCall('fail()', {})),
    ],
)
def test_commands(text, call):
    assert parse_command(text) == call


def test_json_nested_too_deeply_is_kept_as_text():
    deep = '[' * 5000 + ']' * 5000
    assert parse_call(f'std.echo a={deep} b=1').parameters == {'a': deep, 'b': 1}


@pytest.mark.parametrize(
    ('depth', 'is_deep'), [(0, False), (MAX_DEPTH, False), (MAX_DEPTH + 1, True)]
)
def test_depth(depth, is_deep):
    value: object = 'x'
    for level in range(depth):
        value = {'a': value} if level % 2 else [value]
    assert is_too_deep(value) is is_deep


@given(st.text(st.sampled_from('ab=<%{}[]"\'. ,:1-e()$\n'), max_size=40))
def test_any_text_is_a_call_or_refused(text):
    try:
        call = parse_call(text)
    except DSLParsingException:
        assert ' ' in text
    else:
        assert text.startswith(call.name)
