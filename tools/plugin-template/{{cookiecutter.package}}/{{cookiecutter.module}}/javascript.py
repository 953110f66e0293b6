"""JavaScript engines for `std.javascript`."""

from mistral.actions.javascript import MiniRacerEvaluator

PRELUDE = 'const shout = text => text.toUpperCase() + "!";\n'


class PreludeEvaluator(MiniRacerEvaluator):
    """The usual engine, with a function more."""

    @classmethod
    def evaluate(cls, script, context):
        return super().evaluate(PRELUDE + script, context)
