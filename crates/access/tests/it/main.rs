//! What the decisions and the lanes of a site must hold to, whatever comes in.

mod anti_passback;
mod day_at_the_gate;
mod decisions;
mod journal;
mod lane_laws;
mod lane_rules;
mod passes;
mod policies;
mod revocation;
mod schedules;
mod shipped_policy;
mod site;
mod together;
