"""A server in a process of its own: `python -m ... KIND URL PREFIX CAPACITY [OWN_PATIENCE]`.

It says its name, then what it is called with, a line each; `wait` and `wait_once` never end.
"""

import json
import sys
import threading

from mistral.rpc import base
from mistral.rpc.kombu import topology
from mistral.tests.functional.rpc.buses import KINDS, configuration
from mistral.tests.functional.rpc.endpoints import Recorder


class Talkative(Recorder):
    _lock = threading.Lock()

    def note(self, caller, x):
        with self._lock:
            print(json.dumps(x), flush=True)


def main(kind: str, url: str, prefix: str, capacity: str, patience: str = '') -> None:
    if patience:
        topology.OWN_PATIENCE = int(patience)  # type: ignore[misc]
    backend = KINDS[kind].make(configuration(url, prefix))
    server = backend.server(base.ENGINE, Talkative(), threads=4, capacity=int(capacity))
    server.start()
    print(json.dumps(server.name), flush=True)
    threading.Event().wait()


if __name__ == '__main__':
    main(*sys.argv[1:])
