"""The permission table as a page of documentation: `docs/permissions.md` is made of it, and a test compares."""

from core.i18n import Words
from core.security.faces import METHODS
from core.security.permissions import PERMISSIONS, Action, Role, Scope

_HEAD = """# Who may do what

This page is made of `core/security/permissions.py` and `core/security/faces.py` by `python -m core permissions`; a test
holds them equal. Each role may do what the one before it may. *Own* means: only with what is one's own or shared with
one; for anybody else it does not exist. *Key* names the scopes of API keys that allow it; — is for people only. What is
refused is in the trail.

本页由权限表生成。每个角色拥有前一角色的全部权限。“own”表示只限于自己的或共享给自己的内容；
“key”为所需的 API 密钥范围，“—”表示密钥不可用。

"""


def permission_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD.rstrip("\n"), "", *_actions(), "", *_methods(), "", *_scopes(), ""])


def _actions() -> list[str]:
    lines = [
        "## Actions",
        "",
        f"| action | what it is | {' | '.join(Role)} | own | key |",
        "|---" * (4 + len(Role)) + "|",
    ]
    ranks = list(Role)
    for action in Action:
        permission = PERMISSIONS[action]
        roles = ["✓" if ranks.index(role) >= ranks.index(permission.role) else "" for role in ranks]
        scopes = ", ".join(f"`{scope}`" for scope in permission.scopes) or "—"
        own = "own" if permission.own else ""
        lines.append(f"| `{action}` | {_said(action)} | {' | '.join(roles)} | {own} | {scopes} |")
    return lines


def _methods() -> list[str]:
    lines = ["## What programs call", "", "| method | action |", "|---|---|"]
    return lines + [f"| `portal.{name}` | `{method.action}` |" for name, method in sorted(METHODS.items())]


def _scopes() -> list[str]:
    lines = ["## Scopes of API keys", "", "| scope | gives | 含义 |", "|---|---|---|"]
    said = [(scope, f"permissions.scope_{scope}") for scope in Scope]
    return lines + [f"| `{scope}` | {Words('en').say(key)} | {Words('zh').say(key)} |" for scope, key in said]


def _said(action: Action) -> str:
    key = f"permissions.{action.replace('.', '_')}"
    return f"{Words('en').say(key)} {Words('zh').say(key)}"
