"""Runs simulations: `python -m mistral.tests.simulation --seeds 2000 --steps 200000`."""

import argparse
import sys
import time
from collections import Counter

from mistral.expressions import Expressions
from mistral.tests.simulation.simulator import Simulation


def main() -> int:
    arguments = _parser().parse_args()
    expressions = Expressions.load()
    if arguments.seed is not None:
        return _replay(arguments.seed, arguments.disturbed, expressions)
    started = time.monotonic()
    steps, seed, ends, failed = 0, arguments.first, Counter(), []
    while seed < arguments.first + arguments.seeds or steps < arguments.steps:
        simulation = Simulation(seed, expressions)
        try:
            outcome = simulation.run(arguments.disturbed)
        except Exception as e:  # noqa: BLE001
            print(f'seed {seed}: {type(e).__name__}: {e}')
            print(f'  replay: {_command(seed, arguments.disturbed)}')
            failed.append(seed)
            if len(failed) >= arguments.failures:
                break
        else:
            steps += outcome.steps
            ends.update(outcome.executions)
        seed += 1
    seconds = time.monotonic() - started
    print(f'{steps} steps over {seed - arguments.first} seeds in {seconds:.0f} s, ', end='')
    print(f'executions {dict(ends)}, violations in {len(failed)} seeds')
    return 1 if failed else 0


def _replay(seed: int, disturbed: int, expressions: Expressions) -> int:
    simulation = Simulation(seed, expressions, trace=print)
    print(simulation.definitions)
    print(simulation.run(disturbed))
    return 0


def _command(seed: int, disturbed: int) -> str:
    return f'python -m mistral.tests.simulation --seed {seed} --disturbed {disturbed}'


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m mistral.tests.simulation')
    parser.add_argument('--seeds', type=int, default=100, help='how many simulations at least')
    parser.add_argument('--steps', type=int, default=0, help='how many steps in all at least')
    parser.add_argument('--first', type=int, default=0, help='the first seed')
    parser.add_argument('--seed', type=int, help='replay this one and show each step')
    parser.add_argument('--disturbed', type=int, default=100, help='disturbed steps per simulation')
    parser.add_argument('--failures', type=int, default=10, help='stop after so many violations')
    return parser


if __name__ == '__main__':
    sys.exit(main())
