"""Definitions shipped with the service; `mistral-db-manage populate` stores them."""
