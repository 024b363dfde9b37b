"""The vendored chart library."""

from recordings.uplot import chart_script, chart_style
from tests.paths import PROJECT


def test_the_chart_library_may_be_inlined() -> None:
    """Neither file can end the element that it is inlined in, or asks for anything else."""
    script, style = chart_script(), chart_style()
    assert "uPlot=function" in script
    assert "</script" not in script.lower()
    assert "</style" not in style.lower()
    assert "url(" not in style
    assert "@import" not in style


def test_the_chart_library_says_its_version_and_licence() -> None:
    """The folder names the version that its file has, and holds the licence."""
    folder = PROJECT / "recordings" / "uplot"
    said = (folder / "__init__.py").read_text(encoding="utf-8")
    version = chart_script().partition("(v")[2].partition(")")[0]
    assert f"uPlot {version}," in said
    assert "MIT" in (folder / "LICENSE").read_text(encoding="utf-8")
