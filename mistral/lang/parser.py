"""From the text of a definition to immutable specifications."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mistral.lang.definitions import (
    ActionDefinition,
    WorkbookDefinition,
    WorkflowDefinition,
    cut,
    dump,
)
from mistral.lang.problems import ExpressionChecker, Place, Report
from mistral.lang.specs import VERSION, ActionSpec, WorkflowSpec
from mistral.lang.v2 import action, entity_list, workbook, workflow
from mistral.lang.yaml_loader import Document, load

_T = TypeVar('_T')


class Parser:
    """Parses documents of the workflow language.

    All methods raise one DSLParsingException with everything that is wrong with the text. Without
    `validate`, only a text that no specification can be made of is refused.

    :param strict: refuse extensions of the language.
    """

    def __init__(self, expressions: ExpressionChecker, *, strict: bool = False) -> None:
        self._expressions = expressions
        self._strict = strict

    def parse_workflows(
        self, text: str, *, validate: bool = True
    ) -> tuple[WorkflowDefinition, ...]:
        """Parse a document with `version` and workflows by name."""
        return self._parse(text, _check_workflows, _build_workflows, validate)

    def parse_actions(self, text: str, *, validate: bool = True) -> tuple[ActionDefinition, ...]:
        """Parse a document with `version` and ad-hoc actions by name."""
        return self._parse(text, _check_actions, _build_actions, validate)

    def parse_workbook(self, text: str, *, validate: bool = True) -> WorkbookDefinition:
        """Parse a document with `version`, `name`, `workflows` and `actions`."""
        return self._parse(text, workbook.check, _build_workbook, validate)

    def _parse(
        self,
        text: str,
        check: Callable[[Place, Any], None],
        build: Callable[[str, Document], _T],
        validate: bool,
    ) -> _T:
        document = load(text)
        report = Report(document, self._expressions, is_strict=self._strict)
        if validate:
            check(Place(report), document.data)
            report.raise_if_any()
        try:
            return build(text, document.with_text_keys())
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            # Not validated, and beyond use: the checks know best what is wrong with it.
            check(Place(report), document.data)
            report.raise_if_any()
            raise


def workflow_from_raw(raw: Mapping[str, Any]) -> WorkflowSpec:
    """Build the specification of a workflow from its stored form, without any checks."""
    return workflow.build(raw)


def action_from_raw(raw: Mapping[str, Any]) -> ActionSpec:
    """Build the specification of an ad-hoc action from its stored form, without any checks."""
    return action.build(raw)


def _check_workflows(place: Place, raw: Any) -> None:
    entity_list.check(place, raw, workflow.check)


def _check_actions(place: Place, raw: Any) -> None:
    entity_list.check(place, raw, action.check)


def _build_workflows(text: str, document: Document) -> tuple[WorkflowDefinition, ...]:
    """A workflow alone keeps the text as it is; one of several gets a text of its own."""
    entries = entity_list.entries(document.data)
    return tuple(
        WorkflowDefinition(
            workflow.build(workflow.stored_form(name, raw)),
            text
            if len(entries) == 1
            else dump({'version': document.data.get('version', VERSION), name: raw}),
        )
        for name, raw in entries.items()
    )


def _build_actions(text: str, document: Document) -> tuple[ActionDefinition, ...]:
    """All actions keep the whole text."""
    return tuple(
        ActionDefinition(action.build(action.stored_form(name, raw)), text)
        for name, raw in entity_list.entries(document.data).items()
    )


def _build_workbook(text: str, document: Document) -> WorkbookDefinition:
    spec = workbook.build(workbook.stored_form(document.data))
    return WorkbookDefinition(
        spec=spec,
        text=text,
        workflows=tuple(
            WorkflowDefinition(member, cut(document, 'workflows', member.name))
            for member in spec.workflows
        ),
        actions=tuple(
            ActionDefinition(member, cut(document, 'actions', member.name))
            for member in spec.actions
        ),
    )
