"""Attack the planted services with `handstamp audit` and with schemathesis, and write the table of what each found.

`cargo xtask compare` runs it with the Python that schemathesis is installed for: compare.py HANDSTAMP PAGE
"""

import contextlib
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[4]
SERVICES = ROOT / "crates/audit/tests/services"
SCHEMATHESIS = pathlib.Path(sys.executable).with_name("schemathesis")
CHECKS = "ignored_auth,object_level_authorization,use_after_free,unsupported_method,not_a_server_error"
# What the command measures stands below this line of the page; what is above is written by hand.
MEASURED = "## What each found\n"

IN_BOTH = (
    "forgotten-route", "signature-unread", "unsigned-taken", "algorithm-of-the-token", "key-of-the-token", "time-unread",
    "audience-unread", "issuer-unread", "type-unread", "any-organisation", "everybodys-list", "roles-unread",
    "token-in-query", "breaks", "talkative",
)
PROGRAMS = {
    "Express": (["node", SERVICES / "express/main.mjs"], (*IN_BOTH, "capitals-open", "deaf")),
    "FastAPI": (
        [ROOT / "target/peers/fastapi/bin/python", "-B", SERVICES / "fastapi/main.py"],
        (*IN_BOTH, "encoded-opens"),
    ),
}


class Found:
    """What one tool reported of one service."""

    def __init__(self, problems: set[tuple[str, str]], cases: int, took: float) -> None:
        self.problems, self.cases, self.took = problems, cases, took


@contextlib.contextmanager
def running(command: list, folder: pathlib.Path):
    """Start a program and yield the first line that it prints; stop it afterwards."""
    silent = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, text=True, **silent)
    try:
        line = process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{command} ended before it listened")
        yield line
    finally:
        process.terminate()
        process.wait()


def description(service: str, url: str) -> str:
    """Return where the description is: the service in FastAPI describes itself."""
    return f"{url}/openapi.json" if service == "FastAPI" else str(SERVICES / "express/openapi.yaml")


def audit(handstamp: str, issuer: str, service: str, url: str, sub: str, cases: list[str]) -> tuple[Found, dict]:
    """Attack with `handstamp audit`. Notes, which fail nothing, are not counted."""
    command = [handstamp, "audit", url, "--openapi", description(service, url), "--dev-issuer", issuer, "--json"]
    command += ["--sub", sub, "--org", "acme", "--role", "keeper", "--other-org", "globex"]
    for case in cases:
        command += ["--case", case]
    began = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    took = time.monotonic() - began
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    report = json.loads(done.stdout)
    problems = {
        (operation["operation"], case["rule"])
        for operation in report["operations"]
        for case in operation["cases"]
        if case["outcome"] == "finding" and case["severity"] != "note"
    }
    return Found(problems, report["requests"], took), report


