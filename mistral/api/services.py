"""What the controllers work with; the composition root fills it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistral.actions.catalog import ActionCatalog
    from mistral.api.settings import ApiSettings
    from mistral.auth import AuthHandler
    from mistral.db.database import Database
    from mistral.db.repositories import Repositories
    from mistral.policies import PolicyEnforcer
    from mistral.rpc.clients import EngineClient
    from mistral.services.definitions import DefinitionsService
    from mistral.services.trigger_trusts import TriggerTrusts


@dataclass(frozen=True, slots=True)
class ApiServices:
    """`auth_handler` is needed when `settings.auth_enable` is on; without `trusts` triggers run as
    their project."""

    database: Database
    repositories: Repositories
    engine: EngineClient
    definitions: DefinitionsService
    actions: ActionCatalog
    policies: PolicyEnforcer
    settings: ApiSettings
    auth_handler: AuthHandler | None = None
    trusts: TriggerTrusts | None = None
