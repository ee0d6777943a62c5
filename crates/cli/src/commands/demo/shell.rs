/// Returns this program as it was called, ready to be typed again.
pub(super) fn program() -> String {
    let name = std::env::args_os().next().unwrap_or_else(|| "handstamp".into());
    quoted(&name.to_string_lossy())
}

/// Returns text as a POSIX shell takes it for one word.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_what_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(quoted("/tmp/handstamp-demo-a1/auth"), "/tmp/handstamp-demo-a1/auth");
        assert_eq!(quoted("/tmp/my data"), "'/tmp/my data'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
