use std::io::{self, IsTerminal, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Larger than any key, claim set or token; a wrong file name must not fill the memory.
const MAX_INPUT: usize = 4 * 1024 * 1024;

/// Reads a file, or standard input where the name is `-`.
pub(crate) fn read(name: &str, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    read_up_to(name, what, MAX_INPUT)
}

/// Reads what may have this many bytes.
pub(crate) fn read_up_to(name: &str, what: &str, limit: usize) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if name == "-" {
        if io::stdin().is_terminal() {
            crate::output::note(format_args!("Reading {what} from the terminal; end with Ctrl-D."));
        }
        return read_limited(io::stdin().lock(), what, "standard input", limit);
    }
    let file = std::fs::File::open(Path::new(name))
        .map_err(|cause| Failure::because(format_args!("cannot read {what} from {name}"), &cause))?;
    read_limited(file, what, name, limit)
}

fn read_limited(
    from: impl Read,
    what: &str,
    name: &str,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|cause| Failure::because(format_args!("cannot read {what} from {name}"), &cause))?;
    if bytes.len() > limit {
        return Err(Failure::new(format!("{name} is larger than {limit} bytes and cannot be {what}")));
    }
    Ok(bytes)
}

/// Reads a token: the argument as it is, or standard input without the line end that `echo` and editors add.
///
/// Nothing else is cut off: a token with a blank at its end is another text than the token, and refused as such.
pub(crate) fn token(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    // Not UTF-8 is not a token: let the parser say so, in its own words, instead of failing here.
    let bytes = read("-", "a token")?;
    Ok(without_line_end(&String::from_utf8_lossy(&bytes)).to_owned())
}

fn without_line_end(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{read_limited, without_line_end};

    #[test]
    fn no_more_is_read_than_may_be() {
        let read = |bytes: &[u8]| read_limited(bytes, "the key", "k.pem", 3).map(|read| read.to_vec());

        assert_eq!(read(b"abc").ok(), Some(b"abc".to_vec()));
        assert!(read(b"abcd").is_err_and(|failure| failure.to_string().contains("larger than 3 bytes")));
    }

    #[test]
    fn exactly_one_line_end_is_taken_off() {
        for (given, left) in
            [("t", "t"), ("t\n", "t"), ("t\r\n", "t"), ("t\n\n", "t\n"), ("t\r", "t\r"), (" t \n", " t ")]
        {
            assert_eq!(without_line_end(given), left, "{given:?}");
        }
    }
}
