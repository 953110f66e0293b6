"""How callers say which rows they want; `mistral.db.repositories` turns it into SQL."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

#: `has` is a literal substring of a text; `has_tags` wants every tag of a sequence to be present.
Operator: TypeAlias = Literal[
    'eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'has', 'has_tags', 'is_null'
]


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column. `value` is a sequence for in, nin, has_tags; unused for is_null."""

    column: str
    operator: Operator
    value: Any = None


@dataclass(frozen=True, slots=True)
class Sort:
    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A page of a collection: filters are ANDed, rows come in a total order (id is the last key).

    `marker` is the id of the last row of the previous page. `columns` limits what is read; None
    reads everything. `all_projects` lifts the tenant filter (the caller has been authorised).
    """

    filters: tuple[Filter, ...] = ()
    sort: tuple[Sort, ...] = (Sort('created_at'),)
    limit: int | None = None
    marker: str | None = None
    columns: tuple[str, ...] | None = None
    all_projects: bool = False
