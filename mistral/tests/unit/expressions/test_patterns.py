"""Regular expressions mean what they mean for `re`, and stop in time."""

import re
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral.exceptions import EvaluationException
from mistral.expressions import ExpressionOptions
from mistral.expressions.budget import Budget, EvaluationLimitError, EvaluationMemoryError
from mistral.expressions.options import DEFAULT_OPTIONS
from mistral.expressions.patterns import BoundedPattern
from mistral.tests.unit.expressions.conftest import build_expressions

#: Takes `re` and `regex` years.
ENDLESS = '^(a|aa|a(?=a))+$'
TEXT = 'a' * 60 + 'b'

#: By what they try.
PATTERNS = {
    'fuzzy': ['(a){e}', 'a{e}', '(?:x){i<=1}', '[ab]{s}', '(a){e<=1}?'],
    'braces': ['a{,2}', 'a{,}', 'a{2}', 'a{1,2}?', 'a{', '{}', 'a{1,b}', r'\{e\}', '[{]e'],
    'sets': ['[[:digit:]]+', '[a||b]', '[a-c--]+', '[a&&b]', '[]a]', '[^]]', r'[\]\[]', r'[a\-z]'],
    'classes': [r'\w+', r'\W+', r'\s', r'\S+', r'\d+', r'\D+', r'[^\W\d]+', r'[\W_]+', r'[^\s\S]'],
    'positions': ['^', '$', r'\b', r'\B', r'\Aa', r'b\Z', '(?m)^', '(?m)$', '(?m)^a.*$'],
    'flags': ['(?i)abc', '(?i)[a-z]+', '(?i)[^a-z]+', '(?i:a)b', '(?i)a(?-i:b)', '(?s).+', '.+'],
    'ascii': [r'(?a)\w+', r'(?a:\w)\w', '(?ai)[k-s]+', r'(?a)\s', r'(?a)\b.'],
    'verbose': ['(?x) a b # {e}\n |c', '(?x:a b)', '(?#{e})a'],
    'groups': ['(a)(b)?', '(?P<n>a)(?P=n)', '(?P<n>a)(?(n)b|c)', '(a)?(?(1)b)', r'(a)\1', r'(.)\1'],
    'alternatives': ['a|b|', '(a|b)*', '(a)|b', '(?:a|)', '((a)|b)*'],
    'nothing': ['', '(?:)', '(a*)*', r'(?:\b)*x', '(?:^)?b', '(?=a)*a', '(?!)', '(?:(?!))*a'],
    'around': ['(?=a)', '(?<=a)b', '(?<!a)b', '(?!a).', r'(?<=\w)[^\w]', '(?<=ab|cd)x'],
    'repetition': ['x*', 'a+?b', 'a??', 'a++b', 'a*+', '(?:ab)?+c', '(?>a+)b', '(?:a{2,}){2}'],
    'characters': [r'\x41', r'\u00e9', r'\N{DIGIT ONE}', r'\101', r'[\b]', r'\-', r'\ ', '#~@"é'],
}

TEXTS = [
    *(
        '',
        'a',
        'aab',
        'abc',
        'ABC\nabc\n',
        'foo bar_1',
        'a{e}',
        'x{i<=1}',
        'bae x',
        '[:digit:]',
        '5d:',
    ),
    *(
        'é É \u017f s K k \u212a',
        'ß SS',
        '²',
        'e\u0301x',
        '\u0345 \u03b9',
        '\x1c a',
        'a1 ٣',
        '||--&&',
        '日本 語',
    ),
]


def outcome(pattern: Any, text: str) -> list[Any]:
    spans = [
        ([match.span(group) for group in range(match.re.groups + 1)], match.groupdict())
        for match in pattern.finditer(text)
    ]
    first = pattern.search(text)
    return [
        spans,
        first and first.span(),
        pattern.split(text),
        pattern.split(text, 1),
        pattern.sub(r'<\g<0>>', text),
        pattern.sub('-', text, 1),
    ]


def bounded(pattern: re.Pattern[str], seconds: float = 10.0) -> BoundedPattern:
    return BoundedPattern(pattern, Budget(ExpressionOptions(time_limit=seconds)))


