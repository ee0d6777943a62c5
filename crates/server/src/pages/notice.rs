use std::time::Duration;

use maud::{Markup, html};

use super::texts::{Texts, fill};

/// The id of what is wrong, for fields to point to.
pub(super) const PROBLEM: &str = "problem";

/// Seconds are told up to this many, then minutes.
const LAST_IN_SECONDS: u64 = 119;

/// Says what was wrong, in front of everything else: it gets the focus, and screen readers read it at once.
pub(super) fn bad(text: &Markup) -> Markup {
    html! { div #(PROBLEM) .notice.bad role="alert" tabindex="-1" autofocus { (text) } }
}

/// Says that something is done.
pub(super) fn good(text: &str) -> Markup {
    html! { div.notice.good role="status" { (text) } }
}

/// Says when to try again. Whoever comes back at that time is not refused once more.
pub(super) fn wait(texts: &Texts, wait: Duration) -> String {
    let texts = &texts.common;
    match crate::problem::whole_seconds(wait) {
        1 => texts.wait_second.clone(),
        seconds @ ..=LAST_IN_SECONDS => fill(&texts.wait_seconds, &[("n", &seconds)]),
        seconds => fill(&texts.wait_minutes, &[("n", &seconds.div_ceil(60))]),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::wait;
    use crate::{config::Language, pages::texts::Texts};

    #[test]
    fn nobody_is_told_to_come_back_too_early() {
        for (millis, shown) in [
            (0, "Try again in 1 second."),
            (1_000, "Try again in 1 second."),
            (41_001, "Try again in 42 seconds."),
            (119_000, "Try again in 119 seconds."),
            (119_001, "Try again in 2 minutes."),
            (120_001, "Try again in 3 minutes."),
        ] {
            assert_eq!(wait(Texts::of(Language::En), Duration::from_millis(millis)), shown);
        }
    }
}
