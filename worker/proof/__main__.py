"""`python3 worker/proof COMMAND`: shows that the worker replaces `rq worker`. Each command makes what it needs."""

import argparse
import sys

import bench
import chaos
import plan
import scenarios
import service
import soak

COMMANDS = {module.__name__: module for module in (plan, scenarios, service, chaos, bench, soak)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 worker/proof", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.arguments(commands.add_parser(name, help=module.__doc__.splitlines()[0]))
    options = parser.parse_args()
    return COMMANDS[options.command].run(options)


if __name__ == "__main__":
    sys.exit(main())
