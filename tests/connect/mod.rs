//! Connectors against real peers on loopback.

mod desk;
mod files;
mod guard;
mod http;
mod mail;
mod peer;
mod stdlib;
