"""The engine shell: carries the decision core over to databases, executors and messages."""
