"""The wheel works on its own, far from the repository."""

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with an environment of its own; its output is shown if it fails."""
    result = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result


def test_an_installed_wheel_finds_its_resources(tmp_path: Path) -> None:
    """Built, installed elsewhere and run there, the program adapts and paints its window."""
    pip = ("-m", "pip", "--disable-pip-version-check", "--quiet")
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    built = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels))
    run(*pip, *built, str(REPOSITORY), cwd=tmp_path)
    (wheel,) = wheels.glob("maml_explorer-*.whl")
    run(*pip, "install", "--no-deps", "--target", str(site), str(wheel), cwd=tmp_path)
    where = {
        "PYTHONPATH": str(site),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    found = run(
        "-c",
        "from explorer.resources import *; print(resource(MAML_CHECKPOINT))",
        cwd=tmp_path,
        **where,
    ).stdout.strip()
    assert Path(found).is_relative_to(site)
    adapted = run(
        *("-m", "explorer", "adapt", found, "--json"),
        *("--amplitude", "2", "--phase", "1", "--x=-3,0,2", "--steps", "1"),
        cwd=tmp_path,
        **where,
    )
    assert [step["step"] for step in json.loads(adapted.stdout)["steps"]] == [0, 1]
    picture = tmp_path / "window.png"
    run("-m", "explorer", "--screenshot", str(picture), cwd=tmp_path, **where)
    assert picture.stat().st_size > 10_000
