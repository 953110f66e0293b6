"""Run by alembic: connects the revisions with the database of the command."""

from alembic import context

from mistral.db.models import metadata


def run_online() -> None:
    context.configure(connection=context.config.attributes['connection'], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    """Print SQL instead of executing it."""
    context.configure(dialect_name=context.config.attributes['dialect'], literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
