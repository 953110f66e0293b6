"""Functions for expressions. The first parameter is the context; authors do not see it."""


def initials(context, name):
    """Used as {% raw %}<% initials($.name) %> and {{ initials(_.name) }}{% endraw %}."""
    return ''.join(word[0] for word in name.split())