def schemathesis(issuer: str, service: str, url: str, folder: pathlib.Path) -> Found:
    """Attack with schemathesis, which has good tokens of two organisations."""
    identities = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token(issuer, name, org)}"}]}
        for name, org in (("ada", "acme"), ("emil", "globex"))
    ]
    (folder / "wfc.json").write_text(json.dumps({"auth": identities}))
    (folder / "schemathesis.toml").write_text('[auth.wfc]\npath = "wfc.json"\npeers = ["ada", "emil"]\n')
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [SCHEMATHESIS, "run", description(service, url), "--url", url, "--checks", CHECKS, "-n", "20"]
    command += ["--continue-on-failure", "--seed", "1", "--no-color", "--report-json-path", report]
    began = time.monotonic()
    done = subprocess.run(list(map(str, command)), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    took = time.monotonic() - began
    if not report.exists():
        raise SystemExit(f"schemathesis on {service}: {done.stdout}{done.stderr}")
    told = json.loads(report.read_text())
    if not told["complete"] or told["errors"]:
        raise SystemExit(f"schemathesis on {service} did not finish: {told['errors']}")
    problems = {(operation, failure["title"]) for failure in told["failures"] for operation in failure["operations"]}
    return Found(problems, told["test_cases"]["generated"], took)


def token(issuer: str, sub: str, org: str) -> str:
    """Have the test issuer make a good token."""
    wanted = json.dumps({"sub": sub, "org_id": org, "roles": ["keeper"]}).encode()
    request = urllib.request.Request(f"{issuer}/dev/tokens", wanted, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["access_token"]


def compare(handstamp: str, folder: pathlib.Path) -> dict:
    """Run both on every service and return what each found, by service and mistake."""
    results, cases = {}, []
    with running([handstamp, "dev-issuer", "--listen", "127.0.0.1:0", "--audience", "lamps", "--json"], folder) as line:
        issuer = json.loads(line)["issuer"]
        for service, (program, mistakes) in PROGRAMS.items():
            for mistake in ("none", *mistakes):
                # Each tool has a service of its own that nobody else has touched.
                command = [*program, issuer, "lamps", mistake]
                with running(command, folder) as url:
                    # This service goes by signatures and times: what is taken back it does not know, and does not claim to.
                    only = cases if service == "FastAPI" else []
                    ours, report = audit(handstamp, issuer, service, url, f"ada-{service}-{mistake}", only)
                if not cases:
                    names = (case["case"] for operation in report["operations"] for case in operation["cases"])
                    cases = sorted({name.split("/")[0] + "/" for name in names} - {"revoked/"})
                with running(command, folder) as url:
                    theirs = schemathesis(issuer, service, url, folder)
                results[service, mistake] = (ours, theirs)
                print(f"{service} {mistake}: {len(ours.problems)} and {len(theirs.problems)}", file=sys.stderr, flush=True)
    return results


def beyond(found: Found, twin: Found, is_ours: bool) -> str:
    """Tell what a tool says of a mistake that it does not say of the correct twin."""
    more = found.problems - twin.problems
    kinds = sorted({rule.split("/")[0] if is_ours else rule for _, rule in more})
    shown = ", ".join(kinds[:4]) + (f" and {len(kinds) - 4} more kinds" if len(kinds) > 4 else "")
    return f"{len(more)}: {shown}" if more else "–"


def page(results: dict, handstamp: str) -> str:
    """Return the measured half of the page."""
    ours_version = subprocess.run([handstamp, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    theirs_version = subprocess.run([SCHEMATHESIS, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    today = datetime.datetime.now(datetime.UTC).date()
    text = f"\nOf {today}: {ours_version}; {theirs_version.replace(', version', '')}.\n"
    totals = []
    for service, (_, mistakes) in PROGRAMS.items():
        twins = results[service, "none"]
        text += f"\n### {service}\n\n| mistake | handstamp audit | schemathesis |\n|---|---|---|\n"
        text += f"| none, the twin: reported anyhow | {len(twins[0].problems)} | {len(twins[1].problems)} |\n"
        for mistake in mistakes:
            ours, theirs = results[service, mistake]
            text += f"| `{mistake}` | {beyond(ours, twins[0], True)} | {beyond(theirs, twins[1], False)} |\n"
        for index, name in enumerate(("handstamp audit", "schemathesis")):
            reported = (results[service, mistake][index].problems for mistake in mistakes)
            caught = sum(bool(problems - twins[index].problems) for problems in reported)
            all_of_it = [results[service, mistake][index] for mistake in ("none", *mistakes)]
            cases, took = sum(found.cases for found in all_of_it), sum(found.took for found in all_of_it)
            each = sorted(found.cases / found.took for found in all_of_it)[len(all_of_it) // 2]
            told = f"{caught} of {len(mistakes)}"
            totals.append(f"| {service} | {name} | {told} | {cases} | {took:.0f} s | {cases / took:.0f} | {each:.0f} |\n")
    text += "\n### Totals\n\n| service | tool | mistakes told | cases | time | cases per second | of the median service |\n"
    return text + "|---|---|--:|--:|--:|--:|--:|\n" + "".join(totals)


def main() -> None:
    """Compare, and rewrite the measured half of the page."""
    handstamp, written = sys.argv[1], pathlib.Path(sys.argv[2])
    by_hand, line, _ = written.read_text().partition(MEASURED)
    if not line:
        raise SystemExit(f"{written} has no line {MEASURED!r}")
    with tempfile.TemporaryDirectory() as folder:
        results = compare(handstamp, pathlib.Path(folder))
    written.write_text(by_hand + line + page(results, handstamp))


main()
