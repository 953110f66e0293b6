"""python-mistralclient, as it comes, in the process of the tests: starting it takes longer."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from unittest import mock

with warnings.catch_warnings():
    # Those of the client's libraries are not ours to mend.
    warnings.simplefilter('ignore')
    from mistralclient.shell import MistralShell

#: The commands that it has.
COMMANDS: Final = frozenset(MistralShell._get_commands_v2())


@dataclass(frozen=True)
class Ended:
    """What a command has returned, printed, and complained about."""

    status: int
    output: str
    complaints: str


def mistral(url: str, *arguments: str) -> Ended:
    """Run `mistral ARGUMENT...` as a user without authentication does."""
    output, complaints = io.StringIO(), io.StringIO()
    clean = {name: value for name, value in os.environ.items() if not name.startswith('OS_')}
    with (
        mock.patch.dict(os.environ, clean, clear=True),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(complaints),
        _logging_to(complaints),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter('ignore')
        status = MistralShell().run(['--os-mistral-url', url, *arguments])
    return Ended(status or 0, output.getvalue(), complaints.getvalue())


@contextlib.contextmanager
def _logging_to(stream: io.StringIO) -> Iterator[None]:
    """The client complains by its log, which goes to the terminal where nobody else takes it."""
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
