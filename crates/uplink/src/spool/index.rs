//! What is in the folder, in memory, in the two orders that matter.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use wire::BlobHash;

use super::class::{ClassState, EvidenceClass};
use super::{MediaType, Pending, SpoolState};

/// Up to this many bytes a file counts as small. Within a class the small ones are uploaded first, so that a clip does
/// not keep a hundred pictures waiting on a slow line.
const SMALL_BYTES_MAX: u64 = 1024 * 1024;

/// Place in the order of giving up: the least class first, then the oldest.
type GiveUp = (EvidenceClass, u64);

/// Place in the order of uploading: the highest class first, small before big, then the oldest.
type Upload = (std::cmp::Reverse<EvidenceClass>, bool, u64);

/// The files that wait.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_age: BTreeMap<u64, Pending>,
    by_hash: HashMap<BlobHash, u64>,
    give_up: BTreeSet<GiveUp>,
    upload: BTreeSet<Upload>,
    pub(super) state: SpoolState,
    pub(super) next: u64,
}

fn upload_place(pending: &Pending) -> Upload {
    (std::cmp::Reverse(pending.class), pending.bytes > SMALL_BYTES_MAX, pending.number)
}

impl Index {
    pub(super) fn insert(&mut self, pending: Pending) {
        self.next = self.next.max(pending.number + 1);
        self.state.files += 1;
        self.state.bytes += pending.bytes;
        let of_class = self.of(pending.class);
        of_class.files += 1;
        of_class.bytes += pending.bytes;
        self.by_hash.insert(pending.hash, pending.number);
        self.give_up.insert((pending.class, pending.number));
        self.upload.insert(upload_place(&pending));
        self.by_age.insert(pending.number, pending);
    }

    pub(super) fn remove(&mut self, pending: &Pending) {
        if self.by_age.remove(&pending.number).is_some() {
            self.by_hash.remove(&pending.hash);
            self.give_up.remove(&(pending.class, pending.number));
            self.upload.remove(&upload_place(pending));
            self.state.files -= 1;
            self.state.bytes -= pending.bytes;
            let of_class = self.of(pending.class);
            of_class.files -= 1;
            of_class.bytes -= pending.bytes;
        }
    }

    /// Counts evidence that goes, or does not even come. Says whether it is the first of its class.
    pub(super) fn count_dropped(&mut self, class: EvidenceClass, bytes: u64) -> bool {
        self.state.dropped_files += 1;
        self.state.dropped_bytes += bytes;
        let of_class = self.of(class);
        of_class.dropped_files += 1;
        of_class.dropped_bytes += bytes;
        of_class.dropped_files == 1
    }

    fn of(&mut self, class: EvidenceClass) -> &mut ClassState {
        &mut self.state.by_class[class as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.by_age.len()
    }

    pub(super) fn find(&self, hash: &BlobHash) -> Option<Pending> {
        self.by_hash.get(hash).and_then(|number| self.by_age.get(number)).copied()
    }

    pub(super) fn by_age(&self) -> impl Iterator<Item = &Pending> {
        self.by_age.values()
    }

    /// What goes first when there is no room, among those of `most` and below.
    pub(super) fn least(&self, most: EvidenceClass) -> Option<Pending> {
        let (_, number) = self.give_up.first().filter(|(class, _)| *class <= most)?;
        self.by_age.get(number).copied()
    }

    /// What is uploaded after `after`, or first of all.
    pub(super) fn upload_after(&self, after: Option<&Pending>) -> Option<Pending> {
        let from = after.map_or(Bound::Unbounded, |pending| Bound::Excluded(upload_place(pending)));
        let (_, _, number) = self.upload.range((from, Bound::Unbounded)).next()?;
        self.by_age.get(number).copied()
    }
}

/// The name of a file.
pub(super) fn file_name(pending: &Pending) -> String {
    let Pending { number, hash, class, media_type, .. } = pending;
    format!("{number:020}-{hash}.{}.{}", class.as_str(), media_type.extension())
}

/// What a file of that name is. Without a class it is from before there were classes.
pub(super) fn read_name(name: &str) -> Option<(u64, BlobHash, EvidenceClass, MediaType)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (stem, class) = match stem.split_once('.') {
        Some((stem, class)) => (stem, EvidenceClass::from_name(class)?),
        None => (stem, EvidenceClass::default()),
    };
    let (number, hash) = stem.split_once('-')?;
    let media_type = MediaType::ALL.into_iter().find(|m| m.extension() == extension)?;
    Some((number.parse().ok().filter(|n| *n < u64::MAX)?, hash.parse().ok()?, class, media_type))
}
