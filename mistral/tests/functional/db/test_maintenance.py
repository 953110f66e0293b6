"""Code sources and the maintenance duty on every kind of database."""

# Imported tests and fixtures run here, too.
# ruff: noqa: F401

import pytest
from sqlalchemy import update

from mistral.db.models import mistral_metrics
from mistral.tests.unit.db.repositories.test_code import (
    store,
    test_actions_show_the_present_code_and_go_with_it,
    test_an_update_raises_the_version,
)
from mistral.tests.unit.services.test_maintenance import (
    TestWaiting,
    service,
    status,
    test_it_comes_to_rest_and_goes_on,
    test_portions,
    test_roots_are_paused_before_what_they_have_started,
    test_status_of_a_database_with_its_row,
    turn,
)


@pytest.fixture(autouse=True)
def _running(database):
    """The status outlives the rows of a test."""
    yield
    with database.transaction() as connection:
        connection.execute(update(mistral_metrics).values(value='RUNNING'))
