"""The interface of scheduler plugins."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SchedulerJob:
    """A call that is due in `run_after` seconds.

    With `target_factory_func_name`, the dotted path of a function without parameters, `func_name`
    is a method of what that returns; otherwise it is the dotted path of a function. It is called
    with `func_args` by name, which are JSON data. `func_arg_serializers` are dotted paths of
    serialisers for some of them; the service uses none. Jobs with the same `key` are the same.

    :raises RuntimeError: without `func_name`.
    """

    run_after: float = 0
    target_factory_func_name: str | None = None
    func_name: str | None = None
    func_args: Mapping[str, Any] | None = None
    func_arg_serializers: Mapping[str, str] | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if not self.func_name:
            raise RuntimeError("'target_method_name' must be provided.")


class Scheduler(abc.ABC):
    """The interface of plugins under the entry point `mistral.schedulers`.

    `[DEFAULT] scheduler_type` names the one that is used. It is called with the group
    `[scheduler]` of the configuration, once in each process that has an engine. It has to be
    punctual, but nothing depends on it: what stands behind a job is in the database, and whatever a
    plugin loses is made up for `[scheduler] pickup_job_after` seconds later.
    """

    @abc.abstractmethod
    def schedule(self, job: SchedulerJob) -> None:
        """Take a job, to be called in this process. Returns at once."""

    def has_scheduled_jobs(self, **filters: Any) -> bool:
        """Tell whether there are jobs with this `key`, and in hand or not (`processing`)."""
        raise NotImplementedError

    @abc.abstractmethod
    def start(self) -> None:
        """Begin to call jobs."""

    @abc.abstractmethod
    def stop(self, graceful: bool = False) -> None:
        """Call no more of them; `graceful` waits for those in hand."""
