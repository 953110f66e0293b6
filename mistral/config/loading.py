"""From command line, environment and files to a configuration that can be read."""

import os
from collections.abc import Sequence
from importlib import metadata
from typing import Final

from oslo_config import cfg
from oslo_log import log

from mistral.config.options import OPTIONS, register, set_defaults
from mistral.exceptions import ConfigurationError

_FILE_OPTION: Final = '--config-file'
_DIR_OPTION: Final = '--config-dir'


def load(
    argv: Sequence[str],
    prog: str,
    *,
    cli_options: Sequence[cfg.Opt] = (),
    conf: cfg.ConfigOpts = cfg.CONF,
) -> cfg.ConfigOpts:
    """Read the configuration; return `conf` with the values.

    Files come from `--config-file` and `--config-dir`, else from `MISTRAL_CONFIG_FILE` and
    `MISTRAL_CONFIG_DIR`, else from oslo.config's search path for 'mistral' and `prog`.

    :param cli_options: what the command line takes besides the options of oslo.config and oslo.log.
    :raises ConfigurationError: for files that can not be read and values that can not be used.
    :raises SystemExit: for a wrong command line, `--help` and `--version`.
    """
    conf.clear()
    register(conf)
    log.register_options(conf)
    conf.register_cli_opts(cli_options)
    set_defaults()
    try:
        conf(
            _files_first(argv),
            project='mistral',
            prog=prog,
            version=service_version(),
            default_config_files=_from_environment('MISTRAL_CONFIG_FILE'),
            default_config_dirs=_from_environment('MISTRAL_CONFIG_DIR'),
        )
    except cfg.Error as e:
        raise ConfigurationError(str(e)) from e
    _check_values(conf)
    return conf


def service_version() -> str:
    """The version of the installed package."""
    try:
        return metadata.version('mistral')
    except metadata.PackageNotFoundError:
        return 'unknown'


def _files_first(argv: Sequence[str]) -> list[str]:
    """Move files, then directories to the front, else they would win over options before them."""
    found: dict[str, list[str]] = {_FILE_OPTION: [], _DIR_OPTION: []}
    rest: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        option, equals, _ = argument.partition('=')
        if option not in found:
            rest.append(argument)
        elif equals:
            found[option].append(argument)
        else:
            found[option] += [argument, *([value] if (value := next(arguments, None)) else [])]
    return [*found[_FILE_OPTION], *found[_DIR_OPTION], *rest]


def _from_environment(variable: str) -> list[str] | None:
    path = os.environ.get(variable)
    return [path] if path else None


def _check_values(conf: cfg.ConfigOpts) -> None:
    """Raise ConfigurationError for the first bad value: at the start, not when it is needed."""
    for group, options in OPTIONS.items():
        for option in options:
            try:
                (conf if group == 'DEFAULT' else conf[group])[option.dest]
            except ValueError as e:
                raise ConfigurationError(
                    f'[{group}] {option.name} is not valid: {e.__context__ or e}'
                ) from e
