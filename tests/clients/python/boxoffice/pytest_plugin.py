"""The fixture `boxoffice` of pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from boxoffice import BoxOffice, start


@pytest.fixture
def boxoffice(request: pytest.FixtureRequest) -> Iterator[BoxOffice]:
    """A box office for this test alone. @pytest.mark.boxoffice("--max-active=5", clock="running") says how it is started."""
    mark = request.node.get_closest_marker("boxoffice")
    flags, how = (mark.args, mark.kwargs) if mark else ((), {})
    with start(*flags, **how) as box:
        yield box


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "boxoffice(*flags, clock='frozen'): how the fixture boxoffice is started")
