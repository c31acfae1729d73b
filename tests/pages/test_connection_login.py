"""The sign-in of a connection on the Connections page: the script, the warning, the box to tick."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.connections.session import Target
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from core.store.embedded import EmbeddedServer
from tests.integration.test_connections_powers import Server, fresh

Visit = Callable[..., AppTest]


def filled(test: AppTest, made: Server) -> AppTest:
    """The form of a new connection, with the superuser's sign-in."""
    test.button(key="connections.add").click().run()
    place, owner = "connections.new", made.owner
    test.text_input(key=f"{place}.name").set_value("Shop")
    test.text_input(key=f"{place}.host").set_value(owner.host)
    test.text_input(key=f"{place}.database").set_value(owner.database)
    test.text_input(key=f"{place}.user").set_value(owner.user)
    test.text_input(key=f"{place}.password").set_value(owner.password)
    return test.run()


def test_a_superusers_sign_in_is_kept_only_where_somebody_says_so(
    visit: Visit, portal: Portal, server: EmbeddedServer
) -> None:
    owner = Target(host=server.socket, user=server.user, password=server.password)
    with fresh(server.url("{}").replace("%7B%7D", "{}"), owner) as made:
        test = filled(visit("connections", Role.ADMIN), made)
        assert [code.value for code in test.code if "CREATE ROLE" in code.value]
        test.button(key="connections.test").click().run()
        assert any("everything" in error.value for error in test.error)
        test.button(key="connections.save").click().run()
        assert any("far more than read" in error.value for error in test.error)
        assert portal.connections.list(SYSTEM) == []
        test.checkbox(key="connections.too_much.new.accept").check().run()
        test.button(key="connections.save").click().run()
        assert not test.exception
        [info] = portal.connections.list(SYSTEM)
        assert "connections.accept_powers" in {row.action for row in portal.audit.list(SYSTEM)}
        test.button(key=f"connections.open.{info.id}").click().run()
        test.button(key=f"login.check.{info.id}").click().run()
        assert any("everything" in error.value for error in test.error)
        assert [code.value for code in test.code if f'DATABASE "{made.owner.database}"' in code.value]
