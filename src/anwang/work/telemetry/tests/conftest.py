import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example, unpacked: a folder of upload files, and beside it what has to come out of them."""
    to = tmp_path_factory.mktemp("example")
    with zipfile.ZipFile(Path(__file__).parents[5] / "tests" / "samples" / "gas-feed.zip") as packed:
        packed.extractall(to)
    return to / "gas-feed"
