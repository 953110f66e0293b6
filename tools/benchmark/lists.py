"""Measures pages of lists of executions with a million of them in PostgreSQL, see README.rst.

Makes a database of its own on the server given, fills it, starts the service on it, asks through
HTTP, and drops the database in the end.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import requests
from sqlalchemy import URL, create_engine, make_url

from mistral.db import migrations
from mistral.db.database import Database

#: Milliseconds that a page may take, and that page 10 000 may take longer than page 1.
TARGET: Final = 30.0
TARGET_GROWTH: Final = 1.0

PAGE: Final = 100
ADMIN: Final = {'X-Roles': 'admin'}

#: Rows are filled in so many steps.
STEPS: Final = 10

FUNCTIONS: Final = """
CREATE FUNCTION uid(number int) RETURNS text IMMUTABLE LANGUAGE sql
AS $$ SELECT '00000000-0000-4000-8000-' || lpad(number::text, 12, '0') $$;
CREATE FUNCTION chance(what text, i int, sides int) RETURNS int IMMUTABLE LANGUAGE sql
AS $$ SELECT abs(hashtext(what || i)) % sides $$;
"""

#: A tenth belongs to other projects, every fifth is a sub-workflow of the one before it, one in 20
#: has failed, one in 1000 is paused. Updates come up to an hour after the creation.
FILL: Final = """
INSERT INTO workflow_executions_v2 (id, name, workflow_name, workflow_id, scope, project_id,
    created_at, updated_at, state, accepted, root_execution_id, description, tags, spec, input,
    output, params, context, runtime_context)
SELECT uid(i), 'wf' || i % 200, 'wf' || i % 200, 'wf-' || i % 200, 'private',
    CASE WHEN chance('project', i, 10) = 0 THEN 'p' || i % 7 ELSE '<default-project>' END,
    timestamp '2026-01-01' + i * interval '1 s',
    timestamp '2026-01-01' + (i + chance('update', i, 3600)) * interval '1 s',
    CASE WHEN chance('paused', i, 1000) = 0 THEN 'PAUSED'
         WHEN chance('failed', i, 20) = 0 THEN 'ERROR' ELSE 'SUCCESS' END,
    true, CASE WHEN i % 5 = 1 AND i > 1 THEN uid(i - 1) END, 'number ' || i,
    CASE WHEN chance('tag', i, 1000) = 0 THEN '["rare"]' ELSE '["usual"]' END,
    '{{"name": "wf", "tasks": {{}}}}', '{{"text": "' || repeat('x', 200) || '"}}',
    '{{"result": "' || repeat('y', 200) || '"}}', '{{"env": {{}}}}', '{{}}', '{{}}'
