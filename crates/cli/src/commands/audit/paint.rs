use handstamp_audit::Paint;

use crate::output::Style;

/// The terminal's way to make text stand out.
pub(super) struct Painter(pub(super) Style);

impl Paint for Painter {
    fn bold(&self, text: &str) -> String {
        self.0.bold(text)
    }

    fn dim(&self, text: &str) -> String {
        self.0.dim(text)
    }

    fn good(&self, text: &str) -> String {
        self.0.good(text)
    }

    fn bad(&self, text: &str) -> String {
        self.0.bad(text)
    }
}
