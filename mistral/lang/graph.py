"""The compiled form of a workflow: task-defaults applied, adjacency in both directions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from mistral.lang.specs import (
    CLAUSES,
    Clause,
    PoliciesSpec,
    TaskDefaultsSpec,
    TaskSpec,
    TransitionSpec,
    WorkflowSpec,
)


@dataclass(frozen=True, slots=True)
class TaskNode:
    """A task with everything that task-defaults add to it.

    `transitions` has an entry for each of the four clauses, possibly empty. `inbound` names the
    tasks that can lead here, each once, in definition order; `outbound` the tasks that this one
    can lead to (engine commands left out). Both are empty in reverse workflows, where `requires`
    lists the direct requirements and `required_by` the opposite.
    """

    spec: TaskSpec
    policies: PoliciesSpec
    transitions: Mapping[Clause, tuple[TransitionSpec, ...]]
    inbound: tuple[str, ...]
    outbound: tuple[str, ...]
    requires: tuple[str, ...]
    required_by: tuple[str, ...]
    safe_rerun: bool | str

    @property
    def name(self) -> str:
        return self.spec.name


@dataclass(frozen=True, slots=True)
class WorkflowGraph:
    """`nodes` is in definition order; `start_tasks` is empty for reverse workflows."""

    spec: WorkflowSpec
    nodes: Mapping[str, TaskNode]
    start_tasks: tuple[str, ...]


def compile_workflow(spec: WorkflowSpec) -> WorkflowGraph:
    """Apply task-defaults and connect the tasks; the cost is linear in the number of edges.

    Names that no task has lead nowhere: they are engine commands, or mistakes in a definition
    that was stored without validation.
    """
    defaults = spec.task_defaults or TaskDefaultsSpec()
    is_direct = spec.type == 'direct'
    no_transitions: Mapping[Clause, tuple[TransitionSpec, ...]] = dict.fromkeys(CLAUSES, ())
    transitions = {
        name: effective_transitions(task, defaults) if is_direct else no_transitions
        for name, task in spec.tasks.items()
    }
    requires = {
        name: () if is_direct else effective_requires(task, defaults)
        for name, task in spec.tasks.items()
    }
    outbound = {
        name: _known(spec, (entry.target for clause in CLAUSES for entry in clauses[clause]))
        for name, clauses in transitions.items()
    }
    inbound = _reversed(spec, outbound)
    required_by = _reversed(
        spec, {name: _known(spec, required) for name, required in requires.items()}
    )
    nodes = {
        name: TaskNode(
            spec=task,
            policies=_effective_policies(task.policies, defaults.policies),
            transitions=transitions[name],
            inbound=inbound[name],
            outbound=outbound[name],
            requires=requires[name],
            required_by=required_by[name],
            safe_rerun=_effective_safe_rerun(task, defaults),
        )
        for name, task in spec.tasks.items()
    }
    start_tasks = tuple(name for name in nodes if is_direct and not inbound[name])
    return WorkflowGraph(spec, nodes, start_tasks)


def effective_transitions(
    task: TaskSpec, defaults: TaskDefaultsSpec
) -> dict[Clause, tuple[TransitionSpec, ...]]:
    """The targets of a task in a direct workflow.

    A clause of the task that has targets replaces the default one. A task never inherits a
    transition to itself.
    """
    transitions: dict[Clause, tuple[TransitionSpec, ...]] = {}
    for clause in CLAUSES:
        own, default = task.on_clauses.get(clause), defaults.on_clauses.get(clause)
        if own and own.next:
            transitions[clause] = own.next
        elif default:
            transitions[clause] = tuple(e for e in default.next if e.target != task.name)
        else:
            transitions[clause] = ()
    return transitions


def effective_requires(task: TaskSpec, defaults: TaskDefaultsSpec) -> tuple[str, ...]:
    """What a task of a reverse workflow requires, each once, never itself."""
    required = dict.fromkeys((*task.requires, *defaults.requires))
    return tuple(name for name in required if name != task.name)


def _effective_policies(own: PoliciesSpec, default: PoliciesSpec) -> PoliciesSpec:
    """What the task says, even 0 or false, goes before what task-defaults say."""
    said = {
        field.name: value
        for field in fields(PoliciesSpec)
        if (value := getattr(own, field.name)) is not None
    }
    return replace(default, **said) if said else default


def _effective_safe_rerun(task: TaskSpec, defaults: TaskDefaultsSpec) -> bool | str:
    said = defaults.safe_rerun if task.safe_rerun is None else task.safe_rerun
    return False if said is None else said


def _known(spec: WorkflowSpec, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that tasks have, each once."""
    return tuple(dict.fromkeys(name for name in names if name in spec.tasks))


def _reversed(
    spec: WorkflowSpec, edges: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    sources: dict[str, list[str]] = {name: [] for name in spec.tasks}
    for source in spec.tasks:
        for target in edges[source]:
            sources[target].append(source)
    return {name: tuple(names) for name, names in sources.items()}