@pytest.mark.filterwarnings('ignore:Possible:FutureWarning')
@pytest.mark.parametrize('flags', [0, re.IGNORECASE, re.MULTILINE, re.IGNORECASE | re.DOTALL])
@pytest.mark.parametrize('topic', PATTERNS)
def test_a_pattern_finds_what_re_finds(topic: str, flags: int) -> None:
    for text in PATTERNS[topic]:
        pattern = re.compile(text, flags)
        for subject in TEXTS:
            assert outcome(bounded(pattern), subject) == outcome(pattern, subject), (text, subject)


ATOMS = [
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    r'\w',
    r'\W',
    r'\b',
    '^',
    '$',
    '(a|b)',
    '(b)?',
    '{e}',
    '(?i:A)',
]
QUANTIFIERS = ['', '*', '+', '?', '*?', '{2}', '{1,2}', '{,2}']
PIECES = st.tuples(st.sampled_from(ATOMS), st.sampled_from(QUANTIFIERS)).map(''.join)


@given(st.lists(PIECES, min_size=1, max_size=4).map(''.join), st.text('aAb{e} \né', max_size=8))
def test_so_does_any_pattern(text: str, subject: str) -> None:
    try:
        pattern = re.compile(text)
    except re.error:
        return
    assert outcome(bounded(pattern), subject) == outcome(pattern, subject)


@pytest.mark.parametrize(
    'replacement',
    [r'\1', r'\2', r'\g<n>', r'\g<0>', r'\0', r'\101', r'\n\\', r'\.', '{1}', r'\g<1>0', r'\é'],
)
def test_replacements_are_those_of_re(replacement: str) -> None:
    pattern = re.compile('(?P<n>a)(b)?')
    assert bounded(pattern).sub(replacement, 'xabxa') == pattern.sub(replacement, 'xabxa')


@pytest.mark.parametrize(
    'replacement', [r'\x41', r'\u0041', r'\N{DIGIT ONE}', r'\400', r'\3', '\\']
)
def test_replacements_that_re_refuses_are_errors(replacement: str) -> None:
    with pytest.raises(re.error):
        bounded(re.compile('a')).sub(replacement, 'xabxa')


@pytest.mark.parametrize(
    'search',
    [
        lambda pattern: pattern.search(TEXT),
        lambda pattern: list(pattern.finditer(TEXT)),
        lambda pattern: pattern.split(TEXT),
        lambda pattern: pattern.sub('x', TEXT),
    ],
)
def test_a_search_without_end_is_stopped(search: Any) -> None:
    with pytest.raises(EvaluationLimitError):
        search(bounded(re.compile(ENDLESS), 0.1))


def test_matches_before_and_after_a_long_search_come_once() -> None:
    pattern = re.compile('x|(?:a|aa)+c|y')
    text = 'xx' + 'a' * 27 + 'xy'
    assert [match.group() for match in bounded(pattern).finditer(text)] == ['x', 'x', 'x', 'y']


def test_a_pattern_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(EvaluationMemoryError):
        BoundedPattern(re.compile('(((a{1000}){1000}){1000}){1000}'), Budget(DEFAULT_OPTIONS))


@pytest.mark.parametrize(
    'expression',
    [
        'regex($.p).matches($.s)',
        '$.s.matches($.p)',
        '$.s =~ $.p',
        '$.s =~ regex($.p)',
        '$.s !~ $.p',
        '$.s !~ regex($.p)',
        'regex($.p).search($.s)',
        'regex($.p).searchAll($.s)',
        'regex($.p).split($.s)',
        '$.s.split(regex($.p))',
        'regex($.p).replace($.s, x)',
        '$.s.replace(regex($.p), x)',
        'regex($.p).replaceBy($.s, $.value)',
        '$.s.replaceBy(regex($.p), $.value)',
    ],
)
def test_yaql_stops_and_lets_other_threads_go_on_meanwhile(expression: str) -> None:
    expressions = build_expressions(ExpressionOptions(time_limit=0.2))
    is_over = threading.Event()
    turns = []

    def take_turns() -> None:
        while not is_over.wait(0.001):
            turns.append(1)

    other = threading.Thread(target=take_turns)
    other.start()
    try:
        with pytest.raises(EvaluationException, match=r'more than 0\.2 seconds of processor time'):
            expressions.evaluate(f'<% {expression} %>', {'p': ENDLESS, 's': TEXT})
    finally:
        is_over.set()
        other.join()
    assert len(turns) > 10
