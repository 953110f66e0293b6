"""The description of the API for machines, an OpenAPI document, and the page that shows it.

It is made of what the code declares: the tree of URLs (`mistral.api.routing`), the handlers
(`mistral.api.exposure`), the resources and their types, and the access rules.
"""

from mistral.api.openapi.document import Description
from mistral.api.openapi.page import CONTENT_SECURITY_POLICY, render_page

__all__ = ['CONTENT_SECURITY_POLICY', 'Description', 'render_page']
