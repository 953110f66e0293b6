"""Names that plugins of Mistral 23 import from here; new ones take them from mistral_lib."""

from mistral_lib.actions.types import Result, ResultSerializer

__all__ = ['Result', 'ResultSerializer']
