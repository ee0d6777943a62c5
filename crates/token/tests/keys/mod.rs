mod forms;
mod jwk;
mod key_set;
mod secrecy;
