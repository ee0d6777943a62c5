# Starts what stands behind the proxy of an example: the auth service with two people in it, and a service that answers with
# what it hears. Sourced by each example's `run`; everything ends with it, and nothing is kept.

set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
echo=$(dirname -- "$here")/echo
scratch=$(mktemp -d)
password="a window full of plants"
children=

end() {
    trap - EXIT INT TERM
    for child in $children; do kill "$child" 2>/dev/null || true; done
    wait
    rm -rf "$scratch"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

handstamp=${HANDSTAMP:-$(command -v handstamp || true)}
if [ -z "$handstamp" ]; then
    (cd "$here/../.." && cargo build --release --package handstamp)
    handstamp=$here/../../target/release/handstamp
fi

# Adds somebody: a name, and what else `user add` takes.
add_user() {
    name=$1
    shift
    printf '%s\n' "$password" | "$handstamp" user add "$name" --email "$name@example.org" --password-stdin "$@" \
        --config "$echo/handstamp.toml" --data "$scratch/data" >/dev/null
}

for organisation in acme globex; do
    "$handstamp" org add "$organisation" --config "$echo/handstamp.toml" --data "$scratch/data" >/dev/null
done
add_user ann --role buyer --org acme
add_user bob --role admin --org globex
add_user cleo

"$handstamp" serve --config "$echo/handstamp.toml" --data "$scratch/data" >"$scratch/serve.log" 2>&1 &
serve=$!
children="$children $serve"
# To see what happens without it: kill $(cat …/serve.pid).
echo "$serve" >"$scratch/serve.pid"
python3 "$echo/echo.py" 9000 &
children="$children $!"

until grep -q '^listening on' "$scratch/serve.log"; do
    kill -0 "$serve" 2>/dev/null || { cat "$scratch/serve.log" >&2; exit 1; }
    sleep 0.1
done

cat <<TEXT
http://localhost:8080 is open: sign in as ann (a buyer of acme), bob (an admin of globex) or cleo, password "$password".
  /            whoever is signed in
  /admin/      the role admin
  /orgs/acme/  whoever belongs to acme
Ctrl-C ends everything.
TEXT
