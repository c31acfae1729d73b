"""Everything an operator can set, read once from the environment (`ASKWELL_…`) or an `.env` file."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsInvalid

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_SECRETS = frozenset({"", "changeme", "change-me", "changethis", "secret", "askwell", "demo"})
DEMO_PASSWORD = "askwell-demo"  # noqa: S105  (shown on the sign-in page, in demo mode only)
DEMO_EMAIL = "demo@askwell.example"


class Settings(BaseSettings):
    """The portal's settings. Each field's description is its documentation."""

    model_config = SettingsConfigDict(env_prefix="ASKWELL_", env_file=".env", extra="ignore", frozen=True)

    demo: bool = Field(False, description="Demo mode: a demo shop, a demo sign-in, and a key made and kept locally.")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Seals stored passwords and keys. 32 characters or more; required outside demo mode."
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
    model_url: str = Field("", description="An OpenAI-compatible endpoint that is set up at the first start.")
    model_name: str = Field("", description="The model at `model_url`.")
    model_key: SecretStr = Field(SecretStr(""), description="The key for `model_url`.")
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Who sends this bearer token may read /metrics. Empty: nobody may."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="How much is logged.")

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
    if problems := _unsafe(settings):
        raise SettingsInvalid(problem="; ".join(problems))
    return settings


def _unsafe(settings: Settings) -> list[str]:
    """What makes these settings unfit outside demo mode."""
    if settings.demo:
        return []
    key, password = settings.secret_key.get_secret_value(), settings.admin_password.get_secret_value()
    problems = []
    if key.lower() in DEFAULT_SECRETS:
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
