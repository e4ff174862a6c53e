//! The bytes of a pass. Numbers are big-endian, a name is its length in one byte and its text.
//!
//! | Bytes | What |
//! |---|---|
//! | 4 | key id |
//! | 16 | pass id |
//! | 4 + 4 | not before, not after: seconds since 1970 |
//! | 1 | bit 0 many uses, bit 1 escort, bits 2 and 3 what the names are: 0 none, 1 lanes, 2 zones; the others 0 |
//! | 1 + n | site |
//! | 1 + n | category |
//! | 1, then 1 + n each | names of lanes or zones, where there are any |
//! | 64 | Ed25519 signature of `gatehouse-pass-v1`, a line feed and all bytes before |

use domain::{SiteId, UtcTime, ZoneId};
use uuid::Uuid;

use super::key::PassKeyId;
use super::{Escort, Pass, PassId, PassName, Scope, Uses};

const MANY_USES: u8 = 1;
const ESCORT: u8 = 1 << 1;
const LANES: u8 = 1 << 2;
const ZONES: u8 = 2 << 2;

/// Everything before the signature. The caller has checked what the numbers can hold.
pub(super) fn encode(pass: &Pass, key: PassKeyId, not_before_s: u32, not_after_s: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(super::BODY_BYTES_MAX);
    bytes.extend(key.as_bytes());
    bytes.extend(pass.id.as_uuid().as_bytes());
    bytes.extend(not_before_s.to_be_bytes());
    bytes.extend(not_after_s.to_be_bytes());
    let uses = match pass.uses {
        Uses::Once => 0,
        Uses::Many => MANY_USES,
    };
    let escort = match pass.escort {
        Escort::NotNeeded => 0,
        Escort::Needed => ESCORT,
    };
    let (kind, names): (u8, Vec<&str>) = match &pass.scope {
        Scope::OfCategory => (0, Vec::new()),
        Scope::Lanes(lanes) => (LANES, lanes.iter().map(PassName::as_str).collect()),
        Scope::Zones(zones) => (ZONES, zones.iter().map(ZoneId::as_str).collect()),
    };
    bytes.push(uses | escort | kind);
    let name = |bytes: &mut Vec<u8>, text: &str| {
        bytes.push(u8::try_from(text.len()).expect("a name has at most 63 bytes"));
        bytes.extend(text.as_bytes());
    };
    name(&mut bytes, pass.site.as_str());
    name(&mut bytes, pass.category.as_str());
    if kind != 0 {
        // More than 255 do not fit anyway, and then nothing of this is used.
        bytes.push(u8::try_from(names.len()).unwrap_or(u8::MAX));
        for text in names {
            name(&mut bytes, text);
        }
    }
    bytes
}

/// Reads what [`encode`] wrote; what is wrong, in words for the log. Nothing in it is believed before the signature is.
pub(super) fn decode(bytes: &[u8]) -> Result<(Pass, PassKeyId), &'static str> {
    let mut rest = Rest(bytes);
    let key = PassKeyId::from_bytes(rest.array()?);
    let id = PassId::from_uuid(Uuid::from_bytes(rest.array()?)).ok_or("its id is no UUID of version 7")?;
    let not_before = seconds(u32::from_be_bytes(rest.array()?));
    let not_after = seconds(u32::from_be_bytes(rest.array()?));
    let [flags] = rest.array()?;
    let uses = if flags & MANY_USES == 0 { Uses::Once } else { Uses::Many };
    let escort = if flags & ESCORT == 0 { Escort::NotNeeded } else { Escort::Needed };
    let site = SiteId::new(rest.name()?).map_err(|_| "its site is no name")?;
    let category = PassName::new(rest.name()?).map_err(|_| "its category is no name")?;
    let scope = match flags & !(MANY_USES | ESCORT) {
        0 => Scope::OfCategory,
        LANES => Scope::Lanes(rest.names(|text| PassName::new(text).map_err(|_| "a lane is no name"))?),
        ZONES => Scope::Zones(rest.names(|text| ZoneId::new(text).map_err(|_| "a zone is no name"))?),
        _ => return Err("it has flags that this version does not know"),
    };
    if !rest.0.is_empty() {
        return Err("it goes on after its end");
    }
    Ok((Pass { id, site, scope, not_before, not_after, uses, escort, category }, key))
}

fn seconds(seconds: u32) -> UtcTime {
    UtcTime::from_unix_micros(i64::from(seconds) * 1_000_000).expect("32 bits of seconds end in the year 2106")
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or("it ends too early")?;
        self.0 = tail;
        Ok(*head)
    }

    fn name(&mut self) -> Result<String, &'static str> {
        let [len] = self.array()?;
        let (head, tail) = self.0.split_at_checked(usize::from(len)).ok_or("it ends too early")?;
        self.0 = tail;
        String::from_utf8(head.to_vec()).map_err(|_| "a name is no text")
    }

    fn names<T>(&mut self, read: impl Fn(String) -> Result<T, &'static str>) -> Result<Vec<T>, &'static str> {
        let [count] = self.array()?;
        if count == 0 {
            return Err("it is for no lane and no zone");
        }
        (0..count).map(|_| read(self.name()?)).collect()
    }
}
