"""The job queue, as the installed procrastinate defines it."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Straight to the driver: the script holds many statements, and per cent signs that are not parameters.
    op.get_bind().connection.driver_connection.execute(SchemaManager.get_schema())
