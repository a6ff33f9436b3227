"""Runs the notebooks of the book several at a time, before Sphinx reads the pages one by one.

MyST-NB runs each notebook when it reads the page, so all cores but the busy one or two wait. This
extension runs those that changed beforehand, one core each, through MyST-NB's own client and into
its own cache: reading a page then finds the outputs there. A notebook that fails is not cached.

`python -m lib.execution` prints the notebooks, longest first, for `make test`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from jupyter_cache import get_cache
from jupyter_core.utils import ensure_event_loop
from myst_nb.core.execute import create_client
from myst_nb.core.execute.cache import NotebookClientCache
from myst_nb.core.read import create_nb_reader
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
#: More kernels at a time would need more memory than a laptop has.
MOST_AT_A_TIME = 4


class Failures:
    """The logger that a client writes to: keeps warnings, which say why a notebook failed."""

    def __init__(self) -> None:
        self.text = ""

    def info(self, message: str, **more: object) -> None:
        """Progress is told when the notebook is done."""

    def warning(self, message: str, **more: object) -> None:
        """Keep the message from the point where it speaks of the cell."""
        self.text += message.rpartition("nbclient.exceptions.")[2]


def stated_seconds(text: str) -> int:
    """The running time that a lesson's first cell states ("15 seconds to run"), 0 if none does."""
    found = re.search(r"(\d+) seconds to run", text)
    return int(found[1]) if found else 0


def changed_notebooks(env: BuildEnvironment, docnames: list[str]) -> dict[str, NotebookClientCache]:
    """Clients of the notebooks among the pages that have to run, longest first."""
    clients, seconds = {}, {}
    for name in docnames:
        path = env.doc2path(name)
        text = Path(path).read_text("utf-8-sig")
        config = env.mystnb_config.copy(execution_show_tb=True)
        reader = create_nb_reader(path, env.myst_config, config, text)
        if reader is None:
            continue
        client = create_client(reader.read(text), path, config, Failures(), reader.read_fmt)
        if isinstance(client, NotebookClientCache) and not is_cached(client):
            clients[name], seconds[name] = client, stated_seconds(text)
    return {name: clients[name] for name in sorted(clients, key=lambda n: -seconds[n])}


def is_cached(client: NotebookClientCache) -> bool:
    """Whether the cache holds the outputs of a notebook with the same code."""
    try:
        get_cache(client.nb_config.execution_cache_path).match_cache_notebook(client.notebook)
    except KeyError:
        return False
    return True


def run_all(clients: dict[str, NotebookClientCache], workers: int) -> Iterator[str]:
    """Run the notebooks, `workers` at a time; yields each name when it is done.

    The threads wait for kernels, which are processes of their own. They are daemons: Ctrl-C ends
    the build at once.
    """
    waiting, done = SimpleQueue(), SimpleQueue()
    for name in clients:
        waiting.put(name)

    def work() -> None:
        with closing(ensure_event_loop()):  # nbclient waits in this thread's loop
            while not waiting.empty():
                with suppress(Empty):  # another worker may have been quicker
                    name = waiting.get_nowait()
                    run(clients[name])
                    done.put(name)

    for _ in range(workers):
        Thread(target=work, daemon=True).start()
    for _ in clients:
        yield done.get()


def run(client: NotebookClientCache) -> None:
    """Run one notebook; whatever goes wrong is kept by its logger."""
    try:
        client.start_client()
    except Exception as error:  # no kernel of that name, a kernel that dies
        client.logger.warning(f"{type(error).__name__}: {error}")


@contextmanager
def threads_per_kernel(count: int) -> Iterator[None]:
    """Let kernels started in a `with` block compute with `count` threads, unless already set."""
    given = os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", str(count))
    try:
        yield
    finally:
        if given is None:
            del os.environ["OMP_NUM_THREADS"]


def run_ahead(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Fill the cache with the notebooks that changed; a single one is left to MyST-NB."""
    clients = changed_notebooks(env, docnames)
    cores = os.cpu_count() or 1
    workers = min(cores, MOST_AT_A_TIME, len(clients))
    if workers < 2:
        return
    LOGGER.info(f"running {len(clients)} notebooks, {workers} at a time")
    with threads_per_kernel(cores // workers):
        for count, name in enumerate(run_all(clients, workers), 1):
            failure = clients[name].logger.text
            if failure:
                LOGGER.warning(f"{name} failed when run ahead: {failure}", location=name)
                continue
            seconds = clients[name].exec_metadata["runtime"]
            LOGGER.info(f"[{count}/{len(clients)}] {name} ran in {seconds:.0f} seconds")


def longest_first(notebooks: list[Path]) -> list[Path]:
    """Notebooks in the order in which several workers share them best."""
    return sorted(notebooks, key=lambda path: -stated_seconds(path.read_text("utf-8")))


def setup(app: Sphinx) -> dict:
    """Register the extension with Sphinx."""
    app.connect("env-before-read-docs", run_ahead)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def main() -> None:
    """Print the notebooks of the chapters, longest first."""
    print(*longest_first(sorted(Path("chapters").glob("*/*.ipynb"))))


if __name__ == "__main__":
    main()
