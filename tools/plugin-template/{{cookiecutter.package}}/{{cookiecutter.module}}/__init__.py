"""Plug-ins for Mistral."""

from pathlib import Path


def workflow_files():
    """What `mistral-db-manage populate` stores for all projects."""
    return [str(path) for path in Path(__file__).parent.glob('*.yaml')]
