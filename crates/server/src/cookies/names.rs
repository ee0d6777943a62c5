pub use handstamp_settings::CookieNames;
