"""`make demo INPUT=…`: the report of a day of a real file says what the file says."""

import json
import pathlib
import subprocess
import sys
import tempfile

import scripts

DAY = "2021-01-15"


def expected(calls: pathlib.Path) -> dict:
    """The same figures from the file alone, by a few lines that share nothing with the suite."""
    program = scripts.SOURCE / "tests/integration/daily_figures.py"
    return json.loads(subprocess.check_output([sys.executable, program, calls, DAY]))


def close(a: float, b: float, tolerance: float = 1e-6) -> bool:
    return abs(float(a) - float(b)) <= tolerance


def main() -> None:
    calls = scripts.SOURCE.parent / "shared/data/contact_centre_calls.csv"
    if not calls.exists():
        scripts.skip(f"{calls} is not here")
    want = expected(calls)
    with tempfile.TemporaryDirectory() as out:
        scripts.demo([str(calls)], out)
        report = json.loads(pathlib.Path(out, f"daily-{DAY}.json").read_text(encoding="utf-8"))
    contacts = report["contacts"]
    assert int(contacts["total"]) == want["calls"]
    states = {row["key"]: int(row["count"]) for row in contacts["by_answer_state"]}
    assert states["answered"] == want["answered"]["count"]
    topics = {
        row["type"]: {c["key"]: int(c.get("count", 0)) for c in row["by_answer_state"]}
        for row in contacts["by_type"]
    }
    assert topics == want["topics"], topics
    for got, share in (
        (contacts["answered"], want["answered"]),
        (contacts["resolved_at_first_contact"], want["resolved"]),
        (report["satisfaction"]["top_two_box"], want["top_two"]),
    ):
        assert int(got["count"]) == share["count"] and int(got["n"]) == share["n"], (got, share)
        assert close(got["value"], share["value"]), (got, share)
        assert close(got["interval"]["lower"], share["lower"]), (got, share)
        assert close(got["interval"]["upper"], share["upper"]), (got, share)
    # Durations are shown to the microsecond.
    speed = contacts["speed_of_answer"]["mean"].removesuffix("s")
    assert close(speed, want["mean_speed_of_answer"], 1e-5), speed
    handling = contacts["handling_time"]["mean"].removesuffix("s")
    assert close(handling, want["mean_talk"], 1e-5), handling
    mean = report["satisfaction"]["mean"]
    assert int(mean["n"]) == want["satisfaction_n"] and close(mean["value"], want["satisfaction_mean"])
    agents = {row["agent"].removeprefix("staff/"): int(row["contacts"]) for row in report["agents"]}
    assert agents == want["agents"], agents


if __name__ == "__main__":
    main()
