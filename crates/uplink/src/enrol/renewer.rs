//! Keeping the node's certificate good: a new one in the last third of the one that there is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::UtcTime;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};
use wire::enrolment::{RenewalAnswer, RenewalRequest};

use super::{EnrolError, Enrolled, EnrolmentFiles, ask, files, identity, request};
use crate::WallClock;
use crate::tls::{Tls, TlsError};

/// How often it is asked whether a new certificate is due, and how soon a failed attempt is repeated: at most once an
/// hour over the four months that are left.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Why there is no new certificate.
#[derive(Debug, Error)]
pub enum RenewError {
    /// This machine was never enrolled.
    #[error("this machine was never enrolled")]
    NotEnrolled,
    /// The hub does not give one.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// What it gave cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Whether the last third of the certificate's time has begun.
pub fn is_due(enrolled: &Enrolled, now: UtcTime) -> bool {
    let left = enrolled.not_after.since(now);
    left <= enrolled.not_after.since(enrolled.issued_at) / 3
}

/// Gets a new certificate with a new key over the one that there is, and has all connections that are made from now on
/// show it. Waits for the network.
pub fn renew(data: &Path, tls: &Tls, now: UtcTime) -> Result<Enrolled, RenewError> {
    let place = EnrolmentFiles::new(data);
    let enrolled = files::read_state(&place)?.ok_or(RenewError::NotEnrolled)?;
    let secret = place.pending_key()?;
    let asked = RenewalRequest { csr: request(&secret)? };
    let answer: RenewalAnswer = ask(&enrolled.hub, "/api/v1/node/certificate", tls, &asked)?;
    let pem = identity(&secret, &answer.certificate)
        .map_err(|why| EnrolError::BadAnswer { hub: enrolled.hub.clone(), why })?;
    // The authority that nodes trust is never changed over the network: whoever has the hub could make nodes trust
    // anybody.
    place.write_identity(&pem)?;
    let renewed = Enrolled { issued_at: now, not_after: answer.not_after, ..enrolled };
    files::write_state(&place, &renewed)?;
    place.forget_pending()?;
    tls.reload()?;
    Ok(renewed)
}

/// Renews in the background.
#[derive(Debug)]
pub struct Renewer;

/// Renewing; dropping it ends it.
#[derive(Debug)]
pub struct RenewerHandle {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for RenewerHandle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.task.abort();
    }
}

impl Renewer {
    /// Renews the certificate of the machine with the data folder `data` whenever it is due.
    pub fn start(data: PathBuf, tls: Tls, clock: WallClock) -> RenewerHandle {
        let (stop, mut stopping) = watch::channel(false);
        let task = tokio::spawn(async move {
            loop {
                let (data, tls, now) = (data.clone(), tls.clone(), clock().at);
                // It ends by itself, or panicked, which was logged.
                let _ = tokio::task::spawn_blocking(move || look(&data, &tls, now)).await;
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    _ = stopping.wait_for(|stop| *stop) => return,
                }
            }
        });
        RenewerHandle { stop, task }
    }
}

fn look(data: &Path, tls: &Tls, now: UtcTime) {
    let enrolled = match Enrolled::read(data) {
        Ok(Some(enrolled)) => enrolled,
        Ok(None) => return,
        Err(error) => return warn!(error = &error as &dyn std::error::Error, "the enrolment cannot be read"),
    };
    if !is_due(&enrolled, now) {
        return;
    }
    match renew(data, tls, now) {
        Ok(renewed) => info!(until = %renewed.not_after, "the node has a new certificate"),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            warn!(error, until = %enrolled.not_after, "the node's certificate cannot be renewed; trying again in an hour");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_in_its_last_third_and_after_its_end() {
        let at = |day: i64| UtcTime::from_unix_micros(day * 86_400_000_000).expect("a moment");
        let enrolled = Enrolled {
            site: "s".parse().expect("a slug"),
            node: "n".parse().expect("a slug"),
            hub: String::new(),
            broker_host: String::new(),
            broker_port: 1,
            issued_at: at(1000),
            not_after: at(1300),
        };
        let due: Vec<_> = [1000, 1199, 1200, 1299, 1301].map(|day| is_due(&enrolled, at(day))).into();
        assert_eq!(due, [false, false, true, true, true]);
        assert!(!is_due(&enrolled, at(0)), "a clock that was put back");
    }
}
