"""Partners outside: only who is named by the settings. Sandboxes invent their answers, so none is used unasked."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def is_sandbox(setting: str) -> bool:
    """
    Return whether a setting names the sandbox, and not nobody.

    :raises ImproperlyConfigured: it names something else.
    """
    named = getattr(settings, setting)
    if named not in {"", "sandbox"}:
        raise ImproperlyConfigured(f"{setting} is sandbox, or empty.")
    return bool(named)
