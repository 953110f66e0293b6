"""Who may start an action, and when it counts as waiting or lost."""

from datetime import timedelta

import pytest

from mistral.db.store import hand_over
from mistral.db.store.hand_over import AGAIN_AFTER, Claim
from mistral.tests.unit.db.actions import Actions
from mistral.tests.unit.db.support import NOON

SECOND = timedelta(seconds=1)
LATER = NOON + timedelta(hours=1)
ENDED = ['SUCCESS', 'ERROR', 'CANCELLED']


@pytest.fixture
def actions(database):
    return Actions(database)


@pytest.fixture
def hand(database):
    """The functions of the store, with a transaction around each."""

    def call(function, *args, **kwargs):
        with database.transaction() as connection:
            return getattr(hand_over, function)(connection, *args, **kwargs)

    return call


class TestClaim:
    @pytest.fixture
    def claim(self, hand):
        return lambda executor, *claims: hand('claim', executor, claims, LATER)

    def test_first_to_ask_gets_it(self, actions, claim):
        actions.add('a', hand_over_at=NOON + AGAIN_AFTER)
        assert claim('first', Claim('a')) == {'a'}
        assert claim('second', Claim('a')) == set()
        assert actions.row('a', 'executor', 'last_heartbeat', 'hand_over_at') == (
            'first', LATER, None,
        )  # fmt: skip

    def test_what_an_executor_has_got_it_gets_again(self, actions, claim):
        actions.add('a')
        assert [claim('first', Claim('a')) for _ in range(2)] == [{'a'}, {'a'}]

    @pytest.mark.parametrize('redelivered', [False, True])
    @pytest.mark.parametrize('may_repeat', [False, True])
    def test_another_gets_it_only_if_that_does_no_harm(
        self, actions, claim, redelivered, may_repeat
    ):
        actions.add('a', executor='first', last_heartbeat=NOON)
        granted = claim('second', Claim('a', redelivered, may_repeat))
        assert granted == ({'a'} if redelivered and may_repeat else set())
        assert actions.row('a', 'executor') == ('second' if granted else 'first')

    @pytest.mark.parametrize('state', [*ENDED, 'PAUSED', 'IDLE'])
    @pytest.mark.parametrize('executor', [None, 'first'])
    def test_nobody_gets_what_does_not_run(self, actions, claim, state, executor):
        actions.add('a', state=state, executor=executor)
        assert claim('first', Claim('a', redelivered=True, may_repeat=True)) == set()

    def test_unknown_actions_are_refused(self, claim):
        assert claim('first', Claim('a')) == set()

    def test_each_is_decided_by_itself(self, actions, claim):
        for n in range(1200):
            actions.add(f'a{n}', executor='second' if n % 2 else None)
        granted = claim('first', *(Claim(f'a{n}') for n in range(1200)))
        assert granted == {f'a{n}' for n in range(0, 1200, 2)}


@pytest.mark.parametrize(
    ('columns', 'is_changed'),
    [
        ({'last_heartbeat': LATER}, True),
        ({'last_heartbeat': NOON - SECOND}, False),
        ({'last_heartbeat': None}, False),
        *(({'last_heartbeat': LATER, 'state': state}, False) for state in ENDED),
    ],
)
def test_suspect(actions, hand, columns, is_changed):
    """The time until an action counts as lost gets shorter, never longer."""
    actions.add('a', **columns)
    hand('suspect', ['a'], NOON)
    expected = NOON if is_changed else columns['last_heartbeat']
    assert actions.row('a', 'last_heartbeat') == expected


@pytest.mark.parametrize(
    ('columns', 'counts'),
    [
        ({'executor': None}, True),
        ({'executor': 'me'}, True),
        ({'executor': 'other'}, False),
        *(({'executor': 'me', 'state': state}, False) for state in ENDED),
    ],
)
def test_beat(actions, hand, columns, counts):
    """A heartbeat counts unless another executor has the action; then it waits no more."""
    actions.add('a', last_heartbeat=NOON, hand_over_at=NOON, **columns)
    hand('beat', 'me', ['a', 'unknown'], LATER)
    assert actions.row('a', 'last_heartbeat', 'hand_over_at', 'executor') == (
        *((LATER, None) if counts else (NOON, NOON)),
        columns['executor'],
    )


def test_action_that_is_handed_over_again_is_new_to_all_executors(actions, hand):
    actions.add('a', executor='dead', last_heartbeat=NOON)
    actions.add('b', executor='dead', last_heartbeat=NOON)
    hand('hand_over_again', ['a'], LATER)
    assert actions.row('a', 'executor', 'last_heartbeat', 'hand_over_at') == (
        None, None, LATER + AGAIN_AFTER,
    )  # fmt: skip
    assert actions.row('b', 'executor') == 'dead'
    hand('hand_over_again', [], LATER)


