"""What the tests of the scripts share: where things are, a run of a script, a suite of one's own."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(os.environ["SOURCE"])
BIN = pathlib.Path(os.environ["PROGRAMS"])
SKIPPED = 77


def skip(why: str) -> None:
    """Ends the test so that ctest shows it as skipped."""
    print("skipped:", why)
    sys.exit(SKIPPED)


def demo(arguments: list[str], out: str, **environment: str) -> str:
    """Runs the demo; its reports are in `out`. What it printed."""
    run = subprocess.run(
        [SOURCE / "scripts/demo.sh", *arguments],
        env={**os.environ, "OUT": out, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, f"exit code {run.returncode}\n{run.stdout}\n{run.stderr}"
    return run.stdout


@contextlib.contextmanager
def suite():
    """A suite with a development login; yields the path of the login file."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "suite.log")
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [BIN / "sqm-suite", "--dev", f"--data.dir={folder}/data", "--listen.address=127.0.0.1:0"],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            end = time.monotonic() + 30
            while True:
                ready = re.search(r"development login: (\S+)", log.read_text(encoding="utf-8"))
                if ready:
                    break
                assert process.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")
                time.sleep(0.02)
            yield ready.group(1)
        finally:
            process.terminate()
            assert process.wait(30) == 0, "the suite did not end well"
