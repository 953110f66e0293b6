"""The child process that runs one script for `mistral.actions.javascript`.

It reads `{"script", "context", "timeout", "memory"}` (seconds and bytes, 0: no limit) from its
input as JSON, and writes `{"value"}` or `{"error"}`. It imports nothing of the service, so that it
starts quickly.
"""

import json
import os
import resource
import sys
from typing import Any, Final

from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException, MiniRacer

#: Bytes that V8 takes for itself while a script runs, on top of what it has at the start.
_OWN_MEMORY: Final = 128 * 1024 * 1024


def run(job: dict[str, Any]) -> dict[str, Any]:
    memory = job['memory']
    # V8 reserves far more addresses than a limit for the service may leave it.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    engine = MiniRacer()
    if memory:
        # V8 does not count what lies outside of its heap, such as typed arrays.
        limit = _used_memory() + _OWN_MEMORY + 2 * memory
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    call = f'new Function("$", {json.dumps(job["script"])})({json.dumps(job["context"])})'
    try:
        text = engine.eval(
            f'JSON.stringify({call})',
            timeout_sec=job['timeout'] or None,
            max_memory=memory or None,
        )
    except JSTimeoutException:
        return {'error': f'The script does not end within {job["timeout"]} seconds.'}
    except JSOOMException:
        megabytes = memory // (1024 * 1024)
        return {'error': f'The script needs more than {megabytes} megabytes of memory.'}
    except JSEvalException as error:
        return {'error': str(error).strip()}
    # Undefined, as of a script that returns nothing, has no JSON.
    return {'value': json.loads(text) if isinstance(text, str) else None}


def _used_memory() -> int:
    """Bytes of this process, as RLIMIT_DATA counts them."""
    with open('/proc/self/status') as status:  # noqa: PTH123 - starts quicker than with pathlib
        (kilobytes,) = (line.split()[1] for line in status if line.startswith('VmData:'))
    return int(kilobytes) * 1024


if __name__ == '__main__':
    json.dump(run(json.load(sys.stdin)), sys.stdout)
    sys.stdout.flush()
    # Taking V8 down in good order may last for ever.
    os._exit(0)
