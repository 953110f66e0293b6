"""Options of the engine and of the workflow language."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg

from mistral.config.help_texts import no_effect

_ENGINE: Final = (
    cfg.StrOpt('engine', default='default', help=no_effect('there is one engine')),
    cfg.HostAddressOpt(
        'host',
        default='0.0.0.0',  # noqa: S104
        help='Name of this engine on the message bus.',
    ),
    cfg.StrOpt('topic', default='mistral_engine', help='Topic of engines on the message bus.'),
    cfg.StrOpt('version', default='1.0', help=no_effect('the version of messages is fixed')),
    cfg.IntOpt(
        'workers', default=1, min=1, help='Processes that "mistral-server --server engine" starts.'
    ),
    cfg.IntOpt(
        'threads',
        default=4,
        min=1,
        help='Threads of a process that handle events. Events of one workflow execution are '
        'handled in order.',
    ),
    cfg.IntOpt(
        'execution_cache_size',
        default=200_000,
        min=0,
        help='Most task and action executions of running workflows that an engine keeps in memory.',
    ),
    cfg.IntOpt(
        'execution_field_size_limit_kb',
        default=1024,
        min=-1,
        help='Most kilobytes that the input, output, parameters or published variables of one '
        'execution may have; -1 sets no limit.',
    ),
    cfg.IntOpt(
        'memory_limit_mb',
        default=0,
        help='Most megabytes of address space (soft RLIMIT_AS) for an engine; 0 sets no limit.',
    ),
    cfg.IntOpt(
        'execution_integrity_check_delay',
        default=20,
        help='Seconds after which a scheduler looks at a running task whose actions and '
        'sub-workflows have all ended. There are such tasks only after rows were changed by hand. '
        'Less than 0: never.',
    ),
    cfg.IntOpt(
        'execution_integrity_check_batch_size',
        default=5,
        min=1,
        help=no_effect('all such tasks are found by one query'),
    ),
    cfg.IntOpt(
        'action_definition_cache_time',
        default=60,
        help=no_effect('a changed action counts at once'),
    ),
    cfg.BoolOpt(
        'start_subworkflows_via_rpc',
        default=False,
        help=no_effect('a sub-workflow is created with its task and begins on its own'),
    ),
    cfg.BoolOpt(
        'strict_language',
        default=False,
        help='Refuse definitions with what Mistral 23 does not know: the timeout of a workflow; '
        'backoff, max-delay and jitter of retry.',
    ),
    cfg.StrOpt(
        'merge_strategy',
        default='replace',
        choices=(
            ('replace', 'a published variable takes the place of the one before'),
            ('merge', 'mappings are merged at every depth'),
        ),
        help='How variables that a task publishes join those it came with.',
    ),
)

_CONTEXT_VERSIONING: Final = (
    cfg.BoolOpt(
        'enabled',
        default=True,
        help='Count how often a variable was published, so that a join takes the latest value '
        'and not that of the branch which ended last.',
    ),
    cfg.BoolOpt(
        'hash_version_keys',
        default=True,
        help='Store hashes for the names of those variables, which takes less space.',
    ),
)

_EXPRESSIONS: Final = (
    cfg.ListOpt(
        'allowed_languages',
        default=['yaql', 'jinja'],
        help='Languages that expressions may be written in: entry points of '
        '"mistral.expression.evaluators".',
    ),
)

_YAQL: Final = (
    cfg.IntOpt(
        'limit_iterators',
        default=-1,
        min=-1,
        help='Most elements that an expression may take from one collection; -1 leaves it at a '
        'million.',
    ),
    cfg.IntOpt(
        'memory_quota',
        default=-1,
        min=-1,
        help='Most bytes that one expression may use; -1 and 0 leave it at 100 MiB.',
    ),
    cfg.BoolOpt(
        'convert_input_data', default=True, help='Give expressions data they can not change.'
    ),
    cfg.BoolOpt(
        'convert_output_data', default=True, help='Turn results into data that JSON can express.'
    ),
    cfg.BoolOpt(
        'convert_tuples_to_lists',
        default=True,
        help='Turn tuples in results into lists; needs convert_output_data.',
    ),
    cfg.BoolOpt(
        'convert_sets_to_lists',
        default=False,
        help='Turn sets in results into lists; needs convert_output_data.',
    ),
    cfg.BoolOpt(
        'iterable_dicts', default=False, help='Let expressions go over the keys of a dictionary.'
    ),
    cfg.StrOpt(
        'keyword_operator',
        default='=>',
        help='What stands between name and value of a named argument; empty: no named arguments.',
    ),
    cfg.BoolOpt('allow_delegates', default=False, help='Let expressions call values as functions.'),
)

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'engine': _ENGINE,
    'context_versioning': _CONTEXT_VERSIONING,
    'expressions': _EXPRESSIONS,
    'yaql': _YAQL,
}
