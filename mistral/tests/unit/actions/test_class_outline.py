"""What is read from the text of a class without running it."""

import pytest

from mistral.actions.class_outline import outline_of
from mistral.actions.descriptors import Signature
from mistral.exceptions import ActionException

HEAD = """
from mistral_lib import actions
from mistral_lib.actions import Action as Base
import mistral.actions.std_actions
import mistral.actions.std_actions as std
try:
    from nowhere.to_be_found import Unknown
except ImportError:
    Unknown = None
raise RuntimeError('This must never be run.')
"""


def outline(text, name='A'):
    return outline_of(HEAD + text, name)


CONSTRUCTORS = {
    'def __init__(self): pass': ('', Signature()),
    'def __init__(self, a, b): pass': ('a, b', Signature(('a', 'b'))),
    'def __init__(me, a, b="x", c=[1]): pass': (
        'a, b="x", c=[1]',
        Signature(('a',), frozenset('bc')),
    ),
    'def __init__(self, a, /, *rest, b, c=None): pass': (
        'a, b, c=null',
        Signature(('a', 'b'), frozenset('c')),
    ),
    'def __init__(self, a=print, b=-1.5): pass': (
        'a=print, b=-1.5',
        Signature((), frozenset('ab')),
    ),
    'def __init__(self, **more): pass': ('**more', Signature(is_open=True)),
    'def __init__(self, a): pass\n    def __init__(self, b): pass': ('b', Signature(('b',))),
    '__init__ = make_one()': ('**kwargs', Signature(is_open=True)),
    '': ('', Signature()),
}


@pytest.mark.parametrize('base', ['Base', 'actions.Action'])
@pytest.mark.parametrize('text', CONSTRUCTORS, ids=CONSTRUCTORS)
def test_parameters_are_those_of_the_constructor(text, base):
    found = outline(f'class A({base}):\n    {text or "pass"}\n')
    assert (found.parameters, found.signature) == CONSTRUCTORS[text]


INHERITED = {
    'class A(Parent): pass': 'n',
    'class A(Mixin, Parent): pass': 'n',
    'class A(std.EchoAction): pass': 'output, delay=0',
    'class A(mistral.actions.std_actions.EchoAction): pass': 'output, delay=0',
    'class A(Unknown): pass': '**kwargs',
    'class A(make_base()): pass': '**kwargs',
    'class A(A): pass': '**kwargs',
    'class A(Mixin, metaclass=Meta): pass': '**kwargs',
    '@dataclass\nclass A(Base): pass': '**kwargs',
    'class A(object): pass': '**kwargs',
    'class A: pass': '',
    'from mistral.actions.std_actions import EchoAction as A': 'output, delay=0',
}


@pytest.mark.parametrize('text', INHERITED, ids=INHERITED)
def test_what_is_inherited(text):
    bases = 'class Mixin: pass\nclass Parent(Base):\n    def __init__(self, n): pass\n'
    assert outline(bases + text).parameters == INHERITED[text]


@pytest.mark.parametrize(
    ('text', 'description'),
    [
        ('class A(Base):\n    """Own."""', 'Own.'),
        ('class P(Base):\n    """Of parent.\n\n    More.\n    """\nclass A(P): pass', None),
        ('class A(Unknown): pass', None),
        ('class A: pass', None),
    ],
)
def test_description_is_the_docstring(text, description):
    expected = 'Of parent.\n\nMore.' if 'More.' in text else description
    assert outline(text).description == expected


IS_SYNC = {
    'class A(Base): pass': True,
    'class A: pass': True,
    'class A(Unknown): pass': True,
    'class A(Base):\n    def is_sync(self): return True': True,
    'class A(Base):\n    def is_sync(self): return False': False,
    'class A(Base):\n    def is_sync(self):\n        """No."""\n        return False': False,
    'class A(std.AsyncNoOpAction): pass': False,
    'class A(std.EchoAction): pass': True,
    'class P(Base):\n    def is_sync(self): return False\nclass A(P): pass': False,
}


@pytest.mark.parametrize('text', IS_SYNC, ids=IS_SYNC)
def test_whether_it_is_synchronous(text):
    assert outline(text).is_sync is IS_SYNC[text]


@pytest.mark.parametrize(
    'method',
    [
        'def is_sync(self): return self.sync',
        'def is_sync(self):\n        print()\n        return True',
        'is_sync = other',
        'is_sync: object = other',
        'async def is_sync(self): return True',
    ],
)
def test_whether_it_is_synchronous_has_to_be_plain(method):
    with pytest.raises(ActionException, match="class 'A' must consist of 'return True'"):
        outline(f'class A(Base):\n    {method}')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('class B(Base): pass', "There is no class 'A' at its top level"),
        ('def A(): pass', "There is no class 'A'"),
        ('class B:\n    class A(Base): pass', "There is no class 'A'"),
        ('class A(', r'It is not valid Python: .* \(source, line 11\)'),
        ('x = "\0"', 'It is not valid Python: .* null bytes'),
        ('x = ' + '-' * 30_000 + '1', 'It is nested too deeply'),
        (f'class A({"-" * 3_000}1): pass', 'It is nested too deeply'),
    ],
)
def test_what_cannot_be_read(text, message):
    with pytest.raises(ActionException, match=message):
        outline(text)