FROM generate_series({first}, {last}) AS i
"""

#: What is asked for: arguments of `/v2/executions`. Some can only be answered by looking at many.
LISTS: Final = (
    '',
    'sort_dirs=desc',
    'state=SUCCESS',
    'state=ERROR&sort_dirs=desc',
    'state=in:PAUSED,RUNNING&sort_dirs=desc',
    'workflow_name=wf7',
    'workflow_name=wf7&state=ERROR',
    'sort_keys=updated_at&sort_dirs=desc',
    'sort_keys=name',
    'sort_keys=state',
    'sort_keys=workflow_name,created_at&sort_dirs=asc,desc',
    'updated_at=gt:2026-01-05 00:00:00&sort_keys=updated_at',
    'nulls=root_execution_id&sort_dirs=desc',
    'created_at=gt:2026-01-05 00:00:00',
    'fields=id,state&sort_dirs=desc',
    'root_execution_id={root}',
    'all_projects=true',
    'all_projects=true&sort_dirs=desc',
    'all_projects=true&state=PAUSED',
    'all_projects=true&sort_keys=updated_at&sort_dirs=desc',
    'all_projects=true&sort_keys=name',
    'project_id=p3&state=ERROR',
    'project_id=p3&sort_keys=updated_at&sort_dirs=desc',
)
SCANS: Final = ('tags=rare', 'description=has:number 99999', 'description=nothing')


def main() -> int:
    arguments = _parse()
    database = _filled_database(make_url(arguments.server), arguments.executions)
    with database as url, _service(url) as root:
        return _measure(root, arguments.executions, arguments.repeat)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--executions', type=int, default=1_000_000)
    parser.add_argument('--repeat', type=int, default=15, help='requests for each figure')
    default = os.environ.get('MISTRAL_TEST_POSTGRESQL', 'postgresql+psycopg://root@127.0.0.1:5432')
    parser.add_argument('--server', default=default, help='SQLAlchemy URL of a PostgreSQL server')
    return parser.parse_args()


@contextlib.contextmanager
def _filled_database(server: URL, count: int) -> Iterator[URL]:
    name = f'mistral_lists_{os.getpid()}'
    admin = create_engine(server.set(database='postgres'), isolation_level='AUTOCOMMIT')
    with admin.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE {name}')
    url = server.set(database=name)
    try:
        database = Database(url.render_as_string(hide_password=False))
        migrations.upgrade(database.engine)
        _fill(database, count)
        database.dispose()
        yield url
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE {name} WITH (FORCE)')
        admin.dispose()


def _fill(database: Database, count: int) -> None:
    begin = time.monotonic()
    with database.transaction() as connection:
        connection.exec_driver_sql(FUNCTIONS.replace('%', '%%'))
    for step in range(STEPS):
        first, last = count * step // STEPS + 1, count * (step + 1) // STEPS
        with database.transaction() as connection:
            connection.exec_driver_sql(FILL.format(first=first, last=last).replace('%', '%%'))
    with database.engine.connect() as connection:
        autocommit = connection.execution_options(isolation_level='AUTOCOMMIT')
        autocommit.exec_driver_sql('VACUUM ANALYZE workflow_executions_v2')
    print(f'{count} executions in {time.monotonic() - begin:.0f} s', file=sys.stderr)


@contextlib.contextmanager
def _service(database: URL) -> Iterator[str]:
    """The service with the database; gives its URL up to /v2."""
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / 'mistral.conf'
        config.write_text(
            '[pecan]\nauth_enable = False\n[api]\nhost = 127.0.0.1\nport = 0\n[database]\n'
            f'connection = {database.render_as_string(hide_password=False)}\n'
        )
        log = Path(home) / 'log'
        with log.open('wb') as output:
            process = subprocess.Popen(  # noqa: S603 - the service itself
                [Path(sys.executable).parent / 'mistral-server', f'--config-file={config}'],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            while not (found := re.search(r'Serving (\S+/v2)', log.read_text())):
                if process.poll() is not None:
                    sys.exit(f'The service does not start:\n{log.read_text()}')
                time.sleep(0.1)
            yield found[1]
        finally:
            process.terminate()
            process.wait()


def _measure(root: str, count: int, repeat: int) -> int:
    """Print a line for each list; 1 if a target is missed."""
    session = requests.Session()
    # A page in the last tenth, wherever the marker is in the order asked for.
    deep, root_id = _id(count * 9 // 10), _id(count // 2 // 5 * 5)
    missed = 0
    print(f'{"list of executions":<62}{"first, ms":>11}{"deep, ms":>11}')
    for query in (*LISTS, *SCANS):
        first = _milliseconds(session, root, query.format(root=root_id), repeat)
        later = _milliseconds(session, root, f'{query.format(root=root_id)}&marker={deep}', repeat)
        is_slow = max(first, later) > TARGET and query not in SCANS
        missed += is_slow
        note = '  too slow' if is_slow else ''
        print(f'{query or "(all)":<62}{first:>11.1f}{later:>11.1f}{note}')
    last_page = _id(count - PAGE)
    begin = _milliseconds(session, root, 'all_projects=true', 4 * repeat)
    end = _milliseconds(session, root, f'all_projects=true&marker={last_page}', 4 * repeat)
    growth = end - begin
    print(f'page 1: {begin:.2f} ms, page {count // PAGE}: {end:.2f} ms, growth {growth:.2f} ms')
    return int(bool(missed) or growth > TARGET_GROWTH)


def _milliseconds(session: Any, root: str, query: str, repeat: int) -> float:
    """The quickest of several requests: others may use the machine, too."""
    found = []
    for _ in range(repeat):
        begin = time.perf_counter()
        answer = session.get(f'{root}/executions?limit={PAGE}&{query}', headers=ADMIN, timeout=300)
        found.append((time.perf_counter() - begin) * 1000)
        answer.raise_for_status()
    return min(found)


def _id(number: int) -> str:
    return f'00000000-0000-4000-8000-{number:012}'


if __name__ == '__main__':
    sys.exit(main())
