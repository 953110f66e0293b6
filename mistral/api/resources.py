"""The resources of the API: their attributes, in the order in which answers show them."""

from typing import Final

from wsme.types import IntegerType, wsattr

from mistral.api import types
from mistral.api.types import Choice, Resource, Text
from mistral.services import cron_choices

#: What the databases hold.
_LARGEST_INTEGER: Final = 2**31 - 1


def _read_only(datatype: object = str) -> wsattr:
    return wsattr(datatype, readonly=True)


class Workflow(Resource):
    id = types.text
    name = types.text
    namespace = types.text
    input = types.text
    interface = types.json_object
    definition = types.text
    checksum = types.text
    tags = types.tags
    scope = types.scope
    project_id = _read_only()
    created_at = types.time
    updated_at = types.time


class Workbook(Resource):
    id = types.text
    name = types.text
    namespace = types.text
    definition = types.text
    tags = types.tags
    scope = types.scope
    project_id = _read_only()
    created_at = types.time
    updated_at = types.time


class Action(Resource):
    id = types.text
    name = types.text
    is_system = bool
    input = types.text
    description = types.text
    tags = types.tags
    definition = types.text
    scope = types.scope
    project_id = _read_only()
    created_at = types.time_or_empty
    updated_at = types.time_or_empty
    namespace = types.text


class Execution(Resource):
    id = Text(36)
    workflow_id = types.text
    workflow_name = types.text
    workflow_namespace = Text(255)
    description = Text(65535)
    tags = types.tags
    params = types.json_object
    task_execution_id = types.text
    root_execution_id = types.text
    source_execution_id = types.text
    state = types.text
    state_info = types.text
    input = types.json_object
    output = types.json_object
    created_at = types.time
    updated_at = types.time
    project_id = _read_only()
    published_global = types.json_object


class Task(Resource):
    id = types.text
    name = types.text
    type = types.text
    workflow_name = types.text
    workflow_namespace = types.text
    workflow_id = types.text
    workflow_execution_id = types.text
    tags = types.tags
    state = types.text
    state_info = types.text
    project_id = _read_only()
    runtime_context = types.json_object
    result = types.text
    published = types.json_object
    published_global = types.json_object
    processed = bool
    created_at = types.time
    updated_at = types.time
    started_at = types.time
    finished_at = types.time
    reset = bool
    env = types.json_object


class ActionExecution(Resource):
    id = types.text
    workflow_name = types.text
    workflow_namespace = types.text
    task_name = types.text
    task_execution_id = types.text
    state = types.text
    state_info = types.text
    tags = types.tags
    name = types.text
    description = Text(255)
    project_id = _read_only()
    accepted = bool
    input = types.json_object
    output = types.json_value
    created_at = types.time
    updated_at = types.time
    params = types.json_object


class Environment(Resource):
    id = types.text
    name = Text(200)
    description = Text(65535)
    variables = types.json_object
    scope = types.scope
    project_id = _read_only()
    created_at = types.time
    updated_at = types.time


class CronTrigger(Resource):
    id = types.text
    name = Text(200)
    workflow_name = types.text
    workflow_id = types.text
    workflow_input = types.json_object
    workflow_params = types.json_object
    project_id = _read_only()
    scope = types.scope
    pattern = Text(100)
    remaining_executions = IntegerType(minimum=1, maximum=_LARGEST_INTEGER)
    first_execution_time = types.time_text
    next_execution_time = types.time
    created_at = types.time
    updated_at = types.time
    # What Mistral 23 does not have is shown only where it is used.
    time_zone = Text(64)
    overlap = Choice(*cron_choices.OVERLAPS)
    missed = Choice(*cron_choices.MISSED)


class EventTrigger(Resource):
    id = _read_only()
    created_at = _read_only(types.time)
    updated_at = _read_only(types.time)
    project_id = _read_only()
    name = Text(200)
    workflow_id = types.text
    workflow_input = types.json_object
    workflow_params = types.json_object
    exchange = Text(80)
    topic = Text(80)
    event = Text(80)
    scope = types.scope


class Member(Resource):
    id = types.text
    resource_id = types.text
    resource_type = types.text
    project_id = _read_only()
    member_id = Text(80)
    status = types.Choice('pending', 'accepted', 'rejected')
    created_at = types.time
    updated_at = types.time


class CodeSource(Resource):
    id = types.text
    name = types.text
    namespace = types.text
    content = types.text
    version = int
    project_id = _read_only()
    scope = types.scope
    created_at = types.time
    updated_at = types.time


class DynamicAction(Resource):
    id = types.text
    name = Text(255)
    namespace = Text(255)
    code_source_id = types.text
    code_source_name = types.text
    class_name = Text(255)
    project_id = _read_only()
    scope = types.scope
    created_at = types.time
    updated_at = types.time


class MaintenanceStatus(Resource):
    status = types.text
