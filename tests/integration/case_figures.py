"""What the file of 311 requests says of its deadlines, computed from the file alone; and CSV as JSON.

    case_figures.py nyc311 REQUESTS.csv    prints a JSON object
    case_figures.py rows FILE.csv          prints the rows, each an object by column
"""
import collections
import csv
import json
import sys
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


def read(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def instant(text):
    if not text:
        return None
    local = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=NEW_YORK)
    return local.astimezone(timezone.utc)


def day(time):
    return time.astimezone(NEW_YORK).date().isoformat()


def nyc311(path):
    contradictory, in_time, years = [], {}, collections.Counter()
    opened, closed, met, missed = (collections.Counter() for _ in range(4))
    overdue = 0
    for line, row in enumerate(read(path), start=2):
        created, due, ended = (instant(row[name]) for name in ("Created Date", "Due Date", "Closed Date"))
        # It ended before it began, or it ended and goes on.
        if ended and (ended < created or row["Status"] != "Closed"):
            contradictory.append(line)
            continue
        years[created.year] += 1
        opened[day(created)] += 1
        if ended:
            closed[day(ended)] += 1
        if due and ended:
            in_time[row["Unique Key"]] = ended <= due
        if due and ended and ended <= due:
            met[day(ended)] += 1
        elif due:
            missed[day(due)] += 1
            overdue += ended is None
    busiest = max(missed, key=lambda key: (min(met[key], missed[key]), key))
    return {
        "contradictory": contradictory,
        "in_time": in_time,
        "overdue": overdue,
        "years": years,
        "day": {
            "date": busiest,
            "opened": opened[busiest],
            "closed": closed[busiest],
            "met": met[busiest],
            "missed": missed[busiest],
        },
    }


if __name__ == "__main__":
    print(json.dumps({"nyc311": nyc311, "rows": read}[sys.argv[1]](sys.argv[2])))
