//! Connectors against real peers on loopback.

mod declared;
mod desk;
mod files;
mod guard;
mod http;
mod mail;
mod peer;
mod process;
mod sandbox;
mod settings;
mod stdlib;
