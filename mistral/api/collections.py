"""Lists of resources: paging, sorting, choosing fields, filters, and the link to the next page."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import wsme.exc
from wsme.types import ArrayType

from mistral.api import types
from mistral.api.filters import Condition
from mistral.api.requests import Call
from mistral.api.types import Resource
from mistral.db.query import Filter, ListQuery, Sort
from mistral.db.repositories import Row

_PAGING: Final = {
    'marker': types.uuid,
    'limit': int,
    'sort_keys': types.names,
    'sort_dirs': types.repeating_names,
    'fields': types.names,
}


@dataclass(frozen=True)
class Collection:
    """What can be asked of the lists of one resource.

    `filters` are the attributes that can be filtered and how, `flags` further arguments. `hidden`
    attributes are shown only when asked for. `derived` attributes are computed: what they need is
    given as column names. `unlisted` attributes belong to requests or to single resources. Sort
    keys are the plain columns among the attributes and `sort_only`.
    """

    name: str
    resource: type[Resource]
    filters: Mapping[str, Any]
    flags: Mapping[str, Any] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unlisted: frozenset[str] = frozenset()
    sort_only: frozenset[str] = frozenset()
    default_sort: str = 'created_at'
    marker: Any = types.uuid

    @functools.cached_property
    def arguments(self) -> dict[str, Any]:
        """All query arguments with their WSME datatypes."""
        return {**_PAGING, 'marker': self.marker, **self.filters, **self.flags}

    @functools.cached_property
    def attributes(self) -> tuple[str, ...]:
        return tuple(name for name in self.resource.attributes() if name not in self.unlisted)

    @functools.cached_property
    def sort_columns(self) -> frozenset[str]:
        composite = types.JsonObject | types.JsonValue | ArrayType
        plain = {
            name
            for name in self.attributes
            if name not in self.derived
            and not isinstance(getattr(self.resource, name).datatype, composite)
        }
        return frozenset(plain | self.sort_only)

    def columns_of(self, fields: Sequence[str]) -> tuple[str, ...]:
        """The columns needed to show the fields."""
        names = (self.derived.get(name, (name,)) for name in fields)
        return tuple(dict.fromkeys(column for columns in names for column in columns))

    def fields_of_one(
        self, asked: Sequence[str] | None, *, ignore_unknown: bool = False
    ) -> tuple[str, ...]:
        """The fields of a single resource to show; raises ClientSideError for unknown ones."""
        if not asked:
            return self.attributes
        for name in asked:
            if name not in self.attributes and not ignore_unknown:
                raise wsme.exc.ClientSideError(f"Field '{name}' does not exist.")
        chosen = {'id', *asked}
        return tuple(name for name in self.attributes if name in chosen)

    def page(
        self,
        call: Call,
        max_limit: int,
        *,
        within: Mapping[str, str] | None = None,
        extra_filters: Sequence[Filter] = (),
        all_projects: bool = False,
        shown: frozenset[str] = frozenset(),
        hidden: frozenset[str] = frozenset(),
    ) -> 'Page':
        """Read the page that a request asks for; raises ClientSideError for bad arguments.

        `within` fixes attributes (a list below another resource); `shown` and `hidden` change
        which attributes are hidden here.
        """
        query = call.query
        limit = min(_limit(query.get('limit', max_limit)), max_limit)
        fields = self._fields(query.get('fields'), shown, hidden)
        filters = [condition.on(name) for name, condition in query.items() if name in self.filters]
        fixed = [Filter(name, 'eq', value) for name, value in (within or {}).items()]
        return Page(
            collection=self,
            fields=fields,
            query=ListQuery(
                filters=(*filters, *fixed, *extra_filters),
                sort=self._sort(query),
                # One row more tells whether there is a next page.
                limit=limit + 1,
                marker=query.get('marker'),
                columns=self.columns_of(fields),
                all_projects=all_projects,
            ),
            limit=limit,
            fields_given=bool(query.get('fields')),
            link=_link_arguments(call, within or {}),
            root_url=call.request.root_url,
        )

    def _fields(
        self, asked: Sequence[str] | None, shown: frozenset[str], hidden: frozenset[str]
    ) -> tuple[str, ...]:
        attributes = self.attributes
        if not asked:
            left_out = (self.hidden - shown) | hidden
            return tuple(name for name in attributes if name not in left_out)
        unknown = [name for name in asked if name not in attributes]
        if unknown:
            raise wsme.exc.ClientSideError(
                f'Some fields do not exist  [{", ".join(unknown)}], please choose from '
                f'[{", ".join(attributes)}]'
            )
        chosen = {'id', *asked, *shown}
        return tuple(name for name in attributes if name in chosen)

    def _sort(self, query: Mapping[str, Any]) -> tuple[Sort, ...]:
        keys = query.get('sort_keys', (self.default_sort,))
        directions = query.get('sort_dirs', ())
        if len(directions) > len(keys) or not keys:
            raise wsme.exc.ClientSideError(
                'Length of sort_keys must be equal or greater than sort_dirs.'
            )
        if not {'asc', 'desc'}.issuperset(directions):
            raise wsme.exc.ClientSideError("Unknown sort direction, must be 'desc' or 'asc'.")
        unknown = set(keys) - self.sort_columns
        if unknown:
            raise wsme.exc.ClientSideError(
                f'Sort key supplied is invalid: {", ".join(sorted(unknown))}, please choose from '
                f'[{", ".join(sorted(self.sort_columns))}]'
            )
        padded = [*directions, *('asc' for _ in keys[len(directions) :])]
        return tuple(Sort(key, each == 'desc') for key, each in zip(keys, padded, strict=True))


@dataclass(frozen=True)
class Page:
    """One page of a collection: the query that reads it, and the answer made of its rows."""

    collection: Collection
    fields: tuple[str, ...]
    query: ListQuery
    limit: int
    fields_given: bool
    link: Mapping[str, str]
    root_url: str

    def answer(self, rows: Sequence[Row], complete: Callable[[Row], Row] = dict) -> Row:
        """`complete` adds the derived attributes to a row."""
        shown = rows[: self.limit]
        render = self.collection.resource.render
        fields = frozenset(self.fields)
        items = []
        for row in shown:
            completed = complete(row)
            items.append(render({name: completed[name] for name in completed if name in fields}))
        answer: Row = {self.collection.name: items}
        if len(rows) > self.limit:
            answer['next'] = self._next(str(shown[-1]['id']))
        return answer

    def _next(self, marker: str) -> str:
        sort = self.query.sort
        if all(each.column != 'id' for each in sort):
            sort = (*sort, Sort('id'))
        arguments = {
            'sort_keys': ','.join(each.column for each in sort),
            'sort_dirs': ','.join('desc' if each.descending else 'asc' for each in sort),
            **self.link,
            'limit': self.limit,
            'marker': marker,
        }
        if self.fields_given:
            arguments['fields'] = ','.join(self.fields)
        query = urlencode(arguments, safe=',:')
        return f'{self.root_url}/v2/{self.collection.name}?{query}'


def _limit(limit: int) -> int:
    if limit <= 0:
        raise wsme.exc.ClientSideError('Limit must be positive.')
    return limit


def _link_arguments(call: Call, within: Mapping[str, str]) -> dict[str, str]:
    """The arguments of the request that its next page must repeat, as texts."""
    repeated = {
        name: value.text if isinstance(value, Condition) else call.request.GET.getall(name)[-1]
        for name, value in call.query.items()
        if name not in _PAGING
    }
    return repeated | {name: f'eq:{value}' for name, value in within.items()}
