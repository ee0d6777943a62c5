# Starts what stands behind the proxy of an example: the auth service with three people in it, and a service that answers with
# what it hears. Sourced by each example's `run`; everything ends with it, and nothing is kept.
#
# The ports that stand in the examples' files can be others: PROXY_PORT, AUTH_PORT, EXT_AUTHZ_PORT and SERVICE_PORT.

set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
echo=$(dirname -- "$here")/echo
scratch=$(mktemp -d)
proxy_port=${PROXY_PORT:-8080}
auth_port=${AUTH_PORT:-8600}
ext_authz_port=${EXT_AUTHZ_PORT:-8601}
service_port=${SERVICE_PORT:-9000}
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

# Copies a folder of configuration with the ports that were chosen. First into names, so that no port is replaced twice.
with_ports() {
    mkdir -p "$2"
    for file in "$1"/*; do
        sed -e 's/8080/@proxy@/g; s/8600/@auth@/g; s/8601/@ext_authz@/g; s/9000/@service@/g' \
            -e "s/@proxy@/$proxy_port/g; s/@auth@/$auth_port/g; s/@ext_authz@/$ext_authz_port/g; s/@service@/$service_port/g" \
            "$file" >"$2/$(basename -- "$file")"
    done
}
config=$scratch/config
with_ports "$here" "$config"
with_ports "$echo" "$scratch/echo"

handstamp=${HANDSTAMP:-$(command -v handstamp || true)}
if [ -z "$handstamp" ]; then
    (cd "$here/../.." && cargo build --release --package handstamp)
    handstamp=$here/../../target/release/handstamp
fi

# What an example needs before anything starts.
if command -v prepare >/dev/null; then prepare; fi

# Adds somebody: a name, and what else `user add` takes.
add_user() {
    name=$1
    shift
    printf '%s\n' "$password" | "$handstamp" user add "$name" --email "$name@example.org" --password-stdin "$@" \
        --config "$scratch/echo/handstamp.toml" --data "$scratch/data" >/dev/null
}

for organisation in acme globex; do
    "$handstamp" org add "$organisation" --config "$scratch/echo/handstamp.toml" --data "$scratch/data" >/dev/null
done
add_user ann --role buyer --org acme
add_user bob --role admin --org globex
add_user cleo

"$handstamp" serve --config "$scratch/echo/handstamp.toml" --data "$scratch/data" >"$scratch/serve.log" 2>&1 &
serve=$!
children="$children $serve"
# To see what happens without it: kill $(cat …/serve.pid).
echo "$serve" >"$scratch/serve.pid"
python3 "$echo/echo.py" "$service_port" &
children="$children $!"

until grep -q '^listening on' "$scratch/serve.log"; do
    kill -0 "$serve" 2>/dev/null || { cat "$scratch/serve.log" >&2; exit 1; }
    sleep 0.1
done

cat <<TEXT
http://localhost:$proxy_port is open: sign in as ann (a buyer of acme), bob (an admin of globex) or cleo, password "$password".
  /            whoever is signed in
  /admin/      the role admin
  /orgs/acme/  whoever belongs to acme
Ctrl-C ends everything.
TEXT
