"""What filter arguments mean."""

import datetime

import pytest

from mistral.api import filters

MOMENT = datetime.datetime.fromisoformat('2026-11-21 16:22:25')
MIDNIGHT = datetime.datetime.fromisoformat('2026-11-21')
A_UUID = '11111111-2222-4333-8444-555555555555'


def condition(kind, text):
    parsed = kind.frombasetype(text)
    return parsed.operator, parsed.value


@pytest.mark.parametrize(
    ('kind', 'text', 'expected'),
    [
        (filters.TEXT, 'x', ('eq', 'x')),
        (filters.TEXT, 'eq:x', ('eq', 'x')),
        (filters.TEXT, 'neq:x', ('neq', 'x')),
        (filters.TEXT, 'has:a:b', ('has', 'a:b')),
        (filters.TEXT, 'http://x', ('eq', 'http://x')),
        (filters.TEXT, 'in:a,b', ('in', ('a', 'b'))),
        (filters.TEXT, 'in:', ('in', ())),
        (filters.TEXT, 'nin:a, b', ('nin', ('a', ' b'))),
        (filters.UUID, A_UUID, ('eq', A_UUID)),
        (filters.UUID, f'neq:{A_UUID}', ('neq', A_UUID)),
        (filters.UUID, f'in:{A_UUID}', ('in', (A_UUID,))),
        (filters.TIME, '2026-11-21 16:22:25', ('eq', MOMENT)),
        (
            filters.TIME,
            'gt:2026-11-21T16:22:25',
            ('gt', MOMENT),
        ),
        (filters.TIME, 'lte:2026-11-21', ('lte', MIDNIGHT)),
        (filters.FLAG, 'false', ('eq', False)),
        (filters.FLAG, 'eq:1', ('eq', True)),
        (filters.JSON, '{"a": 1}', ('eq', {'a': 1})),
        (filters.TAGS, 'a', ('has_tags', ('a',))),
        (filters.TAGS, 'Mixed, b', ('has_tags', ('Mixed', 'b'))),
    ],
)
def test_meaning(kind, text, expected):
    assert condition(kind, text) == expected


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        (filters.UUID, 'x'),
        (filters.UUID, f'gt:{A_UUID}'),
        (filters.IDENTIFIER, 'has:x'),
        (filters.TIME, 'yesterday'),
        (filters.TIME, 'has:2026'),
        (filters.FLAG, 'maybe'),
        (filters.JSON, 'null'),
        (filters.FLAG, 'neq:true'),
        (filters.JSON, 'in:{}'),
        (filters.TAGS, 'in:a,b'),
        (filters.TEXT, 'in:' + 'a,' * 1000),
        (filters.UUID, 'nin:' + f'{A_UUID},' * 1000),
    ],
)
def test_what_cannot_be_asked(kind, text):
    with pytest.raises(ValueError, match=r'.'):
        kind.frombasetype(text)


@pytest.mark.parametrize(
    ('kind', 'text', 'repeated'),
    [
        (filters.TEXT, 'x', 'eq:x'),
        (filters.TEXT, 'in:a,b', 'in:a,b'),
        (filters.TAGS, 'a,b', 'eq:a,b'),
    ],
)
def test_text_for_the_next_page_means_the_same(kind, text, repeated):
    first = kind.frombasetype(text)

    assert first.text == repeated
    assert kind.frombasetype(repeated) == first
