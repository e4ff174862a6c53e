//! The policy in force and the one before, on the disk.
//!
//! A bundle is one file, `VERSION-SHA256.json`, exactly as the hub signed it; it is checked again whenever it is read,
//! so neither a failing disk nor somebody with a text editor changes what a gate does. The file `current` names the one
//! in force, the one before and the highest version ever taken. New files are written beside, flushed and renamed, and
//! `current` last, so that a power cut at any moment leaves the old policy or the new one, whole.

use std::collections::BTreeSet;
use std::fs::{self, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{NodeId, SiteId};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::{info, warn};
use wire::policy::bundle::BUNDLE_BYTES_MAX;
use wire::policy::succession::reach;
use wire::policy::{
    Bundle, BundleError, BundleHash, PolicyName, Step, Succession, SuccessionError, TrustedKeys, WantedPolicy,
};

use crate::chain;
use crate::durable::{self, Lock, checked};

/// Longest `current` file in bytes; a longer one is not ours.
const CURRENT_BYTES_MAX: u64 = 4 * 1024;

/// What unfinished files are called.
const TEMPORARY: &str = ".new";

/// Who reads policies, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyReader {
    /// The node's site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// The keys whose policies it follows.
    pub trusted: TrustedKeys,
}

/// Why the store of policies cannot be used.
#[derive(Debug, Error)]
pub enum PolicyStoreError {
    /// The folder or a file in it cannot be used.
    #[error("cannot use the policy folder \"{path}\"")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it, or this one has it twice.
    #[error("the policy folder \"{path}\" is in use: another gatehouse process holds \"{lock}\"; stop that one first")]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The file whose lock is held.
        lock: PathBuf,
    },
}

/// A policy that was in force and cannot be used any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLoss {
    /// Which; nothing where even its name is lost.
    pub policy: Option<PolicyName>,
    /// Why, in words.
    pub reason: String,
}

/// The file `current`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Current {
    succession: Succession,
    previous: Option<PolicyName>,
}

/// The folder of policies. Its functions wait for the disk: call them where that is allowed.
#[derive(Debug)]
pub struct PolicyStore {
    folder: PathBuf,
    reader: PolicyReader,
    current: Current,
    running: Option<Arc<Bundle>>,
    loss: Option<PolicyLoss>,
    _lock: Lock,
}

/// A bundle that is on the disk and not in force.
#[derive(Debug)]
pub struct Staged {
    name: PolicyName,
    bundle: Arc<Bundle>,
}

impl Staged {
    /// What it is called.
    pub fn name(&self) -> PolicyName {
        self.name
    }

    /// The bundle.
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }
}

