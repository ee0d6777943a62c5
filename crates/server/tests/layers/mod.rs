mod body_limit;
mod cors;
mod error_pages;
mod fallback;
mod malformed;
mod request_id;
mod security_headers;
mod timeout;
