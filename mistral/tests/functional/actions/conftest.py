"""What the tests of standard actions share."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import trustme
from oslo_config import cfg

from mistral import config
from mistral.tests.functional.actions.running import run_action

#: override(group, name=value ...): options of this process until the test has ended.
Override = Callable[..., None]

#: run(name, **input): runs an action as an executor does.
Run = Callable[..., Any]


@pytest.fixture
def override() -> Iterator[Override]:
    """Changes options of the actions that run in this process."""
    config.register(cfg.CONF)
    cfg.CONF([], default_config_files=[], default_config_dirs=[])
    changed: list[tuple[str, str | None]] = []

    def change(group: str, **options: Any) -> None:
        place = None if group == 'DEFAULT' else group
        for name, value in options.items():
            cfg.CONF.set_override(name, value, place)
            changed.append((name, place))

    yield change
    for name, place in changed:
        cfg.CONF.clear_override(name, place)


@pytest.fixture
def run(override: Override) -> Run:
    """Runs an action in this process, after it has travelled as it does between processes."""

    def run(name: str, **input_: Mapping[str, Any]) -> Any:
        return run_action(name, input_)

    return run


@pytest.fixture(scope='session')
def authority() -> trustme.CA:
    """An authority for certificates that nobody trusts by itself."""
    return trustme.CA()
