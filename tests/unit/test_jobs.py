"""How the job queue finds its database."""

import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict

from core.jobs import conninfo
from core.store.sessions import Store

ADDRESSES = [
    ("postgresql://u:p%2Bq%20r@/askwell?host=%2Ftmp%2Fwith%20a%20space%2Fsocket", "/tmp/with a space/socket", "p+q r"),
    ("postgres://u:p@db.example:5433/askwell?sslmode=require", "db.example", "p"),
    ("postgresql+psycopg://u:p@db.example/askwell", "db.example", "p"),
]


@pytest.mark.parametrize(("url", "host", "password"), ADDRESSES)
def test_the_queue_reads_the_same_address_as_the_store(url: str, host: str, password: str) -> None:
    store = Store(sa.create_engine("postgresql+psycopg://"), url)
    read = conninfo_to_dict(conninfo(store))
    assert (read["host"], read["password"], read["dbname"], read["user"]) == (host, password, "askwell", "u")
