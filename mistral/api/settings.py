"""What an operator may set about the REST API."""

from dataclasses import dataclass, field
from typing import Final, Literal, Self

from oslo_config import cfg

from mistral.auth.identity import Cloud
from mistral.config.options import MAX_REQUEST_BODY_SIZE

#: A request body may be as long as the largest definition the database can hold.
DEFAULT_MAX_BODY_BYTES: Final = MAX_REQUEST_BODY_SIZE


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`max_limit` is the largest page of a list; `max_body_bytes` bounds request bodies.

    `validation_mode` says when definitions are checked: always ('mandatory'), unless the request
    asks otherwise ('enabled'), or never ('disabled').
    """

    max_limit: int = 1000
    validation_mode: Literal['enabled', 'mandatory', 'disabled'] = 'mandatory'
    allow_action_execution_deletion: bool = False
    enable_info_endpoint: bool = False
    info_json_file_path: str = 'info.json'
    auth_enable: bool = False
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    cloud: Cloud = field(default_factory=Cloud)

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> Self:
        return cls(
            max_limit=conf.api.max_limit,
            validation_mode=conf.api.validation_mode,
            allow_action_execution_deletion=conf.api.allow_action_execution_deletion,
            enable_info_endpoint=conf.api.enable_info_endpoint,
            info_json_file_path=conf.api.info_json_file_path,
            auth_enable=conf.pecan.auth_enable,
            max_body_bytes=conf.oslo_middleware.max_request_body_size,
            cloud=Cloud.from_config(conf),
        )

    def is_validated(self, skip_requested: bool) -> bool:
        """Tell whether a definition of this request is to be checked."""
        match self.validation_mode:
            case 'mandatory':
                return True
            case 'disabled':
                return False
            case _:
                return not skip_requested
