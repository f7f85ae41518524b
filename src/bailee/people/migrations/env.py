"""What alembic runs: the migrations, on the connection that `migrations.upgrade` was given."""

from __future__ import annotations

from alembic import context

from bailee.people.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
