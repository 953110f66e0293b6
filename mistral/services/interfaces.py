"""What definitions take and give, as the API shows it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mistral.lang.specs import REQUIRED, ActionSpec


def workflow_input_text(spec: Mapping[str, Any]) -> str:
    """The input of a stored workflow as one line: `msg, times="2"`."""
    return ', '.join(
        name if default is REQUIRED else f'{name}="{default}"'
        for name, default in _parameters(spec.get('input'))
    )


def workflow_interface(spec: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The input as written and the names of the output of a stored workflow."""
    output = spec.get('output')
    return {
        'input': list(spec.get('input') or []),
        'output': list(output) if isinstance(output, Mapping) else [],
    }


def action_input_text(spec: ActionSpec) -> str:
    """The input of an ad-hoc action as one line: `name, greet="Hi", n=1`."""
    return ', '.join(
        name if default is REQUIRED else f'{name}={json.dumps(default)}'
        for name, default in spec.input.items()
    )


def _parameters(declared: Any) -> Iterator[tuple[str, Any]]:
    for parameter in declared or []:
        if isinstance(parameter, Mapping):
            yield from parameter.items()
        else:
            yield str(parameter), REQUIRED
