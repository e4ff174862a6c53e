//! The policy that is shipped as an example is good, and does what its comments say.

use std::path::Path;
use std::sync::Arc;

use access::{Access, AccessPolicy};

use crate::site::{after, card, plate, present, says, verdict};

fn shipped() -> Arc<AccessPolicy> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/access");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let text = read("industrial-park.toml").expect("the example");
    Arc::new(AccessPolicy::parse(&text, read).unwrap_or_else(|problems| panic!("{problems}")))
}

#[test]
fn the_shipped_policy_is_good() {
    assert_eq!((shipped().lanes().count(), shipped().holders().len(), shipped().zones().count()), (6, 10, 2));
}

#[test]
fn it_does_what_its_comments_say() {
    let mut access = Access::new(shipped());
    assert_eq!(verdict(&mut access, "vehicle-in", plate("22C-123.45"), after(0)), "permit rule");
    assert_eq!(verdict(&mut access, "vehicle-in", plate("29C-999.88"), after(1)), "deny listed");
    crate::site::go(&mut access, "footway-in", card("04B10001"), after(2));
    crate::site::go(&mut access, "footway-in", card("04B10002"), after(4));
    assert_eq!(present(&mut access, "store-in", card("04B10001"), after(10)).awaiting.len(), 1);
    let both = present(&mut access, "store-in", card("04B10002"), after(12)).decisions;
    assert_eq!((says(&both[0]), both[0].subjects.len()), ("permit rule".to_owned(), 2));
}
