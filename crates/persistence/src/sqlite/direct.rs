//! Reading on the thread that asks.
//!
//! A read whose pages are in memory is done in less time than it takes to wake
//! another thread and be woken by it. So whoever submits a read runs it, on a
//! connection that waits for nobody, as long as reads are quick. All else goes
//! to the reader threads (docs/adr/0014).

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, TryLockError};
use std::time::Instant;

use byline_application::AppError;

use super::connection::{self, Role};
use super::pace::Pace;
use super::pin::Pin;
use super::store::Desk;
use super::{Connection, reader};
use crate::OpenError;
use crate::queue::Ticket;

/// Connections for those who submit.
pub(super) struct Direct {
    seats: Box<[Mutex<Option<Connection>>]>,
}

thread_local! {
    /// Gives each thread a connection of its own, as long as there are enough.
    static SEAT: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

impl Direct {
    /// Opens that many connections.
    pub(super) fn open(path: &Path, seats: usize) -> Result<Self, OpenError> {
        let seat = |_| connection::establish(path, Role::Direct).map(|held| Mutex::new(Some(held)));
        Ok(Self {
            seats: (0..seats).map(seat).collect::<Result<_, _>>()?,
        })
    }

    /// Runs the job to its end here and now, or gives it back.
    pub(super) fn run(
        &self,
        mut ticket: Ticket,
        pace: &Pace,
        pin: &Pin,
        desk: &Desk,
    ) -> Option<Ticket> {
        let begun = Instant::now();
        if !pace.is_quick() || begun >= ticket.deadline {
            return Some(ticket);
        }
        let seat = SEAT.with(|seat| *seat).checked_rem(self.seats.len());
        let Some(seat) = seat.and_then(|seat| self.seats.get(seat)) else {
            return Some(ticket);
        };
        let mut held = match seat.try_lock() {
            Ok(held) => held,
            // A job that panics is caught before it gets here.
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => return Some(ticket),
        };
        let Some(connection) = held.as_mut() else {
            return Some(ticket);
        };
        pin.ask();
        let ending = reader::attempt(connection, &mut ticket);
        drop(held);
        pace.note(begun.elapsed());
        if let Err(AppError::Contention(_)) = ending {
            // Others may wait for what is locked.
            return Some(ticket);
        }
        reader::finish(ticket, ending, desk);
        None
    }

    /// Waits for the reads that are under way, and closes the connections.
    pub(super) fn close(&self) {
        for seat in &self.seats {
            if let Ok(mut held) = seat.lock() {
                *held = None;
            }
        }
    }
}
