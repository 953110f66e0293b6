"""The publish block of an on-clause, with its scopes.

The `publish`, `publish-on-error` and `publish-on-skip` of a task have no scopes: they are plain
mappings of variables.
"""

from collections.abc import Iterator
from typing import Any, Final

from mistral.lang import shapes
from mistral.lang.problems import Place
from mistral.lang.shapes import Mismatch
from mistral.lang.specs import PublishSpec

#: 'atomic' is accepted and ignored.
SCOPES: Final = ('branch', 'global', 'atomic')


def shape(value: Any) -> Iterator[Mismatch]:
    if not isinstance(value, dict) or not value.keys() <= set(SCOPES):
        yield shapes.unlike_all(
            value, hint="Put the variables below 'branch' or 'global', the scopes of an on-clause."
        )
        return
    for scope, variables in value.items():
        yield from shapes.below(scope, shapes.mapping(variables))


def check(place: Place, raw: Any) -> None:
    if not raw:
        place.problem("Either 'branch', 'global' or 'atomic' must be specified: ")
    place.check_expressions(raw)


def build(raw: Any) -> PublishSpec:
    return PublishSpec(branch=raw.get('branch') or {}, global_=raw.get('global') or {})
