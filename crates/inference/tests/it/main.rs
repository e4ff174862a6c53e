//! The detector on graphs that the tests make themselves and, where they are at hand, on the real models.

#![allow(clippy::unwrap_used)]

mod found;
mod onnx;
mod pictures;
mod real_models;
mod tiny_models;
