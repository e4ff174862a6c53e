//! How often somebody may ask: a bucket of requests each, which fills again with time. Per replica of the hub.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Askers that are remembered. Beyond it those go whose bucket is full again, which changes nothing for them; where there
/// is none, strangers share one bucket.
const ASKERS_MAX: usize = 20_000;

/// A bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests at once.
    pub burst: f64,
    /// Requests a second for ever.
    pub per_second: f64,
}

/// What each kind of asker may.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// A person's session.
    pub account: Rate,
    /// A program's key.
    pub api_key: Rate,
    /// Trying to get in from an address: signing in, setting up, keys that are none.
    pub address: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            // A page that opens asks for its lists and a hundred pictures at once.
            account: Rate { burst: 600.0, per_second: 30.0 },
            api_key: Rate { burst: 2_000.0, per_second: 200.0 },
            address: Rate { burst: 30.0, per_second: 0.5 },
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asker {
    /// An account, by its id.
    Account(String),
    /// An API key, by its id.
    ApiKey(String),
    /// An address.
    Address(std::net::IpAddr),
    /// All that there is no room for.
    Others,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn filled(self, rate: Rate, now: Instant) -> f64 {
        (now.duration_since(self.at).as_secs_f64().mul_add(rate.per_second, self.left)).min(rate.burst)
    }
}

/// The buckets of all.
#[derive(Debug)]
pub struct RateLimiter {
    rates: Rates,
    buckets: Mutex<HashMap<Asker, Bucket>>,
}

impl RateLimiter {
    /// Full buckets for everybody.
    pub fn new(rates: Rates) -> Self {
        Self { rates, buckets: Mutex::default() }
    }

    fn rate(&self, asker: &Asker) -> Rate {
        match asker {
            Asker::Account(_) => self.rates.account,
            Asker::ApiKey(_) => self.rates.api_key,
            Asker::Address(_) | Asker::Others => self.rates.address,
        }
    }

    /// Takes one request out of the asker's bucket; where it is empty, says how long to wait.
    pub fn take(&self, asker: Asker, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ASKERS_MAX && !buckets.contains_key(&asker) {
            buckets.retain(|asker, bucket| bucket.filled(self.rate(asker), now) < self.rate(asker).burst);
        }
        let asker = if buckets.len() >= ASKERS_MAX && !buckets.contains_key(&asker) { Asker::Others } else { asker };
        let rate = self.rate(&asker);
        let bucket = buckets.entry(asker).or_insert(Bucket { left: rate.burst, at: now });
        let left = bucket.filled(rate, now);
        if left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left) / rate.per_second.max(f64::MIN_POSITIVE)));
        }
        *bucket = Bucket { left: left - 1.0, at: now };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> RateLimiter {
        let slow = Rate { burst: 3.0, per_second: 0.5 };
        RateLimiter::new(Rates { account: slow, api_key: slow, address: slow })
    }

    #[test]
    fn a_burst_passes_then_one_at_a_time() {
        let (limiter, began) = (limiter(), Instant::now());
        let ask = |after_s| limiter.take(Asker::Account("a".to_owned()), began + Duration::from_secs(after_s));
        assert!((0..3).all(|_| ask(0).is_ok()));
        assert_eq!(ask(0), Err(Duration::from_secs(2)));
        assert_eq!((ask(2), ask(2).is_err()), (Ok(()), true));
        assert!((0..3).all(|_| ask(1_000).is_ok()) && ask(1_000).is_err(), "never more than the burst");
    }

    #[test]
    fn nobody_empties_the_bucket_of_another() {
        let (limiter, now) = (limiter(), Instant::now());
        while limiter.take(Asker::ApiKey("a".to_owned()), now).is_ok() {}
        assert!(limiter.take(Asker::ApiKey("b".to_owned()), now).is_ok());
        assert!(limiter.take(Asker::Account("a".to_owned()), now).is_ok());
    }

    #[test]
    fn a_flood_of_strangers_shares_one_bucket_and_takes_no_memory() {
        let (limiter, now) = (limiter(), Instant::now());
        for number in 0..u32::try_from(ASKERS_MAX).expect("it is small") {
            assert!(limiter.take(Asker::Address(std::net::Ipv4Addr::from(number).into()), now).is_ok());
        }
        let stranger =
            |number: u32| limiter.take(Asker::Address(std::net::Ipv6Addr::from(u128::from(number)).into()), now);
        assert_eq!((0..10).filter(|number| stranger(*number).is_ok()).count(), 3);
        let later = now + Duration::from_secs(10);
        assert!(
            limiter.take(Asker::Address(std::net::Ipv6Addr::LOCALHOST.into()), later).is_ok(),
            "they are full again"
        );
    }
}
