//! The policy bundle: what the hub wants a node to work by, signed, versioned, and taken over whole or not at all.
//!
//! A bundle is a set of named text documents, like a folder of configuration (`access.toml`, `holders.csv`,
//! `profiles/main.toml`). The hub's operator signs it with a policy key, which the hub's server does not need; nodes
//! know the public halves. Beside the bundle goes a [`WantedPolicy`], retained on each node's topic, signed by the same
//! key, so that whoever can write to the broker can neither send a node elsewhere nor back to an older version.
//!
//! On the wire both are JSON objects in the canonical form of RFC 8785 with the members `v`, `key` (which key signed)
//! and `sig`; the signature covers a prefix of its own and the canonical form of every member but `sig`. A member that
//! this version does not know is refused: half a policy is none.
//!
//! Start reading at [`bundle`]; [`succession`] says which version may follow which.

pub mod bundle;
pub mod document;
pub mod grant;
pub mod key;
pub mod report;
pub mod succession;
pub mod wanted;

pub(crate) mod sealed;

pub use bundle::{Addressees, Bundle, BundleError, BundleHash, SealedBundle};
pub use document::{Document, DocumentError, DocumentPath, InvalidDocumentPath};
pub use grant::ReadGrant;
pub use key::{KeyId, PolicyKey, PolicyPublicKey, TrustedKeys, TrustedKeysError};
pub use report::{PolicyChange, PolicyOutcome, PolicyRefusal, PolicyStatus, PolicyWaiting};
pub use sealed::SealError;
pub use succession::{PolicyName, Step, Succession, SuccessionError};
pub use wanted::{WANTED_BYTES_MAX, WantedError, WantedPolicy};

/// Version of the two messages that this code writes, and the only one it reads.
pub const POLICY_FORMAT: u32 = 1;

/// The highest version of a policy: the largest whole number that every JSON reader keeps exact.
pub const VERSION_MAX: u64 = (1 << 53) - 1;

/// Most nodes that a bundle names; whoever means more means all.
pub const NODES_MAX: usize = 1_000;
