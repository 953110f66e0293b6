"""Wording that help texts share."""

import copy
from collections.abc import Sequence

from oslo_config import cfg


def no_effect(reason: str) -> str:
    """The help of an option that files for Mistral 23 may have and nothing here reads."""
    return f'Accepted for compatibility with Mistral 23; has no effect because {reason}.'


def not_yet(missing: str, options: Sequence[cfg.Opt]) -> tuple[cfg.Opt, ...]:
    """Options of a feature that this release does not have: they are accepted and say so."""
    marked = []
    for original in options:
        option = copy.copy(original)
        option.help = f'{option.help} Has no effect yet: this release has no {missing}.'
        marked.append(option)
    return tuple(marked)
