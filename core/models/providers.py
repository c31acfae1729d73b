"""One row per provider of language models: where it is, what it offers, how to build a client for it.

Rows know what differs between providers; nothing else in the portal does. The provider's library is imported when
its first model is built, because that takes seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from core.models.line import client_options, trust

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NO_KEY = "none"  # sent where there is no key, so that no library goes looking for one in the environment
OLLAMA_CONTEXT = 16_384  # tokens; its own default is so small that it silently forgets half of a schema
REPLY_TOKENS = 16_384  # Anthropic's protocol wants to be told; thinking is counted in


@dataclass(frozen=True)
class Endpoint:
    """One model to be built: where it is, which, with what key, and how long it may take (seconds).

    `plain` leaves out every parameter that a server may refuse: the temperature, and the wish for token counts.
    """

    base_url: str
    model: str
    key: str = field(repr=False)
    seconds: float
    plain: bool = False


@dataclass(frozen=True)
class Provider:
    """What the portal knows about a provider. `suggestions` are names of models, good ones first.

    `base_url` is the usual address, which may be changed; `free` says that a call costs nothing (one's own
    hardware); `endings` are what people paste behind an address and the library adds by itself.
    """

    label: str
    base_url: str
    suggestions: tuple[str, ...]
    needs_key: bool
    build: Callable[[Endpoint], "BaseChatModel"]
    free: bool = False
    endings: tuple[str, ...] = ("/chat/completions",)


def _openai_compatible(endpoint: Endpoint) -> "BaseChatModel":
    import httpx2
    from langchain_openai import ChatOpenAI

    options = client_options(httpx2, endpoint.seconds)
    return ChatOpenAI(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=SecretStr(endpoint.key or NO_KEY),
        temperature=None if endpoint.plain else 0,
        stream_usage=not endpoint.plain,
        use_responses_api=False,
        max_retries=0,
        timeout=options["timeout"],
        http_client=httpx2.Client(**options),
        http_async_client=httpx2.AsyncClient(verify=trust(httpx2)),  # never used, and slow to make without this
    )


def _openai(endpoint: Endpoint) -> "BaseChatModel":
    """As any compatible one, but without a temperature where the model is known to accept none."""
    chat = _openai_compatible(endpoint)
    if _refuses_temperature(chat) and not endpoint.plain:
        return _openai_compatible(replace(endpoint, plain=True)).model_copy(update={"stream_usage": True})
    return chat


def _anthropic(endpoint: Endpoint) -> "BaseChatModel":
    import httpx2
    from anthropic import Anthropic
    from langchain_anthropic import ChatAnthropic

    options = client_options(httpx2, endpoint.seconds)
    given: dict[str, Any] = {"model_name": endpoint.model, "base_url": endpoint.base_url, "max_retries": 0}
    chat = ChatAnthropic(api_key=SecretStr(endpoint.key or NO_KEY), timeout=None, stop=None, **given)
    chat.max_tokens = min(chat.max_tokens or REPLY_TOKENS, REPLY_TOKENS)
    if not endpoint.plain and not _refuses_temperature(chat):
        chat.temperature = 0
    # It builds its client itself, one that follows redirects with the key; this one takes its place.
    chat.__dict__["_client"] = Anthropic(
        api_key=endpoint.key or NO_KEY, base_url=endpoint.base_url, max_retries=0, http_client=httpx2.Client(**options)
    )
    return chat


def _ollama(endpoint: Endpoint) -> "BaseChatModel":
    import httpx
    from langchain_ollama import ChatOllama

    options = client_options(httpx, endpoint.seconds)
    options["headers"]["authorization"] = f"Bearer {endpoint.key or NO_KEY}"
    return ChatOllama(
        model=endpoint.model,
        base_url=endpoint.base_url,
        temperature=None if endpoint.plain else 0,
        num_ctx=OLLAMA_CONTEXT,
        client_kwargs={"verify": trust(httpx)},
        sync_client_kwargs=options,
    )


def _refuses_temperature(chat: "BaseChatModel") -> bool:
    return (chat.profile or {}).get("temperature") is False


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(
        "OpenAI", "https://api.openai.com/v1", ("gpt-6.1-terra", "gpt-6-luna", "gpt-6.1-sol", "gpt-5.5"), True, _openai
    ),
    "anthropic": Provider(
        "Anthropic",
        "https://api.anthropic.com",
        ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5"),
        True,
        _anthropic,
        endings=("/v1/messages", "/v1"),
    ),
    "deepseek": Provider(
        "DeepSeek",
        "https://api.deepseek.com",
        ("deepseek-v4-flash", "deepseek-v4-pro", "deepseek-chat"),
        True,
        _openai_compatible,
    ),
    "qwen": Provider(
        "Qwen",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        ("qwen-plus", "qwen-max", "qwen3-coder-plus"),
        True,
        _openai_compatible,
    ),
    "hunyuan": Provider(
        "Hunyuan",
        "https://api.hunyuan.cloud.tencent.com/v1",
        ("hunyuan-turbos-latest", "hunyuan-2.0-instruct-20251111", "hunyuan-t1-latest"),
        True,
        _openai_compatible,
    ),
    "ollama": Provider(
        "Ollama",
        "http://localhost:11434",
        ("qwen3-coder:30b", "qwen3:8b", "gpt-oss:20b"),
        False,
        _ollama,
        free=True,
        endings=("/api/chat", "/api", "/v1"),
    ),
    "compatible": Provider("OpenAI-compatible", "", (), False, _openai_compatible),
}
