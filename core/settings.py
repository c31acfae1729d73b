"""Everything an operator can set, read once from the environment (`ASKWELL_…`) or an `.env` file."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsInvalid

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_SECRETS = frozenset({"", "changeme", "change-me", "changethis", "secret", "askwell", "demo"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ROLES = frozenset({"viewer", "analyst", "editor", "admin"})
DEMO_PASSWORD = "askwell-demo"  # noqa: S105  (shown on the sign-in page, in demo mode only)
DEMO_EMAIL = "demo@askwell.example"


class Settings(BaseSettings):
    """The portal's settings. Each field's description is its documentation."""

    model_config = SettingsConfigDict(env_prefix="ASKWELL_", env_file=".env", extra="ignore", frozen=True)

    demo: bool = Field(False, description="Demo mode: a demo shop, a demo sign-in, and a key made and kept locally.")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Seals stored passwords and keys. 32 characters or more; required outside demo mode."
    )
    secret_key_file: Path | None = Field(
        None,
        description="A file (mode 0600) to take the key from instead: the key in its first line, earlier ones below.",
    )
    previous_secret_keys: SecretStr = Field(
        SecretStr(""), description="Earlier keys, with commas between, that stay readable until `rotate-key` has run."
    )
    admin_email: str = Field("", description="The first administrator's sign-in; required outside demo mode.")
    admin_password: SecretStr = Field(
        SecretStr(""),
        description="The first administrator's password, 12 characters or more; required outside demo mode.",
    )
    database_url: SecretStr = Field(
        SecretStr(""), description="PostgreSQL with pgvector for the portal itself. Empty: an embedded one is started."
    )
    data_dir: Path = Field(ROOT / "data" / "local", description="Where the embedded database and uploads live.")
    host: str = Field("127.0.0.1", description="The address the server listens on.")
    port: int = Field(8501, ge=1, le=65535, description="The port of pages and API; the next free one if it is taken.")
    language: Literal["en", "zh"] = Field("en", description="The interface language before a person has chosen one.")
    secure_cookies: bool = Field(False, description="Send the session cookie over HTTPS only. Set it behind TLS.")
    session_idle_hours: int = Field(12, ge=1, description="A session unused for this long is signed out. Hours.")
    session_hours: int = Field(168, ge=1, description="A session ends after this long in any case. Hours.")
    password_cost: int = Field(
        12,
        ge=12,
        le=16,
        description="How costly a stored password is to guess: bcrypt's cost, each step twice the last.",
    )
    trusted_proxies: int = Field(
        0, ge=0, le=8, description="How many proxies of yours stand before the portal and name the caller's address."
    )
    allowed_hosts: str = Field(
        "",
        description="Names under which the portal may be called, with commas between, beside localhost and addresses.",
    )
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="Redis that counts rate limits for several replicas. Empty: the portal's own database.",
    )
    limit_questions: str = Field("60/minute", description="Questions of one person: how many in which time.")
    limit_exports: str = Field("30/minute", description="Exports of one person: how many in which time.")
    limit_uploads: str = Field(
        "30/minute", description="Uploads, new connections and tests of them of one person: how many in which time."
    )
    limit_sign_ins: str = Field(
        "60/minute", description="Requests from one address to the routes of signing in: how many in which time."
    )
    limit_api: str = Field("120/minute", description="Requests with one API key: how many in which time.")
    limit_wrong_keys: str = Field(
        "20/minute", description="Requests from one address with a key that opens nothing: how many in which time."
    )
    api_seconds: float = Field(
        120.0, gt=0, description="A question asked through the API must be answered after this. Seconds."
    )
    api_key_days: int = Field(365, ge=1, le=3650, description="The longest that an API key lives. Days.")
    invitation_hours: int = Field(72, ge=1, le=720, description="An invitation link works for this long. Hours.")
    admins_need_second_factor: bool = Field(
        False, description="Whether administrators must use a second factor before anything else."
    )
    public_url: str = Field("", description="Where people open the portal, such as https://ask.example.org.")
    oidc_issuer: str = Field("", description="The address of an OpenID provider whose people may sign in. Empty: none.")
    oidc_client_id: str = Field("", description="The portal's client id at the OpenID provider.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="The portal's secret at the OpenID provider.")
    oidc_name: str = Field("", description="What people call the OpenID provider; it stands on the sign-in button.")
    oidc_scopes: str = Field("openid email profile", description="What is asked of the OpenID provider.")
    oidc_groups_claim: str = Field("groups", description="The claim that lists a person's groups or roles there.")
    oidc_roles: str = Field(
        "", description="Which of the claim's values give which role, such as askwell-admins=admin, staff=analyst."
    )
    oidc_groups: str = Field(
        "", description="Which of the claim's values put people into which group, such as sales-north=North."
    )
    oidc_domains: str = Field("", description="E-mail domains whose people may sign in that way. Empty: any.")
    oidc_new_role: Literal["", "viewer", "analyst", "editor"] = Field(
        "", description="The role of people whom the OpenID provider names and nobody invited. Empty: not let in."
    )
    row_cap: int = Field(1000, ge=1, le=100_000, description="Rows shown of one answer. Rows.")
    statement_seconds: float = Field(
        30.0, gt=0, description="A query in a user's database is stopped after this. Seconds."
    )
    model_seconds: float = Field(60.0, gt=0, description="A language model must have answered after this. Seconds.")
    upload_megabytes: int = Field(100, ge=1, description="The largest file that can be uploaded. Megabytes.")
    allow_private_addresses: bool = Field(
        True, description="Whether connections may point at private network addresses and this machine."
    )
    allow_server_files: bool = Field(
        False, description="Whether administrators may connect SQLite and DuckDB files that lie on the server."
    )
    connections_ca_file: Path | None = Field(
        None,
        description="Authorities (PEM) that vouch for databases whose TLS is verified. Empty: those of this machine.",
    )
    privacy_level: Literal["names", "masked", "full"] = Field(
        "masked",
        description="What models may see of a connection for which nothing else was set: names, masked or full.",
    )
    model_url: str = Field("", description="An OpenAI-compatible endpoint that is set up at the first start.")
    model_name: str = Field("", description="The model at `model_url`.")
    model_key: SecretStr = Field(SecretStr(""), description="The key for `model_url`.")
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Who sends this bearer token may read /metrics. Empty: nobody may."
    )
    audit_days: int = Field(0, ge=0, description="The trail is kept for this long. Days; 0 keeps it for good.")
    backup_passphrase: SecretStr = Field(
        SecretStr(""),
        description="Backups are encrypted with it. Empty: they are not, beyond the sealed secrets in them.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="How much is logged.")

    @property
    def sso(self) -> bool:
        """Whether people may sign in through an OpenID provider."""
        return bool(self.oidc_issuer)

    @property
    def embedded(self) -> bool:
        return not self.database_url.get_secret_value()


def read_settings(**given: object) -> Settings:
    """The settings, or `SettingsInvalid` that names each setting that is missing, default or wrong."""
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(f"ASKWELL_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsInvalid(problem=wrong) from None
    if problems := _unsafe(settings) + _incomplete(settings):
        raise SettingsInvalid(problem="; ".join(problems))
    return settings


def _unsafe(settings: Settings) -> list[str]:
    """What makes these settings unfit outside demo mode."""
    if settings.demo:
        return []
    key, password = settings.secret_key.get_secret_value(), settings.admin_password.get_secret_value()
    problems = []
    if settings.secret_key_file is not None:
        if key:
            problems.append("ASKWELL_SECRET_KEY and ASKWELL_SECRET_KEY_FILE are both given; give one")
    elif key.lower() in DEFAULT_SECRETS:
        problems.append("ASKWELL_SECRET_KEY is missing or a default; set 32 random characters")
    elif len(key) < 32:
        problems.append("ASKWELL_SECRET_KEY is shorter than 32 characters")
    if not settings.admin_email:
        problems.append("ASKWELL_ADMIN_EMAIL is missing")
    if password.lower() in DEFAULT_SECRETS | {DEMO_PASSWORD}:
        problems.append("ASKWELL_ADMIN_PASSWORD is missing or a default")
    elif len(password) < 12:
        problems.append("ASKWELL_ADMIN_PASSWORD is shorter than 12 characters")
    return problems


def pairs(text: str) -> dict[str, str]:
    """`a=b, c=d` as a mapping. Raises `ValueError` for a part without both sides."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        left, _, right = (side.strip() for side in part.rpartition("="))
        if not left or not right:
            raise ValueError(part)
        found[left] = right
    return found


def _incomplete(settings: Settings) -> list[str]:
    """What is missing or wrong for signing in through an OpenID provider."""
    if not settings.sso:
        return []
    given = {
        "PUBLIC_URL": settings.public_url,
        "OIDC_CLIENT_ID": settings.oidc_client_id,
        "OIDC_CLIENT_SECRET": settings.oidc_client_secret.get_secret_value(),
    }
    problems = [
        f"ASKWELL_{name} is missing, and ASKWELL_OIDC_ISSUER needs it" for name, text in given.items() if not text
    ]
    for name, url in (("OIDC_ISSUER", settings.oidc_issuer), ("PUBLIC_URL", settings.public_url)):
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            problems.append(f"ASKWELL_{name} must begin with https://")
    for name, text in (("OIDC_ROLES", settings.oidc_roles), ("OIDC_GROUPS", settings.oidc_groups)):
        try:
            targets = set(pairs(text).values())
        except ValueError as error:
            problems.append(f"ASKWELL_{name} has a part that is not theirs=ours: {error}")
        else:
            if name == "OIDC_ROLES" and targets - _ROLES:
                problems.append(
                    f"ASKWELL_OIDC_ROLES names no role of the portal: {', '.join(sorted(targets - _ROLES))}"
                )
    return problems
