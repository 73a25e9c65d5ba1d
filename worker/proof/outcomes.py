"""Outcome tables of several workers, and what differs between them."""

from itertools import groupby


def table(found: list[dict]) -> str:
    """A row a scenario, a column a release and serializer: equal when every worker passed and rq's API said the same of all."""
    places = list(dict.fromkeys(map(place, found)))
    features = {name: scenario["feature"] for run in found for name, scenario in run["scenarios"].items()}
    lines = ["| scenario | what it shows | " + " | ".join(f"{release} {serializer}" for release, serializer in places) + " |"]
    lines.append("|---|---|" + "---|" * len(places))
    counts = dict.fromkeys(places, 0)
    for name in sorted(features):
        cells = [cell([run["scenarios"].get(name) for run in found if place(run) == where]) for where in places]
        for where, text in zip(places, cells):
            counts[where] += text == "equal"
        lines.append(f"| `{name}` | {features[name]} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "| **equal** | | " + " | ".join(str(count) for count in counts.values()) + " |"])


def place(run: dict) -> tuple[str, str]:
    return run["rq"], run["serializer"]


def cell(scenarios: list[dict | None]) -> str:
    if not any(scenarios):
        return "–"
    if any(scenario is None or scenario["outcome"] != "passed" for scenario in scenarios):
        return "**failed**"
    return "equal" if all(scenario["seen"] == scenarios[0]["seen"] for scenario in scenarios) else "**differs**"


def compare(found: list[dict]) -> int:
    """Prints every difference between the workers of one release and serializer, and every failure; 0 when there is none."""
    wrong = []
    for run in found:
        for name, scenario in run["scenarios"].items():
            if scenario["outcome"] != "passed":
                wrong.append(f"{run['worker']} {run['rq']} {run['serializer']} {name}: {scenario['reason']}")

    compared = 0
    for (release, serializer), runs in groupby(sorted(found, key=place), place):
        first, *others = runs
        for other in others:
            compared += 1
            for name in sorted(first["scenarios"].keys() | other["scenarios"].keys()):
                wrong += difference(f"{release} {serializer} {name}", first, other, name)
    for line in wrong:
        print(line)
    print(f"{compared} pairs of workers compared, {len(wrong)} differences or failures")
    return 1 if wrong else 0


def difference(where: str, first: dict, other: dict, name: str) -> list[str]:
    one, two = (run["scenarios"].get(name, {}).get("seen") for run in (first, other))
    if one == two:
        return []
    if one is None or two is None:
        return [f"{where}: only one of the two ran it"]
    keys = [key for key in sorted(one.keys() | two.keys()) if one.get(key) != two.get(key)]
    return [f"{where}: {key}: {first['worker']} {one.get(key)!r}, {other['worker']} {two.get(key)!r}" for key in keys]
