"""Whether everything came out right in the end."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import requests
from sqlalchemy import create_engine, text

from mistral.tests.chaos import ledger
from mistral.tests.chaos.load import Load
from mistral.tests.chaos.workflows import KINDS, PARTS, Kind
from mistral.tests.functional.cluster.cluster import Places
from mistral.tests.functional.service.rest import ENDED, Rest
from mistral.tests.waiting import wait_for

#: What the result of an action says whose fate is unknown.
UNKNOWN_FATE: Final = (
    "Heartbeat wasn't received.",
    'The executor was stopped before the action ended',
)

_UNSAFE: Final = 'chaos.note'

#: Seconds for everything to end after the last disturbance: what nobody has started is handed over
#: again after half a minute, and after a minute once more.
_PATIENCE: Final = 240


class Verdict:
    """Looks at all executions of a cluster; `faults` says what is wrong."""

    def __init__(self, rest: Rest, load: Load, places: Places, notes: Path) -> None:
        self._rest = rest
        self._load = load
        self._places = places
        self._notes = notes
        self.faults: list[str] = []
        self.states: Counter[str] = Counter()
        self.lost = 0
        self.duplicates = 0

    def reach(self) -> None:
        self._wait_for_the_end()
        self._runs = ledger.runs(self._notes)
        executions = {e['id']: e for e in self._executions()}
        self._tasks = _grouped(
            self._rest.items('/tasks?fields=id,name,state,workflow_execution_id'),
            'workflow_execution_id',
        )
        self._actions = _grouped(
            self._rest.items(
                '/action_executions?fields=id,name,state,accepted,task_execution_id,output'
            ),
            'task_execution_id',
        )
        self._children = _grouped(iter(executions.values()), 'task_execution_id')
        for id_ in self._load.started:
            if id_ not in executions:
                self.lost += 1
                self._fault(f'Execution {id_} {self._load.started[id_]} is not there')
        for execution in executions.values():
            self._judge(execution)
        self._judge_jobs()

    def _wait_for_the_end(self) -> None:
        def ended() -> bool:
            try:
                return all(e['state'] in ENDED for e in self._executions())
            except (AssertionError, requests.RequestException):
                # The API has only just come back, or has yet to notice that the database has.
                return False

        try:
            wait_for(ended, 'end of all executions', _PATIENCE)
        except AssertionError:
            pass  # those that have not ended are faults, each of them

    def _executions(self) -> Iterator[dict[str, Any]]:
        return self._rest.items(
            '/executions?fields=id,state,workflow_name,task_execution_id,output,input,state_info'
        )

    def _judge(self, execution: dict[str, Any]) -> None:
        name = execution['workflow_name']
        kind = {**KINDS, **PARTS}[name]
        state = execution['state']
        if execution['task_execution_id'] is None:
            self.states[state] += 1
        label = f'{name} {execution["id"]}'
        if state not in ENDED:
            self.lost += 1
            self._fault(f'{label} waits for ever: {self._situation(execution["id"])}')
            return
        self._judge_tasks(execution['id'], label, kind, state)
        if state == 'SUCCESS':
            self._judge_output(execution, label, kind)
        elif state != 'ERROR' or not self._may_fail(execution['id']):
            self._fault(f'{label} is {state}: {execution["state_info"]}')

    def _judge_output(self, execution: dict[str, Any], label: str, kind: Kind) -> None:
        input_, output = (json.loads(execution[key]) for key in ('input', 'output'))
        expected = kind.result(input_['x'])
        if list(output.values()) != [expected]:
            self._fault(f'{label} gives {output} instead of {expected}')

    def _judge_tasks(self, execution_id: str, label: str, kind: Kind, state: str) -> None:
        tasks = self._tasks.get(execution_id, [])
        for name, count in Counter(task['name'] for task in tasks).items():
            if count > 1:
                self.duplicates += 1
                self._fault(f'{label} has {count} tasks {name}')
        if state == 'SUCCESS' and {task['name'] for task in tasks} != kind.tasks.keys():
            self._fault(f'{label} has only the tasks {[task["name"] for task in tasks]}')
        for task in tasks:
            actions = self._actions.get(task['id'], [])
            self._judge_runs(f'{label}, task {task["name"]}', actions, kind)
            succeeded = sum(a['accepted'] and a['state'] == 'SUCCESS' for a in actions)
            if task['state'] == 'SUCCESS' and succeeded != kind.tasks[task['name']]:
                self.duplicates += succeeded > kind.tasks[task['name']]
                self._fault(f'{label}, task {task["name"]} has {succeeded} results')
            if state in ENDED and task['state'] not in ENDED:
                self._fault(f'{label} has ended, its task {task["name"]} is {task["state"]}')

    def _judge_runs(self, label: str, actions: list[dict[str, Any]], kind: Kind) -> None:
        """An action that may not run twice has not; one with a result has run at all."""
        for action in actions:
            if action['name'] not in {'chaos.note', 'chaos.note_again', 'chaos.stumble'}:
                continue
            runs = self._runs[action['id']]
            if not kind.is_careful and runs > 1:
                self.duplicates += 1
                self._fault(f'{label}: {action["id"]} ran {runs} times')
            if action['state'] == 'SUCCESS' and not runs:
                self._fault(f'{label}: {action["id"]} has a result without a run')

    def _may_fail(self, execution_id: str) -> bool:
        """Only the unknown fate of an action which must not run twice is a reason."""
        for task in self._tasks.get(execution_id, []):
            if task['state'] != 'ERROR':
                continue
            below = self._children.get(task['id'], [])
            if any(child['state'] == 'ERROR' and self._may_fail(child['id']) for child in below):
                return True
            if any(_is_of_unknown_fate(action) for action in self._actions.get(task['id'], [])):
                return True
        return False

    def _judge_jobs(self) -> None:
        """Nothing is left to be done."""
        engine = create_engine(self._places.database_url, isolation_level='AUTOCOMMIT')
        query = text('SELECT count(*) FROM scheduled_jobs_v2')
        try:
            with engine.connect() as connection:
                wait_for(lambda: connection.execute(query).scalar() == 0, 'end of all jobs')
        except AssertionError as e:
            self._fault(str(e))
        finally:
            engine.dispose()

    def _situation(self, execution_id: str) -> str:
        return ', '.join(
            f'{task["name"]} {task["state"]} '
            f'{[(a["id"], a["state"]) for a in self._actions.get(task["id"], [])]}'
            for task in self._tasks.get(execution_id, [])
        )

    def _fault(self, text: str) -> None:
        self.faults.append(text)


def _is_of_unknown_fate(action: Mapping[str, Any]) -> bool:
    return (
        action['name'] == _UNSAFE
        and action['state'] == 'ERROR'
        and any(words in str(action['output']) for words in UNKNOWN_FATE)
    )


def _grouped(items: Iterator[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        groups.setdefault(item[key], []).append(item)
    return groups
