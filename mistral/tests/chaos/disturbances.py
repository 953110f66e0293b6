"""How things are disturbed."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from mistral.tests.chaos import schedule
from mistral.tests.chaos.schedule import Disturbance
from mistral.tests.functional.cluster.cluster import Cluster, Places
from mistral.tests.functional.rpc.buses import rabbitmqctl
from mistral.tests.waiting import wait_for

_SESSIONS: Final = {
    'postgresql': 'SELECT pid FROM pg_stat_activity WHERE datname = :name '
    'AND pid <> pg_backend_pid()',
    'mysql': 'SELECT id FROM information_schema.processlist WHERE db = :name '
    'AND id <> connection_id()',
}
_KILL: Final = {'postgresql': 'SELECT pg_terminate_backend({})', 'mysql': 'KILL {}'}

#: Start or restart the server of this machine; only when nobody else uses it.
_RESTART: Final = {
    'postgresql': 'pg_ctlcluster "$(pg_lsclusters --no-header | cut -d" " -f1 | head -n1)" main '
    'restart -m immediate',
    'mysql': 'mariadb-admin shutdown; start-stop-daemon --start --background --chuid mysql '
    '--exec "$(command -v mariadbd)"',
    'rabbitmq': 'rabbitmqctl -q stop_app; rabbitmqctl -q start_app',
}


class Disturber:
    """Carries out a plan; counts what it has done."""

    def __init__(self, cluster: Cluster, places: Places) -> None:
        self._cluster = cluster
        self._places = places
        self._url = make_url(places.database_url)
        self._dialect = self._url.get_backend_name()
        self.counts: Counter[str] = Counter()

    def carry_out(self, plan: Sequence[Disturbance]) -> None:
        due = time.monotonic()
        for disturbance in plan:
            # The pause is part of the plan; what a disturbance takes itself is not added to it.
            due += disturbance.after
            time.sleep(max(0.0, due - time.monotonic()))
            self._do(disturbance)
            self.counts[disturbance.what] += 1

    def bring_up(self) -> None:
        """Start what does not run, and wait for all."""
        self._cluster.start()
        for member in self._cluster.members.values():
            member.wait_until_ready()

    def _do(self, disturbance: Disturbance) -> None:
        match disturbance.what:
            case schedule.KILL:
                member = self._cluster[disturbance.member]
                member.kill()
                member.start()
            case schedule.CUT_BROKER:
                rabbitmqctl('close_all_connections', '--vhost', self._places.vhost, 'chaos')
            case schedule.CUT_DATABASE:
                self._cut_database()
            case schedule.RESTART_BROKER:
                _shell(_RESTART['rabbitmq'])
            case schedule.RESTART_DATABASE:
                _shell(_RESTART[self._dialect])
                wait_for(self._is_database_there, 'database')

    def _cut_database(self) -> None:
        """End all sessions of the cluster."""
        engine = self._administrator()
        try:
            with engine.connect() as connection:
                found = connection.execute(
                    text(_SESSIONS[self._dialect]), {'name': self._url.database}
                ).scalars()
                for session in found.all():
                    _execute(connection, _KILL[self._dialect].format(session))
        finally:
            engine.dispose()

    def _is_database_there(self) -> bool:
        engine = self._administrator()
        try:
            with engine.connect():
                return True
        except SQLAlchemyError:
            return False
        finally:
            engine.dispose()

    def _administrator(self) -> Engine:
        return create_engine(self._url, isolation_level='AUTOCOMMIT')


def _execute(connection: Any, statement: str) -> None:
    try:
        connection.execute(text(statement))
    except SQLAlchemyError:
        # The session has ended by itself.
        return


def _shell(script: str) -> None:
    subprocess.run(['bash', '-c', script], check=True, env=os.environ, timeout=120)
