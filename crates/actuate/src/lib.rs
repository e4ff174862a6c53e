//! Barriers and doors: relays over HTTP, Modbus TCP and GPIO lines.
