"""When patterns of cron triggers come."""

from datetime import datetime

import pytest

from mistral.exceptions import InputException
from mistral.services.cron_patterns import check_pattern, check_time_zone, next_occurrence

#: A Saturday.
NOW = datetime.fromisoformat('2026-11-21 22:55:30.400000')


@pytest.mark.parametrize(
    ('pattern', 'expected'),
    [
        ('0 0 1 1 *', '2027-01-01 00:00:00'),
        ('*/5 * * * *', '2026-11-21 23:00:00'),
        ('* * * * *', '2026-11-21 22:56:00'),
        ('* * * * * *', '2026-11-21 22:55:31'),
        ('* * * * * */20', '2026-11-21 22:55:40'),
        ('0 0 1 1 * 5 2030', '2030-01-01 00:00:05'),
        ('5 4 * * sun#2', '2026-12-13 04:05:00'),
        ('0 0 L * *', '2026-11-30 00:00:00'),
        ('0 12 * * MON-FRI', '2026-11-23 12:00:00'),
        (' 5  4 * * * ', '2026-11-22 04:05:00'),
        ('@hourly', '2026-11-21 23:00:00'),
        ('@daily', '2026-11-22 00:00:00'),
        ('0 0 29 2 *', '2028-02-29 00:00:00'),
    ],
)
def test_next(pattern, expected):
    assert next_occurrence(pattern, NOW) == datetime.fromisoformat(expected)


def test_next_is_later_than_the_moment_itself():
    midnight = datetime.fromisoformat('2027-01-01 00:00:00')
    assert next_occurrence('0 0 1 1 *', midnight) == datetime.fromisoformat('2028-01-01 00:00:00')


def test_the_time_zone_of_the_host_does_not_matter(monkeypatch):
    """In Berlin there is no 02:30 on that day."""
    monkeypatch.setenv('TZ', 'Europe/Berlin')
    before = datetime.fromisoformat('2027-03-28 00:00:00')
    assert next_occurrence('30 2 * * *', before) == datetime.fromisoformat('2027-03-28 02:30:00')


@pytest.mark.parametrize(
    ('pattern', 'zone', 'after', 'expected'),
    [
        ('0 9 * * *', 'America/New_York', '2026-03-07 00:00', ['03-07 14:00', '03-08 13:00']),
        # There is no 02:30 on the 29th.
        ('30 2 * * *', 'Europe/Berlin', '2026-03-28 00:00',
         ['03-28 01:30', '03-29 01:00', '03-30 00:30']),
        # There are two on the 25th.
        ('30 2 * * *', 'Europe/Berlin', '2026-10-24 00:00',
         ['10-24 00:30', '10-25 00:30', '10-25 01:30', '10-26 01:30']),
        ('0 * * * *', 'Europe/Berlin', '2026-10-24 23:30',
         ['10-25 00:00', '10-25 01:00', '10-25 02:00']),
        ('0 0 1 * *', 'Asia/Kathmandu', '2026-03-01 00:00', ['03-31 18:15']),
    ],
)  # fmt: skip
def test_patterns_are_read_in_a_time_zone(pattern, zone, after, expected):
    moment: datetime | None = datetime.fromisoformat(after)
    found = []
    for _ in expected:
        moment = moment and next_occurrence(pattern, moment, zone)
        found.append(f'{moment:%m-%d %H:%M}')
    assert found == expected


@pytest.mark.parametrize('name', ['Nowhere/City', 'a b', '../etc/passwd', '/etc/passwd', 'Europe'])
def test_time_zones_that_are_refused(name):
    with pytest.raises(InputException, match=f"There is no time zone '{name}'"):
        check_time_zone(name)


@pytest.mark.parametrize('pattern', ['0 0 30 2 *', '0 0 1 1 * 0 2020'])
def test_patterns_that_never_come(pattern):
    check_pattern(pattern)
    assert next_occurrence(pattern, NOW) is None


@pytest.mark.parametrize(
    'pattern',
    ['', 'bad', 'every day', '* * * *', '60 * * * *', '*/0 * * * *', '@reboot', 'H * * * *', 'é',
     '* * * * * * * *', '- - - - -', '1-/2 * * * *', '# # # # #', 'L L L L L'],
)  # fmt: skip
def test_patterns_that_are_refused(pattern):
    with pytest.raises(InputException) as raised:
        next_occurrence(pattern, NOW)
    assert str(raised.value) == f'The specified pattern is not valid: {pattern}'
