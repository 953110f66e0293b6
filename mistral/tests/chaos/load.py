"""The load: executions start all the time, and questions are answered."""

import itertools
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import requests

from mistral.tests.chaos.workflows import ANSWER, KINDS

#: Threads that start executions, and seconds that each waits between two.
_STARTERS: Final = 4
_PAUSE: Final = 0.7

#: Seconds between looks for questions.
_LOOK: Final = 0.5

#: Seconds for one request.
_TIMEOUT: Final = 15


class Load:
    """`started` tells the input `x` and the workflow of each execution by its id."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.started: dict[str, tuple[str, int]] = {}
        self.repeated = 0
        #: Answers that the service should not have given, for people to read.
        self.complaints: list[str] = []
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._answering = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start executions; all of them are started in the end."""
        threads = [threading.Thread(target=self._start_all, daemon=True) for _ in range(_STARTERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer questions."""
        self._answering.clear()
        thread = threading.Thread(target=self._answer_all, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._answering.set()
            thread.join()

    def _start_all(self) -> None:
        session = requests.Session()
        names = list(KINDS)
        while not self._stopping.is_set():
            x = next(self._numbers)
            self._start(session, names[x % len(names)], x)
            self._stopping.wait(_PAUSE)

    def _start(self, session: requests.Session, workflow: str, x: int) -> None:
        """Ask until the answer comes: the id makes one execution of it."""
        id_ = str(uuid.uuid4())
        self.started[id_] = (workflow, x)
        body = {'id': id_, 'workflow_name': workflow, 'input': json.dumps({'x': x})}
        deadline = time.monotonic() + 120
        while (answer := self._request(session, 'POST', '/executions', body)) is None:
            if time.monotonic() > deadline:
                self.complaints.append(f'{workflow} {id_} cannot be started')
                return
            self.repeated += 1
            time.sleep(0.2)
        if answer.get('id') != id_:
            self.complaints.append(f'{workflow} {id_}: started as {answer}')

    def _answer_all(self) -> None:
        session = requests.Session()
        path = '/action_executions?name=std.async_noop&state=RUNNING&fields=id,state,name'
        while not self._answering.wait(_LOOK):
            found = self._request(session, 'GET', path) or {}
            for action in found.get('action_executions', ()):
                body = {'state': 'SUCCESS', 'output': json.dumps({'answer': ANSWER})}
                self._request(session, 'PUT', f'/action_executions/{action["id"]}', body)

    def _request(
        self, session: requests.Session, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """None if there is no good answer; one that should not be is a complaint."""
        try:
            answer = session.request(method, self.url + path, json=body, timeout=_TIMEOUT)
        except requests.RequestException:
            return None
        if answer.ok:
            found: dict[str, Any] = answer.json()
            return found
        # 5xx: no engine, no database. 400: the question has been answered already.
        if answer.status_code < 500 and (method, answer.status_code) != ('PUT', 400):
            self.complaints.append(f'{method} {path}: {answer.status_code} {answer.text[:300]}')
        return None
