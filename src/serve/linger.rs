//! What a client still sends after it was answered: taken in and thrown away, within bounds. Otherwise the connection would break
//! under its hands, and many clients look at an answer only when they have sent all.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Request;
use axum::http::header::EXPECT;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use crate::base::limit::HTTP_LEFT_BYTES_MAX;

/// The body of a request, which is not simply dropped while something of it is on its way.
pub(super) struct Lingering {
    /// Until it has ended, or is left to itself.
    body: Option<Incoming>,
    patience: Duration,
}

impl Lingering {
    /// The request with such a body; what is left of it is taken in for so long at most.
    pub(super) fn of(request: Request<Incoming>, patience: Duration) -> Request<Self> {
        // Who asks before sending is told by the answer itself, and sends nothing.
        let asks_first = request.headers().contains_key(EXPECT);
        request.map(|body| Self { body: Some(body), patience: if asks_first { Duration::ZERO } else { patience } })
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        // When the server ends nobody takes anything in any more.
        if let (false, Ok(runtime)) = (self.patience.is_zero(), tokio::runtime::Handle::try_current()) {
            let mut left = Limited::new(body, HTTP_LEFT_BYTES_MAX);
            let rest = async move { while let Some(Ok(_)) = left.frame().await {} };
            runtime.spawn(tokio::time::timeout(self.patience, rest));
        }
    }
}
