"""Lets chaos reign for a while: `python -m mistral.tests.chaos --rounds 100 --seed 1`.

It needs RabbitMQ and the databases of the functional tests. The exit status is 1 if anything came
out wrong; then the logs of all processes are kept.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from mistral.tests.chaos.run import is_good, run, settings_of


def main() -> int:
    settings = settings_of(_parser().parse_args())
    # SIGTERM ends it as Ctrl-C does: nothing is left running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = Path(tempfile.mkdtemp(prefix='mistral-chaos-'))
    with (home / 'logs').open('w') as logs, redirect_stdout(logs):
        report = run(home, settings)
    print(report)
    if is_good(report):
        shutil.rmtree(home)
        return 0
    print(f'The logs are in {home}')
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m mistral.tests.chaos')
    add = parser.add_argument
    add('--rounds', type=int, default=40, help='how many disturbances')
    add('--seed', type=int, default=0, help='the same seed gives the same disturbances')
    add('--rpc', choices=('kombu', 'oslo'), default='kombu')
    add('--database', choices=('postgresql', 'mysql', 'mariadb'), default='postgresql')
    about_outages = 'restart the broker and the database, too: not on a machine that others use'
    add('--outages', action='store_true', help=about_outages)
    return parser


if __name__ == '__main__':
    sys.exit(main())
