"""What a PostgreSQL login may do beside reading, from the catalogue: attributes, roles, rights, what it owns.

All of it is asked of the login that signed in: a visit of a superuser goes on as somebody with less.
"""

from collections.abc import Iterator, Mapping

from core.connections.powers import Power, power, some
from core.connections.session import Session

_ATTRIBUTES = """
    SELECT rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcreatedb,
           current_setting('server_version_num')::int
    FROM pg_roles WHERE rolname = session_user
"""
_ROLES = """
    SELECT rolname::text FROM pg_roles
    WHERE rolname <> session_user AND pg_has_role(session_user, oid, 'MEMBER') ORDER BY rolname
"""
# What people made has numbers from 16384 on.
_WRITABLE = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'f') AND c.oid >= 16384 AND has_schema_privilege(session_user, n.oid, 'USAGE')
      AND (has_table_privilege(session_user, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
           OR has_any_column_privilege(session_user, c.oid, 'INSERT, UPDATE'))
    ORDER BY 1
"""
_COUNTERS = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND c.oid >= 16384 AND has_schema_privilege(session_user, n.oid, 'USAGE')
      AND has_sequence_privilege(session_user, c.oid, 'USAGE, UPDATE')
    ORDER BY 1
"""
_CREATES = """
    SELECT n.nspname::text FROM pg_namespace n
    WHERE n.nspname NOT LIKE 'pg\\_%' AND has_schema_privilege(session_user, n.oid, 'CREATE') ORDER BY 1
"""
_OWNS = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid >= 16384
      AND pg_has_role(session_user, c.relowner, 'MEMBER')
    UNION ALL
    SELECT n.nspname::text FROM pg_namespace n
    WHERE n.nspname NOT LIKE 'pg\\_%' AND pg_has_role(session_user, n.nspowner, 'MEMBER')
    UNION ALL
    SELECT p.oid::regproc::text || '()' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid >= 16384 AND pg_has_role(session_user, p.proowner, 'MEMBER')
    UNION ALL
    SELECT d.datname::text FROM pg_database d
    WHERE d.datname = current_database() AND pg_has_role(session_user, d.datdba, 'MEMBER')
"""
# Such a function does what its owner may, whoever calls it.
_BORROWED = """
    SELECT p.oid::regproc::text || '()' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND p.oid >= 16384 AND NOT pg_has_role(session_user, p.proowner, 'MEMBER')
      AND has_schema_privilege(session_user, n.oid, 'USAGE') AND has_function_privilege(session_user, p.oid, 'EXECUTE')
    ORDER BY 1
"""
_ELSEWHERE = """
    SELECT s.srvname::text FROM pg_foreign_server s WHERE has_server_privilege(session_user, s.oid, 'USAGE')
    UNION ALL
    SELECT 'dblink' WHERE EXISTS (
        SELECT FROM pg_proc p WHERE p.proname = 'dblink_exec' AND has_function_privilege(session_user, p.oid, 'EXECUTE')
          AND has_schema_privilege(session_user, p.pronamespace, 'USAGE'))
    ORDER BY 1
"""
_CREATES_SCHEMAS = "SELECT has_database_privilege(session_user, current_database(), 'CREATE')"
_PARAMETERS = """
    SELECT parname FROM pg_parameter_acl WHERE has_parameter_privilege(session_user, parname, 'ALTER SYSTEM') ORDER BY 1
"""
_PREDEFINED: Mapping[str, str] = {
    "pg_read_server_files": "reads_files",
    "pg_write_server_files": "writes_files",
    "pg_execute_server_program": "runs_programs",
    "pg_signal_backend": "ends_sessions",
    "pg_write_all_data": "writes_everything",
    "pg_maintain": "maintains",
    "pg_create_subscription": "subscribes",
    "pg_checkpoint": "checkpoints",
}
_ONLY_READ = {
    "pg_read_all_data", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables", "pg_monitor",
    "pg_database_owner", "pg_use_reserved_connections",
}  # fmt: skip
_GRAVE = {"reads_files", "writes_files", "runs_programs", "ends_sessions", "writes_everything", "subscribes"}


def postgres_powers(session: Session) -> tuple[Power, ...]:
    """What this login may do beside reading; one sentence for a superuser, who may do everything."""
    [(superuser, *attributes, version)] = session.look(_ATTRIBUTES)
    if superuser:
        return (power("superuser", grave=True),)
    names = ("makes_roles", "replicates", "bypasses_row_security", "makes_databases")
    held = [
        power(name, grave=name in ("makes_roles", "replicates"))
        for name, has in zip(names, attributes, strict=True)
        if has
    ]
    return (*held, *_of_roles(session), *_of_rights(session, int(version)))


def _of_roles(session: Session) -> Iterator[Power]:
    roles = [name for (name,) in session.look(_ROLES)]
    for role in roles:
        if role in _PREDEFINED:
            yield power(_PREDEFINED[role], grave=_PREDEFINED[role] in _GRAVE)
    others = [role for role in roles if role not in _PREDEFINED and role not in _ONLY_READ]
    if others:
        yield power("becomes", names=some(others))


def _of_rights(session: Session, version: int) -> Iterator[Power]:
    asked = {
        "may_write": _WRITABLE,
        "may_count": _COUNTERS,
        "may_create": _CREATES,
        "owns": _OWNS,
        "borrows": _BORROWED,
        "reaches_elsewhere": _ELSEWHERE,
    }
    for name, question in asked.items():
        if found := [row[0] for row in session.look(question)]:
            yield power(name, n=len(found), names=some(found))
    if session.look(_CREATES_SCHEMAS) == [(True,)]:
        yield power("makes_schemas")
    # Who may set a parameter beside superusers, PostgreSQL says since 15.
    if version >= 150000 and (found := [row[0] for row in session.look(_PARAMETERS)]):
        yield power("sets_server", grave=True, names=some(found))
