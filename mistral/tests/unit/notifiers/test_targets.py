"""Whose turn it is to be published to."""

import itertools
from datetime import datetime

import pytest

from mistral.db.store.notifications import Pending
from mistral.notifiers.targets import Limits, Targets, target_of

LIMITS = Limits(threads=4, threads_per_target=2, first_wait=1, longest_wait=4)
_numbers = itertools.count(1)


def lane(target):
    number = next(_numbers)
    time = datetime.fromisoformat('2026-01-01 12:00:00')
    return [Pending(number, f'l{number}', {'type': target}, 'o', None, {}, None, time, 0)]


@pytest.fixture
def targets():
    return Targets(LIMITS)


def running(targets, now=0.0):
    """The targets of all that may run now."""
    return list(iter(lambda: targets.next(now), None))


def names(lanes):
    return [events[0].entry['type'] for events in lanes]


def test_targets_take_turns_within_their_limits(targets):
    for target in 'aaaabbb':
        assert targets.add(lane(target), 0.0) is None
    assert names(running(targets)) == ['a', 'b', 'a', 'b']
    targets_before = names(targets.waiting())
    assert targets_before == ['a', 'a', 'b']


def test_threads_are_bounded(targets):
    for target in 'abcdef':
        targets.add(lane(target), 0.0)
    first = running(targets)
    assert names(first) == ['a', 'b', 'c', 'd']
    targets.done(first[0], 0.0, failed=False)
    assert names(running(targets)) == ['e']


def test_a_target_rests_longer_with_each_failure(targets):
    rests = []
    now = 0.0
    for _ in range(5):
        assert targets.add(lane('a'), now) is None
        (events,) = running(targets, now)
        targets.done(events, now, failed=True)
        rests.append(targets.rest_of({'type': 'a'}, now))
        assert targets.add(lane('a'), now) == rests[-1]
        now += rests[-1]
    assert rests == [1, 2, 4, 4, 4]
    targets.add(lane('a'), now)
    (events,) = running(targets, now)
    targets.done(events, now, failed=False)
    assert targets.rest_of({'type': 'a'}, now) == 0


def test_lanes_of_a_target_that_has_failed_wait_elsewhere(targets):
    lanes = [lane('a') for _ in range(5)]
    for events in [*lanes, lane('b')]:
        targets.add(events, 0.0)
    first = targets.next(0.0)
    assert targets.done(first, 0.0, failed=True) == lanes[1:]
    assert names(running(targets)) == ['b']


def test_a_target_in_trouble_is_tried_by_one_thread(targets):
    targets.add(lane('a'), 0.0)
    targets.done(targets.next(0.0), 0.0, failed=True)
    for _ in range(3):
        targets.add(lane('a'), 5.0)
    first = running(targets, 5.0)
    assert names(first) == ['a']
    targets.done(first[0], 5.0, failed=False)
    assert names(running(targets, 5.0)) == ['a', 'a']


def test_targets_in_trouble_leave_half_of_the_threads_to_others(targets):
    for target in 'abcd':
        targets.add(lane(target), 0.0)
    for events in running(targets):
        targets.done(events, 0.0, failed=True)
    for target in 'abcdef':
        targets.add(lane(target), 5.0)
    assert names(running(targets, 5.0)) == ['a', 'b', 'e', 'f']


def test_a_target_keeps_a_bounded_number_of_lanes(targets):
    waits = [targets.add(lane('a'), 0.0) for _ in range(60)]
    assert waits[:50] == [None] * 50
    assert all(wait >= 2 for wait in waits[50:])
    assert targets.add(lane('b'), 0.0) is None


def test_idle_targets_are_forgotten(targets):
    targets.add(lane('a'), 0.0)
    targets.done(targets.next(0.0), 0.0, failed=True)
    targets.add(lane('b'), 0.0)
    targets.forget_idle(5.0)
    assert len(targets._targets) == 2
    targets.forget_idle(100.0)
    assert len(targets._targets) == 1


@pytest.mark.parametrize(
    ('one', 'other', 'is_same'),
    [
        ({'type': 'w', 'url': 'a'}, {'url': 'a', 'type': 'w', 'headers': {'x': 1}}, True),
        ({'type': 'w', 'url': 'a'}, {'url': 'a', 'type': 'w', 'event_types': ['x']}, True),
        ({'type': 'w', 'url': 'a'}, {'url': 'b', 'type': 'w'}, False),
        ({'type': 'w', 'url': 'a'}, {'url': 'a', 'type': 'v'}, False),
    ],
)
def test_what_a_target_is(one, other, is_same):
    assert (target_of(one) == target_of(other)) == is_same
