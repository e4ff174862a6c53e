//! The page itself: one file, no library, no request to anywhere but the node.

/// The page.
pub(super) const PAGE: &str = include_str!("page.html");
