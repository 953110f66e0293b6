"""The expression languages of workflows: YAQL, Jinja and those of plugins."""

from mistral.expressions.base import Scope
from mistral.expressions.evaluation import Expressions
from mistral.expressions.options import ExpressionOptions

__all__ = ['ExpressionOptions', 'Expressions', 'Scope']
