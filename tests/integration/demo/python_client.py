"""The guide's client in Python: generated from the contracts as the guide says, run against a suite."""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile

import scripts


def main() -> None:
    if importlib.util.find_spec("grpc") is None:
        scripts.skip("python3-grpcio is not installed")
    protos = scripts.SOURCE / "protos"
    names = [str(path.relative_to(protos)) for path in sorted(protos.rglob("*.proto"))]
    with tempfile.TemporaryDirectory() as generated, scripts.suite() as login:
        subprocess.check_call(
            ["protoc", "-I", protos, f"--python_out={generated}", f"--grpc_out={generated}",
             "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin", *names]
        )
        printed = subprocess.check_output(
            [sys.executable, scripts.SOURCE / "docs/examples/first_client.py", login],
            env={**os.environ, "PYTHONPATH": generated},
            text=True,
            timeout=30,
        )
    assert "sent twice, stored once: True" in printed, printed
    assert re.search(r"^listed +contacts/", printed, re.MULTILINE), printed
    assert "refused INVALID_ARGUMENT INVALID_FILTER" in printed, printed


if __name__ == "__main__":
    main()
