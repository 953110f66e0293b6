"""What users do with executions, for the reference and for its successor alike."""

from collections.abc import Callable
from typing import Any

from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

#: Tells the answer to a question; asynchronous actions of the definitions ask questions.
Answering = Callable[[Any], Any]


def ten_times(question: Any) -> Any:
    return question * 10


class Steps:
    """A user of a server; all methods wait for what they bring about."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest

    # Executions

    def start(self, workflow: str, input_: Any = None, **params: Any) -> str:
        return self.rest.start(workflow, input_, **params)

    def start_in(self, namespace: str, workflow: str) -> str:
        body = {'workflow_name': workflow, 'workflow_namespace': namespace}
        return str(self.rest.call('POST', '/executions', json=body)['id'])

    def change(self, execution_id: str, state: str, state_info: str | None = None) -> None:
        body = {'state': state} | ({'state_info': state_info} if state_info else {})
        self.rest.call('PUT', f'/executions/{execution_id}', json=body)

    def pause(self, execution_id: str) -> None:
        self.change(execution_id, 'PAUSED')
        self.wait_for_state(execution_id, 'PAUSED')

    def resume(self, execution_id: str) -> None:
        self.change(execution_id, 'RUNNING')

    def wait_for_state(self, execution_id: str, state: str) -> None:
        wait_for(
            lambda: self.rest.execution(execution_id)['state'] == state,
            f'state {state} of execution {execution_id}',
        )

    def child(self, execution_id: str, task: str, index: int = 0) -> str:
        """The id of a sub-workflow's execution, that of an item if there are several."""
        task_id = self.task(execution_id, task)['id']

        def found() -> str | None:
            path = f'/executions?task_execution_id={task_id}'
            ids = [execution['id'] for execution in self.rest.items(path)]
            indexes = {self.rest.execution(id_)['params'].get('index'): id_ for id_ in ids}
            return indexes.get(index)

        return wait_for(found, f'sub-workflow {index} of task {task}')

    def running_child(self, execution_id: str, task: str) -> str:
        """The id of a task's running sub-workflow."""
        task_id = self.task(execution_id, task)['id']
        path = f'/executions?state=RUNNING&task_execution_id={task_id}'
        found = wait_for(lambda: list(self.rest.items(path)), f'sub-workflow of task {task}')
        return str(found[0]['id'])

    # Tasks

    def tasks(self, execution_id: str, name: str) -> list[dict[str, Any]]:
        return [task for task in self.rest.tasks(execution_id) if task['name'] == name]

    def task(self, execution_id: str, name: str, *states: str) -> dict[str, Any]:
        """The last task of a name, as soon as there is one (in one of the states if given)."""

        def found() -> dict[str, Any] | None:
            tasks = self.tasks(execution_id, name)
            is_there = tasks and (not states or tasks[-1]['state'] in states)
            return tasks[-1] if is_there else None

        return wait_for(found, f'task {name} {states} of execution {execution_id}')

    def rerun(self, task_id: str, *, reset: bool = True, **env: Any) -> None:
        body = {'state': 'RUNNING', 'reset': reset} | ({'env': env} if env else {})
        self.rest.call('PUT', f'/tasks/{task_id}', json=body)

    def skip(self, task_id: str) -> None:
        self.rest.call('PUT', f'/tasks/{task_id}', json={'state': 'SKIPPED'})

    # Actions

    def questions(self, execution_id: str, task: str) -> dict[Any, str]:
        """The running actions of the tasks of a name, by what they ask."""
        return {
            (action['input'] or {}).get('question'): action['id']
            for each in self.tasks(execution_id, task)
            for action in self.rest.actions(each['id'])
            if action['state'] == 'RUNNING'
        }

    def wait_for_question(self, execution_id: str, task: str, question: Any = None) -> str:
        """The id of a running action, any if it does not matter which."""

        def found() -> str | None:
            asked = self.questions(execution_id, task)
            return asked.get(question) if question is not None else next(iter(asked.values()), None)

        return wait_for(found, f'question {question} of task {task}')

    def answer(self, execution_id: str, task: str, question: Any, answer: Any) -> None:
        id_ = self.wait_for_question(execution_id, task, question)
        self.rest.answer(id_, {'answer': answer})
        self._wait_for_action(id_)

    def refuse(
        self, execution_id: str, task: str, question: Any, reason: Any, state: str = 'ERROR'
    ) -> None:
        id_ = self.wait_for_question(execution_id, task, question)
        self.rest.answer(id_, {'reason': reason}, state)
        self._wait_for_action(id_)

    def answer_all(self, execution_id: str, task: str, answering: Answering = ten_times) -> None:
        """Answer whatever the task asks until it has ended."""

        def has_ended() -> bool:
            for question, id_ in self.questions(execution_id, task).items():
                self.rest.answer(id_, {'answer': answering(question)})
            return self.task(execution_id, task)['state'] in ('SUCCESS', 'ERROR')

        wait_for(has_ended, f'end of task {task} of execution {execution_id}')

    def _wait_for_action(self, action_id: str) -> None:
        def has_ended() -> bool:
            action = self.rest.call('GET', f'/action_executions/{action_id}')
            return action['state'] != 'RUNNING'

        wait_for(has_ended, f'end of action {action_id}')