class TestTakeWaiting:
    @pytest.mark.parametrize(
        ('columns', 'is_taken'),
        [
            ({}, True),
            ({'is_sync': False}, True),
            ({'hand_over_at': LATER}, True),
            ({'hand_over_at': LATER + SECOND}, False),
            ({'hand_over_at': None}, False),
            ({'executor': 'some', 'last_heartbeat': NOON}, False),
            ({'execution': None}, False),
            *(({'state': state}, False) for state in ENDED),
        ],
    )
    def test_which_are_taken(self, actions, hand, columns, is_taken):
        actions.add('a', **{'hand_over_at': NOON, **columns})
        assert hand('take_waiting', LATER, 10) == ({'e': ['a']} if is_taken else {})

    @pytest.mark.parametrize(
        'take_from_executors',
        [
            lambda hand: hand('claim', 'me', [Claim('a')], NOON),
            lambda hand: hand('beat', 'me', ['a'], NOON),
        ],
        ids=['claimed', 'heard of'],
    )
    def test_those_in_the_hands_of_an_executor_are_not(self, actions, hand, take_from_executors):
        actions.add('a', hand_over_at=NOON)
        take_from_executors(hand)
        assert hand('take_waiting', LATER, 10) == {}

    def test_times_double(self, actions, hand):
        actions.add('a', hand_over_at=NOON + AGAIN_AFTER)
        for age in (30, 60, 120, 240):
            now = NOON + timedelta(seconds=age)
            assert hand('take_waiting', now - SECOND, 10) == {}
            assert hand('take_waiting', now, 10) == {'e': ['a']}
            assert hand('take_waiting', now, 10) == {}

    def test_young_action_waits_as_long_as_at_first(self, actions, hand):
        actions.add('a', hand_over_at=NOON)
        assert hand('take_waiting', NOON, 10) == {'e': ['a']}
        assert actions.row('a', 'hand_over_at') == NOON + AGAIN_AFTER

    def test_they_come_in_portions_by_execution(self, actions, hand):
        for n in range(6):
            actions.add(f'a{n}', 'e' if n % 2 else 'f', hand_over_at=NOON)
        portions = [hand('take_waiting', LATER, 4) for _ in range(3)]
        taken = [id_ for portion in portions for ids in portion.values() for id_ in ids]
        assert [sum(map(len, portion.values())) for portion in portions] == [4, 2, 0]
        assert sorted(taken) == [f'a{n}' for n in range(6)]
        assert all((execution == 'e') == (int(id_[1:]) % 2 == 1) for portion in portions
                   for execution, ids in portion.items() for id_ in ids)  # fmt: skip


class TestTakeLost:
    @pytest.fixture
    def take(self, hand):
        def take(limit=10):
            return hand(
                'take_lost',
                LATER,
                silent_since=NOON,
                created_before=NOON - timedelta(hours=1),
                limit=limit,
            )

        return take

    @pytest.mark.parametrize(
        ('columns', 'is_taken'),
        [
            ({'last_heartbeat': NOON - SECOND}, True),
            ({'last_heartbeat': NOON - SECOND, 'executor': 'some'}, True),
            ({'last_heartbeat': NOON}, False),
            ({'last_heartbeat': NOON - SECOND, 'is_sync': False}, False),
            ({'created_at': NOON - timedelta(hours=1) - SECOND}, True),
            ({'created_at': NOON - timedelta(hours=1)}, False),
            ({'created_at': NOON - timedelta(hours=2), 'last_heartbeat': NOON}, False),
            ({'created_at': NOON - timedelta(hours=2), 'is_sync': False}, False),
            *(({'last_heartbeat': NOON - SECOND, 'state': state}, False) for state in ENDED),
        ],
    )
    def test_which_are_taken(self, actions, take, columns, is_taken):
        actions.add('a', **columns)
        assert take() == ({'e': ['a']} if is_taken else {})

    def test_others_do_not_find_them_for_a_while(self, actions, take):
        actions.add('a', last_heartbeat=NOON - SECOND)
        assert [take(), take()] == [{'e': ['a']}, {}]
        assert actions.row('a', 'last_heartbeat') == LATER

    def test_those_without_a_task_are_found_too(self, actions, take):
        actions.add('a', None, last_heartbeat=NOON - SECOND)
        assert take() == {None: ['a']}

    def test_they_come_in_portions(self, actions, take):
        for n in range(3):
            actions.add(f'a{n}', last_heartbeat=NOON - SECOND)
        assert [sum(map(len, take(2).values())) for _ in range(3)] == [2, 1, 0]
