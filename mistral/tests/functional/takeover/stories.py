"""Executions that began under Mistral 23 and end here.

Each story tells how it was interrupted, which `fill_reference` has carried out once, and how it
goes on after the upgrade.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mistral.tests.functional.takeover.steps import Steps

#: Brings an execution to the point where it is interrupted; returns its id.
Begin = Callable[[Steps], str]

#: Does what is left for users to do.
GoOn = Callable[[Steps, str], None]

#: `output` that no test looks at.
ANY: Final = object()


def nothing(_steps: Steps, _id: str) -> None:
    """It ends by itself."""


@dataclass(frozen=True)
class Story:
    """`interrupted` is the state of the execution when the database changed hands."""

    name: str
    begin: Begin
    interrupted: str
    go_on: GoOn = nothing
    state: str = 'SUCCESS'
    output: Any = ANY


def resume(steps: Steps, id_: str) -> None:
    steps.resume(id_)


def starting(workflow: str, input_: Any = None, **params: Any) -> Begin:
    return lambda steps: steps.start(workflow, input_, **params)


def asking(
    workflow: str, task: str, question: Any = None, input_: Any = None, **params: Any
) -> Begin:
    """Until a task asks a question, any if it does not matter which."""

    def begin(steps: Steps) -> str:
        id_ = steps.start(workflow, input_, **params)
        steps.wait_for_question(id_, task, question)
        return id_

    return begin


def answering(task: str, question: Any, answer: Any) -> GoOn:
    return lambda steps, id_: steps.answer(id_, task, question, answer)


def refusing(task: str, question: Any, reason: Any) -> GoOn:
    return lambda steps, id_: steps.refuse(id_, task, question, reason)


def answering_all(task: str) -> GoOn:
    return lambda steps, id_: steps.answer_all(id_, task)


def in_turn(*parts: GoOn) -> GoOn:
    def go_on(steps: Steps, id_: str) -> None:
        for part in parts:
            part(steps, id_)

    return go_on


def and_then(begin: Begin, *parts: GoOn) -> Begin:
    def begin_and_more(steps: Steps) -> str:
        id_ = begin(steps)
        in_turn(*parts)(steps, id_)
        return id_

    return begin_and_more


def until(task: str, *states: str) -> GoOn:
    def wait(steps: Steps, id_: str) -> None:
        steps.task(id_, task, *states)

    return wait


def until_asked(task: str, question: Any) -> GoOn:
    def wait(steps: Steps, id_: str) -> None:
        steps.wait_for_question(id_, task, question)

    return wait


def until_paused(steps: Steps, id_: str) -> None:
    steps.wait_for_state(id_, 'PAUSED')


def pause(steps: Steps, id_: str) -> None:
    steps.pause(id_)


def below(task: str, part: GoOn, index: int = 0) -> GoOn:
    """Do something to a sub-workflow."""
    return lambda steps, id_: part(steps, steps.child(id_, task, index))


def below_the_last(task: str, part: GoOn) -> GoOn:
    """Do something to the sub-workflow of a task's next attempt."""

    def do(steps: Steps, id_: str) -> None:
        part(steps, steps.running_child(id_, task))

    return do


def rerun(task: str, *, reset: bool = True, **env: Any) -> GoOn:
    return lambda steps, id_: steps.rerun(steps.task(id_, task, 'ERROR')['id'], reset=reset, **env)


def until_ended(steps: Steps, id_: str) -> None:
    steps.rest.wait_until_ended([id_])
