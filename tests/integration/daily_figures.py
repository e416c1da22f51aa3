"""Figures of one day of the contact-centre file, computed from the file alone.

    daily_figures.py CALLS.csv YYYY-MM-DD    prints a JSON object
"""
import csv
import json
import math
import sys


def wilson(count, n, z=1.959963984540054):
    """E. B. Wilson 1927: the score interval of a proportion."""
    centre = (count + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(count * (n - count) / n + z * z / 4)
    return {"count": count, "n": n, "value": count / n, "lower": centre - half, "upper": centre + half}


def seconds(text):
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def main(path, day):
    with open(path, encoding="utf-8-sig", newline="") as file:
        calls = [row for row in csv.DictReader(file, delimiter=";") if row["DATE"] == day]
    answered = [row for row in calls if row["Answered (Y/N)"] == "Y"]
    waits = [float(row["Speed of answer in seconds"]) for row in answered]
    talks = [seconds(row["AvgTalkDuration"]) for row in answered]
    ratings = [int(row["Satisfaction rating"]) for row in calls if row["Satisfaction rating"]]
    topics = {}
    for row in calls:
        topic = topics.setdefault(row["Topic"], {"answered": 0, "abandoned": 0})
        topic["answered" if row["Answered (Y/N)"] == "Y" else "abandoned"] += 1
    agents = {}
    for row in calls:
        agents[row["Agent"].lower()] = agents.get(row["Agent"].lower(), 0) + 1
    hours = {}
    for row in calls:
        hours[row["Time"][:2]] = hours.get(row["Time"][:2], 0) + 1
    print(json.dumps({
        "calls": len(calls),
        "topics": topics,
        "agents": agents,
        "hours": hours,
        "answered": wilson(len(answered), len(calls)),
        "mean_speed_of_answer": sum(waits) / len(waits),
        "within_20": wilson(sum(wait <= 20 for wait in waits), len(waits)),
        "mean_talk": sum(talks) / len(talks),
        "resolved": wilson(sum(row["Resolved"] == "Y" for row in answered), len(answered)),
        "satisfaction_mean": sum(ratings) / len(ratings),
        "satisfaction_n": len(ratings),
        "top_two": wilson(sum(rating >= 4 for rating in ratings), len(ratings)),
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
