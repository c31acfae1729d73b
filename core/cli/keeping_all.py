"""`backup` and `restore`: everything the portal remembers, into one file and back."""

import getpass
import json
import sys
from contextlib import closing
from pathlib import Path

from core.backup import archive
from core.backup.dump import back_up as write
from core.backup.manifest import Manifest
from core.backup.restore import restore
from core.i18n import Words
from core.security.audit import Audit
from core.security.permissions import SYSTEM
from core.security.vault import open_vault
from core.security.witness import Witness
from core.settings import Settings, read_settings
from core.store.migrate import migrate
from core.store.sessions import Store, open_store


def back_up(file: Path, as_json: bool) -> None:
    """Write the backup and say what is in it. Raises `InvalidInput` and `StoreUnreachable`."""
    settings = read_settings()
    with closing(open_store(settings)) as store:
        migrate(store)
        manifest = write(store, settings, file.absolute())
        _note(store, settings, "portal.backup", file.name, manifest)
    words = Words(settings.language)
    if as_json:
        print(json.dumps({"file": str(file), "bytes": file.stat().st_size, **_figures(manifest)}))
        return
    print(words.say("keeping.backed_up", file=file.name, **_figures(manifest)))
    print(words.say("keeping.keep_key"))
    if not settings.backup_passphrase.get_secret_value():
        print(words.say("keeping.not_encrypted"))


def bring_back(file: Path, replace: bool, as_json: bool) -> None:
    """Restore, and say what came back and what cannot be opened. Raises `InvalidInput`; then all is as it was."""
    settings = read_settings()
    words = Words(settings.language)
    passphrase = settings.backup_passphrase.get_secret_value()
    if archive.is_encrypted(file) and not passphrase and sys.stdin.isatty():
        passphrase = getpass.getpass(words.say("keeping.ask_passphrase"))
    with closing(open_store(settings)) as store:
        done = restore(store, settings, file, passphrase, replace)
        Witness(settings.data_dir / "audit.head").forget()
        _note(store, settings, "portal.restore", file.name, done.manifest)
    if as_json:
        print(json.dumps({"revision": done.revision, "unreadable": done.unreadable, **_figures(done.manifest)}))
        return
    print(words.say("keeping.restored", **_figures(done.manifest)))
    if done.unreadable:
        named = {"keys": ", ".join(done.manifest.keys), "names": "; ".join(done.unreadable)}
        print(words.say("keeping.restored_unreadable", **named), file=sys.stderr)


def _figures(manifest: Manifest) -> dict[str, object]:
    rows = sum(table.rows for table in manifest.tables)
    return {"rows": rows, "n": len(manifest.tables), "uploads": len(manifest.uploads), "at": manifest.made_at}


def _note(store: Store, settings: Settings, action: str, name: str, manifest: Manifest) -> None:
    audit = Audit(store, open_vault(settings, store), Witness(settings.data_dir / "audit.head"))
    audit.begin()
    audit.note(SYSTEM, action, name, at=manifest.made_at, revision=manifest.revision)