/// Why a file is not a usable bundle.
#[derive(Debug, Error)]
enum LoadError {
    #[error("its file cannot be read")]
    Read(#[source] io::Error),
    #[error("its file is damaged: the bytes have the hash {0}")]
    Damaged(BundleHash),
    #[error("it is not accepted")]
    NotABundle(#[source] BundleError),
    #[error("it is not for this node")]
    NotForUs,
}

impl PolicyStore {
    /// Opens the folder, or makes it where there is none; finds the policy in force, or the one before where that one is
    /// damaged or no longer trusted ([`PolicyStore::loss`] says so). That there is none at all is no error.
    pub fn open(folder: &Path, reader: PolicyReader) -> Result<Self, PolicyStoreError> {
        let failed = |source| PolicyStoreError::Io { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock_path = folder.join("lock");
        let lock = Lock::take(&lock_path).map_err(|error| match error {
            TryLockError::WouldBlock => PolicyStoreError::InUse { path: folder.to_owned(), lock: lock_path },
            TryLockError::Error(source) => PolicyStoreError::Io { path: lock_path, source },
        })?;
        let current = Current::default();
        let mut store = Self { folder: folder.to_owned(), reader, current, running: None, loss: None, _lock: lock };
        store.find().map_err(failed)?;
        if let (Some(loss), running) = (&store.loss, store.running_name()) {
            let (lost, running) = (loss.policy.map(|name| name.version), running.map(|name| name.version));
            warn!(?lost, ?running, reason = loss.reason, "the policy that was in force cannot be used any more");
        }
        Ok(store)
    }

    /// The policy in force; nothing where the node works by its own configuration.
    pub fn running(&self) -> Option<Arc<Bundle>> {
        self.running.clone()
    }

    /// Its name.
    pub fn running_name(&self) -> Option<PolicyName> {
        self.current.succession.running
    }

    /// What was in force and had to be given up since the last policy was adopted, where something was.
    pub fn loss(&self) -> Option<&PolicyLoss> {
        self.loss.as_ref()
    }

    /// Who reads here.
    pub fn reader(&self) -> &PolicyReader {
        &self.reader
    }

    /// Whether what the hub wants may follow what is in force.
    pub fn judge(&self, wanted: &WantedPolicy) -> Result<Step, SuccessionError> {
        self.current.succession.judge(wanted.name(), wanted.rollback_from)
    }

    /// Puts a bundle on the disk, whole and flushed, without changing what is in force. `bytes` are those that `bundle`
    /// was read from.
    pub fn stage(&self, bytes: &[u8], bundle: Arc<Bundle>) -> Result<Staged, PolicyStoreError> {
        let name = PolicyName { version: bundle.version, sha256: BundleHash::of(bytes) };
        let path = self.temporary(name);
        let written = durable::write_synced(&path, bytes, 0o640);
        if let Err(source) = written {
            // Half a file has no use; where it cannot even be removed, the next start does.
            let _ = fs::remove_file(&path);
            return Err(PolicyStoreError::Io { path, source });
        }
        Ok(Staged { name, bundle })
    }

    /// Puts a staged bundle in force. May be tried again where it fails.
    pub fn adopt(&mut self, staged: &Staged) -> Result<(), PolicyStoreError> {
        let Staged { name, bundle } = staged;
        let path = self.path(*name);
        match fs::rename(self.temporary(*name), &path) {
            // An attempt before came this far.
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.exists() => {}
            Err(source) => return Err(PolicyStoreError::Io { path, source }),
            Ok(()) => {}
        }
        durable::sync_parent(&path).map_err(|source| PolicyStoreError::Io { path, source })?;
        let before = self.running_name().filter(|running| running != name);
        let succession = self.current.succession.after(*name, bundle.rollback_from);
        self.save(Current { succession, previous: before.or(self.current.previous) })?;
        self.running = Some(Arc::clone(bundle));
        self.loss = None;
        self.sweep();
        Ok(())
    }

    /// Removes a staged bundle that is not wanted after all.
    pub fn discard(&self, staged: Staged) {
        let path = self.temporary(staged.name);
        if let Err(error) = fs::remove_file(&path) {
            // The next start removes it.
            info!(path = %path.display(), %error, "a policy that was not taken is still on the disk");
        }
    }

    /// Gives up the policy in force, because it cannot be applied, and puts the one before in its place, where there is
    /// one. The same bundle may be taken again later: the program may have learnt what it lacked.
    pub fn fall_back(&mut self, reason: &str) -> Result<(), PolicyStoreError> {
        let lost = self.running_name();
        let previous = self.current.previous.filter(|previous| Some(*previous) != lost);
        let found = previous.and_then(|name| Some((name, self.load(name).ok()?)));
        let running = found.as_ref().map(|(name, _)| *name);
        let succession = Succession { running, ..self.current.succession };
        self.save(Current { succession, previous: None })?;
        self.running = found.map(|(_, bundle)| bundle);
        self.loss = Some(PolicyLoss { policy: lost, reason: reason.to_owned() });
        warn!(
            lost = lost.map(|name| name.version),
            running = running.map(|name| name.version),
            reason,
            "the policy in force cannot be applied; the one before stands in"
        );
        Ok(())
    }

    /// Finds what is in force, on the disk.
    fn find(&mut self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.to_str().is_some_and(|path| path.ends_with(TEMPORARY)) {
                fs::remove_file(&path)?;
            }
        }
        let (named, why_not) = match checked::load(&self.folder.join("current"), CURRENT_BYTES_MAX) {
            Ok(current) => (current, None),
            Err(why) => (None, Some(why)),
        };
        let candidates = match named {
            Some(current) => {
                self.current = current;
                [current.succession.running, current.previous].into_iter().flatten().collect()
            }
            None => self.by_strength()?,
        };
        let mut lost = why_not.map(|reason| PolicyLoss { policy: None, reason });
        let mut usable = Vec::new();
        for name in candidates {
            match self.load(name) {
                Ok(bundle) => usable.push((name, bundle)),
                Err(error) if usable.is_empty() => {
                    lost.get_or_insert_with(|| PolicyLoss { policy: Some(name), reason: chain(&error) });
                }
                // The one before is gone; the one in force is not.
                Err(error) => info!(version = name.version, reason = chain(&error), "the policy before is not usable"),
            }
        }
        let mut usable = usable.into_iter();
        let running = usable.next();
        let previous = usable.next().map(|(name, _)| name);
        let mut succession = self.current.succession;
        if named.is_none() {
            // The highest version ever taken was in the lost file; what is left here is the nearest there is.
            if let Some((name, bundle)) = &running {
                succession = Succession::default().after(*name, bundle.rollback_from);
            }
        }
        succession.running = running.as_ref().map(|(name, _)| *name);
        let found = Current { succession, previous };
        self.running = running.map(|(_, bundle)| bundle);
        self.loss = lost;
        if named != Some(found) && found != Current::default() {
            match self.save(found) {
                Ok(()) => {}
                Err(error) => {
                    warn!(error = chain(&error), "which policy is in force cannot be noted");
                    self.current = found;
                }
            }
        }
        Ok(())
    }

    /// Every bundle that is here and usable, the one that took the others' place first: a rollback before what it rolled
    /// back, else by number.
    fn by_strength(&self) -> io::Result<Vec<PolicyName>> {
        let mut found: Vec<_> = self
            .names()?
            .into_iter()
            .filter_map(|name| {
                let bundle = self.load(name).ok()?;
                Some(((reach(name.version, bundle.rollback_from), bundle.rollback_from.is_some()), name))
            })
            .collect();
        found.sort_by_key(|(strength, name)| std::cmp::Reverse((*strength, name.version)));
        Ok(found.into_iter().map(|(_, name)| name).collect())
    }

    fn names(&self) -> io::Result<Vec<PolicyName>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.extend(entry?.file_name().to_str().and_then(read_name));
        }
        Ok(names)
    }

