"""A task: an action or a sub-workflow, its data, and where to go from it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from mistral.exceptions import DSLParsingException
from mistral.lang import shapes
from mistral.lang.inline import InlineCall, parse_call
from mistral.lang.problems import Place
from mistral.lang.shapes import Mismatch
from mistral.lang.specs import CLAUSES, VERSION, TaskSpec, WorkflowType
from mistral.lang.v2 import names, on_clause, policies, values, with_items

_COMMON: Final = {
    'action': shapes.text,
    'workflow': shapes.text,
    'input': shapes.one_of(shapes.mapping, shapes.text),
    'with-items': with_items.SHAPE,
    'publish': shapes.mapping,
    'publish-on-error': shapes.mapping,
    'publish-on-skip': shapes.mapping,
    **policies.SHAPES,
    'keep-result': values.BOOLEAN_OR_EXPRESSION,
    'safe-rerun': values.BOOLEAN_OR_EXPRESSION,
    'target': shapes.text,
    'description': shapes.text,
    'tags': values.TEXT_LIST,
    'type': shapes.anything,
    'name': shapes.anything,
    'version': shapes.anything,
}
_SHAPES: Final = {
    'direct': shapes.record(
        {
            **_COMMON,
            **dict.fromkeys(CLAUSES, on_clause.shape),
            'join': shapes.one_of(
                shapes.choice('all', 'one'),
                shapes.natural,
                hint="Write 'all', 'one' or the number of tasks to wait for.",
            ),
        }
    ),
    'reverse': shapes.record({**_COMMON, 'requires': values.TEXT_OR_LIST}),
}

#: What holds expressions besides calls, with-items, policies and on-clauses.
_EVALUATED: Final = (
    'input',
    'publish',
    'publish-on-error',
    'publish-on-skip',
    'keep-result',
    'safe-rerun',
    'target',
)


def check(place: Place, name: str, raw: Any, workflow_type: WorkflowType) -> bool:
    """Report what is wrong with a task by itself; tell whether it can be built."""
    if not place.fits(raw, lambda task: _shape(task, workflow_type)):
        return False
    can_build = _check_call(place, raw)
    for key in _EVALUATED:
        if key in raw:
            place.at(key).check_expressions(raw[key])
    if 'with-items' in raw:
        task = stored_form(name, raw, workflow_type)
        can_build &= with_items.check(place.at('with-items'), task)
    can_build &= policies.check(place, raw)
    for clause in CLAUSES:
        if clause in raw:
            can_build &= on_clause.check(place.at(clause), raw[clause])
    if raw.get('join'):
        names.check_join_name(place, name)
    return can_build


def _shape(value: Any, workflow_type: WorkflowType) -> Iterator[Mismatch]:
    yield from _SHAPES[workflow_type](value)
    if isinstance(value, dict) and 'action' in value and 'workflow' in value:
        yield Mismatch(
            f'{shapes.literal(value)} is valid under each of'
            " {'type': 'object', 'required': ['workflow']},"
            " {'type': 'object', 'required': ['action']}",
            typed=True,
            hint="A task has either 'action' or 'workflow'.",
        )


def _check_call(place: Place, raw: Mapping[str, Any]) -> bool:
    key = 'workflow' if 'workflow' in raw else 'action'
    try:
        call = _read_call(raw, key)
    except DSLParsingException as error:
        place.at(key).problem(str(error))
        return False
    if call:
        place.at(key).check_expressions(call.name)
        place.at(key).check_expressions(call.parameters)
    return True


def stored_form(name: str, raw: Mapping[str, Any], workflow_type: WorkflowType) -> dict[str, Any]:
    """The mapping kept as part of the workflow's."""
    return {**raw, 'type': workflow_type, 'name': name, 'version': VERSION}


def build(name: str, raw: Mapping[str, Any]) -> TaskSpec:
    action, workflow = _read_call(raw, 'action'), _read_call(raw, 'workflow')
    call = action or workflow
    keep_result = values.read_flag(raw.get('keep-result'))
    return TaskSpec(
        name=name,
        raw=raw,
        description=raw.get('description') or '',
        tags=values.read_texts(raw.get('tags')),
        action=action.name if action else None,
        workflow=workflow.name if workflow else None,
        input=raw.get('input') or {},
        parameters=call.parameters if call else {},
        with_items=with_items.build(raw) if raw.get('with-items') else {},
        publish=raw.get('publish') or {},
        publish_on_error=raw.get('publish-on-error') or {},
        publish_on_skip=raw.get('publish-on-skip') or {},
        on_clauses={clause: on_clause.build(raw[clause]) for clause in CLAUSES if raw.get(clause)},
        join=_read_join(raw.get('join')),
        requires=values.read_texts(raw.get('requires')),
        policies=policies.build(raw),
        keep_result=True if keep_result is None else keep_result,
        safe_rerun=values.read_flag(raw.get('safe-rerun')),
        target=raw.get('target'),
    )


def _read_call(raw: Mapping[str, Any], key: str) -> InlineCall | None:
    return parse_call(raw[key]) if raw.get(key) else None


def _read_join(raw: Any) -> Literal['all'] | int | None:
    if raw == 'one':
        return 1
    return 'all' if raw == 'all' else int(raw or 0) or None
