//! The proxy that requests go by, where the settings name one. It asks the names of the far sides itself, so that the guard sees only
//! what this machine knows of them: what is private by that is refused here, the rest is for the proxy to refuse.

use std::sync::Arc;

use reqwest::{Client, ClientBuilder, Proxy, Url};

use super::guard::Allowed;
use super::plain;
use crate::base::failure::{Failure, Kind};
use crate::connect::connectors::Environment;

/// The way by a proxy.
#[derive(Clone, Debug)]
pub struct Route {
    proxy: Url,
    /// Who is asked without it.
    direct: Allowed,
}

impl Route {
    /// By what the settings say; none for stand-ins, which are on this machine.
    ///
    /// # Errors
    /// `validation_error` where the setting is no address.
    pub fn of(environment: &Environment) -> Result<Option<Self>, Failure> {
        let Some(proxy) = environment.proxy.as_ref().filter(|_| environment.stand_in.is_none()) else {
            return Ok(None);
        };
        let proxy = Url::parse(proxy)
            .map_err(|error| Failure::new(Kind::ValidationError, format!("`http.proxy` is no address: {error}")))?;
        Ok(Some(Self { proxy, direct: Allowed::new(environment.no_proxy.iter().cloned()) }))
    }

    /// A client that goes this way.
    ///
    /// # Errors
    /// What the client finds wrong with it.
    pub fn client(&self, builder: ClientBuilder) -> reqwest::Result<Client> {
        builder.proxy(Proxy::all(self.proxy.clone())?).build()
    }

    /// Whether `url` is asked this way: this machine is not, since the proxy takes another one for it.
    pub fn takes(&self, url: &Url) -> bool {
        !plain::is_here(url) && !self.direct.permits(url)
    }

    /// What is said when the proxy wants to know who asks.
    pub fn refusal(&self) -> Failure {
        let message = format!(
            "the proxy {} wants to know who asks: set `http.proxy = \"http://USER:PASSWORD@HOST:PORT\"`",
            self.shown()
        );
        Failure::new(Kind::ConnectionError, message)
    }

    /// The same failure, with the way on which it happened.
    #[must_use]
    pub fn told(&self, failure: Failure) -> Failure {
        let message: Arc<str> = format!("{} (by the proxy {})", failure.message, self.shown()).into();
        Failure { message, ..failure }
    }

    /// As messages show it: without user and password.
    fn shown(&self) -> String {
        let port = self.proxy.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.proxy.scheme(), self.proxy.host_str().unwrap_or_default())
    }
}
