"""Event definitions: which parts of a notification a workflow gets as `event_params`.

They are a YAML file of operators, `[event_engine] event_definitions_cfg_file`: a list of
`{event_types: GLOB or [GLOB, ...], properties: {NAME: EXPRESSION}}`. In the expressions `$` is the
notification. The last definition that fits an event counts.
"""

import fnmatch
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mistral.exceptions import ConfigurationError, DSLParsingException, EvaluationException
from mistral.expressions import Expressions
from mistral.lang import yaml_loader

LOG = logging.getLogger(__name__)

_OPTION: Final = '[event_engine] event_definitions_cfg_file'


@dataclass(frozen=True, slots=True)
class EventDefinition:
    event_types: tuple[str, ...]
    properties: Mapping[str, Any]

    def fits(self, event_type: str) -> bool:
        return any(fnmatch.fnmatchcase(event_type, glob) for glob in self.event_types)


class EventDefinitions:
    """Computes what workflows are told about events."""

    def __init__(self, definitions: Sequence[EventDefinition], expressions: Expressions) -> None:
        self._definitions = tuple(reversed(definitions))
        self._expressions = expressions

    def event_params(self, notification: Mapping[str, Any]) -> dict[str, Any]:
        """The values for a notification; what it does not have is None."""
        event_type = notification['event_type']
        for definition in self._definitions:
            if definition.fits(event_type):
                return {
                    name: self._value(name, text, notification)
                    for name, text in definition.properties.items()
                }
        context = notification['context']
        return {
            'service': notification['publisher'],
            'project_id': context.get('project_id'),
            'user_id': context.get('user_id'),
            'timestamp': notification['timestamp'],
        }

    def _value(self, name: str, expression: Any, notification: Mapping[str, Any]) -> Any:
        try:
            return self._expressions.evaluate(expression, notification)
        except EvaluationException as e:
            LOG.warning(
                'Property "%s" of event %s is null: %s', name, notification['event_type'], e
            )
            return None


def read_definitions(path: str) -> list[EventDefinition]:
    """The definitions of a file, none if it does not exist.

    Raises ConfigurationError if it cannot be used.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
    except FileNotFoundError:
        LOG.info('There is no file of event definitions at %s', path)
        return []
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigurationError(f'{_OPTION}: {path} cannot be read: {e}') from e
    try:
        data = yaml_loader.load(text).with_text_keys().data
    except DSLParsingException as e:
        raise ConfigurationError(f'Invalid event definition configuration file. {path}: {e}') from e
    if not isinstance(data or [], list):
        raise ConfigurationError(
            f'Invalid event definition configuration file. {path}: it has to be a list.'
        )
    return [_parse(entry, f'{path}, entry {n}') for n, entry in enumerate(data or [], start=1)]


def _parse(entry: Any, place: str) -> EventDefinition:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(
            f'Invalid event definition configuration file. {place}: it has to be a mapping with '
            'event_types and properties.'
        )
    for name in ('event_types', 'properties'):
        if name not in entry:
            raise ConfigurationError(f'Required field {name} not specified ({place}).')
    event_types, properties = entry['event_types'], entry['properties']
    globs = [event_types] if isinstance(event_types, str) else event_types
    if not (isinstance(globs, list) and all(isinstance(glob, str) for glob in globs)):
        raise ConfigurationError(f'{place}: event_types has to be a text or a list of texts.')
    if not isinstance(properties, Mapping):
        raise ConfigurationError(
            f'{place}: properties has to be a mapping of names to expressions.'
        )
    return EventDefinition(tuple(globs), properties)
