//! `pyproject.toml`, `requirements*.txt` and `Pipfile`: the distributions a Python project asks for.
