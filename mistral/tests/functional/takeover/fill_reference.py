"""Fills a Mistral 23 with work, notes what it answers, and keeps its database.

    python -m mistral.tests.functional.takeover.fill_reference path/to/serve.sh

`serve.sh start|stop` runs the reference with all its processes on MariaDB and RabbitMQ. It is
killed at the end, in the middle of its work. What is kept are the files that the tests read:
`reference.sql.gz` and `answers.json`.
"""

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from mistral.tests.functional.service.rest import Rest
from mistral.tests.functional.takeover import delayed, finished, paused, running
from mistral.tests.functional.takeover.steps import Steps
from mistral.tests.functional.takeover.stories import starting

PORT: Final = 8991
URL: Final = f'http://127.0.0.1:{PORT}/v2'
#: The database, and the virtual host of the broker.
DATABASE: Final = 'mistral_takeover'
HOME: Final = Path(tempfile.gettempdir()) / 'mistral-takeover'

HERE: Final = Path(__file__).parent
DUMP: Final = HERE / 'reference.sql.gz'
ANSWERS: Final = HERE / 'answers.json'

#: How many executions of `busy` are killed.
BUSY: Final = 12

#: An instance of its own, which may call this machine.
ENVIRONMENT: Final = {
    'REFERENCE_HOME': str(HOME),
    'REFERENCE_PORT': str(PORT),
    'REFERENCE_DB': DATABASE,
    'OS_ACTION_STD_HTTP__DENIED_CIDRS': '',
}

#: What has been defined, and what has been done.
DEFINITIONS: Final = ('workflows', 'workbooks', 'actions', 'environments')
WORK: Final = ('executions', 'tasks', 'action_executions')
#: What the successor does not show over REST yet.
OTHERS: Final = ('cron_triggers', 'event_triggers', 'code_sources', 'dynamic_actions')

_TEXT: Final = {'Content-Type': 'text/plain'}
_ADMIN: Final = {'X-Roles': 'admin'}


class Reference:
    """Starts and ends it."""

    def __init__(self, script: str) -> None:
        self._script = script
        self.steps = Steps(Rest(URL))

    def start(self, **options: str) -> None:
        self._run('start', **options)

    def stop(self) -> None:
        self._run('stop')

    def kill(self) -> None:
        """As the loss of the machine would."""
        for path in HOME.glob('*.pid'):
            os.killpg(int(path.read_text()), signal.SIGKILL)
            path.unlink()

    def _run(self, command: str, **options: str) -> None:
        environment = {**os.environ, **ENVIRONMENT, **options}
        subprocess.run([self._script, command], env=environment, check=True)


def upload(rest: Rest) -> None:
    def put(path: str, name: str) -> None:
        data = (HERE / 'definitions' / name).read_bytes()
        rest.call('POST', path, data=data, headers=_ADMIN | _TEXT)

    put('/actions', 'actions.yaml')
    for name in ('finished', 'interrupted', 'delayed', 'busy'):
        put('/workflows', f'{name}.yaml')
    put('/workflows?namespace=blue', 'namespaced.yaml')
    put('/workbooks?scope=public', 'workbook.yaml')
    office = {'name': 'office', 'description': 'Where we work', 'variables': '{"author": "me"}'}
    rest.call('POST', '/environments', json=office)
    code = b'from mistral_lib.actions.base import Action\n\n\nclass Nothing(Action):\n    pass\n'
    source = rest.call('POST', '/code_sources?name=nothing', data=code, headers=_ADMIN | _TEXT)
    dynamic = {'name': 'nothing', 'class_name': 'Nothing', 'code_source_id': source['id']}
    rest.call('POST', '/dynamic_actions', json=dynamic, headers=_ADMIN)


def make_triggers(rest: Rest) -> None:
    """Their time comes when nobody reads this any more."""
    cron = {
        'name': 'new year',
        'pattern': '0 0 1 1 *',
        'first_execution_time': '2099-01-01 00:00',
        'workflow_name': 'greet',
        'workflow_input': json.dumps({'name': 'everybody'}),
        'workflow_params': json.dumps({'env': {'author': 'the clock'}}),
    }
    once = {
        'name': 'once',
        'first_execution_time': '2099-12-25 13:37',
        'workflow_name': 'globals',
    }
    for body in (cron, once):
        rest.call('POST', '/cron_triggers', json=body)
    (workflow,) = rest.call('GET', '/workflows?name=greet')['workflows']
    event = {
        'name': 'new server',
        'workflow_id': workflow['id'],
        'exchange': 'nova',
        'topic': 'notifications',
        'event': 'compute.instance.create.end',
        'workflow_input': json.dumps({'name': 'server'}),
    }
    rest.call('POST', '/event_triggers', json=event)


