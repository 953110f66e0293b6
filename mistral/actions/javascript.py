"""JavaScript engines for `std.javascript`.

Scripts run in a child process each. V8 ends its process when certain limits are exceeded, and
counts part of the memory only; so nothing less keeps one script from harming other actions.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from mistral.actions.options import javascript_options
from mistral.exceptions import MistralException
from mistral.utils.javascript import JSEvaluator
from mistral.utils.plugins import load_plugin

#: Entry points of JavaScript engines.
NAMESPACE: Final = 'mistral.js.implementation'

_WORKER: Final = Path(__file__).with_name('javascript_worker.py')

#: Seconds that the child process has on top of the script's, to start and to answer.
_OVERHEAD: Final = 30


def evaluate(script: str, context: Any) -> Any:
    """Run a script in the engine that the operator has chosen.

    :raises MistralException: if there is no such engine, or the script fails.
    """
    name = javascript_options().implementation
    engine: type[JSEvaluator] = load_plugin(NAMESPACE, name, 'js_implementation')
    return engine.evaluate(script, context)


class MiniRacerEvaluator(JSEvaluator):
    """V8, by the package mini-racer."""

    @classmethod
    def evaluate(cls, script: str, context: Any) -> Any:
        if importlib.util.find_spec('py_mini_racer') is None:
            raise MistralException(
                'PyMiniRacer module is not available. Please install PyMiniRacer: it is the extra '
                "'javascript' of mistral (pip install 'mistral[javascript]')."
            )
        options = javascript_options()
        job = {
            'script': script,
            'context': context,
            'timeout': options.timeout,
            'memory': options.memory_limit_mb * 1024 * 1024,
        }
        answer = _run_worker(json.dumps(job), options.timeout)
        if 'error' in answer:
            raise MistralException(answer['error'])
        return answer['value']


class PyV8Evaluator(JSEvaluator):
    """Refuses: the package is for Python 2 only."""

    @classmethod
    def evaluate(cls, script: str, context: Any) -> NoReturn:  # noqa: ARG003
        raise _unavailable('PyV8')


class V8EvalEvaluator(JSEvaluator):
    """Refuses: the package cannot be built for a Python of today."""

    @classmethod
    def evaluate(cls, script: str, context: Any) -> NoReturn:  # noqa: ARG003
        raise _unavailable('v8eval')


def _run_worker(job: str, timeout: int) -> dict[str, Any]:
    # -P: the directory of the script has modules named like those of the standard library.
    command = [sys.executable, '-P', str(_WORKER)]
    path = os.pathsep.join(place for place in sys.path if place)
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command,
            input=job,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={'PYTHONPATH': path},
            encoding='utf-8',
            timeout=timeout + _OVERHEAD if timeout else None,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MistralException(f'The script does not end within {timeout} seconds.') from error
    if done.returncode:
        raise MistralException(
            'The JavaScript engine has crashed; the script may need more memory than '
            f'[action_std_javascript] memory_limit_mb [exit status={done.returncode}].'
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _unavailable(module: str) -> MistralException:
    return MistralException(
        f'{module} module is not available. Please install {module}. No release of it runs on this '
        'Python; set [DEFAULT] js_implementation = py_mini_racer.'
    )
