use woothee::parser::Parser;

/// What the library says where it knows nothing.
const UNKNOWN: &str = "UNKNOWN";
/// Longer than any browser's; what comes after it says nothing about the device.
const LONGEST_READ: usize = 1000;

/// Says which device a `User-Agent` header means, for the user's own list: `Firefox on Linux`.
///
/// For people to recognise, never to decide by: anybody can send anything. The words are the library's and ours, never the
/// sender's, so that nobody can write into somebody's list.
pub(crate) fn describe(user_agent: &str) -> String {
    let read = user_agent.get(..LONGEST_READ).unwrap_or(user_agent);
    let Some(found) = Parser::new().parse(read) else { return "Unknown device".to_owned() };
    match (browser(found.name, found.version), system(found.os)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => system.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

fn browser<'a>(name: &'a str, version: &'a str) -> Option<&'a str> {
    match name {
        UNKNOWN | "" => None,
        "SamsungBrowser" => Some("Samsung Internet"),
        // Which one is told where a browser's version stands.
        "HTTP Library" => Some(version),
        name => Some(name),
    }
}

fn system(os: &str) -> Option<&str> {
    match os {
        UNKNOWN | "" => None,
        "Mac OSX" => Some("macOS"),
        // Windows 11 calls itself 10 as well: a number would be wrong half of the time.
        os if os.starts_with("Windows") => Some("Windows"),
        os => Some(os),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn devices_are_named_as_their_owners_would() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let apple = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let [linux, windows] = ["Mozilla/5.0 (X11; Linux x86_64", "Mozilla/5.0 (Windows NT 10.0; Win64; x64"];
        let [mac, android] =
            ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10", "Mozilla/5.0 (Linux; Android 10; K)"];
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)";
        for (user_agent, words) in [
            (format!("{linux}; rv:145.0) Gecko/20100101 Firefox/145.0"), "Firefox on Linux"),
            (format!("{windows}; rv:145.0) Gecko/20100101 Firefox/145.0"), "Firefox on Windows"),
            (format!("{mac}.15; rv:145.0) Gecko/20100101 Firefox/145.0"), "Firefox on macOS"),
            (
                "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0".to_owned(),
                "Firefox on Android",
            ),
            (format!("{iphone} {apple} FxiOS/145.0 Mobile/15E148 Safari/605.1.15"), "Firefox on iPhone"),
            (format!("{linux}) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (format!("{windows}) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome on Windows"),
            (format!("{mac}_15_7) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome on macOS"),
            (format!("{android} {webkit} Chrome/142.0.0.0 Mobile Safari/537.36"), "Chrome on Android"),
            (format!("{iphone} {apple} CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1"), "Chrome on iPhone"),
            (format!("{mac}_15_7) {apple} Version/26.0 Safari/605.1.15"), "Safari on macOS"),
            (format!("{iphone} {apple} Version/18.6 Mobile/15E148 Safari/604.1"), "Safari on iPhone"),
            (format!("{windows}) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "Edge on Windows"),
            (format!("{linux}) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "Edge on Linux"),
            (format!("{mac}_15_7) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "Edge on macOS"),
            (
                format!("{android} {webkit} Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0.0.0"),
                "Edge on Android",
            ),
            (
                format!("{android} {webkit} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet on Android",
            ),
            ("curl/8.5.0".to_owned(), "curl"),
        ] {
            assert_eq!(describe(&user_agent), words, "{user_agent}");
        }
    }

    #[test]
    fn nobody_writes_into_the_list_of_somebody() {
        for user_agent in ["", "<script>", "Your bank, call 555-0100", "\u{202e}\u{7}", &"x".repeat(60_000)] {
            assert_eq!(describe(user_agent), "Unknown device", "{user_agent}");
        }
        let stuffed = format!("curl/8.5.0 <script>{}", "x".repeat(60_000));
        assert_eq!(describe(&stuffed), "curl");
    }
}
