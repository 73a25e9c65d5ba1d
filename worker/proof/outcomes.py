"""Outcome tables of several workers, and what differs between them."""

from itertools import groupby


def table(found: list[dict]) -> str:
    """A row a scenario, a column a run; a cell that is not `ok` has its reason below."""
    names = sorted({name for run in found for name in run["scenarios"]})
    heads = [f"{run['worker']}, rq {run['rq']}, {run['serializer']}" for run in found]
    lines = ["| scenario | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(cell(run["scenarios"].get(name)) for run in found) + " |")
    passed = [sum(s["outcome"] == "passed" for s in run["scenarios"].values()) for run in found]
    totals = [f"{count} of {len(run['scenarios'])}" for count, run in zip(passed, found)]
    return "\n".join([*lines, "| **passed** | " + " | ".join(totals) + " |"])


def cell(scenario: dict | None) -> str:
    if scenario is None:
        return "–"
    return "ok" if scenario["outcome"] == "passed" else "**no**"


def compare(found: list[dict]) -> int:
    """Prints every difference between the workers of one release and serializer, and every failure; 0 when there is none."""
    wrong = []
    for run in found:
        for name, scenario in run["scenarios"].items():
            if scenario["outcome"] != "passed":
                wrong.append(f"{run['worker']} {run['rq']} {run['serializer']} {name}: {scenario['reason']}")

    def place(run: dict) -> tuple[str, str]:
        return run["rq"], run["serializer"]

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
