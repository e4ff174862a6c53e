//! Who may pass: lists, schedules, zones and lanes, and the decision with everything that led to it.
