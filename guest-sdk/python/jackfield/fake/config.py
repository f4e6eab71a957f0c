"""The interface `config`: set `JSON` in a test."""

JSON = "{}"


def get() -> str:
    return JSON
