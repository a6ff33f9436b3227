"""The site: a Sphinx extension for what Jupyter Book leaves open, and the build with its clear end.

It shows the student version of every homework, fills the page of all equations, and keeps unused
scripts off the pages.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

BOOK = Path(__file__).resolve().parents[1]
EQUATIONS_PAGE = "chapters/99_appendix/equations"


def is_homework(docname: str) -> bool:
    """Whether a page is a homework notebook."""
    return docname.endswith("/homework")


def rewrite_source(app: Sphinx, docname: str, content: list[str]) -> None:
    """Show students' versions and generated pages in place of what the file says."""
    if is_homework(docname):
        from lib.homework import student_version

        content[0] = student_version(content[0])
    if docname == EQUATIONS_PAGE:
        from lib.equations_page import equations_page

        content[0] = equations_page(content[0], BOOK)


def offer_student_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Replace the homework notebooks offered for download by their student versions."""
    if exception is not None or app.builder.format != "html":
        return
    for docname in filter(is_homework, app.env.found_docs):
        from lib.homework import student_version

        offered = Path(app.outdir, "_sources", f"{docname}.ipynb")
        offered.write_text(student_version(offered.read_text("utf-8")), encoding="utf-8")


def outdated_pages(app: Sphinx, env, added, changed, removed) -> list[str]:
    """The page of all equations depends on every other page."""
    return (
        [EQUATIONS_PAGE] if (added | changed | removed) and EQUATIONS_PAGE in env.found_docs else []
    )


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


def setup(app: Sphinx) -> dict:
    """Register the extension with Sphinx."""
    leave_out_thebe(app)
    app.connect("source-read", rewrite_source)
    app.connect("env-get-outdated", outdated_pages)
    app.connect("build-finished", offer_student_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
