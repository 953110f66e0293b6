"""Every access rule, for every kind of caller, through the whole service."""

from pathlib import Path

import pytest

from mistral.policies import list_rules
from mistral.tests.unit.api.access.conftest import Access
from mistral.tests.unit.api.access.objects import Objects
from mistral.tests.unit.api.access.table import PROJECTS, TABLE, Row

#: Rules that others are made of.
BASE = {'admin_only', 'admin_or_owner'}
RULES = sorted({rule.name for rule in list_rules()} - BASE)
ROWS = {
    (rule, number): row
    for rule in RULES
    for number, row in enumerate(each for each in TABLE if each.rule == rule)
}
IDS = [f'{rule}-{number}' if number else rule for rule, number in ROWS]

#: Those that only administrators pass by default.
FOR_ADMINS = {
    id_: row
    for id_, row in zip(IDS, ROWS.values(), strict=True)
    if row.by_project['owner'] == '403'
}

any_row = pytest.mark.parametrize('row', ROWS.values(), ids=IDS)


@pytest.mark.parametrize('rule', RULES)
def test_every_rule_is_in_the_table(rule: str) -> None:
    assert any(row.rule == rule for row in TABLE)


def test_the_table_has_no_other_rules() -> None:
    assert {row.rule for row in TABLE} <= set(RULES)


@pytest.mark.parametrize('project', PROJECTS)
@any_row
def test_who_may_do_what(access: Access, objects: Objects, row: Row, project: str) -> None:
    expected = row.by_project[project]
    shown = objects[row.shows] if row.shows else None

    answer = access.ask(project, row, objects)

    assert answer.status_int == int(expected.rstrip('+-')), answer.text
    if shown is not None and expected[-1] in '+-':
        assert (shown in answer.text) == (expected[-1] == '+')


@any_row
def test_nobody_does_anything_without_a_token(access: Access, objects: Objects, row: Row) -> None:
    answer = access.ask(None, row, objects)

    assert answer.status_int == 401
    assert 'Authentication required' in answer.headers['Server-Error-Message']


@any_row
def test_operators_may_take_away_what_a_rule_allows(
    access: Access, objects: Objects, row: Row, tmp_path: Path
) -> None:
    """The rule, and no other, is asked: without it nobody gets what anybody may have."""
    # Made while it is still allowed.
    allowed = next(who for who, result in row.by_project.items() if result[0] == '2')
    assert access.ask(allowed, row, objects).status_int // 100 == 2
    restricted = access.with_policies(tmp_path, f'"{row.rule}": "!"\n')

    answer = restricted.ask(allowed, row, objects)

    assert answer.status_int == 403, answer.text
    assert answer.json['faultstring'] == 'Operation forbidden (insufficient permissions)'


@pytest.mark.parametrize('row', FOR_ADMINS.values(), ids=FOR_ADMINS)
def test_operators_may_allow_what_a_rule_forbids(
    access: Access, objects: Objects, row: Row, tmp_path: Path
) -> None:
    """Rules say who may ask at all; whose objects are seen is decided elsewhere."""
    # Who publishes code has to be allowed to upload it, too.
    resource = row.rule.partition(':')[0]
    relaxed = access.with_policies(tmp_path, f'{{"{row.rule}": "@", "{resource}:create": "@"}}')
    assert access.ask('owner', row, objects).status_int == 403

    assert relaxed.ask('owner', row, objects).status_int != 403
