"""Wording that help texts share."""


def no_effect(reason: str) -> str:
    """The help of an option that files for Mistral 23 may have and nothing here reads."""
    return f'Accepted for compatibility with Mistral 23; has no effect because {reason}.'
