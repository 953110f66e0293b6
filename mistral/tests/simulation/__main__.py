"""Runs simulations: `python -m mistral.tests.simulation --seeds 2000 --steps 200000`."""

import argparse
import hashlib
import sys
import time
from collections import Counter

from mistral.expressions import Expressions
from mistral.tests.simulation.simulator import DISTURBED_STEPS, Simulation


def main() -> int:
    arguments = _parser().parse_args()
    expressions = Expressions.load()
    if arguments.seed is not None:
        return _replay(arguments.seed, arguments.disturbed, expressions)
    return _run_many(arguments, expressions)


def _run_many(arguments: argparse.Namespace, expressions: Expressions) -> int:
    """Go through the seeds; a violation is shown with the command that replays it."""
    started = time.monotonic()
    steps, failed, seed = 0, 0, arguments.first
    executions: Counter[str] = Counter()
    digest = hashlib.sha256()
    while failed < arguments.failures and (
        seed < arguments.first + arguments.seeds or steps < arguments.steps
    ):
        try:
            outcome = Simulation(seed, expressions).run(arguments.disturbed)
        except Exception as e:  # noqa: BLE001
            failed += 1
            print(f'seed {seed}: {type(e).__name__}: {e}')
            print(f'  replay: {_replay_command(seed, arguments.disturbed)}', flush=True)
        else:
            steps += outcome.steps
            executions += outcome.executions
            digest.update(outcome.digest.encode())
        seed += 1
    seconds = time.monotonic() - started
    ends = ', '.join(f'{count} {state}' for state, count in executions.most_common())
    print(f'{seed - arguments.first} seeds, {steps} steps, {seconds:.0f} s; executions: {ends}')
    print(f'{failed} violations; digest {digest.hexdigest()[:16]}')
    return 1 if failed else 0


def _replay(seed: int, disturbed: int, expressions: Expressions) -> int:
    """Show the definitions and each step of one simulation; a violation ends it as an error."""
    simulation = Simulation(seed, expressions, trace=print)
    print(simulation.definitions)
    print(simulation.run(disturbed))
    return 0


def _replay_command(seed: int, disturbed: int) -> str:
    return f'python -m mistral.tests.simulation --seed {seed} --disturbed {disturbed}'


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m mistral.tests.simulation')
    add = parser.add_argument
    add('--seeds', type=int, default=100, help='how many simulations to run at least')
    add('--steps', type=int, default=0, help='how many steps they take together at least')
    add('--first', type=int, default=0, metavar='SEED', help='the first seed')
    add('--seed', type=int, help='replay this one and show each of its steps')
    add('--disturbed', type=int, default=DISTURBED_STEPS, metavar='STEPS',
        help='how many steps of a simulation may be disturbed')  # fmt: skip
    add('--failures', type=int, default=10, metavar='N', help='stop after N violations')
    return parser


if __name__ == '__main__':
    sys.exit(main())
