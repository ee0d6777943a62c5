mod audience;
mod build;
mod profile;
mod remembered;
mod times;
