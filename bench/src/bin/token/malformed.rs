//! What it costs to refuse what is not a token, as a share of what a good one of the same size costs.

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_bench::fixture::{AUDIENCE, Fixture, FlatClaims, ISSUER, TYPE, now};
use handstamp_bench::race::{self, Contestant, Plan};
use handstamp_bench::report::{Cell, Table};
use handstamp_bench::{Outcome, failed};
use handstamp_token::{Algorithm, KeySet, MAX_TOKEN_LEN, Validator};

/// Up to the longest token that is read at all, and one byte more.
const SIZES: [usize; 6] = [64, 557, 2_048, 8_192, 16_384, 16_385];

/// `,"role-00000001"`
const ROLE_LEN: usize = 16;

/// Kinds down, sizes across; each cell is the ratio to verifying the good token.
pub(crate) fn table(fixtures: &[Fixture], plan: Plan) -> Outcome<Table> {
    let wanted = [Algorithm::Hs256, Algorithm::Es256];
    let sizes = SIZES.iter().map(|size| format!("{size} bytes"));
    let caption =
        "refusing what is not a token; x is the ratio to verifying the good one with the same algorithm";
    let mut table = Table::new(caption, std::iter::once(String::new()).chain(sizes));
    for fixture in fixtures.iter().filter(|fixture| wanted.contains(&fixture.algorithm)) {
        for (kind, make) in KINDS {
            let cell =
                |size| ratio(fixture, &good(fixture, size)?, &make(fixture, size), plan).map(Cell::Ratio);
            let cells = SIZES.map(cell);
            let cells = cells.into_iter().collect::<Outcome<Vec<_>>>()?;
            table.row(format!("{}: {kind}", fixture.algorithm.name()), cells);
        }
    }
    Ok(table)
}

/// A good token of about this size: it has more roles.
fn good(fixture: &Fixture, size: usize) -> Outcome<String> {
    let mut claims = fixture.claims.clone();
    let room = size.min(MAX_TOKEN_LEN).saturating_sub(fixture.token.len()) / 4 * 3;
    claims.roles.extend((0..room / ROLE_LEN).map(|index| format!("role-{index:08}")));
    fixture.key.sign(TYPE, &claims).map_err(failed("signing a good token"))
}

fn ratio(fixture: &Fixture, good: &str, malformed: &str, plan: Plan) -> Outcome<f64> {
    let keys = KeySet::new([fixture.key.verifying_key()]).map_err(failed("preparing the keys"))?;
    let validator = Validator::access_token(ISSUER, AUDIENCE, &[fixture.algorithm]);
    let validator = validator.map_err(failed("building the validator"))?;
    let verify = |token: &str| validator.verify::<FlatClaims>(token, &keys, now());
    verify(good).map_err(failed("the good token was refused"))?;
    if verify(malformed).is_ok() {
        return Err(format!("a malformed token was accepted: {malformed}"));
    }
    let contestants =
        vec![Contestant::new("good", || verify(good)), Contestant::new("malformed", || verify(malformed))];
    let plan = Plan { rounds: plan.rounds.div_ceil(4), ..plan };
    Ok(race::run(plan, contestants)?.get(1).map_or(f64::NAN, |finish| finish.ratio))
}

type Make = fn(&Fixture, usize) -> String;

const KINDS: [(&str, Make); 8] = [
    ("no dots", |_, size| "A".repeat(size)),
    ("only dots", |_, size| ".".repeat(size)),
    ("header not base64url", |_, size| with_header(&"!".repeat(size.saturating_sub(8)))),
    ("header not JSON", |_, size| with_header(&"A".repeat(multiple_of_four(size.saturating_sub(8))))),
    ("header nested deep", |_, size| with_header(&encoded_json("[", size))),
    ("header of many members", |fixture, size| with_header(&many_members(fixture, size))),
    ("payload not base64url", |fixture, size| with_payload(fixture, &"!".repeat(rest(fixture, size)))),
    ("forged", |fixture, size| with_payload(fixture, &"A".repeat(multiple_of_four(rest(fixture, size))))),
];

fn with_header(header: &str) -> String {
    format!("{header}.e30.AAAA")
}

/// The good header, and a signature of the right length.
fn with_payload(fixture: &Fixture, payload: &str) -> String {
    let mut parts = fixture.token.split('.');
    let (header, signature) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
    format!("{header}.{payload}.{signature}")
}

fn rest(fixture: &Fixture, size: usize) -> usize {
    size.saturating_sub(with_payload(fixture, "").len()).max(4)
}

fn encoded_json(unit: &str, size: usize) -> String {
    URL_SAFE_NO_PAD.encode_to_string(unit.repeat(size.saturating_sub(8) / 4 * 3 / unit.len()))
}

fn many_members(fixture: &Fixture, size: usize) -> String {
    let mut header = format!(r#"{{"alg":"{}""#, fixture.algorithm.name());
    for index in 0.. {
        let next = format!(r#","m{index}":{index}"#);
        if (header.len() + next.len() + 1) * 4 / 3 > size.saturating_sub(8).max(24) {
            break;
        }
        header.push_str(&next);
    }
    URL_SAFE_NO_PAD.encode_to_string(header + "}")
}

fn multiple_of_four(len: usize) -> usize {
    (len / 4 * 4).max(4)
}
