"""A workflow: its data and its tasks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mistral.lang import shapes
from mistral.lang.problems import Place
from mistral.lang.shapes import Mismatch
from mistral.lang.specs import VERSION, TaskDefaultsSpec, TaskSpec, WorkflowSpec, WorkflowType
from mistral.lang.v2 import names, task, task_defaults, values, workflow_graph

TYPES: Final = ('direct', 'reverse')

#: Additions to the language of Mistral 23.
EXTENSIONS: Final = ('timeout',)

#: Clients know these messages with the class name in them.
_SPEC_CLASS: Final = "<class 'mistral.lang.v2.workflows.WorkflowSpec'>"

#: A task under another name, such as 'my-task', may be an empty mapping.
_PLAIN_NAME: Final = re.compile(r'^\w+$')


def _tasks_shape(value: Any) -> Iterator[Mismatch]:
    yield from shapes.filled(value)
    if isinstance(value, dict):
        for name, raw in value.items():
            if raw != {} or (isinstance(name, str) and _PLAIN_NAME.search(name)):
                yield from shapes.below(name, shapes.filled(raw))


SHAPE: Final = shapes.record(
    {
        'tags': values.TEXT_LIST,
        'input': values.PARAMETERS,
        'vars': shapes.mapping,
        'output': shapes.mapping,
        'output-on-error': shapes.mapping,
        'task-defaults': shapes.filled,
        'tasks': _tasks_shape,
        'timeout': values.NUMBER_OR_EXPRESSION,
    },
    required=('tasks',),
    is_closed=False,
)


def check(place: Place, name: str, raw: Any) -> None:
    """Report everything that is wrong with a workflow."""
    if not _check_type(place, name, raw):
        return
    has_shape = place.fits(raw, SHAPE)
    place.check_extensions(raw, EXTENSIONS)
    for key in ('output', 'output-on-error', 'vars', 'timeout'):
        place.at(key).check_expressions(raw.get(key))
    defaults = _check_task_defaults(place, raw)
    tasks = _check_tasks(place, raw)
    names.check_workflow_is_no_uuid(place, name)
    if has_shape and defaults:
        spec = WorkflowSpec(
            name=name, type=_read_type(raw), raw=raw, task_defaults=defaults, tasks=tasks
        )
        workflow_graph.check(place, spec, raw['tasks'])


def _check_type(place: Place, name: str, raw: Any) -> bool:
    if not isinstance(raw, dict):
        place.problem(
            'A specification with polymorphic key must be backed by a dictionary'
            f' [spec_cls={_SPEC_CLASS}, data={shapes.literal(raw)}]',
            "A workflow is a mapping with 'tasks'.",
        )
        return False
    if raw.get('type', 'direct') not in TYPES:
        data = {**raw, 'name': name, 'version': VERSION}
        place.at('type').problem(
            'Failed to find a specification class to instantiate'
            f' [spec_cls={_SPEC_CLASS}, data={shapes.literal(data)}]',
            "The type of a workflow is 'direct' or 'reverse'.",
        )
        return False
    return True


def _check_task_defaults(place: Place, raw: Mapping[str, Any]) -> TaskDefaultsSpec | None:
    """The task-defaults (empty ones if there are none), or None if they cannot be built."""
    if 'task-defaults' not in raw:
        return TaskDefaultsSpec()
    defaults = raw['task-defaults']
    if not isinstance(defaults, dict):
        return None
    if not task_defaults.check(place.at('task-defaults'), defaults):
        return None
    return task_defaults.build(defaults)


def _check_tasks(place: Place, raw: Mapping[str, Any]) -> dict[str, TaskSpec]:
    """The tasks that can be built."""
    tasks: dict[str, TaskSpec] = {}
    entries = raw.get('tasks')
    if not isinstance(entries, dict):
        return tasks
    for name, entry in entries.items():
        at = place.at('tasks', name)
        has_name = names.check_task_name(at, name)
        if isinstance(entry, dict) and task.check(at, name, entry, _read_type(raw)) and has_name:
            tasks[name] = task.build(name, entry)
    return tasks


def stored_form(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping kept in the `spec` columns; names, version and task types go into it."""
    workflow_type = _read_type(raw)
    tasks = {
        task_name: task.stored_form(task_name, entry, workflow_type)
        for task_name, entry in raw['tasks'].items()
    }
    return {**raw, 'name': name, 'version': VERSION, 'tasks': tasks}


def build(raw: Mapping[str, Any]) -> WorkflowSpec:
    """Build the specification from its stored form."""
    defaults = raw.get('task-defaults')
    description = raw.get('description')
    return WorkflowSpec(
        name=raw['name'],
        type=_read_type(raw),
        raw=raw,
        description=None if description is None else str(description),
        tags=values.read_texts(raw.get('tags')),
        input=values.read_parameters(raw.get('input')),
        vars=raw.get('vars') or {},
        output=raw.get('output'),
        output_on_error=raw.get('output-on-error'),
        timeout=values.read_number(raw.get('timeout')),
        task_defaults=task_defaults.build(defaults) if defaults else None,
        tasks={
            name: task.build(name, entry)
            for name, entry in raw['tasks'].items()
            if name != 'version'
        },
    )


def _read_type(raw: Mapping[str, Any]) -> WorkflowType:
    return 'reverse' if raw.get('type') == 'reverse' else 'direct'
