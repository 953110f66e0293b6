"""Stores the definitions that come with the service and with installed plugins."""

import logging
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any, Final

from mistral.context import SYSTEM
from mistral.db.database import Database
from mistral.db.repositories import Repositories, Row
from mistral.exceptions import ConfigurationError, DBError
from mistral.lang.parser import Parser
from mistral.services.definition_store import DefinitionStore
from mistral.services.definitions import action_values, workflow_values
from mistral.utils.plugins import EntryPoints, installed, load_plugins

LOG = logging.getLogger(__name__)

#: Functions that return paths of files with workflows.
_WORKFLOW_PLUGINS: Final = 'mistral.preinstalled_workflows'

_PUBLIC: Final[Row] = {'namespace': '', 'scope': 'public'}


class Populator:
    """Creates and replaces definitions for everyone; what has not changed stays as it is.

    All methods raise DSLParsingException for texts that cannot be used, and DBDuplicateEntryError
    if a user of the default project has a workflow of the same name. Then nothing is stored.
    """

    def __init__(self, database: Database, repositories: Repositories, parser: Parser) -> None:
        self._database = database
        self._parser = parser
        self._workflows = repositories.workflows
        self._actions = DefinitionStore(repositories.actions, '')

    def put_actions(self, texts: Iterable[str]) -> int:
        """Store ad-hoc actions and return how many there are."""
        definitions = [each for text in texts for each in self._parser.parse_actions(text)]
        with self._database.transaction() as conn:
            for definition in definitions:
                self._actions.put(conn, action_values(definition) | _PUBLIC, SYSTEM)
        return len(definitions)

    def put_workflows(self, texts: Iterable[str]) -> int:
        """Store system workflows, remove those that are not among them, return how many there are.

        A workflow keeps its id, so that triggers and clients find it again.
        """
        definitions = [each for text in texts for each in self._parser.parse_workflows(text)]
        with self._database.transaction() as conn:
            stored = {
                row['name']: row['id']
                for row in self._workflows.find_all(conn, SYSTEM, is_system=True)
            }
            for definition in definitions:
                self._put_workflow(
                    conn, workflow_values(definition), stored.pop(definition.spec.name, None)
                )
            for name, workflow_id in stored.items():
                self._remove_workflow(conn, name, workflow_id)
        return len(definitions)

    def _put_workflow(self, conn: Any, values: Row, workflow_id: str | None) -> None:
        if workflow_id is None:
            self._workflows.insert(conn, values | _PUBLIC | {'is_system': True}, SYSTEM)
        else:
            self._workflows.update(conn, workflow_id, values, SYSTEM)

    def _remove_workflow(self, conn: Any, name: str, workflow_id: str) -> None:
        try:
            self._workflows.delete(conn, workflow_id, SYSTEM)
        except DBError as e:
            LOG.warning('Workflow %s is not installed any more, but it stays: %s', name, e)


def shipped_actions() -> list[str]:
    """The texts of the ad-hoc actions that come with the service."""
    folder = resources.files('mistral.resources') / 'actions'
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [file.read_text('utf-8') for file in files if file.name.endswith('.yaml')]


def preinstalled_workflows(source: EntryPoints = installed) -> list[str]:
    """The texts of the workflows that plugins bring.

    :raises ConfigurationError: if a file of a plugin cannot be read.
    """
    texts = []
    for plugin, paths in load_plugins(_WORKFLOW_PLUGINS, source):
        for path in paths():
            try:
                texts.append(Path(path).read_text('utf-8'))
            except (OSError, UnicodeError) as e:
                raise ConfigurationError(
                    f'Plugin {plugin} of {_WORKFLOW_PLUGINS}: cannot read {path}: {e}'
                ) from e
    return texts
