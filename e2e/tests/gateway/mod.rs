//! The gateway between a browser, the auth service and services of an app, all of them real processes and sockets.

mod audit;
mod domains;
mod faults;
mod front;
mod service;
mod session;
mod streams;
mod tls;
