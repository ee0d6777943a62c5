"""PyJWT as a contestant. `bench/peers/protocol` describes the lines."""

import base64
import json
import sys
import time

import jwt


def operations(job):
    for algorithm in job["algorithms"]:
        name, token = algorithm["name"], algorithm["token"]
        if algorithm["secret"]:
            padded = algorithm["secret"] + "=" * (-len(algorithm["secret"]) % 4)
            private = public = base64.urlsafe_b64decode(padded)
        else:
            # Prepared once: PyJWT would parse a PEM text again at every call.
            private = jwt.get_algorithm_by_name(name).prepare_key(algorithm["private_pem"])
            public = jwt.get_algorithm_by_name(name).prepare_key(algorithm["public_pem"])
        headers = {"kid": job["key_id"], "typ": job["typ"]}

        def verify(token=token, key=public, name=name):
            return jwt.decode(
                token, key, algorithms=[name], audience=job["audience"], issuer=job["issuer"], leeway=30
            )

        def sign(key=private, name=name, headers=headers):
            return jwt.encode(job["claims"], key, algorithm=name, headers=headers)

        yield f"verify {name}", verify
        yield f"sign {name}", sign


def works(name, run):
    try:
        run()
    except Exception as error:  # a library without the algorithm is left out, whatever it raises
        print(f"{name}: {error}", file=sys.stderr)
        return False
    return True


def main():
    job = json.loads(sys.stdin.readline())
    known = {name: run for name, run in operations(job) if works(name, run)}
    print(json.dumps(list(known)), flush=True)
    for line in sys.stdin:
        name, count = line.strip().rsplit(" ", 1)
        run = known[name]
        start = time.perf_counter_ns()
        for _ in range(int(count)):
            run()
        print(time.perf_counter_ns() - start, flush=True)


main()
