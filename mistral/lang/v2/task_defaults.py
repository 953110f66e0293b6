"""task-defaults: what every task of a workflow does unless it says otherwise."""

from collections.abc import Mapping
from typing import Any, Final

from mistral.lang import shapes
from mistral.lang.problems import Place
from mistral.lang.specs import CLAUSES, TaskDefaultsSpec
from mistral.lang.v2 import on_clause, policies, values

SHAPE: Final = shapes.record(
    {
        **policies.SHAPES,
        'safe-rerun': values.BOOLEAN_OR_EXPRESSION,
        **dict.fromkeys(CLAUSES, on_clause.shape),
        'requires': values.TEXT_OR_LIST,
        'description': shapes.text,
        'tags': values.TEXT_LIST,
        'name': shapes.anything,
        'version': shapes.anything,
    }
)


def check(place: Place, raw: Any) -> bool:
    """Report what is wrong with task-defaults; tell whether they can be built."""
    if not place.fits(raw, shapes.filled) or not place.fits(raw, SHAPE):
        return False
    can_build = policies.check(place, raw)
    place.at('safe-rerun').check_expressions(raw.get('safe-rerun'))
    for clause in CLAUSES:
        if clause in raw and not on_clause.check(place.at(clause), raw[clause]):
            can_build = False
    return can_build


def build(raw: Mapping[str, Any]) -> TaskDefaultsSpec:
    return TaskDefaultsSpec(
        policies=policies.build(raw),
        on_clauses={clause: on_clause.build(raw[clause]) for clause in CLAUSES if raw.get(clause)},
        requires=values.read_texts(raw.get('requires')),
        safe_rerun=values.read_flag(raw.get('safe-rerun')),
    )
