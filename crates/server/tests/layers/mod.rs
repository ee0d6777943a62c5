mod body_limit;
mod cors;
mod fallback;
mod malformed;
mod request_id;
mod security_headers;
mod timeout;