    fn load(&self, name: PolicyName) -> Result<Arc<Bundle>, LoadError> {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.path(name)).map_err(LoadError::Read)?;
        file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(LoadError::Read)?;
        let found = BundleHash::of(&bytes);
        if found != name.sha256 {
            return Err(LoadError::Damaged(found));
        }
        let bundle = Bundle::open(&bytes, &self.reader.trusted).map_err(LoadError::NotABundle)?;
        let is_ours = bundle.site == self.reader.site && bundle.nodes.include(&self.reader.node);
        if is_ours && bundle.version == name.version { Ok(Arc::new(bundle)) } else { Err(LoadError::NotForUs) }
    }

    fn save(&mut self, current: Current) -> Result<(), PolicyStoreError> {
        let path = self.folder.join("current");
        checked::save(&path, &current, 0o640).map_err(|source| PolicyStoreError::Io { path, source })?;
        self.current = current;
        Ok(())
    }

    /// Removes bundles that are neither in force nor the one before. What cannot be removed is tried again next time.
    fn sweep(&self) {
        let kept: BTreeSet<_> = [self.running_name(), self.current.previous]
            .into_iter()
            .flatten()
            .map(|name| (name.version, name.sha256))
            .collect();
        let names = self.names().unwrap_or_default();
        for name in names.into_iter().filter(|name| !kept.contains(&(name.version, name.sha256))) {
            let path = self.path(name);
            if let Err(error) = fs::remove_file(&path) {
                info!(path = %path.display(), %error, "an old policy is still on the disk");
            }
        }
    }

    fn path(&self, name: PolicyName) -> PathBuf {
        // As many digits as the highest version has, so that a listing is in order.
        self.folder.join(format!("{:016}-{}.json", name.version, name.sha256))
    }

    fn temporary(&self, name: PolicyName) -> PathBuf {
        durable::beside(&self.path(name), TEMPORARY)
    }
}

fn read_name(name: &str) -> Option<PolicyName> {
    let (version, hash) = name.strip_suffix(".json")?.split_once('-')?;
    Some(PolicyName { version: version.parse().ok()?, sha256: hash.parse().ok()? })
}

#[cfg(test)]
mod tests;
