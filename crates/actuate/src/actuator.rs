//! The operations on a barrier: pulse, hold open, release, read; with what may be tried again and what may not.
//!
//! A pulse is tried again only where nothing reached the relay: pulsed twice is opened twice. Holding and releasing
//! set a level, so they are also tried again where the outcome is unknown. Nothing is tried after its deadline, with
//! one exception: what was switched on by us is switched off, whatever the time.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::ActuateError;
use crate::relay::{Contact, Level, PulseBy, Reading, Relay, time_left};

/// Most tries of one operation before its deadline.
pub const TRIES_MAX: u32 = 3;
/// Wait between two tries of one operation.
const TRY_PAUSE: Duration = Duration::from_millis(50);
/// Most tries to switch off what we switched on, before it is reported as stuck.
pub const OFF_TRIES_MAX: u32 = 5;
/// Wait between two tries to switch off.
const OFF_PAUSE: Duration = Duration::from_millis(100);

/// A relay with the operations on it.
#[derive(Debug)]
pub struct Actuator {
    relay: Box<dyn Relay>,
    exchange_max: Duration,
    close_pulse: Duration,
    hold: Hold,
    owed: BTreeSet<Contact>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Held,
    /// It was tried, and nobody knows.
    MaybeHeld,
    NotHeld,
}

/// How a pulse went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulsed {
    /// For its whole length, or handed to the relay's own timer.
    Whole,
    /// The barrier is held open already; nothing was sent.
    HeldOpen,
    /// Ended early, because it is to close now.
    CutShort,
    /// Not ended, because it is to stay open now. The contact is on.
    LeftOn,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The moment has come.
    OnTime,
    /// It is to stay open, from now on.
    StayOpen,
    /// It is to close now.
    CloseNow,
}

/// How the length of a pulse is waited out.
pub trait Wait {
    /// Waits until `at`, or until something more important.
    fn until(&mut self, at: Instant) -> Woken;
}

/// Waits that nothing interrupts.
#[derive(Debug, Clone, Copy)]
pub struct Undisturbed;

impl Wait for Undisturbed {
    fn until(&mut self, at: Instant) -> Woken {
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        Woken::OnTime
    }
}

/// What may be done a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Only what surely was not done.
    OnlyWhatWasNotDone,
    /// Anything: done twice is the same as done once.
    Anything,
}

impl Actuator {
    /// `exchange_max` bounds each exchange with the relay, so that a relay that does not answer cannot keep a fire
    /// alarm waiting for the length of an order's deadline. `close_pulse` is how long a close contact is pulsed.
    ///
    /// A relay whose pulses we end may have been left on by a process that died: [`Actuator::settle`] is owed at once.
    pub fn new(relay: Box<dyn Relay>, exchange_max: Duration, close_pulse: Duration) -> Self {
        let mut owed = BTreeSet::new();
        if relay.pulse_by() == PulseBy::Us {
            owed.insert(Contact::Open);
        }
        if relay.has_contact(Contact::Close) {
            owed.insert(Contact::Close);
        }
        Self { relay, exchange_max, close_pulse, hold: Hold::NotHeld, owed }
    }

    /// Opens for `length`. Where the relay does not end the pulse itself, this returns when the contact is off again.
    ///
    /// The contact is switched off after the time, when the outcome of switching it on is unknown, and when this
    /// unwinds from a panic. Killing the process leaves it on until the next start; only a relay with its own timer
    /// is safe from that.
    pub fn pulse(&mut self, length: Duration, deadline: Instant, wait: &mut dyn Wait) -> Result<Pulsed, ActuateError> {
        time_left(deadline)?;
        if self.hold == Hold::Held {
            return Ok(Pulsed::HeldOpen);
        }
        match self.relay.pulse_by() {
            PulseBy::Relay => {
                self.tried(Repeat::OnlyWhatWasNotDone, deadline, |relay, until| relay.pulse(length, until))?;
                Ok(Pulsed::Whole)
            }
            PulseBy::Us => self.pulse_contact(Contact::Open, length, deadline, wait),
        }
    }

    /// Opens until [`Actuator::release`].
    pub fn hold_open(&mut self, deadline: Instant) -> Result<(), ActuateError> {
        time_left(deadline)?;
        let result =
            self.tried(Repeat::Anything, deadline, |relay, until| relay.switch(Contact::Open, Level::On, until));
        match &result {
            Ok(()) => {
                self.hold = Hold::Held;
                self.owed.remove(&Contact::Open);
            }
            Err(ActuateError::Unknown(_)) if self.hold == Hold::NotHeld => self.hold = Hold::MaybeHeld,
            Err(_) => {}
        }
        result
    }

    /// Ends a hold and, where the barrier has a close contact, closes it.
    pub fn release(&mut self, deadline: Instant, wait: &mut dyn Wait) -> Result<(), ActuateError> {
        self.open_off(deadline)?;
        if self.relay.has_contact(Contact::Close) {
            self.pulse_contact(Contact::Close, self.close_pulse, deadline, wait)?;
        }
        Ok(())
    }

    /// Makes sure that the open contact is off, without pulsing a close contact.
    pub fn open_off(&mut self, deadline: Instant) -> Result<(), ActuateError> {
        time_left(deadline)?;
        self.tried(Repeat::Anything, deadline, |relay, until| relay.switch(Contact::Open, Level::Off, until))?;
        self.hold = Hold::NotHeld;
        self.owed.remove(&Contact::Open);
        Ok(())
    }

