"""Runs migrations over the connection that `core.store.migrate` hands in."""

from alembic import context

from core.store.shape import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
