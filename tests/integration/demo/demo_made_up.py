"""`make demo`: a made-up sample becomes a report; nothing of the run is left."""

import json
import pathlib
import re
import tempfile

import scripts


def main() -> None:
    with tempfile.TemporaryDirectory() as out:
        printed = scripts.demo([], out, ZONE="Asia/Shanghai")
        assert re.search(r"created\s+5000", printed), printed
        assert len(re.findall(r"rejected\s+0", printed)) == 2, printed
        pages = [pathlib.Path(line) for line in re.findall(r"^Report: (.*)$", printed, re.MULTILINE)]
        assert pages, printed
        html = pages[0].read_text(encoding="utf-8")
        assert "<svg" in html and html.rstrip().endswith("</html>")
        # One file: nothing is loaded from anywhere.
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
        report = json.loads(pages[0].with_suffix(".json").read_text(encoding="utf-8"))
        assert int(report["contacts"]["total"]) > 100, report["contacts"]
        assert report["zone"] == "Asia/Shanghai"
        # Made-up scores say so.
        assert report["monitoring"]["monitored"] == "40", report["monitoring"]
        assert report["monitoring"]["simulated"] == "40", report["monitoring"]
        # Of the complaints, of which more than 20 are always open.
        figures = {figure["measure"]: figure for figure in report["cases"]["figures"]}
        assert figures["cases-open"]["value"] > 20, figures
        assert "Refund promised but not received" in printed, printed
        assert "simulated" in " ".join(notice["text"] for notice in report["notices"])


if __name__ == "__main__":
    main()
