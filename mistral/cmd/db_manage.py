"""`mistral-db-manage`: creates and upgrades the database."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from oslo_config import cfg
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from mistral import config
from mistral.config.help_texts import no_effect
from mistral.db import migrations
from mistral.db.database import Database, DatabaseFailure
from mistral.db.repositories import Repositories
from mistral.db.retry import without_sql
from mistral.exceptions import ConfigurationError, DBError, MistralError
from mistral.expressions import Expressions
from mistral.lang.parser import Parser
from mistral.services.populate import Populator, preinstalled_workflows, shipped_actions

_LOG_FORMAT: Final = '%(levelname)-5.5s [%(name)s] %(message)s'

#: A sub-command: it finds its arguments in `conf.command`.
_Command = Callable[[cfg.ConfigOpts], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; returns the exit code."""
    try:
        conf = config.load(
            sys.argv[1:] if argv is None else argv,
            'mistral-db-manage',
            cli_options=_cli_options(),
        )
        _set_up_logging(conf.debug)
        conf.command.run(conf)
    except (MistralError, CommandError) as e:
        print(f'ERROR: {e}', file=sys.stderr)
        return 1
    return 0


def _cli_options() -> list[cfg.Opt]:
    return [
        cfg.SubCommandOpt(
            'command',
            title='Commands',
            help='What to do; --help after a command tells about its arguments.',
            handler=_add_commands,
        ),
        # Named apart from the option that mistral-extra registers by itself.
        cfg.StrOpt(
            'openstack_actions_mapping_path',
            short='m',
            dest='unused_mapping_path',
            metavar='PATH',
            help=no_effect('actions of plugins are not stored in the database'),
        ),
    ]


def _add_commands(commands: Any) -> None:
    def add(name: str, run: _Command, help: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
        parser.set_defaults(run=run)
        return parser

    def add_sql_option(parser: argparse.ArgumentParser) -> None:
        parser.add_argument('--sql', action='store_true', help='print SQL instead of running it')

    upgrade = add('upgrade', _upgrade, 'Bring the database forward to a revision.')
    upgrade.add_argument(
        'revision', nargs='?', help="'head', a number such as 046, '+1', with --sql also FROM:TO"
    )
    upgrade.add_argument('--delta', type=_positive, metavar='N', help='go N revisions further')
    add_sql_option(upgrade)

    stamp = add('stamp', _stamp, 'Record that the database is at a revision; change nothing else.')
    stamp.add_argument('revision', nargs='?', default='head')
    add_sql_option(stamp)

    add('current', _current, 'Show the revision that the database is at.')
    add('history', _history, 'List the revisions.')
    add('branches', _branches, 'List revisions that several others follow.')
    add('populate', _populate, 'Store the actions and workflows of the service and its plugins.')
    add('populate_actions', _populate_actions, 'Store the ad-hoc actions of the service.')

    revision = add('revision', _revision, 'Write a new migration script, for developers.')
    revision.add_argument('-m', '--message')
    revision.add_argument('--rev-id', help='default: the next number')
    revision.add_argument(
        '--autogenerate', action='store_true', help='compare the models with the database'
    )
    add_sql_option(revision)


def _upgrade(conf: cfg.ConfigOpts) -> None:
    arguments = conf.command
    if not arguments.revision and not arguments.delta:
        raise ConfigurationError('You must provide a revision or relative delta')
    if arguments.revision and arguments.delta:
        raise ConfigurationError('Give either a revision or a relative delta, not both')
    revision = arguments.revision or f'+{arguments.delta}'
    if arguments.sql:
        command.upgrade(_offline(conf), revision, sql=True)
        return
    with _database(conf) as database:
        migrations.upgrade(database.engine, revision)


def _stamp(conf: cfg.ConfigOpts) -> None:
    if conf.command.sql:
        command.stamp(_offline(conf), conf.command.revision, sql=True)
        return
    with _online(conf) as alembic:
        command.stamp(alembic, conf.command.revision)


def _current(conf: cfg.ConfigOpts) -> None:
    with _online(conf) as alembic:
        command.current(alembic)


def _history(_conf: cfg.ConfigOpts) -> None:
    command.history(migrations.alembic_config())


def _branches(_conf: cfg.ConfigOpts) -> None:
    command.branches(migrations.alembic_config())


def _revision(conf: cfg.ConfigOpts) -> None:
    arguments = conf.command
    rev_id = arguments.rev_id or migrations.next_revision()
    if arguments.autogenerate:
        with _online(conf) as alembic:
            command.revision(alembic, arguments.message, autogenerate=True, rev_id=rev_id)
    else:
        command.revision(_offline(conf), arguments.message, sql=arguments.sql, rev_id=rev_id)


def _populate(conf: cfg.ConfigOpts) -> None:
    with _populator(conf) as populator:
        actions = populator.put_actions(shipped_actions())
        workflows = populator.put_workflows(preinstalled_workflows())
        print(f'Stored {actions} actions and {workflows} workflows.')


def _populate_actions(conf: cfg.ConfigOpts) -> None:
    with _populator(conf) as populator:
        print(f'Stored {populator.put_actions(shipped_actions())} actions.')


@contextmanager
def _database(conf: cfg.ConfigOpts) -> Iterator[Database]:
    database = Database(config.database_url(conf))
    try:
        yield database
    except DatabaseFailure as e:
        # What the driver says, without SQL and advice of the layers above it.
        reason = ' '.join(str(without_sql(e)).split())
        raise DBError(f'The database {database.url} cannot be used: {reason}') from e
    finally:
        database.dispose()


@contextmanager
def _online(conf: cfg.ConfigOpts) -> Iterator[Config]:
    """Alembic's settings with a connection; what it did is committed at the end."""
    with _database(conf) as database, database.transaction() as connection:
        yield migrations.alembic_config(connection=connection)


def _offline(conf: cfg.ConfigOpts) -> Config:
    """Alembic's settings to write SQL for the kind of database that is configured."""
    try:
        dialect = make_url(config.database_url(conf)).get_dialect().name
    except (ArgumentError, NoSuchModuleError) as e:
        raise ConfigurationError(f'[database] connection is not a database URL: {e}') from e
    return migrations.alembic_config(dialect=dialect)


@contextmanager
def _populator(conf: cfg.ConfigOpts) -> Iterator[Populator]:
    with _database(conf) as database:
        migrations.require_current(database)
        yield Populator(database, Repositories(), Parser(Expressions.load()))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{text} is less than 1')
    return number


def _set_up_logging(debug: bool) -> None:
    logging.basicConfig(format=_LOG_FORMAT, force=True)
    logging.getLogger('alembic').setLevel(logging.INFO)
    if debug:
        logging.getLogger().setLevel(logging.DEBUG)
