# The fixture `boxoffice`. With the package installed, pytest finds it without this line.
pytest_plugins = ["boxoffice.pytest_plugin"]
