"""What holds for all tests: nothing of the machine they run on gets in."""

import os

import pytest
from hypothesis import settings

# No time limit, since a busy machine is no failure. CI gives the same answer every time.
settings.register_profile('mistral', deadline=None, derandomize='CI' in os.environ)
settings.load_profile('mistral')


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide options that the caller's environment holds (`OS_<GROUP>__<OPTION>` and the like)."""
    for name in list(os.environ):
        if name.startswith(('OS_', 'MISTRAL_CONFIG_')):
            monkeypatch.delenv(name)
