"""Definitions: a specification together with the text that is stored and shown for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from mistral.exceptions import DSLParsingException
from mistral.lang.specs import ActionSpec, WorkbookSpec, WorkflowSpec
from mistral.lang.yaml_loader import Document, load

try:
    from yaml import CSafeDumper as _SafeDumper
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeDumper as _SafeDumper  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    spec: WorkflowSpec
    text: str


@dataclass(frozen=True, slots=True)
class ActionDefinition:
    spec: ActionSpec
    text: str


@dataclass(frozen=True, slots=True)
class WorkbookDefinition:
    """`workflows` and `actions` hold the specifications of `spec`, which have short names."""

    spec: WorkbookSpec
    text: str
    workflows: tuple[WorkflowDefinition, ...] = ()
    actions: tuple[ActionDefinition, ...] = ()


class _Dumper(_SafeDumper):
    """Writes a value that is used twice two times: definitions have no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(data: Mapping[str, Any]) -> str:
    """Block-style YAML that is read back as the same data."""
    text: str = yaml.dump(
        data, Dumper=_Dumper, default_flow_style=False, sort_keys=False, allow_unicode=True
    )
    return text


def cut(document: Document, section: str, name: str) -> str:
    """The text of a member of a workbook, moved to the left margin.

    A member in an odd layout, such as a key marked with '?', whose cut-out text would not be read
    back as the same data, is written anew.
    """
    member = {name: document.data[section][name]}
    span = document.span((section, name))
    if span:
        text = _without_margin(document.text[span.start.index : span.end.index], span.start.column)
        if _reads_as(text, member):
            return text
    return dump(member)


def _without_margin(text: str, margin: int) -> str:
    """Move all lines to the left, and drop the comments at the end that are about what follows."""
    lines = text.split('\n')
    while len(lines) > 1 and _is_left_of(lines[-1], margin):
        lines.pop()
    for number, line in enumerate(lines[1:], start=1):
        indent = len(line) - len(line.lstrip(' '))
        lines[number] = line[min(indent, margin) :]
    return '\n'.join(lines).rstrip() + '\n'


def _is_left_of(line: str, margin: int) -> bool:
    content = line.lstrip()
    return not content or (content.startswith('#') and len(line) - len(content) <= margin)


def _reads_as(text: str, data: Any) -> bool:
    try:
        return bool(load(text).data == data)
    except DSLParsingException:
        return False