def run_actions(rest: Rest) -> dict[str, str]:
    """Actions outside of workflows; returns their ids."""
    bodies = {
        'done': {'name': 'double', 'input': {'number': 21}, 'params': {'save_result': True}},
        'failed': {
            'name': 'std.fail',
            'input': {'error_data': 'no'},
            'params': {'save_result': True},
        },
        'asking': {'name': 'ask', 'input': {'question': '?'}},
    }
    return {
        name: rest.call(
            'POST', '/action_executions', json={**body, 'input': json.dumps(body['input'])}
        )['id']
        for name, body in bodies.items()
    }


@contextmanager
def silent_server() -> Iterator[str]:
    """The URL of a server that never answers."""
    gate = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.set()
            gate.wait()

    called = threading.Event()
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    called.wait(10)


def record(rest: Rest) -> dict[str, Any]:
    """What a server answers about its definitions, and about all work by ids."""

    def each(collection: str) -> dict[str, Any]:
        ids = [item['id'] for item in rest.items(f'/{collection}')]
        return {id_: rest.call('GET', f'/{collection}/{id_}') for id_ in ids}

    return {
        **{name: rest.call('GET', f'/{name}')[name] for name in DEFINITIONS},
        **{name: each(name) for name in WORK},
    }


def dump() -> None:
    options = ('--skip-comments', '--skip-add-drop-table', '--skip-add-locks', '--no-tablespaces')
    text = subprocess.run(
        ['mariadb-dump', '-uroot', *options, DATABASE], capture_output=True, check=True
    ).stdout
    DUMP.write_bytes(gzip.compress(text, 9, mtime=0))


def write(answers: Mapping[str, Any]) -> None:
    ANSWERS.write_text(json.dumps(answers, indent=1, sort_keys=True) + '\n')


def fill(reference: Reference) -> dict[str, Any]:
    steps = reference.steps
    ids: dict[str, dict[str, str]] = {}
    reference.start(OS_DEFAULT__SCHEDULER_TYPE='default')
    upload(steps.rest)
    ids['delayed, default scheduler'] = begin_all(delayed, steps)
    reference.stop()
    reference.start()
    ids['delayed'] = begin_all(delayed, steps)
    ids['paused'] = begin_all(paused, steps)
    ids['running'] = begin_all(running, steps)
    ids['not yet'] = {delayed.NOT_YET.name: delayed.NOT_YET.begin(steps)}
    ids['finished'] = {name: begin(steps) for name, begin in finished.STORIES.items()}
    steps.rest.wait_until_ended(ids['finished'].values())
    ids['actions'] = run_actions(steps.rest)
    make_triggers(steps.rest)
    answers = record(steps.rest)
    # Installed actions are not in the database.
    answers['actions'] = [action for action in answers['actions'] if action['definition']]
    for name in OTHERS:
        answers[name] = steps.rest.call('GET', f'/{name}', headers=_ADMIN)[name]
    with silent_server() as url:
        ids['killed'] = {
            'calling': starting('calling', {'url': url})(steps),
            'sleeping': starting('sleeping')(steps),
        }
    ids['busy'] = {str(number): steps.start('busy') for number in range(BUSY)}
    reference.kill()
    return {'ids': ids, **answers}


def begin_all(module: Any, steps: Steps) -> dict[str, str]:
    return {story.name: story.begin(steps) for story in module.STORIES}


def clear() -> None:
    """Leave nothing of an earlier run, nor of this one, on the servers."""
    subprocess.run(['mariadb', '-uroot', '-e', f'DROP DATABASE IF EXISTS {DATABASE}'], check=True)
    subprocess.run(['rabbitmqctl', '-q', 'delete_vhost', DATABASE], check=False)


def main() -> None:
    clear()
    reference = Reference(sys.argv[1])
    try:
        write(fill(reference))
    finally:
        reference.stop()
    dump()
    clear()


if __name__ == '__main__':
    main()
