//! The files that browsers load: style, script and images of the pages, and the modules for apps.

mod hashed;
mod logo;

pub(crate) use hashed::Hashed;
pub use logo::{Logo, LogoError};

const STYLE: &str = include_str!("files/page.css");
const SCRIPT: &str = include_str!("files/page.js");
/// A mark in place of a logo, white on the accent of the configuration's default.
const ICON: &str = include_str!("files/icon.svg");

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The browser client, as it is: what stands in the repository is what browsers run.
const MODULES: [(&str, &str); 4] = [
    ("client", include_str!("../../../../clients/browser/src/client.js")),
    ("dialog", include_str!("../../../../clients/browser/src/dialog.js")),
    ("redirect", include_str!("../../../../clients/browser/src/redirect.js")),
    ("streams", include_str!("../../../../clients/browser/src/streams.js")),
];

/// Every file, hashed once at start.
#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) style: Hashed,
    pub(crate) script: Hashed,
    pub(crate) icon: Hashed,
    pub(crate) logo: Option<Hashed>,
    /// What apps at other origins load as well.
    modules: Vec<Hashed>,
}

impl Assets {
    /// Puts the files together, in the operator's colour and with what stands on it in another.
    pub(crate) fn new(accent: &str, on_accent: &str, logo: Option<&Logo>) -> Self {
        let theme = format!(":root {{ --accent: {accent}; --on-accent: {on_accent}; }}\n");
        let icon = ICON.replace("#2456c9", accent).replace("#fff", on_accent);
        let module = |(stem, text)| Hashed::new(stem, "js", JAVASCRIPT, text);
        Self {
            style: Hashed::new("page", "css", "text/css; charset=utf-8", format!("{STYLE}\n{theme}")),
            script: Hashed::new("page", "js", JAVASCRIPT, SCRIPT),
            icon: Hashed::new("icon", "svg", "image/svg+xml", icon),
            logo: logo.map(Logo::hashed),
            modules: MODULES.into_iter().map(module).collect(),
        }
    }

    /// Returns the modules for apps.
    pub(crate) fn modules(&self) -> &[Hashed] {
        &self.modules
    }

    /// Returns the file with this name, hash included, and whether apps at other origins may load it.
    pub(crate) fn by_name(&self, name: &str) -> Option<(&Hashed, bool)> {
        let own = [&self.style, &self.script, &self.icon].into_iter().chain(&self.logo);
        let mut all = own.map(|file| (file, false)).chain(self.modules.iter().map(|module| (module, true)));
        all.find(|(file, _)| file.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::MODULES;

    /// Under its name with the hash, a module would look for what it imports in the wrong place, and one integrity hash
    /// would not cover all of what runs.
    #[test]
    fn modules_stand_alone() {
        for (stem, text) in MODULES {
            let imports = text
                .lines()
                .find(|line| line.trim_start().starts_with("import ") || line.contains("import("));
            assert_eq!(imports, None, "{stem}");
        }
    }
}
