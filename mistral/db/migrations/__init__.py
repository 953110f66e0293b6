"""The chain of revisions of the schema, and how a database is brought along it."""

from mistral.db.migrations.chain import (
    alembic_config,
    current,
    is_current,
    next_revision,
    require_current,
    upgrade,
)

__all__ = ['alembic_config', 'current', 'is_current', 'next_revision', 'require_current', 'upgrade']
