mod audience;
mod build;
mod profile;
mod times;
