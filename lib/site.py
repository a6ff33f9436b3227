"""The Sphinx extension behind the site, for what Jupyter Book leaves open.

It shows the student version of every homework, fills the page of all equations and the page for
teachers, switches launch buttons on, and keeps unused scripts off the pages.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

BOOK = Path(__file__).resolve().parents[1]
EQUATIONS_PAGE = "chapters/99_appendix/equations"
TEACHING_PAGE = "chapters/99_appendix/teach"
LAUNCHERS = {
    "notebook_interface": "jupyterlab",
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}


def is_homework(docname: str) -> bool:
    """Whether a page is a homework notebook."""
    return docname.endswith("/homework")


def rewrite_source(app: Sphinx, docname: str, content: list[str]) -> None:
    """Show students' versions and generated pages in place of what the file says."""
    if is_homework(docname):
        from lib.course import student_version

        content[0] = student_version(content[0])
    from lib.equations_page import equations_page
    from lib.teaching_page import teaching_page

    fill = {EQUATIONS_PAGE: equations_page, TEACHING_PAGE: teaching_page}.get(docname)
    if fill:
        try:
            content[0] = fill(content[0], BOOK)
        except ValueError as error:  # one clear line; -W makes it fail the build
            logging.getLogger(__name__).warning(str(error), location=docname)


def offer_student_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Replace the homework notebooks offered for download by their student versions."""
    if exception is not None or app.builder.format != "html":
        return
    for docname in filter(is_homework, app.env.found_docs):
        from lib.course import student_version

        offered = Path(app.outdir, "_sources", f"{docname}.ipynb")
        offered.write_text(student_version(offered.read_text("utf-8")), encoding="utf-8")


def outdated_pages(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Pages made from all other pages: always redo them."""
    return [page for page in (EQUATIONS_PAGE, TEACHING_PAGE) if page in env.found_docs]


def switch_on_launch_buttons(app: Sphinx, config: Config) -> None:
    """Offer Binder, Colab and the repository on each page, once `public_address` says where it is.

    Those are links for the reader to click; the pages themselves still ask no other host.
    """
    if config.public_address:
        config.html_theme_options |= {
            "repository_url": config.public_address,
            "repository_branch": "main",
            "use_repository_button": True,
            "launch_buttons": LAUNCHERS,
        }


def leave_out_thebe(app: Sphinx) -> None:
    """Keep sphinx-thebe's unused scripts off the pages.

    It adds a script without a file name after the builder exists; Sphinx tells scripts apart by
    name, so it writes that one twice, and the second `const` of the same name is a page error.
    The book has no remote kernel to offer, so neither the scripts nor the style are wanted.
    """
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if each.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [
        css for css in app.registry.css_files if css[0] != "sphinx-thebe.css"
    ]


def leave_out_widget_state() -> None:
    """Keep the state of ipywidgets off the pages: 30 kB an explorable that nothing there reads."""
    from nbclient import NotebookClient

    NotebookClient.set_widgets_metadata = lambda client: None


def tidy_docstring(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Turn the library's plain docstrings into what Sphinx expects: code, literal blocks, escapes.

    Runs before napoleon, which would read "text: more" of a property as its type.
    """
    for k, line in enumerate(lines):
        following = next((later for later in lines[k + 1 :] if later.strip()), "")
        pieces = re.split(r"(`+[^`]+`+)", line)
        pieces[::2] = [re.sub(r"([*|]|(?<=\w)_(?=\W|$))", r"\\\1", plain) for plain in pieces[::2]]
        pieces[1::2] = [f"``{code.strip('`')}``" for code in pieces[1::2]]
        opens_block = line.endswith(":") and indent(following) > indent(line)
        lines[k] = "".join(pieces) + ":" * opens_block if line[:4] != "    " else line
    if what == "property":
        lines.insert(0, "")


def indent(line: str) -> int:
    """Number of spaces in front."""
    return len(line) - len(line.lstrip())


def setup(app: Sphinx) -> dict:
    """Register the extension with Sphinx."""
    app.add_config_value("public_address", "", "html")
    app.connect("config-inited", switch_on_launch_buttons)
    leave_out_thebe(app)
    leave_out_widget_state()
    app.connect("autodoc-process-docstring", tidy_docstring, priority=400)
    app.connect("source-read", rewrite_source)
    app.connect("env-get-outdated", outdated_pages)
    app.connect("build-finished", offer_student_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
