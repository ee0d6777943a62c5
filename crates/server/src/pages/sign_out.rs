use maud::html;

use super::{Page, View, layout::Sheet, texts::fill};

impl View<'_> {
    /// Returns the page that asks how far a sign-out reaches.
    pub(crate) fn sign_out(&self, username: &str) -> Page {
        let texts = &self.texts.sign_out;
        let body = html! {
            div.card {
                h1 { (texts.title) }
                p { (fill(&texts.who, &[("name", &username)])) }
                form.stack method="post" action="/auth/sign-out" {
                    button.main type="submit" name="scope" value="session" { (texts.here) }
                    button.whole type="submit" name="scope" value="everywhere" { (texts.everywhere) }
                    a.button href=(self.pages.home) { (texts.stay) }
                }
            }
        };
        self.page(&Sheet::new(&texts.title, body))
    }
}
