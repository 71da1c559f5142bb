# The fixture `boxoffice`. The package brings it without this line.
pytest_plugins = ["boxoffice.pytest_plugin"]
