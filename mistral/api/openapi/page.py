"""A page that shows the OpenAPI document to people: no script, nothing from elsewhere."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import jinja2

_PACKAGE: Final = resources.files('mistral.api.openapi')
_STYLE: Final = _PACKAGE.joinpath('page.css').read_text(encoding='utf-8')
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: The page may do nothing but show itself in its own style.
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def render_page(document: Mapping[str, Any]) -> str:
    """The page in HTML."""
    groups: dict[str, list[dict[str, Any]]] = {tag['name']: [] for tag in document['tags']}
    for path, methods in document['paths'].items():
        for method, operation in methods.items():
            entry = {'path': path, 'method': method.upper(), 'operation': operation}
            groups[operation['tags'][0]].append(entry)
    return _template().render(
        document=document, groups=groups, style=_STYLE, kind_of=_kind_of, name_of=_name_of
    )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_PACKAGE.joinpath('page.html').read_text(encoding='utf-8'))


def _name_of(reference: str) -> str:
    return reference.rpartition('/')[2]


def _kind_of(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if '$ref' in schema:
        return _name_of(schema['$ref'])
    if 'enum' in schema:
        return ' | '.join(str(each) for each in schema['enum'] if each is not None)
    kinds = schema.get('type', 'any')
    names = [kinds] if isinstance(kinds, str) else [each for each in kinds if each != 'null']
    if names == ['array']:
        return f'array of {_kind_of(schema["items"])}'
    return ' | '.join([*names, *([schema['format']] if 'format' in schema else [])])
