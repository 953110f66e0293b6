"""Runs the load generator against a service and prints a table, see README.rst."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]

#: What is to be reached, in tasks (items) per second; uploads in seconds.
TARGETS: Final = {
    'small100': 400,
    'seq200': 150,
    'join200': 400,
    'items1000': 600,
    'items200c10': 200,
    'sub200': 250,
}
UPLOAD_OF: Final = 'seq200'
UPLOAD_TARGET: Final = 0.3

#: Seconds that one scenario may take.
PATIENCE: Final = 900


def main() -> int:
    arguments = _parse()
    own = {name: _measure(arguments.url, name) for name in arguments.scenarios}
    reference = {}
    if arguments.reference:
        reference = {name: _measure(arguments.reference, name) for name in arguments.scenarios}
    _print(own, reference)
    return any(figures['bad'] for figures in own.values())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--reference', metavar='URL', help='measure this service, too')
    parser.add_argument('url', help='of the service, such as http://127.0.0.1:8989/v2')
    parser.add_argument('scenarios', nargs='*', default=list(TARGETS), metavar='SCENARIO')
    return parser.parse_args()


def _measure(url: str, scenario: str) -> dict[str, Any]:
    """What the load generator says about one scenario."""
    bench = Path(os.environ.get('MISTRAL_BENCH', ROOT.parent / 'shared' / 'bench'))
    done = subprocess.run(  # noqa: S603 - the operator's own command
        [sys.executable, bench / 'load.py', url, scenario],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _print(own: dict[str, dict[str, Any]], reference: dict[str, dict[str, Any]]) -> None:
    print(f'{"scenario":<14}{"tasks/s":>10}{"target":>10}{"reference":>12}{"ratio":>8}  failed')
    for name, figures in own.items():
        other = reference.get(name)
        columns = [
            f'{name:<14}{figures["tasks_per_s"]:>10.0f}{TARGETS.get(name, ""):>10}',
            f'{other["tasks_per_s"]:>12.1f}' if other else f'{"":>12}',
            f'{figures["tasks_per_s"] / other["tasks_per_s"]:>8.0f}' if other else f'{"":>8}',
            f'  {figures["bad"]}',
        ]
        print(''.join(columns))
    if UPLOAD_OF in own:
        seconds = own[UPLOAD_OF]['upload']
        print(f'upload of 200 tasks: {seconds:.2f} s (target {UPLOAD_TARGET})')


if __name__ == '__main__':
    sys.exit(main())
