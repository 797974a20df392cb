//! Connectors against real peers on loopback.

#[cfg(any(feature = "http", feature = "mail"))]
mod authority;
#[cfg(feature = "http")]
mod contract;
#[cfg(feature = "http")]
mod declared;
mod desk;
#[cfg(feature = "sandbox")]
mod examples;
#[cfg(feature = "http")]
mod failure;
mod files;
#[cfg(feature = "http")]
mod generic;
#[cfg(feature = "http")]
mod guard;
#[cfg(feature = "http")]
mod home;
#[cfg(feature = "http")]
mod http;
#[cfg(all(feature = "mail", feature = "http"))]
mod imap;
#[cfg(feature = "http")]
mod passing;
#[cfg(feature = "mail")]
mod mail;
#[cfg(all(feature = "mongodb", feature = "cli"))]
mod mongodb;
#[cfg(feature = "cli")]
mod oauth;
#[cfg(feature = "http")]
mod pace;
#[cfg(feature = "http")]
pub mod peer;
#[cfg(feature = "http")]
mod plain;
mod process;
#[cfg(feature = "http")]
mod proxy;
mod rows;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "http")]
mod service;
#[cfg(feature = "http")]
mod settings;
#[cfg(feature = "mail")]
mod smtp;
#[cfg(feature = "sqlite")]
mod sql;
#[cfg(feature = "http")]
mod sources;
#[cfg(target_os = "linux")]
mod special;
mod stdlib;
#[cfg(all(target_os = "linux", feature = "cli", feature = "sqlite"))]
mod streams;
#[cfg(feature = "mail")]
mod tls;