    /// Feedback and inputs; unknown and absent where the relay has none.
    pub fn read(&mut self, deadline: Instant) -> Result<Reading, ActuateError> {
        self.tried(Repeat::Anything, deadline, |relay, until| relay.read(until))
    }

    /// Whether the relay has feedback or inputs.
    pub fn has_readings(&self) -> bool {
        self.relay.has_readings()
    }

    /// Whether a pulse lasts as long as its call, because we end it.
    pub fn waits_out_pulses(&self) -> bool {
        self.relay.pulse_by() == PulseBy::Us
    }

    /// Whether nothing is held open and nothing owed.
    pub fn is_at_rest(&self) -> bool {
        self.hold == Hold::NotHeld && self.owed.is_empty()
    }

    /// The contacts that may be on and should not be.
    pub fn off_owed(&self) -> impl Iterator<Item = Contact> + '_ {
        self.owed.iter().copied()
    }

    /// Tries once more to switch off what is owed.
    pub fn settle(&mut self) -> Result<(), ActuateError> {
        while let Some(contact) = self.owed.first().copied() {
            self.relay.switch(contact, Level::Off, Instant::now() + self.exchange_max)?;
            self.owed.remove(&contact);
        }
        Ok(())
    }

    fn tried<T>(
        &mut self,
        repeat: Repeat,
        deadline: Instant,
        mut exchange: impl FnMut(&mut dyn Relay, Instant) -> Result<T, ActuateError>,
    ) -> Result<T, ActuateError> {
        let mut tries = 1;
        loop {
            let until = deadline.min(Instant::now() + self.exchange_max);
            let error = match exchange(self.relay.as_mut(), until) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let again = match &error {
                ActuateError::NotSent(_) => true,
                ActuateError::Unknown(_) => repeat == Repeat::Anything,
                ActuateError::TooLate { .. }
                | ActuateError::Refused(_)
                | ActuateError::Unsupported(_)
                | ActuateError::StuckOn { .. } => false,
            };
            // The first failure says more than "too late" would.
            if !again || tries == TRIES_MAX || Instant::now() + TRY_PAUSE >= deadline {
                return Err(error);
            }
            std::thread::sleep(TRY_PAUSE);
            tries += 1;
        }
    }

    fn pulse_contact(
        &mut self,
        contact: Contact,
        length: Duration,
        deadline: Instant,
        wait: &mut dyn Wait,
    ) -> Result<Pulsed, ActuateError> {
        // Armed before the first try: a panic in the middle of it leaves the outcome unknown as well.
        let newly_owed = self.owed.insert(contact);
        let on = MaybeOn { actuator: self, contact, newly_owed, armed: Armed::Yes };
        let switched = on
            .actuator
            .tried(Repeat::OnlyWhatWasNotDone, deadline, |relay, until| relay.switch(contact, Level::On, until));
        match switched {
            Ok(()) => {}
            Err(error @ ActuateError::Unknown(_)) => {
                on.off()?;
                return Err(error);
            }
            Err(error) => {
                on.disarm();
                return Err(error);
            }
        }
        match (wait.until(Instant::now() + length), contact) {
            (Woken::OnTime, _) => on.off().map(|()| Pulsed::Whole),
            (Woken::StayOpen, Contact::Open) => {
                on.actuator.hold = Hold::Held;
                on.actuator.owed.remove(&contact);
                on.disarm();
                Ok(Pulsed::LeftOn)
            }
            (Woken::CloseNow | Woken::StayOpen, _) => on.off().map(|()| Pulsed::CutShort),
        }
    }

    fn switch_off(&mut self, contact: Contact) -> Result<(), ActuateError> {
        let mut tries = 1;
        loop {
            let until = Instant::now() + self.exchange_max;
            match self.relay.switch(contact, Level::Off, until) {
                Ok(()) => {
                    self.owed.remove(&contact);
                    return Ok(());
                }
                Err(source) if tries == OFF_TRIES_MAX => {
                    return Err(ActuateError::StuckOn { contact, tries, source: Box::new(source) });
                }
                Err(_) => std::thread::sleep(OFF_PAUSE),
            }
            tries += 1;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Armed {
    Yes,
    No,
}

/// A contact that is on, or may be, and is switched off when this goes.
struct MaybeOn<'a> {
    actuator: &'a mut Actuator,
    contact: Contact,
    /// Whether nothing was owed before.
    newly_owed: bool,
    armed: Armed,
}

impl MaybeOn<'_> {
    fn off(mut self) -> Result<(), ActuateError> {
        let result = self.actuator.switch_off(self.contact);
        // Also where it failed: all tries are used up, and what is owed is remembered.
        self.armed = Armed::No;
        result
    }

    fn disarm(mut self) {
        if self.newly_owed {
            self.actuator.owed.remove(&self.contact);
        }
        self.armed = Armed::No;
    }
}

impl Drop for MaybeOn<'_> {
    fn drop(&mut self) {
        if self.armed == Armed::Yes {
            // Reached only from a panic; a second one inside of it would end the process with the contact on.
            let off = catch_unwind(AssertUnwindSafe(|| self.actuator.switch_off(self.contact)));
            match off {
                Ok(Ok(())) => tracing::warn!(contact = %self.contact, "a pulse broke off and was switched off"),
                Ok(Err(error)) => {
                    tracing::warn!(contact = %self.contact, error = crate::with_sources(&error), "a pulse broke off");
                }
                Err(_) => tracing::warn!(contact = %self.contact, "a pulse broke off, and so did switching it off"),
            }
        }
    }
}
