"""The stored objects, one repository per kind."""

from dataclasses import dataclass, field

from mistral.db.repositories import kinds
from mistral.db.repositories.code import CodeSourceRepository, DynamicActionRepository
from mistral.db.repositories.definitions import WorkflowRepository
from mistral.db.repositories.executions import ActionExecutionRepository, ExecutionRepository
from mistral.db.repositories.members import MemberRepository
from mistral.db.repositories.repository import Repository, Row

__all__ = ['Repositories', 'Repository', 'Row']


@dataclass(frozen=True)
class Repositories:
    """All repositories; they hold no connection and can be shared between threads."""

    workflows: Repository = field(default_factory=lambda: WorkflowRepository(kinds.WORKFLOW))
    workbooks: Repository = field(default_factory=lambda: Repository(kinds.WORKBOOK))
    actions: Repository = field(default_factory=lambda: Repository(kinds.ACTION))
    executions: Repository = field(default_factory=lambda: ExecutionRepository(kinds.EXECUTION))
    tasks: Repository = field(default_factory=lambda: Repository(kinds.TASK))
    action_executions: Repository = field(default_factory=ActionExecutionRepository)
    environments: Repository = field(default_factory=lambda: Repository(kinds.ENVIRONMENT))
    cron_triggers: Repository = field(default_factory=lambda: Repository(kinds.CRON_TRIGGER))
    event_triggers: Repository = field(default_factory=lambda: Repository(kinds.EVENT_TRIGGER))
    members: Repository = field(default_factory=lambda: MemberRepository(kinds.MEMBER))
    code_sources: Repository = field(default_factory=CodeSourceRepository)
    dynamic_actions: Repository = field(default_factory=DynamicActionRepository)
