"""Providers that speak the OpenAI protocol: an address, the variable their key is known under, and nothing more."""

from __future__ import annotations

from typing import NamedTuple

from graphmem.errors import ConfigError


class Provider(NamedTuple):
    """One line of the table."""

    base_url: str | None
    """None: every user has an address of their own, which settings must give."""
    key_variable: str | None
    """Environment variable that the provider's own documentation uses; None: no key needed."""
    chat_model: str = ""
    """A model to name in advice; never chosen silently."""
    embedding_model: str = ""


PROVIDERS: dict[str, Provider] = {
    "openai": Provider("https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini", "text-embedding-3-small"),
    "azure": Provider(None, "AZURE_OPENAI_API_KEY"),
    "anthropic": Provider("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "claude-haiku-4-5"),
    "cerebras": Provider("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepinfra": Provider("https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    "deepseek": Provider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "deepseek-chat"),
    "fireworks": Provider("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "gemini": Provider(
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        "gemini-2.5-flash",
        "gemini-embedding-001",
    ),
    "groq": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY", "llama-3.3-70b-versatile"),
    "huggingface": Provider("https://router.huggingface.co/v1", "HF_TOKEN"),
    "mistral": Provider("https://api.mistral.ai/v1", "MISTRAL_API_KEY", "mistral-small-latest", "mistral-embed"),
    "nvidia": Provider("https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
    "openrouter": Provider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "openai/gpt-4o-mini"),
    "perplexity": Provider("https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    "together": Provider("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "xai": Provider("https://api.x.ai/v1", "XAI_API_KEY"),
    "jan": Provider("http://localhost:1337/v1", None),
    "llamacpp": Provider("http://localhost:8080/v1", None),
    "lmstudio": Provider("http://localhost:1234/v1", None),
    "localai": Provider("http://localhost:8080/v1", None),
    "ollama": Provider("http://localhost:11434/v1", None, "llama3.1", "nomic-embed-text"),
    "vllm": Provider("http://localhost:8000/v1", None),
    "custom": Provider(None, None),
}
"""`custom` is any other server that speaks the protocol."""


class Endpoint(NamedTuple):
    """Where requests go, with what key."""

    provider: str
    base_url: str
    api_key: str

    def __repr__(self) -> str:
        return f"Endpoint({self.provider!r}, {self.base_url!r}, key {'set' if self.api_key else 'not set'})"


def endpoint(
    provider: str, base_url: str | None = None, api_key: str | None = None, *, prefix: str = "llm"
) -> Endpoint:
    """The address and key of a provider; what the caller gives wins over the table.

    `prefix` is that of the settings to name in errors, `llm` or `embedding`. Raises ConfigError for an unknown name,
    a missing address, or a missing key where the table's own address needs one.
    """
    known = PROVIDERS.get(provider)
    if known is None:
        raise ConfigError(f"There is no provider {provider!r}.", advice=f"Known are: {', '.join(PROVIDERS)}.")
    address = base_url or known.base_url
    if address is None:
        raise ConfigError(f"The provider {provider!r} has no fixed address.", advice=f"Set {prefix}_base_url.")
    if not address.startswith(("http://", "https://")):
        raise ConfigError(
            f"{prefix}_base_url: {address!r} is no address.", advice="It begins with http:// or https://."
        )
    if not api_key and known.key_variable and (base_url is None or provider == "azure"):
        raise ConfigError(
            f"The provider {provider!r} needs a key.",
            advice=f"Set {prefix}_api_key, GRAPHMEM_{prefix.upper()}_API_KEY or {known.key_variable}.",
        )
    return Endpoint(provider, address.rstrip("/"), api_key or "")
