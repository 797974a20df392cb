//! Where goes what was found out and holds no longer: it is taken apart beside the loop that answers, for a look at a long program is of
//! very many pieces.

use std::cell::OnceCell;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, unbounded};

use super::look::Look;

/// Takes looks apart, on a thread that is begun with the first.
#[derive(Debug, Default)]
pub struct Waste(OnceCell<Sender<Arc<Look>>>);

impl Waste {
    /// Takes one in.
    pub fn take(&self, look: Arc<Look>) {
        let sender = self.0.get_or_init(|| {
            let (sender, receiver) = unbounded();
            // Without a thread nobody listens, and it is taken apart here and now.
            let _ = thread::Builder::new().spawn(move || receiver.iter().for_each(drop::<Arc<Look>>));
            sender
        });
        let _ = sender.send(look);
    }
}
