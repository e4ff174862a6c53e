//! The detector on graphs that the tests make themselves and, where they are at hand, on the real models; pictures for
//! people; a full disk.

#![allow(clippy::unwrap_used)]

mod disk_full;
mod found;
mod jpegs;
mod onnx;
mod pictures;
mod real_models;
mod tiny_models;
