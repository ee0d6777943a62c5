//! The files of `demo/page`, as they stand there.

/// One file, and where it is served.
pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) media_type: &'static str,
    pub(super) content: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

macro_rules! files {
    ($($media_type:ident $path:literal)+) => {
        &[
            File { path: "/", media_type: HTML, content: include_str!("../../page/index.html") },
            $(File { path: $path, media_type: $media_type, content: include_str!(concat!("../../page", $path)) },)+
        ]
    };
}

pub(super) const FILES: &[File] = files! {
    STYLE "/style/base.css"
    STYLE "/style/frame.css"
    STYLE "/style/parts.css"
    IMAGE "/icon.svg"
    SCRIPT "/main.js"
    SCRIPT "/app.js"
    SCRIPT "/attempt.js"
    SCRIPT "/config.js"
    SCRIPT "/dom.js"
    SCRIPT "/forged.js"
    SCRIPT "/journal.js"
    SCRIPT "/live.js"
    SCRIPT "/router.js"
    SCRIPT "/services.js"
    SCRIPT "/session.js"
    SCRIPT "/state-bar.js"
    SCRIPT "/wire.js"
    SCRIPT "/views/devices.js"
    SCRIPT "/views/new-order.js"
    SCRIPT "/views/order.js"
    SCRIPT "/views/orders.js"
    SCRIPT "/views/profile.js"
    SCRIPT "/views/signed-out.js"
    SCRIPT "/views/try-it.js"
    SCRIPT "/views/try/account.js"
    SCRIPT "/views/try/refusals.js"
    SCRIPT "/views/try/session.js"
    SCRIPT "/views/try/terminal.js"
    SCRIPT "/views/try/verdict.js"
    SCRIPT "/views/try/windows.js"
};
