//! The service over HTTP: one file of stories for each route, at the same path.

mod routes;
mod support;
