//! What refusals tell that they should not.

use handstamp_testkit::recipe::Severity;

/// Something that an answer must not tell.
pub(crate) struct Leak {
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    pub(crate) title: &'static str,
    pub(crate) why: &'static str,
    pub(crate) fix: &'static str,
}

const INSIDE: &str = "It shows how the service is built: which library, which version, which files. That is where an attacker would begin.";
const PLAIN: &str = "Answer errors with a fixed sentence, and write the rest to the log. Turn the framework's debug mode off.";

/// What gives each kind away. All words of a row must be there.
static SIGNS: [(&[&str], Leak); 18] = [
    (&["Traceback (most recent call last)"], trace("leak/python-trace")),
    (&["    at ", ".js:"], trace("leak/javascript-trace")),
    (&["    at ", ".mjs:"], trace("leak/javascript-trace")),
    (&["    at ", ".cjs:"], trace("leak/javascript-trace")),
    (&["    at ", ".ts:"], trace("leak/javascript-trace")),
    // A tab in a text, and in the JSON of one.
    (&["\tat ", ".java:"], trace("leak/java-trace")),
    (&["\\tat ", ".java:"], trace("leak/java-trace")),
    (&["   at ", ".cs:line "], trace("leak/dotnet-trace")),
    (&["#0 ", ".php("], trace("leak/php-trace")),
    (&[".rb:", ":in "], trace("leak/ruby-trace")),
    (&["panicked at"], trace("leak/rust-panic")),
    (&["goroutine ", "[running]"], trace("leak/go-trace")),
    (&["Werkzeug Debugger"], trace("leak/debugger")),
    (&["DEBUG = True"], trace("leak/debugger")),
    (&["syntax error at or near"], sql()),
    (&["You have an error in your SQL syntax"], sql()),
    (&["SQLITE_ERROR"], sql()),
    (
        &["-----BEGIN", "PRIVATE KEY-----"],
        Leak {
            rule: "leak/private-key",
            severity: Severity::Critical,
            title: "shows a private key",
            why: "Whoever has the key can sign any token.",
            fix: "Replace the key now, then find out how it got into an answer.",
        },
    ),
];

const fn trace(rule: &'static str) -> Leak {
    Leak {
        rule,
        severity: Severity::Low,
        title: "shows its insides when it refuses",
        why: INSIDE,
        fix: PLAIN,
    }
}

const fn sql() -> Leak {
    Leak {
        rule: "leak/sql-error",
        severity: Severity::Medium,
        title: "shows an error of its database when it refuses",
        why: "What was sent has reached the database unchecked, and the answer helps to find out how.",
        fix: PLAIN,
    }
}

static TOKEN: Leak = Leak {
    rule: "leak/token",
    severity: Severity::Medium,
    title: "repeats the token it was sent",
    why: "Answers are logged, cached and shown where requests are not: a token has no place in one.",
    fix: "Say which rule was broken, never the value that broke it.",
};

/// Returns what an answer tells that it should not. `tokens` are what was sent.
pub(crate) fn find<'a>(text: &str, tokens: impl IntoIterator<Item = &'a str>) -> Vec<&'static Leak> {
    let mut found: Vec<&'static Leak> = Vec::new();
    for (_, leak) in SIGNS.iter().filter(|(signs, _)| signs.iter().all(|sign| text.contains(sign))) {
        if !found.iter().any(|known| known.rule == leak.rule) {
            found.push(leak);
        }
    }
    // Short ones are words that any text has.
    if tokens.into_iter().any(|token| token.len() > 40 && text.contains(token)) {
        found.push(&TOKEN);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::find;

    fn rules(text: &str) -> Vec<&'static str> {
        find(text, ["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"])
            .iter()
            .map(|leak| leak.rule)
            .collect()
    }

    #[test]
    fn insides_are_recognised() {
        for (text, rule) in [
            ("Traceback (most recent call last):\n  File \"/app/main.py\"", "leak/python-trace"),
            (
                "JsonWebTokenError: jwt malformed<br>    at /app/node_modules/x/verify.js:70:17",
                "leak/javascript-trace",
            ),
            (
                "Error: no\n    at verify (file:///app/node_modules/jose/index.mjs:1:2)\n    at /app/main.js:3:4",
                "leak/javascript-trace",
            ),
            (
                r#"{"trace":"java.lang.IllegalStateException\n\tat org.acme.Guard.read(Guard.java:12)"}"#,
                "leak/java-trace",
            ),
            ("   at Acme.Guard.Read(String token) in /src/Guard.cs:line 12", "leak/dotnet-trace"),
            ("Stack trace:\n#0 /var/www/Guard.php(12): read()", "leak/php-trace"),
            ("/app/guard.rb:12:in 'Guard#read'", "leak/ruby-trace"),
            ("thread 'main' panicked at src/main.rs:3", "leak/rust-panic"),
            ("bad token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl", "leak/token"),
        ] {
            assert_eq!(rules(text), [rule], "{text}");
        }
    }

    #[test]
    fn a_plain_refusal_is_none() {
        assert!(
            rules(r#"{"status":401,"code":"token_expired","title":"The token has expired."}"#).is_empty()
        );
    }
}
