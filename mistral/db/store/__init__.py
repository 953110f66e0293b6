"""The engine's side of the database: whole executions in few statements, without a mapper."""
